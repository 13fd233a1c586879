"""One call's way through its chain of deployments, as long as nothing fails: what an error means
is in verdict.py. Passive: it says what to try, and the pump does it.
"""

from thinwire.core._compat import const
from thinwire.core.dialects import openai
from thinwire.core.errors import EncodeError

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.errors import ThinwireError
    from thinwire.core.request.body import Body
    from thinwire.core.request.call import Call, RawCall
    from thinwire.core.routing.clocks import Timeouts
    from thinwire.core.routing.health import Health
    from thinwire.core.routing.policy import Policy
    from thinwire.core.routing.router import Router
    from thinwire.core.transport import Request

# What a caller can see of each try of a call, in `completion.attempts` and in AllAttemptsFailed.


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


class Plan:
    """The attempts of one call.

    Args:
        router: names and deployments.
        call: what to send.
        model: public name asked for, None for the default.
        policy: how to retry and where to go.
        health: what the client knows about its deployments.
        start_ms: time of the call's start.

    Raises:
        ValueError: the model is not declared.

    Attributes:
        model: public name asked for.
        attempts: list of Attempt, those at work included.
        left: names to try, the next one first.
        tries: name -> how often it was tried.
        stale: how many kept connections turned out dead.
    """

    def __init__(
        self,
        router: "Router",
        call: "Call | RawCall",
        model: "str | None",
        policy: "Policy",
        health: "Health",
        start_ms: int,
    ) -> None:
        self.router = router
        self.health = health
        self.call = call
        self.policy = policy
        self.start_ms = start_ms
        self.model = router.name(model)
        self.attempts: list[Attempt] = []
        names = [self.model]
        if call.portable:
            names = health.in_order(names + router.fallbacks(self.model), start_ms)
        self.left = names
        self.tries: dict[str, int] = {}
        self.stale = 0

    def begin(self, now_ms: int, hedge: bool = False) -> Attempt:
        """The next attempt.

        Args:
            hedge: it runs beside another one.
        """
        name = self.left.pop(0)
        self.tries[name] = self.tries.get(name, 0) + 1
        number = len(self.attempts) + 1
        attempt = Attempt(number, self.model, name, now_ms - self.start_ms, hedge)
        self.attempts.append(attempt)
        return attempt

    def request(self, attempt: Attempt) -> "Request":
        """The request of an attempt, a new body included.

        Raises:
            EncodeError: the body has to be measured, and cannot be.
        """
        name = attempt.deployment
        deployment = self.router.deployment(name)
        pin = self.health.pins().get(self.call.session, name) if deployment.pin_provider else ""
        body = self.call.body(deployment, name, pin)
        request = openai.chat_request(deployment, body, self.call.extra_headers)
        if deployment.framing == "length" or name in self.health.needs_length:
            request.length = _length_of(body)
        return request

    def timeouts(self, name: str) -> "Timeouts":
        """The limits for an attempt at the deployment called `name`."""
        return self.policy.timeouts_at(self.router.deployment(name))

    def problem(self) -> str:
        """What went wrong beside the call, "" if nothing did."""
        return self.health.problem

    def upcoming(self) -> str:
        """Name that would be tried next, "" at the end of the chain."""
        return self.left[0] if self.left else ""

    def can_hedge(self, body: "Body", now_ms: int) -> bool:
        """Whether there is a healthy fallback that may be started beside the attempt at work."""
        name = self.upcoming()
        if not name or not body.replayable() or self.health.wait_ms(name, now_ms):
            return False
        keeper = self.call.keeper
        if keeper is not None and keeper.hands_out:
            return False  # both would hand out their text before one of them has won
        # What is not sent yet may hold what can be read only once: a walk that counts finds out.
        return self.call.body(self.router.deployment(name), name).length() is not None

    def answered(self, attempt: Attempt, provider: str, now_ms: int) -> None:
        """The attempt's answer came to its end."""
        attempt.ended("answered", now_ms - self.start_ms)
        self.health.answered(attempt.deployment, now_ms)
        self.keep_pin(attempt, provider)

    def keep_pin(self, attempt: Attempt, provider: str) -> None:
        """Remembers which provider answered the session, where that is asked for; see Pins."""
        if self.router.deployment(attempt.deployment).pin_provider:
            self.health.pins().keep(self.call.session, attempt.deployment, provider)


def _length_of(body: "Body") -> int:
    length = body.length()
    if length is None:
        raise EncodeError("a Content-Length needs a request that can be read twice", "")
    return length
