# The parts of a walk through a document (json_encode.py): containers that are open, and the words
# for what stops it.

from thinwire.core import _errors as errors
from thinwire.core._compat import const, with_cause

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Iterator

    from thinwire.core.errors import EncodeError
    from thinwire.core.sources import Source


class Items:
    """Marks any iterable of values as a JSON array; a one-shot iterator can be sent once.

    Args:
        iterable: e.g. messages that are read from a file while they are sent.
    """

    def __init__(self, iterable: object) -> None:
        self.iterable = iterable

    def replayable(self) -> bool:
        """Whether a second walk sees the items again."""
        return not hasattr(self.iterable, "__next__")


class Frame:
    """A container that is being walked."""

    def __init__(
        self, container: object, items: "Iterator[object]", closing: bytes, mapping: bool
    ) -> None:
        self.container = container
        self.items = items
        self.closing = closing
        self.mapping = mapping
        self.label: object = None  # key or index of the item that is being written
        self.index = 0
        self._first = True

    def comma(self) -> bytes:
        if self._first:
            self._first = False
            return b""
        return b","


def refusal(value: object) -> str:
    """Why `value` is no JSON, and what to do."""
    name = type(value).__name__
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "%s is not JSON: decode it to str, or use Base64File for binary data" % name
    if hasattr(value, "model_dump"):
        return "%s is not JSON: pass %s.model_dump()" % (name, name)
    return "%s is not JSON: use dict, list, tuple, str, int, float, bool or None" % name


def unreadable(error: Exception, source: "Source | None", path: str) -> "EncodeError":
    """The error for a source, or for items, that cannot be read."""
    what = "cannot read %r: %s" % (source, error) if source else "cannot read: %s" % error
    if isinstance(error, errors.EncodeError):
        what = error.message
    result = errors.EncodeError(what, path, error)
    with_cause(result, error)
    return result
