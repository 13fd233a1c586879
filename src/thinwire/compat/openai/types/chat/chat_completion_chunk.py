"""A piece of an answer, as it comes in a stream."""

from __future__ import annotations

from typing import Literal

from thinwire.compat.openai._models import BaseModel
from thinwire.compat.openai.types.chat.chat_completion import (
    ChoiceLogprobs,
    FinishReason,
    Moderation,
    ServiceTier,
)
from thinwire.compat.openai.types.completion_usage import CompletionUsage


class ChoiceDeltaAudio(BaseModel):
    """A piece of an answer's sound."""

    id: str | None = None
    data: str | None = None
    expires_at: int | None = None
    transcript: str | None = None


class ChoiceDeltaFunctionCall(BaseModel):
    """A piece of a call, as models made it before there were tools."""

    arguments: str | None = None
    name: str | None = None


class ChoiceDeltaToolCallFunction(BaseModel):
    """A piece of the arguments of a call."""

    arguments: str | None = None
    name: str | None = None


class ChoiceDeltaToolCall(BaseModel):
    """A piece of a call."""

    index: int
    id: str | None = None
    function: ChoiceDeltaToolCallFunction | None = None
    type: Literal["function"] | None = None


class ChoiceDelta(BaseModel):
    """What is new of a choice."""

    audio: ChoiceDeltaAudio | None = None
    content: str | None = None
    function_call: ChoiceDeltaFunctionCall | None = None
    refusal: str | None = None
    role: Literal["developer", "system", "user", "assistant", "tool"] | None = None
    tool_calls: list[ChoiceDeltaToolCall] | None = None


class Choice(BaseModel):
    """A piece of one of the answers to a request."""

    delta: ChoiceDelta
    finish_reason: FinishReason | None = None
    index: int
    logprobs: ChoiceLogprobs | None = None


class ChatCompletionChunk(BaseModel):
    """A piece of an answer."""

    id: str
    choices: list[Choice]
    created: int
    model: str
    object: Literal["chat.completion.chunk"]
    moderation: Moderation | None = None
    obfuscation: str | None = None
    service_tier: ServiceTier | None = None
    system_fingerprint: str | None = None
    usage: CompletionUsage | None = None
