"""Fields of a message, or of a call in it, that are not ours: signatures, reasoning blocks and
what the next vendor thinks of. Some servers refuse the next turn unless they get them back as
they came, so they are put together as their deltas meant it:

  texts       grow, but for those that name something, or say the same once more
  objects     field by field
  lists       entries that have an `index` (and a type) in common are one; others are added

OpenRouter sends `reasoning_details` so, Gemini `extra_content` (docs/wire.md C121).
"""

from thinwire.core._compat import const
from thinwire.core.answer.completion import DeltaText

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Container

_NAMING = ("type", "id", "format", "name", "role", "object", "channel", "mime_type")
_WHOLE = const(16)  # characters from which on a text said again is no coincidence
_DEPTH = const(4)  # below it a value is taken as it is, whatever it holds


class Extras:
    """The fields of one message, or of one call, as they grow."""

    def __init__(self) -> None:
        self._fields: dict[str, object] = {}

    def add(self, delta: "dict[str, object]", known: "Container[str]") -> None:
        """Takes what a delta says, which is not changed.

        Args:
            known: names of the fields to leave alone.
        """
        for name, value in delta.items():
            if name not in known and value is not None:
                _add(self._fields, name, value, _DEPTH)

    def value(self) -> "dict[str, object]":
        """What they say by now, in plain values that grow no further."""
        return {name: _built(value) for name, value in self._fields.items()}


def _built(node: object) -> object:
    if isinstance(node, DeltaText):
        return node.value()
    if isinstance(node, _Entries):
        return [_built(entry) for entry in node.entries]
    if isinstance(node, _Fields):
        return {name: _built(value) for name, value in node.items()}
    return node


class _Fields(dict):  # type: ignore[type-arg]
    # An object that grows; a plain dict is one that came, and is not to be changed.
    pass


class _Entries:
    # A list that grows.
    def __init__(self) -> None:
        self.entries: list[object] = []
        self._places: dict[object, _Fields] = {}

    def add(self, value: object, depth: int) -> None:
        entry: _Fields | None = None
        index = value.get("index") if isinstance(value, dict) else None
        if isinstance(value, dict) and isinstance(index, int):
            kind = value.get("type")
            place = (index, kind) if isinstance(kind, str) else index
            entry = self._places.get(place)
            if entry is None or _differ(entry.get("id"), value.get("id")):
                entry = _Fields()
                self.entries.append(entry)
            self._places[place] = self._places[index] = entry
            for name, item in value.items():
                _add(entry, name, item, depth)
        else:
            self.entries.append(value)


def _differ(one: object, other: object) -> bool:
    return bool(one) and bool(other) and one != other


def _add(fields: "dict[str, object]", name: str, value: object, depth: int) -> None:
    old = fields.get(name)
    if isinstance(value, str):
        if isinstance(old, DeltaText):
            old.add(value)
        elif not value or not old or not isinstance(old, str) or name in _NAMING:
            if value or old is None:
                fields[name] = value
        elif old != value or len(value) < _WHOLE:
            # A signature, or a block that is encrypted, sent whole once more is the same one.
            grown = fields[name] = DeltaText()
            grown.add(old)
            grown.add(value)
    elif isinstance(value, dict) and depth:
        if not isinstance(old, _Fields):
            old = fields[name] = _Fields()
        for key, item in value.items():
            _add(old, key, item, depth - 1)
    elif isinstance(value, list) and depth:
        if not isinstance(old, _Entries):
            old = fields[name] = _Entries()
        for item in value:
            old.add(item, depth - 1)
    elif value is not None or old is None:
        fields[name] = value
