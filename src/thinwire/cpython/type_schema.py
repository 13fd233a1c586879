"""Types as JSON schemas, and JSON values as their instances.

`schema_of(City)` is what a model is told, `convert(City, value)` makes of what it answers a City.
A type may be a pydantic model, a msgspec Struct, a dataclass, a TypedDict, an Enum, str, int,
float, bool, None, list, tuple, set, dict, a date, time, UUID or Decimal, and any Union, Optional,
Literal, Annotated or alias of these, inside each other and recursive.

Nothing is imported for it: a type of pydantic's knows its schema and checks its values itself, and
whoever has a Struct has loaded msgspec.

What an object has beyond its type's keys is left out of the instance, as pydantic and msgspec do.
"""

import collections.abc
import dataclasses
import datetime
import decimal
import enum
import inspect
import json
import sys
import types
import typing
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from thinwire.core.conversation.json_schema import Misfit as Misfit
from thinwire.core.conversation.json_schema import check
from thinwire.core.conversation.json_schema import strict as strict

Schema = dict[str, Any]

_PLAIN: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    None: {"type": "null"},
    type(None): {"type": "null"},
    Any: {},
    object: {},
    list: {"type": "array"},
    tuple: {"type": "array"},
    set: {"type": "array", "uniqueItems": True},
    frozenset: {"type": "array", "uniqueItems": True},
    dict: {"type": "object"},
}
# Types that JSON has as text -> its format, and what makes a value of it.
_TEXTS: dict[Any, tuple[str, Callable[[str], object]]] = {
    datetime.datetime: ("date-time", datetime.datetime.fromisoformat),
    datetime.date: ("date", datetime.date.fromisoformat),
    datetime.time: ("time", datetime.time.fromisoformat),
    uuid.UUID: ("uuid", uuid.UUID),
    decimal.Decimal: ("decimal", decimal.Decimal),
}
_SEQUENCES = {
    list: list,
    collections.abc.Sequence: list,
    collections.abc.MutableSequence: list,
    collections.abc.Iterable: list,
    collections.abc.Collection: list,
    set: set,
    collections.abc.Set: set,
    collections.abc.MutableSet: set,
    frozenset: frozenset,
}
_MAPPINGS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
# What Annotated, pydantic's Field, msgspec's Meta and annotated_types call it -> JSON schema.
_BOUNDS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
    "pattern": "pattern",
    "title": "title",
    "description": "description",
    "documentation": "description",  # typing_extensions.Doc
}
_MARKS = ("Required", "NotRequired", "ReadOnly")  # of the items of a TypedDict


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


def convert(kind: Any, value: object) -> Any:
    """An instance of a type, of a value as JSON has it.

    Raises:
        Misfit: the value does not fit; `path` says where. A ValueError.
        TypeError: there is no JSON for the type.
    """
    return _convert(kind, value, "", {})


def is_typed_dict(kind: Any) -> bool:
    """Whether a class is a TypedDict, of typing or of typing_extensions."""
    return isinstance(kind, type) and issubclass(kind, dict) and hasattr(kind, "__total__")


def _is_record(kind: Any) -> bool:
    return isinstance(kind, type) and (dataclasses.is_dataclass(kind) or is_typed_dict(kind))


def _origin_of(library: str, kind: Any) -> bool:
    # Whether a class says itself what its schema is, in the way of one of the two libraries.
    if library == "pydantic":
        return hasattr(kind, "model_json_schema") and hasattr(kind, "model_validate")
    return isinstance(kind, type) and hasattr(kind, "__struct_fields__")


def _msgspec() -> Any:
    return sys.modules["msgspec"]


