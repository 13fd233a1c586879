"""A transport that trusts the servers of a client differently: one transport for each origin that
has certificates of its own, and one for all others. For configurations that say so per provider.

Each is made with the first request to its origin, so that a file of certificates that is missing
is an error of the provider that needs it, and of no other.
"""

from thinwire.core._compat import const, import_module
from thinwire.core.errors import ConnectError

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from thinwire.core.request.http_request import Request
    from thinwire.core.transport import Response, Transport


class TransportByOrigin:
    """What a client takes as `transport`.

    Args:
        usual: verify and add_ca for all others.
        own: origin -> verify and add_ca, see AsyncClient; add_ca is a list of paths of files.
    """

    def __init__(self, usual: "dict[str, Any]", own: "dict[str, dict[str, Any]]") -> None:
        self._usual = usual
        self.own = own

    def open(self, blocking: bool) -> "Transport":
        """The transport for a Client, if `blocking`, or an AsyncClient."""
        return _Transports(self._usual, self.own, blocking)


class _Transports:  # a Transport; as its subclass it would cost a chip more
    def __init__(
        self, usual: "dict[str, Any]", own: "dict[str, dict[str, Any]]", blocking: bool
    ) -> None:
        self.own = own
        self._blocking = blocking
        self._usual = self._make(usual)
        self._made: dict[str, Transport] = {}

    def _make(self, trust: "dict[str, Any]") -> "Any":
        files = trust.get("add_ca")
        return import_module("thinwire.core.adapters").default_transport(
            self._blocking, trust.get("verify", True), None, files and certificates(files), None
        )

    def send(self, request: "Request") -> "Coroutine[object, object, Response]":
        """See Transport.send."""
        origin = "%s://%s" % (request.scheme, request.authority.lower())
        found = self._usual
        if origin in self.own:
            found = self._made.get(origin)
            if found is None:
                found = self._made[origin] = self._make(self.own[origin])
        coroutine: Coroutine[object, object, Response] = found.send(request)
        return coroutine

    def __getattr__(self, name: str) -> "Any":
        return getattr(self._usual, name)  # its clock, sizes and tasks are those of all

    async def aclose(self) -> None:
        """See Transport.aclose."""
        for one in list(self._made.values()):
            await one.aclose()
        await self._usual.aclose()


def certificates(paths: "list[str]") -> "list[bytes]":
    """What these files of CA certificates hold.

    Raises:
        ConnectError: one that cannot be read, since it is the first request that wants it.
    """
    found = []
    for path in paths:
        try:
            with open(path, "rb") as file:
                found.append(file.read())
        except OSError as error:
            raise ConnectError("add_ca: %s cannot be read: %s" % (path, error), error)
    return found
