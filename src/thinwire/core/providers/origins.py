"""A transport that trusts the servers of a client differently: one transport for each origin that
has certificates of its own, and one for all others. For configurations that say so per provider.

Each is made with the first request to its origin, so that a file of certificates that is missing
is an error of the provider that needs it, and of no other.
"""

from thinwire.core._compat import const, import_module

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from thinwire.core.request.http_request import Abortable, Request
    from thinwire.core.transport import Response, Signal, Task, Transport


class TransportByOrigin:
    """What a client takes as `transport`.

    Args:
        usual: verify and add_ca for all others.
        own: origin -> verify and add_ca, see AsyncClient; add_ca is a list of paths of files.
    """

    def __init__(self, usual: "dict[str, Any]", own: "dict[str, dict[str, Any]]") -> None:
        self._usual = usual
        self._own = own

    def open(self, blocking: bool) -> "Transport":
        """The transport for a Client, if `blocking`, or an AsyncClient."""
        return _Transports(self._usual, self._own, blocking)


class _Transports:  # a Transport; as its subclass it would cost a chip more
    def __init__(
        self, usual: "dict[str, Any]", own: "dict[str, dict[str, Any]]", blocking: bool
    ) -> None:
        self._own = own
        self._blocking = blocking
        self._usual = usual = self._make(usual)
        self._made: dict[str, Transport] = {}
        self.name = usual.name
        self.concurrent = usual.concurrent
        self.buffer_size = usual.buffer_size
        self.now_ms = usual.now_ms
        self.sleep_ms = usual.sleep_ms
        self.spawn = usual.spawn
        self.signal = usual.signal
