"""Replies and their steps written as JSON: everything that the Python builders can do.

docs/testing.md has the table of what may stand in such a file.
"""

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from inspect import signature
from typing import Any

from thinwire._public import public
from thinwire.testing.replies import conditions
from thinwire.testing.replies.chunks import CREATED, DONE, json_bytes, sse_event
from thinwire.testing.replies.faulty import cut_reply, error_chunk_reply, stall_reply
from thinwire.testing.replies.good import status_reply, text_reply, tool_reply
from thinwire.testing.replies.reply import EVENT_STREAM, MockReply, Script, has_header, reply_of
from thinwire.testing.replies.steps import (
    Cut,
    EndBody,
    Head,
    Interim,
    Repeat,
    Send,
    Stall,
    Step,
    Wait,
)
from thinwire.testing.server.request import RecordedRequest

Parts = Mapping[str, list[Any]]

_BUILDERS: dict[str, Callable[..., Script]] = {
    "text_reply": text_reply,
    "tool_reply": tool_reply,
    "status_reply": status_reply,
    "stall_reply": stall_reply,
    "cut_reply": cut_reply,
    "error_chunk_reply": error_chunk_reply,
}
_OWN = ("steps", "json", "status", "headers", "content_type", "newline", "encoding")
_WIRE = "framing length pieces gap_ms http_chunk joined early hang_up interim".split()
_WINDOWS = {"gzip": 31, "deflate": 15, "raw-deflate": -15}  # zlib's wbits for each coding
_CHUNK = {
    "id": "chatcmpl-1",
    "object": "chat.completion.chunk",
    "created": CREATED,
    "model": "mock",
}


@public
def script_from(value: object, parts: Parts | None = None) -> Script:
    """The script that a JSON value describes.

    Args:
        value: a list of steps, which is a stream; an object with "steps" or "json" and the
            options of `WireOptions`; {"when": ..., "then": ..., "otherwise": ...}; or the name of
            a builder with its keywords, e.g. {"status_reply": {"status": 429}}.
        parts: lists of steps by name.

    Returns:
        What `MockServer.reply` takes.

    Raises:
        ValueError: something in it is not known.
    """
    parts = parts or {}
    if isinstance(value, list):
        return _reply({"steps": value}, parts)
    if not isinstance(value, dict):
        raise ValueError(f"not a reply: {value!r}")
    if "when" in value:
        return _choice(value, parts)
    for name, builder in _BUILDERS.items():
        if name in value:
            return _built(name, builder, value[name])
    return _reply(value, parts)


def _choice(value: dict[str, Any], parts: Parts) -> Script:
    # A server that looks at the request: at its framing, or at what it says of earlier turns.
    when = value["when"]
    conditions.check(when)
    then, otherwise = (script_from(value[name], parts) for name in ("then", "otherwise"))

    def choose(request: RecordedRequest) -> MockReply:
        return reply_of(then if conditions.holds(when, request) else otherwise, request)

    return choose


def _built(name: str, builder: Callable[..., Script], given: dict[str, Any]) -> Script:
    # Their **wire would take any name.
    unknown = [
        key for key in given if key not in (*signature(builder).parameters, *_WIRE, "headers")
    ]
    if unknown:
        raise ValueError(f"unknown in {name}: {unknown}")
    if "headers" in given:
        given = {**given, "headers": _pairs(given["headers"])}
    try:
        return builder(**given)
    except TypeError as error:
        raise ValueError(f"{name}: {error}") from error


def _reply(value: Mapping[str, Any], parts: Parts) -> MockReply:
    unknown = [name for name in value if name not in _OWN and name not in _WIRE]
    if unknown:
        raise ValueError(f"unknown in a reply: {unknown}; known are {[*_OWN, *_WIRE]}")
    wire = {name: value[name] for name in _WIRE if name in value}
    if "json" in value:
        wire = {"framing": "length", **wire}
        steps: list[Step] = [Send(json_bytes(value["json"]))]
    else:
        steps = steps_from(value.get("steps", []), parts)
        newline = value.get("newline", "\n").encode()
        for index, step in enumerate(steps):
            if isinstance(step, Send):
                steps[index] = replace(step, data=step.data.replace(b"\n", newline))
    headers = _pairs(value.get("headers", {}))
    kind = value.get("content_type", "application/json" if "json" in value else EVENT_STREAM)
    if kind is not None and not has_header(headers, "content-type"):
        headers.insert(0, ("Content-Type", kind))
    reply = MockReply(value.get("status", 200), steps, headers, **wire)
    return _encoded(reply, value["encoding"]) if "encoding" in value else reply


