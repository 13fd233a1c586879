"""The transport of a chip: raw sockets, requests pulled through one reused buffer, connections
kept from one turn to the next. Never blocks past a deadline, but for the name lookup (dns.py).

  SocketTransport.send   pool.py            a connection that is kept, or
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
from thinwire_device.dns import DNSCache
from thinwire_device.pool import Pool
from thinwire_device.wait import Waiter

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from asyncio import Event, Task
    from collections.abc import Coroutine
    from typing import Any

    from thinwire.core.request.http_request import Abortable, Request
    from thinwire.core.transport import Transport
    from thinwire_device.connection import Connection, Place
    from thinwire_device.http11 import SocketResponse
    from thinwire_device.tls_context import TLSContexts

_BLOCK = const(1024)  # bytes of body in one http chunk
_STEP_MS = const(20)  # how soon a wait that is called off ends
_KEEP = const(1)  # idle connections; each holds 27 KB with TLS
_IDLE_S = const(30)
_NAMES_S = const(300)
_OTHERS = ("ssl_context", "proxy", "http_client")
_OWN = ("pin", "block", "keep", "idle_s", "names_s", "cadata", "add_ca")
_ONE_AT_A_TIME = "a blocking transport does one thing at a time"


def from_options(blocking: bool, options: "dict[str, Any]") -> "SocketTransport":
    """The transport for a client's options; see AsyncClient and SocketTransport.

    Args:
        blocking: for Client; else for asyncio.
        options: by name; None stands for the transport's own default.

    Raises:
        ValueError: an option that only CPython has, options that exclude each other, or a CA file
            that cannot be read.
        TypeError: an option of a kind it cannot have.
    """
    for name in _OTHERS:
        if options.get(name) is not None:
            raise ValueError("%s is for CPython: on MicroPython pass cadata or insecure" % name)
    own = {}
    for name in _OWN:
        if options.get(name) is not None:
            own[name] = options[name]
    verify, insecure = options.get("verify", True), options.get("insecure", False)
    if verify is True and insecure is False and not ("cadata" in own or "add_ca" in own):
        return SocketTransport(blocking, **own)
    import_module("thinwire.core.routing.trust")
    from thinwire.core.routing.trust import Trust

    trust = Trust(options)
    if trust.context is not None:
        raise ValueError("an ssl.SSLContext is for CPython: on MicroPython pass CA certificates")
    own["cadata"], own["add_ca"], own["insecure"] = trust.only, trust.added, trust.insecure
    return SocketTransport(blocking, **own)


class SocketTransport:  # a core.transport.Transport; as its subclass it would cost 850 bytes more
    """HTTP/1.1 over raw sockets, for asyncio or blocking.

    Args:
        blocking: for Client; else for asyncio, and other tasks run while this one waits.
        cadata: CA certificates for https in place of the built-in roots, DER or PEM: bytes, or a
            list of them.
        insecure: accept any certificate.
        block: bytes of body per http chunk, and of the send buffer; 512 to 4096.
        pin: the one certificate or public key to accept, as sha256 in hex (or a list of several);
            without cadata it counts alone. See thinwire_device/certificate_pins.py.
        keep: how many idle connections are kept for the next request; 0: none.
        idle_s: how many seconds one may wait for it.
        names_s: how many seconds the address of a host is good for.
        add_ca: CA certificates beside the built-in roots, likewise.

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
        add_ca: "bytes | list[bytes] | None" = None,
    ) -> None:
        if not 512 <= block <= 4096:
            raise ValueError("block=%r: the send buffer has 512 to 4096 bytes" % block)
        self.concurrent = not blocking
        self._waiter = Waiter(blocking)
        self._block = block
        # Allocated once, before the heap fragments; a second exchange at a time makes its own.
        self._spare: HTTPChunkWriter | None = HTTPChunkWriter(block)
        self._dns = DNSCache(self._waiter.now_ms, int(names_s * 1000))
        self._keeping = (keep, int(idle_s * 1000))
        self._pool = Pool(self._waiter.now_ms, keep, self._keeping[1])
        self._trusted = (cadata, insecure, pin, add_ca)
        self._contexts: TLSContexts | None = None
        if pin is not None:
            self._tls()  # a pin that cannot be is told now, not with the first request

    async def send(self, request: "Request") -> "SocketResponse":
        """See Transport.send.

        A name that has to be looked up is looked up first, and the time that takes is added to
        the connect deadline: it is not the server's, and nothing could end it.
        """
        # Before the first byte, so that a full heap hides no failure; not with the client, which
        # would take 2.6 KB more.
        from thinwire.core.errors import ConnectError

        place = (request.scheme, request.host, request.port)
        if self._pool.limit != self._keeping[0]:
            # Closed, and used again. What is still under way goes to the old one, and is closed.
            self._pool = Pool(self._waiter.now_ms, self._keeping[0], self._keeping[1])
        writer, self._spare = self._spare or HTTPChunkWriter(self._block), None
        try:
            while True:
                request.check()
                connection = self._pool.take(place)
                if connection is None:
                    connection = await self._connect(request, place)
                try:
                    request.wake = connection.close
                    request.check()
                    # Not before TLS has its buffers, 17 KB in one piece (saves 600 bytes).
                    from thinwire_device.http11 import SocketResponse

                    response = SocketResponse(
                        self._waiter, connection, writer, request, self._pool
                    )
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
        self._dns.forget(host)

    def look_up(self, host: str, port: int = 443) -> None:
        """Looks up a host ahead of its first request, at a moment when blocking does no harm.

        Raises:
            ConnectError: there is no such host, or nobody to ask.
        """
        self._dns.look_up(host, port)

    def keeps(self, https: bool) -> bool:
        """Whether a connection stands ready, with its TLS session if `https`; for the budget."""
        return self._pool.keeps("https" if https else "http")

    def aclose(self) -> "Coroutine[object, object, None]":
        """See Transport.aclose."""
        self._pool.close()
        return nothing()

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

        host, port = request.host, request.port
        context = self._tls().context(host) if request.scheme == "https" else None
        plain = None
        begun = self._waiter.now_ms()
        addresses = self._dns.known(host, port)
        if addresses is not None:
            try:
                plain = await connect(self._waiter, addresses, request)
            except TransportTimeout:
                self._dns.forget(host)
                raise
            except OSError:
                pass  # the server may have moved: its name is looked up again
        if plain is None:
            start = self._waiter.now_ms()
            addresses = self._dns.look_up(host, port)
            begun = self._waiter.now_ms()
            if request.connect_deadline_ms is not None:
                request.connect_deadline_ms += begun - start
            whom = "%s:%d" % (host, port)
            try:
                plain = await connect(self._waiter, addresses, request)
            except OSError as error:
                self._dns.forget(host)
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
