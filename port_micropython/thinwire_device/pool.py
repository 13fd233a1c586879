"""Connections that wait for their next request. A TLS session costs 27 KB of heap and a handshake
of seconds on a chip: so one is kept, and given up before another is opened beside it.
"""

from micropython import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable

    from thinwire_device.connection import Connection, Place


class Pool:
    """Idle connections.

    Args:
        now_ms: the clock.
        limit: how many are kept; 0: none.
        idle_ms: how long one may wait, in milliseconds. Checked when one is asked for: nothing
            runs in the background.
    """

    def __init__(self, now_ms: "Callable[[], int]", limit: int, idle_ms: int) -> None:
        self._now_ms = now_ms
        self._idle_ms = idle_ms
        self._idle: list[Connection] = []  # the one that has waited longest first
        self.limit = limit

    def take(self, place: "Place") -> "Connection | None":
        """A connection to `place` that still stands, or None; then there is room for a new one."""
        now = self._now_ms()
        while self._idle and self._idle[0].idle_until <= now:
            self._idle.pop(0).close()
        for connection in reversed(self._idle):
            if connection.place == place:
                alive = connection.alive()
                self._idle.remove(connection)
                if alive:
                    return connection
                connection.close()
        self._shrink(self.limit - 1)
        return None

    def put(self, connection: "Connection") -> None:
        """Keeps a connection whose last answer was read to its end."""
        connection.idle_until = self._now_ms() + self._idle_ms
        self._idle.append(connection)
        self._shrink(self.limit)

    def keeps(self, scheme: str) -> bool:
        """Whether one of this scheme is idle."""
        return any(connection.place[0] == scheme for connection in self._idle)

    def close(self) -> None:
        """Closes all and keeps none any more. Idempotent."""
        self.limit = 0
        self._shrink(0)

    def _shrink(self, size: int) -> None:
        while len(self._idle) > max(size, 0):
            self._idle.pop(0).close()
