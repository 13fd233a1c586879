"""JSON schemas of answers: the form that servers take, and whether a value fits.

`strict` makes of any schema what OpenAI's structured outputs and Anthropic's `output_config` both
take: objects are closed, all their properties are required, and what may be missing may be null
instead. What one of the two refuses (bounds, lengths, patterns) goes into the description, where
a model reads it, and is checked here when the answer has come.

`check` says whether a value fits, and `prune` takes the nulls out again that only the strict form
has asked for. All three know `$ref`, so that a schema may be recursive.

Loaded with `into=`.
"""

from thinwire.core._compat import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Schema = Mapping[str, Any]

_HOPS = const(64)  # from one $ref to the next, until there is a schema
_KEPT = ("type", "title", "description", "enum", "const", "$ref")
# Formats that both wires take; of others the description tells.
_FORMATS = "date-time time date duration email hostname ipv4 ipv6 uuid".split()
_BOUNDS = (
    "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern"
    " minItems maxItems uniqueItems minProperties maxProperties format"
).split()


class Misfit(ValueError):
    """A value is not what a schema, or a type, asks for. Its words do not repeat the value, which
    may be private.

    Args:
        path: where it stands, e.g. "cities[3].name"; "" for the whole.
        why: in words.
    """

    def __init__(self, path: str, why: str) -> None:
        super().__init__("%s: %s" % (path, why) if path else why)
        self.path = path
        self.why = why


def resolved(schema: "Any", root: "Schema") -> "Any":
    """The schema that a `$ref` leads to, of "#" and what is below it; others as they are.

    Raises:
        ValueError: it leads nowhere.
    """
    for _ in range(_HOPS):
        if not isinstance(schema, dict) or "$ref" not in schema:
            return schema
        place, names = root, str(schema["$ref"]).split("/")
        for name in names[1:]:
            name = name.replace("~1", "/").replace("~0", "~")
            place = place.get(name)  # type: ignore[assignment]
            if not isinstance(place, dict):
                break
        if names[0] != "#" or not isinstance(place, dict):
            raise ValueError("the schema has no %s" % schema["$ref"])
        schema = place
    raise ValueError("the schema's $ref lead in a circle")


def strict(schema: "Schema") -> "dict[str, Any]":
    """The strict form of a schema; it stands alone, and `$ref` and `$defs` are kept.

    Raises:
        ValueError: it has none, e.g. for an object of any keys; it names the place.
    """
    root = resolved(schema, schema)  # neither wire takes a $ref there
    result = _strict(root, "")
    if result.get("type") != "object":
        raise ValueError("the schema is not of an object")
    for home in ("$defs", "definitions"):
        if home in schema:
            result[home] = {name: _strict(one, name + ".") for name, one in schema[home].items()}
    return result


def _strict(schema: "Any", path: str) -> "dict[str, Any]":
    if not isinstance(schema, dict):
        raise ValueError("%s: anything goes, which has no strict form" % (path or "schema"))
    merged = schema.get("allOf")
    if merged is not None:
        if len(merged) != 1:
            raise ValueError("%s: allOf has no strict form" % (path or "schema"))
        schema = dict(schema)
        schema.pop("allOf")
        for name, value in merged[0].items():
            schema.setdefault(name, value)
    if "$ref" in schema:
        only = {"$ref": schema["$ref"]}  # nothing may stand beside it
        words = schema.get("description")
        return only if words is None else {"anyOf": [only], "description": words}
    result = {name: schema[name] for name in _KEPT if name in schema}
    _describe(schema, result)
    some = schema.get("anyOf", schema.get("oneOf"))
    if some is not None:
        result["anyOf"] = [_strict(one, path) for one in some]
        return result
    kinds = _kinds(schema)
    if "object" in kinds:
        _close(schema, result, path)
    if "array" in kinds:
        items = _items(schema)
        if items is None:
            raise ValueError("%s[]: anything goes, which has no strict form" % path)
        result["items"] = _strict(items, path + "[]")
    if not kinds and "enum" not in schema and "const" not in schema:
        raise ValueError("%s: anything goes, which has no strict form" % (path or "schema"))
    return result


