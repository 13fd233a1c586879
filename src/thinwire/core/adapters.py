"""The one place where core/ names adapters: which transport and which logger this runtime has.
They are imported when a client needs them, so that importing thinwire stays cheap.
"""

from thinwire.core._compat import MICROPYTHON, const, import_module

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from os import PathLike
    from ssl import SSLContext
    from typing import Any

    from thinwire.core.answer.tool_calls import ToolCall
    from thinwire.core.observer import Sink
    from thinwire.core.transport import Transport

    Fill = Callable[[ToolCall], "tuple[list[Any], dict[str, Any]]"]
    Certificates = bytes | str | list[bytes] | None
    Verify = bool | str | PathLike[str] | bytes | SSLContext


def default_transport(
    blocking: bool, verify: "Verify", cadata: "Certificates", add_ca: "Certificates", own: object
) -> "Transport":
    """The runtime's transport, for the sync (`blocking`) or the async client.

    Args:
        verify, cadata, add_ca: see AsyncClient.
        own: its `http_client`.

    Raises:
        ValueError: an option this runtime does not have.
    """
    if MICROPYTHON and not TYPE_CHECKING:  # pragma: no cover (MicroPython)
        if own is not None:
            raise ValueError("http_client is for CPython")
        import_module("thinwire_device.socket_transport")
        from thinwire_device.socket_transport import SocketTransport

        return SocketTransport(verify, cadata, add_ca).open(blocking)
    from thinwire.cpython import deferred

    options = (verify is True, cadata is None, add_ca is None, own is None)
    if all(options) and deferred.is_plain():
        return deferred.DeferredTransport(blocking)
    from thinwire.cpython.httpx.options import HTTPXTransport

    return HTTPXTransport(verify, cadata, add_ca, http_client=own).open(blocking)


def default_log() -> "Sink":
    """The runtime's logger: structlog, or JSON lines on a chip."""
    if MICROPYTHON and not TYPE_CHECKING:  # pragma: no cover (MicroPython)
        import_module("thinwire_device.log")
        from thinwire_device.log import sink
    else:
        from thinwire.cpython.structlog_hook import sink
    return sink


def modules_of_a_call(transport: "Transport") -> "list[str]":
    """What a call loads on a chip, in the order in which one needs the other; elsewhere httpx, if
    it carries the calls."""
    if MICROPYTHON and not TYPE_CHECKING:  # pragma: no cover (MicroPython)
        from thinwire_device import loading

        return loading.modules(transport.name == "socket")
    return (
        ["thinwire.cpython.httpx.transport"] if getattr(transport, "name", "") == "httpx" else []
    )


def memory_budget(transport: "Transport", https: bool, receive: int) -> object:
    """See AsyncClient.budget; `receive` is the size of the receive buffer in bytes."""
    if MICROPYTHON and not TYPE_CHECKING:  # pragma: no cover (MicroPython)
        import_module("thinwire_device.memory_budget")
        from thinwire_device.memory_budget import budget

        return budget(transport, https, receive)
    raise NotImplementedError("budget() is for MicroPython: here memory is the system's matter")


def repaired_object(raw: str) -> "dict[str, object] | None":
    """The object that broken JSON most likely means, or None; a guess."""
    if MICROPYTHON and not TYPE_CHECKING:  # pragma: no cover (MicroPython)
        import_module("thinwire_device.repair")
        from thinwire_device.repair import repaired_object as repair
    else:
        from thinwire.cpython.repair import repaired_object as repair
    return repair(raw)


if not MICROPYTHON or TYPE_CHECKING:  # pragma: no branch (a chip needs none of them)

    def described(
        function: "Callable[..., object]", whole: bool
    ) -> "tuple[dict[str, Any], Fill | None]":
        """What a model is told of a function, and what makes its arguments what it takes.

        Args:
            function: a tool.
            whole: its parameters, too; else only name and description.
        """
        from thinwire.cpython.function_schema import described as describe

        return describe(function, whole)

    def in_thread(
        function: "Callable[..., object]", by_place: "list[Any]", by_name: "dict[str, Any]"
    ) -> "Awaitable[object]":
        """What a function gives that may block, called beside the loop."""
        from thinwire.cpython.threads import in_thread as call

        return call(function, by_place, by_name)

    def plain(value: object) -> object:
        """A value that JSON can carry, of one that says what it holds: a dataclass, a model."""
        from thinwire.cpython.plain import plain as made

        return made(value)
