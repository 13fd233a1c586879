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
  an object though there is one already  arriving, or after them, begins nothing

Another name under the index of a call that has an id and no arguments yet is the rest of its
name, if it comes with that id or with none (docs/wire.md C116). So a call is told, and given an
id where the server gave none, with its first arguments, or when another call or the end follows.
"""

from thinwire.core._compat import const, loads_whole, public, random_id
from thinwire.core.answer import chunk
from thinwire.core.answer.completion import DeltaText, ToolCallDelta, ToolCallStarted
from thinwire.core.errors import EncodeError, StreamError
from thinwire.core.wire.json_encode import encoded

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

    from thinwire.core.answer.completion import Event
    from thinwire.core.answer.extras import Extras
    from thinwire.core.answer.keep import Keeper


# The fields that are ours, of a call and of its function.
_CALL = ("index", "id", "type", "function", "name", "arguments")
_FUNCTION = ("name", "arguments")
_CALLS = const(65536)  # in one choice; a server that sends more never ends
_NAME = const(256)  # characters; APIs allow 64
_SPLITS = const(8)  # how often arguments are looked at for their end in vain


@public
class ToolCall:
    """One function call the model asks for.

    Attributes:
        index: position among the calls of the answer.
        id: the server's id, or one of 9 letters and digits where it gave none.
        name: function to call.
        arguments: the parsed arguments, {} when a complete answer gives none, or None when
            `arguments_raw` is not a JSON object (a call of an incomplete answer, or a model's
            mistake): never guessed.
        arguments_raw: the JSON text exactly as it arrived.
        repaired: whether `arguments` came from a repair that the caller asked for.
        extra: its fields that are not ours, e.g. Gemini's `extra_content` with the signature of a
            thought, and in "function" those of its function; they go back with the call.
    """

    def __init__(
        self, index: int, id: str, name: str, arguments_raw: str, complete: bool = True
    ) -> None:
        self.index = index
        self.id = id
        self.name = name
        self.arguments_raw = arguments_raw
        self.arguments = _parse(arguments_raw or ("{}" if complete else ""))
        self.repaired = False
        self.extra: dict[str, object] = {}

    def repair(self) -> "dict[str, Any] | None":
        """Makes `arguments` what broken JSON most likely means; a guess, so only on request.

        Returns:
            The arguments, None when there is no making sense of them. `repaired` says that they
            are a guess.
        """
        if self.arguments is None:
            from thinwire.core.adapters import repaired_object

            self.arguments = repaired_object(self.arguments_raw)
            self.repaired = self.arguments is not None
        return self.arguments

    def to_dict(self) -> "dict[str, Any]":
        """The call as it belongs into the assistant message of the next request.

        Its arguments are those that arrived, or where they were repaired, the repaired ones.
        """
        arguments = _arguments_text(self.arguments) if self.repaired else self.arguments_raw
        result: dict[str, object] = dict(self.extra)
        function = dict(chunk.mapping(self.extra.get("function")))
        function["name"] = self.name
        function["arguments"] = arguments or "{}"
        result["id"] = self.id
        result["type"] = "function"
        result["function"] = function
        return result

    def __repr__(self) -> str:
        return "ToolCall(%d, %r, %r, %r)" % (self.index, self.id, self.name, self.arguments_raw)


def _parse(raw: str) -> "dict[str, Any] | None":
    try:
        value = loads_whole(raw.encode("utf-8", "replace"))
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


class _GrowingCall:
    # A call whose fragments are still arriving.
    def __init__(self, wire_index: "int | None") -> None:
        self.wire_index = wire_index
        self.wire_id = ""  # the server's
        self.id = ""  # what it is known by once it was told
        self.name = ""
        self.arguments = DeltaText()
        self.begun = False  # there are arguments
        self.position = -1  # among the calls that have a name; the events tell it
        self.extras: Extras | None = None
        self.splits = 0

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
        return _parse(self.arguments.value()) is not None

    def is_rest(self, id: str, name: str) -> bool:
        """Whether `name` is the rest of this call's name."""
        if self.begun or self.wire_index is None or not self.wire_id:
            return False
        if not name or name == self.name or len(self.name) > _NAME:
            return False
        return self.name != "" and (not id or id == self.wire_id)


