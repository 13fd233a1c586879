"""aikido's requests as the wire has them, and what comes back in aikido's words."""

import base64
import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from thinwire import AllAttemptsFailed, Completion, StreamInterrupted, ThinwireError
from thinwire.compat.aikido.types import (
    AikidoError,
    CacheBreakpoint,
    ErrAuth,
    ErrContentFiltered,
    ErrInvalidRequest,
    ErrRateLimited,
    ErrServerError,
    ImageConfig,
    ImagePart,
    Message,
    Request,
    ThinkingConfig,
    ToolCall,
    ToolDef,
    Usage,
    python_names,
)

_MESSAGE = frozenset(one.name for one in fields(Message))
_OWN = ("role", "content", "tool_calls")
_ERRORS: dict[str, type[AikidoError]] = {
    "auth": ErrAuth,
    "quota": ErrAuth,
    "rate_limit": ErrRateLimited,
    "content_filter": ErrContentFiltered,
}
_INVALID = (
    "bad_request", "context_length", "encode", "model_not_found", "not_found", "too_large",
    "unsupported", "redirect",
)  # fmt: skip
_FILTERED = re.compile(r"content.?(filter|policy)|safety.?(filter|policy)", re.I)


def call_of(request: Request) -> dict[str, Any]:
    """Keyword arguments of AsyncClient.stream."""
    extra: dict[str, Any] = {}
    if request.image_config:
        config = vars(ImageConfig.of(request.image_config))
        extra["image_config"] = {name: value for name, value in config.items() if value}
    return {
        "messages": [_message(message) for message in request.messages],
        "tools": [_tool(tool) for tool in request.tools] or None,
        "model": request.model or None,
        "max_tokens": request.max_tokens or None,
        "temperature": request.temperature,
        "stop": list(request.stop_sequences) or None,
        "modalities": list(request.modalities) or None,
        "reasoning_effort": request.thinking and ThinkingConfig.of(request.thinking).word(),
        "extra_body": extra or None,
    }


def _message(given: Message | Mapping[str, Any]) -> Any:
    if isinstance(given, Mapping):
        named = python_names(given)
        calls = named.get("tool_calls") or ()
        if not set(named) <= _MESSAGE or any("function" in call for call in calls):
            return given  # it is in OpenAI's form
        given = Message(**named)
    found: dict[str, Any] = {"role": given.role, "content": _content(given), **given.extra}
    if given.tool_calls:
        found["tool_calls"] = [_call(ToolCall.of(call)) for call in given.tool_calls]
    if given.tool_call_id:
        found["tool_call_id"] = given.tool_call_id
    return found


def _content(message: Message) -> Any:
    if not message.images and message.cache is None:
        return message.content
    parts: list[dict[str, Any]] = []
    if message.content or not message.images:
        parts.append({"type": "text", "text": message.content})
    for one in message.images:
        image = ImagePart.of(one)
        url = image.url
        if image.data:
            kind = image.content_type or "image/png"
            url = f"data:{kind};base64,{base64.b64encode(image.data).decode()}"
        parts.append({"type": "image_url", "image_url": {"url": url}})
    if message.cache is not None:
        mark = {"type": "ephemeral"}
        if CacheBreakpoint.of(message.cache).ttl == "1h":
            mark["ttl"] = "1h"
        parts[-1]["cache_control"] = mark
    return parts


def _call(call: ToolCall) -> dict[str, Any]:
    extra = dict(call.extra)
    function = {**extra.pop("function", {}), "name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function, **extra}


def _tool(given: ToolDef | Mapping[str, Any]) -> Any:
    if isinstance(given, Mapping) and "function" in given:
        return given
    tool = ToolDef.of(given)
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    kept = {name: value for name, value in function.items() if value}
    return {"type": "function", "function": kept}


def usage_of(completion: Completion) -> Usage | None:
    """Token counts, None where the server gave none."""
    said = completion.usage
    if not said:
        return None
    details = said.get("prompt_tokens_details")
    places = [said, details if isinstance(details, Mapping) else {}]

    def count(*names: str) -> int:
        found = [place.get(name) for name in names for place in places]
        return next((one for one in found if isinstance(one, int)), 0)

    cost = completion.cost
    return Usage(
        count("prompt_tokens"),
        count("completion_tokens"),
        count("cached_tokens", "cache_read_tokens", "cache_read_input_tokens"),
        count("cache_write_tokens", "cache_creation_input_tokens"),
        float(cost) if isinstance(cost, (int, float)) else 0.0,
    )


def calls_of(completion: Completion) -> list[ToolCall]:
    """The calls that are whole."""
    return [
        ToolCall(call.id, call.name, call.arguments_raw or "{}", call.extra)
        for call in completion.tool_calls
        if completion.complete or (call.arguments is not None and call.arguments_raw)
    ]


def message_of(completion: Completion, calls: list[ToolCall]) -> Message:
    """The answer as a message."""
    sent = completion.to_message()
    extra = {name: value for name, value in sent.items() if name not in _OWN}
    return Message("assistant", completion.text or "", tool_calls=calls, extra=extra)


def error_of(error: ThinwireError) -> AikidoError:
    """The error in aikido's words, with thinwire's as its cause."""
    cause: Any = error.last if isinstance(error, AllAttemptsFailed) else error
    if isinstance(cause, StreamInterrupted) and isinstance(cause.cause, ThinwireError):
        cause = cause.cause
    kind = _ERRORS.get(cause.kind, ErrInvalidRequest if cause.kind in _INVALID else ErrServerError)
    if _FILTERED.search(f"{getattr(cause, 'code', '')} {cause}"):
        kind = ErrContentFiltered
    found = kind(str(error))
    found.__cause__ = error
    return found
