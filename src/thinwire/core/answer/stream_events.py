"""The event of token counts, which only the iteration of a stream has: `chat` makes none, and does
not load this. whole_calls.py has the other one of that kind.
"""

from thinwire.core._compat import const, public
from thinwire.core.answer.events import BaseEvent

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

    from thinwire.core.answer.assembler import CompletionAssembler


@public
class UsageReceived(BaseEvent):
    """Token counts came, or others than before; the last ones are the completion's. Never the
    first event of an answer, since they are no sign of a model at work; where nothing else comes,
    StreamComplete has them.

    Attributes:
        usage: as in Completion.
    """

    __match_args__ = ("usage",)

    def __init__(self, usage: "dict[str, Any]") -> None:
        self.usage = usage


def tell_usage(assembler: "CompletionAssembler") -> None:
    """Queues the event of the token counts, unless it was told or comes too early."""
    usage = assembler._usage  # noqa: SLF001 - here since few need it
    if usage != assembler.told_usage and _has_said(assembler):
        assembler.told_usage = dict(usage)
        assembler.events.append(UsageReceived(dict(usage)))


def _has_said(assembler: "CompletionAssembler") -> bool:
    # Whether something of the answer itself has come.
    for choice in assembler._choices.values():  # noqa: SLF001
        if choice.content_text.chars or choice.reasoning_text.chars or choice.refusal_text.chars:
            return True
    return bool(assembler._tool_calls or assembler._media)  # noqa: SLF001
