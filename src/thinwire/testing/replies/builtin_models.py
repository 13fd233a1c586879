"""Models the mock server knows without a script.

So a program in another process, or on a board, chooses its fault by the model's name.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from thinwire.testing.replies.chunks import Delta, messages_of, text_of
from thinwire.testing.replies.completion import MockCompletion
from thinwire.testing.replies.faulty import cut_reply, stall_reply
from thinwire.testing.replies.good import status_reply, text_reply, tool_reply
from thinwire.testing.replies.reply import Script

BUILTIN_MODELS = (
    "echo",
    "tokens-N",
    "error-STATUS",
    "stall-before-head",
    "stall-after-head",
    "stall-mid-stream",
    "comments",
    "cut-before-head",
    "cut-mid-stream",
    "tools",
    "reasoning",
    "utf8",
)

_DEPTH = 6  # of nesting in a schema, which may contain itself

# One, two, three and four bytes of UTF-8; joined emoji; U+2028 and U+0085, which str.splitlines
# takes for line ends and server-sent events do not.
UTF8_TEXT = "Grüße aus Zürich: 世界, Привет, שלום 🚀 👩‍👩‍👧 a\u2028b\u0085c ½"


def builtin_script(model: str, payload: dict[str, Any], delay_ms: float) -> Script | None:
    """The script of the built-in model that `model` names with its last `/`-part.

    Args:
        model: as asked for.
        payload: the request.
        delay_ms: pause before each token.

    Returns:
        The script, or None for any other name.
    """
    name = model.rsplit("/", 1)[-1]
    if name in _MODELS:
        return _MODELS[name](payload, delay_ms)
    tokens = re.fullmatch(r"tokens-(\d{1,9})", name)
    if tokens:
        return MockCompletion(_Tokens(int(tokens[1])), delay_ms=delay_ms)
    error = re.fullmatch(r"error-([45]\d\d)", name)
    return status_reply(int(error[1])) if error else None


def echo(payload: dict[str, Any], delay_ms: float) -> Script:
    """Says back the last user message; asked for a schema, a value that it allows, as JSON."""
    schema = _schema(payload)
    if schema is not None:
        return text_reply(json.dumps(sample(schema, {})), delay_ms=delay_ms)
    return text_reply(_said(payload), delay_ms=delay_ms)


def _schema(payload: dict[str, Any]) -> object:
    # The schema that a request asks its answer to fit, on any of the wires; None for none.
    asked = payload.get("response_format")
    for home in ("text", "output_config"):  # Responses, Messages
        inner = payload.get(home)
        asked = asked or (inner.get("format") if isinstance(inner, dict) else None)
    if not isinstance(asked, dict) or asked.get("type") != "json_schema":
        return None
    shape = asked.get("json_schema", asked)
    return shape.get("schema") if isinstance(shape, dict) else None


def _said(payload: dict[str, Any]) -> str:
    for message in reversed(messages_of(payload)):
        if message.get("role") == "user":
            return text_of(message)
    return "(no user message)"


def _tools(payload: dict[str, Any], delay_ms: float) -> Script:
    last = messages_of(payload)[-1:]
    if last and last[0].get("role") == "tool":
        return text_reply("the tool said: " + text_of(last[0]), delay_ms=delay_ms)
    tools = payload.get("tools")
    first = tools[0] if isinstance(tools, list) and tools else None
    function = first.get("function") if isinstance(first, dict) else None
    if not isinstance(function, dict):
        return text_reply("(no tools offered)", delay_ms=delay_ms)
    arguments = sample(function.get("parameters"), {})
    return tool_reply([(str(function.get("name")), arguments)], delay_ms=delay_ms)


_MODELS: dict[str, Callable[[dict[str, Any], float], Script]] = {
    "echo": echo,
    "tools": _tools,
    "reasoning": lambda payload, delay_ms: text_reply(
        _said(payload), reasoning="Let me say it back.", delay_ms=delay_ms
    ),
    "utf8": lambda payload, delay_ms: text_reply(UTF8_TEXT, delay_ms=delay_ms),
    "stall-before-head": lambda payload, delay_ms: stall_reply("before_head"),
    "stall-after-head": lambda payload, delay_ms: stall_reply("after_head"),
    "stall-mid-stream": lambda payload, delay_ms: stall_reply("mid_stream"),
    "comments": lambda payload, delay_ms: stall_reply("comments"),
    "cut-before-head": lambda payload, delay_ms: cut_reply("before_head"),
    "cut-mid-stream": lambda payload, delay_ms: cut_reply("mid_stream"),
}


class _Tokens:
    # A million deltas are made one at a time, not held.
    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Delta]:
        return ({"content": f"t{number} "} for number in range(self._count))


def sample(
    schema: object, otherwise: object, depth: int = 0, root: "dict[str, Any] | None" = None
) -> object:
    """A value that a JSON schema allows, for the arguments of a tool call and the like.

    Args:
        schema: the schema; only its plain keywords are looked at.
        otherwise: given where it says nothing.
        depth: how deep inside a schema we are.
        root: the whole schema, None for this one.

    Returns:
        Its default, constant or first enumerated value where it has one.
    """
    if not isinstance(schema, dict) or depth > _DEPTH:
        return otherwise
    root = schema if root is None else root
    if isinstance(schema.get("$ref"), str):
        place: Any = root
        for step in schema["$ref"].split("/")[1:]:
            place = place.get(step) if isinstance(place, dict) else None
        return sample(place, otherwise, depth + 1, root)
    some = schema.get("anyOf")
    if isinstance(some, list) and some:
        # The last, which is null where there may be none, once it leads back to itself.
        return sample(some[-1 if depth >= _DEPTH - 2 else 0], otherwise, depth + 1, root)
    for keyword in ("default", "const"):
        if keyword in schema:
            return schema[keyword]
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type", "object" if "properties" in schema else "")
    kinds = kind if isinstance(kind, list) else [kind]
    match next((known for known in kinds if isinstance(known, str)), ""):
        case "object":
            properties = schema.get("properties")
            known = properties if isinstance(properties, dict) else {}
            return {name: sample(inner, "text", depth + 1, root) for name, inner in known.items()}
        case "array":
            return [sample(schema.get("items"), "text", depth + 1, root)]
        case "string":
            return "text"
        case "integer":
            return schema.get("minimum", 1)
        case "number":
            return schema.get("minimum", 1.5)
        case "boolean":
            return True
        case "null":
            return None
    return otherwise
