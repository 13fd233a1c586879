"""Streams of chunks. They begin when the first chunk with anything in it is there: until then what
fails is tried again, and leads to the fallback. What breaks off later raises APIConnectionError;
nothing ends in silence.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from thinwire import (
    ChatStream,
    ContentDelta,
    ReasoningDelta,
    RefusalDelta,
    StreamComplete,
    StreamRestarted,
    SyncChatStream,
    ToolCallDelta,
    ToolCallStarted,
)
from thinwire.compat.openai.types.chat import ChatCompletionChunk

if TYPE_CHECKING:
    from thinwire.compat.openai._calls import Asked, Chunk

T = TypeVar("T")

_TEXTS = {
    ContentDelta: "content",
    ReasoningDelta: "reasoning_content",
    RefusalDelta: "refusal",
}


class Pieces:
    """The chunks of one answer: as its server sent them or, of a server that speaks another wire,
    made of the events.

    Args:
        asked: the call.
        stream: its events.
        usage: whether the caller has asked for the chunk that has the tokens.

    Attributes:
        ready: chunks that were not handed out yet.
        ended: whether the answer came to its end.
    """

    def __init__(self, asked: Asked, stream: ChatStream | SyncChatStream, usage: bool) -> None:
        self.asked = asked
        self.stream = stream
        self.ready: deque[ChatCompletionChunk] = deque()
        self.ended = False
        self._usage = usage
        self._raw: list[Chunk] | None = None  # of the attempt that answers
        self._head: dict[str, Any] = {}
        self._begun: set[int] = set()

    def take(self, event: Any) -> None:
        """Takes the next event of the answer, and with it the chunks that came meanwhile."""
        if isinstance(event, StreamRestarted):
            self._raw, self._head = None, {}
            self._begun.clear()
            return
        if self._raw is None:
            self._raw = self._answering()
        if isinstance(event, StreamComplete):
            self.ended = True
        if self._raw or self._head.get("raw"):
            self._head["raw"] = True
            for chunk in self._raw:
                self._hand_out(chunk)
            self._raw.clear()
        else:
            self._make(event)

    def _answering(self) -> list[Chunk]:
        # The chunks of the attempt that answers; [] where its wire is another one.
        attempts = self.asked.heard.attempts
        found = attempts[-1] if attempts else []
        if len(attempts) > 1:  # of a race the winner
            name = self.stream.completion.id
            for chunks in attempts:
                if name and any(one.get("id") == name for one in chunks):
                    found = chunks
        return found if any("choices" in one for one in found) else []

    def _hand_out(self, chunk: Chunk) -> None:
        choices = chunk.get("choices")
        if not isinstance(choices, list) or (not choices and not self._usage and _is_usage(chunk)):
            return  # thinwire has asked for the tokens, which the caller has not
        if any(isinstance(one, dict) and "message" in one for one in choices):
            chunk = _as_chunk(chunk)
        chunk.setdefault("object", "chat.completion.chunk")
        self.ready.append(ChatCompletionChunk(**chunk))

    def _make(self, event: Any) -> None:
        choice = getattr(event, "choice", 0)
        delta: dict[str, Any] = {}
        if type(event) in _TEXTS:
            delta[_TEXTS[type(event)]] = event.text
        elif isinstance(event, ToolCallStarted):
            function = {"name": event.name, "arguments": ""}
            call = {"index": event.index, "id": event.id, "type": "function", "function": function}
            delta["tool_calls"] = [call]
        elif isinstance(event, ToolCallDelta):
            function = {"arguments": event.arguments}
            delta["tool_calls"] = [{"index": event.index, "function": function}]
        elif isinstance(event, StreamComplete):
            self._make_end(event.completion)
            return
        else:
            return
        if choice not in self._begun:
            self._begun.add(choice)
            delta["role"] = "assistant"
        self._add([{"index": choice, "delta": delta, "finish_reason": None}])

    def _make_end(self, completion: Any) -> None:
        for choice in completion.choices:
            delta = {"images": choice.images} if choice.images else {}
            end = {"index": choice.index, "delta": delta, "finish_reason": choice.finish_reason}
            self._add([end])
        if self._usage and completion.usage:
            self._add([], usage=completion.usage)

    def _add(self, choices: list[Any], **more: Any) -> None:
        if not self._head:
            completion = self.stream.completion
            self._head = {
                "id": completion.id or "chatcmpl",
                "object": "chat.completion.chunk",
                "created": int(time.time()),
                "model": completion.upstream_model or completion.model,
            }
        self.ready.append(ChatCompletionChunk(**self._head, choices=choices, **more))


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
        self._fill()
        return self

    def _fill(self) -> None:
        pieces = self._pieces
        while not pieces.ready:
            with pieces.asked.listening():
                event = next(self._events, None)
            if event is None:
                return
            pieces.take(event)

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
                    event = await self._events.__anext__()
                except StopAsyncIteration:
                    return
            pieces.take(event)

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
        await self._events.aclose()

    aclose = close