def _adapter(kind: Any) -> Any:
    # pydantic's own way for its dataclasses.
    return sys.modules["pydantic"].TypeAdapter(kind)


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
        kind, notes = _bare(kind, known or {})
        schema = self._of(kind, path, known or {})
        extra = _notes(notes, schema)
        return {**schema, **extra} if extra else schema

    def _of(self, kind: Any, path: str, known: Mapping[Any, Any]) -> Schema:
        try:
            if kind in _PLAIN:
                return dict(_PLAIN[kind])
            if kind in _TEXTS:
                return {"type": "string", "format": _TEXTS[kind][0]}
        except TypeError:
            pass  # not hashable: what it is, is said below
        origin, given = typing.get_origin(kind), typing.get_args(kind)
        if origin is typing.Literal:
            return _enumeration([_json_of(one) for one in given])
        if origin in (typing.Union, types.UnionType):
            return self._union(given, path, known)
        if origin in _SEQUENCES:
            result = {"type": "array", "items": self.of(given[0], path + "[]", known)}
            return {**result, "uniqueItems": True} if "set" in origin.__name__.lower() else result
        if origin is tuple:
            return self._tuple(given, path, known)
        if origin in _MAPPINGS:
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
        if _origin_of("pydantic", home):
            return self._adopt(kind.model_json_schema())
        if hasattr(home, "__pydantic_validator__") and "pydantic" in sys.modules:
            return self._adopt(_adapter(kind).json_schema())
        if _origin_of("msgspec", home):
            template = "#/$defs/{name}"
            (schema,), parts = _msgspec().json.schema_components((kind,), ref_template=template)
            return self._adopt({**schema, "$defs": parts})
        if _is_record(home):
            return self._named(kind, lambda: self._fields(kind, path, known))
        raise _no_json(kind, path)

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
        for field in _fields_of(kind):
            schema = self.of(field.kind, f"{path}.{field.name}".lstrip("."), known)
            if field.words and "description" not in schema:
                schema = {**schema, "description": field.words}
            properties[field.name] = schema
            if field.required:
                required.append(field.name)
        result: Schema = {"type": "object", "title": home.__name__}
        words = _doc(home)
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


def _json_of(value: object) -> object:
    return value.value if isinstance(value, enum.Enum) else value


def _check_key(kind: Any, path: str) -> None:
    if kind not in (str, Any):
        raise TypeError(f"{path or 'type'}: the keys of a JSON object are strings, not {kind!r}")


def _no_json(kind: Any, path: str) -> TypeError:
    takes = "a pydantic model, a msgspec Struct, a dataclass, a TypedDict or a type of JSON's"
    return TypeError(f"{path or 'type'}: there is no JSON schema for {kind!r}: it takes {takes}")


def _bare(kind: Any, known: Mapping[Any, Any]) -> tuple[Any, list[Any]]:
    # A type without what stands around it, and what Annotated says of it.
    notes: list[Any] = []
    while True:
        if isinstance(kind, typing.TypeVar):
            bound = known.get(kind, getattr(kind, "__bound__", None))
            kind = Any if bound is None or bound is kind else bound
            continue
        if known and typing.get_origin(kind) is not None and kind.__parameters__:
            kind = kind[tuple(known.get(one, Any) for one in kind.__parameters__)]
            continue
        origin = typing.get_origin(kind)
        if origin is typing.Annotated:
            notes = list(kind.__metadata__) + notes
            kind = kind.__origin__
        elif getattr(origin, "_name", None) in _MARKS or _is_final(origin):
            kind = typing.get_args(kind)[0]
        elif hasattr(kind, "__supertype__"):  # NewType
            kind = kind.__supertype__
        else:
            return kind, notes


def _is_final(origin: Any) -> bool:
    return origin in (typing.Final, typing.ClassVar, dataclasses.InitVar)


def _notes(notes: list[Any], schema: Schema) -> Schema:
    # What Annotated says, as words of a JSON schema.
    result: Schema = {}
    sizes = {"string": "Length", "array": "Items", "object": "Properties"}
    of = sizes.get(str(schema.get("type")), "Length")
    names = {**_BOUNDS, "min_length": "min" + of, "max_length": "max" + of}
    for note in notes:
        if isinstance(note, str):
            result["description"] = note
            continue
        for one in (note, *(getattr(note, "metadata", None) or ())):
            for name, word in names.items():
                value = getattr(one, name, None)
                if value is not None and not callable(value):
                    result[word] = value
    return result


class _Field:
    # One item of a dataclass or a TypedDict.

    def __init__(self, name: str, kind: Any, required: bool, words: str = "") -> None:
        self.name = name
        self.kind = kind
        self.required = required
        self.words = words


