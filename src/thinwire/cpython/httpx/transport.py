"""The default transport on CPython: httpx, sync and async.

httpx brings what servers behind corporate walls need (proxies, own certificates, pooling); the
bodies are ours on both sides: the request is pulled in 64 KiB blocks, the response is read raw
and parsed by core/wire/sse.py.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from functools import cache, lru_cache, partial
from typing import TypeVar

import httpx

from thinwire.core.errors import ConnectError, TransportError, TransportTimeout
from thinwire.core.request.http_request import Abortable, Request
from thinwire.core.routing.deployment import URL
from thinwire.core.transport import Response, Transport
from thinwire.cpython.clock import block_ms, now_ms, seconds_until
from thinwire.cpython.httpx.backends import (
    DeadlineBackend,
    drop,
    with_backend,
)
from thinwire.cpython.httpx.blocks import AsyncBlocks, Blocks, Pulled
from thinwire.cpython.httpx.clients import below_closed, response_of, usable
from thinwire.cpython.httpx.errors import translated
from thinwire.cpython.httpx.listening import ListeningBackend
from thinwire.cpython.httpx.options import HTTPXTransport
from thinwire.cpython.httpx.pools import Line, Pools, Sight, Sockets
from thinwire.cpython.httpx.responses import AsyncResponse, BlockingResponse
from thinwire.cpython.httpx.waits import TimedWait, to_its_end
from thinwire.cpython.lookup import Resolver
from thinwire.cpython.on_asyncio import OnAsyncio, call_in, running_loop

_TIMEOUTS = ("connect", "read", "write", "pool")  # httpx's; ours take their place


class AsyncTransport(OnAsyncio):
    """Exchanges over clients of httpx.AsyncClient, those of each event loop for itself.

    Args:
        options: how to connect.
    """

    name = "httpx"

    def __init__(self, options: HTTPXTransport) -> None:
        self._options = options
        self._pools = Pools(self._own_client, options.idle_s)

    async def send(self, request: Request) -> Response:
        """See Transport.send; the head deadline covers connect, upload and wait."""
        request.check()
        loop = running_loop()
        wait = TimedWait()
        trace = _Trace(request, wait.until)
        blocks = AsyncBlocks(request, trace) if request.body is not None else None
        request.wake = wait.end
        starts = self._pools.starts(loop)
        if not starts.now():
            try:
                with translated("connect"):
                    await wait.drive(starts.turn(), request.connect_by())
            except TransportTimeout:
                request.check()
                raise
            finally:
                wait.stop()
        with translated("head"):
            line, proxy = _line(self._options, self._pools, request, loop)
        line.sight = trace
        try:
            with translated("head", request.body):
                built = _build(line, request, blocks, trace.ahear)
                trace.bind(built)
                sending = line.client.send(built, stream=True, follow_redirects=False)
                try:
                    response = await wait.drive(sending, request.deadline())
                except Exception as error:
                    found = response_of(error, built)
                    if found is None:
                        raise
                    response = found
        except BaseException as error:
            if isinstance(error, TransportError):
                trace.judge(error)
                _name_proxy(error, proxy)
                if isinstance(error, TransportTimeout) and trace.is_connecting:
                    error.phase = "connect"
            if line.place is None and trace.stream is not None:
                await drop(line.client, trace.stream)
            await to_its_end(self._leave(line, False, loop))
            if isinstance(error, TransportError):
                request.check()
            raise
        finally:
            request.wake = None
            wait.stop()
        built.extensions["timeout"]["read"] = None  # the deadlines of `wait` count
        return AsyncResponse(response, lambda whole: self._leave(line, whole, loop))

    async def sleep_ms(self, ms: int, until: Abortable | None = None) -> None:
        """See Transport.sleep_ms."""
        if until is None:
            await asyncio.sleep(ms / 1000)
            return
        wait = TimedWait()
        until.wake = partial(call_in, running_loop(), wait.end)
        if not until.aborted:
            with contextlib.suppress(TimeoutError):
                await wait.drive(_for_ever(), now_ms() + ms)
        wait.stop()

    async def aclose(self) -> None:
        """Closes what the running loop has, and what closed ones had, not the user's client."""
        for client in self._pools.drain(running_loop()):
            await client.aclose()

    async def _leave(
        self, line: Line[httpx.AsyncClient], whole: bool, loop: asyncio.AbstractEventLoop
    ) -> None:
        if line.place is not None:
            for client in self._pools.give_back(line, whole, loop):
                closed = client.is_closed
                await client.aclose()
                for below in below_closed(client) if closed else ():
                    await below.aclose()

    def check_pins(self, place: URL | Request) -> None:
        """See check in core/providers/public_only.py."""
        self._options.check_pins(place)

    def _own_client(self, line: Line[httpx.AsyncClient], proxy: object) -> httpx.AsyncClient:
        own = httpx.AsyncClient(**self._options.client_arguments(proxy))  # type: ignore[arg-type]
        return with_backend(own, ListeningBackend(line))


