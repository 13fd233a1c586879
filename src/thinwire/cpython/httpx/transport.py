"""The default transport on CPython: httpx, sync and async.

httpx brings what servers behind corporate walls need (proxies, own certificates, pooling); the
bodies are ours on both sides: the request is pulled in 64 KiB blocks, the response is read raw
and parsed by core/wire/sse.py.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from functools import cache

import httpx

from thinwire._public import public
from thinwire.core.errors import ConnectError, TransportError, TransportTimeout
from thinwire.core.request.http_request import Body, Request
from thinwire.core.sync import run
from thinwire.core.transport import Response, Signal, Task, Transport
from thinwire.cpython.httpx import sight
from thinwire.cpython.httpx.backends import (
    DeadlineBackend,
    Deadlines,
    ListeningBackend,
    drop,
    now_ms,
    overdue,
    seconds_until,
    with_backend,
)
from thinwire.cpython.httpx.clients import usable
from thinwire.cpython.httpx.errors import translated
from thinwire.cpython.httpx.inflate import Inflater
from thinwire.cpython.httpx.options import Options
from thinwire.cpython.httpx.pools import Pools, Sockets

_NO_LOOP = (
    "AsyncClient runs on asyncio, and no loop of asyncio is running here: under trio call a Client"
    " in trio.to_thread.run_sync, or use anyio's asyncio backend"
)
_RAW = 16384  # bytes of a compressed body that are inflated at a time
_BLOCK = 65536  # httpx costs about 20 us for each block: few and large


def from_options(blocking: bool, options: dict[str, object]) -> Transport:
    """The transport for a client's options; see AsyncClient."""
    checked = Options(options, blocking)
    return HTTPXTransport(checked) if blocking else AsyncHTTPXTransport(checked)


def _running_loop() -> asyncio.AbstractEventLoop:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError(_NO_LOOP) from None


@public
class AsyncHTTPXTransport(Transport):
    """Exchanges over httpx.AsyncClient, one client for each event loop that uses it.

    Args:
        options: how to connect.
    """

    name = "httpx"
    concurrent = True

    def __init__(self, options: Options) -> None:
        self._options = options
        self._pools = Pools(self._own_client)

    async def send(self, request: Request) -> Response:
        """See Transport.send; the head deadline covers connect, upload and wait."""
        _running_loop()
        blocks = _AsyncBlocks(request.body) if request.body is not None else None
        trace = _Trace(request)
        with translated("head"):
            client = self._client()
        watched = sight.watching(trace.sight)
        try:
            with translated("head", request.body):
                built = _build(client, request, blocks, trace.ahear)
                async with asyncio.timeout(seconds_until(request.head_deadline_ms)):
                    response = await client.send(built, stream=True, follow_redirects=False)
        except BaseException as error:
            if isinstance(error, TransportError):
                trace.judge(error)
            if trace.stream is not None:
                await drop(client, trace.stream)
            raise
        finally:
            sight.done(watched)
        return _AsyncResponse(response)

    async def sleep_ms(self, ms: int) -> None:
        """See Transport.sleep_ms."""
        await asyncio.sleep(ms / 1000)

    def now_ms(self) -> int:
        """See Transport.now_ms."""
        return now_ms()

    def spawn(self, coroutine: Coroutine[object, object, None]) -> Task:
        """See Transport.spawn."""
        return asyncio.get_running_loop().create_task(coroutine)

    def signal(self) -> Signal:
        """See Transport.signal."""
        return asyncio.Event()

    async def aclose(self) -> None:
        """Closes the pool of the running loop and those of closed ones, not the user's client."""
        client = self._pools.take(_running_loop())
        if client is not None:
            await client.aclose()

    def _client(self) -> httpx.AsyncClient:
        if self._options.http_client is not None:
            return usable(self._options.http_client)  # type: ignore[no-any-return]
        return self._pools.get(asyncio.get_running_loop())

    def _own_client(self, sockets: Sockets) -> httpx.AsyncClient:
        own = httpx.AsyncClient(**self._options.client_arguments())  # type: ignore[arg-type]
        return with_backend(own, ListeningBackend(sockets))


