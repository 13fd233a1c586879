"""Attribute objects: what a server said, as openai's models show it, without pydantic.

A class names the fields that are known, by annotations; nothing is checked, as it is not there.
A known field that the server left out is its default (None, where it has none); an unknown one is
kept, and is an attribute like any other.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from types import UnionType
from typing import (
    Any,
    ClassVar,
    Literal,
    Self,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

_SHOWN = 2  # what `to_json` indents by, as there

_M = TypeVar("_M", bound="BaseModel")

Fields = dict[str, Any]  # `dict` is the name of a method below


class FieldInfo:
    """A known field of a model.

    Attributes:
        annotation: its type.
        default: what it is where the server left it out.
    """

    def __init__(self, annotation: Any, default: Any) -> None:
        self.annotation = annotation
        self.default = default


class BaseModel:
    """A JSON object with attributes.

    Args:
        values: its fields, JSON or models; those that are not known are kept, too.
    """

    __pydantic_fields_set__: ClassVar[frozenset[str]] = frozenset()
    _request_id: str | None = None
    _origin: str = ""  # whose words they are, for the next turn

    def __init__(self, /, **values: Any) -> None:
        self._take(values)

    def _take(self, values: Mapping[str, Any]) -> None:
        known = _converters(type(self))
        own = self.__dict__
        for name, value in values.items():
            convert = known.get(name)
            own[name] = value if convert is None or value is None else convert(value)

    @classmethod
    def construct(cls, _fields_set: object = None, **values: Any) -> Self:
        """A model of these fields, which nobody checks."""
        return _made(cls, values)

    model_construct = construct

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """A model of a dict; a model is handed out as it is."""
        return obj if isinstance(obj, cls) else _made(cls, obj)

    @classmethod
    def model_validate_json(cls, data: str | bytes, **options: Any) -> Self:
        """A model of JSON."""
        return _made(cls, json.loads(data))

    def __class_getitem__(cls, parameter: object) -> type[Self]:
        return cls

    def __getattr__(self, name: str) -> Any:
        # Asked for what the server has not said.
        if name[:2] != "__":
            if name == "model_fields":
                return _fields(type(self))
            field = _fields(type(self)).get(name)
            if field is not None:
                return field.default
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def model_fields_set(self) -> set[str]:
        """Names of the known fields that were said."""
        return {name for name in self._said() if name in _fields(type(self))}

    @property
    def model_extra(self) -> Fields:
        """What was said in fields that are not known."""
        known = _fields(type(self))
        return {name: value for name, value in self._said().items() if name not in known}

    def _said(self) -> Fields:
        private = ("_request_id", "_origin", "_next", "thinwire")
        return {name: value for name, value in self.__dict__.items() if name not in private}

    def _all(self) -> Fields:
        said = self._said()
        found = {name: said.get(name, one.default) for name, one in _fields(type(self)).items()}
        found.update(said)
        return found

    def model_dump(
        self,
        *,
        mode: str = "python",
        include: Any = None,
        exclude: Any = None,
        exclude_unset: bool = False,
        exclude_defaults: bool = False,
        exclude_none: bool = False,
        **options: Any,
    ) -> Fields:
        """The fields as a dict, nested ones as well.

        Args:
            mode: "json" for what JSON can carry only.
            include, exclude: names of fields.
            exclude_unset: leave out what was not said.
            exclude_defaults, exclude_none: leave out what is its default, or None.
        """
        found = {}
        fields = _fields(type(self))
        for name, value in (self._said() if exclude_unset else self._all()).items():
            if (include is not None and name not in include) or (exclude and name in exclude):
                continue
            if exclude_none and value is None:
                continue
            if exclude_defaults and name in fields and value == fields[name].default:
                continue
            found[name] = _dumped(
                value,
                {
                    "mode": mode,
                    "exclude_unset": exclude_unset,
                    "exclude_defaults": exclude_defaults,
                    "exclude_none": exclude_none,
                },
            )
        return found

    def model_dump_json(self, *, indent: int | None = None, **options: Any) -> str:
        """The fields as JSON; see `model_dump`."""
        separators = (",", ":") if indent is None else None
        found = self.model_dump(mode="json", **options)
        return json.dumps(found, ensure_ascii=False, indent=indent, separators=separators)

    def to_dict(
        self,
        *,
        mode: Literal["json", "python"] = "python",
        use_api_names: bool = True,
        exclude_unset: bool = True,
        exclude_defaults: bool = False,
        exclude_none: bool = False,
        warnings: bool = True,
    ) -> Fields:
        """What was said as a dict; see `model_dump`."""
        return self.model_dump(
            mode=mode,
            exclude_unset=exclude_unset,
            exclude_defaults=exclude_defaults,
            exclude_none=exclude_none,
        )

    def to_json(
        self,
        *,
        indent: int | None = _SHOWN,
        use_api_names: bool = True,
        exclude_unset: bool = True,
        exclude_defaults: bool = False,
        exclude_none: bool = False,
        warnings: bool = True,
    ) -> str:
        """What was said as JSON; see `model_dump`."""
        return self.model_dump_json(
            indent=indent,
            exclude_unset=exclude_unset,
            exclude_defaults=exclude_defaults,
            exclude_none=exclude_none,
        )

    def dict(self, **options: Any) -> Fields:
        """See `model_dump`, which is its name by now."""
        return self.model_dump(**options)

    def json(self, **options: Any) -> str:
        """See `model_dump_json`, which is its name by now."""
        return self.model_dump_json(**options)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy, with other values for some fields."""
        found = _made(type(self), _dumped(self, {}) if deep else self._said())
        found.__dict__.update(update or {})
        return found

    copy = model_copy

    def __iter__(self) -> Iterator[Any]:
        return iter(self._all().items())

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._all() == other._all()

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self._all().items())
        return f"{type(self).__name__}({shown})"

    __str__ = __repr__

    def __rich_repr__(self) -> Iterator[tuple[str, Any]]:
        yield from sorted(self._all().items())


