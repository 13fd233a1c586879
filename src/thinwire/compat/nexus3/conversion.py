"""Messages of NEXUS3 as the wire has them, and answers as NEXUS3 has them.

An answer remembers what its server wants back with the next request (reasoning, signatures, fields
of its calls) in `meta`, so that `messages.append(answer)` is all that a conversation needs.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from thinwire import (
    AllAttemptsFailed,
    Completion,
    StreamInterrupted,
    ThinwireError,
)
from thinwire import (
    ToolCall as WireCall,
)
from thinwire.compat.nexus3.arguments import normalized
from thinwire.compat.nexus3.types import Message, ProviderError, Role, ToolCall

_OWN = ("role", "content", "tool_calls")
_REFUSALS = {
    401: "Authentication failed: the API key is not accepted",
    403: "Access forbidden: the API key may not do this",
    404: "API endpoint not found: check base_url and the model",
}


def wire_messages(messages: Iterable[Any], dynamic_context: str | None) -> list[Any]:
    """Messages as they are sent.

    Args:
        messages: Message objects, dicts, or what else has `to_message`, mixed as they come.
        dynamic_context: what is true of this moment, for the end of the last user message, where
            it spoils no prompt cache; where nobody has spoken it is a message of its own.
    """
    found = [_wire_message(message) for message in messages]
    if not dynamic_context:
        return found
    for place in range(len(found) - 1, -1, -1):
        message = found[place]
        if isinstance(message, dict) and message.get("role") == "user":
            content = message.get("content") or ""
            if isinstance(content, list):
                content = [*content, {"type": "text", "text": dynamic_context}]
            else:
                content = f"{content}\n\n{dynamic_context}" if content else dynamic_context
            found[place] = {**message, "content": content}
            return found
    return [*found, {"role": "user", "content": dynamic_context}]


def _wire_message(message: Any) -> Any:
    if isinstance(message, Mapping):
        role = message.get("role")
        return {**message, "role": getattr(role, "value", role)}
    if hasattr(message, "to_message"):
        return message
    meta = getattr(message, "meta", None) or {}
    found = {
        "role": getattr(message.role, "value", message.role),
        "content": message.content,
        **meta.get("wire", {}),
    }
    if message.tool_calls:
        found["tool_calls"] = [_wire_call(call) for call in message.tool_calls]
    if message.tool_call_id is not None:
        found["tool_call_id"] = message.tool_call_id
    return found


def _wire_call(call: Any) -> dict[str, Any]:
    meta = getattr(call, "meta", None) or {}
    # What stood there, as long as it is what it says: a prompt cache compares bytes.
    text = meta.get("arguments_text")
    if text is None or json.loads(text) != call.arguments:
        text = json.dumps(call.arguments, ensure_ascii=False)
    extra = dict(meta.get("extra", {}))
    function = {**extra.pop("function", {}), "name": call.name, "arguments": text}
    return {"id": call.id, "type": "function", "function": function, **extra}


def message_of(completion: Completion, source_format: str) -> Message:
    """The answer.

    Args:
        completion: thinwire's.
        source_format: see ToolCall.
    """
    meta: dict[str, Any] = {
        "finish_reason": completion.finish_reason,
        "usage": dict(completion.usage),
        "reasoning": completion.reasoning_content,
    }
    sent = completion.to_message()
    meta["wire"] = {name: value for name, value in sent.items() if name not in _OWN}
    calls = tuple(_call_of(call, source_format) for call in completion.tool_calls)
    kept = {name: value for name, value in meta.items() if value}
    return Message(Role.ASSISTANT, completion.text or "", calls, meta=kept)


def _call_of(call: WireCall, source_format: str) -> ToolCall:
    arguments, meta = normalized(call.arguments_raw, call.name)
    meta["source_format"] = source_format
    if meta["argument_format"] == "json_object":
        meta["arguments_text"] = call.arguments_raw
    if call.extra:
        meta["extra"] = dict(call.extra)
    return ToolCall(call.id, call.name, arguments, meta)


def provider_error(error: ThinwireError) -> ProviderError:
    """The error in NEXUS3's words, for whoever looks for them; thinwire's own follow."""
    cause = error.last if isinstance(error, AllAttemptsFailed) else error
    status = getattr(cause, "status", 0)
    if isinstance(error, StreamInterrupted):
        said = f"{error}. Partial output may have been displayed; retry the request."
    elif status in _REFUSALS:
        said = f"{_REFUSALS[status]}: {error}"
    elif getattr(cause, "kind", "") in ("stream", "read") and not status:
        said = f"The request failed before any data was received: {error}. Please retry."
    else:
        said = str(error)
    return ProviderError(said)
