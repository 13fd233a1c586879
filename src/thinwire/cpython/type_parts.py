"""What a type is made of, for who makes schemas of types (type_schema.py) and instances of JSON
values (type_values.py): which types have JSON, how Annotated and the like are read, what the items
of a dataclass or a TypedDict are, and whose own way a type of pydantic's or msgspec's has.

Nothing of theirs is imported: a type of pydantic's says itself what it is, and whoever has a
Struct has loaded msgspec.
"""

import collections.abc
import dataclasses
import datetime
import decimal
import enum
import functools
import inspect
import sys
import typing
import uuid
from collections.abc import Callable, Mapping
from typing import Any

Schema = dict[str, Any]

PLAIN: dict[Any, Schema] = {
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
TEXTS: dict[Any, tuple[str, Callable[[str], object]]] = {
    datetime.datetime: ("date-time", datetime.datetime.fromisoformat),
    datetime.date: ("date", datetime.date.fromisoformat),
    datetime.time: ("time", datetime.time.fromisoformat),
    uuid.UUID: ("uuid", uuid.UUID),
    decimal.Decimal: ("decimal", decimal.Decimal),
}
SEQUENCES = {
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
MAPPINGS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
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


def is_typed_dict(kind: Any) -> bool:
    """Whether a class is a TypedDict, of typing or of typing_extensions."""
    return isinstance(kind, type) and issubclass(kind, dict) and hasattr(kind, "__total__")


def is_record(kind: Any) -> bool:
    return isinstance(kind, type) and (dataclasses.is_dataclass(kind) or is_typed_dict(kind))


def is_of(library: str, kind: Any) -> bool:
    # Whether a class says itself what its schema is, in the way of one of the two libraries.
    if library == "pydantic":
        return hasattr(kind, "model_json_schema") and hasattr(kind, "model_validate")
    return isinstance(kind, type) and hasattr(kind, "__struct_fields__")


def msgspec() -> Any:
    return sys.modules["msgspec"]


def adapter(kind: Any) -> Any:
    # pydantic's own way for its dataclasses.
    return sys.modules["pydantic"].TypeAdapter(kind)


def json_of(value: object) -> object:
    return value.value if isinstance(value, enum.Enum) else value


def no_json(kind: Any, path: str) -> TypeError:
    takes = "a pydantic model, a msgspec Struct, a dataclass, a TypedDict or a type of JSON's"
    return TypeError(f"{path or 'type'}: there is no JSON schema for {kind!r}: it takes {takes}")


def bare(kind: Any, known: Mapping[Any, Any]) -> tuple[Any, list[Any]]:
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


def bounds_of(notes: list[Any], schema: Schema) -> Schema:
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


class Field:
    # One item of a dataclass or a TypedDict.

    def __init__(self, name: str, kind: Any, required: bool, words: str = "") -> None:
        self.name = name
        self.kind = kind
        self.required = required
        self.words = words


@functools.lru_cache(maxsize=128)
def fields_of(kind: Any) -> list[Field]:
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
            Field(
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
        Field(name, _filled(hint, known), _is_required(hint, name in required))
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


def words_of(kind: Any) -> str:
    # What a class says of itself, but for what dataclass says in its place.
    words = str(kind.__dict__.get("__doc__") or "")
    return "" if words.startswith(f"{kind.__name__}(") else inspect.cleandoc(words)
