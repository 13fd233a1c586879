"""The default transport on CPython: httpx, sync and async.

httpx brings what servers behind corporate walls need (proxies, own certificates, pooling); the
bodies are ours on both sides: the request is pulled in 64 KiB blocks, the response is read raw
and parsed by core/wire/sse.py.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from functools import cache

import httpx

from thinwire.core.errors import ConnectError, EncodeError, TransportError, TransportTimeout
from thinwire.core.request.http_request import Abortable, Body, Request
from thinwire.core.sync import run
from thinwire.core.transport import Response, Signal, Task, Transport
from thinwire.cpython.clock import now_ms, seconds_until
from thinwire.cpython.httpx import sight
from thinwire.cpython.httpx.backends import (
    DeadlineBackend,
    Deadlines,
    ListeningBackend,
    drop,
    progress,
    with_backend,
)
from thinwire.cpython.httpx.clients import response_of, usable
from thinwire.cpython.httpx.errors import translated
from thinwire.cpython.httpx.options import HTTPXTransport
from thinwire.cpython.httpx.pools import Pools, Sockets
from thinwire.cpython.httpx.responses import AsyncResponse, BlockingResponse
from thinwire.cpython.httpx.waits import TimedWait

_NO_LOOP = (
    "AsyncClient runs on asyncio, and no loop of asyncio is running here: under trio call a Client"
    " in trio.to_thread.run_sync, or use anyio's asyncio backend"
)
_TIMEOUTS = ("connect", "read", "write", "pool")  # httpx's; ours take their place
_AGAIN = (
    "http_client sends the request again (an auth flow, or a transport that retries), and its"
    " messages can be read only once"
)
_BLOCK = 65536  # httpx costs about 20 us for each block: few and large


def _running_loop() -> asyncio.AbstractEventLoop:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError(_NO_LOOP) from None


class AsyncTransport(Transport):
    """Exchanges over httpx.AsyncClient, one client for each event loop that uses it.

    Args:
        options: how to connect.
    """

    name = "httpx"
    concurrent = True

    def __init__(self, options: HTTPXTransport) -> None:
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
            client, proxy = self._client(request)
        watched = sight.watching(trace.sight)
        try:
            with translated("head", request.body):
                built = _build(client, request, blocks, trace.ahear)
                trace.bind(built)
                async with wait:
                    progress.set(trace.handed_over)
                    trace.moved = wait.moved
                    try:
                        response = await client.send(built, stream=True, follow_redirects=False)
                    except Exception as error:
                        found = response_of(error, built)
                        if found is None:
                            raise
                        response = found
        except BaseException as error:
            if isinstance(error, TransportError):
                trace.judge(error)
                _name_proxy(error, proxy)
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
        built.extensions["timeout"]["read"] = None  # the deadlines of `readinto` count
        return AsyncResponse(response)

    async def sleep_ms(self, ms: int, until: Abortable | None = None) -> None:
        """See Transport.sleep_ms."""
        if until is None:
            await asyncio.sleep(ms / 1000)
            return
        with contextlib.suppress(TimeoutError):
            async with TimedWait(now_ms() + ms) as wait:
                until.wake = wait.end
                if not until.aborted:
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
        for client in self._pools.take(_running_loop()):
            await client.aclose()

    def _client(self, request: Request) -> tuple[httpx.AsyncClient, str]:
        # And how to call the proxy that it goes through, in words.
        if self._options.proxies is None:
            return usable(self._options.http_client), ""
        proxy, shown = self._options.proxies.proxy_for(request)
        return self._pools.get(proxy, asyncio.get_running_loop()), shown

    def _own_client(self, sockets: Sockets, proxy: object) -> httpx.AsyncClient:
        own = httpx.AsyncClient(**self._options.client_arguments(proxy))  # type: ignore[arg-type]
        return with_backend(own, ListeningBackend(sockets))


class BlockingTransport(Transport):
    """Exchanges over httpx.Client; its coroutines never suspend (core/sync.py).

    Args:
        options: how to connect.

    With an own http_client httpcore fixes the read timeout when it starts to read a body, so a
    deadline inside a stream holds to within the longest silence the clocks allow.
    """

    name = "httpx"

    def __init__(self, options: HTTPXTransport) -> None:
        self._options = options
        self._pools = Pools(self._own_client)
        self._deadlines = Deadlines()

    async def send(self, request: Request) -> Response:
        """See Transport.send."""
        request.check()
        trace = _Trace(request)
        blocks = _Blocks(request, trace) if request.body is not None else None
        with translated("head"):
            client, proxy = self._client(request)
        self._deadlines.request = request
        watched = sight.watching(trace.sight)
        try:
            with translated("head", request.body):
                built = _build(client, request, blocks, trace.hear)
                # Of an own http_client: httpx takes one limit for each write, one for the head.
                limits = built.extensions["timeout"]
                limits.update(
                    connect=seconds_until(request.connect_by()),
                    write=_seconds(request.upload_ms, request.total_deadline_ms),
                    read=_seconds(request.head_ms, request.total_deadline_ms),
                )
                trace.bind(built)
                try:
                    response = client.send(built, stream=True, follow_redirects=False)
                except Exception as error:
                    found = response_of(error, built)
                    if found is None:
                        raise
                    response = found
        except TransportError as error:
            request.check()
            trace.judge(error)
            _name_proxy(error, proxy)
            raise
        finally:
            self._deadlines.request = request.wake = None
            sight.done(watched)
        built.extensions["timeout"]["read"] = _seconds(request.idle_ms, None)
        return BlockingResponse(response, self._deadlines)

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
        for own in self._pools.take():
            own.close()

    def _client(self, request: Request) -> tuple[httpx.Client, str]:
        # And how to call the proxy that it goes through, in words.
        if self._options.proxies is None:
            return usable(self._options.http_client), ""
        proxy, shown = self._options.proxies.proxy_for(request)
        return self._pools.get(proxy), shown

    def _own_client(self, sockets: Sockets, proxy: object) -> httpx.Client:
        own = httpx.Client(**self._options.client_arguments(proxy))  # type: ignore[arg-type]
        return with_backend(own, DeadlineBackend(self._deadlines, sockets))


class _Trace:
    # Listens to one exchange through httpx's `trace` extension, and sets the marks of its request.
    # The names are httpcore's, documented with httpx's "Request extensions". Whoever passes an own
    # http_client with an own transport may get no trace; the moments then stay unknown.
    moved: Callable[[bool, bool], object] | None = None  # told when a deadline has; see _SendClock

    def __init__(self, request: Request) -> None:
        self._request = request
        self._heard = False
        self._connecting = False
        self._refused = False  # a write failed
        self.sight = sight.Sight()
        self.stream: object = None  # of a connection that was made for it, None of a kept one
        self._limits: dict[str, float | None] = {}  # httpx's
        self._head_s: float | None = None

    def bind(self, built: httpx.Request) -> None:
        """Takes note of the limits that httpx has for each kind of wait, all set."""
        self._limits = built.extensions["timeout"]
        self._head_s = self._limits["read"]

    def hear(self, name: str, info: Mapping[str, object]) -> None:
        self._heard = True
        step = name.partition(".")[2]
        if step == "connect_tcp.started":
            self._connecting = True
            self._move(True)
        elif step == "start_tls.started":
            self._move(True)
        elif step == "send_request_headers.started":
            self.again()
            self.handed_over(now_ms())
        elif step == "receive_response_headers.complete":
            # Who reads on before `send` returns is a hook or an auth flow of the user's, and what
            # it waits for is the whole answer.
            self._limits["read"] = _seconds(self._request.idle_ms, None)
            self._move(answered=True)
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

    def again(self) -> None:
        """Takes note that the request is about to be sent: once more, or for the first time, but
        with a body that a hook has read before."""
        self._request.sent_ms = None
        self._limits["read"] = self._head_s

    def _move(self, connecting: bool = False, answered: bool = False) -> None:
        if self.moved is not None:
            self.moved(connecting, answered)

    async def ahear(self, name: str, info: Mapping[str, object]) -> None:
        self.hear(name, info)

    def judge(self, error: TransportError) -> None:
        # Marks an error of a connection that ended without a byte of an answer, and of a kept one
        # that had ended before the request came. Where no socket of ours tells, only a write that
        # failed proves that.
        if self.sight.received or isinstance(error, (ConnectError, TransportTimeout)):
            return
        error.unanswered = not error.closed
        if self._heard and not self._connecting:
            way = self.sight.connect_ms
            early = way is not None and self._request.unheard(now_ms(), way)
            error.stale = self._refused or early


class _Pulled:
    # A body that httpx pulls, once for each time that it sends the request. Its first block is
    # read before, since it decides about the head.
    def __init__(self, request: Request, trace: _Trace) -> None:
        self._request = request
        self._body: Body = request.body  # type: ignore[assignment]
        self._trace = trace
        self._buffer = bytearray(_BLOCK)
        self._begun = False
        self._ahead = 0  # bytes in the buffer that httpx has not asked for yet

    def _begin(self) -> None:
        if self._begun:
            if not self._body.rewind():
                error = EncodeError(_AGAIN, "")
                self._body.failed(error)
                raise error
            self._trace.again()
        self._begun = True

    def read_ahead(self) -> None:
        """Reads the first block, in time that is the caller's own, as what follows is."""
        request = self._request
        if request.length is None and not request.chunked:
            begun = now_ms()
            self._ahead = request.first_block(memoryview(self._buffer), True)
            if request.connect_deadline_ms is not None:
                request.connect_deadline_ms += now_ms() - begun

    def _first(self) -> bytes:
        count, self._ahead = self._ahead, 0
        self._body.sent_bytes += count
        if count:
            self._trace.handed_over(now_ms())
        return bytes(memoryview(self._buffer)[:count])

    def _is_ours(self) -> bool:
        # Whether a socket of ours carries it, which holds back what was pulled until more follows.
        return self._trace.sight.connect_ms is not None