class BlockingTransport(Transport):
    """Exchanges over clients of httpx.Client; its coroutines never suspend (core/sync.py).

    Args:
        options: how to connect.

    With an own http_client httpcore fixes the read timeout when it starts to read a body, so a
    deadline inside a stream holds to within the longest silence the clocks allow.
    """

    name = "httpx"

    def __init__(self, options: HTTPXTransport) -> None:
        self._options = options
        self._pools = Pools(self._own_client, options.idle_s)
        self._resolver = Resolver()

    async def send(self, request: Request) -> Response:
        """See Transport.send."""
        request.check()
        trace = _Trace(request)
        blocks = Blocks(request, trace) if request.body is not None else None
        with translated("head"):
            line, proxy = _line(self._options, self._pools, request)
        line.sight = trace
        try:
            with translated("head", request.body):
                built = _build(line, request, blocks, trace.hear)
                # Of an own http_client: httpx takes one limit for each write, one for the head.
                limits = built.extensions["timeout"]
                limits.update(
                    connect=seconds_until(request.connect_by()),
                    write=_seconds(request.upload_ms, request.total_deadline_ms),
                    read=_seconds(request.head_ms, request.total_deadline_ms),
                )
                trace.bind(built)
                try:
                    response = line.client.send(built, stream=True, follow_redirects=False)
                except Exception as error:
                    found = response_of(error, built)
                    if found is None:
                        raise
                    response = found
        except BaseException as error:
            self._leave(line, False)
            if isinstance(error, TransportError):
                request.check()
                trace.judge(error)
                _name_proxy(error, proxy)
            raise
        finally:
            trace.request = request.wake = None
        built.extensions["timeout"]["read"] = _seconds(request.idle_ms, None)
        return BlockingResponse(response, lambda whole: self._leave(line, whole), trace)

    async def sleep_ms(self, ms: int, until: Abortable | None = None) -> None:
        """See Transport.sleep_ms; blocks the thread, and another one may end it."""
        block_ms(ms, until)

    def now_ms(self) -> int:
        """See Transport.now_ms."""
        return now_ms()

    async def aclose(self) -> None:
        """Closes what is there, unless it is the user's own client."""
        for client in self._pools.drain():
            client.close()

    def _leave(self, line: Line[httpx.Client], whole: bool) -> None:
        if line.place is not None:
            for client in self._pools.give_back(line, whole):
                closed = client.is_closed
                client.close()
                for below in below_closed(client) if closed else ():
                    below.close()

    def check_pins(self, place: URL | Request) -> None:
        """See check in core/providers/public_only.py."""
        self._options.check_pins(place)

    def _own_client(self, line: Line[httpx.Client], proxy: object) -> httpx.Client:
        own = httpx.Client(**self._options.client_arguments(proxy))  # type: ignore[arg-type]
        return with_backend(own, DeadlineBackend(line, self._resolver))


