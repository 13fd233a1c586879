"""SocketTransport as a user makes it, and what carries a client's requests then."""

import asyncio
import hashlib
import os
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from thinwire._public import public
from thinwire.core.errors import ConnectError, ReadError, TransportTimeout
from thinwire.core.providers.public_only import refused
from thinwire.core.request.http_request import Abortable, Request
from thinwire.core.routing.deployment import URL
from thinwire.core.routing.trust import Trust
from thinwire.core.transport import Response, Transport
from thinwire.core.wire.certificate_pins import CertificatePins
from thinwire.core.wire.http1 import DONE, MORE, READ, TURN, HTTP1Exchange
from thinwire.core.wire.http1_request import HTTPChunkWriter
from thinwire.cpython import trust, words
from thinwire.cpython.clock import idle_seconds, now_ms
from thinwire.cpython.inflate import Inflater
from thinwire.cpython.lookup import Resolver
from thinwire.cpython.on_asyncio import OnAsyncio, running_loop
from thinwire.cpython.proxies import Proxies, Proxy
from thinwire.cpython.sockets.connection import Connection
from thinwire.cpython.sockets.dial import Route, Trusted, dial
from thinwire.cpython.sockets.pool import Pool
from thinwire.cpython.sockets.waits import AsyncWaits, Waits

if TYPE_CHECKING:
    import ssl

_BLOCK = 65535  # the most that four hex digits announce
_SMALLEST = 512
_SPARE = 4  # send buffers that are kept
_SCRATCH = 4096
_SCHEMES = ("http", "https")


@public
class SocketTransport:
    """Sockets of our own as the transport of a client, and how they are to connect: HTTP/1.1, on
    asyncio for AsyncClient, blocking for Client.

    Belongs to the client that it is given to, which closes it.

    Args:
        verify, cadata, add_ca: whom to trust, see AsyncClient.
        pin: sha256 of the one certificate (DER) or public key (its SubjectPublicKeyInfo) to
            accept, in hex, colons allowed, or a list of several; without one of the other options
            it counts alone.
        proxy: URL of an HTTP proxy; without it the environment's proxy variables count, as they
            are now (docs/connections.md).
        uds: path of a Unix socket that leads to the server, whatever host a URL names.
        buffer_size: bytes of the receive buffer, and of the send buffer up to 65535; None for
            64 KiB.
        idle_s: how many seconds a connection may wait for the next call; None for 30.

    Raises:
        TypeError: an option of a kind it cannot have.
        ValueError: options that exclude each other, CA certificates that cannot be read, a pin
            that is none, or a proxy that cannot be used.
    """

    def __init__(
        self,
        verify: "bool | str | os.PathLike[str] | bytes | ssl.SSLContext" = True,
        cadata: bytes | str | list[bytes] | None = None,
        add_ca: bytes | str | list[bytes] | None = None,
        *,
        pin: str | list[str] | None = None,
        proxy: str | None = None,
        uds: "str | os.PathLike[str] | None" = None,
        buffer_size: int | None = None,
        idle_s: float | None = None,
    ) -> None:
        self.buffer_size = buffer_size
        if buffer_size is not None and not buffer_size >= _SMALLEST:
            raise ValueError(
                f"buffer_size={buffer_size!r}: a buffer has {_SMALLEST} bytes or more"
            )
        self.block = min(buffer_size or _BLOCK, _BLOCK)
        self.idle_ms = int(idle_seconds(idle_s) * 1000)
        self.uds = "" if uds is None else os.fspath(uds)
        if uds is not None and proxy is not None:
            raise ValueError("uds and proxy: each says where to connect to: drop one")
        self.proxies = Proxies(None if uds is not None else proxy, _SCHEMES, uds is None)
        self._routes: dict[tuple[str, str, int, bool], Route] = {}
        self._opened = False
        self._given = verify, cadata, add_ca
        self._pins = None
        if pin is not None:
            Trust(verify, cadata, add_ca, pin)
            self._pins = CertificatePins(pin, hashlib.sha256)
        self._trusted: Trusted | None = None
        if verify is not True or cadata or add_ca or pin or trust.named_by_environment():
            self.trusted()  # what cannot be is told now

    def trusted(self) -> Trusted:
        """Whom to trust; made when it is first needed, which costs 19 ms."""
        if self._trusted is None:
            verify, cadata, add_ca = self._given
            context = proxy = trust.context_for(verify, cadata, add_ca)
            if self._pins is not None and self._given == (True, None, None):
                context = trust.context_for(False)
            self._trusted = Trusted(context, self._pins, proxy)
        return self._trusted

    def route(self, request: Request) -> Route:
        """The way to the server of a request."""
        place = request.scheme, request.host, request.port, request.public_only
        found = self._routes.get(place)
        if found is None:
            proxy = None
            if request.public_only:
                self.check_pins(request)
            elif not self.uds:
                proxy = self.proxies.proxy_for(*place[:3])
            found = self._routes[place] = Route(*place[:3], proxy, self.uds, place[3])
        return found

    def check_pins(self, place: URL | Request) -> None:
        """See check in core/providers/public_only.py."""
        if self.uds:
            raise refused(f"uds={self.uds!r}")
        proxy = self.proxies.proxy_for(place.scheme, place.host, place.port)
        if proxy is not None:
            raise refused(proxy.shown)

    def open(self, blocking: bool) -> Transport:
        """The transport for a Client, if `blocking`, or an AsyncClient; called by the client.

        Raises:
            ValueError: it belongs to another client.
        """
        if self._opened:
            raise ValueError("this SocketTransport belongs to a client already: make one for each")
        self._opened = True
        if blocking:
            from thinwire.cpython.sockets.blocking import BlockingWaits

            return BlockingTransport(self, BlockingWaits())
        return AsyncTransport(self)


