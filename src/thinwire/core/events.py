# What a stream hands to its user. Plain classes: they match by position and by name
# (`case ContentDelta(text)`), compare by value and cost little on a chip.

from thinwire.core._compat import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.completion import Completion


class Event:
    """Base of all stream events."""

    __match_args__: "tuple[str, ...]" = ()

    def _values(self) -> "list[object]":
        return [getattr(self, name) for name in self.__match_args__]

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        fields = ["%s=%r" % (name, getattr(self, name)) for name in self.__match_args__]
        return "%s(%s)" % (type(self).__name__, ", ".join(fields))


class TextDelta(Event):
    """Base of the events that carry text.

    Attributes:
        text: the new characters, never empty.
        choice: index of the choice they belong to; 0 unless the request asked for n > 1.
    """

    __match_args__ = ("text", "choice")

    def __init__(self, text: str, choice: int = 0) -> None:
        self.text = text
        self.choice = choice


class ContentDelta(TextDelta):
    """Text of the answer."""


class ReasoningDelta(TextDelta):
    """Text of the model's reasoning, whatever name the server gives it."""


class RefusalDelta(TextDelta):
    """Text of a refusal."""


class ToolCallStarted(Event):
    """A tool call whose name is known; sent once for each call.

    Attributes:
        index: position of the call in `completion.tool_calls`.
        id: the call's id as the server gave it, "" when it gave none.
        name: function to call.
    """

    __match_args__ = ("index", "id", "name", "choice")

    def __init__(self, index: int, id: str, name: str, choice: int = 0) -> None:
        self.index = index
        self.id = id
        self.name = name
        self.choice = choice


class ToolCallDelta(Event):
    """A piece of a tool call's arguments.

    Attributes:
        index: position of the call in `completion.tool_calls`.
        arguments: the new characters of the JSON text.
    """

    __match_args__ = ("index", "arguments", "choice")

    def __init__(self, index: int, arguments: str, choice: int = 0) -> None:
        self.index = index
        self.arguments = arguments
        self.choice = choice


class StreamRestarted(Event):
    """The answer broke off and starts anew at a fallback; only with on_interrupt="restart".

    What was received before this event is void: text, reasoning, tool calls and all.

    Attributes:
        model: name of the deployment that takes over.
        reason: kind of the error that broke the answer off.
        void_chars: number of characters of content that were handed out and do not count.
    """

    __match_args__ = ("model", "reason", "void_chars")

    def __init__(self, model: str, reason: str, void_chars: int) -> None:
        self.model = model
        self.reason = reason
        self.void_chars = void_chars


class StreamComplete(Event):
    """The last event of a stream that came to its end.

    Attributes:
        completion: the whole answer.
    """

    __match_args__ = ("completion",)

    def __init__(self, completion: "Completion") -> None:
        self.completion = completion
