"""A response of httpx, read raw: what is there is taken at once, each wait ends at its deadline,
and any task may close it.

A client of the user's own may hand out a response that is not fresh: a hook, an auth flow, a cache
or a mock has read it. What it read is then the body. A body that was read and is gone is an error:
where it came from is a connection that may carry the answer to another call by now.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator
from contextlib import suppress
from types import coroutine
from typing import Any

import httpx

from thinwire.core._compat import nothing
from thinwire.core.errors import ReadError, StreamError
from thinwire.core.transport import Response
from thinwire.cpython.httpx.backends import shut_down
from thinwire.cpython.httpx.errors import translated, translation
from thinwire.cpython.httpx.pools import Sight
from thinwire.cpython.httpx.waits import TimedWait, to_its_end
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
        # What of the last piece was beyond the caller's buffer, and what came behind it.
        self._rest = memoryview(b"" if body is None else body)
        self._ended = self._closed = False
        self._failure: Exception | None = None

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
            # Not more than is there: what is begun here and has to be waited for is gone on with
            # at once, by the same task.
            while not self._rest:
                if not self._advance():
                    return self._nothing()
            rest = self._rest
            size = min(len(rest), len(buffer))
            buffer[:size] = rest[:size]
            self._rest = rest[size:]
            return size
        inflater.check()
        size = inflater.readinto(buffer)
        while not size and (self._rest or self._advance()):
            inflater.feed(bytes(self._rest[:_RAW]))
            self._rest = self._rest[_RAW:]
            size = inflater.readinto(buffer)
        if size or self._nothing() is None:
            return size or None
        inflater.end()
        return 0

    def _nothing(self) -> int | None:
        if self._failure is not None:
            raise self._failure
        return 0 if self._ended else None

    def _is_whole(self) -> bool:
        return self._ended and self._failure is None

    def wait(self, deadline_ms: int | None) -> Awaitable[object]:
        raise NotImplementedError

    def _advance(self) -> bool:
        # Whether there is another piece, without waiting for it.
        raise NotImplementedError


class AsyncResponse(_Response):
    # `leave` is told once that it is closed, and whether the body was read to its end.
    def __init__(
        self, response: httpx.Response, leave: Callable[[bool], Coroutine[Any, Any, None]]
    ) -> None:
        super().__init__(response)
        self._leave = leave
        self._left = False
        if self._fresh:
            # Not aiter_raw: at the end of the body that closes, where a cancellation could
            # strike. What that sets keeps a task of the user's from reading along.
            response.is_stream_consumed = True
            self._pieces = response.stream.__aiter__()  # type: ignore[union-attr]
        else:
            self._pieces = _async_end(self._kept)
        self._clock = TimedWait()
        # The next piece, where it has to be waited for, and what it waits for.
        self._coming: tuple[Coroutine[Any, Any, None], Any] | None = None

    def _advance(self) -> bool:
        if self._coming is not None or self._ended or self._failure is not None:
            return False
        coming = self._next()
        try:
            waiting = coming.send(None)
        except StopIteration:
            return not self._ended and self._failure is None
        self._coming = coming, waiting
        return False

    async def _next(self) -> None:
        try:
            piece = await anext(self._pieces, None)
        except Exception as error:
            self._failure = translation(error, "read")
        except BaseException:  # cancelled, which leaves nothing to be read
            self._failure = ReadError("whoever read it was cancelled")
            raise
        else:
            self._ended = piece is None
            self._rest = memoryview(piece or b"")

    @coroutine
    def wait(self, deadline_ms: int | None) -> Generator[Any, Any, None]:
        if self._coming is None and not self._rest:
            self._advance()
        if self._coming is not None and not self._closed:
            try:
                yield from self._clock.drive(self._coming[0], deadline_ms, self._coming[1])
            except TimeoutError as error:
                self._failure = translation(error, "read")
            finally:
                self._coming = None
        if self._closed:
            raise ReadError("the stream was closed", None, True)
        if self._failure is not None:
            raise self._failure

    async def aclose(self) -> None:
        self._closed = True
        await self._clock.call_off()
        try:
            coming, self._coming = self._coming, None
            if coming is not None:  # nobody came to wait for it
                self._clock.end()
                with suppress(Exception):
                    await self._clock.drive(coming[0], None, coming[1])
        finally:
            # Whoever is cancelled meanwhile still leaves a connection that is closed or free.
            await to_its_end(self._close())

    async def _close(self) -> None:
        # One after the other, whatever becomes of the first: the second frees the connection.
        with translated("close"):
            await self._pieces.aclose()  # type: ignore[union-attr]
        with translated("close"):
            await self._response.aclose()
        if not self._left:
            self._left = True
            await self._leave(self._is_whole())


class BlockingResponse(_Response):
    def __init__(
        self, response: httpx.Response, leave: Callable[[bool], object], sight: Sight
    ) -> None:
        super().__init__(response)
        self._leave = leave
        self._sight = sight
        self._pieces = response.iter_raw() if self._fresh else _end(self._kept)
        self._reading = False

    def _advance(self) -> bool:
        return False

    def wait(self, deadline_ms: int | None) -> Awaitable[object]:
        self._sight.read_ms = deadline_ms
        # In this order, and `aclose` the other way round: so one of two threads sees the other.
        self._reading = True
        try:
            if not self._closed:
                piece = next(self._pieces, None)
                self._ended = piece is None
                self._rest = memoryview(piece or b"")
        except Exception as error:
            self._failure = translation(error, "read")
        finally:
            self._reading = False
        if self._closed:
            raise ReadError("the stream was closed", None, True)
        if self._failure is not None:
            raise self._failure
        return nothing()

    async def aclose(self) -> None:
        self._closed = True
        if self._reading:  # another thread, which closes it once it is awake
            shut_down(self._response.extensions.get("network_stream"))
            return
        with translated("close"):
            self._response.close()
        # One step: of two threads that close it, one may give the client back.
        leave = self.__dict__.pop("_leave", None)
        if leave is not None:
            leave(self._is_whole())


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
