"""Streams of chunks. They begin when the first chunk with anything in it is there: until then what
fails is tried again, and leads to the fallback. What breaks off later raises APIConnectionError;
nothing ends in silence.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from thinwire import ChatStream, SyncChatStream
from thinwire.compat.openai._calls import created, whole
from thinwire.compat.openai.types.chat import ChatCompletion, ChatCompletionChunk

if TYPE_CHECKING:
    from thinwire.compat.openai._calls import Asked, Chunk

T = TypeVar("T")

_REASONS = (None, "stop", "length", "tool_calls", "content_filter", "function_call")


class Pieces:
    """The chunks of one answer: as its server sent them or, of a server that speaks another wire,
    as thinwire has them.

    Args:
        asked: the call.
        stream: its events.
        usage: whether the caller has asked for the chunk that has the tokens.

    Attributes:
        ready: chunks that were not handed out yet.
        head: what they say beside the choices.
    """

    def __init__(self, asked: Asked, stream: ChatStream | SyncChatStream, usage: bool) -> None:
        self.asked = asked
        self.stream = stream
        self.ready: deque[ChatCompletionChunk] = deque()
        self._usage = usage
        self._chunks: list[Chunk] | None = None  # of the attempt that answers
        self.head: Chunk = {}

    def take(self) -> None:
        """Takes the chunks that came with the next event of the answer."""
        if self._chunks is None:
            self._chunks = self._answering()
        for chunk in self._chunks:
            self._hand_out(chunk)
        self._chunks.clear()

    def _answering(self) -> list[Chunk]:
        attempts = self.asked.heard.attempts
        name = self.stream.completion.id if len(attempts) > 1 else ""
        if name:  # of a race the winner
            for chunks in attempts:
                if any(one.get("id") == name for one in chunks):
                    return chunks
        return attempts[-1] if attempts else []

    def _hand_out(self, chunk: Chunk) -> None:
        choices = chunk.get("choices")
        if not isinstance(choices, list) or (not choices and not self._usage and _is_usage(chunk)):
            return  # thinwire has asked for the tokens, which the caller has not
        if any(isinstance(one, dict) and "message" in one for one in choices):
            chunk = _as_chunk(chunk)
        if not self.head:
            self.head = {"id": "", "object": "chat.completion.chunk", "created": created(chunk)}
            self.head["model"] = self.stream.completion.model
        said = {name: chunk[name] for name in self.head if chunk.get(name) is not None}
        self.head.update(said)
        chunk["choices"] = [one for one in chunk["choices"] if isinstance(one, dict)]
        for place, choice in enumerate(chunk["choices"]):
            # What each program reads is there, as it always is at openai's server.
            choice.setdefault("index", place)
            if not isinstance(choice.get("delta"), dict):
                choice["delta"] = {}
            if choice.get("finish_reason") not in _REASONS:
                choice["finish_reason"] = self._reason(choice)
        self.ready.append(ChatCompletionChunk(**{**chunk, **self.head}))

    def _reason(self, choice: Chunk) -> object:
        # In openai's words, where the server has others.
        for one in self.stream.completion.choices:
            if one.index == choice.get("index", 0) and one.finish_reason:
                return one.finish_reason
        return choice.get("finish_reason")


def _is_usage(chunk: Chunk) -> bool:
    return bool(chunk.get("usage"))


def _as_chunk(document: Chunk) -> Chunk:
    # A whole answer of a server that does not stream, in one chunk.
    found = {**document, "object": "chat.completion.chunk"}
    found["choices"] = []
    for choice in document["choices"]:
        delta = dict(choice.get("message") or {})
        calls = delta.get("tool_calls")
        if isinstance(calls, list):
            delta["tool_calls"] = [{"index": at, **one} for at, one in enumerate(calls)]
        rest = {name: value for name, value in choice.items() if name != "message"}
        found["choices"].append({**rest, "delta": delta})
    return found


class _Base(Generic[T]):
    _pieces: Pieces

    @property
    def response(self) -> Any:
        """The head of the answer: an httpx.Response without a body."""
        return self._pieces.asked.response(self._pieces.stream.completion)

    def whole(self) -> ChatCompletion | None:
        """All of the answer, as thinwire has put it together; None before its end."""
        pieces = self._pieces
        completion = pieces.stream.completion
        return whole(pieces.asked, completion, pieces.head) if completion.complete else None

    @property
    def thinwire(self) -> Any:
        """thinwire's Completion as it stands: attempts, timings, who answered."""
        return self._pieces.stream.completion


class Stream(_Base[T]):
    """Chunks of an answer as they come."""

    def __init__(self, pieces: Pieces, stream: SyncChatStream) -> None:
        self._pieces = pieces
        self._events = stream

    def begin(self) -> Self:
        """Waits for the first of it."""
        try:
            self._fill()
        except BaseException:
            self._events.close()
            raise
        return self

    def _fill(self) -> None:
        pieces = self._pieces
        while not pieces.ready:
            with pieces.asked.listening():
                event = next(self._events, None)
            if event is None:
                return
            pieces.take()

    def __next__(self) -> T:
        self._fill()
        if not self._pieces.ready:
            self.close()
            raise StopIteration
        return self._pieces.ready.popleft()  # type: ignore[return-value]

    def __iter__(self) -> Iterator[T]:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object = None, error: object = None, trace: object = None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the answer and releases its connection. Idempotent."""
        self._pieces.ready.clear()
        self._events.close()


class AsyncStream(_Base[T]):
    """Chunks of an answer as they come."""

    def __init__(self, pieces: Pieces, stream: ChatStream) -> None:
        self._pieces = pieces
        self._events = stream

    async def begin(self) -> Self:
        """Waits for the first of it."""
        try:
            await self._fill()
        except BaseException:
            await self._events.aclose()
            raise
        return self

    async def _fill(self) -> None:
        pieces = self._pieces
        while not pieces.ready:
            with pieces.asked.listening():
                try:
                    await self._events.__anext__()
                except StopAsyncIteration:
                    return
            pieces.take()

    async def __anext__(self) -> T:
        await self._fill()
        if not self._pieces.ready:
            await self.close()
            raise StopAsyncIteration
        return self._pieces.ready.popleft()  # type: ignore[return-value]

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: object = None, error: object = None, trace: object = None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the answer and releases its connection; from any task. Idempotent."""
        self._pieces.ready.clear()
        await self._events.aclose()

    aclose = close