def _describe(schema: "Schema", result: "dict[str, Any]") -> None:
    bounds = []
    for name in _BOUNDS:
        if name in schema:
            value = schema[name]
            if name == "format" and value in _FORMATS:
                result[name] = value
            else:
                bounds.append("%s: %s" % (name, value))
    if bounds:
        words = result.get("description", "")
        result["description"] = words + (" " if words else "") + "(%s)" % ", ".join(bounds)


def _kinds(schema: "Schema") -> "tuple[str, ...]":
    # The types that a schema names, or that its other words mean.
    kinds = schema.get("type", ())
    if isinstance(kinds, str):
        return (kinds,)
    if not kinds:
        if "properties" in schema:
            return ("object",)
        if "items" in schema or "prefixItems" in schema:
            return ("array",)
    return tuple(kinds)


def _items(schema: "Schema") -> "Any":
    # What each item may be; those of a tuple, which have a place each, are any of them.
    places = schema.get("prefixItems")
    if places is None:
        return schema.get("items")
    some: list[Any] = []
    for one in places:
        if one not in some:
            some.append(one)
    if isinstance(schema.get("items"), dict) and schema["items"] not in some:
        some.append(schema["items"])
    return some[0] if len(some) == 1 else {"anyOf": some}


def _close(schema: "Schema", result: "dict[str, Any]", path: str) -> None:
    properties = schema.get("properties")
    further = schema.get("additionalProperties")
    if isinstance(further, dict) or (properties is None and further is not False):
        raise ValueError("%s: an object of any keys has no strict form" % (path or "schema"))
    required = schema.get("required", ())
    result.setdefault("type", "object")
    closed: dict[str, Any] = {}
    for name, one in (properties or {}).items():
        inner = _strict(one, path + name + ".")
        closed[name] = inner if name in required else _or_null(inner)
    result["properties"] = closed
    result["required"] = list(closed)
    result["additionalProperties"] = False


def _or_null(schema: "dict[str, Any]") -> "dict[str, Any]":
    some = schema.get("anyOf")
    null = {"type": "null"}
    if "null" in _kinds(schema) or (some is not None and null in some):
        return schema
    if some is not None:
        schema["anyOf"] = some + [null]
        return schema
    words = schema.pop("description", None)
    result: dict[str, Any] = {"anyOf": [schema, null]}
    if words is not None:
        result["description"] = words
    return result


def check(schema: "Any", value: object, root: "Schema", path: str = "") -> None:
    """Says whether a value fits: its keys, types, members of an enum, bounds and lengths.

    Args:
        schema: of this value, a part of `root`.
        value: as JSON has it. A null counts as missing where the property need not be there.
        root: the whole schema, for its `$ref`.
        path: where the value stands.

    Raises:
        Misfit: it does not.
    """
    schema = resolved(schema, root)
    if schema is False:
        raise Misfit(path, "nothing is expected here")
    if not isinstance(schema, dict):
        return
    for one in schema.get("allOf", ()):
        check(one, value, root, path)
    some = schema.get("anyOf", schema.get("oneOf"))
    if some is not None:
        _check_any(some, value, root, path)
    if "const" in schema and not _same(schema["const"], value):
        raise Misfit(path, "%r is expected, and nothing else" % (schema["const"],))
    if "enum" in schema and not [one for one in schema["enum"] if _same(one, value)]:
        raise Misfit(path, "one of %r is expected" % (schema["enum"],))
    kinds = _kinds(schema)
    if kinds and not [kind for kind in kinds if _is(kind, value)]:
        raise Misfit(path, "%s is expected, not %s" % (" or ".join(kinds), _name(value)))
    if isinstance(value, dict):
        _check_object(schema, value, root, path)
    elif isinstance(value, list):
        _check_items(schema, value, root, path)
    elif isinstance(value, str):
        _check_size(schema, "Length", len(value), path)
    elif _is("number", value):
        _check_bounds(schema, value, path)


def _first_fit(some: "Any", value: object, root: "Schema") -> "Any":
    for one in some:
        try:
            check(one, value, root)
        except Misfit:
            continue
        return one
    return None


