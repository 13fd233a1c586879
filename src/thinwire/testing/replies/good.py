"""Builders of replies that end well. Those that do not are in faulty.py."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from thinwire._public import public
from thinwire.testing.replies.chunks import Delta, error_object, json_bytes
from thinwire.testing.replies.completion import MockCompletion
from thinwire.testing.replies.reply import EVENT_STREAM, MockReply, WireOptions, with_content_type
from thinwire.testing.replies.steps import Send

_FRAGMENT = 8  # characters of tool arguments per delta, about two tokens


@public
def text_reply(
    text: str = "",
    *,
    tokens: Sequence[str] | None = None,
    delay_ms: float = 0,
    usage: bool | Mapping[str, Any] = True,
    cached_tokens: int = 0,
    cost: float | None = None,
    finish_reason: str | None = "stop",
    model: str | None = None,
    reasoning: str | None = None,
    reasoning_field: str = "reasoning_content",
    refusal: str | None = None,
    done: bool = True,
    **wire: Unpack[WireOptions],
) -> MockCompletion:
    """An answer in text: streamed word by word, or whole when the request does not stream.

    Args:
        text: the answer.
        tokens: how it is cut; by default into words.
        delay_ms: pause before each token.
        usage: whether usage is sent when asked for; a mapping is sent as it is.
        cached_tokens: prompt tokens said to have come from the cache.
        cost: of the call, as OpenRouter reports it.
        finish_reason: None leaves the chunk out.
        model: name in the chunks; by default the one asked for.
        reasoning: text of thought before the answer.
        reasoning_field: "reasoning_content" (DeepSeek, llama.cpp) or "reasoning" (OpenRouter).
        refusal: text of a refusal after the answer.
        done: whether `[DONE]` ends the stream.
        wire: see `WireOptions`.

    Returns:
        A script for `MockServer.reply`.

    Raises:
        ValueError: `tokens` do not add up to `text`.
    """
    pieces = as_tokens(text) if tokens is None else list(tokens)
    if text and "".join(pieces) != text:
        raise ValueError("tokens must add up to text")
    thought = [{reasoning_field: piece} for piece in as_tokens(reasoning or "")]
    refused = [{"refusal": piece} for piece in as_tokens(refusal or "")]
    deltas = [*thought, *({"content": piece} for piece in pieces), *refused]
    return MockCompletion(
        deltas, finish_reason, model, usage, cached_tokens, cost, delay_ms, done, wire=wire
    )


@public
def tool_reply(
    calls: Sequence[tuple[str, object]],
    *,
    text: str = "",
    delay_ms: float = 0,
    usage: bool | Mapping[str, Any] = True,
    finish_reason: str | None = "tool_calls",
    model: str | None = None,
    fragment: int = _FRAGMENT,
    done: bool = True,
    **wire: Unpack[WireOptions],
) -> MockCompletion:
    """An answer that calls tools, their arguments streamed in fragments.

    Args:
        calls: (name, arguments) pairs; arguments as a value, or as a str sent as it is.
        text: said before the calls.
        fragment: characters of arguments in one delta.

    The other arguments are those of `text_reply`.

    Returns:
        A script for `MockServer.reply`.
    """
    deltas: list[Delta] = [{"content": piece} for piece in as_tokens(text)]
    for index, (name, given) in enumerate(calls):
        function = {"name": name, "arguments": ""}
        opening = {"index": index, "id": f"call_{index + 1}", "type": "function"}
        deltas.append({"tool_calls": [{**opening, "function": function}]})
        arguments = given if isinstance(given, str) else json_bytes(given).decode()
        for start in range(0, len(arguments), fragment):
            function = {"arguments": arguments[start : start + fragment]}
            deltas.append({"tool_calls": [{"index": index, "function": function}]})
    return MockCompletion(
        deltas, finish_reason, model, usage, delay_ms=delay_ms, done=done, wire=wire
    )


@public
def status_reply(
    status: int,
    message: str | None = None,
    *,
    code: str | int | None = None,
    kind: str | None = None,
    retry_after: float | str | None = None,
    **wire: Unpack[WireOptions],
) -> MockReply:
    """An error status with an OpenAI error object as its body.

    Args:
        status: HTTP status.
        message: what the provider says.
        code: `error.code`.
        kind: `error.type`; by default what the status means.
        retry_after: Retry-After header, in seconds or as an HTTP date.
        wire: see `WireOptions`.

    Returns:
        A script for `MockServer.reply`.
    """
    if retry_after is not None:
        wire["headers"] = [("Retry-After", str(retry_after)), *wire.get("headers", ())]
    body = error_object(status, message or f"mock error {status}", code, kind)
    return json_reply(body, status=status, **wire)


@public
def json_reply(value: object, *, status: int = 200, **wire: Unpack[WireOptions]) -> MockReply:
    """`value` as a JSON response with a Content-Length; `wire` as in `WireOptions`."""
    options: WireOptions = {"framing": "length", **with_content_type(wire, "application/json")}
    return MockReply(status, [Send(json_bytes(value))], **options)


@public
def sse_reply(*events: bytes, **wire: Unpack[WireOptions]) -> MockReply:
    """A stream of exactly these bytes, each argument one HTTP chunk; `wire`: `WireOptions`."""
    steps = [Send(event) for event in events]
    return MockReply(steps=steps, **with_content_type(wire, EVENT_STREAM))


@public
def raw_reply(*data: bytes, **wire: Unpack[WireOptions]) -> MockReply:
    """Exactly these bytes on the connection, head included, which then closes."""
    wire["framing"] = "raw"
    return MockReply(steps=[Send(piece) for piece in data], **wire)


def as_tokens(text: str) -> list[str]:
    """`text` cut before each space, the way tokens begin with theirs; together the same text."""
    return re.findall(r"\s*\S+|\s+", text)
