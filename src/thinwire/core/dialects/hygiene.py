"""Message hygiene: what most servers would refuse a conversation for is repaired while it is sent.
An agent that was stopped between a call and its result leaves such conversations behind.

  a tool result without its call, or a second one     left out
  a call without its result                           gets one that says so, at its place
  a message between a call and its result             comes after the result
  a tool without parameters, an object without        an object without any fields
  properties, an array without items                  (of any items)

On OpenAI-shaped messages, before a dialect makes something else of them; `hygiene=False` of a
deployment sends them as they are. A result belongs to the assistant message before it: so one
pass is enough, which remembers the calls of one message and the few messages that stand between
them and their results, and a conversation on disk stays there.
Loaded for messages and tools of that kind only.
"""

from thinwire.core._compat import const
from thinwire.core.dialects.replay import is_turn

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from thinwire.core.routing.deployment import Deployment

    Tell = Callable[[str, dict[str, object]], object]

_DEEP = const(32)  # levels of a schema that are looked at
_BETWEEN = const(4)  # messages between a call and its result, what a person said meanwhile
_LOST = "No result: the call was interrupted before it had one."


def wanted(deployment: "Deployment") -> bool:
    """Whether messages to a deployment are repaired."""
    return deployment.options is None or deployment.options.hygiene


def repaired(messages: "Any", tell: "Tell | None" = None) -> "Any":
    """Messages that a server takes.

    Args:
        messages: of a conversation, in OpenAI's form: dicts, or what has `to_message`.
        tell: called with "repaired" and the fields of each repair: `what` ("orphan_removed",
            "result_added" or "result_moved"), `where` (e.g. "messages[3]") and `id` of the call.

    Returns:
        A list or tuple itself where nothing is wrong with it, else a list; of anything else what
        repairs while it is walked, once or as often as that can be.
    """
    if not isinstance(messages, (list, tuple)):
        if hasattr(messages, "__next__"):
            return Walk(messages, tell)
        return Repaired(messages, tell)
    if not any(is_turn(message) for message in messages):
        return messages
    walk = Walk(messages, tell)
    found = list(walk)
    return found if walk.repairs else messages


class Repaired:
    """Messages that are repaired while they are walked; can be walked as often as they can.

    Args:
        messages: any iterable.
        tell: see `repaired`.
    """

    def __init__(self, messages: "Any", tell: "Tell | None" = None) -> None:
        self._messages = messages
        self._tell = tell
        self.stored = getattr(messages, "stored", False)  # see JSONEncoder

    def __iter__(self) -> "Iterator[object]":
        return Walk(self._messages, self._tell)

    def __repr__(self) -> str:
        return repr(self._messages)


class Walk:
    """One walk through a conversation.

    Args:
        messages: any iterable.
        tell: see `repaired`.
        first: how many messages were taken before, and had neither calls nor results.
        ahead: one that was taken and is the next, or None.

    Attributes:
        repairs: how many there were.
    """

    def __init__(
        self, messages: "Any", tell: "Tell | None" = None, first: int = 0, ahead: "Any" = None
    ) -> None:
        self._items = iter(messages)
        self._tell = tell
        self._place = first - 1
        self._open: list[object] = []  # ids of calls without a result
        self._held: list[object] = []  # messages that those come before
        self._settled = True  # whether no result can come any more that belongs before them
        self._ahead = ahead
        self.repairs = 0
        self.stored = getattr(messages, "stored", False)

    def __iter__(self) -> "Walk":
        return self

    def __next__(self) -> object:
        while True:
            if self._held and self._settled:
                if self._open:
                    return self._result()
                return self._begin(self._held.pop(0))
            message: Any = self._ahead
            self._ahead = None
            if message is None:
                try:
                    message = next(self._items)
                except StopIteration:
                    if not self._open:
                        raise
                    self._settled = True
                    return self._result()
            self._place += 1
            if not hasattr(message, "keys") or message.get("role") != "tool":
                self._held.append(message)
                said = hasattr(message, "keys") and message.get("role") == "user"
                self._settled = not self._open or not said or len(self._held) > _BETWEEN
            elif self._answers(message.get("tool_call_id")):
                if self._held:
                    self._told("result_moved", self._place, message.get("tool_call_id"))
                self._settled = not self._open
                return message

    def _answers(self, id: object) -> bool:
        # Whether a result has its call, which has it then. Some servers give no ids: those without
        # one go by their order.
        if self._open and (not id or id in self._open):
            self._open.pop(self._open.index(id) if id in self._open else 0)
            return True
        self._told("orphan_removed", self._place, id)
        return False

    def _begin(self, message: "Any") -> object:
        calls = getattr(message, "tool_calls", None)
        if hasattr(message, "keys"):
            calls = message.get("tool_calls")
        if isinstance(calls, (list, tuple)):
            for call in calls:
                self._open.append(_id(call))
        return message

    def _result(self) -> object:
        id = self._open.pop(0)
        self._told("result_added", self._place + 1 - len(self._held), id)
        result: dict[str, object] = {"role": "tool", "content": _LOST}
        if id:
            result["tool_call_id"] = id
        return result

    def _told(self, what: str, place: int, id: object) -> None:
        self.repairs += 1
        if self._tell is not None:
            where = "messages[%d]" % place
            self._tell("repaired", {"what": what, "where": where, "id": id})

    def __repr__(self) -> str:
        return repr(self._items)

    def close(self) -> None:
        """Closes what is walked through, e.g. a file."""
        if hasattr(self._items, "close"):
            self._items.close()