class ToolCallAssembler:
    """Collects the fragments of one choice.

    Args:
        choice: index of the choice, for the events.
        keeper: what becomes of the arguments; None: they are kept in memory.
        limit: number of calls it takes.
    """

    def __init__(
        self, choice: int = 0, keeper: "Keeper | None" = None, limit: int = _CALLS
    ) -> None:
        self._choice = choice
        self._left = limit
        self._limit = limit
        self._keeper = keeper
        # The last calls, whatever their index (None), with an index, and with an id as well. To
        # look through all calls for each fragment would take for ever where there are thousands.
        self._last: dict[object, _GrowingCall] = {}
        self._by_id: dict[tuple[int | None, str], _GrowingCall] = {}
        self._named: list[_GrowingCall] = []
        self._untold: _GrowingCall | None = None  # has a name, of which more may come

    def receive(self, fragment: "dict[str, object]", events: "list[Event]") -> None:
        """Takes one entry of `delta.tool_calls`; appends the events it causes.

        Raises:
            StreamError: there are more calls than an answer has.
        """
        function = chunk.mapping(fragment.get("function"))
        id = chunk.text(fragment.get("id"))
        name = chunk.text(function.get("name"))
        given = function.get("arguments")
        arguments = _arguments_text(given)
        wire_index = fragment.get("index")
        index = wire_index if isinstance(wire_index, int) else None
        call = self._by_id.get((index, id)) if id else None
        call = call or self._last.get(index)
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
        self._keep_extra(call, fragment, function)
        if call is not self._untold:
            self.tell(events)
        arguments = call.arguments.add(arguments)
        call.begun = call.begun or arguments != ""
        if call.name and call.position < 0:
            call.position = len(self._named)
            self._named.append(call)
            self._untold = call
            arguments = call.arguments.value()  # those that came before the name, too
            if self._keeper is not None:
                call.arguments.move_to(self._keeper.buffer("arguments", call.position))
        if given or arguments:
            self.tell(events)
        if arguments and call.name:
            events.append(ToolCallDelta(call.position, arguments, self._choice))

    def tell(self, events: "list[Event]") -> None:
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
            arguments = call.arguments.value()
            one = ToolCall(call.position, _id(call), call.name, arguments, complete)
            if call.extras is not None:
                one.extra = call.extras.value()
            found.append(one)
        return found

    def _keep_extra(
        self, call: _GrowingCall, fragment: "dict[str, object]", function: "dict[str, object]"
    ) -> None:
        # A server may want back what is not ours (extras.py); most send nothing of the kind.
        more, inside = chunk.has_more(fragment, _CALL), chunk.has_more(function, _FUNCTION)
        if self._keeper is None and (more or inside):
            if call.extras is None:
                from thinwire.core.answer.extras import Extras

                call.extras = Extras()
            call.extras.add(fragment, _CALL)
            if inside:
                call.extras.add({"function": chunk.without(function, _FUNCTION)}, ())

    def _begin(self, index: "int | None") -> _GrowingCall:
        if not self._left:
            raise StreamError("the answer has more than %d tool calls" % self._limit)
        self._left -= 1
        call = self._last[None] = self._last[index] = _GrowingCall(index)
        return call


def _id(call: _GrowingCall) -> str:
    # What a call is known by from now on, whatever the server sends later.
    call.id = call.id or call.wire_id or random_id()
    return call.id


def _arguments_text(value: object) -> str:
    # A string as it is; an object (whole, not a fragment) as its JSON.
    if isinstance(value, str):
        return value
    if not isinstance(value, (dict, list)):
        return ""
    try:
        return str(encoded(value), "utf-8")
    except EncodeError:
        return "null"  # NaN, which is not JSON but passes for it on CPython: no arguments
