"""Values of classes that say what they hold, as values that JSON can carry."""

import dataclasses
from collections.abc import Mapping
from enum import Enum
from typing import Any


def plain(value: Any) -> Any:
    """`value` with dataclasses, pydantic's models, msgspec's structs, named tuples and enums in it
    as dicts, lists and scalars, dates and paths as text; what is none of these is left as it is.
    """
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, (str, int, float)):
        return value
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: plain(getattr(value, name)) for name in names}
    if hasattr(type(value), "__struct_fields__"):
        return {name: plain(getattr(value, name)) for name in type(value).__struct_fields__}
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, Mapping):
        return {_key(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(inner) for inner in value]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "__fspath__"):
        return str(value)
    return value


def _key(key: Any) -> Any:
    key = key.value if isinstance(key, Enum) else key
    return key if isinstance(key, str) else str(key)