def _encoded(reply: MockReply, coding: str) -> MockReply:
    # Each `Send` is flushed, so that the client can have it at once.
    if coding not in _WINDOWS:
        raise ValueError(f"unknown encoding {coding!r}; known are {sorted(_WINDOWS)}")
    packer = zlib.compressobj(wbits=_WINDOWS[coding])
    data = [packer.compress(_sent(step)) + packer.flush(zlib.Z_SYNC_FLUSH) for step in reply.steps]
    named = ("Content-Encoding", coding.removeprefix("raw-"))
    steps = [Send(piece) for piece in [*data, packer.flush()]]
    return replace(reply, steps=steps, headers=[*reply.headers, named])


def steps_from(value: object, parts: Parts) -> list[Step]:
    """Steps that a JSON value describes.

    Args:
        value: a string (sent as UTF-8), an object with one of the known keys, or a list of such.
        parts: lists of steps by name, for {"part": name}.

    Returns:
        The steps, in order.

    Raises:
        ValueError: something in it is not known.
    """
    if isinstance(value, list):
        return [step for item in value for step in steps_from(item, parts)]
    if isinstance(value, str):
        return [Send(text_bytes(value))]
    if isinstance(value, dict):
        return list(_steps(value, parts))
    raise ValueError(f"not a step: {value!r}")


def _steps(value: dict[str, Any], parts: Parts) -> Iterator[Step]:
    if "part" in value:
        name = value["part"]
        if name not in parts:
            raise ValueError(f"no part is called {name!r}; there are {sorted(parts)}")
        yield from steps_from(parts[name], parts)
    elif "repeat" in value:
        data = b"".join(_sent(step) for step in steps_from(value["repeat"], parts))
        yield Repeat(data, value.get("every_ms", 0), value.get("times"))
    elif "raw" in value:
        yield from (Send(_sent(step), raw=True) for step in steps_from(value["raw"], parts))
    else:
        for key, make in _MAKERS.items():
            if key in value:
                yield make(value)
                return
        known = " ".join(("part", "repeat", "raw", *_MAKERS))
        raise ValueError(f"unknown step {json.dumps(value)}; known are {known}")


def _chunk(value: dict[str, Any]) -> Step:
    choice = {"index": value.get("index", 0), "delta": value["delta"]}
    choice |= {"finish_reason": value.get("finish_reason"), **value.get("choice", {})}
    fields = {**_CHUNK, "choices": [choice], **value.get("chunk", {})}
    return Send(sse_event(fields))


_MAKERS: dict[str, Callable[[dict[str, Any]], Step]] = {
    "delta": _chunk,
    "usage": lambda value: Send(sse_event({**_CHUNK, "choices": [], "usage": value["usage"]})),
    "data": lambda value: Send(sse_event(value["data"], value.get("event"))),
    "typed": lambda value: Send(sse_event(value["typed"], value["typed"]["type"])),
    "hex": lambda value: Send(bytes.fromhex(value["hex"])),
    "text": lambda value: Send(text_bytes(value["text"] * value.get("times", 1))),
    "done": lambda value: Send(DONE),
    "head": lambda value: Head(),
    "wait_ms": lambda value: Wait(value["wait_ms"]),
    "stall": lambda value: Stall(value["stall"] == "deaf"),
    "cut": lambda value: Cut(reset=value["cut"] == "reset", notify=value["cut"] == "notify"),
    "end": lambda value: EndBody(_pairs(value["end"])),
    "interim": lambda value: Interim(value["interim"], _pairs(value.get("headers", {}))),
}


def text_bytes(text: str) -> bytes:
    """UTF-8 of `text`; a lone surrogate, which has none, becomes the escape that JSON has."""
    return text.encode("utf-8", "backslashreplace")


def _sent(step: Step) -> bytes:
    if not isinstance(step, Send):
        raise ValueError(f"{step!r} sends no bytes")
    return step.data


def _pairs(value: object) -> list[tuple[str, str]]:
    # Header pairs, from an object or from a list of [name, value].
    items = value.items() if isinstance(value, dict) else value
    if not isinstance(items, (list, type({}.items()))):
        raise ValueError(f"not headers: {value!r}")
    return [(str(name), str(content)) for name, content in items]