class SocketResponse(HTTP1Exchange, Response):
    """An exchange on a connection of ours; from the head on its response.

    Attributes:
        pool: where the connection goes when it is free.
    """

    pool: Pool
    _carrier: Connection | None = None
    _inflater: Inflater | None = None

    def opened(self, connection: Connection, pool: Pool) -> None:
        """Takes note that the head is there, and of what it says of the body."""
        self._carrier = connection
        self.pool = pool
        if self.coding:
            self._inflater = Inflater(self.coding)
            self.receive = self._inflate  # type: ignore[method-assign]

    def wait(self, deadline_ms: int | None) -> Awaitable[object]:
        connection = self._carrier
        if connection is None:
            raise ReadError("the response is closed", None, True)
        if deadline_ms is not None and now_ms() >= deadline_ms and connection.is_dry():
            raise TransportTimeout("the deadline passed", "read")
        return connection.wait(READ, deadline_ms)

    async def aclose(self) -> None:
        lasting = self.release()
        connection = self._carrier
        if connection is None:
            return
        if connection.line.busy():
            connection.abort()  # the thread that waits closes it
            return
        # One step: of two threads that close it, one may give the connection back.
        if self.__dict__.pop("_carrier", None) is None:
            return
        if lasting and not connection.ended:
            self.pool.put(connection)
        else:
            connection.close()

    def is_http(self) -> bool:
        """Whether what has come, if anything has, begins as HTTP does."""
        begin = bytes(self._head.raw[:5])
        return begin == b"HTTP/"[: len(begin)]

    def _inflate(self, view: memoryview) -> int | None:
        inflater: Inflater = self._inflater  # type: ignore[assignment]
        inflater.check()
        raw = _local.scratch
        while True:
            size = inflater.readinto(view)
            if not size:
                count = HTTP1Exchange.receive(self, raw)
                if count:
                    inflater.feed(bytes(raw[self.offset : self.offset + count]))
                    continue
                if count == 0:
                    inflater.end()
                size = count  # type: ignore[assignment]
            self.offset = 0
            return size


