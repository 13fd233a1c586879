# A value that a JSON schema allows, for the tool calls of the mock model.

from collections.abc import Callable
from typing import Any

_DEPTH = 6  # of nesting; a schema may contain itself


def sample(schema: object, otherwise: object, depth: int = 0) -> object:
    """A value that `schema` allows.

    Args:
        schema: a JSON schema; only its plain keywords are looked at.
        otherwise: given where it says nothing.
        depth: how deep inside a schema we are.

    Returns:
        Its default, constant or first enumerated value where it has one.
    """
    if not isinstance(schema, dict) or depth > _DEPTH:
        return otherwise
    for keyword in ("default", "const"):
        if keyword in schema:
            return schema[keyword]
    if schema.get("enum"):
        return schema["enum"][0]
    make = _SAMPLES.get(_kind(schema))
    return make(schema, depth + 1) if make else otherwise


def _kind(schema: dict[str, Any]) -> str:
    kind = schema.get("type", "object" if "properties" in schema else "")
    kinds = kind if isinstance(kind, list) else [kind]
    return next((known for known in kinds if isinstance(known, str)), "")


def _object(schema: dict[str, Any], depth: int) -> object:
    properties = schema.get("properties")
    known = properties if isinstance(properties, dict) else {}
    return {name: sample(inner, "text", depth) for name, inner in known.items()}


def _array(schema: dict[str, Any], depth: int) -> object:
    return [sample(schema.get("items"), "text", depth)]


_SAMPLES: dict[str, Callable[[dict[str, Any], int], object]] = {
    "object": _object,
    "array": _array,
    "string": lambda schema, depth: "text",
    "integer": lambda schema, depth: schema.get("minimum", 1),
    "number": lambda schema, depth: schema.get("minimum", 1.5),
    "boolean": lambda schema, depth: True,
    "null": lambda schema, depth: None,
}
