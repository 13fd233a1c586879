"""The default transport on CPython: httpx, sync and async.

httpx brings what servers behind corporate walls need (proxies, own certificates, pooling); the
bodies are ours on both sides: the request is pulled in 64 KiB blocks, the response is read raw
and parsed by core/wire/sse.py.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from functools import cache, partial
from types import TracebackType

import httpx

from thinwire._public import public
from thinwire.core.errors import ConnectError, ReadError, TransportError, TransportTimeout
from thinwire.core.request.http_request import Abortable, Body, Request
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
    progress,
    seconds_until,
    shut_down,
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
        request.check()
        _running_loop()
        wait = _SendClock(request)
        trace = _Trace(request)
        blocks = _AsyncBlocks(request, trace) if request.body is not None else None
        with translated("head"):
            client = self._client()
        watched = sight.watching(trace.sight)
        try:
            with translated("head", request.body):
                built = _build(client, request, blocks, trace.ahear)
                async with wait:
                    progress.set(trace.handed_over)
                    trace.moved = wait.moved
                    response = await client.send(built, stream=True, follow_redirects=False)
        except BaseException as error:
            if isinstance(error, TransportError):
                trace.judge(error)
                if isinstance(error, TransportTimeout) and wait.connecting:
                    error.phase = "connect"
            if trace.stream is not None:
                await drop(client, trace.stream)
            if isinstance(error, TransportError):
                request.check()
            raise
        finally:
            request.wake = None
            sight.done(watched)
        return _AsyncResponse(response)

    async def sleep_ms(self, ms: int, until: Abortable | None = None) -> None:
        """See Transport.sleep_ms."""
        if until is None:
            await asyncio.sleep(ms / 1000)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ms / 1000) as timeout:
                until.wake = partial(_end_now, timeout)
                await asyncio.Event().wait()

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
        request.check()
        self._deadlines.request = request
        trace = _Trace(request)
        blocks = _Blocks(request, trace) if request.body is not None else None
        watched = sight.watching(trace.sight)
        try:
            with translated("head", request.body):
                client = self._client()
                built = _build(client, request, blocks, trace.hear)
                # Of an own http_client: httpx takes one limit for each write, one for the head.
                limits = built.extensions["timeout"]
                limits.update(
                    write=_seconds(request.upload_ms, request.total_deadline_ms),
                    read=_seconds(request.head_ms, request.total_deadline_ms),
                )
                response = client.send(built, stream=True, follow_redirects=False)
        except TransportError as error:
            request.check()
            trace.judge(error)
            raise
        finally:
            self._deadlines.request = request.wake = None
            sight.done(watched)
        idle = request.idle_ms
        built.extensions["timeout"]["read"] = None if idle is None else idle / 1000
        return _BlockingResponse(response, self._deadlines)

    async def sleep_ms(self, ms: int, until: Abortable | None = None) -> None:
        """See Transport.sleep_ms; blocks the thread, and another one may end it."""
        called_off = threading.Event()
        if until is not None:
            until.wake = called_off.set
            if until.aborted:
                return
        called_off.wait(ms / 1000)

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
    moved: Callable[[bool], object] | None = None  # told when a deadline has, and if it connects

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
            self._move(True)
        elif step == "start_tls.started":
            self._move(True)
        elif step == "send_request_headers.started":
            self.handed_over(now_ms())
        elif step == "connect_tcp.complete":
            self._request.connected_ms = now_ms()
            self.stream = info.get("return_value")
        elif step == "start_tls.complete":
            self._request.secured_ms = now_ms()
            self.stream = info.get("return_value")
        elif step == "send_request_body.complete":
            self._request.sent(now_ms())
            self._move()
        elif step in ("send_request_headers.failed", "send_request_body.failed"):
            self._refused = True

    def handed_over(self, now: int | None) -> None:
        """Takes note that the system, or the library, has taken more of the request."""
        self._request.handed_over(now)
        self._move()

    def ended(self) -> None:
        """Takes note that nothing is left to hand over, where httpx does not tell."""
        if not self._heard:
            self._request.sent(now_ms())
            self._move()

    def _move(self, connecting: bool = False) -> None:
        if self.moved is not None:
            self.moved(connecting)

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
    def __init__(self, request: Request, trace: _Trace) -> None:
        self._body: Body = request.body  # type: ignore[assignment]
        self._trace = trace
        self._buffer = bytearray(_BLOCK)

    def __iter__(self) -> Iterator[bytes]:
        while True:
            count = self._body.readinto(self._buffer)
            # Whatever that took was the caller's own time.
            self._trace.handed_over(now_ms())
            if count is None:
                run(self._body.more())
            elif count:
                yield bytes(memoryview(self._buffer)[:count])
            else:
                break
        self._trace.ended()


class _AsyncBlocks:
    def __init__(self, request: Request, trace: _Trace) -> None:
        self._body: Body = request.body  # type: ignore[assignment]
        self._trace = trace
        self._buffer = bytearray(_BLOCK)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            count = self._body.readinto(self._buffer)
            # Whatever that took was the caller's own time, as what its producer takes is.
            self._trace.handed_over(None if count is None else now_ms())
            if count is None:
                await self._body.more()
            elif count:
                yield bytes(memoryview(self._buffer)[:count])
            else:
                break
        self._trace.ended()


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
        self._rest = memoryview(b"")  # what of the last piece was beyond the caller's buffer
        self._closed = False

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
        while not self._rest or self._closed:
            try:
                if self._closed:
                    raise ReadError("the response is closed", None, True)
                with translated("read"):
                    piece = await self._piece(deadline_ms)
            except TransportError as error:
                if self._closed and not error.closed:
                    raise ReadError("the stream was closed", None, True) from None
                raise
            if not piece and self._closed:
                continue
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        count = min(len(self._rest), len(buffer))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    async def _piece(self, deadline_ms: int | None) -> bytes | None:
        raise NotImplementedError


class _AsyncResponse(_Response):
    def __init__(self, response: httpx.Response) -> None:
        super().__init__(response)
        # Not aiter_raw: at the end of the body that closes, where a cancellation could strike.
        self._pieces = response.stream.__aiter__()  # type: ignore[union-attr]
        self._waits: asyncio.Timeout | None = None  # of whoever reads
        self._left = asyncio.Event()

    async def _piece(self, deadline_ms: int | None) -> bytes | None:
        try:
            async with asyncio.timeout(seconds_until(deadline_ms)) as self._waits:
                return await anext(self._pieces, None)
        finally:
            self._waits = None
            self._left.set()

    async def aclose(self) -> None:
        self._closed = True
        if self._waits is not None:
            self._left.clear()
            _end_now(self._waits)
            await self._left.wait()
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
        self._reading = False

    async def _piece(self, deadline_ms: int | None) -> bytes | None:
        if overdue(deadline_ms):
            raise TransportTimeout("the deadline passed", "read")
        self._deadlines.read_ms = deadline_ms
        # In this order, and `aclose` the other way round: so one of two threads sees the other.
        self._reading = True
        try:
            return None if self._closed else next(self._pieces, None)
        finally:
            self._reading = False

    async def aclose(self) -> None:
        self._closed = True
        if self._reading:  # another thread, which closes it once it is awake
            shut_down(self._response.extensions.get("network_stream"))
            return
        with translated("close"):
            self._response.close()


class _SendClock:
    # Ends `send` at the deadline of its request, which moves on with each piece that is handed
    # over, and when the request is called off.
    def __init__(self, request: Request) -> None:
        self._request = request
        self._timeout = asyncio.timeout(None)
        self.connecting = False

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()
        self._request.wake = partial(_end_now, self._timeout)
        self.moved()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._timeout.__aexit__(kind, error, trace)

    def moved(self, connecting: bool = False) -> None:
        self.connecting = connecting
        if self._request.aborted or self._timeout.expired():
            return
        deadline = self._request.connect_by() if connecting else self._request.deadline()
        left = seconds_until(deadline)
        when = None if left is None else asyncio.get_running_loop().time() + left
        self._timeout.reschedule(when)


def _end_now(timeout: asyncio.Timeout) -> None:
    # Wakes the task that is inside, without cancelling it for anybody else.
    if not timeout.expired():
        timeout.reschedule(asyncio.get_running_loop().time())


def _seconds(limit_ms: int | None, deadline_ms: int | None) -> float | None:
    # The shorter one.
    limits = [] if limit_ms is None else [limit_ms / 1000]
    left = seconds_until(deadline_ms)
    return min(limits if left is None else [*limits, left], default=None)


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
