"""client.chat.completions: create, parse and stream."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, overload

from thinwire.compat.openai import _parsing
from thinwire.compat.openai._calls import Asked, as_json, whole
from thinwire.compat.openai._endpoints import Resource
from thinwire.compat.openai._response import RAW, APIResponse
from thinwire.compat.openai._stored import AsyncStored, Stored
from thinwire.compat.openai._stream_helper import (
    AsyncChatCompletionStreamManager,
    ChatCompletionStreamManager,
)
from thinwire.compat.openai._streaming import AsyncStream, Pieces, Stream
from thinwire.compat.openai._types import NOT_GIVEN, given
from thinwire.compat.openai.types.chat import (
    ChatCompletion,
    ChatCompletionChunk,
    ParsedChatCompletion,
)

if TYPE_CHECKING:
    from thinwire.compat.openai._client import AsyncOpenAI, OpenAI

_PATH = "/chat/completions"
# What goes to thinwire's call as it is.
_OURS = ("timeouts", "retry", "hedge_after", "on_interrupt", "session")
_OPTIONS = ("extra_headers", "extra_query", "timeout", "max_retries", *_OURS)


class ChatCall:
    """A chat as thinwire's client is asked for it.

    Args:
        client: who asks.
        messages, model: of the chat.
        params: everything else that `create` was given.

    Attributes:
        asked: the call.
        usage: whether the caller wants the chunk that has the tokens.
        arguments: of thinwire's `chat` and `stream`.
    """

    def __init__(self, client: Any, messages: Any, model: Any, params: dict[str, Any]) -> None:
        params = given(params)
        if inspect.isclass(params.get("response_format")):
            raise TypeError(
                "You tried to pass a `BaseModel` class to `chat.completions.create()`;"
                " You must use `chat.completions.parse()` instead"
            )
        options = {name: params.pop(name) for name in _OPTIONS if name in params}
        self.asked = Asked(client, _PATH, options, model)
        usage = params.get("stream_options")
        self.usage = bool(isinstance(usage, dict) and usage.get("include_usage"))
        if isinstance(usage, dict):
            params["stream_options"] = {"include_usage": True, **usage}
        self.arguments: dict[str, Any] = {"model": model, **as_json(params), **self.asked.passed}
        if hasattr(messages, "__next__"):
            messages = list(messages)
        self.messages = as_json(messages) if isinstance(messages, (list, tuple)) else messages

    def will_stream(self) -> None:
        """Its chunks are handed out; an answer that begins anew behind them would be no answer."""
        self.asked.heard.streams = True
        self.arguments["on_interrupt"] = "raise"

    def result(self, completion: Any, raw: bool) -> Any:
        """The whole answer, as openai has it."""
        found = whole(self.asked, completion)
        if not raw:
            return found
        response = self.asked.response(completion, found.to_dict(mode="json"))
        return APIResponse(response, found, len(completion.attempts))

    def streamed(self, stream: Stream[Any] | AsyncStream[Any], raw: bool) -> Any:
        """The chunks, as openai has them."""
        if not raw:
            return stream
        return APIResponse(stream.response, stream, len(stream.thinwire.attempts))


def _with_usage(params: dict[str, Any]) -> dict[str, Any]:
    # Who gets events, and no chunks, is not surprised by one that has the tokens alone.
    options = params.get("stream_options")
    asked = {"include_usage": True, **(options if isinstance(options, dict) else {})}
    return {**params, "stream_options": asked}


class Completions(Stored):
    """Chats."""

    _client: OpenAI

    @overload
    def create(
        self, *, messages: Iterable[Any], model: str, stream: Literal[True], **params: Any
    ) -> Stream[ChatCompletionChunk]: ...

    @overload
    def create(
        self,
        *,
        messages: Iterable[Any],
        model: str,
        stream: Literal[False] | None = None,
        **params: Any,
    ) -> ChatCompletion: ...

    @overload
    def create(
        self, *, messages: Iterable[Any], model: str, stream: bool, **params: Any
    ) -> ChatCompletion | Stream[ChatCompletionChunk]: ...

    def create(
        self,
        *,
        messages: Iterable[Any],
        model: str,
        stream: Any = NOT_GIVEN,
        **params: Any,
    ) -> Any:
        """Asks a model.

        Args:
            messages: of the conversation; answers may be among them as they came.
            model: id at the server, or a name of `deployments`.
            stream: give chunks as they come.
            **params: fields of the API; extra_headers, extra_query, extra_body, timeout; of
                thinwire's call timeouts, retry, hedge_after, on_interrupt (a stream is never
                begun anew), session.

        Raises:
            APIError: see _exceptions.py.
        """
        raw = params.pop(RAW, False)
        call = ChatCall(self._client, messages, model, params)
        asked = call.asked
        if not stream:
            with asked.listening():
                completion = asked.core.chat(call.messages, **call.arguments)
            return call.result(completion, raw)
        call.will_stream()
        with asked.listening():
            events = asked.core.stream(call.messages, **call.arguments)
        return call.streamed(Stream(Pieces(asked, events, call.usage), events).begin(), raw)

    def parse(
        self,
        *,
        messages: Iterable[Any],
        model: str,
        response_format: Any = NOT_GIVEN,
        tools: Any = NOT_GIVEN,
        **params: Any,
    ) -> ParsedChatCompletion:
        """Asks a model for a type: `message.parsed`, `function.parsed_arguments`.

        Args:
            response_format: a model or dataclass of pydantic, or a schema, which is not parsed.
            tools: of functions; those of `pydantic_function_tool` give their models.

        Raises:
            LengthFinishReasonError, ContentFilterFinishReasonError: there is no whole answer.
        """
        tools = _parsing.checked_tools(tools)
        found = self.create(
            messages=messages,
            model=model,
            response_format=_parsing.format_of(response_format),
            tools=tools,
            **params,
        )
        return _parsing.parsed(found, response_format, tools)  # type: ignore[no-any-return]

    def stream(
        self,
        *,
        messages: Iterable[Any],
        model: str,
        response_format: Any = NOT_GIVEN,
        tools: Any = NOT_GIVEN,
        **params: Any,
    ) -> ChatCompletionStreamManager:
        """Asks a model; `with` gives events, and puts the answer together.

        Args:
            response_format, tools: see `parse`.
        """
        tools = _parsing.listed(tools)

        def begin() -> Any:
            return self.create(
                messages=messages,
                model=model,
                response_format=_parsing.format_of(response_format),
                tools=tools,
                stream=True,
                **_with_usage(params),
            )

        return ChatCompletionStreamManager(begin, response_format, tools)


class AsyncCompletions(AsyncStored):
    """Chats."""

    _client: AsyncOpenAI

    @overload
    async def create(
        self, *, messages: Iterable[Any], model: str, stream: Literal[True], **params: Any
    ) -> AsyncStream[ChatCompletionChunk]: ...

    @overload
    async def create(
        self,
        *,
        messages: Iterable[Any],
        model: str,
        stream: Literal[False] | None = None,
        **params: Any,
    ) -> ChatCompletion: ...

    @overload
    async def create(
        self, *, messages: Iterable[Any], model: str, stream: bool, **params: Any
    ) -> ChatCompletion | AsyncStream[ChatCompletionChunk]: ...

    async def create(
        self,
        *,
        messages: Iterable[Any],
        model: str,
        stream: Any = NOT_GIVEN,
        **params: Any,
    ) -> Any:
        """Asks a model; see Completions.create."""
        raw = params.pop(RAW, False)
        call = ChatCall(self._client, messages, model, params)
        asked = call.asked
        if not stream:
            with asked.listening():
                completion = await asked.core.chat(call.messages, **call.arguments)
            return call.result(completion, raw)
        call.will_stream()
        with asked.listening():
            events = asked.core.stream(call.messages, **call.arguments)
        begun = await AsyncStream[Any](Pieces(asked, events, call.usage), events).begin()
        return call.streamed(begun, raw)

    async def parse(
        self,
        *,
        messages: Iterable[Any],
        model: str,
        response_format: Any = NOT_GIVEN,
        tools: Any = NOT_GIVEN,
        **params: Any,
    ) -> ParsedChatCompletion:
        """Asks a model for a type; see Completions.parse."""
        tools = _parsing.checked_tools(tools)
        found = await self.create(
            messages=messages,
            model=model,
            response_format=_parsing.format_of(response_format),
            tools=tools,
            **params,
        )
        return _parsing.parsed(found, response_format, tools)  # type: ignore[no-any-return]

    def stream(
        self,
        *,
        messages: Iterable[Any],
        model: str,
        response_format: Any = NOT_GIVEN,
        tools: Any = NOT_GIVEN,
        **params: Any,
    ) -> AsyncChatCompletionStreamManager:
        """Asks a model; `async with` gives events; see Completions.stream."""
        tools = _parsing.listed(tools)

        async def begin() -> Any:
            return await self.create(
                messages=messages,
                model=model,
                response_format=_parsing.format_of(response_format),
                tools=tools,
                stream=True,
                **_with_usage(params),
            )

        return AsyncChatCompletionStreamManager(begin, response_format, tools)


class Chat(Resource):
    """What chats are under."""

    @cached_property
    def completions(self) -> Completions:
        """Chats."""
        return Completions(self._client)


class AsyncChat(Resource):
    """What chats are under."""

    @cached_property
    def completions(self) -> AsyncCompletions:
        """Chats."""
        return AsyncCompletions(self._client)
