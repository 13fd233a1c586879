"""A connection: a socket and TLS above it. Nothing here waits; `line` does (waits.py)."""

import select
import socket
import ssl
from collections.abc import Awaitable

from thinwire.core.errors import ReadError, WriteError
from thinwire.cpython import words
from thinwire.cpython.sockets.tls import TLS, CutError
from thinwire.cpython.sockets.waits import Line

Place = tuple[object, ...]  # scheme, host, port, and what is between

_PIECE = 65536
_PROBES = 4  # TLS 1.3 sends two tickets behind its handshake

# Whether there may be something to read.
_UNKNOWN, _GUESSED, _SURE = 0, 1, 2


class Socket:
    """A socket that does not block, as the lowest Layer (tls.py).

    Attributes:
        dry: what is known about what it holds. After a read that is most likely nothing, for
            which the system need not be asked; and where it is something, others have their turn
            first, or a server that is faster than we are would hold up a loop. UNKNOWN after each
            wait.
        moved: it has taken bytes, for whoever looks at the clock; set to False there.
    """

    def __init__(self, raw: socket.socket) -> None:
        self.raw = raw
        self.dry = _UNKNOWN
        self.moved = False
        self._receive = raw.recv_into
        self._send = raw.send
        self._poll: select.poll | None = None  # for `has_some`

    def read_some(self, view: memoryview) -> int | None:
        if self.dry:
            return None
        try:
            count = self._receive(view)
        except BlockingIOError:
            self.dry = _SURE
            return None
        if count:
            self.dry = _GUESSED
        return count

    def has_some(self) -> bool:
        """Whether there is something to read, be it an end or an error; nothing is read."""
        if self._poll is None:
            if not hasattr(select, "poll"):  # Windows
                return bool(select.select([self.raw], [], [self.raw], 0)[0])
            # Kept: to read in vain would cost an exception, and with it five times as much.
            self._poll = select.poll()
            self._poll.register(self.raw, select.POLLIN)
        return bool(self._poll.poll(0))

    def read_piece(self) -> bytes | None:
        if self.dry:
            return None
        try:
            piece = self.raw.recv(_PIECE)
        except BlockingIOError:
            self.dry = _SURE
            return None
        if piece:
            self.dry = _GUESSED
        return piece

    def write_some(self, view: memoryview) -> int:
        try:
            count = self._send(view)
        except BlockingIOError:
            return 0
        self.moved = True
        return count


class Connection:
    """What one exchange after the other is carried by.

    Args:
        raw: a connected socket that does not block; it is the connection's from now on.
        line: waits for it.
        place: where it leads, for the pool.

    Attributes:
        kept: an earlier exchange was carried by it.
        connect_ms: how long it took to make, TLS left out.
        ended: the server has ended it, or it broke.
        idle_until: see Pool.
    """

    kept = False
    connect_ms = 0
    ended = False
    idle_until = 0

    def __init__(self, raw: socket.socket, line: Line, place: Place) -> None:
        self.place = place
        self.line = line
        self.socket = Socket(raw)
        self.top: Socket | TLS = self.socket
        self._tls: list[TLS] = []
        self._closed = False

    def put_on(self, tls: TLS) -> None:
        """Everything goes through `tls` from now on, which stands on `top`."""
        self._tls.append(tls)
        self.top = tls

    def read_some(self, view: memoryview) -> int | None:
        """Reads what is there; the number of bytes, 0 at the end, None when nothing is.

        Raises:
            ReadError: it is broken, or closed (`closed=True`).
        """
        if self._closed:
            raise ReadError("the stream was closed", None, True)
        try:
            count = self.top.read_some(view)
        except OSError as error:
            self.ended = True
            if self._closed:
                raise ReadError("the stream was closed", None, True) from None
            raise ReadError(_told(error), words.bare(error)) from None
        if count == 0:
            self.ended = True
        return count

    def write_some(self, view: memoryview) -> int:
        """Writes what fits now; the number of bytes, 0 when nothing does.

        Raises:
            WriteError: it is broken. ReadError(closed=True): it is closed.
        """
        if self._closed:
            raise ReadError("the stream was closed", None, True)
        try:
            return self.top.write_some(view)
        except OSError as error:
            self.ended = True
            if self._closed:
                raise ReadError("the stream was closed", None, True) from None
            raise WriteError(_told(error), words.bare(error)) from None

    def wait(self, want: int, deadline_ms: int | None) -> Awaitable[object]:
        """What to await until there may be something to read, or room: bits of http1.py."""
        self.socket.dry = _UNKNOWN
        return self.line.wait(want, deadline_ms)

    def is_dry(self) -> bool:
        """Whether the system was asked, and had nothing; and not only most likely."""
        return self.socket.dry == _SURE

    def alive(self) -> bool:
        """Whether the server has said nothing since the last answer: no end, no error, no byte."""
        try:
            some = self.socket.has_some()
            if not self._tls:
                return not some
            self.socket.dry = _UNKNOWN if some else _SURE
            probe = memoryview(bytearray(1))
            return self.top.read_some(probe) is None
        except (OSError, ValueError):  # it is broken, or has been closed
            return False
        finally:
            self.socket.dry = _UNKNOWN

    def abort(self) -> None:
        """Wakes whoever waits for it, from any task or thread; nothing is read or sent any more.
        It still has to be closed."""
        self._closed = True
        self.line.wake()

    def close(self) -> None:
        """Closes it, unless another thread waits for it: that is woken, and closes it. Idempotent;
        whoever waits in another task is woken."""
        was_closed, self._closed = self._closed, True
        if self.line.busy():
            self.line.wake()
            return
        if not (was_closed or self.ended):
            for tls in reversed(self._tls):
                tls.say_goodbye()
        self.line.close()
        self.socket.raw.close()

    def forget(self) -> None:
        """Closes no more than the socket, without a word: its loop is gone, or it is another
        process's."""
        self._closed = True
        self.socket.raw.close()


def _told(error: OSError) -> str:
    if isinstance(error, CutError):
        return str(error)
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error}"
    return words.describe(error, False)
