"""A transport over a client that the user brings: anything with the `stream_post` of exoclaw.http
(its ClientProto). What such a client cannot do, as to keep a deadline, is done around it.

  pump   a task: enters the client's context manager, hands the request over, and takes in lines;
         it leaves what it has entered itself, as some clients require
  send   waits for the pump's head, `receive` and `wait` for its bytes: each with its deadline

Lines lose their ends in such a client, and get "\\n" here. Where a body ends with the connection,
nobody knows whether the client took a cut for its end: so the answer has to say that it is whole.
"""

import sys

from thinwire.core import adapters
from thinwire.core._compat import const
from thinwire.core.errors import (
    ConnectError,
    ReadError,
    ThinwireError,
    TransportTimeout,
    WriteError,
)

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any, Self

    from thinwire.core.request.http_request import Body, Request
    from thinwire.core.transport import Signal, Task, Transport

_BLOCK = const(4096)  # bytes of body handed over at a time, and of an answer that nobody has read
_LEAVE_MS = const(1000)  # for a client to leave what was called off


class ClientTransport:  # a core.transport.Transport; as its subclass it would take more RAM
    """Exchanges over a user's client, which stays open.

    Args:
        client: has `stream_post(url, *, headers, content, timeout, method)`, an async context
            manager around a response with `status_code`, `headers`, `aread()`, `aiter_lines()`.
    """

    name = "exoclaw"
    concurrent = True
    buffer_size: "int | None" = None

    def __init__(self, client: "Any") -> None:
        self.client = client
        # Tells the time, sleeps and makes tasks; nothing is sent by it.
        runtime = adapters.default_transport(False, True, None, None, None)
        self._runtime = runtime
        self.now_ms = runtime.now_ms
        self.sleep_ms = runtime.sleep_ms
        self.spawn = runtime.spawn
        self.signal = runtime.signal

    async def send(self, request: "Request") -> "ClientResponse":
        """See Transport.send."""
        request.check()
        response = ClientResponse(self, request)
        request.wake = response.stop
        try:
            await response.head()
        except BaseException:
            await response.aclose()
            raise
        finally:
            request.wake = None
        return response

    async def until(self, signal: "Signal", deadline_ms: "int | None") -> None:
        """Waits for a signal, but not longer than to a time; it may come back early."""
        timer: Task | None = None
        if deadline_ms is not None:
            timer = self.spawn(self._ring(signal, max(0, deadline_ms - self.now_ms())))
        try:
            await signal.wait()
        finally:
            if timer is not None:
                timer.cancel()

    async def _ring(self, signal: "Signal", ms: int) -> None:
        await self.sleep_ms(ms)
        signal.set()

    def aclose(self) -> "Coroutine[object, object, None]":
        """See Transport.aclose: there is nothing of ours to close."""
        return self._runtime.aclose()


