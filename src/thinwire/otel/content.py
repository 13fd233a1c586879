"""Messages, answers and tools as the GenAI conventions write them (the JSON schemas that stand
beside them in open-telemetry/semantic-conventions, version 1.41.0): JSON texts in attributes of a
call's span. Only for who asks for it, since they hold what people say.

What is read while it is sent (a file, a history on disk) is named by its class and not read.
"""

import contextlib
import json
from collections.abc import Mapping
from typing import Any

_MODALITIES = {"image_url": "image", "input_audio": "audio", "video_url": "video"}


def of_request(request: Any) -> dict[str, str]:
    """Attributes of what is asked."""
    found = {}
    if isinstance(request.messages, (list, tuple)) and request.messages:
        found["gen_ai.input.messages"] = _text([_message(one) for one in request.messages])
    if isinstance(request.tools, (list, tuple)) and request.tools:
        tools = [_tool(one) for one in request.tools if isinstance(one, Mapping)]
        found["gen_ai.tool.definitions"] = _text(tools)
    return found


def of_completion(completion: Any) -> dict[str, str]:
    """Attributes of what is answered, {} for nothing."""
    messages = []
    for choice in completion.choices:
        parts: list[Any] = []
        if choice.reasoning_content:
            parts.append({"type": "reasoning", "content": choice.reasoning_content})
        if choice.text:
            parts.append({"type": "text", "content": choice.text})
        parts += [_call(call.to_dict()) for call in choice.tool_calls]
        if parts:
            message = {"role": "assistant", "parts": parts}
            message["finish_reason"] = choice.finish_reason or "error"
            messages.append(message)
    return {"gen_ai.output.messages": _text(messages)} if messages else {}


def _message(message: Any) -> dict[str, Any]:
    if hasattr(message, "to_message"):
        message = message.to_message()
    if not isinstance(message, Mapping):
        return {"role": "user", "parts": [_part(message)]}
    role, content = str(message.get("role", "user")), message.get("content")
    if role == "tool":
        response = {"type": "tool_call_response", "id": message.get("tool_call_id")}
        return {"role": role, "parts": [{**response, "response": _plain(content)}]}
    if isinstance(content, (list, tuple)):
        parts = [_part(one) for one in content]
    else:
        parts = [] if content in (None, "") else [_part(content)]
    calls = message.get("tool_calls")
    parts += [_call(one) for one in calls if isinstance(one, Mapping)] if calls else []
    return {"role": role, "parts": parts}


def _part(part: Any) -> dict[str, Any]:
    if not isinstance(part, Mapping):
        return {"type": "text", "content": _plain(part)}
    kind = str(part.get("type", ""))
    if kind == "text":
        return {"type": "text", "content": _plain(part.get("text"))}
    modality = _MODALITIES.get(kind)
    if modality is None:
        return {"type": kind}
    link = part.get(kind)
    link = link.get("url") if isinstance(link, Mapping) else link
    if isinstance(link, str) and link[:4] == "http":
        return {"type": "uri", "modality": modality, "uri": link}
    return {"type": kind, "modality": modality}  # its bytes are nobody's to read here


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    body = call.get("function") or call.get("custom") or {}
    arguments = body.get("arguments", body.get("input"))
    if isinstance(arguments, str):
        with contextlib.suppress(ValueError):
            arguments = json.loads(arguments)
    found = {"type": "tool_call", "id": call.get("id"), "name": body.get("name")}
    return {**found, "arguments": _plain(arguments)}


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    body = tool.get("function")
    if not isinstance(body, Mapping):
        return dict(tool)
    return {"type": "function", **body}


def _plain(value: Any) -> Any:
    # A text or what JSON has; of anything else its class.
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return f"<{type(value).__name__}>"


def _text(value: object) -> str:
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))
