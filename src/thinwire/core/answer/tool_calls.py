"""Tool calls, put together from their fragments.

The wire says: fragments of one call share an `index`; the first carries id and name. Real
servers leave the index out, give parallel calls the same one, start at 1, repeat ids and names
in each fragment, or send the whole call at once with arguments as an object (docs/wire.md C10).
So a fragment belongs to one of the calls with its index (without an index: to any call), to the
one with its id, else to the last of them. It begins a new call instead when it brings

  another id, and a name or no index     parallel calls that share an index; an id that changes
                                         with each fragment of one call is let pass
  no id to compare, and another name     the same from servers that give no ids
  no id to compare, the name again, and  likewise; a name repeated while the arguments are still
  an object though there is one already  arriving, or after them, begins nothing, nor does the
                                         same object under the same index

A new index with the id and the name of a call is that call once more, unless its arguments say
otherwise (C122). Another name under the index of a call that has an id and no arguments yet is the
rest of its name, if it comes with that id or with none (C116). So a call is told, and given an
id where the server gave none, with its first arguments, or when another call or the end follows.

What a fragment adds to the arguments is not always all of it: repeats.py has the servers that
send them again. A call of type "custom" has a free text in their place (C68).
"""

from thinwire.core._compat import const, loads_whole, public, random_id
from thinwire.core.answer import chunk
from thinwire.core.answer.completion import DeltaText
from thinwire.core.answer.events import BaseEvent
from thinwire.core.errors import EncodeError, StreamError
from thinwire.core.wire.json_encode import encoded

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

    from thinwire.core.answer.completion import Choice
    from thinwire.core.answer.events import Event
    from thinwire.core.answer.extras import Extras

# The fields that are ours, of a call and of what it calls.
_CALL = ("index", "id", "type", "function", "custom", "name", "arguments")
_FUNCTION = ("name", "arguments")
_CUSTOM = ("name", "input")
_CALLS = const(65536)  # in one choice; a server that sends more never ends
_NAME = const(256)  # characters; APIs allow 64
_SPLITS = const(8)  # how often arguments are looked at for their end in vain
_SEEN = const(4096)  # characters of arguments that are compared where they are not kept


@public
class ToolCallStarted(BaseEvent):
    """A tool call whose name is known; sent once for each call, with its first arguments.

    Attributes:
        index: position of the call in `completion.tool_calls`.
        id: the call's id as the server gave it, or one that was made for it: see ToolCall.
        name: function or custom tool to call.
    """

    __match_args__ = ("index", "id", "name", "choice")

    def __init__(self, index: int, id: str, name: str, choice: int = 0) -> None:
        self.index = index
        self.id = id
        self.name = name
        self.choice = choice


@public
class ToolCallDelta(BaseEvent):
    """A piece of a tool call's arguments.

    Attributes:
        index: position of the call in `completion.tool_calls`.
        arguments: the new characters of the JSON text, or of a custom call's input.
    """

    __match_args__ = ("index", "arguments", "choice")

    def __init__(self, index: int, arguments: str, choice: int = 0) -> None:
        self.index = index
        self.arguments = arguments
        self.choice = choice