class ClientResponse:
    """One exchange; see core.transport.Response for what it is once its head has come.

    Args:
        owner: whose it is.
        request: what to send.
    """

    offset = 0
    framed = False

    def __init__(self, owner: ClientTransport, request: "Request") -> None:
        self.status = 0
        self._owner = owner
        self._request = request
        self._headers: dict[str, str] = {}
        self._pending = b""
        self._error: ThinwireError | None = None
        self._begun = self._ended = self._closed = False
        self._news = owner.signal()  # for who waits for head or bytes
        self._room = owner.signal()  # for the pump
        self._over = owner.signal()
        self._task = owner.spawn(self._pump())

    async def head(self) -> None:
        """Waits for it.

        Raises:
            see Transport.send.
        """
        request = self._request
        while not self.status:
            self._news.clear()
            self._check()
            content = request.sent_ms is not None or request.connected_ms is not None
            deadline = request.deadline() if content else request.connect_by()
            if deadline is not None and self._owner.now_ms() >= deadline:
                phase = "head" if request.sent_ms is not None else "write"
                raise TransportTimeout("the deadline passed", phase if content else "connect")
            await self._owner.until(self._news, deadline)

    def header(self, name: str) -> "str | None":
        """See Response.header."""
        return self._headers.get(name.lower())

    def all_headers(self) -> "list[tuple[str, str]]":
        """See Response.all_headers."""
        return list(self._headers.items())

    def receive(self, buffer: memoryview) -> "int | None":
        """See Response.receive."""
        data = self._pending
        if data:
            count = min(len(data), len(buffer))
            buffer[:count] = data[:count]
            self._pending = data[count:]
            self._room.set()
            return count
        self._news.clear()
        self._check()
        return 0 if self._ended else None

    async def wait(self, deadline_ms: "int | None") -> None:
        """See Response.wait."""
        if deadline_ms is not None and self._owner.now_ms() >= deadline_ms:
            raise TransportTimeout("the deadline passed", "read")
        await self._owner.until(self._news, deadline_ms)

    def stop(self) -> None:
        """Calls the exchange off; whoever waits is woken. Idempotent."""
        self._closed = True
        self._task.cancel()
        self._news.set()

    async def aclose(self) -> None:
        """See Response.aclose."""
        over = self._ended or self._closed
        self._closed = True
        if not over:
            self.stop()
        if self._begun:
            await self._owner.until(self._over, self._owner.now_ms() + _LEAVE_MS)

    def _check(self) -> None:
        if self._closed:
            raise ReadError("the stream was closed", None, True)
        if self._error is not None:
            raise self._error

    async def _pump(self) -> None:
        self._begun = True
        try:
            await self._exchange()
        except ThinwireError as error:
            self._error = error
        except Exception as error:
            self._error = self._translated(error)
        finally:
            self._ended = True
            self._news.set()
            self._over.set()

    async def _exchange(self) -> None:
        request = self._request
        url = "%s://%s%s" % (request.scheme, request.authority, request.target)
        content = None if request.body is None else _Content(self._owner, request, request.body)
        more: dict[str, Any] = {} if request.method == "POST" else {"method": request.method}
        seconds = None if request.idle_ms is None else request.idle_ms / 1000
        headers = dict(request.headers)
        async with self._owner.client.stream_post(
            url, headers=headers, content=content, timeout=seconds, **more
        ) as response:
            if request.sent_ms is None:
                request.sent(self._owner.now_ms())
            for name, value in response.headers.items():
                self._headers[name.lower()] = value
            self.status = int(response.status_code)
            self._news.set()
            stream = "event-stream" in (self.header("content-type") or "").lower()
            if self.status >= 400 or not stream:
                await self._put(bytes(await response.aread()))
                return
            lines = response.aiter_lines()
            if hasattr(lines, "__aiter__"):
                async for line in lines:
                    await self._put(line.encode() + b"\n")
            else:  # `async def` with `yield` is a plain generator on MicroPython
                for line in lines:
                    await self._put(line.encode() + b"\n")

    async def _put(self, data: bytes) -> None:
        self._pending += data
        self._news.set()
        while len(self._pending) > _BLOCK:
            self._room.clear()
            await self._room.wait()

    def _translated(self, error: Exception) -> ThinwireError:
        # In the words of exoclaw.http, if it speaks those; else by how far the exchange was.
        text = "%s: %s" % (type(error).__name__, error)
        request = self._request
        http: Any = sys.modules.get("exoclaw.http")
        late = ("TimeoutError", "HTTPReadTimeout", "HTTPWriteTimeout")
        if type(error).__name__ in late:
            writes = type(error).__name__ == "HTTPWriteTimeout"
            where = "write" if writes else ("read" if self.status else "head")
            return TransportTimeout(text, where, error)
        refused = http is not None and isinstance(error, http.HTTPConnectError)
        if refused or request.connected_ms is None:
            return ConnectError(text, error)
        if request.sent_ms is None:
            return WriteError(text, error)
        found = ReadError(text, error)
        found.unanswered = not self.status
        return found


class _Content:
    # The body as an async iterator of bytes, which the client pulls.
    def __init__(self, owner: ClientTransport, request: "Request", body: "Body") -> None:
        self._owner = owner
        self._request = request
        self._body = body
        self._buffer = bytearray(_BLOCK)

    def __aiter__(self) -> "Self":
        return self

    async def __anext__(self) -> bytes:
        request, now = self._request, self._owner.now_ms
        if request.connected_ms is None:  # a client asks for it once it has a connection
            request.connected_ms = now()
        request.handed_over(now())
        count = self._body.readinto(self._buffer)
        while count is None:
            request.handed_over(None)
            await self._body.more()
            request.handed_over(now())
            count = self._body.readinto(self._buffer)
        if not count:
            request.sent(now())
            raise StopAsyncIteration
        return bytes(memoryview(self._buffer)[:count])


if TYPE_CHECKING:
    _: Transport = ClientTransport(None)
