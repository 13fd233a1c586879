"""What chat models of LangChain take and give, without LangChain: messages by their fields.

A prompt is a str, a list, or what has `to_messages`; a message is a dict, a (role, text) pair, a
str, or an object with `type` and `content`, as those of langchain_core.messages are.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from thinwire import Completion
from thinwire._public import public

_ROLES = {"human": "user", "ai": "assistant", "AIMessageChunk": "assistant", "chat": "user"}
_OWN = ("role", "content", "tool_calls")


@public
@dataclass
class AIMessage:
    """An answer.

    Args:
        content: its text.
        tool_calls: [{"name", "args", "id", "type": "tool_call"}], whose arguments make sense.
        invalid_tool_calls: likewise those whose arguments are no JSON object; "args" is the text.
        id: the server's.
        response_metadata: finish_reason, model_name, token_usage.
        usage_metadata: input_tokens, output_tokens, total_tokens.
        additional_kwargs: what its server wants back with it (reasoning, signatures).
    """

    content: str = ""
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    invalid_tool_calls: list[dict[str, Any]] = field(default_factory=list)
    id: str | None = None
    response_metadata: dict[str, Any] = field(default_factory=dict)
    usage_metadata: dict[str, int] | None = None
    additional_kwargs: dict[str, Any] = field(default_factory=dict)

    type = "ai"

    @property
    def text(self) -> str:
        """Its text."""
        return self.content


@public
@dataclass
class AIMessageChunk(AIMessage):
    """A piece of an answer; the pieces add up to the whole, the last one has all but the text."""

    type = "AIMessageChunk"

    def __add__(self, other: "AIMessageChunk") -> "AIMessageChunk":
        return AIMessageChunk(
            self.content + other.content,
            self.tool_calls + other.tool_calls,
            self.invalid_tool_calls + other.invalid_tool_calls,
            other.id or self.id,
            {**self.response_metadata, **other.response_metadata},
            other.usage_metadata or self.usage_metadata,
            {**self.additional_kwargs, **other.additional_kwargs},
        )


def wire_messages(prompt: Any) -> list[Any]:
    """Messages as they are sent."""
    if hasattr(prompt, "to_messages"):
        prompt = prompt.to_messages()
    if not isinstance(prompt, list):
        prompt = [prompt]
    return [_wire_message(message) for message in prompt]


def _wire_message(message: Any) -> Any:
    if isinstance(message, str):
        return {"role": "user", "content": message}
    if isinstance(message, tuple):
        role, content = message
        return {"role": _ROLES.get(role, role), "content": content}
    if isinstance(message, Mapping) or hasattr(message, "to_message"):
        return message
    kind = getattr(message, "role", None) or message.type
    found: dict[str, Any] = {"role": _ROLES.get(kind, kind), "content": message.content}
    if found["role"] == "assistant":
        more = getattr(message, "additional_kwargs", None) or {}
        found.update({name: value for name, value in more.items() if value is not None})
        calls = [_wire_call(call) for call in getattr(message, "tool_calls", None) or ()]
        broken = getattr(message, "invalid_tool_calls", None) or ()
        calls += [_wire_call(call) for call in broken]
        if calls:
            found["tool_calls"] = calls
    if getattr(message, "tool_call_id", None):
        found["tool_call_id"] = message.tool_call_id
    return found


def _wire_call(call: Mapping[str, Any]) -> dict[str, Any]:
    args, extra = call.get("args"), dict(call.get("extra") or {})
    text = args if isinstance(args, str) else json.dumps(args or {}, ensure_ascii=False)
    function = {**extra.pop("function", {}), "name": call["name"], "arguments": text}
    return {"id": call.get("id"), "type": "function", "function": function, **extra}


def fields_of(completion: Completion) -> dict[str, Any]:
    """Fields of an AIMessage that are known when an answer is whole, but for its text."""
    whole: list[dict[str, Any]] = []
    broken: list[dict[str, Any]] = []
    for call in completion.tool_calls:
        good = call.arguments is not None
        one = {
            "name": call.name,
            "args": call.arguments if good else call.arguments_raw,
            "id": call.id,
            "type": "tool_call" if good else "invalid_tool_call",
        }
        if call.extra:
            one["extra"] = dict(call.extra)
        (whole if good else broken).append(one)
    usage = completion.usage
    counts = [usage.get(name) for name in ("prompt_tokens", "completion_tokens", "total_tokens")]
    names = ("input_tokens", "output_tokens", "total_tokens")
    known = dict(zip(names, (one if isinstance(one, int) else 0 for one in counts), strict=True))
    sent = completion.to_message()
    return {
        "tool_calls": whole,
        "invalid_tool_calls": broken,
        "id": completion.id or None,
        "response_metadata": {
            "finish_reason": completion.finish_reason,
            "model_name": completion.upstream_model or completion.model,
            "token_usage": dict(usage),
        },
        "usage_metadata": known if usage else None,
        "additional_kwargs": {name: sent[name] for name in sent if name not in _OWN},
    }


def wire_tool(tool: Any) -> Any:
    """A tool as it is sent: a dict, of a tool or of its function, or one of LangChain's tools."""
    if isinstance(tool, Mapping):
        return tool if "function" in tool else {"type": "function", "function": tool}
    schema = getattr(tool, "args_schema", None)
    if schema is not None and not isinstance(schema, Mapping):
        schema = schema.model_json_schema()
    if schema is None:
        schema = {"type": "object", "properties": getattr(tool, "args", {})}
    function = {"name": tool.name, "description": tool.description, "parameters": dict(schema)}
    return {"type": "function", "function": function}
