"""A request's body as httpx pulls it: 64 KiB at a time, sync and async."""

from collections.abc import AsyncIterator, Iterator
from typing import Protocol

from thinwire.core.errors import EncodeError
from thinwire.core.request.http_request import Body, Request
from thinwire.core.sync import run
from thinwire.cpython.clock import now_ms

_AGAIN = (
    "http_client sends the request again (an auth flow, or a transport that retries), and its"
    " messages can be read only once"
)
_BLOCK = 65536  # httpx costs about 20 us for each block: few and large


class Progress(Protocol):
    """Is told how far a request is; see _Trace in transport.py."""

    connect_ms: int | None

    def handed_over(self, now: int | None) -> None: ...
    def ended(self) -> None: ...
    def again(self) -> None: ...


class Pulled:
    # A body that httpx pulls, once for each time that it sends the request. Its first block is
    # read before, since it decides about the head.
    def __init__(self, request: Request, trace: Progress) -> None:
        self._request = request
        self._body: Body = request.body  # type: ignore[assignment]
        self._trace = trace
        self._buffer = bytearray()
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

    def _end(self) -> None:
        self._buffer = bytearray()  # the response, which may last, leads here
        self._trace.ended()

    def _pull(self) -> int | None:
        # Reads the next block. Its buffer lasts until it is taken: httpx and what is below it hold
        # up to three copies of a block while they send it, and one while they ask for the next.
        if not self._buffer:
            self._buffer = bytearray(_BLOCK)
        return self._body.readinto(self._buffer)

    def _take(self, count: int) -> bytes:
        # The block; bytes, since whoever has them may keep them.
        taken, self._buffer = bytes(memoryview(self._buffer)[:count]), bytearray()
        return taken

    def read_ahead(self) -> None:
        """Reads the first block, in time that is the caller's own, as what follows is."""
        request = self._request
        if request.length is None and not request.chunked:
            begun = now_ms()
            self._buffer = bytearray(_BLOCK)
            self._ahead = request.first_block(memoryview(self._buffer), True)
            if self._ahead < _BLOCK // 4:  # many requests may wait for their connections
                self._buffer = self._buffer[: self._ahead]
            if request.connect_deadline_ms is not None:
                request.connect_deadline_ms += now_ms() - begun

    def _first(self) -> bytes:
        count, self._ahead = self._ahead, 0
        self._body.sent_bytes += count
        if count:
            self._trace.handed_over(now_ms())
        return self._take(count)

    def _is_ours(self) -> bool:
        # Whether a socket of ours carries it, which holds back what was pulled until more follows.
        return self._trace.connect_ms is not None


class Blocks(Pulled):
    # Only __iter__: an object that has __aiter__ too is taken for sync.
    def __iter__(self) -> Iterator[bytes]:
        self._begin()
        if self._ahead:
            yield self._first()  # without a name, which would keep it
        while True:
            count = self._pull()
            if count is None and self._is_ours():
                yield b""
            # Whatever that took was the caller's own time.
            self._trace.handed_over(now_ms())
            if count is None:
                run(self._body.more())
            elif count:
                yield self._take(count)
            else:
                break
        self._end()


class AsyncBlocks(Pulled):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        self._begin()
        if self._ahead:
            yield self._first()  # without a name, which would keep it
        while True:
            count = self._pull()
            if count is None and self._is_ours():
                yield b""
            # Whatever that took was the caller's own time, as what its producer takes is.
            self._trace.handed_over(None if count is None else now_ms())
            if count is None:
                await self._body.more()
            elif count:
                yield self._take(count)
            else:
                break
        self._end()
