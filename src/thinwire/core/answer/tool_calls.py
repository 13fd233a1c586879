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
  arguments though there are all         arriving, or after them, begins nothing
"""

from thinwire.core._compat import const, loads_whole, public
from thinwire.core.answer import chunk
from thinwire.core.answer.completion import DeltaText, ToolCallDelta, ToolCallStarted
from thinwire.core.errors import EncodeError
from thinwire.core.wire.json_encode import encoded

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.answer.completion import Event
    from thinwire.core.answer.extras import Extras
    from thinwire.core.answer.keep import Keeper


# The fields that are ours, of a call and of its function.
_CALL = ("index", "id", "type", "function", "name", "arguments")
_FUNCTION = ("name", "arguments")


@public
class ToolCall:
    """One function call the model asks for.

    Attributes:
        index: position among the calls of the answer.
        id: the server's id, "" when it gave none.
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

    def repair(self) -> "dict[str, object] | None":
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

    def to_dict(self) -> "dict[str, object]":
        """The call as it belongs into the assistant message of the next request."""
        result: dict[str, object] = dict(self.extra)
        function = dict(chunk.mapping(self.extra.get("function")))
        function["name"] = self.name
        function["arguments"] = self.arguments_raw or "{}"
        result["id"] = self.id
        result["type"] = "function"
        result["function"] = function
        return result

    def __repr__(self) -> str:
        return "ToolCall(%d, %r, %r, %r)" % (self.index, self.id, self.name, self.arguments_raw)


def _parse(raw: str) -> "dict[str, object] | None":
    try:
        value = loads_whole(raw.encode("utf-8", "replace"))
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


class _GrowingCall:
    # A call whose fragments are still arriving.
    def __init__(self, wire_index: "int | None") -> None:
        self.wire_index = wire_index
        self.id = ""
        self.name = ""
        self.arguments = DeltaText()
        self.position = -1  # among the calls that have a name; the events tell it
        self.extras: Extras | None = None


class ToolCallAssembler:
    """Collects the fragments of one choice.

    Args:
        choice: index of the choice, for the events.
        keeper: what becomes of the arguments; None: they are kept in memory.
    """

    def __init__(self, choice: int = 0, keeper: "Keeper | None" = None) -> None:
        self._choice = choice
        self._keeper = keeper
        self._calls: list[_GrowingCall] = []
        self._named: list[_GrowingCall] = []

    def receive(self, fragment: "dict[str, object]", events: "list[Event]") -> None:
        """Takes one entry of `delta.tool_calls`; appends the events it causes."""
        function = chunk.mapping(fragment.get("function"))
        id = chunk.text(fragment.get("id"))
        name = chunk.text(function.get("name"))
        arguments = _arguments_text(function.get("arguments"))
        wire_index = fragment.get("index")
        index = wire_index if isinstance(wire_index, int) else None
        call = self._find(index, id)
        if call is None or _begins_another(call, id, name, arguments):
            call = _GrowingCall(index)
            self._calls.append(call)
        call.id = call.id or id
        call.name = call.name or name
        self._keep_extra(call, fragment, function)
        arguments = call.arguments.add(arguments)
        if call.name and call.position < 0:
            call.position = len(self._named)
            self._named.append(call)
            events.append(ToolCallStarted(call.position, call.id, call.name, self._choice))
            arguments = call.arguments.value()  # those that came before the name, too
            if self._keeper is not None:
                call.arguments.move_to(self._keeper.buffer("arguments", call.position))
        if arguments and call.name:
            events.append(ToolCallDelta(call.position, arguments, self._choice))

    def calls(self, complete: bool) -> "list[ToolCall]":
        """The calls so far, in the order they began; those that never got a name are left out.

        Args:
            complete: whether the answer has come to its end.
        """
        found = []
        for call in self._named:
            arguments = call.arguments.value()
            one = ToolCall(call.position, call.id, call.name, arguments, complete)
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

    def _find(self, index: "int | None", id: str) -> "_GrowingCall | None":
        # The call with this index and id, else the last with this index.
        last = None
        for call in reversed(self._calls):
            if index is None or call.wire_index == index:
                if id and call.id == id:
                    return call
                last = last or call
        return last


def _begins_another(call: _GrowingCall, id: str, name: str, arguments: str) -> bool:
    # Whether a fragment cannot be a part of the call that was found for it.
    if id and call.id:
        return id != call.id and (name != "" or call.wire_index is None)
    if not name or not call.name or name != call.name:
        return name != "" and call.name != ""
    return arguments != "" and _parse(call.arguments.value()) is not None


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
