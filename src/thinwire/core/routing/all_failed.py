"""The error for several attempts that all failed, which only a second failure of a call loads."""

from thinwire.core._compat import const, public
from thinwire.core.error_kinds import RETRY_ON, ThinwireError
from thinwire.core.errors import StatusError, StreamError

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.routing.plan import Attempt


@public
class AllAttemptsFailed(ThinwireError):
    """No attempt brought an answer; `kind` and `retryable` are those of `last`.

    Attributes:
        attempts: tuple of Attempt, in the order they began.
        last: the most telling of their errors: what a server said before what became of a
            connection, and the later of two; of those that count (Attempt.free).
    """

    def __init__(self, attempts: "tuple[Attempt, ...]") -> None:
        counted = [one for one in attempts if not one.free]
        last = most_telling([one.error for one in counted if one.error is not None])
        lines = []
        for one in counted:
            said = one.outcome
            if one.error is not None:
                said = "%s (%d ms, %d bytes sent)" % (one.error, one.ms, one.sent_bytes)
            lines.append("%s: %s" % (one.deployment, said))
        super().__init__("all %d attempts failed; %s" % (len(counted), "; ".join(lines)), last)
        self.attempts = attempts
        self.last = last
        self.kind = last.kind
        # The last word on it: a clock of the whole call, or a server's x-should-retry.
        self._retryable = last.retryable

    @property
    def retryable(self) -> bool:
        """See ThinwireError."""
        return self._retryable


def most_telling(errors: "list[ThinwireError]") -> ThinwireError:
    """The error that helps most to understand why a call failed."""
    best = errors[0]
    for error in errors[1:]:
        if _weight(error) >= _weight(best):
            best = error
    return best


def _weight(error: ThinwireError) -> int:
    # A refusal has to be mended, a rate limit waited for; a lost connection says least.
    if isinstance(error, StatusError):
        return 2 if error.kind in RETRY_ON else 3
    return 1 if isinstance(error, StreamError) else 0
