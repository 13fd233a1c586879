"""Addresses of hosts. Looking one up blocks everything, up to seconds, and no deadline can end it:
so it is done once per host, before anything is waited for, and the answer is kept.
"""

import socket

from micropython import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable

    # Family, kind, protocol, name, and what socket.connect() takes.
    Address = tuple[int, int, int, str, object]

_LIMIT = const(8)  # names kept; more would be a leak


class DNSCache:
    """Addresses that were looked up lately.

    Args:
        now_ms: the clock.
        keep_ms: how long an answer is good for, in milliseconds.
    """

    def __init__(self, now_ms: "Callable[[], int]", keep_ms: int) -> None:
        self._now_ms = now_ms
        self._keep_ms = keep_ms
        # (host, port) -> (when to ask again, addresses)
        self._known: dict[tuple[str, int], tuple[int, list[Address]]] = {}

    def known(self, host: str, port: int) -> "list[Address] | None":
        """The addresses of a host that was looked up lately, or None."""
        until, addresses = self._known.get((host, port), (0, None))
        return addresses if self._now_ms() < until else None

    def look_up(self, host: str, port: int) -> "list[Address]":
        """Asks for the addresses of a host and keeps them. Blocks: there is no other resolver.

        Raises:
            ConnectError: there is no such host, or nobody to ask.
        """
        try:
            addresses = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
        except OSError as error:
            from thinwire.core.errors import ConnectError
            from thinwire_device.connection import failure

            raise failure(ConnectError, error, "cannot resolve", host, "lookup")
        if len(self._known) >= _LIMIT:
            self._known.clear()
        self._known[(host, port)] = (self._now_ms() + self._keep_ms, addresses)
        return addresses

    def forget(self, host: "str | None" = None) -> None:
        """Forgets a host, or all of them: the next request looks it up again."""
        for key in list(self._known):
            if host is None or key[0] == host:
                del self._known[key]