def _check_any(some: "Any", value: object, root: "Schema", path: str) -> None:
    others = [one for one in some if resolved(one, root) != {"type": "null"}]
    if len(others) == 1 and value is not None:
        check(others[0], value, root, path)  # which says where it does not fit
    elif _first_fit(some, value, root) is None:
        raise Misfit(path, "%s fits none of %d schemas" % (_name(value), len(some)))


def _same(wanted: object, value: object) -> bool:
    return wanted == value and isinstance(wanted, bool) == isinstance(value, bool)


def _is(kind: str, value: object) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer":
        return isinstance(value, int) or (isinstance(value, float) and value == value // 1)
    if kind == "number":
        # Infinity and NaN, which are no JSON, are read where a server sends them.
        return isinstance(value, (int, float)) and value - value == 0
    return kind == _name(value)


def _name(value: object) -> str:
    if value is None:
        return "null"
    for kind, name in ((bool, "boolean"), (str, "string"), (dict, "object"), (list, "array")):
        if isinstance(value, kind):
            return name
    if isinstance(value, int):
        return "integer"
    return "number" if value - value == 0 else "Infinity or NaN"  # type: ignore[operator]


def _check_object(schema: "Schema", value: "dict[str, Any]", root: "Schema", path: str) -> None:
    before = path + "." if path else ""
    properties = schema.get("properties", {})
    required = schema.get("required", ())
    for name in required:
        if name not in value:
            raise Misfit(before + name, "it is missing")
    further = schema.get("additionalProperties", True)
    for name, one in value.items():
        if name in properties:
            if one is not None or name in required:
                check(properties[name], one, root, before + name)
        elif further is False:
            raise Misfit(before + name, "no such key is expected")
        else:
            check(further, one, root, before + name)
    _check_size(schema, "Properties", len(value), path)


def _check_items(schema: "Schema", value: "list[Any]", root: "Schema", path: str) -> None:
    places = schema.get("prefixItems", ())
    items = schema.get("items", True)
    for index, one in enumerate(value):
        inner = places[index] if index < len(places) else items
        check(inner, one, root, "%s[%d]" % (path, index))
    _check_size(schema, "Items", len(value), path)


def _check_size(schema: "Schema", of: str, size: int, path: str) -> None:
    least, most = schema.get("min" + of, 0), schema.get("max" + of)
    if size < least or (most is not None and size > most):
        wanted = "at least %s" % least if size < least else "at most %s" % most
        raise Misfit(path, "%s are expected, not %d" % (wanted, size))


def _check_bounds(schema: "Schema", value: "Any", path: str) -> None:
    least, most = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    for name, bound, wrong in (
        ("minimum", least, least is not None and value < least),
        ("maximum", most, most is not None and value > most),
        ("exclusiveMinimum", above, above is not None and value <= above),
        ("exclusiveMaximum", below, below is not None and value >= below),
    ):
        if wrong:
            raise Misfit(path, "the %s is %s" % (name, bound))


def prune(schema: "Any", value: object, root: "Schema") -> None:
    """Takes the keys out of a value that are null because the strict form asks for each property:
    those that need not be there, and may not be null. In place.

    Args:
        schema: of this value, before it was made strict; a part of `root`.
        value: as JSON has it.
        root: the whole schema.
    """
    schema = resolved(schema, root)
    if not isinstance(schema, dict):
        return
    some = schema.get("anyOf", schema.get("oneOf"))
    if some is not None:
        prune(_first_fit(some, value, root), value, root)
    for one in schema.get("allOf", ()):
        prune(one, value, root)
    if isinstance(value, dict):
        properties, required = schema.get("properties", {}), schema.get("required", ())
        further = schema.get("additionalProperties")
        for name in list(value):
            inner = properties.get(name, further)
            if value[name] is not None:
                prune(inner, value[name], root)
            elif name in properties and name not in required:
                if _first_fit((inner,), None, root) is None:
                    del value[name]
    elif isinstance(value, list):
        places = schema.get("prefixItems", ())
        for index, one in enumerate(value):
            prune(places[index] if index < len(places) else schema.get("items"), one, root)
