# The transport of a chip: raw sockets, requests pulled through one reused buffer, connections kept
# from one turn to the next. Never blocks past a deadline, but for the name lookup (names.py).

from micropython import const

from thinwire.core.errors import ConnectError, ReadError, TransportTimeout, WriteError
from thinwire.core.wire.http1_request import HTTPChunkWriter
from thinwire_device.names import Names
from thinwire_device.pool import Pool
from thinwire_device.wait import Waiter

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Coroutine

    from thinwire.core.request.http_request import Request
    from thinwire.core.transport import Response, Signal, Task
    from thinwire_device.connection import Connection

_BLOCK = const(1024)  # bytes of body in one http chunk
_KEEP = const(1)  # idle connections; each holds 27 KB with TLS
_IDLE_S = const(30)
_NAMES_S = const(300)
_OTHERS = ("ssl_context", "proxy", "http_client")
_OWN = ("pin", "block", "keep", "idle_s", "names_s")


def from_options(blocking: bool, options: "dict[str, object]") -> "SocketTransport":
    """The transport for a client's options; see BaseClient and SocketTransport.

    Raises:
        ValueError: an option that only CPython has, or a CA file that cannot be read.
    """
    for name in _OTHERS:
        if options.get(name) is not None:
            raise ValueError("%s is for CPython: on MicroPython pass cadata or insecure" % name)
    verify = options.get("verify", True)
    cadata = options.get("cadata")
    if isinstance(verify, str):
        cadata = _read_file(verify)
    insecure = bool(options.get("insecure")) or verify is False
    own = {name: options[name] for name in _OWN if options.get(name) is not None}
    return SocketTransport(blocking, cadata, insecure, **own)


