"""Anthropic's Messages API: requests checked as strictly as the service does, answers as its
events.

Source: the API reference of `POST /v1/messages`, the pages on tool use, extended thinking and
structured outputs, and the words of its errors as they stand in issues (docs/wire.md).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from thinwire.testing.dialects import Problem
from thinwire.testing.dialects.anthropic_events import MessageWriter
from thinwire.testing.dialects.shapes import (
    Check,
    anything,
    at_least,
    between,
    boolean,
    by,
    either,
    fields,
    list_of,
    mapping,
    object_of,
    one_of,
    text,
)
from thinwire.testing.replies.completion import MockCompletion
from thinwire.testing.replies.reply import MockReply
from thinwire.testing.replies.steps import Step
from thinwire.testing.server.request import RecordedRequest

SIGNATURE = "Sig-mock-"  # how the signatures begin that the mock server gives
_ID = re.compile(r"[a-zA-Z0-9_-]+\Z")
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}\Z")
_CACHE = object_of({"type": one_of("ephemeral"), "ttl": one_of("5m", "1h")}, ("type",))
_KINDS = {401: "authentication_error", 403: "permission_error", 404: "not_found_error"}
_THOUGHTS = ("thinking", "redacted_thinking")


def _words(value: Any, path: str) -> None:
    text(value, path)
    if not value.strip():
        raise Problem("text content blocks must contain non-whitespace text", path)


def _pattern(pattern: re.Pattern[str]) -> Check:
    def check(value: Any, path: str) -> None:
        text(value, path)
        if not pattern.match(value):
            raise Problem(f"String should match pattern '^{pattern.pattern[:-2]}$'", path)

    return check


def _signed(value: Any, path: str) -> None:
    text(value, path)
    if not value.startswith(SIGNATURE):
        raise Problem("Invalid `signature` in `thinking` block", path)


def _link(value: Any, path: str) -> None:
    text(value, path)
    if not value.startswith("https://"):
        raise Problem("Only HTTPS URLs are supported.", path)


def _block(known: Mapping[str, Check], *required: str) -> Check:
    return object_of({"type": text, "cache_control": _CACHE, **known}, required)


def _sources(*media: str, **more: Check) -> Check:
    data = object_of({"type": text, "media_type": one_of(*media), "data": text}, ("data",))
    url = object_of({"type": text, "url": _link}, ("url",))
    file = object_of({"type": text, "file_id": text}, ("file_id",))
    return by("type", {"base64": data, "url": url, "file": file, **more})


_TEXT = _block({"text": _words, "citations": anything}, "text")
_IMAGE = _block(
    {"source": _sources("image/jpeg", "image/png", "image/gif", "image/webp")}, "source"
)
_PLAIN = object_of(
    {"type": text, "media_type": one_of("text/plain"), "data": text}, ("media_type", "data")
)
_DOCUMENT = _block(
    {
        "source": _sources("application/pdf", text=_PLAIN),
        "title": text,
        "context": text,
        "citations": mapping,
    },
    "source",
)
_RESULT = _block(
    {
        "tool_use_id": _pattern(_ID),
        "is_error": boolean,
        "content": either(
            text, list_of(by("type", {"text": _TEXT, "image": _IMAGE, "document": _DOCUMENT}))
        ),
    },
    "tool_use_id",
)
_USER = {
    "text": _TEXT,
    "image": _IMAGE,
    "document": _DOCUMENT,
    "tool_result": _RESULT,
    "search_result": mapping,
}
_CALL = {"id": _pattern(_ID), "name": _pattern(_NAME), "input": mapping}
_ASSISTANT = {
    "text": _TEXT,
    "tool_use": _block(_CALL, *_CALL),
    "thinking": object_of(
        {"type": text, "thinking": text, "signature": _signed}, ("thinking", "signature")
    ),
    "redacted_thinking": object_of({"type": text, "data": text}, ("data",)),
    "server_tool_use": mapping,
    "web_search_tool_result": mapping,
}


def _message(blocks: Mapping[str, Check]) -> Check:
    content = either(_words, list_of(by("type", blocks), 1))
    return object_of({"role": text, "content": content}, ("content",))


_MESSAGES = {"user": _message(_USER), "assistant": _message(_ASSISTANT)}
_SCHEMA = object_of({"type": one_of("object")}, ("type",), True)
_TOOL = object_of(
    {
        "type": one_of("custom"),
        "name": _pattern(_NAME),
        "description": text,
        "input_schema": _SCHEMA,
        "strict": boolean,
        "cache_control": _CACHE,
        "input_examples": list_of(mapping),
    },
    ("name", "input_schema"),
)
_SERVER_TOOL = object_of({"type": text, "name": text}, ("type", "name"), True)
_ALONE = {"disable_parallel_tool_use": boolean, "type": text}
_CHOICES = {
    "auto": object_of(_ALONE),
    "any": object_of(_ALONE),
    "tool": object_of({**_ALONE, "name": text}, ("name",)),
    "none": object_of({"type": text}),
}
_DISPLAY = one_of("summarized", "omitted")
_THINKING = {
    "enabled": object_of(
        {"type": text, "budget_tokens": at_least(1024), "display": _DISPLAY}, ("budget_tokens",)
    ),
    "adaptive": object_of({"type": text, "display": _DISPLAY}),
    "disabled": object_of({"type": text}),
}
_FORMAT = {"json_schema": object_of({"type": text, "schema": mapping}, ("schema",))}
_FIELDS: Mapping[str, Check] = {
    "model": text,
    "max_tokens": at_least(1),
    "messages": list_of(by("role", _MESSAGES), 1),
    "system": either(text, list_of(by("type", {"text": _TEXT}))),
    "stream": boolean,
    "temperature": between(0, 1),
    "top_p": between(0, 1),
    "top_k": at_least(0),
    "stop_sequences": list_of(_words),
    "metadata": object_of({"user_id": text}),
    "service_tier": one_of("auto", "standard_only"),
    "tools": list_of(lambda tool, path: _tool(tool, path)),
    "tool_choice": by("type", _CHOICES),
    "thinking": by("type", _THINKING),
    "output_config": object_of(
        {
            "effort": one_of("low", "medium", "high", "xhigh", "max"),
            "format": by("type", _FORMAT),
        }
    ),
    "container": text,
    "cache_control": _CACHE,
    "context_management": mapping,
    "mcp_servers": list_of(mapping),
}


def _tool(tool: Any, path: str) -> None:
    mapping(tool, path)
    (_TOOL if tool.get("type", "custom") == "custom" else _SERVER_TOOL)(tool, path)


def check(payload: Mapping[str, Any], request: RecordedRequest) -> None:
    """See MockWire."""
    if request.header("anthropic-version") is None:
        raise Problem("anthropic-version: header is required")
    fields(payload, "", _FIELDS, ("model", "max_tokens", "messages"))
    if "tool_choice" in payload and not payload.get("tools"):
        raise Problem("may only be specified while providing `tools`", "tool_choice")
    _cached(payload)
    _turns(payload["messages"])
    _thinks(payload)


def _cached(payload: Mapping[str, Any]) -> None:
    # No more than four breakpoints in one request.
    system = payload.get("system")
    marked: list[Any] = [*payload.get("tools", ()), payload]
    for blocks in (system, *(message["content"] for message in payload["messages"])):
        marked += blocks if isinstance(blocks, list) else ()
    count = sum("cache_control" in block for block in marked)
    if count > 4:
        message = "A maximum of 4 blocks with cache_control may be provided. Found "
        raise Problem(message + f"{count}.")


def _turns(messages: Sequence[Mapping[str, Any]]) -> None:
    if messages[0]["role"] != "user":
        raise Problem('first message must use the "user" role', "messages")
    waiting: list[str] = []
    for index, message in enumerate(messages):
        content = message["content"]
        blocks = content if isinstance(content, list) else [{"type": "text"}]
        path = f"messages[{index}]"
        if index and message["role"] == messages[index - 1]["role"]:
            # The service would join them; here it is a mistake, since results have to be together.
            raise Problem(f"roles must alternate, found two {message['role']!r} in a row", path)
        if message["role"] == "user":
            _results(blocks, waiting, path)
        waiting = [block["id"] for block in blocks if block["type"] == "tool_use"]
        if len(set(waiting)) < len(waiting):
            raise Problem("`tool_use` ids must be unique", path)
        if message["role"] == "assistant" and blocks[-1]["type"] in _THOUGHTS:
            raise Problem("The final block in an assistant message cannot be `thinking`.", path)
    if waiting:
        raise _unanswered(waiting, f"messages[{len(messages) - 1}]")


def _results(blocks: Sequence[Mapping[str, Any]], waiting: list[str], path: str) -> None:
    others = False
    for place, block in enumerate(blocks):
        if block["type"] != "tool_result":
            others = True
            continue
        where = f"{path}.content[{place}]"
        if others:
            raise Problem("`tool_result` blocks must stand before other blocks", where)
        if block["tool_use_id"] not in waiting:
            message = "unexpected `tool_use_id` found in `tool_result` blocks: "
            raise Problem(message + block["tool_use_id"], where)
        waiting.remove(block["tool_use_id"])
    if waiting:
        raise _unanswered(waiting, path)


def _unanswered(ids: Sequence[str], path: str) -> Problem:
    message = "`tool_use` ids were found without `tool_result` blocks immediately after: "
    return Problem(message + ", ".join(ids), path)


def _thinks(payload: Mapping[str, Any]) -> None:
    thinking = payload.get("thinking") or {"type": "disabled"}
    kind, model = thinking["type"], payload["model"]
    new = model.startswith(("claude-opus-4-7", "claude-opus-5", "claude-sonnet-5"))
    old = model.startswith(("claude-3", "claude-sonnet-4-5", "claude-haiku-4-5"))
    if kind == "enabled" and new:
        message = '"thinking.type.enabled" is not supported for this model. Use'
        raise Problem(f'{message} "thinking.type.adaptive" and "output_config.effort".')
    if kind == "adaptive" and old:
        raise Problem("adaptive thinking is not supported on this model")
    if kind == "enabled" and thinking["budget_tokens"] >= payload["max_tokens"]:
        raise Problem("`max_tokens` must be greater than `thinking.budget_tokens`")
    sampled = [name for name in ("temperature", "top_p", "top_k") if name in payload]
    if new and sampled:
        raise Problem(f"`{sampled[0]}` is deprecated for this model.")
    if kind == "disabled":
        if model.startswith("claude") and sampled[:2] == ["temperature", "top_p"]:
            message = "`temperature` and `top_p` cannot both be specified for this model."
            raise Problem(message)
        return
    if sampled and (sampled != ["temperature"] or payload["temperature"] != 1):
        raise Problem(f"`{sampled[0]}` may not be set when thinking is enabled.")
    if payload.get("tool_choice", {}).get("type") in ("any", "tool"):
        raise Problem("Thinking may not be enabled when tool_choice forces tool use.")
    if kind == "enabled":
        _begins_with_thoughts(payload["messages"])


def _begins_with_thoughts(messages: Sequence[Mapping[str, Any]]) -> None:
    # Of the turns since the user's last word, those with calls.
    for index in range(len(messages) - 1, -1, -1):
        content = messages[index]["content"]
        kinds = [block["type"] for block in content] if isinstance(content, list) else ["text"]
        if messages[index]["role"] == "user" and set(kinds) != {"tool_result"}:
            return
        if "tool_use" in kinds and kinds[0] not in _THOUGHTS:
            message = f"Expected `thinking` or `redacted_thinking`, but found `{kinds[0]}`."
            raise Problem(message, f"messages[{index}].content[0].type")


def as_chat(payload: Mapping[str, Any]) -> dict[str, Any]:
    """See MockWire."""
    messages: list[dict[str, Any]] = []
    if payload.get("system"):
        messages.append({"role": "system", "content": payload["system"]})
    given = payload.get("messages")
    for message in given if isinstance(given, list) else ():
        content = message.get("content")
        blocks = content if isinstance(content, list) else []
        said = [block for block in blocks if block.get("type") != "tool_result"]
        for block in blocks:
            if block.get("type") == "tool_result":
                messages.append({"role": "tool", "content": block.get("content")})
        if said or not blocks:
            messages.append({"role": message.get("role"), "content": said or content})
    tools = [
        {"type": "function", "function": {"name": one["name"], "parameters": one["input_schema"]}}
        for one in payload.get("tools", ())
        if "input_schema" in one
    ]
    return {"messages": messages, "tools": tools, "output_config": payload.get("output_config")}


def reply(completion: MockCompletion, request: RecordedRequest) -> MockReply:
    """See MockWire."""
    payload: dict[str, Any] = request.json() if request.body_whole else {"stream": True}
    usage = completion.counts(as_chat(payload)["messages"])
    number, model = request.number, completion.model or request.model
    signature = f"{SIGNATURE}{number}"

    def events() -> Iterator[Step]:
        return MessageWriter(number, model, signature).events(completion, usage)

    if payload.get("stream"):
        return completion.streamed(events)
    body = MessageWriter(number, model, signature).document(completion, usage)
    return completion.whole(body, completion.ending)


def refusal(problem: Problem) -> object:
    """See MockWire."""
    kind = _KINDS.get(problem.status, "invalid_request_error")
    where = f"{problem.param}: " if problem.param else ""
    return {"type": "error", "error": {"type": kind, "message": where + problem.message}}
