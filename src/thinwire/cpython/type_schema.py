"""Types as JSON schemas: `schema_of(City)` is what a model is told; type_values.py makes a City.

A type may be a pydantic model, a msgspec Struct, a dataclass, a TypedDict, an Enum, str, int,
float, bool, None, list, tuple, set, dict, a date, time, UUID or Decimal, and any Union, Optional,
Literal, Annotated or alias of these, inside each other and recursive.
"""

import enum
import sys
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from thinwire.cpython.type_parts import (
    MAPPINGS,
    PLAIN,
    SEQUENCES,
    TEXTS,
    adapter,
    bare,
    bounds_of,
    fields_of,
    is_of,
    is_record,
    json_of,
    msgspec,
    no_json,
    words_of,
)

Schema = dict[str, Any]


def schema_of(kind: Any) -> Schema:
    """The JSON schema of a type. What it uses more than once, or is recursive, is in `$defs`; an
    object stands in the root itself.

    Raises:
        TypeError: there is no JSON for the type; it names the place.
    """
    maker = _Maker()
    schema = maker.of(kind, "")
    while "$ref" in schema:
        beside = dict(schema)
        schema = {**maker.defs[beside.pop("$ref").rpartition("/")[2]], **beside}
    if maker.defs:
        used: dict[str, Schema] = {}
        _collect(schema, maker.defs, used)
        if used:
            schema["$defs"] = used
    return schema


def _collect(schema: object, defs: dict[str, Schema], used: dict[str, Schema]) -> None:
    # Of the definitions those that a schema leads to, in the order it does.
    if isinstance(schema, dict):
        ref = schema.get("$ref")
        if isinstance(ref, str):
            name = ref.rpartition("/")[2]
            if name not in used:
                used[name] = defs[name]
                _collect(defs[name], defs, used)
        for one in schema.values():
            _collect(one, defs, used)
    elif isinstance(schema, list):
        for one in schema:
            _collect(one, defs, used)


