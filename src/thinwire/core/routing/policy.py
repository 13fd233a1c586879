"""What an error leads to. docs/routing.md shows these tuples as a table, generated from here.

  retry     the same deployment once more, after a wait (retry.py)
  fallback  the next deployment of the chain
  cools     repeated, the deployment is left alone for a while (health.py)

Errors of kind "context_length" and "content_filter" go to lists of their own (routing.py).
"""

from thinwire.core._compat import const
from thinwire.core.error_kinds import FALLBACK_ON, FALLBACK_OPTIONAL

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.errors import ThinwireError
    from thinwire.core.routing.clocks import Timeouts
    from thinwire.core.routing.deployment import Deployment

# How often and when one deployment is tried again. Passive: the pump sleeps, this says how long.


class RetryPolicy:
    """Retries at one deployment, before the first delta of its answer.

    Args:
        attempts: how often a deployment is tried in one call, the first time included.
        base: longest wait before the second attempt, in seconds.
        cap: longest wait between two attempts that is chosen here, in seconds. A server that asks
            for more is left for a fallback, where one is healthy.
        multiplier: growth of the wait from one attempt to the next.
        jitter: "full" (a random share of the wait), "equal" (at least half of it) or "none".
        max_retry_after: longest wait that a server may ask for, in seconds; one that asks for
            more is not tried again in the same call.

    Raises:
        ValueError: a number that makes no sense, an unknown jitter.
    """

    def __init__(
        self,
        attempts: int = 2,
        base: float = 0.5,
        cap: float = 8,
        multiplier: float = 2,
        jitter: str = "full",
        max_retry_after: float = 60,
    ) -> None:
        if not attempts >= 1:
            raise ValueError("RetryPolicy attempts must be 1 (no retry) or more")
        if not (base >= 0 and cap >= 0 and max_retry_after >= 0 and multiplier >= 1):
            raise ValueError("RetryPolicy waits must not be negative, multiplier not below 1")
        if jitter not in ("full", "equal", "none"):
            raise ValueError("RetryPolicy jitter must be 'full', 'equal' or 'none'")
        self.attempts = attempts
        self.base = base
        self.cap = cap
        self.multiplier = multiplier
        self.jitter = jitter
        self.max_retry_after = max_retry_after

    def backoff_ms(self, tries: int, fraction: float) -> int:
        """How long to wait before the next attempt, when the server does not say.

        Args:
            tries: attempts made so far, 1 or more.
            fraction: a random number in [0, 1).

        Returns:
            Milliseconds.
        """
        wait = self.base
        for _ in range(tries - 1):
            wait = min(wait * self.multiplier, self.cap)  # at each step: powers overflow
        wait = min(wait, self.cap) * 1000
        if self.jitter == "none":
            return int(wait)
        least = wait / 2 if self.jitter == "equal" else 0
        return int(least + (wait - least) * fraction)

    def wait_ms(self, tries: int, fraction: float, asked_ms: "int | None") -> "int | None":
        """How long to wait before the next attempt.

        Args:
            tries, fraction: as backoff_ms.
            asked_ms: what the server asked for (Retry-After), or None.

        Returns:
            Milliseconds; None when there is to be no further attempt.
        """
        if tries >= self.attempts:
            return None
        if asked_ms is None:
            return self.backoff_ms(tries, fraction)
        return asked_ms if asked_ms <= self.max_retry_after * 1000 else None

    def is_long(self, wait_ms: int) -> bool:
        """Whether a healthy fallback is better than waiting for so many milliseconds."""
        return wait_ms > self.cap * 1000


class Policy:
    """How calls are retried, rerouted and raced; see BaseClient for each argument.

    Attributes:
        fallback_on: kinds of errors that lead to the next deployment.
        hedge_ms: when the fallback is started beside a silent attempt, None for never.
        on_interrupt: "raise", "restart", or None where the call decides.
    """

    def __init__(
        self,
        timeouts: "Timeouts",
        retry: "RetryPolicy",
        fallback_on: "tuple[str, ...]" = FALLBACK_ON,
        hedge_after: "float | None" = None,
        on_interrupt: "str | None" = None,
    ) -> None:
        self._timeouts = timeouts
        self._retry = retry
        self._call_timeouts: Timeouts | None = None
        self._call_retry: RetryPolicy | None = None
        self._call_interrupt: str | None = None
        self.fallback_on = _checked(fallback_on)
        self.hedge_ms = _hedge_ms(hedge_after)
        self.on_interrupt = _interrupt(on_interrupt)

    def for_call(
        self,
        timeouts: "Timeouts | None" = None,
        retry: "RetryPolicy | None" = None,
        hedge_after: "float | None" = None,
        on_interrupt: "str | None" = None,
    ) -> "Policy":
        """The same with what one call wants otherwise; None: as it is."""
        result = Policy(self._timeouts, self._retry, self.fallback_on)
        result._call_timeouts = timeouts
        result._call_retry = retry
        result.hedge_ms = self.hedge_ms if hedge_after is None else _hedge_ms(hedge_after)
        result.on_interrupt = _interrupt(on_interrupt) or self.on_interrupt
        result._call_interrupt = on_interrupt
        return result

    def restart_only_if(self, told: bool) -> None:
        """Text is handed out to somebody who can be `told` that it is void, or cannot.

        Raises:
            ValueError: they cannot, and the call asks for a restart.
        """
        if told and self.on_interrupt is None:
            self.on_interrupt = "restart"
        if not told and self._call_interrupt == "restart":
            raise ValueError('on_interrupt="restart" needs on_restart here, or stream()')
        if not told:
            self.on_interrupt = "raise"

    def timeouts_at(self, deployment: "Deployment") -> "Timeouts":
        """The call's limits, the deployment's or the client's: the first that are given."""
        return self._call_timeouts or deployment.timeouts or self._timeouts

    def retry_at(self, deployment: "Deployment") -> "RetryPolicy":
        """The call's policy, the deployment's or the client's: the first that is given."""
        return self._call_retry or deployment.retry or self._retry

    def retries(self, error: "ThinwireError") -> bool:
        """Whether the same deployment may do better after this error."""
        return error.retryable

    def falls_back(self, error: "ThinwireError") -> bool:
        """Whether the next deployment of the chain is tried after this error."""
        if error.kind in self.fallback_on:
            # The end of the whole call, whoever is asked next.
            return getattr(error, "phase", "") != "total"
        # An account that is empty answers 429 at OpenAI, and 429 leads to the fallback.
        empty = error.kind == "quota" and getattr(error, "status", 0) == 429
        return empty or getattr(error, "should_retry", None) is True


def _checked(kinds: "tuple[str, ...]") -> "tuple[str, ...]":
    known = FALLBACK_ON + FALLBACK_OPTIONAL
    for kind in kinds:
        if kind not in known:
            raise ValueError("fallback_on %r is no kind: known are %s" % (kind, ", ".join(known)))
    return tuple(kinds)


def _hedge_ms(seconds: "float | None") -> "int | None":
    if seconds is None:
        return None
    if not 0 <= seconds < 1e9:
        raise ValueError("hedge_after must be 0 seconds or more, or None")
    return int(seconds * 1000)


def _interrupt(choice: "str | None") -> "str | None":
    if choice not in (None, "raise", "restart"):
        raise ValueError("on_interrupt must be 'raise' or 'restart', not %r" % (choice,))
    return choice
