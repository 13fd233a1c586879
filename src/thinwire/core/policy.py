# What an error leads to. docs/routing.md shows these tuples as a table, generated from here.
#
#   retry     the same deployment once more, after a wait (retry.py)
#   fallback  the next deployment of the chain
#   cools     repeated, the deployment is left alone for a while (health.py)
#
# Errors of kind "context_length" and "content_filter" go to lists of their own (routing.py).

from thinwire.core._compat import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.clocks import Timeouts
    from thinwire.core.errors import ThinwireError
    from thinwire.core.model import Deployment
    from thinwire.core.retry import RetryPolicy

# Below HTTP: each may go better the next time.
_EXCHANGE = ("connect", "write", "read", "timeout", "stream")
_BUSY = ("rate_limit", "overloaded", "server")
# 409 and 425 (RFC 8470) speak of this moment, not of the deployment.
_MOMENT = ("conflict", "too_early")

RETRY_ON = _EXCHANGE + _BUSY + _MOMENT
FALLBACK_ON = RETRY_ON + ("certificate",)
COOLS = _EXCHANGE + _BUSY
# What a caller may add to `fallback_on`: mistakes that another deployment may not share.
FALLBACK_MAY = (
    "auth",
    "quota",
    "not_found",
    "model_not_found",
    "too_large",
    "bad_request",
    "redirect",
    "context_length",
    "content_filter",
)


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
    known = FALLBACK_ON + FALLBACK_MAY
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
