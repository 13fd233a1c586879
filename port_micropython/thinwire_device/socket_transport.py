"""The transport of a chip: raw sockets, requests pulled through one reused buffer, connections
kept from one turn to the next. Never blocks past a deadline, but for the name lookup (dns.py).

  SocketTransport.send   connection.py      a connection that is kept, or
                         dns.py             addresses of the host
                         tls_context.py     whom to trust
                         connection.py      connect, TLS
                         http11.py          the exchange, and the response that is handed out

What only a request needs is loaded with the first one, and tls_context.py with the first to https:
a client that is only made takes half of the RAM.
"""

from micropython import const

try:
    import socket  # noqa: F401 - for what is said where there is none
except ImportError:
    raise ImportError("thinwire: this firmware has no network (no module named 'socket')")

from thinwire.core._compat import import_module, nothing
from thinwire.core.wire.http1_request import HTTPChunkWriter
from thinwire_device.wait import Waiter

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from asyncio import Event, Task
    from collections.abc import Coroutine
    from typing import Any

    from thinwire.core.request.http_request import Abortable, Request
    from thinwire.core.transport import Transport
    from thinwire_device.connection import Connection, Place, Pool
    from thinwire_device.dns import DNSCache
    from thinwire_device.http11 import SocketResponse
    from thinwire_device.tls_context import TLSContexts

_BLOCK = const(1024)  # bytes of body in one http chunk
_STEP_MS = const(20)  # how soon a wait that is called off ends
_KEEP = const(1)  # idle connections; each holds 27 KB with TLS
_IDLE_S = const(30)
_NAMES_S = const(300)
_ONE_AT_A_TIME = "a blocking transport does one thing at a time"


