"""What a caller gets while an answer arrives. Events match by position and by name
(`case ContentDelta(text)`), compare by value and cost little on a chip. Those of tool calls are in
tool_calls.py, those of media in media.py, which few answers load, and those that only the
iteration of a stream has in stream_events.py and whole_calls.py.
"""

from thinwire.core._compat import MICROPYTHON, const, public

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

    from thinwire.core.answer.completion import Completion


@public
class BaseEvent:
    """Base of all stream events; `thinwire.Event`, which is their union to a type checker."""

    __qualname__ = "Event"  # how it is pickled

    __match_args__: "tuple[str, ...]" = ()

    if not MICROPYTHON or TYPE_CHECKING:  # pragma: no branch (there only the function)

        def to_dict(self) -> "dict[str, Any]":
            """The event as plain JSON; see thinwire.to_dict."""
            from thinwire.core.answer.as_json import to_dict

            return to_dict(self)

    def __eq__(self, other: object) -> bool:
        names = self.__match_args__ if type(self) is type(other) else None
        return names is not None and [getattr(self, name) for name in names] == [
            getattr(other, name) for name in names
        ]

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        fields = ["%s=%r" % (name, getattr(self, name)) for name in self.__match_args__]
        return "%s(%s)" % (type(self).__name__, ", ".join(fields))


class TextDelta(BaseEvent):
    """Base of the events that carry text.

    Attributes:
        text: the new characters, never empty.
        choice: index of the choice they belong to; 0 unless the request asked for n > 1.
    """

    __match_args__ = ("text", "choice")

    def __init__(self, text: str, choice: int = 0) -> None:
        self.text = text
        self.choice = choice


@public
class ContentDelta(TextDelta):
    """Text of the answer."""


@public
class ReasoningDelta(TextDelta):
    """Text of the model's reasoning, whatever name the server gives it."""


@public
class RefusalDelta(TextDelta):
    """Text of a refusal."""


@public
class StreamRestarted(BaseEvent):
    """The answer broke off and starts anew at a fallback; only with on_interrupt="restart".

    What was received before this event is void: text, reasoning, tool calls and all.

    Attributes:
        deployment: name of the deployment that takes over.
        reason: kind of the error that broke the answer off.
        void_chars: number of characters of content that were handed out and do not count.
    """

    __match_args__ = ("deployment", "reason", "void_chars")

    def __init__(self, deployment: str, reason: str, void_chars: int) -> None:
        self.deployment = deployment
        self.reason = reason
        self.void_chars = void_chars


@public
class StreamComplete(BaseEvent):
    """The last event of a stream that came to its end.

    Attributes:
        completion: the whole answer.
    """

    __match_args__ = ("completion",)

    def __init__(self, completion: "Completion") -> None:
        self.completion = completion


if TYPE_CHECKING:
    # A union, so that a type checker knows when each event was dealt with (assert_never).
    from typing import TypeAlias

    from thinwire.core.answer.media import AudioDelta, ImageDelta
    from thinwire.core.answer.stream_events import UsageReceived
    from thinwire.core.answer.tool_calls import ToolCallDelta, ToolCallStarted
    from thinwire.core.answer.whole_calls import ToolCallComplete

    Event: TypeAlias = (
        ContentDelta
        | ReasoningDelta
        | RefusalDelta
        | ToolCallStarted
        | ToolCallDelta
        | ToolCallComplete
        | UsageReceived
        | StreamRestarted
        | StreamComplete
        | ImageDelta
        | AudioDelta
    )
else:
    Event = BaseEvent