@public
class ToolCall:
    """One call the model asks for: of a function, or of a custom tool.

    Attributes:
        index: position among the calls of the answer.
        id: the server's id, or one of 9 letters and digits where it gave none.
        name: function or tool to call.
        type: "function", "custom" for a tool whose input is any text, or another word of the
            server's.
        arguments: the parsed arguments, {} when a complete answer gives none, or None when
            `arguments_raw` is not a JSON object (a call of an incomplete answer, or a model's
            mistake): never guessed. None for a custom call, too.
        arguments_raw: the JSON text exactly as it arrived; where a server sent it more than once,
            as it arrived once. The input of a custom call.
        repaired: whether `arguments` came from a repair that the caller asked for.
        extra: its fields that are not ours, e.g. Gemini's `extra_content` with the signature of a
            thought, and in "function" or "custom" those of what is called; they go back with the
            call.
    """

    def __init__(
        self,
        index: int,
        id: str,
        name: str,
        arguments_raw: str,
        complete: bool = True,
        type: str = "function",
    ) -> None:
        self.index = index
        self.id = id
        self.name = name
        self.type = type
        self.arguments_raw = arguments_raw
        self.arguments: dict[str, Any] | None = None
        if type != "custom":
            self.arguments = parsed(arguments_raw or ("{}" if complete else ""))
        self.repaired = False
        self.extra: dict[str, object] = {}

    @property
    def input(self) -> "str | None":
        """What a custom call gives its tool; None for the call of a function."""
        return self.arguments_raw if self.type == "custom" else None

    def repair(self) -> "dict[str, Any] | None":
        """Makes `arguments` what broken JSON most likely means; a guess, so only on request.

        Returns:
            The arguments, None when there is no making sense of them, or they are a text.
            `repaired` says that they are a guess.
        """
        if self.arguments is None and self.type != "custom":
            from thinwire.core.adapters import repaired_object

            self.arguments = repaired_object(self.arguments_raw)
            self.repaired = self.arguments is not None
        return self.arguments

    def is_special(self) -> bool:
        """Whether it has something that only the server it came from understands."""
        return bool(self.extra) or self.type not in ("function", "custom")

    def to_dict(self) -> "dict[str, Any]":
        """The call as it belongs into the assistant message of the next request.

        Its arguments are those that arrived, or where they were repaired, the repaired ones.
        """
        field = "custom" if self.type == "custom" else "function"
        result: dict[str, object] = dict(self.extra)
        body = dict(chunk.mapping(self.extra.get(field)))
        body["name"] = self.name
        if field == "custom":
            body["input"] = self.arguments_raw
        else:
            text = _arguments_text(self.arguments) if self.repaired else self.arguments_raw
            body["arguments"] = text or "{}"
        result["id"] = self.id
        result["type"] = self.type
        result[field] = body
        return result

    def __repr__(self) -> str:
        return "ToolCall(%d, %r, %r, %r)" % (self.index, self.id, self.name, self.arguments_raw)


def parsed(raw: str) -> "dict[str, Any] | None":
    """The object that is all of a JSON text, None where it is none."""
    try:
        value = loads_whole(raw.encode("utf-8", "replace"))
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


class GrowingCall:
    """A call whose fragments are still arriving.

    Args:
        wire_index: its index as the server gave it, None if it gave none.

    Attributes:
        wire_id: the server's id.
        id: what it is known by once it was told.
        name: as far as it has come.
        type: as the server calls it, "" as long as it does not.
        arguments: what of them is certain; the events have told it.
        held: fragments of which it is not clear yet whether they go on or say the same again;
            repeats.py holds them.
        mirror, matched: whole arguments without their blanks, and how much of them the held
            fragments have said again.
        cumulative: each of its fragments has all that came so far.
        whole: the arguments, where they were sent once more in another form than their events.
        begun: there are arguments.
        position: among the calls that have a name, -1 before; the events tell it.
        extras: fields that are not ours, None while there are none.
        seen: the arguments, where they are not kept; as much as there is room for.
        splits, tries: how often they were looked at in vain.
    """

    def __init__(self, wire_index: "int | None") -> None:
        self.wire_index = wire_index
        self.wire_id = ""
        self.id = ""
        self.name = ""
        self.type = ""
        self.arguments = DeltaText()
        self.held: list[str] = []
        self.mirror = ""
        self.matched = 0
        self.cumulative = False
        self.whole = ""
        self.begun = False
        self.position = -1
        self.extras: Extras | None = None
        self.seen = ""
        self.splits = 0
        self.tries = 0

    def so_far(self) -> "str | None":
        """The arguments up to now, None where too much of them is not kept."""
        text = self.arguments.value() or self.seen
        return text if len(text) == self.arguments.chars else None

    def value(self) -> "dict[str, Any] | None":
        """The arguments up to now as an object, None while they are none."""
        return parsed(self.so_far() or "".join(self.held))

    def begins_another(self, id: str, name: str, arguments: str) -> bool:
        """Whether a fragment cannot be a part of this call, which was found for it."""
        if id and self.wire_id:
            return id != self.wire_id and (name != "" or self.wire_index is None)
        if not name or not self.name:
            return False
        if name != self.name:
            return not self.is_rest(id, name)
        # A whole object before it and the start of one in it. What is within a text may look like
        # that, too, over and over: it is not parsed for each fragment.
        if arguments.lstrip()[:1] != "{" or self.splits == _SPLITS:
            return False
        self.splits += 1
        value = self.value()
        if value is None:
            return False
        return self.wire_index is None or parsed(arguments) != value

    def is_rest(self, id: str, name: str) -> bool:
        """Whether `name` is the rest of this call's name."""
        if self.begun or self.wire_index is None or not self.wire_id:
            return False
        if not name or name == self.name or len(self.name) > _NAME:
            return False
        return self.name != "" and (not id or id == self.wire_id)

    def is_meant(self, name: str, arguments: str) -> bool:
        """Whether a fragment with its id and a new index can be of this call, or say it again."""
        if name and self.name and name != self.name:
            return False
        value = self.value()
        if not value or not arguments.lstrip().startswith("{"):
            return True
        return (self.so_far() or "").startswith(arguments) or parsed(arguments) == value


