"""The event of a tool call that is whole, which only the iteration of a stream has: `chat` makes
none, and does not load this.

A call is whole when the next one begins, when a finish_reason comes, or at the end. The first two
prove little: some servers send the fragments of parallel calls in turns, or a finish_reason with
each chunk (docs/wire.md C10 and C114). So until the end a call is told only if its arguments are a
JSON object, to which nothing can be added.
"""

from thinwire.core._compat import const, public
from thinwire.core.answer.events import BaseEvent
from thinwire.core.answer.tool_calls import ToolCall, ToolCallAssembler

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

    from thinwire.core.answer.events import Event
    from thinwire.core.answer.tool_calls import GrowingCall

_LOOKS = const(8)  # finish_reasons of one choice at which its calls are looked at


@public
class ToolCallComplete(BaseEvent):
    """A tool call whose arguments are whole, as soon as that is certain; sent once for each call.

    Attributes:
        index: position of the call in `completion.tool_calls`.
        id, name: as ToolCallStarted had them.
        arguments: the parsed arguments, {} where the server gave none; None where they are no JSON
            object, for a custom call, and where they were longer than what is kept with
            `keep="none"` (4096 characters).
        arguments_raw: their JSON text, or a custom call's input, "" where it was not kept.
    """

    __match_args__ = ("index", "id", "name", "arguments", "choice")

    def __init__(
        self,
        index: int,
        id: str,
        name: str,
        arguments: "dict[str, Any] | None",
        choice: int = 0,
        arguments_raw: str = "",
    ) -> None:
        self.index = index
        self.id = id
        self.name = name
        self.arguments = arguments
        self.choice = choice
        self.arguments_raw = arguments_raw


class ToldCalls(ToolCallAssembler):
    """Collects the fragments of one choice, and tells each call that is whole.

    Args:
        choice, keep: see ToolCallAssembler.
    """

    def __init__(self, choice: int = 0, keep: bool = True) -> None:
        super().__init__(choice, keep)
        self._told: list[
            int
        ] = []  # positions of calls that were told, from the first that was not
        self._first = 0
        self._looks = 0
        self._events: list[Event | str] = []

    def receive(
        self, fragment: "dict[str, object]", events: "list[Event | str]", lane: int = 0
    ) -> None:
        """See ToolCallAssembler.receive."""
        self._events = events
        super().receive(fragment, events, lane)

    def reason_came(self, events: "list[Event | str]") -> None:
        """A finish_reason came: tells the calls that are whole."""
        self._looks += 1
        if self._looks <= _LOOKS:
            for call in self._left_to_tell():
                self._tell_whole(call, events)

    def finish(self, events: "list[Event | str]") -> None:
        """See ToolCallAssembler.finish; tells all that are left."""
        super().finish(events)
        for call in self._left_to_tell():
            self._tell_whole(call, events, True)

    def _begin(self, index: "int | None") -> "GrowingCall":
        if self._named:
            self._tell_whole(self._named[-1], self._events)
        return super()._begin(index)

    def _left_to_tell(self) -> "list[GrowingCall]":
        return [call for call in self._named[self._first :] if call.position not in self._told]

    def _tell_whole(
        self, call: "GrowingCall", events: "list[Event | str]", over: bool = False
    ) -> None:
        position, custom = call.position, call.type == "custom"
        if position < self._first or position in self._told:
            return
        raw: str | None = call.whole or call.so_far()
        kind = call.type or "function"
        one = ToolCall(position, call.id, call.name, raw or "", raw is not None, kind)
        if not over and (call.held or not call.begun or (one.arguments is None and not custom)):
            return
        self._told.append(position)
        while self._first in self._told:
            self._told.remove(self._first)
            self._first += 1
        event = ToolCallComplete(
            position, call.id, call.name, one.arguments, self._choice, raw or ""
        )
        events.append(event)
