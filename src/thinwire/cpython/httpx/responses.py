"""A response of httpx, read raw: each read ends at its deadline, and any task may close it.

A client of the user's own may hand out a response that is not fresh: a hook, an auth flow, a cache
or a mock has read it. What it read is then the body. A body that was read and is gone is an error:
where it came from is a connection that may carry the answer to another call by now.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx

from thinwire.core.errors import ReadError, StreamError, TransportError
from thinwire.core.transport import Response
from thinwire.cpython.httpx.backends import Deadlines, shut_down
from thinwire.cpython.httpx.errors import translated
from thinwire.cpython.httpx.waits import TimedWait
from thinwire.cpython.inflate import Inflater

_RAW = 16384  # bytes of a compressed body that are inflated at a time
_DECODED = ("", "identity", "gzip", "deflate", "br", "zstd")  # what httpx decodes while it reads
_GONE = (
    "something in http_client has read the answer, or closed it, and kept nothing of it: a hook"
    " that looks into an answer calls response.read(), an async one response.aread()"
)


class _Response(Response):
    # What both share; a subclass says how the next piece is had, and how to close.
    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.status = response.status_code
        headers, version = response.headers, response.http_version
        framed = "content-length" in headers or "transfer-encoding" in headers
        self.framed = framed or not version.startswith("HTTP/1")
        coding = headers.get("content-encoding", "identity").strip().lower()
        body = _read_body(response)
        self._kept = body is not None
        self._fresh = not (self._kept or response.is_stream_consumed or response.is_closed)
        if self._kept and all(one.strip() in _DECODED for one in coding.split(",")):
            coding = "identity"
        self._inflater = None if coding in ("", "identity") else Inflater(coding)
        # What of the last piece was beyond the caller's buffer.
        self._rest = memoryview(b"" if body is None else body)
        self._ended = False
        self._closed = False

    def header(self, name: str) -> str | None:
        value: str | None = self._response.headers.get(name)
        return value

    def all_headers(self) -> list[tuple[str, str]]:
        items = self._response.headers.multi_items()
        return [(name.lower(), value) for name, value in items]

    def receive(self, buffer: memoryview) -> int | None:
        if self._closed:
            raise ReadError("the response is closed", None, True)
        inflater = self._inflater
        if inflater is None:
            return self._take(buffer)
        inflater.check()
        size = inflater.readinto(buffer)
        while not size:
            raw = memoryview(bytearray(_RAW))
            count = self._take(raw)
            if count is None:
                return None
            if not count:
                inflater.end()
                return 0
            inflater.feed(bytes(raw[:count]))
            size = inflater.readinto(buffer)
        return size

    def _take(self, buffer: memoryview) -> int | None:
        # Bytes of the body as they came.
        count = min(len(self._rest), len(buffer))
        if not count:
            return 0 if self._ended else None
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    async def wait(self, deadline_ms: int | None) -> None:
        try:
            with translated("read"):
                piece = await self._piece(deadline_ms)
        except TransportError as error:
            if self._closed and not error.closed:
                raise ReadError("the stream was closed", None, True) from None
            raise
        if piece is None:
            self._ended = not self._closed
        else:
            self._rest = memoryview(piece)

    async def _piece(self, deadline_ms: int | None) -> bytes | None:
        raise NotImplementedError


class AsyncResponse(_Response):
    def __init__(self, response: httpx.Response) -> None:
        super().__init__(response)
        if self._fresh:
            # Not aiter_raw: at the end of the body that closes, where a cancellation could
            # strike. What that sets keeps a task of the user's from reading along.
            response.is_stream_consumed = True
            self._pieces = response.stream.__aiter__()  # type: ignore[union-attr]
        else:
            self._pieces = _async_end(self._kept)
        self._waits: TimedWait | None = None  # of whoever reads
        self._left = asyncio.Event()

    async def _piece(self, deadline_ms: int | None) -> bytes | None:
        try:
            async with TimedWait(deadline_ms) as self._waits:
                return await anext(self._pieces, None)
        finally:
            self._waits = None
            self._left.set()

    async def aclose(self) -> None:
        self._closed = True
        if self._waits is not None:
            self._left.clear()
            self._waits.end()
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


class BlockingResponse(_Response):
    def __init__(self, response: httpx.Response, deadlines: Deadlines) -> None:
        super().__init__(response)
        self._deadlines = deadlines
        self._pieces = response.iter_raw() if self._fresh else _end(self._kept)
        self._reading = False

    async def _piece(self, deadline_ms: int | None) -> bytes | None:
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


def _read_body(response: httpx.Response) -> bytes | None:
    # What somebody has read of it, None where nothing was kept.
    try:
        return response.content
    except RuntimeError:  # ResponseNotRead, of httpx or of httpx2
        return None


def _end(kept: bool) -> Iterator[bytes]:
    # What follows a body that was kept, or stands in the place of one that is gone.
    if not kept:
        # Asking again would end the same way, and no server is to blame.
        error = StreamError(_GONE)
        error.kind = "error"
        raise error
    yield from ()


async def _async_end(kept: bool) -> AsyncIterator[bytes]:
    for piece in _end(kept):
        yield piece
