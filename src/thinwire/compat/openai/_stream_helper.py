"""`client.chat.completions.stream(...)`: events of an answer, which is put together meanwhile."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Any, Self

from thinwire.compat.openai import _parsing
from thinwire.compat.openai._models import BaseModel
from thinwire.compat.openai._streaming import AsyncStream, Stream
from thinwire.compat.openai._types import NOT_GIVEN
from thinwire.compat.openai.types.chat import (
    ChatCompletionChunk,
    ParsedChatCompletion,
    ParsedChoice,
)
from thinwire.compat.openai.types.chat.chat_completion import ChoiceLogprobs
from thinwire.compat.openai.types.chat.chat_completion_chunk import ChoiceDelta
from thinwire.core.conversation.partial_json import PartialJSON


class StreamEvent(BaseModel):
    """Something has happened to an answer; `type` says what."""

    type: str


class ChunkEvent(StreamEvent):
    """A chunk has come: `chunk`, and `snapshot`, the answer with it."""

    chunk: Any
    snapshot: Any


class ContentDeltaEvent(StreamEvent):
    """Text has come: `delta`, all of it so far, and what of it is closed JSON, which grows."""

    delta: str
    snapshot: str
    parsed: Any = None


class ContentDoneEvent(StreamEvent):
    """The text is whole."""

    content: str
    parsed: Any = None


class RefusalDeltaEvent(StreamEvent):
    """Text of a refusal has come."""

    delta: str
    snapshot: str


class RefusalDoneEvent(StreamEvent):
    """A refusal is whole."""

    refusal: str


class FunctionToolCallArgumentsDeltaEvent(StreamEvent):
    """Arguments of a call have come."""

    name: str
    index: int
    arguments: str
    parsed_arguments: Any
    arguments_delta: str


class FunctionToolCallArgumentsDoneEvent(StreamEvent):
    """The arguments of a call are whole."""

    name: str
    index: int
    arguments: str
    parsed_arguments: Any


class LogprobsContentDeltaEvent(StreamEvent):
    """How likely the new tokens were."""

    content: list[Any]
    snapshot: list[Any]


class LogprobsContentDoneEvent(StreamEvent):
    """How likely all tokens were."""

    content: list[Any]


class LogprobsRefusalDeltaEvent(StreamEvent):
    """How likely the new tokens of a refusal were."""

    refusal: list[Any]
    snapshot: list[Any]


class LogprobsRefusalDoneEvent(StreamEvent):
    """How likely all tokens of a refusal were."""

    refusal: list[Any]


class ChatCompletionStreamState:
    """An answer that is put together of chunks.

    Args:
        response_format, input_tools: what was asked for; see Completions.parse.
    """

    def __init__(self, *, response_format: Any = NOT_GIVEN, input_tools: Any = NOT_GIVEN) -> None:
        self._format = response_format
        self._tools = _parsing.listed(input_tools)
        self._snapshot: ParsedChatCompletion | None = None
        self._choices: dict[int, _ChoiceState] = {}

    @property
    def current_completion_snapshot(self) -> ParsedChatCompletion:
        """The answer as it stands.

        Raises:
            AssertionError: no chunk has come.
        """
        if self._snapshot is None:
            raise AssertionError("no chunk has come")
        return self._snapshot

    def get_final_completion(self, whole: Any = None) -> ParsedChatCompletion:
        """The answer, parsed; see Completions.parse.

        Args:
            whole: it, in place of what the chunks came to: thinwire knows more oddities.
        """
        found = self.current_completion_snapshot if whole is None else whole
        return _parsing.parsed(found, self._format, self._tools)  # type: ignore[no-any-return]

    def handle_chunk(self, chunk: ChatCompletionChunk) -> Iterable[StreamEvent]:
        """Takes a chunk; returns what has happened."""
        self._add(chunk)
        snapshot = self.current_completion_snapshot
        events: list[StreamEvent] = [ChunkEvent(type="chunk", chunk=chunk, snapshot=snapshot)]
        for piece in _pieces(chunk):
            events.extend(self._choices[piece.index].events(piece))
        return events

    def _add(self, chunk: ChatCompletionChunk) -> None:
        if self._snapshot is None:
            document = {**chunk.to_dict(), "object": "chat.completion", "choices": []}
            document.pop("obfuscation", None)
            self._snapshot = ParsedChatCompletion(**{"system_fingerprint": None, **document})
        snapshot = self._snapshot
        for piece in _pieces(chunk):
            state = self._choices.get(piece.index)
            if state is None:
                state = self._choices[piece.index] = _ChoiceState(self._format, self._tools)
            choice = state.add(piece)
            others = [one for one in snapshot.choices if one.index != piece.index]
            snapshot.choices = sorted([*others, choice], key=lambda one: one.index)
            if piece.finish_reason and _parsing.is_parseable(self._format, self._tools):
                _parsing.check_end(choice, snapshot)
        snapshot.usage = chunk.usage
        snapshot.system_fingerprint = chunk.system_fingerprint
        if chunk.moderation is not None:
            snapshot.moderation = chunk.moderation


def _pieces(chunk: ChatCompletionChunk) -> list[Any]:
    # Those of a chunk's choices that say something of an answer, as all do that are right.
    found = []
    for choice in chunk.choices:
        delta = getattr(choice, "delta", None)
        calls = getattr(delta, "tool_calls", None) or []
        indexed = all(isinstance(getattr(one, "index", None), int) for one in calls)
        if indexed and isinstance(choice.index, int) and isinstance(delta, ChoiceDelta):
            found.append(choice)
    return found


class _ChoiceState:
    # One choice as it grows, and what of it has been told.
    def __init__(self, response_format: Any, tools: Any) -> None:
        self._format = response_format
        self._tools = tools
        self._message: dict[str, Any] = {}
        self._rest: dict[str, Any] = {}
        self._logprobs: dict[str, list[Any]] = {}
        self._told: set[Any] = set()
        self._call: int | None = None  # the one that is being written
        self._done: dict[Any, Any] = {}  # what is parsed for good
        self._growing: dict[Any, PartialJSON] = {}  # and what is closed of what is not
        self.choice: Any = None

    def add(self, piece: Any) -> Any:
        """Takes what is new; returns the choice as it stands."""
        accumulate(self._message, piece.delta.to_dict())
        rest = piece.model_dump(exclude_unset=True, exclude={"delta", "logprobs"})
        if rest.get("finish_reason") is None and self._rest.get("finish_reason"):
            rest.pop("finish_reason", None)
        self._rest.update(rest)
        for name in ("content", "refusal"):
            more = getattr(piece.logprobs, name, None)
            if more is not None:
                self._logprobs.setdefault(name, []).extend(more)
        document = {**self._rest, "message": self._message}
        if self._logprobs or "logprobs" in piece.model_fields_set:
            document["logprobs"] = None
        self.choice = ParsedChoice(**document)
        if self._logprobs:
            said = {name: self._logprobs.get(name) for name in ("content", "refusal")}
            self.choice.logprobs = ChoiceLogprobs(**said)
        self._parse(self.choice.message, piece.delta)
        return self.choice

    def _parse(self, message: Any, delta: Any) -> None:
        # What is closed of the JSON that is arriving: one object, which grows.
        if inspect.isclass(self._format) and message.content and not message.refusal:
            message.parsed = self._so_far("content", delta.content)
        said = {one.index: one.function for one in delta.tool_calls or []}
        for at, call in enumerate(message.tool_calls or []):
            tool = _parsing.tool_named(call.function.name, self._tools) if call.function else None
            if tool and tool.get("strict") and call.function.arguments:
                more = getattr(said.get(at), "arguments", None)
                call.function.parsed_arguments = self._so_far(at, more)

    def _so_far(self, what: Any, more: str | None) -> Any:
        if what not in self._growing:
            self._growing[what] = PartialJSON()
        if more:
            self._growing[what].feed(more)
        return self._done.get(what, self._growing[what].value)

    def events(self, piece: Any) -> Iterator[StreamEvent]:
        """What has happened with the piece that was added last."""
        message, delta = self.choice.message, piece.delta
        if delta.content is not None and message.content is not None:
            yield ContentDeltaEvent(
                type="content.delta",
                delta=delta.content,
                snapshot=message.content,
                parsed=message.parsed,
            )
        if delta.refusal is not None and message.refusal is not None:
            yield RefusalDeltaEvent(
                type="refusal.delta", delta=delta.refusal, snapshot=message.refusal
            )
        for one in delta.tool_calls or []:
            call = message.tool_calls[one.index]
            if call.type == "function" and one.function is not None:
                yield FunctionToolCallArgumentsDeltaEvent(
                    type="tool_calls.function.arguments.delta",
                    name=call.function.name,
                    index=one.index,
                    arguments=call.function.arguments,
                    parsed_arguments=call.function.parsed_arguments,
                    arguments_delta=one.function.arguments or "",
                )
        logprobs = self.choice.logprobs
        for name, kind in (
            ("content", LogprobsContentDeltaEvent),
            ("refusal", LogprobsRefusalDeltaEvent),
        ):
            more = getattr(piece.logprobs, name, None)
            if more:
                yield kind(
                    type=f"logprobs.{name}.delta",
                    snapshot=getattr(logprobs, name),
                    **{name: more},
                )
        yield from self._ends(delta)

    def _ends(self, delta: Any) -> Iterator[StreamEvent]:
        if self.choice.finish_reason:
            yield from self._texts_end()
            yield from self._call_ends()
        for one in delta.tool_calls or []:
            if self._call != one.index:
                yield from self._texts_end()
                yield from self._call_ends()
            self._call = one.index

    def _texts_end(self) -> Iterator[StreamEvent]:
        message, logprobs = self.choice.message, self.choice.logprobs
        if message.content and self._first("content"):
            message.parsed = self._done["content"] = _parsing.content(message, self._format)
            yield ContentDoneEvent(
                type="content.done", content=message.content, parsed=message.parsed
            )
        if message.refusal is not None and self._first("refusal"):
            yield RefusalDoneEvent(type="refusal.done", refusal=message.refusal)
        if logprobs is not None and logprobs.content is not None and self._first("l content"):
            yield LogprobsContentDoneEvent(type="logprobs.content.done", content=logprobs.content)
        if logprobs is not None and logprobs.refusal is not None and self._first("l refusal"):
            yield LogprobsRefusalDoneEvent(type="logprobs.refusal.done", refusal=logprobs.refusal)

    def _call_ends(self) -> Iterator[StreamEvent]:
        at = self._call
        if at is None or not self._first(at):
            return
        call = self.choice.message.tool_calls[at]
        if call.type == "function":
            made = self._done[at] = _parsing.arguments(call.function, self._tools)
            call.function.parsed_arguments = made
            yield FunctionToolCallArgumentsDoneEvent(
                type="tool_calls.function.arguments.done",
                index=at,
                name=call.function.name,
                arguments=call.function.arguments,
                parsed_arguments=made,
            )

    def _first(self, what: Any) -> bool:
        if what in self._told:
            return False
        self._told.add(what)
        return True


def accumulate(found: dict[str, Any], delta: dict[str, Any]) -> dict[str, Any]:
    """Adds a delta: texts and numbers to each other, entries of lists by their `index`."""
    for name, value in delta.items():
        old = found.get(name)
        if isinstance(value, list) and any(
            isinstance(one, dict) and "index" in one for one in value
        ):
            old = found[name] = [] if old is None else old
            for one in value:
                while len(old) <= one["index"]:
                    old.append({})
                accumulate(old[one["index"]], one)
        elif old is None or name in ("index", "type"):
            found[name] = value
        elif isinstance(old, dict) and isinstance(value, dict):
            accumulate(old, value)
        elif isinstance(old, list) and isinstance(value, list):
            old.extend(value)
        elif isinstance(old, str) and isinstance(value, str):
            found[name] = value if name == "role" else old + value
        elif isinstance(old, (int, float)) and isinstance(value, (int, float)):
            found[name] = old + value
    return found


class ChatCompletionStream:
    """Events of an answer."""

    def __init__(self, raw: Stream[Any], response_format: Any, tools: Any) -> None:
        self._raw = raw
        self._state = ChatCompletionStreamState(response_format=response_format, input_tools=tools)
        self._ready: deque[StreamEvent] = deque()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        while not self._ready:
            chunk = next(self._raw)
            if chunk.object == "chat.completion.chunk":
                self._ready.extend(self._state.handle_chunk(chunk))
        return self._ready.popleft()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object = None, error: object = None, trace: object = None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the answer and releases its connection. Idempotent."""
        self._raw.close()

    def until_done(self) -> Self:
        """Reads the rest."""
        for _ in self:
            pass
        return self

    def get_final_completion(self) -> ParsedChatCompletion:
        """Reads the rest, and gives the whole answer."""
        self.until_done()
        return self._state.get_final_completion(self._raw.whole())

    @property
    def current_completion_snapshot(self) -> ParsedChatCompletion:
        """The answer as it stands."""
        return self._state.current_completion_snapshot


