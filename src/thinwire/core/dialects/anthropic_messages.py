"""Messages of a chat as the turns of Anthropic's Messages API.

  system, developer   blocks of `system`, wherever they stand, in their order
  user                a user's turn
  assistant           an assistant's turn: texts, and a block for each of its calls
  tool                a block of the user's turn that follows the calls

What follows each other in one role is one turn, as the API wants it for the results of parallel
calls. A conversation begins with a user's turn there: one is put in front where it does not.

All is written while it is walked, in constant memory. `system` stands behind `messages` in the
document: whether there is any is known by then, and a second walk, over as much as it takes to
find them all again, gives the system messages. Of what can be walked only once they are held.

An answer is blocks in an order that must not change: thinking is signed. The order is kept beside
the message, in `_anthropic` (anthropic_answer.py), and followed for the server that gave it.
Others get texts and calls only.
"""

from thinwire.core._compat import const, loads_whole
from thinwire.core.dialects import anthropic_parts as parts
from thinwire.core.dialects.replay import calls_of
from thinwire.core.errors import EncodeError
from thinwire.core.wire.json_encode import Items

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Tell = Callable[[str, dict[str, object]], object]

_THOUGHTS = ("thinking", "redacted_thinking")
_FIRST = "..."  # said for a user who has said nothing yet; white space is refused


class Conversation:
    """The turns that messages make; can be walked as often as they can.

    Args:
        messages: any iterable of message dicts and Completions.
        origin: of the server that they go to; see Completion.origin.
        tell: see Call.tell.
        given: blocks of `system` that stand before those of the messages.

    Attributes:
        walk: the last walk, or the one under way.
    """

    def __init__(
        self, messages: "Any", origin: str, tell: "Tell | None", given: "list[Any]"
    ) -> None:
        self._messages = messages
        self._origin = origin
        self._tell = tell
        self._given = given
        self.stored = getattr(messages, "stored", False)  # see JSONEncoder
        self.walk = self._new([])

    def __iter__(self) -> "Turns":
        self.walk = self._new(self._messages)
        return self.walk

    def _new(self, messages: "Any") -> "Turns":
        return Turns(messages, self._origin, self._tell)

    def system(self) -> object:
        """The blocks of all system messages, once a walk has come to its end; None for none."""
        count = self.walk.systems
        if not count:
            return self._given or None
        return Items(_Systems(self._messages, count, self._given))

    def __repr__(self) -> str:
        return repr(self._messages)


class Turns:
    """One walk through the messages; holds the blocks of one message at a time.

    Args:
        messages, origin, tell: see Conversation.
        held: gets the blocks of system messages; None: they can be found once more.

    Attributes:
        systems: number of system messages so far.
        unsigned: whether there were calls, since the user's last word, before which no thinking
            stands; budgets for thinking are refused then.

    Errors of the iteration: EncodeError names the message that has no place in this API.
    """

    def __init__(
        self,
        messages: "Any",
        origin: str,
        tell: "Tell | None" = None,
        held: "list[object] | None" = None,
    ) -> None:
        self._messages = iter(messages)
        self._origin = origin
        self.tell = tell
        self._held = held
        self._role = ""  # of the blocks that were read last
        self._turn = ""  # whose turn was handed out last
        self._blocks: list[Any] = []  # of one message, not handed out yet
        self._number = -1
        self._ended = False
        self.walk = self
        self.systems = 0
        self.unsigned = False
        self.stored = getattr(messages, "stored", False)

    def __iter__(self) -> "Turns":
        return self

    def __next__(self) -> object:
        begins = not self._role
        while self._read() and self._role == self._turn:
            self._blocks = []  # of a turn that was not read to its end
        if self._blocks:
            if begins and self._role == "assistant":
                return self._first()
        elif begins:
            self._role = "user"
            return self._first()
        else:
            raise StopIteration
        self._turn = self._role
        return {"role": self._role, "content": Items(_Turn(self, self._role))}

    def _first(self) -> object:
        if self.tell is not None:
            self.tell("repaired", {"what": "first_turn", "where": "messages[0]", "id": ""})
        return {"role": "user", "content": [{"type": "text", "text": _FIRST}]}

    def system(self) -> object:
        """See Conversation.system."""
        return self._held or None

    def blocks(self, role: str) -> "Iterator[object]":
        """The blocks of the turn that begins here.

        Args:
            role: whose it is.
        """
        while self._read() and self._role == role:
            yield self._blocks.pop(0)

    def close(self) -> None:
        """Closes what is walked through, e.g. a file."""
        if hasattr(self._messages, "close"):
            self._messages.close()

    def __repr__(self) -> str:
        return repr(self._messages)

    def _read(self) -> bool:
        # Reads on until there is a block; False at the end.
        while not self._blocks and self.step():
            pass
        return bool(self._blocks)

    def step(self) -> bool:
        """Reads one message; False at the end."""
        if not self._ended:
            try:
                message = next(self._messages)
            except StopIteration:
                self._ended = True
            else:
                self._number += 1
                self._take(message)
        return not self._ended

    def _take(self, message: "Any") -> None:
        if hasattr(message, "to_message"):
            message = message.to_message()
        role = message.get("role") if hasattr(message, "get") else None
        if role in ("system", "developer"):
            found = parts.blocks(message.get("content"))
            if found:
                self.systems += 1
            if self._held is not None:
                self._held += found
        elif role == "user":
            self._put(role, parts.blocks(message.get("content")))
        elif role == "tool":
            self._put("user", [_result(message)])
        elif role == "assistant":
            self._put(role, _answer(message, self._origin))
        else:
            text = "a message of role %r has no place here: use role 'tool' and tool_calls"
            raise EncodeError(text % (role,), "messages[%d].role" % self._number)

    def _put(self, role: str, found: "list[Any]") -> None:
        if not found:
            return  # without words: the API refuses it
        kinds = [block.get("type") for block in found]
        if role == "user":
            if [kind for kind in kinds if kind != "tool_result"]:
                self.unsigned = False
        elif "tool_use" in kinds and kinds[0] not in _THOUGHTS and self._role != role:
            self.unsigned = True
        self._role = role
        self._blocks = found