class _Blocks(_Pulled):
    # Only __iter__: an object that has __aiter__ too is taken for sync.
    def __iter__(self) -> Iterator[bytes]:
        self._begin()
        first = self._first()
        if first:
            yield first
        while True:
            count = self._body.readinto(self._buffer)
            if count is None and self._is_ours():
                yield b""
            # Whatever that took was the caller's own time.
            self._trace.handed_over(now_ms())
            if count is None:
                run(self._body.more())
            elif count:
                yield bytes(memoryview(self._buffer)[:count])
            else:
                break
        self._trace.ended()


class _AsyncBlocks(_Pulled):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        self._begin()
        first = self._first()
        if first:
            yield first
        while True:
            count = self._body.readinto(self._buffer)
            if count is None and self._is_ours():
                yield b""
            # Whatever that took was the caller's own time, as what its producer takes is.
            self._trace.handed_over(None if count is None else now_ms())
            if count is None:
                await self._body.more()
            elif count:
                yield bytes(memoryview(self._buffer)[:count])
            else:
                break
        self._trace.ended()


class _SendClock(TimedWait):
    # Ends `send` at the deadline of its request, which moves on with each piece that is handed
    # over, and when the request is called off.
    def __init__(self, request: Request) -> None:
        super().__init__()
        self._request = request
        self.connecting = False

    async def __aenter__(self) -> "_SendClock":
        await super().__aenter__()
        self._request.wake = self.end
        self.moved()
        return self

    def moved(self, connecting: bool = False, answered: bool = False) -> None:
        """Looks for its end anew.

        Args:
            connecting: it is that of a connection.
            answered: the head has come, and somebody reads the answer before we do.
        """
        self.connecting = connecting
        if answered:
            self.until(self._request.total_deadline_ms)
        else:
            self.until(self._request.connect_by() if connecting else self._request.deadline())