def _read_file(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ValueError("verify=%r: cannot read the CA certificate: %s" % (path, error))


class SocketTransport:  # a core.transport.Transport; as its subclass it would cost 850 bytes more
    """HTTP/1.1 over raw sockets, for asyncio or blocking.

    Args:
        blocking: for Client; else for asyncio, and other tasks run while this one waits.
        cadata: CA certificates for https in place of the built-in roots, DER or PEM: bytes, or a
            list of them.
        insecure: accept any certificate.
        block: bytes of body per http chunk, and of the send buffer; 512 to 4096.
        pin: the one certificate or public key to accept, as sha256 in hex (or a list of several);
            without cadata it counts alone. See thinwire_device/pins.py.
        keep: how many idle connections are kept for the next request; 0: none.
        idle_s: how many seconds one may wait for it.
        names_s: how many seconds the address of a host is good for.

    Raises:
        ValueError: a size or a pin that cannot be.
    """

    name = "socket"

    def __init__(
        self,
        blocking: bool = False,
        cadata: "bytes | list[bytes] | None" = None,
        insecure: bool = False,
        block: int = _BLOCK,
        pin: "str | list[str] | None" = None,
        keep: int = _KEEP,
        idle_s: float = _IDLE_S,
        names_s: float = _NAMES_S,
    ) -> None:
        if not 512 <= block <= 4096:
            raise ValueError("block=%r: the send buffer has 512 to 4096 bytes" % block)
        self.concurrent = not blocking
        self._waiter = Waiter(blocking)
        self._block = block
        # Allocated once, before the heap fragments; a second exchange at a time makes its own.
        self._spare = HTTPChunkWriter(block)
        self._names = Names(self._waiter.now_ms, int(names_s * 1000))
        self._pool = Pool(self._waiter.now_ms, keep, int(idle_s * 1000))
        self._trust = (cadata, insecure, pin)
        if pin is not None:
            self._trusted()  # a pin that cannot be is told now, not with the first request

    async def send(self, request: "Request") -> "Response":
        """See Transport.send.

        A name that has to be looked up is looked up first, and the time that takes is added to
        the connect deadline: it is not the server's, and nothing could end it.
        """
        writer, self._spare = self._spare or HTTPChunkWriter(self._block), None
        try:
            connection = self._pool.take((request.scheme, request.host, request.port))
            if connection is None:
                return await self._send_new(request, writer)
            return await self._exchange(connection, request, writer)
        finally:
            self._spare = writer

    async def sleep_ms(self, ms: int) -> None:
        """See Transport.sleep_ms."""
        await self._waiter.sleep_ms(ms)

    def now_ms(self) -> int:
        """See Transport.now_ms."""
        return self._waiter.now_ms()

    def spawn(self, coroutine: "Coroutine[object, object, None]") -> "Task":
        """See Transport.spawn."""
        return self._asyncio().create_task(coroutine)

    def signal(self) -> "Signal":
        """See Transport.signal."""
        return self._asyncio().Event()

    def refresh(self, host: "str | None" = None) -> None:
        """Forgets the address of a host, or of all: the next connection looks it up anew."""
        self._names.forget(host)

    def look_up(self, host: str, port: int = 443) -> None:
        """Looks up a host ahead of its first request, at a moment when blocking does no harm.

        Raises:
            ConnectError: there is no such host, or nobody to ask.
        """
        self._names.look_up(host, port)

    def keeps(self, https: bool) -> bool:
        """Whether a connection stands ready, with its TLS session if `https`; for the budget."""
        return self._pool.keeps("https" if https else "http")

    async def aclose(self) -> None:
        """See Transport.aclose."""
        self._pool.close()

    def _asyncio(self) -> object:
        if self._waiter.asyncio is None:
            raise NotImplementedError("a blocking transport does one thing at a time")
        return self._waiter.asyncio

    def _trusted(self) -> object:
        # Whom to trust; made when it is needed, as plain http does without.
        if isinstance(self._trust, tuple):
            from thinwire_device.trust import Trust

            self._trust = Trust(*self._trust)
        return self._trust

    async def _send_new(self, request: "Request", writer: HTTPChunkWriter) -> "Response":
        from thinwire_device.connection import Connection

        while True:
            trust = self._trusted() if request.scheme == "https" else None
            context = trust.context(request.host) if trust is not None else None
            connection = Connection(self._waiter, (request.scheme, request.host, request.port))
            try:
                await self._open(connection, request)
                if context is not None:
                    connection.wrap(context, request.host)
                return await self._exchange(connection, request, writer)
            except ConnectError as error:
                connection.close()
                if trust is None or not trust.widen(request.host, error):
                    raise
            except BaseException:
                connection.close()
                raise

    async def _open(self, connection: "Connection", request: "Request") -> None:
        host, port = request.host, request.port
        addresses = self._names.known(host, port)
        if addresses is None:
            await self._open_anew(connection, request)
        else:
            try:
                await connection.open(addresses, request.connect_by())
            except TransportTimeout:
                self._names.forget(host)
                raise
            except OSError:
                await self._open_anew(connection, request)
        request.connected_ms = self._waiter.now_ms()

    async def _open_anew(self, connection: "Connection", request: "Request") -> None:
        host, port, start = request.host, request.port, self._waiter.now_ms()
        addresses = self._names.look_up(host, port)
        if request.connect_deadline_ms is not None:
            request.connect_deadline_ms += self._waiter.now_ms() - start
        try:
            await connection.open(addresses, request.connect_by())
        except OSError as error:
            self._names.forget(host)
            from thinwire_device.errnos import words

            text = "cannot connect to %s:%d: %s" % (host, port, words(error))
            raise ConnectError(text, error)

    async def _exchange(
        self, connection: "Connection", request: "Request", writer: HTTPChunkWriter
    ) -> "Response":
        from thinwire_device.exchange import Exchange

        exchange = Exchange(self._waiter, connection, writer, request)
        try:
            return await exchange.run(self._pool)
        except (WriteError, ReadError) as error:
            error.stale = connection.kept and not exchange.heard
            connection.close()
            raise
        except BaseException:
            connection.close()
            raise
