"""The message of an answer, and the calls of tools in it."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from thinwire.compat.openai._models import BaseModel


class AnnotationURLCitation(BaseModel):
    """What a citation points to."""

    end_index: int
    start_index: int
    title: str
    url: str


class Annotation(BaseModel):
    """A citation."""

    type: Literal["url_citation"]
    url_citation: AnnotationURLCitation


class ChatCompletionAudio(BaseModel):
    """Sound of an answer, in base64."""

    id: str
    data: str
    expires_at: int
    transcript: str


class FunctionCall(BaseModel):
    """A call of a function, as models made it before there were tools."""

    arguments: str
    name: str


class Function(BaseModel):
    """The function of a call, its arguments as JSON text."""

    arguments: str
    name: str


class ChatCompletionMessageFunctionToolCall(BaseModel):
    """A call of a function."""

    id: str
    function: Function
    type: Literal["function"]


class Custom(BaseModel):
    """The custom tool of a call, and its input."""

    input: str
    name: str


class ChatCompletionMessageCustomToolCall(BaseModel):
    """A call of a custom tool."""

    id: str
    custom: Custom
    type: Literal["custom"]


ChatCompletionMessageToolCall: TypeAlias = ChatCompletionMessageFunctionToolCall
ChatCompletionMessageToolCallUnion: TypeAlias = (
    ChatCompletionMessageFunctionToolCall | ChatCompletionMessageCustomToolCall
)


class ChatCompletionMessage(BaseModel):
    """The message of an answer; can be appended to the conversation as it is."""

    content: str | None = None
    refusal: str | None = None
    role: Literal["assistant"]
    annotations: list[Annotation] | None = None
    audio: ChatCompletionAudio | None = None
    function_call: FunctionCall | None = None
    tool_calls: list[ChatCompletionMessageToolCallUnion] | None = None


class ParsedFunction(Function):
    """A function whose arguments were parsed."""

    parsed_arguments: Any = None


class ParsedFunctionToolCall(ChatCompletionMessageFunctionToolCall):
    """A call whose arguments were parsed."""

    function: ParsedFunction


class ParsedChatCompletionMessage(ChatCompletionMessage):
    """A message whose content was parsed."""

    parsed: Any = None
    tool_calls: list[ParsedFunctionToolCall] | None = None  # type: ignore[assignment]
