"""One connection: connect, TLS, then write and read what goes without waiting; where it waits for
its next request; and the errors that callers get for what goes wrong on it.
"""

import errno
import io
import select
import socket
import sys

from micropython import const

from thinwire.core._compat import import_module, make_room, mend_imports
from thinwire.core.errors import (
    ConnectError,
    OutOfMemory,
    ReadError,
    WriteError,
    certificate_error,
)

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tls import SSLContext, SSLSocket

    from thinwire.core.errors import ThinwireError
    from thinwire.core.request.http_request import Request
    from thinwire_device.dns import Address
    from thinwire_device.wait import Waiter

    Place = tuple[str, str, int, bool]  # scheme, host, port, whether its address is public

# Of a connect that goes on in the background. What it is on one platform is a failure on another:
# 115 means on ESP32 that the network is down, and its 118 that there is no route.
_IN_PROGRESS = 119 if sys.platform == "esp32" else getattr(errno, "EINPROGRESS", 115)
_REFUSED = const(111)
_NOTSENT_LOWAT = const(25)
_CERTIFICATE = (9984, 12288, 30336)  # verification failed, not the pinned one, no CA
_PROBES = const(4)
_CAREFUL = const(256)  # bytes that are read at a time while it matters
_OF_TLS = (OSError, ValueError, MemoryError)  # made here: in an `except` it would take memory


async def connect(
    waiter: "Waiter", addresses: "list[Address]", request: "Request"
) -> "socket.socket":
    """Connects to the first address that answers; each gets its share of the time.

    Args:
        waiter: how to wait.
        addresses: of one host.
        request: whose connection it is; says when it must stand, and whether it is called off.

    Raises:
        OSError, TransportTimeout, MemoryError: what the last address did.
        ReadError: the request is called off.
        ConnectError: it may go to public addresses only, and one of these is not.
    """
    if request.public_only:
        import_module("thinwire_device.public_addresses").check(request, addresses)
    deadline_ms = request.connect_by()
    left = len(addresses)
    for address in addresses:
        until = deadline_ms
        if until is not None:
            # One address that swallows everything must not take the time of all others.
            now = waiter.now_ms()
            until = now + (until - now) // left
        try:
            return await _connect_to(waiter, address, until, request)
        except Exception:
            left -= 1
            if not left or request.aborted:
                raise
    raise OSError(_REFUSED)  # a name without any address


async def _connect_to(
    waiter: "Waiter", address: "Address", deadline_ms: "int | None", request: "Request"
) -> "socket.socket":
    plain = socket.socket(address[0], address[1], address[2])
    try:
        plain.setblocking(False)
        # Head and body are written apart; Nagle's algorithm would hold the body back, 45 ms for
        # each turn on a kept connection (measured). The unix port has the option, but no name
        # for it. A port without it is slower, no worse.
        option = getattr(socket, "TCP_NODELAY", 1 if sys.platform == "linux" else 0)
        try:
            if option:
                plain.setsockopt(6, option, 1)
            if sys.platform == "linux":
                # What waits in the kernel is not sent yet: its megabytes would be taken for sent,
                # and the server's clocks begin. lwIP keeps a few KB.
                plain.setsockopt(6, _NOTSENT_LOWAT, 131072)
        except OSError:
            pass
        try:
            plain.connect(address[4])
        except OSError as error:
            if number(error) != _IN_PROGRESS:
                raise
        poller = select.poll()
        poller.register(plain, select.POLLOUT)
        tries = 0
        while True:
            for ready in poller.ipoll(0):
                if ready[1] & (select.POLLERR | select.POLLHUP):
                    plain.recv(1)  # raises what went wrong, where the port can tell
                    raise OSError(_REFUSED)
                return plain
            waiter.check(deadline_ms, "connect")
            await waiter.sleep_ms(waiter.pause(tries))
            request.check()
            tries += 1
    except BaseException:
        _close(plain)
        raise