def _fields_of(kind: Any) -> list[_Field]:
    home: Any = typing.get_origin(kind) or kind
    try:
        # A class made inside a function is found by nobody else, if it names itself.
        hints = typing.get_type_hints(home, None, {home.__name__: home}, include_extras=True)
    except NameError as error:
        raise TypeError(
            f"{home.__name__}: {error}; define it where its module can see it"
        ) from None
    arguments = typing.get_args(kind)
    known: dict[Any, Any] = {}
    if arguments:
        known = dict(zip(home.__parameters__, arguments, strict=False))
    if dataclasses.is_dataclass(home):
        missing = dataclasses.MISSING
        return [
            _Field(
                field.name,
                _filled(hints[field.name], known),
                field.default is missing and field.default_factory is missing,
                str(field.metadata.get("description", "")),
            )
            for field in dataclasses.fields(home)
            if field.init
        ]
    required = home.__required_keys__
    return [
        _Field(name, _filled(hint, known), _is_required(hint, name in required))
        for name, hint in hints.items()
    ]


def _filled(hint: Any, known: Mapping[Any, Any]) -> Any:
    # A hint with what its variables stand for.
    if not known:
        return hint
    if isinstance(hint, typing.TypeVar):
        return known.get(hint, Any)
    parameters = getattr(hint, "__parameters__", ())
    if parameters and typing.get_origin(hint) is not None:
        return hint[tuple(known.get(one, Any) for one in parameters)]
    return hint


def _is_required(hint: Any, usual: bool) -> bool:
    # The hint counts more: with postponed annotations, the class does not know it.
    origin = typing.get_origin(hint)
    while origin is not None:
        name = getattr(origin, "_name", None)
        if name in ("Required", "NotRequired"):
            return bool(name == "Required")
        if origin is not typing.Annotated and name != "ReadOnly":
            break
        hint = typing.get_args(hint)[0]
        origin = typing.get_origin(hint)
    return usual


def _doc(kind: Any) -> str:
    # What a class says of itself, but for what dataclass says in its place.
    words = str(kind.__dict__.get("__doc__") or "")
    return "" if words.startswith(f"{kind.__name__}(") else inspect.cleandoc(words)


# ---- values ----------------------------------------------------------------------------------


def _convert(kind: Any, value: Any, path: str, known: Mapping[Any, Any]) -> Any:
    kind, notes = _bare(kind, known)
    if notes:
        bounds = _notes(notes, _size_of(value))
        check(bounds, value, bounds, path)
    origin, given = typing.get_origin(kind), typing.get_args(kind)
    if kind in (Any, object):
        return value
    if origin is None and isinstance(kind, collections.abc.Hashable):
        if kind in _PLAIN:
            return _plain(kind, value, path)
        if kind in _TEXTS:
            return _text(kind, value, path)
    if origin is typing.Literal:
        for one in given:
            if _same(_json_of(one), value):
                return one
        wanted = ", ".join(repr(_json_of(one)) for one in given)
        raise Misfit(path, f"one of {wanted} is expected")
    if origin in (typing.Union, types.UnionType):
        return _one_of(given, value, path)
    if origin in _SEQUENCES:
        items = _list(value, path)
        return _SEQUENCES[origin](
            _convert(given[0], one, f"{path}[{index}]", known) for index, one in enumerate(items)
        )
    if origin is tuple:
        return _tuple_of(given, value, path)
    if origin in _MAPPINGS:
        before = path + "." if path else ""
        return {
            name: _convert(given[1], one, before + name, known)
            for name, one in _object(value, path).items()
        }
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        for member in kind:
            if _same(member.value, value):
                return member
        wanted = ", ".join(repr(one.value) for one in kind)
        raise Misfit(path, f"one of {wanted} is expected")
    if hasattr(kind, "__value__"):
        return _convert(kind.__value__, value, path, known)
    home = origin or kind
    if _origin_of("pydantic", home):
        # As JSON, in which a strict model takes a date as text, and a tuple as a list.
        return _by_pydantic(lambda: kind.model_validate_json(json.dumps(value)), path)
    if hasattr(home, "__pydantic_validator__") and "pydantic" in sys.modules:
        return _by_pydantic(lambda: _adapter(kind).validate_json(json.dumps(value)), path)
    if _origin_of("msgspec", home):
        return _by_msgspec(kind, value, path)
    if _is_record(home):
        return _instance(kind, home, value, path)
    raise _no_json(kind, path)


