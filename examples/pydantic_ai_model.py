"""A Model for pydantic-ai (2.68) over thinwire: agents get its clocks, fallbacks, honest endings.

    client = AsyncClient("openai:gpt-5-mini", fallbacks=["anthropic:claude-sonnet-4-5"])
    agent = Agent(ThinwireModel(client), tools=[...], output_type=City)

Texts, images by URL or bytes, tools, structured output by tools or natively, thoughts, streams.
What an answer said beside its text (signatures of thoughts, ...) goes back to its server with the
next turn: it is kept in the details of the response. To be copied, and changed.
"""

import base64
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from pydantic_ai.exceptions import ModelAPIError, ModelHTTPError
from pydantic_ai.messages import (
    BinaryContent,
    ImageUrl,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    ModelResponsePart,
    ModelResponseStreamEvent,
    RetryPromptPart,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import (
    Model,
    ModelRequestParameters,
    StreamedResponse,
    check_allow_model_requests,
)
from pydantic_ai.profiles import ModelProfile
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import RequestUsage

from thinwire import (
    AllAttemptsFailed,
    AsyncClient,
    ChatStream,
    Completion,
    ContentDelta,
    ReasoningDelta,
    StatusError,
    StreamComplete,
    ThinwireError,
    ToolCallDelta,
    ToolCallStarted,
)

SETTINGS = (
    "max_tokens temperature top_p seed presence_penalty frequency_penalty logit_bias"
    " parallel_tool_calls extra_headers extra_body"
)
REASONS = {"tool_calls": "tool_call", "function_call": "tool_call"}


class ThinwireModel(Model):
    """What a client's model is to an agent.

    Args:
        client: asks; it stays the caller's, who closes it.
        name: public model name; None for the client's default.
        settings: of each request.
    """

    def __init__(
        self,
        client: AsyncClient,
        name: "str | None" = None,
        settings: "ModelSettings | None" = None,
    ) -> None:
        profile = ModelProfile(supports_json_schema_output=True)
        super().__init__(settings=settings, profile=profile)
        self._client = client
        self._name = name

    @property
    def model_name(self) -> str:
        return self._name or (self._client.names or ["default"])[0]

    @property
    def system(self) -> str:
        return "thinwire"

    async def request(
        self,
        messages: "list[ModelMessage]",
        model_settings: "ModelSettings | None",
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        chat, options = self._asked(messages, model_settings, model_request_parameters)
        with errors_of(self.model_name):
            completion = await self._client.chat(chat, **options)
        return response_of(completion)

    @asynccontextmanager
    async def request_stream(
        self,
        messages: "list[ModelMessage]",
        model_settings: "ModelSettings | None",
        model_request_parameters: ModelRequestParameters,
        run_context: Any = None,
    ) -> "AsyncGenerator[StreamedResponse]":
        chat, options = self._asked(messages, model_settings, model_request_parameters)
        async with self._client.stream(chat, **options) as stream:
            yield Streamed(model_request_parameters, self.model_name, stream)

    def _asked(
        self, messages: Any, settings: Any, parameters: ModelRequestParameters
    ) -> "tuple[list[Any], dict[str, Any]]":
        # The chat, and the options of `chat` and `stream`.
        check_allow_model_requests()
        settings, parameters = self.prepare_request(settings, parameters)
        chosen = settings or {}
        options = {name: chosen[name] for name in SETTINGS.split() if name in chosen}
        options.update(model=self._name, stop=chosen.get("stop_sequences"))
        if chosen.get("timeout") is not None:
            options["timeouts"] = float(chosen["timeout"])
        tools = [*parameters.function_tools, *parameters.output_tools]
        if tools:
            options["tools"] = [tool_of(tool) for tool in tools]
            options["tool_choice"] = "auto" if parameters.allow_text_output else "required"
        wanted = parameters.output_object
        if parameters.output_mode == "native" and wanted is not None:
            schema = {
                "name": wanted.name or "answer",
                "schema": wanted.json_schema,
                "strict": wanted.strict if wanted.strict is not None else True,
            }
            options["response_format"] = {"type": "json_schema", "json_schema": schema}
        chat = []
        instructions = self._get_instruction_parts(messages, parameters)
        if instructions:
            text = "\n\n".join(part.content for part in instructions)
            chat.append({"role": "system", "content": text})
        for message in self.prepare_messages(messages, parameters):
            chat += request_of(message) if isinstance(message, ModelRequest) else [said(message)]
        return chat, options


@dataclass
class Streamed(StreamedResponse):
    """An answer of thinwire's as pydantic-ai reads it."""

    name: str
    stream: ChatStream
    began: datetime = field(default_factory=lambda: datetime.now(timezone.utc))

    async def close_stream(self) -> None:
        await self.stream.aclose()

    async def _get_event_iterator(self) -> "AsyncIterator[ModelResponseStreamEvent]":
        parts = self._parts_manager
        with errors_of(self.name):
            async for event in self.stream:
                if isinstance(event, ContentDelta):
                    for one in parts.handle_text_delta(vendor_part_id="text", content=event.text):
                        yield one
                elif isinstance(event, ReasoningDelta):
                    for one in parts.handle_thinking_delta(
                        vendor_part_id="thoughts", content=event.text, provider_name="thinwire"
                    ):
                        yield one
                elif isinstance(event, ToolCallStarted):
                    for one in parts.handle_tool_call_delta_events(
                        vendor_part_id=event.index, tool_name=event.name, tool_call_id=event.id
                    ):
                        yield one
                elif isinstance(event, ToolCallDelta):
                    for one in parts.handle_tool_call_delta_events(
                        vendor_part_id=event.index, args=event.arguments
                    ):
                        yield one
                elif isinstance(event, StreamComplete):
                    whole = response_of(event.completion)
                    self._usage = whole.usage
                    self.finish_reason = whole.finish_reason
                    self.provider_response_id = whole.provider_response_id
                    self.provider_details = whole.provider_details

    @property
    def model_name(self) -> str:
        return self.name

    @property
    def provider_name(self) -> str:
        return "thinwire"

    @property
    def provider_url(self) -> "str | None":
        return self.stream.completion.origin or None

    @property
    def timestamp(self) -> datetime:
        return self.began


@contextmanager
def errors_of(name: str) -> Any:
    """thinwire's errors as pydantic-ai's, within `with`."""
    try:
        yield
    except ThinwireError as error:
        last = error.last if isinstance(error, AllAttemptsFailed) else error
        if isinstance(last, StatusError) and last.status >= 400:
            raise ModelHTTPError(last.status, name, error.message) from error
        raise ModelAPIError(name, error.message) from error


def response_of(completion: Completion) -> ModelResponse:
    """A whole answer as pydantic-ai has it."""
    parts: list[ModelResponsePart] = []
    if completion.reasoning_content:
        parts.append(ThinkingPart(completion.reasoning_content, provider_name="thinwire"))
    if completion.text:
        parts.append(TextPart(completion.text))
    for call in completion.tool_calls:
        parts.append(ToolCallPart(call.name, call.arguments_raw, call.id))
    usage = completion.usage
    details = usage.get("prompt_tokens_details") or {}
    return ModelResponse(
        parts=parts,
        usage=RequestUsage(
            input_tokens=usage.get("prompt_tokens") or 0,
            output_tokens=usage.get("completion_tokens") or 0,
            cache_read_tokens=details.get("cached_tokens") or 0,
        ),
        model_name=completion.upstream_model or completion.model,
        provider_name="thinwire",
        provider_url=completion.origin or None,
        provider_response_id=completion.id or None,
        provider_details={"message": completion.to_message()},
        finish_reason=REASONS.get(completion.finish_reason, completion.finish_reason),
    )


def said(message: ModelResponse) -> "dict[str, Any]":
    """An answer of before, as it goes back: as it came, if it came from thinwire."""
    kept = (message.provider_details or {}).get("message")
    if message.provider_name == "thinwire" and kept:
        return kept
    result: dict[str, Any] = {"role": "assistant", "content": message.text or ""}
    calls = [part for part in message.parts if isinstance(part, ToolCallPart)]
    if calls:
        result["tool_calls"] = [
            {
                "id": call.tool_call_id,
                "type": "function",
                "function": {"name": call.tool_name, "arguments": call.args_as_json_str()},
            }
            for call in calls
        ]
    return result


def request_of(message: ModelRequest) -> "list[dict[str, Any]]":
    """What an agent says, as messages."""
    result: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, SystemPromptPart):
            result.append({"role": "system", "content": part.content})
        elif isinstance(part, UserPromptPart):
            content = part.content
            if not isinstance(content, str):
                content = [content_of(one) for one in content]
            result.append({"role": "user", "content": content})
        elif isinstance(part, ToolReturnPart):
            text = part.model_response_str()
            result.append({"role": "tool", "tool_call_id": part.tool_call_id, "content": text})
        elif isinstance(part, RetryPromptPart):
            text = part.model_response()
            if part.tool_name is None:
                result.append({"role": "user", "content": text})
            else:
                result.append({"role": "tool", "tool_call_id": part.tool_call_id, "content": text})
        else:
            raise TypeError("this model cannot send a %s" % type(part).__name__)
    return result


def content_of(part: Any) -> "dict[str, Any]":
    """A part of what the user says: a text or an image."""
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if isinstance(part, ImageUrl):
        return {"type": "image_url", "image_url": {"url": part.url}}
    if isinstance(part, BinaryContent) and part.is_image:
        data = base64.b64encode(part.data).decode()
        url = "data:%s;base64,%s" % (part.media_type, data)
        return {"type": "image_url", "image_url": {"url": url}}
    raise TypeError("this model cannot send a %s" % type(part).__name__)


def tool_of(tool: Any) -> "dict[str, Any]":
    """The definition of a tool."""
    function = {
        "name": tool.name,
        "description": tool.description or "",
        "parameters": tool.parameters_json_schema,
    }
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}
