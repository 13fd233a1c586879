# One connection: resolve, connect, TLS, then write and read without ever blocking past a deadline.

import gc
import select
import socket

from thinwire.core.errors import ConnectError, ReadError, WriteError
from thinwire_device.errnos import IN_PROGRESS, number, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thinwire_device.wait import Waiter

_REFUSED = 111


class Connection:
    """A connected socket, plain or TLS.

    Args:
        waiter: how to wait.

    Every method that waits raises TransportTimeout at its deadline. The owner must call `close`:
    MicroPython closes no socket on its own.
    """

    def __init__(self, waiter: "Waiter") -> None:
        self._waiter = waiter
        self._socket = None
        self._stream = None

    async def open(
        self, host: str, port: int, tls: "TLS | None", deadline_ms: "int | None"
    ) -> None:
        """Connects to the first address that answers.

        Args:
            tls: how to verify the server, None for a plain connection.

        Raises:
            ConnectError: no address could be connected to.
        """
        failure = None
        context = tls.context(host) if tls is not None else None
        for address in _resolve(host, port):
            try:
                await self._connect(address, deadline_ms)
                break
            except OSError as error:
                self.close()
                failure = error
        if self._socket is None:
            text = "cannot connect to %s:%d: %s" % (host, port, words(failure))
            raise ConnectError(text, failure)
        self._stream = _wrapped(self._socket, context, host) if context else self._socket

    async def _connect(self, address: tuple, deadline_ms: "int | None") -> None:
        self._socket = socket.socket(address[0], address[1], address[2])
        self._socket.setblocking(False)
        try:
            self._socket.connect(address[-1])
        except OSError as error:
            if number(error) not in IN_PROGRESS:
                raise
        poller = select.poll()
        poller.register(self._socket, select.POLLOUT)
        tries = 0
        while True:
            for ready in poller.ipoll(0):
                if ready[1] & (select.POLLERR | select.POLLHUP):
                    raise OSError(_REFUSED)
                return
            tries = await self._waiter.again(tries, deadline_ms, "connect")

    async def begin(self, view: memoryview, deadline_ms: "int | None") -> int:
        """Writes the first bytes of `view`; returns how many.

        mbedTLS does its handshake inside the first write, and takes nothing before it is over:
        so this is the last part of connecting.

        Raises:
            ConnectError: the handshake failed.
        """
        count = tries = 0
        while not count:
            try:
                count = self.write_some(view)
            except WriteError as error:
                raise ConnectError("no connection: " + error.message, error.cause)
            if not count:
                tries = await self._waiter.again(tries, deadline_ms, "connect")
        return count

    def write_some(self, view: memoryview) -> int:
        """Writes what fits now; returns the number of bytes, 0 when nothing does.

        Raises:
            WriteError: the connection is broken.
            ConnectError: from the first write, the server's certificate is refused.
        """
        try:
            return self._stream.write(view) or 0
        except ValueError as error:  # how mbedTLS reports a certificate it does not accept
            raise ConnectError("the server's certificate is refused: %s" % error, error)
        except OSError as error:
            raise WriteError("sending failed: " + words(error), error)

    def read_some(self, view: memoryview) -> "int | None":
        """Reads what is there; returns the number of bytes, 0 at the end, None when nothing is.

        Raises:
            ReadError: the connection is broken.
        """
        try:
            return self._stream.readinto(view)
        except OSError as error:
            raise ReadError("receiving failed: " + words(error), error)

    def close(self) -> None:
        """Closes the socket. Idempotent."""
        for stream in (self._stream, self._socket):
            try:
                if stream is not None:
                    stream.close()
            except OSError:
                pass  # already broken: nothing is left to release
        self._socket = self._stream = None


class TLS:
    """How to verify a server.

    Args:
        cadata: CA certificate, DER (what every port of MicroPython reads).
        insecure: accept any certificate.
    """

    def __init__(self, cadata: "bytes | None", insecure: bool) -> None:
        self._cadata = cadata
        self._insecure = insecure
        self._context = None

    def context(self, host: str) -> object:
        """The TLS context, built once.

        Raises:
            ConnectError: nothing says whom to trust, or the CA data cannot be read.
        """
        if self._context is None:
            self._context = self._build(host)
        return self._context

    def _build(self, host: str) -> object:
        import tls

        context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        context.verify_mode = tls.CERT_NONE if self._insecure else tls.CERT_REQUIRED
        if self._insecure:
            return context
        if not self._cadata:
            raise ConnectError(
                "https://%s needs a CA certificate to verify the server: pass cadata= (DER)"
                " or verify='ca.der'; insecure=True would hand the API key to anyone" % host
            )
        try:
            context.load_verify_locations(self._cadata)
        except ValueError as error:
            raise ConnectError("cadata is no certificate this firmware reads (DER?)", error)
        return context


def _resolve(host: str, port: int) -> list:
    # Blocks: the firmware has no other resolver.
    try:
        return socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    except OSError as error:
        raise ConnectError("cannot resolve %s: %s" % (host, words(error)), error)


def _wrapped(plain: object, context: object, host: str) -> object:
    gc.collect()  # the handshake needs 17 KB in one piece
    try:
        return context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
    except (OSError, ValueError) as error:
        raise ConnectError("TLS to %s failed: %s" % (host, words(error)), error)
