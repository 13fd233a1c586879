# One connection: connect, TLS, then write and read without ever blocking past a deadline.

import gc
import select
import socket
import sys

from micropython import const

from thinwire.core.errors import (
    ConnectError,
    ReadError,
    TransportTimeout,
    WriteError,
    certificate_error,
)

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire_device.wait import Waiter

# A connect that goes on in the background: Linux, lwIP on RP2 / newlib on ESP32 / macOS.
_IN_PROGRESS = (115, 119, 118, 36)
_REFUSED = const(111)
_CERTIFICATE = (9984, 12288, 30336)  # verification failed, not the pinned one, no CA
_PROBES = const(4)


class Connection:
    """A connected socket, plain or TLS.

    Args:
        waiter: how to wait.
        key: (scheme, host, port), for the pool.

    Attributes:
        kept: an earlier exchange was carried by it.
        ended: the server has ended it, or it broke.
        idle_until: see Pool.

    Every method that waits raises TransportTimeout at its deadline. The owner must call `close`:
    MicroPython closes no socket on its own.
    """

    def __init__(self, waiter: "Waiter", key: tuple) -> None:
        self._waiter = waiter
        self._socket = None
        self._stream = None
        self.key = key
        self.kept = False
        self.ended = False
        self.idle_until = 0

    async def open(self, addresses: "list[tuple]", deadline_ms: "int | None") -> None:
        """Connects to the first address that answers; each gets its share of the time.

        Raises:
            OSError, TransportTimeout: what the last address did.
        """
        left = len(addresses)
        for address in addresses:
            try:
                await self._connect(address, self._share(deadline_ms, left))
                self._stream = self._socket
                return
            except (OSError, TransportTimeout) as error:
                self.close()
                left -= 1
                if not left:
                    raise error
        raise OSError(_REFUSED)  # a name without any address

    def _share(self, deadline_ms: "int | None", parts: int) -> "int | None":
        # One address that swallows everything must not take the time of all others.
        if deadline_ms is None:
            return None
        now = self._waiter.now_ms()
        return now + (deadline_ms - now) // parts

    async def _connect(self, address: tuple, deadline_ms: "int | None") -> None:
        self._socket = socket.socket(address[0], address[1], address[2])
        self._socket.setblocking(False)
        _send_at_once(self._socket)
        try:
            self._socket.connect(address[-1])
        except OSError as error:
            if number(error) not in _IN_PROGRESS:
                raise
        poller = select.poll()
        poller.register(self._socket, select.POLLOUT)
        tries = 0
        while True:
            for ready in poller.ipoll(0):
                if ready[1] & (select.POLLERR | select.POLLHUP):
                    self._socket.recv(1)  # raises what went wrong, where the port can tell
                    raise OSError(_REFUSED)
                return
            await self._waiter.sleep_ms(self._waiter.pause(tries, deadline_ms, "connect"))
            tries += 1

    def wrap(self, context: object, host: str) -> None:
        """Puts TLS on it; the handshake happens in `begin`.

        Raises:
            ConnectError: no memory for it, most likely.
        """
        gc.collect()  # the handshake needs 17 KB in one piece
        try:
            self._stream = context.wrap_socket(
                self._socket, server_hostname=host, do_handshake_on_connect=False
            )
        except (OSError, ValueError, MemoryError) as error:
            raise ConnectError("TLS to %s failed: %s" % (host, words(error)), error)

    async def begin(self, view: memoryview, deadline_ms: "int | None") -> int:
        """Writes the first bytes of `view`; returns how many.

        mbedTLS does its handshake inside the first write, and takes nothing before it is over and
        the server is proven: so this is the last part of connecting.

        Raises:
            ConnectError: the handshake failed; nothing of `view` was sent.
        """
        count = tries = 0
        while not count:
            try:
                count = self._stream.write(view) or 0
            except (OSError, ValueError, MemoryError) as error:
                raise _no_connection(self.key[1], error)
            if not count:
                await self._waiter.sleep_ms(self._waiter.pause(tries, deadline_ms, "connect"))
                tries += 1
        return count

    def write_some(self, view: memoryview) -> int:
        """Writes what fits now; returns the number of bytes, 0 when nothing does.

        Raises:
            WriteError: the connection is broken.
        """
        try:
            return self._stream.write(view) or 0
        except OSError as error:
            self.ended = True
            raise WriteError("sending failed: " + words(error), error)

    def read_some(self, view: memoryview) -> "int | None":
        """Reads what is there; returns the number of bytes, 0 at the end, None when nothing is.

        Raises:
            ReadError: the connection is broken.
        """
        try:
            count = self._stream.readinto(view)
        except OSError as error:
            self.ended = True
            raise ReadError("receiving failed: " + words(error), error)
        if count == 0:
            self.ended = True
        return count

    def alive(self) -> bool:
        """Whether the server has said nothing since the last answer: no end, no error, no byte."""
        probe = memoryview(bytearray(1))
        try:
            # TLS 1.3 sends two tickets behind its handshake; each takes a read of its own.
            for _ in range(_PROBES):
                if self.read_some(probe) is not None:
                    return False
        except ReadError:
            return False
        return True

    def close(self) -> None:
        """Closes the socket. Idempotent."""
        for stream in (self._stream, self._socket):
            try:
                if stream is not None:
                    stream.close()
            except OSError:
                pass  # already broken: nothing is left to release
        self._socket = self._stream = None


def _send_at_once(plain: object) -> None:
    # Head and body are written apart; Nagle's algorithm would hold the body back, 45 ms for each
    # turn on a kept connection (measured). The unix port has the option, but no name for it.
    option = getattr(socket, "TCP_NODELAY", 1 if sys.platform == "linux" else 0)
    try:
        if option:
            plain.setsockopt(6, option, 1)
    except OSError:
        pass  # slower, no worse


def number(error: OSError) -> int:
    """The error number without its sign; 0 where there is none."""
    # TLS errors come negative up to 1.26; the unix port's failed name lookup has text instead.
    return abs(error.errno) if isinstance(error.errno, int) else 0


def words(error: Exception) -> str:
    """What went wrong, for a person; the tables are loaded when something did."""
    from thinwire_device.errnos import words

    return words(error)


def _no_connection(host: str, error: Exception) -> "ConnectError":
    # A certificate that is not accepted is a ValueError, with mbedTLS's words, or has a number.
    text = "no connection to %s: %s" % (host, words(error))
    refused = isinstance(error, ValueError)
    if isinstance(error, OSError):
        refused = number(error) in _CERTIFICATE
    return certificate_error(text, error) if refused else ConnectError(text, error)
