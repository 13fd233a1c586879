# One call's way through its chain of deployments. Passive: it says what to try next and what an
# error means; the pump does it (docs/routing.md shows the decisions).

from thinwire.core._compat import TYPE_CHECKING, with_cause
from thinwire.core.attempt import Attempt
from thinwire.core.dialects import openai
from thinwire.core.errors import AllAttemptsFailed, EncodeError, StatusError

if TYPE_CHECKING:
    from thinwire.core.body import Body
    from thinwire.core.call import Call, RawCall
    from thinwire.core.clocks import Timeouts
    from thinwire.core.errors import ThinwireError
    from thinwire.core.health import Health
    from thinwire.core.policy import Policy
    from thinwire.core.routing import Router
    from thinwire.core.transport import Request

_MOST_STALE = 3  # dead pooled connections in a row that are nobody's fault
_ONCE = " (not tried again: the messages can be read only once)"


class Step:
    """What comes after a failed attempt.

    Attributes:
        action: "retry" (the same deployment), "fallback" (the next one) or "raise".
        wait_ms: how long to wait before, in milliseconds.
        error: what to raise.
    """

    def __init__(
        self, action: str, wait_ms: int = 0, error: "ThinwireError | None" = None
    ) -> None:
        self.action = action
        self.wait_ms = wait_ms
        self.error = error


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
        self._router = router
        self._health = health
        self.call = call
        self.policy = policy
        self.start_ms = start_ms
        self.model = router.name(model)
        self.attempts: list[Attempt] = []
        names = [self.model]
        if call.portable:
            names = health.in_order(names + router.fallbacks(self.model), start_ms)
        self._left = names
        self._tries: dict[str, int] = {}
        self._stale = 0

    def begin(self, now_ms: int, hedge: bool = False) -> Attempt:
        """The next attempt.

        Args:
            hedge: it runs beside another one.
        """
        name = self._left.pop(0)
        self._tries[name] = self._tries.get(name, 0) + 1
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
        deployment = self._router.deployment(name)
        pin = self._health.pins.get(self.call.session, name) if deployment.pin_provider else ""
        body = self.call.body(deployment, name, pin)
        request = openai.chat_request(deployment, body, self.call.extra_headers)
        if deployment.framing == "length" or name in self._health.needs_length:
            request.length = _length_of(body)
        return request

    def timeouts(self, name: str) -> "Timeouts":
        """The limits for an attempt at the deployment called `name`."""
        return self.policy.timeouts_at(self._router.deployment(name))

    def problem(self) -> str:
        """What went wrong beside the call, "" if nothing did."""
        return self._health.problem

    def upcoming(self) -> str:
        """Name that would be tried next, "" at the end of the chain."""
        return self._left[0] if self._left else ""

    def can_hedge(self, body: "Body", now_ms: int) -> bool:
        """Whether there is a healthy fallback that may be started beside the attempt at work."""
        name = self.upcoming()
        if not name or not body.replayable() or self._health.wait_ms(name, now_ms):
            return False
        keeper = self.call.keeper
        if keeper is not None and keeper.hands_out:
            return False  # both would hand out their text before one of them has won
        # What is not sent yet may hold what can be read only once: a walk that counts finds out.
        return self.call.body(self._router.deployment(name), name).length() is not None

    def answered(self, attempt: Attempt, provider: str, now_ms: int) -> None:
        """The attempt's answer came to its end."""
        attempt.ended("answered", now_ms - self.start_ms)
        self._health.answered(attempt.deployment, now_ms)
        if self._router.deployment(attempt.deployment).pin_provider:
            self._health.pins.keep(self.call.session, attempt.deployment, provider)

    def note(
        self, attempt: Attempt, error: "ThinwireError", now_ms: int, outcome: str = "failed"
    ) -> None:
        """Takes the error of an attempt, without deciding anything."""
        error.model, error.deployment = self.model, attempt.deployment
        attempt.ended(outcome, now_ms - self.start_ms, error)
        if not getattr(error, "stale", False):
            self._health.failed(attempt.deployment, error, now_ms)
        if self.policy.retries(error):  # of the provider behind the gateway, it may be
            self._health.pins.keep(self.call.session, attempt.deployment, "")

    def failed(
        self,
        attempt: Attempt,
        error: "ThinwireError",
        body: "Body",
        now_ms: int,
        fraction: float,
    ) -> Step:
        """Decides what follows an attempt that nobody saw anything of.

        Args:
            attempt: as noted before.
            error: why it failed.
            body: what was sent of it.
            fraction: a random number in [0, 1).

        Returns:
            Step; what it raises is the error itself after a single attempt, AllAttemptsFailed
            after several.
        """
        name = attempt.deployment
        if self._costs_nothing(name, error) and body.replayable():
            return self._again(name, 0)
        diverted = self._divert(error)
        wait = self._retry_wait(name, error, now_ms, fraction)
        onward = diverted or (bool(self._left) and self.policy.falls_back(error))
        if (wait is not None or onward) and not body.replayable():
            error.message += _ONCE
        elif wait is not None and not (onward and self._rather_onward(name, error, wait, now_ms)):
            return self._again(name, wait)
        elif onward:
            return Step("fallback")
        return Step("raise", 0, self._final(error))

    def can_restart(self, error: "ThinwireError", body: "Body") -> bool:
        """Whether a fallback can take over an answer that broke off before the caller's eyes."""
        ready = bool(self._left) and body.replayable()
        return ready and self.policy.on_interrupt == "restart" and self.policy.falls_back(error)

    def hide_key(self, attempt: Attempt, error: "ThinwireError") -> None:
        """Takes the API key of an attempt's deployment out of what an error says."""
        key = self._router.deployment(attempt.deployment).api_key
        if key and len(key) > 3:  # "none" and "x" stand in for keys; taking "x" out hurts
            error.hide(key)

    def _again(self, name: str, wait_ms: int) -> Step:
        self._left.insert(0, name)
        return Step("retry", wait_ms)

    def _costs_nothing(self, name: str, error: "ThinwireError") -> bool:
        # Failures that are no attempt: a kept connection that was dead, and a server that wants
        # its Content-Length, which it gets from now on.
        if getattr(error, "stale", False) and self._stale < _MOST_STALE:
            self._stale += 1
        elif _wants_length(error) and name not in self._health.needs_length:
            self._health.needs_length.append(name)
        else:
            return False
        self._tries[name] -= 1
        return True

    def _divert(self, error: "ThinwireError") -> bool:
        # A request that is too long, or that a filter refused, has a chain of its own.
        reason = error.kind
        tried = [attempt.deployment for attempt in self.attempts]
        names = self._router.fallbacks(self.model, reason) if self.call.portable else []
        names = [name for name in names if name not in tried]
        if names:
            self._left = names
        return bool(names)

    def _retry_wait(
        self, name: str, error: "ThinwireError", now_ms: int, fraction: float
    ) -> "int | None":
        if not self.policy.retries(error):
            return None
        asked = getattr(error, "retry_after_ms", None)
        retry = self.policy.retry_at(self._router.deployment(name))
        wait = retry.wait_ms(self._tries[name], fraction, asked)
        total = self.timeouts(name).total
        if wait is not None and total is not None and now_ms + wait >= self.start_ms + total:
            return None  # no sleep that cannot pay off
        return wait

    def _rather_onward(self, name: str, error: "ThinwireError", wait_ms: int, now_ms: int) -> bool:
        # A clock that ran out has cost its time once already.
        retry = self.policy.retry_at(self._router.deployment(name))
        slow = error.kind == "timeout" or retry.is_long(wait_ms)
        return slow and not self._health.wait_ms(self.upcoming(), now_ms)

    def _final(self, error: "ThinwireError") -> "ThinwireError":
        if len(self.attempts) == 1:
            return error
        result = AllAttemptsFailed(tuple(self.attempts))
        result.model, result.deployment = self.model, error.deployment
        with_cause(result, result.last)
        return result


def _length_of(body: "Body") -> int:
    length = body.length()
    if length is None:
        raise EncodeError("a Content-Length needs a request that can be read twice", "")
    return length


def _wants_length(error: "ThinwireError") -> bool:
    # RFC 9110 §15.5.12; old gateways say it as 501 (§15.6.2) and name the header.
    if not isinstance(error, StatusError):
        return False
    words = (error.message + error.body_snippet).lower()
    return error.status == 411 or (error.status == 501 and "transfer-encoding" in words)