class AsyncChatCompletionStream:
    """Events of an answer."""

    def __init__(self, raw: AsyncStream[Any], response_format: Any, tools: Any) -> None:
        self._raw = raw
        self._state = ChatCompletionStreamState(response_format=response_format, input_tools=tools)
        self._ready: deque[StreamEvent] = deque()

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        while not self._ready:
            chunk = await self._raw.__anext__()
            if chunk.object == "chat.completion.chunk":
                self._ready.extend(self._state.handle_chunk(chunk))
        return self._ready.popleft()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: object = None, error: object = None, trace: object = None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the answer and releases its connection. Idempotent."""
        await self._raw.close()

    async def until_done(self) -> Self:
        """Reads the rest."""
        async for _ in self:
            pass
        return self

    async def get_final_completion(self) -> ParsedChatCompletion:
        """Reads the rest, and gives the whole answer."""
        await self.until_done()
        return self._state.get_final_completion(self._raw.whole())

    @property
    def current_completion_snapshot(self) -> ParsedChatCompletion:
        """The answer as it stands."""
        return self._state.current_completion_snapshot


class ChatCompletionStreamManager:
    """A chat that `with` asks."""

    def __init__(self, begin: Callable[[], Stream[Any]], response_format: Any, tools: Any) -> None:
        self._begin = begin
        self._given = (response_format, tools)
        self._stream: ChatCompletionStream | None = None

    def __enter__(self) -> ChatCompletionStream:
        self._stream = ChatCompletionStream(self._begin(), *self._given)
        return self._stream

    def __exit__(self, kind: object = None, error: object = None, trace: object = None) -> None:
        if self._stream is not None:
            self._stream.close()


class AsyncChatCompletionStreamManager:
    """A chat that `async with` asks."""

    def __init__(
        self, begin: Callable[[], Awaitable[AsyncStream[Any]]], response_format: Any, tools: Any
    ) -> None:
        self._begin = begin
        self._given = (response_format, tools)
        self._stream: AsyncChatCompletionStream | None = None

    async def __aenter__(self) -> AsyncChatCompletionStream:
        self._stream = AsyncChatCompletionStream(await self._begin(), *self._given)
        return self._stream

    async def __aexit__(
        self, kind: object = None, error: object = None, trace: object = None
    ) -> None:
        if self._stream is not None:
            await self._stream.close()
