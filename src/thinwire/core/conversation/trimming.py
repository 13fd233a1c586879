"""What of a history goes into a request: the newest of it that keeps within the limits.

A request begins with a message of the user's, or with the first of the history: so no answer and
no result of a tool ever stands in front without what it belongs to, and calls stay together with
their results. A history is walked to find that place, and walked again while it is sent. It is
never held: of a walk, places in the history are kept, as many as may go into the request.
"""

from thinwire.core._compat import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

SUMMARY = "_summary"  # marks the message that stands for those that were summed up
INTERRUPTED = "_interrupted"  # marks an answer of which this much was heard
_MARKS = (SUMMARY, INTERRUPTED)


class Limits:
    """How much may be sent, the new message included and the system's not.

    Args:
        messages: how many; None for any number.
        chars: of how many characters in all; None for any number. See `chars_of`.

    Raises:
        ValueError: a limit below 1.

    Attributes:
        none: whether all is sent.
    """

    def __init__(self, messages: "int | None", chars: "int | None") -> None:
        for name, limit in (("max_messages", messages), ("max_chars", chars)):
            if limit is not None and limit < 1:
                raise ValueError("%s is %r: 1 or more, or None" % (name, limit))
        self.messages = messages
        self.chars = chars
        self.none = messages is None and chars is None

    def start(self, history: "Iterable[Any]", new: object, share: int = 1) -> int:
        """Where in a history the request begins; its length where nothing of it fits.

        Args:
            history: messages, walked once.
            new: the message that follows them.
            share: which part of the limits may be used, 2 for half.
        """
        most = None if self.messages is None else max(self.messages // share, 1) - 1
        room = None if self.chars is None else self.chars // share - chars_of(new)
        # Places where the request may begin, with the characters before each.
        places: list[tuple[int, int]] = []
        count = chars = 0
        first = 0
        for message in history:
            one = _plain(message)
            count += 1
            if count == 1 and SUMMARY in one:
                first = 1  # it goes with the system message
                continue
            if count == first + 1 or one.get("role") == "user":
                places.append((count - 1, chars))
            if room is not None:
                chars += chars_of(one)
            while places and (
                (most is not None and count - places[0][0] > most)
                or (room is not None and chars - places[0][1] > room)
            ):
                places.pop(0)
        return places[0][0] if places else count


def _plain(message: "Any") -> "Any":
    # Who fills a history may have put a Completion in it.
    return message.to_message() if hasattr(message, "to_message") else message


def chars_of(value: object) -> int:
    """Characters of a message: of all its texts, names and arguments, but not of its role, of
    what is private to us, and of sources, but for those that know their size.
    """
    if isinstance(value, str) or (hasattr(value, "open") and hasattr(value, "__len__")):
        return len(value)
    if isinstance(value, (list, tuple)):
        return sum([chars_of(one) for one in value])
    if hasattr(value, "items"):
        return sum(
            [chars_of(one) for name, one in value.items() if name[:1] != "_" and name != "role"]
        )
    return 0


class Part:
    """Messages of a history from one place on; can be walked as often as the history can.

    Args:
        history: any re-iterable of messages.
        start: how many to leave out.
        count: how many follow, None for all.
        head: a message in front, or None.
        tail: messages behind.

    Attributes:
        stored: see JSONEncoder.
    """

    def __init__(
        self,
        history: "Iterable[Any]",
        start: int = 0,
        count: "int | None" = None,
        head: object = None,
        tail: "tuple[object, ...] | list[Any]" = (),
    ) -> None:
        self.history = history
        self.start = start
        self.count = count
        self.head = head
        self.tail = tail
        self.stored: bool = getattr(history, "stored", False)

    def __iter__(self) -> "Iterator[Any]":
        return _Walk(self)

    def __repr__(self) -> str:
        return "Part(%r, %d)" % (self.history, self.start)


class Sent(Part):
    """The same as a request has it: without our own marks."""

    def __iter__(self) -> "Iterator[Any]":
        return _SentWalk(self)


class _Walk:
    def __init__(self, part: Part) -> None:
        self._items = iter(part.history)
        self._skip = part.start
        self._left = part.count
        self._head = part.head
        self._tail = iter(part.tail)
        self.stored = part.stored

    def __iter__(self) -> "_Walk":
        return self

    def __next__(self) -> "Any":
        head, self._head = self._head, None
        if head is not None:
            return head
        try:
            while self._skip:
                next(self._items)
                self._skip -= 1
            if self._left is None:
                return next(self._items)
            if self._left:
                found = next(self._items)
                self._left -= 1
                return found
            self.close()
        except StopIteration:
            self._skip = self._left = 0
        return next(self._tail)

    def close(self) -> None:
        """Closes what is walked through, e.g. a file."""
        if hasattr(self._items, "close"):
            self._items.close()


class _SentWalk(_Walk):
    def __next__(self) -> "Any":
        message = _plain(super().__next__())
        for mark in _MARKS:
            if mark in message:
                return {name: value for name, value in message.items() if name not in _MARKS}
        return message


def summary_of(history: "Iterable[Any]") -> object:
    """What the first message of a history says of those that were summed up, a text or a source;
    None where none were."""
    items = iter(history)
    found: object = None
    for one in items:
        if SUMMARY in _plain(one):
            found = one["content"]
        break
    if hasattr(items, "close"):
        items.close()
    return found


def summary_message(text: str) -> "dict[str, object]":
    """The message that stands for those that were summed up."""
    return {"role": "system", "content": text, SUMMARY: True}
