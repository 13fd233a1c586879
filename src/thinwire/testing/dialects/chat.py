"""Chat completions, as strict as the service: its fields, the order of roles, and that each tool
call has its result. Checked on demand only: `MockServer(strict=True)`.

Source: the reference of OpenAI's `POST /chat/completions`.
"""

from collections.abc import Mapping
from typing import Any

from thinwire.testing.dialects import Problem
from thinwire.testing.dialects.shapes import (
    Check,
    Fields,
    anything,
    at_least,
    between,
    boolean,
    by,
    either,
    fields,
    integer,
    list_of,
    mapping,
    maybe,
    object_of,
    one_of,
    text,
)
from thinwire.testing.replies.chunks import error_object
from thinwire.testing.replies.completion import MockCompletion
from thinwire.testing.replies.reply import MockReply
from thinwire.testing.server.request import RecordedRequest

FUNCTION: Fields = {
    "name": text,
    "description": maybe(text),
    "parameters": maybe(mapping),
    "strict": maybe(boolean),
}
_URL = object_of({"url": text, "detail": one_of("auto", "low", "high", "original")}, ("url",))
_FILE = object_of({"file_data": text, "file_id": text, "filename": text})
_AUDIO = object_of({"data": text, "format": one_of("wav", "mp3")}, ("data", "format"))
_TEXT_PART = object_of({"type": text, "text": text}, ("text",))
_PARTS = {
    "text": _TEXT_PART,
    "image_url": object_of({"type": text, "image_url": _URL}, ("image_url",)),
    "input_audio": object_of({"type": text, "input_audio": _AUDIO}, ("input_audio",)),
    "file": object_of({"type": text, "file": _FILE}, ("file",)),
}
_TEXTS = either(text, list_of(by("type", {"text": _TEXT_PART}), 1))
_REFUSAL = object_of({"type": text, "refusal": text}, ("refusal",))
_SAID = list_of(by("type", {"text": _TEXT_PART, "refusal": _REFUSAL}), 1)
_FUNCTION_CALL = object_of({"name": text, "arguments": text}, ("name", "arguments"))
_CUSTOM_CALL = object_of({"name": text, "input": text}, ("name", "input"))
_CALLS = {
    "function": object_of(
        {"id": text, "type": text, "function": _FUNCTION_CALL}, ("id", "function")
    ),
    "custom": object_of({"id": text, "type": text, "custom": _CUSTOM_CALL}, ("id", "custom")),
}


def _message(known: Fields, *required: str) -> Check:
    return object_of({"role": text, "name": maybe(text), **known}, required)


_MESSAGES = {
    "system": _message({"content": _TEXTS}, "content"),
    "developer": _message({"content": _TEXTS}, "content"),
    "user": _message({"content": either(text, list_of(by("type", _PARTS), 1))}, "content"),
    "assistant": _message(
        {
            "content": maybe(either(text, _SAID)),
            "refusal": maybe(text),
            "audio": maybe(object_of({"id": text}, ("id",))),
            "tool_calls": list_of(by("type", _CALLS), 1),
            "function_call": maybe(_FUNCTION_CALL),
        }
    ),
    "tool": _message({"content": _TEXTS, "tool_call_id": text}, "content", "tool_call_id"),
    "function": _message({"content": maybe(text)}, "content", "name"),
}
_TOOLS = {
    "function": object_of(
        {"type": text, "function": object_of(FUNCTION, ("name",))}, ("function",)
    ),
    "custom": object_of({"type": text, "custom": mapping}, ("custom",)),
}
_FIELDS: Fields = {
    "model": text,
    "messages": list_of(by("role", _MESSAGES), 1),
    "tools": list_of(by("type", _TOOLS), 1),
    "tool_choice": either(one_of("none", "auto", "required"), mapping),
    "parallel_tool_calls": boolean,
    "stream": maybe(boolean),
    "stream_options": maybe(object_of({"include_usage": boolean, "include_obfuscation": boolean})),
    "temperature": maybe(between(0, 2)),
    "top_p": maybe(between(0, 1)),
    "frequency_penalty": maybe(between(-2, 2)),
    "presence_penalty": maybe(between(-2, 2)),
    "max_tokens": maybe(at_least(1)),
    "max_completion_tokens": maybe(at_least(1)),
    "n": maybe(at_least(1)),
    "seed": maybe(integer),
    "stop": maybe(either(text, list_of(text))),
    "logprobs": maybe(boolean),
    "top_logprobs": maybe(integer),
    "logit_bias": maybe(mapping),
    "response_format": by(
        "type",
        {
            "text": object_of({"type": text}),
            "json_object": object_of({"type": text}),
            "json_schema": object_of({"type": text, "json_schema": mapping}, ("json_schema",)),
        },
    ),
    "reasoning_effort": maybe(one_of("none", "minimal", "low", "medium", "high", "xhigh", "max")),
    "verbosity": maybe(one_of("low", "medium", "high")),
    "modalities": maybe(list_of(one_of("text", "audio"))),
    "audio": maybe(mapping),
    "prediction": maybe(mapping),
    "web_search_options": mapping,
    "store": maybe(boolean),
    "metadata": maybe(mapping),
    "service_tier": maybe(text),
    "user": text,
    "safety_identifier": text,
    "prompt_cache_key": text,
    "prompt_cache_retention": maybe(text),
    "functions": list_of(object_of(FUNCTION, ("name",)), 1),
    "function_call": anything,
}


def check(payload: Mapping[str, Any], request: RecordedRequest) -> None:
    """See MockWire. Azure's path names the model: then it need not be in the body."""
    fields(payload, "", _FIELDS, ("messages",))
    options = payload.get("stream_options")
    if options is not None and not payload.get("stream"):
        message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise Problem(message, "stream_options")
    if "tools" not in payload:
        for name in ("tool_choice", "parallel_tool_calls"):
            if name in payload:
                raise Problem(f"'{name}' is only allowed when 'tools' are specified.", name)
    _pairs(payload["messages"])


def _pairs(messages: list[dict[str, Any]]) -> None:
    # Each call's result stands behind it, before anybody else speaks, and no other result does.
    waiting: dict[str, int] = {}
    calling = False
    for index, message in enumerate(messages):
        place = f"messages[{index}]"
        if message["role"] == "tool":
            if not calling:
                raise Problem(
                    "messages with role 'tool' must be a response to a preceding message with"
                    " 'tool_calls'.",
                    place + ".role",
                )
            if waiting.pop(message["tool_call_id"], None) is None:
                raise Problem("Invalid parameter: no such call.", place + ".tool_call_id")
            continue
        _all_answered(waiting)
        calls = message.get("tool_calls", ())
        calling = bool(calls)
        waiting = {call["id"]: index for call in calls}
    _all_answered(waiting)


def _all_answered(waiting: Mapping[str, int]) -> None:
    for id, index in waiting.items():
        raise Problem(
            "An assistant message with 'tool_calls' must be followed by tool messages responding"
            f" to each 'tool_call_id'. The following tool_call_ids did not have response messages:"
            f" {id}",
            f"messages[{index}].tool_calls",
        )


def as_chat(payload: Mapping[str, Any]) -> dict[str, Any]:
    """See MockWire."""
    return dict(payload)


def reply(completion: MockCompletion, request: RecordedRequest) -> MockReply:
    """See MockWire."""
    return completion(request)


def refusal(problem: Problem) -> object:
    """See MockWire."""
    body: dict[str, Any] = error_object(problem.status, problem.message, problem.code)
    body["error"]["param"] = problem.param
    return body