class _Wire(io.IOBase):
    # What TLS writes to. After a write that failed MicroPython's TLS would read no more, though
    # the server's answer, and why it has closed, lies in the socket: so TLS is not told.
    def __init__(self, plain: "socket.socket") -> None:
        self.readinto = plain.readinto  # of each record: no function of ours in between
        self._plain = plain
        self.error: OSError | None = None

    def write(self, data: memoryview) -> "int | None":
        if self.error is None:
            try:
                return self._plain.write(data)
            except OSError as error:
                self.error = error
        return len(data)

    def ioctl(self, request: int, argument: int) -> int:
        return 0  # the socket is closed by its connection


class Connection:
    """A connected socket, plain or TLS.

    Args:
        waiter: how to wait.
        place: see Place, for the pool.
        plain: the socket; it is the connection's from now on.

    Attributes:
        waiter, place: as given.
        pool: where it goes once a response is read, if it may be used again.
        kept: an earlier exchange was carried by it.
        connect_ms: how long it took to make, TLS left out.
        ended: the server has ended it, or it broke.
        begun: the server is proven and has taken something.
        careful: what came before an error counts, too, if it does not end in zeros: a server may
            answer and break the connection. While a head is read, and of who refuses all.
        tries: looks in vain since something moved; -1: the next one is left out.
        idle_until: see Pool.

    Nothing here waits. What reads or writes raises ReadError(closed=True) once another task has
    called `close`. The owner must call that: MicroPython closes no socket on its own.
    """

    def __init__(self, waiter: "Waiter", place: "Place", plain: "socket.socket") -> None:
        self.waiter = waiter
        self._plain = plain
        self._stream: socket.socket | SSLSocket = plain
        self._wire: _Wire | None = None
        self.place = place
        self.pool: Pool  # set by whoever uses it
        self.kept = False
        self.connect_ms = 0
        self.ended = False
        self.begun = False
        self.careful = True
        self.tries = 0
        self.idle_until = 0
        self._clean: memoryview | None = None  # holds nothing but zeros

    def wrap(self, context: "SSLContext") -> None:
        """Puts TLS on it; the handshake happens in the first `write_some`.

        Raises:
            ConnectError, OutOfMemory: it cannot be. The connection is closed then.
        """
        make_room()  # the handshake needs 17 KB in one piece
        host = self.place[1]
        try:
            wire = self._wire = _Wire(self._plain)
            self._stream = context.wrap_socket(
                wire,  # type: ignore[arg-type]  # the stubs know no other stream than a socket
                server_hostname=host,
                do_handshake_on_connect=False,
            )
        except _OF_TLS as error:
            self.close()
            raise failure(ConnectError, error, "no TLS to", host, "handshake")

    def write_some(self, view: memoryview) -> int:
        """Writes what fits now; returns the number of bytes, 0 when nothing does.

        mbedTLS does its handshake inside the first write, and takes nothing before it is over and
        the server is proven: so until then this is the last part of connecting.

        Raises:
            ConnectError, OutOfMemory: the handshake failed; nothing was sent.
            WriteError: the connection is broken.
        """
        try:
            count = self._open_stream().write(view) or 0
            if self._wire is not None and self._wire.error is not None:
                raise self._wire.error
        except _OF_TLS as error:
            if self.begun:
                if not isinstance(error, OSError):
                    raise
                self.ended = True
                raise failure(WriteError, error, "sending failed")
            # A certificate that is not accepted is a ValueError, or it has a number.
            refused = isinstance(error, ValueError) or number(error) in _CERTIFICATE
            kind = certificate_error if refused else ConnectError
            phase = "connect" if self._stream is self._plain else "handshake"
            raise failure(kind, error, "no connection to", self.place[1], phase)
        if count:
            self.begun = True
            self.tries = 0
        return count

    def read_some(self, view: memoryview) -> "int | None":
        """Reads what is there; returns the number of bytes, 0 at the end, None when nothing is, or
        when other tasks are to have their turn.

        Raises:
            ReadError: the connection is broken.
        """
        if self.tries < 0:
            self.tries = 0
            return None
        if self.careful:
            if len(view) > _CAREFUL:
                view = view[:_CAREFUL]
            if view is not self._clean:
                for at in range(len(view)):  # without a piece of memory for the zeros
                    view[at] = 0
                self._clean = view
        try:
            count = self._open_stream().readinto(view)
        except OSError as error:
            self.ended = True
            # It reads until the view is full, and does not say how much came before the error.
            count = len(view) if self.careful else 0
            while count and not view[count - 1]:
                count -= 1
            if not count:
                raise failure(ReadError, error, "receiving failed")
        if count:
            self._clean = None
            # What keeps coming must not hold up the other tasks.
            self.tries = 0 if self.careful or self.waiter.blocking else -1
        elif count == 0:
            self.ended = True
        return count

    def pause(self) -> "Awaitable[None]":
        """What to await before the next look: a sleep that is longer each time."""
        tries, self.tries = self.tries, self.tries + 1
        return self.waiter.sleep_ms(self.waiter.pause(tries))

    def _open_stream(self) -> "socket.socket | SSLSocket":
        # Another task may have closed it while this one slept.
        if self._stream is None:
            raise ReadError("the stream was closed", None, True)
        return self._stream

    def alive(self) -> bool:
        """Whether the server has said nothing since the last answer: no end, no error, no byte."""
        probe = memoryview(bytearray(1))
        try:
            # TLS 1.3 sends two tickets behind its handshake; each takes a read of its own.
            for _ in range(_PROBES):
                if self._stream.readinto(probe) is not None:
                    return False
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Closes the socket. Idempotent; nothing else may be called afterwards."""
        # It takes no memory: there may be none left.
        if self._stream is not None:
            _close(self._stream)
            _close(self._plain)
        # Whoever still holds the connection shall not hold the 27 KB of its TLS session.
        self._plain = self._stream = self._wire = None  # type: ignore[assignment]


class Pool:
    """Connections that wait for their next request. A TLS session costs 27 KB of heap and a
    handshake of seconds on a chip: so one is kept, and given up before another is opened.

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