@public
class HTTPXTransport(Transport):
    """Exchanges over httpx.Client; its coroutines never suspend (core/sync.py).

    Args:
        options: how to connect.

    With an own http_client httpcore fixes the read timeout when it starts to read a body, so a
    deadline inside a stream holds to within the longest silence the clocks allow.
    """

    name = "httpx"

    def __init__(self, options: Options) -> None:
        self._options = options
        self._pools = Pools(self._own_client)
        self._deadlines = Deadlines()

    async def send(self, request: Request) -> Response:
        """See Transport.send."""
        blocks = _Blocks(request.body) if request.body is not None else None
        self._deadlines.connect_ms = request.connect_by()
        self._deadlines.wait_ms = request.head_deadline_ms
        trace = _Trace(request)
        watched = sight.watching(trace.sight)
        try:
            with translated("head", request.body):
                client = self._client()
                built = _build(client, request, blocks, trace.hear)
                limit = seconds_until(request.head_deadline_ms)
                built.extensions["timeout"].update(read=limit, write=limit)
                response = client.send(built, stream=True, follow_redirects=False)
        except TransportError as error:
            trace.judge(error)
            raise
        finally:
            sight.done(watched)
        idle = request.idle_ms
        built.extensions["timeout"]["read"] = None if idle is None else idle / 1000
        return _BlockingResponse(response, self._deadlines)

    async def sleep_ms(self, ms: int) -> None:
        """See Transport.sleep_ms; blocks the thread."""
        time.sleep(ms / 1000)  # noqa: ASYNC251 - no loop runs here: see core/sync.py

    def now_ms(self) -> int:
        """See Transport.now_ms."""
        return now_ms()

    async def aclose(self) -> None:
        """Closes the pool, unless it is the user's own client."""
        own = self._pools.take()
        if own is not None:
            own.close()

    def _client(self) -> httpx.Client:
        if self._options.http_client is not None:
            return usable(self._options.http_client)  # type: ignore[no-any-return]
        return self._pools.get()

    def _own_client(self, sockets: Sockets) -> httpx.Client:
        own = httpx.Client(**self._options.client_arguments())  # type: ignore[arg-type]
        return with_backend(own, DeadlineBackend(self._deadlines, sockets))


class _Trace:
    # Listens to one exchange through httpx's `trace` extension, and sets the marks of its request.
    # The names are httpcore's, documented with httpx's "Request extensions". Whoever passes an own
    # http_client with an own transport may get no trace; the moments then stay unknown.
    def __init__(self, request: Request) -> None:
        self._request = request
        self._heard = False
        self._connecting = False
        self._refused = False  # a write failed
        self.sight = sight.Sight()
        self.stream: object = None  # of a connection that was made for it, None of a kept one

    def hear(self, name: str, info: Mapping[str, object]) -> None:
        self._heard = True
        step = name.partition(".")[2]
        if step == "connect_tcp.started":
            self._connecting = True
        elif step == "connect_tcp.complete":
            self._request.connected_ms = now_ms()
            self.stream = info.get("return_value")
        elif step == "start_tls.complete":
            self._request.secured_ms = now_ms()
            self.stream = info.get("return_value")
        elif step == "send_request_body.complete":
            self._request.sent_ms = now_ms()
        elif step in ("send_request_headers.failed", "send_request_body.failed"):
            self._refused = True

    async def ahear(self, name: str, info: Mapping[str, object]) -> None:
        self.hear(name, info)

    def judge(self, error: TransportError) -> None:
        # Marks an error of a kept connection that had ended before the request came. Where no
        # socket of ours tells, only a write that failed proves that.
        kept = self._heard and not self._connecting
        if kept and not self.sight.received:
            if not isinstance(error, (ConnectError, TransportTimeout)):
                way = self.sight.connect_ms
                early = way is not None and self._request.unheard(now_ms(), way)
                error.stale = self._refused or early


class _Blocks:
    # Pulls a body for httpx. Only __iter__: an object that has __aiter__ too is taken for sync.
    def __init__(self, body: Body) -> None:
        self._body = body
        self._buffer = bytearray(_BLOCK)

    def __iter__(self) -> Iterator[bytes]:
        count = self._body.readinto(self._buffer)
        while count != 0:
            if count is None:
                run(self._body.more())
            else:
                yield bytes(memoryview(self._buffer)[:count])
            count = self._body.readinto(self._buffer)


class _AsyncBlocks:
    def __init__(self, body: Body) -> None:
        self._body = body
        self._buffer = bytearray(_BLOCK)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        count = self._body.readinto(self._buffer)
        while count != 0:
            if count is None:
                await self._body.more()
            else:
                yield bytes(memoryview(self._buffer)[:count])
            count = self._body.readinto(self._buffer)


