"""OpenAI's Responses API: requests checked as strictly as the service does, answers as its events.

Source: the API reference of `POST /responses` and of its streaming events, and the words of its
errors as they stand in issues (docs/wire.md C150-C162).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from thinwire.testing.dialects import Problem, chat
from thinwire.testing.dialects.responses_events import ResponsesEvents
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
    wrong_type,
)
from thinwire.testing.replies.completion import MockCompletion
from thinwire.testing.replies.reply import MockReply
from thinwire.testing.replies.steps import Step
from thinwire.testing.server.request import RecordedRequest

ENCRYPTED = "gAAAAA-mock-"  # how the encrypted content begins that the mock server gives
_ID = 64  # characters of a call's id
_INCLUDE = (
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
)
_STATUS = one_of("in_progress", "completed", "incomplete")
_BUILTIN = (
    "web_search web_search_preview file_search code_interpreter image_generation mcp shell"
    " local_shell apply_patch computer computer_use_preview"
).split()


def _call_id(value: Any, path: str) -> None:
    text(value, path)
    if not 0 < len(value) <= _ID:
        message = f"Invalid '{path}': string too long. Expected a string with maximum length {_ID}"
        raise Problem(message, path, "string_above_max_length")


def _encrypted(value: Any, path: str) -> None:
    text(value, path)
    if not value.startswith(ENCRYPTED):
        message = "The encrypted content could not be verified."
        raise Problem(message, path, "invalid_encrypted_content")


def _none(value: Any, path: str) -> None:
    if value != []:
        message = f"Invalid '{path}': array too long. Expected an array with maximum length 0."
        raise Problem(message, path, "array_above_max_length")


_IN_PARTS = {
    "input_text": object_of({"type": text, "text": text}, ("text",)),
    "input_image": object_of(
        {
            "type": text,
            "image_url": maybe(text),
            "file_id": maybe(text),
            "detail": one_of("auto", "low", "high", "original"),
        }
    ),
    "input_file": object_of(
        {
            "type": text,
            "file_data": text,
            "file_id": maybe(text),
            "file_url": text,
            "filename": text,
        }
    ),
    "input_audio": object_of(
        {"type": text, "input_audio": object_of({"data": text, "format": text})}, ("input_audio",)
    ),
}
_OUT_PARTS = {
    "output_text": object_of(
        {"type": text, "text": text, "annotations": list_of(mapping), "logprobs": anything},
        ("text",),
    ),
    "refusal": object_of({"type": text, "refusal": text}, ("refusal",)),
}
_INPUT = either(text, list_of(by("type", _IN_PARTS)))
_SUMMARY = by("type", {"summary_text": object_of({"type": text, "text": text}, ("text",))})
_MESSAGE: Fields = {"type": text, "role": text, "id": text, "status": _STATUS}
_PHASE = maybe(one_of("commentary", "final_answer"))
_MESSAGES = {
    "assistant": object_of(
        {
            **_MESSAGE,
            "content": either(text, list_of(by("type", _OUT_PARTS))),
            "phase": _PHASE,
        },
        ("content",),
    ),
    **{
        role: object_of({**_MESSAGE, "content": _INPUT}, ("content",))
        for role in ("user", "system", "developer")
    },
}


def _item(known: Fields, *required: str) -> Check:
    return object_of({"type": text, "id": text, "status": _STATUS, **known}, required)


_MORE: Fields = {"namespace": text, "caller": anything, "async": boolean}
_ITEMS: dict[str, Check] = {
    "message": by("role", _MESSAGES),
    "function_call": _item(
        {"call_id": _call_id, "name": text, "arguments": text, **_MORE},
        "call_id",
        "name",
        "arguments",
    ),
    "function_call_output": _item({"call_id": _call_id, "output": _INPUT}, "call_id", "output"),
    "custom_tool_call": _item(
        {"call_id": _call_id, "name": text, "input": text, **_MORE}, "call_id", "name", "input"
    ),
    "custom_tool_call_output": _item({"call_id": _call_id, "output": _INPUT}, "call_id", "output"),
    "reasoning": _item(
        {"summary": list_of(_SUMMARY), "content": _none, "encrypted_content": _encrypted},
        "summary",
    ),
    "item_reference": object_of({"type": text, "id": text}, ("id",)),
}
_TOOLS: dict[str, Check] = {
    "function": object_of(
        {
            "type": text,
            "name": text,
            "description": maybe(text),
            "parameters": maybe(mapping),
            "strict": maybe(boolean),
            "output_schema": maybe(mapping),
            "allowed_callers": anything,
            "defer_loading": boolean,
            "async": boolean,
        },
        ("name", "parameters"),
    ),
    "custom": object_of(
        {
            "type": text,
            "name": text,
            "description": text,
            "format": by(
                "type",
                {
                    "text": object_of({"type": text}),
                    "grammar": object_of(
                        {"type": text, "syntax": one_of("lark", "regex"), "definition": text},
                        ("syntax", "definition"),
                    ),
                },
            ),
        },
        ("name",),
    ),
    **dict.fromkeys(_BUILTIN, mapping),
}
_NAMED = object_of({"type": text, "name": text}, ("name",))
_CHOICES: dict[str, Check] = {
    "function": _NAMED,
    "custom": _NAMED,
    "allowed_tools": object_of(
        {"type": text, "mode": one_of("auto", "required"), "tools": list_of(mapping)},
        ("mode", "tools"),
    ),
    **dict.fromkeys(_BUILTIN, mapping),
}
_FORMATS: dict[str, Check] = {
    "text": object_of({"type": text}),
    "json_object": object_of({"type": text}),
    "json_schema": object_of(
        {
            "type": text,
            "name": text,
            "schema": mapping,
            "description": text,
            "strict": maybe(boolean),
        },
        ("name", "schema"),
    ),
}
_EFFORTS = one_of("none", "minimal", "low", "medium", "high", "xhigh", "max")
_SUMMARIES = maybe(one_of("auto", "concise", "detailed"))
_FIELDS: Fields = {
    "model": text,
    "input": either(text, list_of(by("type", _ITEMS, "message"))),
    "instructions": maybe(text),
    "include": maybe(list_of(one_of(*_INCLUDE))),
    "max_output_tokens": maybe(at_least(16)),
    "max_tool_calls": maybe(integer),
    "metadata": maybe(mapping),
    "parallel_tool_calls": maybe(boolean),
    "previous_response_id": maybe(text),
    "prompt": maybe(mapping),
    "prompt_cache_key": text,
    "prompt_cache_retention": maybe(text),
    "reasoning": maybe(
        object_of(
            {
                "effort": maybe(_EFFORTS),
                "summary": _SUMMARIES,
                "generate_summary": _SUMMARIES,
                "context": anything,
                "mode": text,
            }
        )
    ),
    "safety_identifier": text,
    "service_tier": maybe(text),
    "store": maybe(boolean),
    "stream": maybe(boolean),
    "stream_options": maybe(object_of({"include_obfuscation": boolean})),
    "temperature": maybe(between(0, 2)),
    "text": object_of(
        {
            "format": by("type", _FORMATS),
            "verbosity": maybe(one_of("low", "medium", "high")),
        }
    ),
    "tool_choice": either(one_of("none", "auto", "required"), by("type", _CHOICES)),
    "tools": list_of(by("type", _TOOLS)),
    "top_logprobs": maybe(integer),
    "top_p": maybe(between(0, 1)),
    "truncation": maybe(one_of("auto", "disabled")),
    "user": text,
    "background": maybe(boolean),
    "access_programs": anything,
    "context_management": anything,
    "image": anything,
    "moderation": anything,
    "prompt_cache_options": anything,
    "conversation": anything,
}


def check(payload: Mapping[str, Any], request: RecordedRequest) -> None:
    """See MockWire."""
    fields(payload, "", _FIELDS, ("model", "input"))
    if payload.get("stream_options") is not None and not payload.get("stream"):
        message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise Problem(message, "stream_options")
    encrypted = "reasoning.encrypted_content" in (payload.get("include") or [])
    if encrypted and payload["model"].startswith(("gpt-3", "gpt-4")):
        raise Problem("Encrypted content is not supported with this model.", "include")
    for index, tool in enumerate(payload.get("tools", ())):
        if tool["type"] == "function" and tool.get("strict") is not False:
            _strict(tool, f"tools[{index}].parameters")
    if isinstance(payload["input"], list):
        _order(payload["input"], payload.get("store") is False)


def _strict(tool: Mapping[str, Any], path: str) -> None:
    # Strict is what a tool is unless it says otherwise: all is required, and nothing else allowed.
    schema = tool.get("parameters") or {}
    start = f"Invalid schema for function '{tool['name']}': In context=(), "
    code = "invalid_function_parameters"
    if schema.get("additionalProperties") is not False:
        message = "'additionalProperties' is required to be supplied and to be false."
        raise Problem(start + message, path, code)
    missing = set(schema.get("properties", {})) - set(schema.get("required", ()))
    if missing:
        message = f"'required' is required to include every key. Missing {sorted(missing)[0]!r}."
        raise Problem(start + message, path, code)


def _order(items: list[dict[str, Any]], forgets: bool) -> None:
    waiting: dict[tuple[str, str], int] = {}
    for index, item in enumerate(items):
        path, kind = f"input[{index}]", item.get("type", "message")
        if forgets and "id" in item:
            raise Problem(
                f"Item with id '{item['id']}' not found. Items are not persisted when `store` is"
                " set to false. Try again with `store` set to true, or remove this item from your"
                " input.",
                "input",
                status=404,
            )
        if kind == "reasoning":
            if forgets and "encrypted_content" not in item:
                raise wrong_type(None, path + ".encrypted_content", "a string")
            follows = items[index + 1] if index + 1 < len(items) else {}
            if follows.get("type") not in ("reasoning", "function_call", "custom_tool_call") and (
                follows.get("role") != "assistant"
            ):
                raise Problem(
                    "Item of type 'reasoning' was provided without its required following item.",
                    path,
                )
        elif kind in ("function_call", "custom_tool_call"):
            waiting[kind, item["call_id"]] = index
        elif kind.endswith("_output"):
            known = kind.removesuffix("_output"), item["call_id"]
            if waiting.pop(known, None) is None:
                message = f"No tool call found for function call output with call_id {known[1]}."
                raise Problem(message, path)
    for (_, call_id), index in waiting.items():
        raise Problem(f"No tool output found for function call {call_id}.", f"input[{index}]")


def as_chat(payload: Mapping[str, Any]) -> dict[str, Any]:
    """See MockWire."""
    given = payload.get("input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given or []
    messages: list[dict[str, Any]] = []
    for item in items:
        if "role" in item:
            messages.append({"role": item["role"], "content": _texts(item.get("content"))})
        elif str(item.get("type")).endswith("_output"):
            messages.append({"role": "tool", "content": _texts(item.get("output"))})
    tools = [
        {"type": "function", "function": {key: tool[key] for key in tool if key != "type"}}
        for tool in payload.get("tools", ())
        if tool.get("type") == "function"
    ]
    return {"messages": messages, "tools": tools, "text": payload.get("text")}


def _texts(content: Any) -> Any:
    return content if isinstance(content, str) else [{**part} for part in content or ()]


def reply(completion: MockCompletion, request: RecordedRequest) -> MockReply:
    """See MockWire."""
    payload: dict[str, Any] = request.json() if request.body_whole else {"stream": True}
    usage = completion.counts(as_chat(payload)["messages"])
    number, model = request.number, completion.model or request.model
    hidden = ""
    if "reasoning.encrypted_content" in (payload.get("include") or ()):
        hidden = f"{ENCRYPTED}{number}"

    def events() -> Iterator[Step]:
        return ResponsesEvents(number, model, hidden).events(completion, usage)

    if payload.get("stream"):
        return completion.streamed(events)
    body = ResponsesEvents(number, model, hidden).document(completion, usage)
    return completion.whole(body, completion.ending)


def refusal(problem: Problem) -> object:
    """See MockWire."""
    return chat.refusal(problem)