class _Maker:
    # Makes one schema. `defs` are its definitions by name; `known`, in its methods, what the
    # variables of a generic alias stand for.

    def __init__(self) -> None:
        self.defs: dict[str, Schema] = {}
        self._names: dict[Any, str] = {}  # of classes

    def of(self, kind: Any, path: str, known: "Mapping[Any, Any] | None" = None) -> Schema:
        kind, notes = bare(kind, known or {})
        schema = self._of(kind, path, known or {})
        extra = bounds_of(notes, schema)
        return {**schema, **extra} if extra else schema

    def _of(self, kind: Any, path: str, known: Mapping[Any, Any]) -> Schema:
        try:
            if kind in PLAIN:
                return dict(PLAIN[kind])
            if kind in TEXTS:
                return {"type": "string", "format": TEXTS[kind][0]}
        except TypeError:
            pass  # not hashable: what it is, is said below
        origin, given = typing.get_origin(kind), typing.get_args(kind)
        if origin is typing.Literal:
            return _enumeration([json_of(one) for one in given])
        if origin in (typing.Union, types.UnionType):
            return self._union(given, path, known)
        if origin in SEQUENCES:
            result = {"type": "array", "items": self.of(given[0], path + "[]", known)}
            return {**result, "uniqueItems": True} if "set" in origin.__name__.lower() else result
        if origin is tuple:
            return self._tuple(given, path, known)
        if origin in MAPPINGS:
            _check_key(given[0], path)
            return {
                "type": "object",
                "additionalProperties": self.of(given[1], path + "{}", known),
            }
        if isinstance(kind, type) and issubclass(kind, enum.Enum):
            return _enumeration([one.value for one in kind])
        if hasattr(kind, "__value__"):  # type X = ...
            return self._named(kind, lambda: self.of(kind.__value__, path, known))
        home = origin or kind
        if is_of("pydantic", home):
            return self._adopt(kind.model_json_schema())
        if hasattr(home, "__pydantic_validator__") and "pydantic" in sys.modules:
            return self._adopt(adapter(kind).json_schema())
        if is_of("msgspec", home):
            template = "#/$defs/{name}"
            (schema,), parts = msgspec().json.schema_components((kind,), ref_template=template)
            return self._adopt({**schema, "$defs": parts})
        if is_record(home):
            return self._named(kind, lambda: self._fields(kind, path, known))
        raise no_json(kind, path)

    def _union(self, given: tuple[Any, ...], path: str, known: Mapping[Any, Any]) -> Schema:
        some: list[Schema] = []
        for one in given:
            schema = self.of(one, path, known)
            if schema not in some:
                some.append(schema)
        return some[0] if len(some) == 1 else {"anyOf": some}

    def _tuple(self, given: tuple[Any, ...], path: str, known: Mapping[Any, Any]) -> Schema:
        if len(given) == 2 and given[1] is ...:
            return {"type": "array", "items": self.of(given[0], path + "[]", known)}
        places = [self.of(one, f"{path}[{index}]", known) for index, one in enumerate(given)]
        size = len(places)
        return {"type": "array", "prefixItems": places, "minItems": size, "maxItems": size}

    def _fields(self, kind: Any, path: str, known: Mapping[Any, Any]) -> Schema:
        home = typing.get_origin(kind) or kind
        properties: dict[str, Schema] = {}
        required: list[str] = []
        for field in fields_of(kind):
            schema = self.of(field.kind, f"{path}.{field.name}".lstrip("."), known)
            if field.words and "description" not in schema:
                schema = {**schema, "description": field.words}
            properties[field.name] = schema
            if field.required:
                required.append(field.name)
        result: Schema = {"type": "object", "title": home.__name__}
        words = words_of(home)
        if words:
            result["description"] = words
        result["properties"] = properties
        if required:
            result["required"] = required
        result["additionalProperties"] = False
        return result

    def _named(self, kind: Any, make: Callable[[], Schema]) -> Schema:
        # A definition, which the type itself may lead back to.
        name = self._names.get(kind)
        if name is None:
            word = str(getattr(kind, "__name__", kind))
            for argument in typing.get_args(kind):
                word += "_" + getattr(argument, "__name__", "of")
            name = self._names[kind] = self._free(word)
            self.defs[name] = {}
            self.defs[name] = make()
        return {"$ref": "#/$defs/" + name}

    def _free(self, word: str, schema: "Schema | None" = None) -> str:
        # A name that no other definition has.
        word = "".join(c if (c.isalnum() and c.isascii()) or c in "_.-" else "_" for c in word)
        name, number = word, 1
        while name in self.defs and (schema is None or self.defs[name] != schema):
            number += 1
            name = f"{word}_{number}"
        return name

    def _adopt(self, schema: Schema) -> Schema:
        # A whole schema of somebody else's, whose definitions go beside ours.
        schema = dict(schema)
        parts = schema.pop("$defs", {})
        names = {name: self._free(name, one) for name, one in parts.items()}
        for name, one in parts.items():
            self.defs[names[name]] = _renamed(one, names)
        return _renamed(schema, names)  # type: ignore[no-any-return]


def _renamed(schema: Any, names: Mapping[str, str]) -> Any:
    # A schema whose `$ref` name the definitions as we do.
    if isinstance(schema, list):
        return [_renamed(one, names) for one in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: _renamed(one, names) for key, one in schema.items()}
    ref = result.get("$ref")
    if isinstance(ref, str):
        name = ref.rpartition("/")[2]
        result["$ref"] = "#/$defs/" + names.get(name, name)
    return result


def _enumeration(values: list[Any]) -> Schema:
    result: Schema = {"enum": values} if len(values) != 1 else {"const": values[0]}
    for kind, word in ((bool, "boolean"), (str, "string"), (int, "integer"), (float, "number")):
        if all(isinstance(one, kind) for one in values):
            return {"type": word, **result}
    return result


def _check_key(kind: Any, path: str) -> None:
    if kind not in (str, Any):
        raise TypeError(f"{path or 'type'}: the keys of a JSON object are strings, not {kind!r}")