def _name_proxy(error: TransportError, proxy: str) -> None:
    # Whoever set a variable long ago does not think of it: that no connection comes about may be
    # the proxy's fault.
    if proxy and isinstance(error, ConnectError):
        error.message += f" (through {proxy})"


def _seconds(limit_ms: int | None, deadline_ms: int | None) -> float | None:
    # The shorter one.
    limits = [] if limit_ms is None else [limit_ms / 1000]
    left = seconds_until(deadline_ms)
    return min(limits if left is None else [*limits, left], default=None)


def _build(
    client: "httpx.Client | httpx.AsyncClient",
    request: Request,
    content: "_Pulled | None",
    trace: object,
) -> httpx.Request:
    if content is not None:
        content.read_ahead()
    headers = list(request.headers)
    if request.length is not None:
        headers.append(("Content-Length", str(request.length)))
    # As plain data, not as httpx.Timeout: a client of httpx2 has a class of its own.
    built: httpx.Request = client.build_request(
        request.method,
        f"{request.scheme}://{request.authority}{request.target}",
        headers=headers,
        content=content,  # type: ignore[arg-type]
        extensions={"timeout": dict.fromkeys(_TIMEOUTS), "trace": trace},
    )
    built.url = _quiet(type(built.url))(built.url)  # type: ignore[arg-type]
    return built


@cache
def _quiet(kind: type[httpx.URL]) -> type[httpx.URL]:
    # httpx logs the URL of each request, and hands it to hooks; a query may hold a key.
    return type("QuietURL", (kind,), {"__str__": _without_query, "__repr__": _without_query})


def _without_query(url: httpx.URL) -> str:
    return str(url.copy_with(query=None)) + ("?***" if url.query else "")