def _close(stream: "socket.socket | SSLSocket") -> None:
    try:
        stream.close()
    except OSError:
        pass  # already broken: nothing is left to release


def number(error: BaseException) -> int:
    """The error number without its sign; 0 where there is none."""
    # TLS errors come negative up to 1.26; the unix port's failed name lookup has text instead.
    code = getattr(error, "errno", None)
    return abs(code) if isinstance(code, int) else 0


def failure(
    kind: "Callable[[str, BaseException], ThinwireError]",
    error: Exception,
    doing: str,
    whom: str = "",
    phase: str = "traffic",
) -> "ThinwireError":
    """The error for a caller: what was being done, what went wrong, and what helps.

    Args:
        kind: makes it, of text and cause.
        error: what the socket, TLS or the name lookup raised.
        doing: what failed, e.g. "no connection to".
        whom: the host, where that is of interest.
        phase: "lookup", "connect", "handshake" or "traffic": the same number means another thing
            in each.

    Returns:
        The error, of another kind where it was memory that TLS lacked: OutOfMemory. It is
        `speechless`, and has less text, where there is no memory for its words.
    """
    text = doing
    if isinstance(error, MemoryError):
        kind = OutOfMemory
    try:
        if whom:
            text = "%s %s" % (doing, whom)
        from thinwire_device import errnos

        code = number(error)
        if errnos.tls_lacks_memory(error, code, phase):
            kind = OutOfMemory
        return kind("%s: %s" % (text, errnos.describe(error, code, phase)), error)
    except MemoryError:
        # A full heap hides no failure: that there was one is worth more than its words.
        mend_imports()
        failed = kind(text, error)
        failed.speechless = True
        return failed
