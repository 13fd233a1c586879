# What a caller can see of each try of a call, in `completion.attempts` and in AllAttemptsFailed.

from thinwire.core._compat import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.errors import ThinwireError


class Attempt:
    """One try of a call at one deployment.

    Attributes:
        number: 1 for the first.
        model: public name of the model that was asked for.
        deployment: name of the deployment tried.
        hedge: whether it was started beside another attempt that was slow.
        outcome: "answered", "failed", "interrupted" (after its first delta), "lost" (another
            attempt was faster), "cancelled", or "" while it is at work.
        error: why it failed, or None.
        status: HTTP status of the response, 0 when there was none.
        started_ms: since the start of the call, in milliseconds.
        ms: how long it took, in milliseconds.
        sent_bytes: how much of the request body was sent.
    """

    def __init__(
        self, number: int, model: str, deployment: str, started_ms: int, hedge: bool = False
    ) -> None:
        self.number = number
        self.model = model
        self.deployment = deployment
        self.started_ms = started_ms
        self.hedge = hedge
        self.outcome = ""
        self.error: ThinwireError | None = None
        self.status = 0
        self.ms = 0
        self.sent_bytes = 0

    def ended(self, outcome: str, now_ms: int, error: "ThinwireError | None" = None) -> None:
        """It is over; the first outcome counts.

        Args:
            now_ms: since the start of the call.
        """
        if not self.outcome:
            self.outcome = outcome
            self.error = error
            self.ms = now_ms - self.started_ms

    def __repr__(self) -> str:
        what = self.outcome if self.error is None else "%s: %s" % (self.outcome, self.error)
        return "Attempt(%d, %r, %r, %d ms, %d bytes sent)" % (
            self.number,
            self.deployment,
            what or "at work",
            self.ms,
            self.sent_bytes,
        )
