"""The shapes of the OpenAI chat completion API, field by field as the service writes them.

Of a request only as much is read as a mock model needs to answer it.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from thinwire._public import public

Delta = Mapping[str, Any]

DONE = b"data: [DONE]\n\n"

# One fixed moment: the same script gives the same bytes on every run.
CREATED = 1_700_000_000

_ERROR_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


def json_bytes(value: object) -> bytes:
    """`value` as compact JSON in UTF-8."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8, only an escape
        return json.dumps(value, separators=(",", ":")).encode()


@public
def sse_event(value: object, event: str | None = None) -> bytes:
    """One server-sent event with `value` as JSON, and an `event:` line if one is named."""
    name = f"event: {event}\n".encode() if event else b""
    return name + b"data: " + json_bytes(value) + b"\n\n"


def error_object(
    status: int, message: str, code: str | int | None = None, kind: str | None = None
) -> dict[str, object]:
    """The body of an error response; `kind` is its `type`, by default what the status means."""
    fallback = "server_error" if status >= 500 else "invalid_request_error"
    kind = kind or _ERROR_TYPES.get(status, fallback)
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


@dataclass(frozen=True)
class Envelope:
    """What all chunks of one answer share.

    Args:
        id: of the completion.
        model: that answers.
        counts_usage: the request asked for usage, so every chunk has the field.
    """

    id: str
    model: str
    counts_usage: bool = False

    def chunk(self, delta: Delta, finish_reason: str | None = None) -> bytes:
        """The event of one chunk with one choice."""
        choice = {"index": 0, "delta": dict(delta), "logprobs": None}
        return self._event([{**choice, "finish_reason": finish_reason}], None)

    def usage(self, usage: Mapping[str, Any]) -> bytes:
        """The event of the chunk that comes last: usage, and no choices."""
        return self._event([], usage)

    def whole(self, message: Delta, finish: str | None, usage: Mapping[str, Any]) -> bytes:
        """The JSON answer to a request that does not stream."""
        choice = {"index": 0, "message": dict(message), "logprobs": None, "finish_reason": finish}
        return json_bytes({**self._fields("chat.completion"), "choices": [choice], "usage": usage})

    def _event(self, choices: list[Any], usage: Mapping[str, Any] | None) -> bytes:
        value = {**self._fields("chat.completion.chunk"), "choices": choices}
        return sse_event({**value, "usage": usage} if self.counts_usage or usage else value)

    def _fields(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": CREATED, "model": self.model}


def message_of(deltas: Iterable[Delta]) -> dict[str, Any]:
    """The message that the deltas of an answer amount to."""
    message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
    for delta in deltas:
        for name, value in delta.items():
            if name == "tool_calls":
                _add_fragments(message.setdefault(name, []), value)
            elif name != "role":
                message[name] = (message.get(name) or "") + value
    return message


def _add_fragments(calls: list[Any], fragments: Iterable[Mapping[str, Any]]) -> None:
    for fragment in fragments:
        if "id" in fragment:
            function = dict(fragment["function"])
            calls.append({"id": fragment["id"], "type": "function", "function": function})
        else:
            calls[fragment["index"]]["function"]["arguments"] += fragment["function"]["arguments"]


def messages_of(payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The messages of a request; what is none is left out."""
    messages = payload.get("messages")
    if not isinstance(messages, list):
        return []
    return [message for message in messages if isinstance(message, dict)]


def text_of(message: Mapping[str, Any]) -> str:
    """Text of a message: its content, or the text parts of that joined."""
    content = message.get("content")
    if not isinstance(content, list):
        return content if isinstance(content, str) else ""
    texts = [part.get("text") for part in content if isinstance(part, dict)]
    return "".join(text for text in texts if isinstance(text, str))
