"""The types an exoclaw agent loop speaks: its own where it is installed, else equals of ours."""

import sys
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType

from thinwire._public import public


@public
class ContextWindowExceededError(Exception):
    """The prompt is larger than the model's context window."""


@public
@dataclass
class ToolCallRequest:
    """A function call that the model asks for.

    Attributes:
        id: the server's id, or one made up here when it gave none.
        name: function to call.
        arguments: its arguments by name.
    """

    id: str
    name: str
    arguments: dict[str, object]


@public
@dataclass
class LLMResponse:
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

    content: str | None
    tool_calls: list[ToolCallRequest] = field(default_factory=list)
    finish_reason: str = "stop"
    usage: dict[str, int] = field(default_factory=dict)
    reasoning_content: str | None = None
    thinking_blocks: list[dict[str, object]] | None = None
    cost: float | None = None
    service_tier: str | None = None

    @property
    def has_tool_calls(self) -> bool:
        """Whether the model asks for a function to be called."""
        return len(self.tool_calls) > 0


@cache
def exoclaw_types() -> ModuleType:
    """The module whose three classes are used: exoclaw's own, or this one without exoclaw.

    Decided at the first call, once: a program never sees both kinds.
    """
    try:
        import exoclaw.providers.types
    except ModuleNotFoundError as error:
        # Some other module that is missing: a broken exoclaw, not none.
        if (error.name or "").partition(".")[0] != "exoclaw":
            raise
        return sys.modules[__name__]
    return exoclaw.providers.types