class ToolCallAssembler:
    """Collects the fragments of one choice.

    Args:
        choice: index of the choice, for the events.
        keep: whether the arguments are kept in memory.
        limit: number of calls it takes.
    """

    def __init__(self, choice: int = 0, keep: bool = True, limit: int = _CALLS) -> None:
        self._choice = choice
        self._left = limit
        self._limit = limit
        self._keep = keep
        # The last calls, whatever their index (None), with an index, and with an id as well. To
        # look through all calls for each fragment would take for ever where there are thousands.
        self._last: dict[object, GrowingCall] = {}
        self._by_id: dict[tuple[int | None, str], GrowingCall] = {}
        self._calls: list[GrowingCall] = []
        self._named: list[GrowingCall] = []
        self._untold: GrowingCall | None = None  # has a name, of which more may come
        self._room = _SEEN

    def receive(
        self, fragment: "dict[str, object]", events: "list[Event | str]", lane: int = 0
    ) -> None:
        """Takes one entry of `delta.tool_calls`; appends the events it causes.

        Args:
            lane: index of the choice it came in, where the calls of all choices are one answer's.

        Raises:
            StreamError: there are more calls than an answer has.
        """
        custom = chunk.mapping(fragment.get("custom"))
        function = custom or chunk.mapping(fragment.get("function"))
        id = chunk.text(fragment.get("id"))
        name = chunk.text(function.get("name"))
        arguments = _arguments_text(function.get("input" if custom else "arguments"))
        wire_index = fragment.get("index")
        index = wire_index + lane * _CALLS if isinstance(wire_index, int) else None
        call = self._known(index, id, name, arguments)
        if call is None or call.begins_another(id, name, arguments):
            call = self._begin(index)
        if id and not call.wire_id:
            call.wire_id = id
            self._by_id[(index, id)] = self._by_id[(None, id)] = call
        if call.is_rest(id, name):
            # Some send the whole of it again.
            name = name if name.startswith(call.name) else call.name + name
            call.name = name
        call.name = call.name or name
        call.type = call.type or ("custom" if custom else chunk.text(fragment.get("type")))
        self._keep_extra(call, fragment, function)
        if call is not self._untold:
            self.tell(events)
        begins = arguments != ""
        if arguments and (call.held or "{" in arguments or call.type == "custom"):
            arguments = self._news(call, arguments)
        arguments = self._grow(call, arguments)
        call.begun = call.begun or begins
        if call.name and call.position < 0:
            call.position = len(self._named)
            self._named.append(call)
            self._untold = call
            arguments = call.arguments.value()  # those that came before the name, too
            if not self._keep:
                call.arguments.buffer = None
        if begins or arguments:
            self.tell(events)
        if arguments and call.name:
            events.append(ToolCallDelta(call.position, arguments, self._choice))

    def go_on(self, index: int, arguments: str, events: "list[Event | str]") -> bool:
        """The same for arguments that come alone, if it is plain that they go on with their call.

        Args:
            arguments: without a half of a character, and none has come before them.

        Returns:
            False where `receive` has to look at them.
        """
        call = self._last.get(index)
        if call is None or call.position < 0 or self._untold is not None or call.held:
            return False
        if "{" in arguments or call.type == "custom":
            return False
        if self._keep:
            call.arguments.add_whole(arguments)
        else:
            arguments = self._grow(call, arguments)
        call.begun = True
        events.append(ToolCallDelta(call.position, arguments, self._choice))
        return True

    def finish(self, events: "list[Event | str]") -> None:
        """Nothing follows: appends the events of what was held back."""
        self.tell(events)
        for call in self._calls:
            if call.held:
                arguments = self._grow(call, self._news(call, ""))
                if arguments and call.name:
                    events.append(ToolCallDelta(call.position, arguments, self._choice))

    def tell(self, events: "list[Event | str]") -> None:
        """Nothing follows of the last name: appends the event that its call begins."""
        call, self._untold = self._untold, None
        if call is not None:
            events.append(ToolCallStarted(call.position, _id(call), call.name, self._choice))

    def calls(self, complete: bool) -> "list[ToolCall]":
        """The calls so far, in the order they began; those that never got a name are left out.

        Args:
            complete: whether the answer has come to its end.
        """
        found = []
        for call in self._named:
            arguments = call.whole or call.arguments.value()
            kind = call.type or "function"
            one = ToolCall(call.position, _id(call), call.name, arguments, complete, kind)
            if call.extras is not None:
                one.extra = call.extras.value()
            found.append(one)
        return found

    def is_empty(self) -> bool:
        """Whether there is none that can be made."""
        return not self._named

    def named(self) -> int:
        """Number of calls that can be made, their arguments aside."""
        return len(self._named)

    def lost(self) -> bool:
        """Whether arguments came for a call that never got a name."""
        return True in [call.begun and not call.name for call in self._calls]

    def gather(self, choices: "list[Choice]") -> "list[Choice]":
        """One answer of the choices that a server has spread it over, though one was asked for.

        GitHub Copilot has the words in the first, and a call, which is with the first one's by
        now, in the second (HKUDS/nanobot#1555).

        Args:
            choices: two or more; the first is changed.

        Returns:
            The first with what it lacked, and those that have something of their own left.
        """
        first, left = choices[0], []
        for other in choices[1:]:
            for name in ("content_text", "reasoning_text", "refusal_text"):
                if getattr(other, name).chars and not getattr(first, name).chars:
                    # Its own is empty: they change places.
                    mine = getattr(first, name)
                    setattr(first, name, getattr(other, name))
                    setattr(other, name, mine)
            first.reasoning_names = first.reasoning_names or other.reasoning_names
            if first.tool_calls and other.finish_reason in chunk.CALLING:
                first.finish_reason = other.finish_reason
            for name in other.extra:
                first.extra.setdefault(name, other.extra[name])
            if other.content_text.chars or other.refusal_text.chars or other.beside:
                left.append(other)
        return [first] + left

    def _known(
        self, index: "int | None", id: str, name: str, arguments: str
    ) -> "GrowingCall | None":
        # The call that a fragment seems to be of.
        if id:
            call = self._by_id.get((index, id))
            if call is not None:
                return call
            call = self._by_id.get((None, id))
            if call is not None and call.is_meant(name, arguments):
                self._last[index] = self._by_id[(index, id)] = call
                return call
        return self._last.get(index)

    def _news(self, call: GrowingCall, fragment: str) -> str:
        # What of a fragment goes on with the arguments, "" at their end: few servers send any of
        # them again.
        if call.type == "custom":
            again = call.begun and len(fragment) == call.arguments.chars
        else:
            start = fragment.lstrip()
            again = start.startswith("{") and (call.begun or start.rstrip() == "{}")
        if not again and not call.held:
            return fragment
        from thinwire.core.answer import repeats

        return repeats.news(call, fragment) if fragment else repeats.rest(call)

    def _grow(self, call: GrowingCall, arguments: str) -> str:
        arguments = call.arguments.add(arguments)
        if not self._keep and arguments:
            # Kept all the same as far as there is room, to know them when they are sent again.
            fits = self._room >= len(arguments)
            self._room -= len(arguments) if fits else 0
            call.seen = call.seen + arguments if fits else ""
        return arguments

    def _keep_extra(
        self, call: GrowingCall, fragment: "dict[str, object]", function: "dict[str, object]"
    ) -> None:
        # A server may want back what is not ours (extras.py); most send nothing of the kind.
        field, known = ("custom", _CUSTOM) if call.type == "custom" else ("function", _FUNCTION)
        more, inside = chunk.has_more(fragment, _CALL), chunk.has_more(function, known)
        if self._keep and (more or inside):
            if call.extras is None:
                from thinwire.core.answer.extras import Extras

                call.extras = Extras()
            call.extras.add(fragment, _CALL)
            if inside:
                call.extras.add({field: chunk.without(function, known)}, ())

    def _begin(self, index: "int | None") -> GrowingCall:
        if not self._left:
            raise StreamError("the answer has more than %d tool calls" % self._limit)
        self._left -= 1
        call = self._last[None] = self._last[index] = GrowingCall(index)
        self._calls.append(call)
        return call


def _id(call: GrowingCall) -> str:
    # What a call is known by from now on, whatever the server sends later.
    call.id = call.id or call.wire_id or random_id()
    return call.id


def _arguments_text(value: object) -> str:
    # A string as it is; an object (whole, not a fragment), or whatever else came, as its JSON.
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    try:
        return str(encoded(value), "utf-8")
    except EncodeError:
        return "null"  # NaN, which is not JSON but passes for it on CPython: no arguments
