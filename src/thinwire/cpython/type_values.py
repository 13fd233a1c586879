"""Values of JSON as instances of types: `convert(City, value)` makes a City of an answer.

What an object has beyond its type's keys is left out of the instance, as pydantic and msgspec do.
"""

import collections.abc
import decimal
import enum
import functools
import json
import sys
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from thinwire.core.conversation.json_schema import Misfit, check
from thinwire.cpython.type_parts import (
    MAPPINGS,
    PLAIN,
    SEQUENCES,
    TEXTS,
    Schema,
    adapter,
    bare,
    bounds_of,
    fields_of,
    is_of,
    is_record,
    is_typed_dict,
    json_of,
    msgspec,
    no_json,
)
from thinwire.cpython.type_schema import schema_of


def convert(kind: Any, value: object) -> Any:
    """An instance of a type, of a value as JSON has it.

    Raises:
        Misfit: the value does not fit; `path` says where. A ValueError.
        TypeError: there is no JSON for the type.
    """
    return _convert(kind, value, "", {})


def _convert(kind: Any, value: Any, path: str, known: Mapping[Any, Any]) -> Any:
    kind, notes = bare(kind, known)
    if notes:
        bounds = bounds_of(notes, _size_of(value))
        check(bounds, value, bounds, path)
    origin, given = typing.get_origin(kind), typing.get_args(kind)
    if kind in (Any, object):
        return value
    if origin is None and isinstance(kind, collections.abc.Hashable):
        if kind in PLAIN:
            return _plain(kind, value, path)
        if kind in TEXTS:
            return _text(kind, value, path)
    if origin is typing.Literal:
        for one in given:
            if _same(json_of(one), value):
                return one
        wanted = ", ".join(repr(json_of(one)) for one in given)
        raise Misfit(path, f"one of {wanted} is expected")
    if origin in (typing.Union, types.UnionType):
        return _one_of(given, value, path)
    if origin in SEQUENCES:
        items = _list(value, path)
        return SEQUENCES[origin](
            _convert(given[0], one, f"{path}[{index}]", known) for index, one in enumerate(items)
        )
    if origin is tuple:
        return _tuple_of(given, value, path)
    if origin in MAPPINGS:
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
    if is_of("pydantic", home):
        # As JSON, in which a strict model takes a date as text, and a tuple as a list.
        return _by_pydantic(lambda: kind.model_validate_json(json.dumps(value)), path)
    if hasattr(home, "__pydantic_validator__") and "pydantic" in sys.modules:
        return _by_pydantic(lambda: adapter(kind).validate_json(json.dumps(value)), path)
    if is_of("msgspec", home):
        return _by_msgspec(kind, value, path)
    if is_record(home):
        return _instance(kind, home, value, path)
    raise no_json(kind, path)


def _plain(kind: Any, value: Any, path: str) -> Any:
    if kind in (list, tuple, set, frozenset):
        return kind(_list(value, path))
    if kind is dict:
        return _object(value, path)
    check(PLAIN[kind], value, PLAIN[kind], path)
    return kind(value) if kind in (int, float) else value


def _text(kind: Any, value: Any, path: str) -> Any:
    word, make = TEXTS[kind]
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
    check(PLAIN[list], value, {}, path)
    return value  # type: ignore[no-any-return]


def _object(value: Any, path: str) -> dict[str, Any]:
    check(PLAIN[dict], value, {}, path)
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
        given = tuple(sorted(given, key=lambda kind: len(value.keys() - _keys(bare(kind, {})[0]))))
    for kind in given:
        try:
            return _convert(kind, value, path, {})
        except Misfit:
            continue
    names = ", ".join(getattr(kind, "__name__", str(kind)) for kind in given)
    raise Misfit(path, f"one of {names} is expected")


@functools.lru_cache(maxsize=128)
def _keys(kind: Any) -> set[str]:
    # The keys of a member of a Union, as its schema has them.
    return set(schema_of(kind).get("properties", ()))


def _instance(kind: Any, home: Any, value: Any, path: str) -> Any:
    given, before = _object(value, path), path + "." if path else ""
    result: dict[str, Any] = {}
    for field in fields_of(kind):
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
    library = msgspec()
    try:
        return library.convert(value, kind)
    except library.ValidationError as error:
        words, _, place = str(error).partition(" - at `$")
        raise Misfit((path + place.rstrip("`")).lstrip("."), words) from error
