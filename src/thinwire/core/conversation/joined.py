"""A conversation and what was added to it, read one after the other: as often as it is asked for,
and in no more memory than the first takes to be read.
"""

from thinwire.core._compat import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


def joined(messages: "Any", added: "list[Any]") -> "Any":
    """`messages` with `added` behind them; themselves where there is nothing to add.

    Args:
        messages: a list, or any iterable that can be read again.
        added: those that follow.
    """
    if not added:
        return messages
    return messages + added if isinstance(messages, list) else Joined(messages, added)


class Joined:
    """Messages that are read, and then those of a list.

    Args:
        messages: an iterable; read anew each time.
        added: those that follow.
    """

    def __init__(self, messages: "Any", added: "list[Any]") -> None:
        self._messages = messages
        self._added = added
        self.stored = getattr(messages, "stored", False)  # see JSONEncoder

    def __iter__(self) -> "_Walk":
        return _Walk(iter(self._messages), self._added, self.stored)

    def __repr__(self) -> str:
        return repr(self._messages)


class _Walk:
    def __init__(self, items: "Iterator[Any]", added: "list[Any]", stored: bool) -> None:
        self._items: Any = items
        self._added = added
        self._at = -1  # in `added`; the first are not at their end
        self.stored = stored

    def __iter__(self) -> "_Walk":
        return self

    def __next__(self) -> object:
        if self._at < 0:
            try:
                return next(self._items)
            except StopIteration:
                self._at = 0
        if self._at == len(self._added):
            raise StopIteration
        self._at += 1
        return self._added[self._at - 1]

    def close(self) -> None:
        """Closes what is read, e.g. a file."""
        if hasattr(self._items, "close"):
            self._items.close()
