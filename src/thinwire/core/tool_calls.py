# Tool calls, put together from their fragments.
#
# The wire says: fragments of one call share an `index`; the first carries id and name. Real
# servers leave the index out, give parallel calls the same one, start at 1, repeat ids and names
# in each fragment, or send the whole call at once with arguments as an object (WIRE.md C10-C12).
# So a fragment belongs to: the call with its index, unless it brings another id and a name, then
# a new call; without an index, the call with its id; without both, a new call if it brings a
# name, else the last one.

from thinwire.core import chunk
from thinwire.core._compat import TYPE_CHECKING, TextBuffer, loads
from thinwire.core.events import ToolCallDelta, ToolCallStarted
from thinwire.core.json_encode import JSONEncoder

if TYPE_CHECKING:
    from thinwire.core.events import Event


class ToolCall:
    """One function call the model asks for.

    Attributes:
        index: position among the calls of the answer.
        id: the server's id, "" when it gave none.
        name: function to call.
        arguments: the parsed arguments, or None when `arguments_raw` is not a JSON object (a
            call of an incomplete answer, or a model's mistake): never guessed.
        arguments_raw: the JSON text exactly as it arrived.
        repaired: whether `arguments` came from a repair that the caller asked for.
    """

    def __init__(self, index: int, id: str, name: str, arguments_raw: str) -> None:
        self.index = index
        self.id = id
        self.name = name
        self.arguments_raw = arguments_raw
        self.arguments = _parse(arguments_raw)
        self.repaired = False

    def to_dict(self) -> "dict[str, object]":
        """The call as it belongs into the assistant message of the next request."""
        function = {"name": self.name, "arguments": self.arguments_raw or "{}"}
        return {"id": self.id, "type": "function", "function": function}

    def __repr__(self) -> str:
        return "ToolCall(%d, %r, %r, %r)" % (self.index, self.id, self.name, self.arguments_raw)


def _parse(raw: str) -> "dict[str, object] | None":
    data = bytearray(raw.encode("utf-8", "replace"))
    try:
        value = loads(data, 0, len(data)) if data else {}
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


class _Draft:
    # A call whose fragments are still arriving.
    def __init__(self, wire_index: "int | None") -> None:
        self.wire_index = wire_index
        self.id = ""
        self.name = ""
        self.arguments = TextBuffer()
        self.started = False


class ToolCallAssembler:
    """Collects the fragments of one choice.

    Args:
        choice: index of the choice, for the events.
    """

    def __init__(self, choice: int = 0) -> None:
        self._choice = choice
        self._drafts: list[_Draft] = []

    def receive(self, fragment: "dict[str, object]", events: "list[Event]") -> None:
        """Takes one entry of `delta.tool_calls`; appends the events it causes."""
        function = chunk.mapping(fragment.get("function"))
        id = chunk.text(fragment.get("id"))
        name = chunk.text(function.get("name"))
        draft = self._draft(fragment.get("index"), id, name)
        draft.id = draft.id or id
        draft.name = draft.name or name
        position = self._drafts.index(draft)
        if draft.name and not draft.started:
            draft.started = True
            events.append(ToolCallStarted(position, draft.id, draft.name, self._choice))
        arguments = _arguments_text(function.get("arguments"))
        if arguments:
            draft.arguments.append(arguments)
            events.append(ToolCallDelta(position, arguments, self._choice))

    def calls(self) -> "list[ToolCall]":
        """The calls so far, in the order they began; those that never got a name are left out."""
        named = [draft for draft in self._drafts if draft.name]
        return [
            ToolCall(index, draft.id, draft.name, draft.arguments.value())
            for index, draft in enumerate(named)
        ]

    def _draft(self, wire_index: object, id: str, name: str) -> _Draft:
        index = wire_index if isinstance(wire_index, int) else None
        draft = self._find(index, id, name)
        if draft is None:
            draft = _Draft(index)
            self._drafts.append(draft)
        return draft

    def _find(self, index: "int | None", id: str, name: str) -> "_Draft | None":
        for draft in reversed(self._drafts):
            if index is not None and draft.wire_index == index:
                return None if id and name and draft.id and draft.id != id else draft
            if index is None and id and draft.id == id:
                return draft
        if index is not None or id or name or not self._drafts:
            return None
        return self._drafts[-1]


def _arguments_text(value: object) -> str:
    # A string as it is; an object (whole, not a fragment) as its JSON.
    if isinstance(value, str):
        return value
    if not isinstance(value, (dict, list)):
        return ""
    encoder = JSONEncoder(value)
    out = bytearray()
    buffer = bytearray(256)
    count = encoder.readinto(buffer)
    while count:
        out.extend(memoryview(buffer)[:count])
        count = encoder.readinto(buffer)
    return str(out, "utf-8")
