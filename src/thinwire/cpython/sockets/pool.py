"""Connections that wait for their next request."""

from collections.abc import Callable

from thinwire.cpython.clock import now_ms
from thinwire.cpython.sockets.connection import Connection, Place
from thinwire.cpython.sockets.waits import Waits

_MOST = 128  # idle ones


class Pool:
    """The idle connections of one event loop, or of all threads.

    Args:
        waits: how those wait who use them.
        idle_ms: how long one may wait, in milliseconds. Checked when one is asked for: nothing
            runs in the background.
    """

    def __init__(self, waits: Waits, idle_ms: int) -> None:
        self.waits = waits
        self._idle_ms = idle_ms
        self._idle: list[Connection] = []  # the one that has waited longest first
        self._closed = False

    def take(self, place: Place) -> Connection | None:
        """A connection to `place` that still stands, the one used last; or None."""
        now = now_ms()
        # Copies, since other threads take and put as well.
        for connection in self._idle[::-1]:
            if connection.idle_until <= now:
                self._take(connection, Connection.close)
            elif connection.place == place and self._take(connection):
                connection.line.idle(None)
                if connection.alive():
                    return connection
                connection.close()
        return None

    def put(self, connection: Connection) -> None:
        """Keeps a connection whose last answer was read to its end."""
        if self._closed:
            connection.close()
            return
        connection.kept = True
        connection.idle_until = now_ms() + self._idle_ms
        self._idle.append(connection)
        connection.line.idle(lambda: self._take(connection, Connection.close))
        if self._closed:  # meanwhile, by another thread, which may not have seen it
            self._take(connection, Connection.close)
        if len(self._idle) > _MOST:
            for oldest in self._idle[:-_MOST]:
                self._take(oldest, Connection.close)

    def close(self, end: Callable[[Connection], None] = Connection.close) -> None:
        """Closes all, by `end`, and keeps none any more. Idempotent."""
        self._closed = True
        for connection in self._idle[:]:
            self._take(connection, end)

    def _take(
        self, connection: Connection, end: Callable[[Connection], None] | None = None
    ) -> bool:
        # Another thread may have been faster.
        try:
            self._idle.remove(connection)
        except ValueError:
            return False
        if end is not None:
            end(connection)
        return True
