"""The types an exoclaw agent loop speaks: its own where it is installed, else equals of ours.

Plain classes: a chip strips the annotations that a dataclass is made of.
"""

import sys

from thinwire.core._compat import MICROPYTHON, const, public

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any


@public
class ContextWindowExceededError(Exception):
    """The prompt is larger than the model's context window."""


class _Record:
    # What has the same fields is the same.
    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__ == self.__dict__

    def __repr__(self) -> str:
        fields = ", ".join(["%s=%r" % pair for pair in self.__dict__.items()])
        return "%s(%s)" % (type(self).__name__, fields)


@public
class ToolCallRequest(_Record):
    """A function call that the model asks for.

    Attributes:
        id: the server's id, or one made up here when it gave none.
        name: function to call.
        arguments: its arguments by name.
    """

    def __init__(self, id: str, name: str, arguments: "dict[str, object]") -> None:
        self.id = id
        self.name = name
        self.arguments = arguments


@public
class LLMResponse(_Record):
    """An answer.

    Attributes:
        content: its text, None if there was none.
        tool_calls: functions to call.
        finish_reason: as the server sent it, "stop" when it sent none.
        usage: token counts; {} when the server sent none.
        reasoning_content: the model's reasoning, None if there was none.
        thinking_blocks: always None; a field of exoclaw's.
        cost: billed cost in USD, None when the server did not say.
        service_tier: as the server says it.
    """

    def __init__(
        self,
        content: "str | None",
        tool_calls: "list[ToolCallRequest] | None" = None,
        finish_reason: str = "stop",
        usage: "dict[str, int] | None" = None,
        reasoning_content: "str | None" = None,
        thinking_blocks: "list[dict[str, object]] | None" = None,
        cost: "float | None" = None,
        service_tier: "str | None" = None,
    ) -> None:
        self.content = content
        self.tool_calls = [] if tool_calls is None else tool_calls
        self.finish_reason = finish_reason
        self.usage = {} if usage is None else usage
        self.reasoning_content = reasoning_content
        self.thinking_blocks = thinking_blocks
        self.cost = cost
        self.service_tier = service_tier

    @property
    def has_tool_calls(self) -> bool:
        """Whether the model asks for a function to be called."""
        return len(self.tool_calls) > 0


def of_exoclaw(name: str) -> "Any":
    """A module of exoclaw's, None where there is none.

    On CPython it is imported where exoclaw is installed. On a chip exoclaw takes 120 KB of RAM
    (docs/migrating/exoclaw.md): there it counts once the program itself has loaded it.

    Args:
        name: e.g. "exoclaw.http".
    """
    if name in sys.modules:
        return sys.modules[name]
    if not MICROPYTHON:
        try:
            return __import__(name, None, None, ("*",))
        except ModuleNotFoundError as error:
            # Some other module that is missing: a broken exoclaw, not none.
            if (error.name or "").partition(".")[0] != "exoclaw":
                raise
    return None


def exoclaw_types() -> "Any":
    """The module whose three classes are used: exoclaw's own, or this one without exoclaw."""
    return of_exoclaw("exoclaw.providers.types") or sys.modules[__name__]
