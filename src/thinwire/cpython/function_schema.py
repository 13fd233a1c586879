"""What a model is told of a function, by its signature and its docstring.

  def weather(city: str, days: Annotated[int, "1 to 7"] = 1) -> str:
      '''The forecast.

      Args:
          city: e.g. "Zürich, CH".
      '''

Name and first part of the docstring describe the tool; each parameter is a property of the type
that it is annotated with (type_schema.py knows which), described by its docstring (docstrings.py)
or by Annotated, required unless it has a default. What a model gives is converted to those types
before the function is called.

A parameter of type ToolCall is no property: it gets the call itself. `*args` gets nothing;
`**more` gets what has no parameter. Of a partial the parameters that it has filled are none.
"""

import dataclasses
import functools
import inspect
import typing
from collections.abc import Callable
from typing import Any

from thinwire.core.answer.tool_calls import ToolCall
from thinwire.core.conversation.json_schema import Misfit
from thinwire.cpython.docstrings import parted
from thinwire.cpython.plain import plain
from thinwire.cpython.type_schema import schema_of
from thinwire.cpython.type_values import convert

Fill = Callable[[ToolCall], "tuple[list[Any], dict[str, Any]]"]
_EMPTY = inspect.Parameter.empty


def described(
    function: Callable[..., object], whole: bool
) -> "tuple[dict[str, Any], Fill | None]":
    """The `function` part of a tool definition.

    Args:
        function: plain or async, a method, a partial, or an object that can be called.
        whole: make "parameters", too, and what makes a call's arguments the function's.

    Raises:
        TypeError: a parameter of a type that JSON has nothing for; it names both.
    """
    words, arguments = parted(_doc(function))
    body: dict[str, Any] = {"name": _name(function)}
    if words:
        body["description"] = words
    if not whole:
        return body, None
    form = _Form(function, arguments)
    body["parameters"] = form.schema()
    return body, form.fill


def _inner(function: Any) -> Any:
    # What a partial, or an object that can be called, comes down to.
    while isinstance(function, functools.partial):
        function = function.func
    if not hasattr(function, "__name__") and not inspect.isroutine(function):
        return type(function).__call__
    return function


def _name(function: Any) -> str:
    while isinstance(function, functools.partial):
        function = function.func
    return str(getattr(function, "__name__", type(function).__name__))


def _doc(function: Any) -> str:
    while isinstance(function, functools.partial):
        function = function.func
    inner = _inner(function)
    if inner is function:
        return inspect.getdoc(function) or ""
    return inspect.cleandoc(inner.__doc__ or type(function).__doc__ or "")


class _Form:
    # The parameters of a function, as a dataclass that type_schema.py makes a schema of.
    def __init__(self, function: Any, words: dict[str, str]) -> None:
        self._by_place: list[str] = []  # None of them can be given by name
        self._defaults: dict[str, Any] = {}
        self._calls: list[str] = []  # those that get the call itself
        self._rest = False
        inner, name = _inner(function), _name(function)
        bound = function.keywords if isinstance(function, functools.partial) else {}
        try:
            hints = typing.get_type_hints(inner, include_extras=True)
        except NameError as error:
            raise TypeError(f"{name}: {error}; annotate it with what its module can see") from None
        fields: list[Any] = []
        for one in inspect.signature(function).parameters.values():
            hint = hints.get(one.name, Any)
            if one.kind is one.VAR_POSITIONAL or one.name in bound:
                continue
            if one.kind is one.VAR_KEYWORD:
                self._rest = True
                continue
            if one.kind is one.POSITIONAL_ONLY:
                self._by_place.append(one.name)
            if hint is ToolCall:
                self._calls.append(one.name)
                continue
            field: Any = dataclasses.field(metadata={"description": words.get(one.name, "")})
            if one.default is not _EMPTY:
                self._defaults[one.name] = one.default
                field = dataclasses.field(default=None, metadata=field.metadata)
            fields.append((one.name, hint, field))
        try:
            self._kind: Any = dataclasses.make_dataclass(name, fields, kw_only=True)
            self._schema = schema_of(self._kind)
        except TypeError as error:
            raise TypeError(f"{name}: {error}") from None
        self._names = [one[0] for one in fields]

    def schema(self) -> dict[str, Any]:
        result = dict(self._schema)
        result.pop("title", None)
        result.pop("description", None)
        for name, value in self._defaults.items():
            if name in result["properties"]:
                _say_default(result["properties"], name, value)
        if self._rest:
            result["additionalProperties"] = True
        return result

    def fill(self, call: ToolCall) -> tuple[list[Any], dict[str, Any]]:
        given = call.arguments or {}
        made = convert(self._kind, {key: given[key] for key in self._names if key in given})
        found = {key: getattr(made, key) for key in self._names if key in given}
        found.update(dict.fromkeys(self._calls, call))
        if self._rest:
            found.update({key: given[key] for key in given if key not in found})
        by_place = []
        for name in self._by_place:
            if name not in found and name not in self._defaults:
                raise Misfit(name, "it is missing")
            by_place.append(found.pop(name, self._defaults.get(name)))
        return by_place, found


def _say_default(properties: dict[str, Any], name: str, value: object) -> None:
    value = plain(value)
    scalar = value is None or isinstance(value, (str, int, float, bool))
    if scalar or (isinstance(value, (list, dict)) and not value):
        properties[name] = {**properties[name], "default": value}