class _Turn:
    # The content of a turn. No iterator: it is part of a walk that can be walked again.
    def __init__(self, turns: Turns, role: str) -> None:
        self._turns = turns
        self._role = role
        self.stored = turns.stored

    def __iter__(self) -> "Iterator[object]":
        return self._turns.blocks(self._role)

    def __repr__(self) -> str:
        return repr(self._turns)


class _Systems:
    # The blocks that are given, and those of the first `count` system messages that have any.
    def __init__(self, messages: "Any", count: int, given: "list[Any]") -> None:
        self._messages = messages
        self._count = count
        self._given = given
        self.stored = getattr(messages, "stored", False)

    def __iter__(self) -> "Iterator[object]":
        held = list(self._given)
        walk = Turns(self._messages, "", None, held)
        try:
            going = True
            while going:
                while held:
                    yield held.pop(0)
                going = walk.systems < self._count and walk.step()
        finally:
            walk.close()

    def __repr__(self) -> str:
        return repr(self._messages)


def _result(message: "Any") -> "dict[str, object]":
    content = parts.blocks(message.get("content"))
    result: dict[str, Any] = {"type": "tool_result"}
    result["tool_use_id"] = parts.fitting_id(message.get("tool_call_id"))
    for place in range(len(content)):
        # What is to be cached ends with the result, not within it.
        if "cache_control" in content[place]:
            content[place] = dict(content[place])
            result["cache_control"] = content[place].pop("cache_control")
    if content:
        result["content"] = content
    if message.get("is_error"):
        result["is_error"] = True
    return result


def _answer(message: "Any", origin: str) -> "list[Any]":
    content = message.get("content") or message.get("refusal") or ""
    calls = calls_of(message)
    thought = message.get("reasoning_content") or ""
    order: Any = ()
    if message.get("_origin") == origin:
        order = message.get("_anthropic") or ()
    whole = isinstance(content, str) and _size(order, "text") == len(content)
    signed = _size(order, "thinking") == len(thought)
    result: list[Any] = []
    for entry in order:
        kind = entry.get("type")
        size = entry.get("chars", 0)
        if kind == "thinking":
            block = {"type": kind, "thinking": thought[:size]}
            thought = thought[size:]
            if entry.get("signature"):
                block["signature"] = entry["signature"]
            if signed:
                result.append(block)
        elif kind == "text":
            # Who has written another one gets all of it where the first was.
            result += parts.blocks(content[:size] if whole else content)
            content = content[size:] if whole else ""
        elif kind == "tool_use":
            meant = [call for call in calls if call.get("id") == entry.get("id")]
            if meant:
                calls.remove(meant[0])
                result.append(_call(meant[0]))
        elif signed or kind not in _THOUGHTS:
            result.append(entry)
    result += parts.blocks(content)
    result += [_call(call) for call in calls]
    while result and result[-1].get("type") in _THOUGHTS:
        result.pop()  # the API wants something to follow
    return result


def _size(order: "Any", kind: str) -> int:
    return sum([entry.get("chars", 0) for entry in order if entry.get("type") == kind])


def _call(call: "Any") -> "dict[str, object]":
    body = call.get("function") or call.get("custom") or {}
    said = body.get("arguments")
    if said is None:
        given: object = {"input": body["input"]} if body.get("input") is not None else {}
    else:
        given = said
        if isinstance(said, str):
            try:
                given = loads_whole(said.encode()) if said.strip() else {}
            except ValueError:
                given = None
        if not isinstance(given, dict):
            given = {"arguments": said}  # the model has written what is none
    result: dict[str, object] = {"type": "tool_use", "id": parts.fitting_id(call.get("id"))}
    result["name"] = body.get("name")
    result["input"] = given
    return result
