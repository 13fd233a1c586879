"""What follows a failed attempt: the other half of plan.py, loaded with the first failure. Passive
as that is: it says what to do, and recovery.py does it (docs/routing.md shows the decisions).
"""

from thinwire.core._compat import const, with_cause
from thinwire.core.errors import AllAttemptsFailed, StatusError

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.errors import ThinwireError
    from thinwire.core.request.body import Body
    from thinwire.core.routing.plan import Attempt, Plan

_MOST_STALE = const(3)  # dead pooled connections in a row that are nobody's fault
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


def note(
    plan: "Plan", attempt: "Attempt", error: "ThinwireError", now_ms: int, outcome: str = "failed"
) -> None:
    """Takes the error of an attempt, without deciding anything."""
    error.model, error.deployment = plan.model, attempt.deployment
    attempt.ended(outcome, now_ms - plan.start_ms, error)
    if not getattr(error, "stale", False):
        plan.health.failed(attempt.deployment, error, now_ms)
    if plan.policy.retries(error):  # of the provider behind the gateway, it may be
        plan.keep_pin(attempt, "")


def failed(
    plan: "Plan",
    attempt: "Attempt",
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
    if _costs_nothing(plan, name, error) and body.replayable():
        return _again(plan, name, 0)
    diverted = _divert(plan, error)
    wait = _retry_wait(plan, name, error, now_ms, fraction)
    onward = diverted or (bool(plan.left) and plan.policy.falls_back(error))
    if (wait is not None or onward) and not body.replayable():
        error.message += _ONCE
    elif wait is not None and not (onward and _rather_onward(plan, name, error, wait, now_ms)):
        return _again(plan, name, wait)
    elif onward:
        return Step("fallback")
    return Step("raise", 0, _final(plan, error))


def can_restart(plan: "Plan", error: "ThinwireError", body: "Body") -> bool:
    """Whether a fallback can take over an answer that broke off before the caller's eyes."""
    ready = bool(plan.left) and body.replayable()
    return ready and plan.policy.on_interrupt == "restart" and plan.policy.falls_back(error)


def hide_key(plan: "Plan", attempt: "Attempt", error: "ThinwireError") -> None:
    """Takes the API key of an attempt's deployment out of what an error says."""
    key = plan.router.deployment(attempt.deployment).api_key
    if key and len(key) > 3:  # "none" and "x" stand in for keys; taking "x" out hurts
        error.hide(key)


def _again(plan: "Plan", name: str, wait_ms: int) -> Step:
    plan.left.insert(0, name)
    return Step("retry", wait_ms)


def _costs_nothing(plan: "Plan", name: str, error: "ThinwireError") -> bool:
    # Failures that are no attempt: a kept connection that was dead, and a server that wants
    # its Content-Length, which it gets from now on.
    if getattr(error, "stale", False) and plan.stale < _MOST_STALE:
        plan.stale += 1
    elif _wants_length(error) and name not in plan.health.needs_length:
        plan.health.needs_length.append(name)
    else:
        return False
    plan.tries[name] -= 1
    return True


def _divert(plan: "Plan", error: "ThinwireError") -> bool:
    # A request that is too long, or that a filter refused, has a chain of its own.
    reason = error.kind
    tried = [attempt.deployment for attempt in plan.attempts]
    names = plan.router.fallbacks(plan.model, reason) if plan.call.portable else []
    names = [name for name in names if name not in tried]
    if names:
        plan.left = names
    return bool(names)


def _retry_wait(
    plan: "Plan", name: str, error: "ThinwireError", now_ms: int, fraction: float
) -> "int | None":
    if not plan.policy.retries(error):
        return None
    asked = getattr(error, "retry_after_ms", None)
    retry = plan.policy.retry_at(plan.router.deployment(name))
    wait = retry.wait_ms(plan.tries[name], fraction, asked)
    total = plan.timeouts(name).total
    if wait is not None and total is not None and now_ms + wait >= plan.start_ms + total:
        return None  # no sleep that cannot pay off
    return wait


def _rather_onward(
    plan: "Plan", name: str, error: "ThinwireError", wait_ms: int, now_ms: int
) -> bool:
    # A clock that ran out has cost its time once already.
    retry = plan.policy.retry_at(plan.router.deployment(name))
    slow = error.kind == "timeout" or retry.is_long(wait_ms)
    return slow and not plan.health.wait_ms(plan.upcoming(), now_ms)


def _final(plan: "Plan", error: "ThinwireError") -> "ThinwireError":
    if len(plan.attempts) == 1:
        return error
    result = AllAttemptsFailed(tuple(plan.attempts))
    result.model, result.deployment = plan.model, error.deployment
    with_cause(result, result.last)
    return result


def _wants_length(error: "ThinwireError") -> bool:
    # RFC 9110 §15.5.12; old gateways say it as 501 (§15.6.2) and name the header.
    if not isinstance(error, StatusError):
        return False
    words = (error.message + error.body_snippet).lower()
    return error.status == 411 or (error.status == 501 and "transfer-encoding" in words)
