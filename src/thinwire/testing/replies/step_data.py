# Steps written as data: how a JSON file says what a reply does. docs/conformance.md has the table.

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from thinwire.testing.replies.chunks import CREATED, DONE, sse
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

Parts = Mapping[str, list[Any]]

_CHUNK = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": CREATED}


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
        return list(_step(value, parts))
    raise ValueError(f"not a step: {value!r}")


def text_bytes(text: str) -> bytes:
    """UTF-8 of `text`; a lone surrogate, which has none, becomes the escape that JSON has."""
    return text.encode("utf-8", "backslashreplace")


def pairs(value: object) -> list[tuple[str, str]]:
    """Header pairs, from an object or from a list of [name, value]."""
    items = value.items() if isinstance(value, dict) else value
    if not isinstance(items, (list, type({}.items()))):
        raise ValueError(f"not headers: {value!r}")
    return [(str(name), str(content)) for name, content in items]


def _step(value: dict[str, Any], parts: Parts) -> Iterator[Step]:
    if "part" in value:
        yield from steps_from(_part(value["part"], parts), parts)
    elif "repeat" in value:
        data = b"".join(sent(step) for step in steps_from(value["repeat"], parts))
        yield Repeat(data, value.get("every_ms", 0), value.get("times"))
    elif "raw" in value:
        yield from (Send(sent(step), raw=True) for step in steps_from(value["raw"], parts))
    else:
        yield _simple(value)


def _part(name: str, parts: Parts) -> list[Any]:
    if name not in parts:
        raise ValueError(f"no part is called {name!r}; there are {sorted(parts)}")
    return parts[name]


def sent(step: Step) -> bytes:
    """The bytes of a step that sends; ValueError for any other."""
    if not isinstance(step, Send):
        raise ValueError(f"{step!r} sends no bytes")
    return step.data


def _simple(value: dict[str, Any]) -> Step:
    for key, make in _MAKERS.items():
        if key in value:
            return make(value)
    raise ValueError(f"unknown step {json.dumps(value)}; known are {' '.join(_KNOWN)}")


def _chunk(value: dict[str, Any]) -> Step:
    choice = {"index": value.get("index", 0), "delta": value["delta"]}
    choice |= {"finish_reason": value.get("finish_reason"), **value.get("choice", {})}
    return Send(sse({**_head_of_chunk(), "choices": [choice], **value.get("chunk", {})}))


def _usage(value: dict[str, Any]) -> Step:
    return Send(sse({**_head_of_chunk(), "choices": [], "usage": value["usage"]}))


def _head_of_chunk() -> dict[str, Any]:
    return {**_CHUNK, "model": "mock"}


def _cut(value: dict[str, Any]) -> Step:
    return Cut(reset=value["cut"] == "reset", notify=value["cut"] == "notify")


_MAKERS: dict[str, Callable[[dict[str, Any]], Step]] = {
    "delta": _chunk,
    "usage": _usage,
    "data": lambda value: Send(sse(value["data"], value.get("event"))),
    "hex": lambda value: Send(bytes.fromhex(value["hex"])),
    "text": lambda value: Send(text_bytes(value["text"] * value.get("times", 1))),
    "done": lambda value: Send(DONE),
    "head": lambda value: Head(),
    "wait_ms": lambda value: Wait(value["wait_ms"]),
    "stall": lambda value: Stall(value["stall"] == "deaf"),
    "cut": _cut,
    "end": lambda value: EndBody(pairs(value["end"])),
    "interim": lambda value: Interim(value["interim"], pairs(value.get("headers", {}))),
}
_KNOWN = ("part", "repeat", "raw", *_MAKERS)
