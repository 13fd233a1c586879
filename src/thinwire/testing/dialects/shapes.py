"""What a request of some wire may look like, as tables: a check is a function of a value and its
path that raises Problem, in the words and with the codes of OpenAI's API.

    FIELDS = {"model": text, "stop": either(text, list_of(text)), "seed": maybe(integer)}
    fields(payload, "", FIELDS, required=("model",))
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from thinwire.testing.dialects import Problem

Check = Callable[[Any, str], None]
Fields = Mapping[str, Check]


def fields(
    value: Any, path: str, known: Fields, required: Sequence[str] = (), unknown: bool = False
) -> None:
    """Checks an object.

    Args:
        path: of the object, "" for the document.
        known: its fields.
        required: those that must be there.
        unknown: whether others may be there.
    """
    if not isinstance(value, dict):
        raise wrong_type(value, path, "an object")
    for name in required:
        if name not in value:
            place = joined(path, name)
            text = f"Missing required parameter: '{place}'."
            raise Problem(text, place, "missing_required_parameter")
    for name, inner in value.items():
        place = joined(path, name)
        if name in known:
            known[name](inner, place)
        elif not unknown:
            raise Problem(f"Unknown parameter: '{place}'.", place, "unknown_parameter")


def joined(path: str, name: str) -> str:
    """The path of a field."""
    return f"{path}.{name}" if path else name


def wrong_type(value: Any, path: str, wanted: str) -> Problem:
    """What is said of a value of another type."""
    text = f"Invalid type for '{path}': expected {wanted}, but got {_name(value)} instead."
    return Problem(text, path, "invalid_type")


def wrong_value(value: Any, path: str, allowed: Sequence[str]) -> Problem:
    """What is said of a word that there is not."""
    words = ", ".join(f"'{one}'" for one in allowed)
    return Problem(
        f"Invalid value: {value!r}. Supported values are: {words}.", path, "invalid_value"
    )


def anything(value: Any, path: str) -> None:
    """Allows any value."""


def text(value: Any, path: str) -> None:
    """Allows a string."""
    if not isinstance(value, str):
        raise wrong_type(value, path, "a string")


def boolean(value: Any, path: str) -> None:
    """Allows true and false."""
    if not isinstance(value, bool):
        raise wrong_type(value, path, "a boolean")


def integer(value: Any, path: str) -> None:
    """Allows a whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong_type(value, path, "an integer")


def number(value: Any, path: str) -> None:
    """Allows a number."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise wrong_type(value, path, "a number")


def mapping(value: Any, path: str) -> None:
    """Allows any object."""
    if not isinstance(value, dict):
        raise wrong_type(value, path, "an object")


def at_least(least: int) -> Check:
    """Allows a whole number from `least` on."""

    def check(value: Any, path: str) -> None:
        integer(value, path)
        if value < least:
            problem = f"Invalid '{path}': integer below minimum value."
            more = f" Expected a value >= {least}, but got {value} instead."
            raise Problem(problem + more, path, "integer_below_min_value")

    return check


def between(low: float, high: float) -> Check:
    """Allows a number in a range, its ends included."""

    def check(value: Any, path: str) -> None:
        number(value, path)
        if not low <= value <= high:
            side = "below minimum" if value < low else "above maximum"
            code = "decimal_" + side.replace(" ", "_").replace("imum", "") + "_value"
            raise Problem(f"Invalid '{path}': decimal {side} value.", path, code)

    return check


def one_of(*words: str) -> Check:
    """Allows these strings."""

    def check(value: Any, path: str) -> None:
        text(value, path)
        if value not in words:
            raise wrong_value(value, path, words)

    return check


def maybe(inner: Check) -> Check:
    """Allows null as well."""

    def check(value: Any, path: str) -> None:
        if value is not None:
            inner(value, path)

    return check


def either(*kinds: Check) -> Check:
    """Allows what one of several checks allows; the complaint is that of the last."""

    def check(value: Any, path: str) -> None:
        for kind in kinds[:-1]:
            try:
                return kind(value, path)
            except Problem:
                pass
        return kinds[-1](value, path)

    return check


def list_of(inner: Check, least: int = 0) -> Check:
    """Allows a list of at least so many items."""

    def check(value: Any, path: str) -> None:
        if not isinstance(value, list):
            raise wrong_type(value, path, "an array")
        if len(value) < least:
            problem = f"Invalid '{path}': array too short. Expected at least {least}."
            raise Problem(problem, path, "array_below_min_length")
        for index, item in enumerate(value):
            inner(item, f"{path}[{index}]")

    return check


def object_of(known: Fields, required: Sequence[str] = (), unknown: bool = False) -> Check:
    """Allows an object with these fields; see `fields`."""
    return lambda value, path: fields(value, path, known, required, unknown)


def by(name: str, kinds: Mapping[str, Check], default: str = "") -> Check:
    """Allows an object whose field `name` says which of several it is.

    Args:
        default: what it is where it does not say.
    """

    def check(value: Any, path: str) -> None:
        mapping(value, path)
        if name not in value and not default:
            place = joined(path, name)
            message = f"Missing required parameter: '{place}'."
            raise Problem(message, place, "missing_required_parameter")
        kind = value.get(name, default)
        if not isinstance(kind, str) or kind not in kinds:
            raise wrong_value(kind, joined(path, name), tuple(kinds))
        kinds[kind](value, path)

    return check


def _name(value: Any) -> str:
    names = {str: "a string", dict: "an object", list: "an array", bool: "a boolean"}
    return "null" if value is None else names.get(type(value), "a number")
