"""Whose an assistant message is. What a server said in fields of its own goes back to it, since
some refuse the turn without, and to nobody else, since others refuse it with: Mistral answers
`reasoning_content` with 422, Groq and Cerebras with 400 (docs/wire.md C105 and C121).
`Completion.to_message` says in `_origin` who that was; a message without it was written by hand,
and goes as it is. Fields of another wire (`_responses`) make it another server's, too: one origin
may speak several.
"""

from thinwire.core._compat import const, import_module
from thinwire.core.errors import EncodeError

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Tell = Callable[[str, dict[str, object]], object]

_MESSAGE = ("role", "content", "name", "tool_calls", "refusal", "function_call")
_CALL = ("id", "type", "function", "custom")
_PRIVATE = ("_origin", "_thoughts")
_TYPES = ("function", "custom")
_BODY = ("name", "arguments", "input")


def fitted(messages: "Any", origin: str, tidy: bool = False, tell: "Tell | None" = None) -> "Any":
    """`messages` as the server at `origin` may have them.

    Args:
        messages: list or tuple, iterator, or what can be iterated again.
        tidy: repair them, too; see hygiene.py, which is loaded for calls and results only.
        tell: is told each repair, or None.

    Returns:
        A list, or what is fitted while it is walked.
    """
    if not isinstance(messages, (list, tuple)):
        walk = Walk if hasattr(messages, "__next__") else Conversation
        return walk(messages, origin, tidy, tell)
    if tidy and any(is_turn(message) for message in messages):
        messages = mended("repaired", messages, tell)
    return [fitting(message, origin) for message in messages]


def mended(name: str, value: "Any", tell: "Tell | None", *more: object) -> "Any":
    """What the function `name` of hygiene.py makes of messages or tools; the very same where a
    firmware was built without it."""
    try:
        module = import_module("thinwire.core.dialects.hygiene")
    except ImportError:
        return value
    return getattr(module, name)(value, tell, *more)


def is_turn(message: "Any") -> bool:
    """Whether a message has calls of tools, or is the result of one."""
    if hasattr(message, "keys"):
        return "tool_calls" in message or message.get("role") == "tool"
    return bool(getattr(message, "tool_calls", None))


def calls_of(message: "Any") -> "list[Any]":
    """The tool calls of an assistant message, for a wire that has another form for them.

    Raises:
        EncodeError: one is no object.
    """
    calls = list(message.get("tool_calls") or ())
    for place in range(len(calls)):
        if not hasattr(calls[place], "get"):
            text = "a tool call is an object, not %s" % type(calls[place]).__name__
            raise EncodeError(text, "tool_calls[%d]" % place)
    return calls


def fitting(message: "Any", origin: str) -> object:
    """`message` as the server at `origin` may have it.

    Args:
        message: of a conversation: a dict, a Completion, or whatever the encoder makes of it.
    """
    if hasattr(message, "to_message"):
        message = message.to_message()
    if not hasattr(message, "items") or "_origin" not in message:
        return message
    others = [name for name in message if name.startswith("_") and name not in _PRIVATE]
    if message["_origin"] == origin and not others:
        result = {name: value for name, value in message.items() if name not in _PRIVATE}
        if "_thoughts" in message and isinstance(message.get("content"), str):
            result["content"] = _with_thoughts(message["content"], message["_thoughts"])
        return result
    result = _only(message, _MESSAGE)
    calls = result.get("tool_calls")
    if isinstance(calls, (list, tuple)):
        result["tool_calls"] = [_call(call) for call in calls]
    return result


def _only(fields: "Any", names: "tuple[str, ...]") -> "dict[str, object]":
    return {name: value for name, value in fields.items() if name in names}


def _with_thoughts(content: str, thoughts: "Any") -> str:
    # The content as the server sent it; whoever has written another one keeps what is before.
    pieces, at = [], 0
    for place, text in thoughts:
        pieces += [content[at:place], text]
        at = place
    return "".join(pieces) + content[at:]


def _call(call: object) -> object:
    if not hasattr(call, "items"):
        return call
    result = _only(call, _CALL)
    for field in _TYPES:
        if hasattr(result.get(field), "items"):
            result[field] = _only(result[field], _BODY)
    if "type" in result and result["type"] not in _TYPES:
        result["type"] = "function"  # a word of the other server's
    return result


class Conversation:
    """Messages that are fitted while they are walked; can be walked as often as they can.

    Args:
        messages: any iterable.
        origin: for whom.
        tidy, tell: see `fitted`.
    """

    def __init__(
        self, messages: "Any", origin: str, tidy: bool = False, tell: "Tell | None" = None
    ) -> None:
        self._messages = messages
        self._origin = origin
        self._tidy = tidy
        self._tell = tell
        self.stored = getattr(messages, "stored", False)  # see JSONEncoder

    def __iter__(self) -> "Iterator[object]":
        return Walk(self._messages, self._origin, self._tidy, self._tell)

    def __repr__(self) -> str:
        return repr(self._messages)


class Walk:
    """One walk through a conversation."""

    def __init__(
        self, messages: "Any", origin: str, tidy: bool = False, tell: "Tell | None" = None
    ) -> None:
        self._items = iter(messages)
        self._origin = origin
        self._tidy = tidy
        self._tell = tell
        self._place = 0
        self.stored = getattr(messages, "stored", False)

    def __iter__(self) -> "Walk":
        return self

    def __next__(self) -> object:
        message = next(self._items)
        if self._tidy:
            if is_turn(message):
                self._tidy = False
                walk = mended("Walk", self._items, self._tell, self._place, message)
                if walk is not self._items:
                    self._items = walk
                    message = next(walk)
            self._place += 1
        return fitting(message, self._origin)

    def __repr__(self) -> str:
        return repr(self._items)

    def close(self) -> None:
        """Closes what is walked through, e.g. a file."""
        if hasattr(self._items, "close"):
            self._items.close()