class _SocketTransport(Transport):
    # What both share: one exchange, from the first byte out to the head.
    name = "socket"

    def __init__(self, options: SocketTransport) -> None:
        self._options = options
        self.buffer_size = options.buffer_size
        self._resolver = Resolver()
        self._spare: list[HTTPChunkWriter] = []
        self._pools: dict[tuple[int, asyncio.AbstractEventLoop | None], Pool] = {}

    def _pool(self) -> Pool:
        # The connections of whoever calls.
        raise NotImplementedError

    async def _more(
        self, response: SocketResponse, connection: Connection, request: Request
    ) -> None:
        # Waits for the caller's producer, or for an answer that comes before.
        raise NotImplementedError

    async def send(self, request: Request) -> Response:
        """See Transport.send."""
        request.check()
        pool = self._pool()
        waits, options = pool.waits, self._options
        route = options.route(request)
        connection = pool.take(route.place())
        try:
            writer = self._spare.pop()
        except IndexError:
            writer = HTTPChunkWriter(options.block)
        response = None
        try:
            if connection is None:
                connection = await self._dial(waits, route, request)
            request.wake = connection.abort
            response = _response(connection, route, request, writer)
            had_turn = False
            while (what := response.advance()) != DONE or not had_turn:
                had_turn = True
                if what in (TURN, DONE):
                    await waits.turn()
                elif what == MORE:
                    await self._more(response, connection, request)
                else:
                    connection.socket.moved = False
                    await connection.wait(what, response.deadline())
                    if connection.socket.moved:
                        request.handed_over(now_ms())
                connection.socket.dry = 0
            response.opened(connection, pool)
            return response
        except BaseException as error:
            if connection is not None:
                connection.close()
            if isinstance(error, ReadError) and response is not None and not response.is_http():
                error.message = f"{words.NO_HTTP} ({error.message})"
            raise
        finally:
            request.wake = None
            if len(self._spare) < _SPARE:
                self._spare.append(writer)

    async def _dial(self, waits: Waits, route: Route, request: Request) -> Connection:
        proxy = route.proxy
        secure = route.scheme == "https" or (proxy is not None and proxy.scheme == "https")
        trusted = self._options.trusted() if secure else None
        try:
            return await dial(waits, self._resolver, route, trusted, request)
        except ConnectError as error:
            # Whoever set a variable long ago does not think of it: that no connection comes about
            # may be the proxy's fault.
            if proxy is not None:
                error.message += f" (through {proxy.shown})"
            raise

    def _pool_of(self, loop: asyncio.AbstractEventLoop | None, make: Callable[[], Waits]) -> Pool:
        # None outlives its loop or its process: a closed loop can close nothing any more, and what
        # a fork has copied belongs to the parent, whose answers would be read here.
        here = os.getpid(), loop
        pool = self._pools.get(here)
        if pool is None or len(self._pools) > 1:
            for known in list(self._pools):
                process, other = known
                if process != here[0] or (other is not None and other.is_closed()):
                    gone = self._pools.pop(known, None)
                    if gone is not None:
                        gone.close(Connection.forget)
        # Threads that start together share one pool; a lock could be held across a fork.
        return pool or self._pools.setdefault(here, Pool(make(), self._options.idle_ms))

    def _close_pool(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self._pool().close()
        self._pools.pop((os.getpid(), loop), None)

    def check_pins(self, place: URL | Request) -> None:
        """See check in core/providers/public_only.py."""
        self._options.check_pins(place)

    now_ms = staticmethod(now_ms)


class AsyncTransport(OnAsyncio, _SocketTransport):
    """Exchanges on asyncio, with a pool for each event loop that uses it."""

    async def sleep_ms(self, ms: int, until: Abortable | None = None) -> None:
        """See Transport.sleep_ms."""
        await AsyncWaits(running_loop()).sleep_ms(ms, until)

    async def aclose(self) -> None:
        """See Transport.aclose; of the running loop and of closed ones."""
        self._close_pool(running_loop())

    def _pool(self) -> Pool:
        loop = running_loop()
        return self._pool_of(loop, lambda: AsyncWaits(loop))

    async def _more(
        self, response: SocketResponse, connection: Connection, request: Request
    ) -> None:
        body = request.body
        producing = asyncio.ensure_future(body.more())  # type: ignore[union-attr]
        try:
            while True:
                heard: asyncio.Future[None] = connection.wait(READ, response.deadline())  # type: ignore[assignment]
                await asyncio.wait((producing, heard), return_when=asyncio.FIRST_COMPLETED)
                request.check()
                if producing.done():
                    await producing
                    return
                if response.listen():
                    return
                until_ms = response.deadline()
                if until_ms is not None and now_ms() >= until_ms:
                    raise TransportTimeout("the deadline passed", "write")
        finally:
            if not producing.done():
                producing.cancel()
                await asyncio.gather(producing, return_exceptions=True)


class BlockingTransport(_SocketTransport):
    """Exchanges that block their thread; its coroutines never suspend (core/sync.py)."""

    def __init__(self, options: SocketTransport, waits: Waits) -> None:
        super().__init__(options)
        self._blocking = waits

    async def sleep_ms(self, ms: int, until: Abortable | None = None) -> None:
        """See Transport.sleep_ms; blocks the thread, and another one may end it."""
        await self._blocking.sleep_ms(ms, until)

    async def aclose(self) -> None:
        """See Transport.aclose."""
        self._close_pool(None)

    def _pool(self) -> Pool:
        return self._pool_of(None, lambda: self._blocking)

    async def _more(
        self, response: SocketResponse, connection: Connection, request: Request
    ) -> None:
        await request.body.more()  # type: ignore[union-attr]


class _Local(threading.local):
    # Used by one thread at a time, and never across a wait.
    def __init__(self) -> None:
        self.scratch = memoryview(bytearray(_SCRATCH))


_local = _Local()


def _response(
    connection: Connection, route: Route, request: Request, writer: HTTPChunkWriter
) -> SocketResponse:
    target, headers = "", None
    proxy: Proxy | None = route.proxy
    if proxy is not None and route.scheme == "http":
        target = f"http://{request.authority}{request.target}"
        if proxy.authorization:
            headers = [("Proxy-Authorization", proxy.authorization)]
    scratch = _local.scratch
    response = SocketResponse(
        connection, request, writer, scratch, now_ms, True, True, target, headers
    )
    response.eager = connection.top is not connection.socket  # TLS may hold what no wait tells of
    return response