class SocketTransport:  # a core.transport.Transport; as its subclass it would cost 850 bytes more
    """HTTP/1.1 over raw sockets; under AsyncClient other tasks run while one waits.

    Belongs to the client that it is given to, which closes it.

    Args:
        verify: False to accept any certificate; or the only CAs to trust, as the path of a file,
            or as PEM or DER bytes.
        cadata: CA certificates for https in place of the built-in roots, DER or PEM: bytes, or a
            list of them.
        add_ca: CA certificates beside the built-in roots, likewise.
        pin: the one certificate or public key to accept, as sha256 in hex (or a list of several);
            without cadata it counts alone. See core/wire/certificate_pins.py.
        proxy, uds: for CPython.
        buffer_size: bytes of body per http chunk, and of the send and the receive buffer, 512 to
            4096; None for 1024.
        idle_s: how many seconds a connection may wait for the next request; None for 30.
        keep: how many idle connections are kept for it; 0: none.
        names_s: how many seconds the address of a host is good for.

    Raises:
        TypeError: an option of a kind it cannot have.
        ValueError: options that exclude each other or that only CPython has, a CA file that cannot
            be read, a size or a pin that cannot be.
    """

    name = "socket"

    def __init__(
        self,
        verify: "bool | str | bytes" = True,
        cadata: "bytes | list[bytes] | None" = None,
        add_ca: "bytes | list[bytes] | None" = None,
        pin: "str | list[str] | None" = None,
        proxy: None = None,
        uds: None = None,
        buffer_size: "int | None" = None,
        idle_s: "float | None" = None,
        keep: int = _KEEP,
        names_s: float = _NAMES_S,
    ) -> None:
        if proxy is not None or uds is not None:
            raise ValueError("proxy and uds are for CPython")
        self._trusted: tuple[Any, ...] = (None, False, pin, None)
        if verify is not True or cadata is not None or add_ca is not None:
            import_module("thinwire.core.routing.trust")
            from thinwire.core.routing.trust import Trust

            trust = Trust(verify, cadata, add_ca, pin)
            if trust.context is not None:
                said = "an ssl.SSLContext is for CPython: on MicroPython pass CA certificates"
                raise ValueError(said)
            self._trusted = (trust.only, trust.insecure, pin, trust.added)
        self.check_pins = None  # nobody else looks a name up
        size = _BLOCK if buffer_size is None else buffer_size
        if not 512 <= size <= 4096:
            raise ValueError("buffer_size=%r: the buffers have 512 to 4096 bytes" % size)
        self.buffer_size: int | None = size
        # Allocated once, before the heap fragments; a second exchange at a time makes its own.
        self._spare: HTTPChunkWriter | None = HTTPChunkWriter(size)
        self._keeping = (keep, int((_IDLE_S if idle_s is None else idle_s) * 1000))
        self._names_ms = int(names_s * 1000)
        self._contexts: TLSContexts | None = None
        if pin is not None:
            self._tls()  # a pin that cannot be is told now, not with the first request

    def open(self, blocking: bool) -> "SocketTransport":
        """The transport for a Client, if `blocking`, or an AsyncClient: itself. The client calls
        it.

        Raises:
            ValueError: it belongs to another client.
        """
        if hasattr(self, "concurrent"):
            raise ValueError("this SocketTransport belongs to a client already: make one for each")
        self.concurrent = not blocking
        self._waiter = Waiter(blocking)
        self._dns: DNSCache | None = None
        self._pool: Pool | None = None
        return self

    async def send(self, request: "Request") -> "SocketResponse":
        """See Transport.send.

        A name that has to be looked up is looked up first, and the time that takes is added to
        the connect deadline: it is not the server's, and nothing could end it.
        """
        # Before the first byte, so that a full heap hides no failure; not with the client, which
        # would take 2.6 KB more.
        import_module("thinwire_device.connection")
        from thinwire.core.errors import ConnectError
        from thinwire_device.connection import Pool

        # Those that lead to public addresses for sure are kept for themselves.
        place = (request.scheme, request.host, request.port, request.public_only)
        if self._pool is None or self._pool.limit != self._keeping[0]:
            # Closed, and used again. What is still under way goes to the old one, and is closed.
            self._pool = Pool(self._waiter.now_ms, self._keeping[0], self._keeping[1])
        writer, self._spare = self._spare or HTTPChunkWriter(self.buffer_size or _BLOCK), None
        try:
            while True:
                request.check()
                connection = self._pool.take(place)
                if connection is None:
                    connection = await self._connect(request, place)
                try:
                    connection.pool = self._pool
                    request.wake = connection.close
                    request.check()
                    # Not before TLS has its buffers, 17 KB in one piece (saves 600 bytes).
                    from thinwire_device.http11 import SocketResponse

                    response = SocketResponse(connection, writer, request)
                    await response.send(request)
                    return response
                except BaseException as error:
                    connection.close()
                    if isinstance(error, ConnectError):
                        contexts = self._contexts
                        if contexts is not None and contexts.widen(request.host, error):
                            continue
                    raise
        finally:
            request.wake = None
            self._spare = writer

    async def sleep_ms(self, ms: int, until: "Abortable | None" = None) -> None:
        """See Transport.sleep_ms."""
        if until is None:
            await self._waiter.sleep_ms(ms)
            return
        while ms > 0 and not until.aborted:
            step = min(ms, _STEP_MS)
            await self._waiter.sleep_ms(step)
            ms -= step

    def now_ms(self) -> int:
        """See Transport.now_ms."""
        waiter = self._waiter
        return waiter.now_ms() if waiter.reading else waiter.idle_ms()

    def spawn(self, coroutine: "Coroutine[object, object, None]") -> "Task":
        """See Transport.spawn."""
        if not self.concurrent:
            raise NotImplementedError(_ONE_AT_A_TIME)
        import asyncio

        return asyncio.create_task(coroutine)

    def signal(self) -> "Event":
        """See Transport.signal."""
        if not self.concurrent:
            raise NotImplementedError(_ONE_AT_A_TIME)
        import asyncio

        return asyncio.Event()

    def refresh(self, host: "str | None" = None) -> None:
        """Forgets the address of a host, or of all: the next connection looks it up again."""
        self._names().forget(host)

    def look_up(self, host: str, port: int = 443) -> None:
        """Looks up a host ahead of its first request, at a moment when blocking does no harm.

        Raises:
            ConnectError: there is no such host, or nobody to ask.
        """
        self._names().look_up(host, port)

    def keeps(self, https: bool) -> bool:
        """Whether a connection stands ready, with its TLS session if `https`; for the budget."""
        return self._pool is not None and self._pool.keeps("https" if https else "http")

    def aclose(self) -> "Coroutine[object, object, None]":
        """See Transport.aclose."""
        if self._pool is not None:
            self._pool.close()
        return nothing()

    def _names(self) -> "DNSCache":
        if self._dns is None:
            import_module("thinwire_device.dns")
            from thinwire_device.dns import DNSCache

            self._dns = DNSCache(self._waiter.now_ms, self._names_ms)
        return self._dns

    def _tls(self) -> "TLSContexts":
        # Made when it is needed: plain http does without.
        if self._contexts is None:
            try:
                import tls  # noqa: F401 - for what is said where there is none
            except ImportError as error:
                from thinwire.core.errors import certificate_error

                raise certificate_error(
                    "this firmware has no TLS (no module named 'tls'), which https needs: take"
                    " another one, or a server in your own network by http",
                    error,
                )
            from thinwire_device.tls_context import TLSContexts

            self._contexts = TLSContexts(*self._trusted)
        return self._contexts

    async def _connect(self, request: "Request", place: "Place") -> "Connection":
        # The TLS handshake comes with the first write (Connection.write_some).
        from thinwire.core.errors import ConnectError, TransportTimeout
        from thinwire_device.connection import Connection, connect, failure

        host, port, names = request.host, request.port, self._names()
        context = self._tls().context(host) if request.scheme == "https" else None
        plain = None
        begun = self._waiter.now_ms()
        addresses = names.known(host, port)
        if addresses is not None:
            try:
                plain = await connect(self._waiter, addresses, request)
            except TransportTimeout:
                names.forget(host)
                raise
            except OSError:
                pass  # the server may have moved: its name is looked up again
        if plain is None:
            start = self._waiter.now_ms()
            addresses = names.look_up(host, port)
            begun = self._waiter.now_ms()
            if request.connect_deadline_ms is not None:
                request.connect_deadline_ms += begun - start
            whom = "%s:%d" % (host, port)
            try:
                plain = await connect(self._waiter, addresses, request)
            except OSError as error:
                names.forget(host)
                raise failure(ConnectError, error, "cannot connect to", whom, "connect")
        try:
            request.connected_ms = self._waiter.now_ms()
            connection = Connection(self._waiter, place, plain)
            connection.connect_ms = request.connected_ms - begun
        except MemoryError:
            plain.close()
            raise
        if context is not None:
            connection.wrap(context)
        return connection


if TYPE_CHECKING:
    _: Transport = SocketTransport()
