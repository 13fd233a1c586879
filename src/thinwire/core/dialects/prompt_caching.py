"""Breakpoints of the prompt cache, for Claude behind a server of the OpenAI wire: it caches what
stands before a part with `cache_control`, and nothing else. There are two: behind the system
messages at the front, which every conversation shares, and behind the last user message, up to
where the next turn is the same. Where the caller has set any, there are no others from then on,
and none at all in a list that has so many that it would be more than the API allows.

A conversation that is an iterable is marked while it is walked, one message held back: what is
last shows only then. There the second breakpoint is set only if the last message is a user's.
"""

from thinwire.core._compat import const
from thinwire.core.wire.json_encode import Items

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_SYSTEM = ("system", "developer")
_MARK = "cache_control"
_MOST = const(2)  # breakpoints of the caller's that leave room for ours: four are allowed


def marked(messages: "Any") -> object:
    """Messages of a document with breakpoints; what they are made of is not changed.

    Args:
        messages: a list or tuple, or Items.
    """
    if isinstance(messages, (list, tuple)):
        if sum([_marks(message) for message in messages]) > _MOST:
            return messages
        users = [place for place, one in enumerate(messages) if _role(one) == "user"]
        return list(Walk(messages, users[-1] if users else -1))
    items = messages.iterable
    return Items(Walk(items) if hasattr(items, "__next__") else Conversation(items))


def _role(message: "Any") -> object:
    return message.get("role") if hasattr(message, "items") else None


class Conversation:
    """Messages that are marked while they are walked; can be walked as often as they can."""

    def __init__(self, messages: "Any") -> None:
        self._messages = messages
        self.stored = getattr(messages, "stored", False)  # see JSONEncoder

    def __iter__(self) -> "Iterator[object]":
        return Walk(self._messages)

    def __repr__(self) -> str:
        return repr(self._messages)


class Walk:
    """One walk through messages.

    Args:
        messages: any iterable.
        place: of the message that gets the second breakpoint, None: the last, if a user's.
    """

    def __init__(self, messages: "Any", place: "int | None" = None) -> None:
        self._items = iter(messages)
        self.stored = getattr(messages, "stored", False)
        self._place = place
        self._at = -1  # place of the message that was handed out last
        self._front = True  # so far there were only system messages
        self._own = False  # the caller has set breakpoints
        self._held: list[Any] = []
        self._begun = False

    def __iter__(self) -> "Walk":
        return self

    def __next__(self) -> object:
        if not self._begun:
            self._begun = True
            self._hold()
        if not self._held:
            raise StopIteration
        message = self._held.pop()
        self._hold()
        self._at += 1
        system = _role(message) in _SYSTEM
        ends = system and self._front and not (self._held and _role(self._held[0]) in _SYSTEM)
        self._front = self._front and system
        second = self._at == self._place
        if self._place is None:
            second = not self._held and _role(message) == "user"
        self._own = self._own or _marks(message) > 0
        return _marked(message) if (ends or second) and not self._own else message

    def _hold(self) -> None:
        try:
            self._held.append(next(self._items))
        except StopIteration:
            pass

    def __repr__(self) -> str:
        return repr(self._items)

    def close(self) -> None:
        """Closes what is walked through, e.g. a file."""
        if hasattr(self._items, "close"):
            self._items.close()


def _marks(message: "Any") -> int:
    # How many breakpoints a message has.
    content = message.get("content") if hasattr(message, "items") else None
    parts = content if isinstance(content, (list, tuple)) else ()
    return len([part for part in parts if hasattr(part, "items") and _MARK in part])


def _marked(message: "Any") -> object:
    content = message.get("content")
    parts: list[Any] = [{"type": "text", "text": content}]
    if isinstance(content, (list, tuple)):
        parts = list(content)
    if not content or not hasattr(parts[-1], "items"):  # an empty text cannot be cached
        return message
    parts[-1] = dict(parts[-1])
    parts[-1][_MARK] = {"type": "ephemeral"}
    message = dict(message)
    message["content"] = parts
    return message