def _id(call: "Any") -> object:
    return call.get("id") if hasattr(call, "keys") else getattr(call, "id", None)


def legal_tools(tools: "Any", tell: "Tell | None" = None) -> "Any":
    """Tools whose schemas a server takes.

    Args:
        tools: list of tool definitions.
        tell: called with "repaired" and `what` ("schema"), `where` (e.g. "tools[0]") and `id`, the
            tool's name.

    Returns:
        The very list where nothing is wrong with it.
    """
    if not isinstance(tools, (list, tuple)):
        return tools
    found, repairs = [], 0
    for place in range(len(tools)):
        tool = tools[place]
        legal = _legal_tool(tool)
        found.append(legal)
        if legal is not tool:
            repairs += 1
            if tell is not None:
                name, where = tool["function"].get("name"), "tools[%d]" % place
                tell("repaired", {"what": "schema", "where": where, "id": name})
    return found if repairs else tools


def _legal_tool(tool: "Any") -> "Any":
    function: Any = tool.get("function") if hasattr(tool, "keys") else None
    if not hasattr(function, "keys"):
        return tool
    given = function.get("parameters")
    if given is None or (hasattr(given, "keys") and not given):
        legal: Any = {"type": "object", "properties": {}}
    else:
        legal = _legal(given)
        if legal is given:
            return tool
    function = dict(function)
    function["parameters"] = legal
    result = dict(tool)
    result["function"] = function
    return result


def _legal(schema: "Any", depth: int = 0) -> "Any":
    # The very schema where nothing is wrong with it. Only what has a type is judged: `{}` within
    # stands for anything, and what is said by $ref or anyOf is complete.
    if not hasattr(schema, "keys") or depth > _DEEP:
        return schema
    changed: dict[str, object] = {}
    kind = schema.get("type")
    complete = "$ref" in schema or "anyOf" in schema or "oneOf" in schema or "allOf" in schema
    if kind == "object" and schema.get("properties") is None and not complete:
        changed["properties"] = {}
    elif kind == "array" and schema.get("items") is None and "prefixItems" not in schema:
        if not complete:
            changed["items"] = {}
    elif depth == 0 and kind is None and hasattr(schema.get("properties"), "keys"):
        changed["type"] = "object"
    fields = schema.get("properties")
    if hasattr(fields, "keys"):
        better = {}
        for name in fields:
            legal = _legal(fields[name], depth + 1)
            if legal is not fields[name]:
                better[name] = legal
        if better:
            changed["properties"] = dict(fields)
            changed["properties"].update(better)  # type: ignore[attr-defined]
    items = schema.get("items")
    legal = _legal(items, depth + 1)
    if legal is not items:
        changed["items"] = legal
    if not changed:
        return schema
    result = dict(schema)
    result.update(changed)
    return result
