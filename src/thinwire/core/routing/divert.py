"""Answers that came to their end, but to one that nobody wants: cut by a content filter, or for
want of tokens. Where a deployment's `divert_on` names the finish_reason, such an answer is an
error, which leads to the fallback, if there is one.
"""

from thinwire.core._compat import const, public
from thinwire.core.answer.completion import completion_of
from thinwire.core.error_kinds import ThinwireError

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.answer.completion import Completion
    from thinwire.core.error_kinds import ErrorKind
    from thinwire.core.exchange import Exchange
    from thinwire.core.routing.plan import Plan


@public
class Diverted(ThinwireError):
    """An answer ended for a reason that its deployment's `divert_on` names, which is its `kind`:
    "content_filter" or "length". Not tried again there; a fallback, where there is one, is asked.

    Attributes:
        completion: the answer, `complete=False`, whose `attempts` are those before.
    """

    should_retry = True  # by another deployment, whatever the client's `fallback_on` is
    completion: "Completion | None" = None

    @property
    def retryable(self) -> bool:
        """See ThinwireError."""
        return False


def check(plan: "Plan", exchange: "Exchange", reasons: "tuple[str, ...]") -> None:
    """Does nothing to an answer that did not end for one of `reasons`.

    Raises:
        Diverted: it did.
    """
    completion = completion_of(plan, exchange, "error")
    for choice in completion.choices:
        if choice.finish_reason in reasons:
            exchange.answer.end = ""  # it is no answer
            completion.attempts.remove(exchange.attempt)  # which will have the error: no circle
            said = "the answer ended with finish_reason %r, which divert_on names"
            error = Diverted(said % (choice.finish_reason,))
            kind: ErrorKind = choice.finish_reason  # type: ignore[assignment]
            error.kind = kind
            error.completion = completion
            raise error