class _Response(Response):
    # What both share; a subclass says how the next piece is had, and how to close.
    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.status = response.status_code
        headers, version = response.headers, response.http_version
        framed = "content-length" in headers or "transfer-encoding" in headers
        self.framed = framed or not version.startswith("HTTP/1")
        coding = headers.get("content-encoding", "identity").strip().lower()
        self._inflater = None if coding in ("", "identity") else Inflater(coding)
        self._left = memoryview(b"")  # what of the last piece was beyond the caller's buffer

    def header(self, name: str) -> str | None:
        value: str | None = self._response.headers.get(name)
        return value

    def all_headers(self) -> list[tuple[str, str]]:
        items = self._response.headers.multi_items()
        return [(name.lower(), value) for name, value in items]

    async def readinto(self, buffer: memoryview, deadline_ms: int | None) -> int:
        inflater = self._inflater
        if inflater is None:
            return await self._readinto(buffer, deadline_ms)
        inflater.check()
        raw = memoryview(bytearray(_RAW))
        size = inflater.readinto(buffer)
        while not size:
            count = await self._readinto(raw, deadline_ms)
            if not count:
                inflater.end()
                return 0
            inflater.feed(bytes(raw[:count]))
            size = inflater.readinto(buffer)
        return size

    async def _readinto(self, buffer: memoryview, deadline_ms: int | None) -> int:
        while not self._left:
            with translated("read"):
                piece = await self._piece(deadline_ms)
            if piece is None:
                return 0
            self._left = memoryview(piece)
        count = min(len(self._left), len(buffer))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    async def _piece(self, deadline_ms: int | None) -> bytes | None:
        raise NotImplementedError


class _AsyncResponse(_Response):
    def __init__(self, response: httpx.Response) -> None:
        super().__init__(response)
        # Not aiter_raw: at the end of the body that closes, where a cancellation could strike.
        self._pieces = response.stream.__aiter__()  # type: ignore[union-attr]

    async def _piece(self, deadline_ms: int | None) -> bytes | None:
        async with asyncio.timeout(seconds_until(deadline_ms)):
            return await anext(self._pieces, None)

    async def aclose(self) -> None:
        # Whoever is cancelled meanwhile still leaves a connection that is closed or free.
        closing = asyncio.create_task(self._close())
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError:
            await closing
            raise

    async def _close(self) -> None:
        # One after the other, whatever becomes of the first: the second frees the connection.
        with translated("close"):
            await self._pieces.aclose()  # type: ignore[union-attr]
        with translated("close"):
            await self._response.aclose()


class _BlockingResponse(_Response):
    def __init__(self, response: httpx.Response, deadlines: Deadlines) -> None:
        super().__init__(response)
        self._deadlines = deadlines
        self._pieces = response.iter_raw()

    async def _piece(self, deadline_ms: int | None) -> bytes | None:
        if overdue(deadline_ms):
            raise TransportTimeout("the deadline passed", "read")
        self._deadlines.wait_ms = deadline_ms
        return next(self._pieces, None)

    async def aclose(self) -> None:
        with translated("close"):
            self._response.close()


def _build(
    client: "httpx.Client | httpx.AsyncClient",
    request: Request,
    content: "object | None",
    trace: object,
) -> httpx.Request:
    headers = list(request.headers)
    if request.length is not None:
        headers.append(("Content-Length", str(request.length)))
    # As plain data, not as httpx.Timeout: a client of httpx2 has a class of its own.
    timeout = {"connect": seconds_until(request.connect_by()), "read": None, "write": None}
    built: httpx.Request = client.build_request(
        request.method,
        f"{request.scheme}://{request.authority}{request.target}",
        headers=headers,
        content=content,  # type: ignore[arg-type]
        extensions={"timeout": {**timeout, "pool": None}, "trace": trace},
    )
    built.url = _quiet(type(built.url))(built.url)  # type: ignore[arg-type]
    return built


@cache
def _quiet(kind: type[httpx.URL]) -> type[httpx.URL]:
    # httpx logs the URL of each request, and hands it to hooks; a query may hold a key.
    return type("QuietURL", (kind,), {"__str__": _without_query, "__repr__": _without_query})


def _without_query(url: httpx.URL) -> str:
    return str(url.copy_with(query=None)) + ("?***" if url.query else "")