# What was found of each class.
_FIELDS: dict[Any, dict[str, FieldInfo]] = {}
_CONVERTERS: dict[Any, dict[str, Callable[[Any], Any]]] = {}


class _ModelFields:
    # `model_fields` of a class; of an object it is asked in __getattr__.
    def __get__(self, model: object, kind: type) -> dict[str, FieldInfo]:
        return _fields(kind)


BaseModel.model_fields = _ModelFields()  # type: ignore[attr-defined]


class GenericObject(BaseModel):
    """A JSON object of which few fields are known beforehand; those in it are such ones, too."""

    def _take(self, values: Mapping[str, Any]) -> None:
        super()._take({name: opened(value) for name, value in values.items()})


def opened(value: Any) -> Any:
    """JSON with attributes, however deep."""
    if isinstance(value, Mapping):
        return GenericObject(**value)
    if isinstance(value, (list, tuple)):
        return [opened(one) for one in value]
    return value


def _made(kind: type[_M], values: Mapping[str, Any]) -> _M:
    found = kind.__new__(kind)
    found._take(values)
    return found


def _dumped(value: Any, options: dict[str, Any]) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(**options)
    if isinstance(value, list):
        return [_dumped(one, options) for one in value]
    if isinstance(value, dict):
        return {name: _dumped(one, options) for name, one in value.items()}
    if hasattr(value, "model_dump"):  # what was parsed, a model of pydantic
        return value.model_dump(**options)
    return value


def _fields(kind: Any) -> dict[str, FieldInfo]:
    # The known fields of a class, by which its objects are made.
    found = _FIELDS.get(kind)
    if found is None:
        found = _FIELDS[kind] = _found(kind)
    return found


def _found(kind: type[Any]) -> dict[str, FieldInfo]:
    hints = {}
    for one in reversed(kind.__mro__):
        if issubclass(one, BaseModel) and one is not BaseModel:
            known = get_type_hints(one)
            hints.update({name: known[name] for name in inspect.get_annotations(one)})
    return {
        name: FieldInfo(hint, getattr(kind, name, None) if name in _declared(kind) else None)
        for name, hint in hints.items()
        if name[0] != "_" and name != "thinwire"
    }


def _declared(kind: type[Any]) -> set[str]:
    return {name for one in kind.__mro__ if one not in (BaseModel, object) for name in vars(one)}


def _converters(kind: Any) -> dict[str, Callable[[Any], Any]]:
    known = _CONVERTERS.get(kind)
    if known is None:
        found = {name: _converter(one.annotation) for name, one in _fields(kind).items()}
        known = {name: one for name, one in found.items() if one is not None}
        _CONVERTERS[kind] = known
    return known


def _converter(annotation: Any) -> Callable[[Any], Any] | None:
    # What makes models of JSON where the annotation asks for some; None where nothing is to do.
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        models = [one for one in parts if isinstance(one, type) and issubclass(one, BaseModel)]
        if len(models) > 1:
            return lambda value: (
                _made(_of_type(models, value), value) if _is_json(value) else value
            )
        inner = [_converter(one) for one in parts]
        found = [one for one in inner if one is not None]
        return found[0] if found else None
    if origin is list:
        each = _converter(parts[0])
        if each is None:
            return None
        return lambda value: (
            [one if one is None else each(one) for one in value]
            if isinstance(value, (list, tuple))
            else value
        )
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return lambda value: _made(annotation, value) if _is_json(value) else value
    return None


def _is_json(value: Any) -> bool:
    return isinstance(value, Mapping)


def _of_type(models: list[type[BaseModel]], value: Mapping[str, Any]) -> type[BaseModel]:
    # The one of several that has the value's `type`; the first where none has.
    for one in models:
        if value.get("type") in get_args(_fields(one)["type"].annotation):
            return one
    return models[0]
