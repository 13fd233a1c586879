# Replies written as data: everything the Python builders can do, from a JSON file.

import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from inspect import signature
from typing import Any

from thinwire.testing.replies.chunks import json_bytes
from thinwire.testing.replies.faulty import cut_reply, error_chunk_reply, stall_reply
from thinwire.testing.replies.good import status_reply, text_reply, tool_reply
from thinwire.testing.replies.reply import Reply, Script, has_header
from thinwire.testing.replies.step_data import Parts, pairs, sent, steps_from
from thinwire.testing.replies.steps import Send, Step
from thinwire.testing.server.request import RecordedRequest

_BUILDERS: dict[str, Callable[..., Script]] = {
    "text_reply": text_reply,
    "tool_reply": tool_reply,
    "status_reply": status_reply,
    "stall_reply": stall_reply,
    "cut_reply": cut_reply,
    "error_chunk_reply": error_chunk_reply,
}
_SSE = "text/event-stream; charset=utf-8"
_OWN = ("steps", "json", "status", "headers", "content_type", "newline", "encoding")
_WIRE = "framing length pieces gap_ms http_chunk joined early hang_up interim".split()
_WINDOWS = {"gzip": 31, "deflate": 15, "raw-deflate": -15}  # zlib's wbits for each coding


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
    if isinstance(value, list):
        return _reply({"steps": value}, parts or {})
    if not isinstance(value, dict):
        raise ValueError(f"not a reply: {value!r}")
    if "when" in value:
        return _choice(value, parts or {})
    for name, builder in _BUILDERS.items():
        if name in value:
            return _built(name, builder, value[name])
    return _reply(value, parts or {})


def _built(name: str, builder: Callable[..., Script], given: dict[str, Any]) -> Script:
    # Their **wire would take any name.
    unknown = [
        key for key in given if key not in (*signature(builder).parameters, *_WIRE, "headers")
    ]
    if unknown:
        raise ValueError(f"unknown in {name}: {unknown}")
    if "headers" in given:
        given = {**given, "headers": pairs(given["headers"])}
    try:
        return builder(**given)
    except TypeError as error:
        raise ValueError(f"{name}: {error}") from error


def _choice(value: dict[str, Any], parts: Parts) -> Script:
    # A server that looks at the framing of the request, as those do that want a Content-Length.
    wanted = value["when"].get("framing")
    then, otherwise = (script_from(value[name], parts) for name in ("then", "otherwise"))

    def choose(request: RecordedRequest) -> Reply:
        script = then if request.framing == wanted else otherwise
        return script if isinstance(script, Reply) else script(request)

    return choose


def _reply(value: Mapping[str, Any], parts: Parts) -> Reply:
    unknown = [name for name in value if name not in _OWN and name not in _WIRE]
    if unknown:
        raise ValueError(f"unknown in a reply: {unknown}; known are {[*_OWN, *_WIRE]}")
    wire = {name: value[name] for name in _WIRE if name in value}
    if "json" in value:
        wire = {"framing": "length", **wire}
    reply = Reply(value.get("status", 200), _steps(value, parts), _headers(value), **wire)
    return _encoded(reply, value["encoding"]) if "encoding" in value else reply


def _steps(value: Mapping[str, Any], parts: Parts) -> list[Step]:
    if "json" in value:
        return [Send(json_bytes(value["json"]))]
    steps = steps_from(value.get("steps", []), parts)
    newline = value.get("newline", "\n").encode()
    return [_with_newline(step, newline) for step in steps]


def _with_newline(step: Step, newline: bytes) -> Step:
    if newline == b"\n" or not isinstance(step, Send):
        return step
    return replace(step, data=step.data.replace(b"\n", newline))


def _headers(value: Mapping[str, Any]) -> list[tuple[str, str]]:
    headers = pairs(value.get("headers", {}))
    kind = value.get("content_type", "application/json" if "json" in value else _SSE)
    if kind is not None and not has_header(headers, "content-type"):
        headers.insert(0, ("Content-Type", kind))
    return headers


def _encoded(reply: Reply, coding: str) -> Reply:
    # Each `Send` is flushed, so that the client can have it at once.
    if coding not in _WINDOWS:
        raise ValueError(f"unknown encoding {coding!r}; known are {sorted(_WINDOWS)}")
    packer = zlib.compressobj(wbits=_WINDOWS[coding])
    data = [packer.compress(sent(step)) + packer.flush(zlib.Z_SYNC_FLUSH) for step in reply.steps]
    named = ("Content-Encoding", coding.removeprefix("raw-"))
    steps = [Send(piece) for piece in [*data, packer.flush()]]
    return replace(reply, steps=steps, headers=[*reply.headers, named])