_Client = TypeVar("_Client", httpx.Client, httpx.AsyncClient)


def _line(
    options: HTTPXTransport,
    pools: Pools[_Client],
    request: Request,
    loop: asyncio.AbstractEventLoop | None = None,
) -> tuple[Line[_Client], str]:
    # What carries a request, and how to call the proxy that it goes through, in words.
    if request.public_only:
        options.check_pins(request)
    if options.proxies is not None:
        proxy, shown = options.proxies.proxy_for(request)
        return pools.take(request, proxy, loop), shown
    theirs: Line[_Client] = Line(None, Sockets())
    theirs.client = usable(options.http_client)
    return theirs, ""


async def _for_ever() -> None:
    await asyncio.Event().wait()


class _Trace(Sight):
    # Listens to one exchange through httpx's `trace` extension, and sets the marks of its request.
    # The names are httpcore's, documented with httpx's "Request extensions". Whoever passes an own
    # http_client with an own transport may get no trace; the moments then stay unknown.
    def __init__(
        self, request: Request, move: Callable[[int | None], object] | None = None
    ) -> None:
        super().__init__(request)
        self._request = request
        self._move_to = move  # told when the deadline of `send` has moved
        self._heard = False
        self._connecting = False
        self._refused = False  # a write failed
        self.is_connecting = False  # the deadline is that of a connection
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
        self.is_connecting = connecting
        if self._move_to is not None:
            request = self._request
            if answered:  # and somebody reads the answer before we do
                self._move_to(request.total_deadline_ms)
            else:
                self._move_to(request.connect_by() if connecting else request.deadline())

    async def ahear(self, name: str, info: Mapping[str, object]) -> None:
        self.hear(name, info)

    def judge(self, error: TransportError) -> None:
        # Marks an error of a connection that ended without a byte of an answer, and of a kept one
        # that had ended before the request came. Where no socket of ours tells, only a write that
        # failed proves that.
        if self.received or isinstance(error, (ConnectError, TransportTimeout)):
            return
        error.unanswered = not error.closed
        if self._heard and not self._connecting:
            way = self.connect_ms
            early = way is not None and self._request.unheard(now_ms(), way)
            error.stale = self._refused or early


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
    line: Line[_Client],
    request: Request,
    content: "Pulled | None",
    trace: object,
) -> httpx.Request:
    if content is not None:
        content.read_ahead()
    client, headers = line.client, list(request.headers)
    if request.length is not None:
        headers.append(("Content-Length", str(request.length)))
    text = f"{request.scheme}://{request.authority}{request.target}"
    url = _quiet_url(type(client.base_url), text)  # type: ignore[arg-type]
    # As plain data, not as httpx.Timeout: a client of httpx2 has a class of its own.
    extensions = {"timeout": dict.fromkeys(_TIMEOUTS), "trace": trace}
    build: Callable[..., httpx.Request] = client.build_request
    if line.place is not None:
        # What build_request would add to a request of ours, without what it looks for.
        given = {name.lower() for name, _ in headers}
        headers[:0] = [one for one in client.headers.multi_items() if one[0] not in given]
        build = httpx.Request
    built = build(request.method, url, headers=headers, content=content, extensions=extensions)
    built.url = url
    return built


@lru_cache(256)
def _quiet_url(kind: type[httpx.URL], text: str) -> httpx.URL:
    # httpx logs the URL of each request, and hands it to hooks; a query may hold a key.
    return _quiet(kind)(text)  # type: ignore[arg-type]


@cache
def _quiet(kind: type[httpx.URL]) -> type[httpx.URL]:
    return type("QuietURL", (kind,), {"__str__": _without_query, "__repr__": _without_query})


def _without_query(url: httpx.URL) -> str:
    return str(url.copy_with(query=None)) + ("?***" if url.query else "")