def _plain(kind: Any, value: Any, path: str) -> Any:
    if kind in (list, tuple, set, frozenset):
        return kind(_list(value, path))
    if kind is dict:
        return _object(value, path)
    check(_PLAIN[kind], value, _PLAIN[kind], path)
    return kind(value) if kind in (int, float) else value


def _text(kind: Any, value: Any, path: str) -> Any:
    word, make = _TEXTS[kind]
    if kind is decimal.Decimal and isinstance(value, (int, float)) and value is not True:
        value = str(value)
    check({"type": "string"}, value, {}, path)
    try:
        return make(value)
    except (ValueError, decimal.InvalidOperation):
        raise Misfit(path, f"a {word} is expected") from None


def _size_of(value: object) -> Schema:
    kinds = ((str, "string"), (list, "array"), (dict, "object"))
    return next(({"type": word} for kind, word in kinds if isinstance(value, kind)), {})


def _same(wanted: object, value: object) -> bool:
    return wanted == value and isinstance(wanted, bool) == isinstance(value, bool)


def _list(value: Any, path: str) -> list[Any]:
    check(_PLAIN[list], value, {}, path)
    return value  # type: ignore[no-any-return]


def _object(value: Any, path: str) -> dict[str, Any]:
    check(_PLAIN[dict], value, {}, path)
    return value  # type: ignore[no-any-return]


def _tuple_of(given: tuple[Any, ...], value: Any, path: str) -> tuple[Any, ...]:
    items = _list(value, path)
    if len(given) == 2 and given[1] is ...:
        given = (given[0],) * len(items)
    if len(items) != len(given):
        raise Misfit(path, f"{len(given)} items are expected, not {len(items)}")
    return tuple(
        _convert(kind, one, f"{path}[{index}]", {})
        for index, (kind, one) in enumerate(zip(given, items, strict=True))
    )


def _one_of(given: tuple[Any, ...], value: Any, path: str) -> Any:
    # The member that a value is one of already, else the first that it fits, and of objects
    # rather one that knows each of its keys.
    for kind in given:
        if kind is type(value):
            return _convert(kind, value, path, {})
    others = [kind for kind in given if kind not in (None, type(None))]
    if len(others) == 1 and value is not None:
        return _convert(others[0], value, path, {})  # whose words say where it does not fit
    if isinstance(value, dict):
        given = tuple(sorted(given, key=lambda kind: len(value.keys() - _keys(kind))))
    for kind in given:
        try:
            return _convert(kind, value, path, {})
        except Misfit:
            continue
    names = ", ".join(getattr(kind, "__name__", str(kind)) for kind in given)
    raise Misfit(path, f"one of {names} is expected")


def _keys(kind: Any) -> set[str]:
    # The keys of a member of a Union, as its schema has them.
    return set(schema_of(kind).get("properties", ()))


def _instance(kind: Any, home: Any, value: Any, path: str) -> Any:
    given, before = _object(value, path), path + "." if path else ""
    result: dict[str, Any] = {}
    for field in _fields_of(kind):
        if field.name in given:
            result[field.name] = _convert(field.kind, given[field.name], before + field.name, {})
        elif field.required:
            raise Misfit(before + field.name, "it is missing")
    if is_typed_dict(home):
        return result
    try:
        return home(**result)
    except ValueError as error:  # of its own __post_init__
        raise Misfit(path, str(error)) from error


def _by_pydantic(validate: Callable[[], Any], path: str) -> Any:
    try:
        return validate()
    except ValueError as error:
        if not hasattr(error, "errors"):
            raise
        first = error.errors()[0]
        place = path
        for step in first["loc"]:
            place += f"[{step}]" if isinstance(step, int) else f".{step}"
        raise Misfit(place.lstrip("."), first["msg"]) from error


def _by_msgspec(kind: Any, value: Any, path: str) -> Any:
    library = _msgspec()
    try:
        return library.convert(value, kind)
    except library.ValidationError as error:
        words, _, place = str(error).partition(" - at `$")
        raise Misfit((path + place.rstrip("`")).lstrip("."), words) from error
