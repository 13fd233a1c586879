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


def tell_usage(assembler: "CompletionAssembler", usage: "dict[str, object]") -> None:
    """Queues the event of token counts, unless it was told or comes too early."""
    if usage != assembler.told_usage and assembler.has_said():
        assembler.told_usage = dict(usage)
        assembler.events.append(UsageReceived(dict(usage)))
