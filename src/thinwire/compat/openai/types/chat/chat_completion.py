"""A whole answer to a chat."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from thinwire.compat.openai._models import BaseModel
from thinwire.compat.openai.types.chat.chat_completion_message import (
    ChatCompletionMessage,
    ParsedChatCompletionMessage,
)
from thinwire.compat.openai.types.completion_usage import CompletionUsage

FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "function_call"]
Anything: TypeAlias = object
ServiceTier = Literal["auto", "default", "flex", "scale", "priority", "fast"]


class TopLogprob(BaseModel):
    """How likely another token was."""

    token: str
    bytes: list[int] | None = None
    logprob: float


class ChatCompletionTokenLogprob(BaseModel):
    """How likely a token was."""

    token: str
    bytes: list[int] | None = None
    logprob: float
    top_logprobs: list[TopLogprob]


class ChoiceLogprobs(BaseModel):
    """How likely the tokens of a choice were."""

    content: list[ChatCompletionTokenLogprob] | None = None
    refusal: list[ChatCompletionTokenLogprob] | None = None


class Choice(BaseModel):
    """One of the answers to a request."""

    finish_reason: FinishReason
    index: int
    logprobs: ChoiceLogprobs | None = None
    message: ChatCompletionMessage


class Moderation(BaseModel):
    """What a moderation model thinks of a chat."""

    input: Anything
    output: Anything


class ChatCompletion(BaseModel):
    """A whole answer.

    Attributes:
        thinwire: its Completion: attempts, timings, cost, rate limits, who answered; None of an
            object that was made by hand.
    """

    id: str
    choices: list[Choice]
    created: int
    model: str
    object: Literal["chat.completion"]
    metadata: dict[str, str] | None = None
    moderation: Moderation | None = None
    service_tier: ServiceTier | None = None
    system_fingerprint: str | None = None
    usage: CompletionUsage | None = None

    thinwire: Any = None


class ChatCompletionDeleted(BaseModel):
    """A chat that a server kept."""

    id: str
    deleted: bool
    object: Literal["chat.completion.deleted"]


class ParsedChoice(Choice):
    """An answer whose content was parsed."""

    message: ParsedChatCompletionMessage


class ParsedChatCompletion(ChatCompletion):
    """A whole answer whose content was parsed."""

    choices: list[ParsedChoice]  # type: ignore[assignment]
