"""What a client, a deployment or a call may set: limits, retries, where to go after which error.

Passive: the time and random numbers come from the caller, and the pump does the waiting.
"""

from thinwire.core._compat import const, public
from thinwire.core.error_kinds import FALLBACK_ON, FALLBACK_OPTIONAL

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Literal

    from thinwire.core.error_kinds import Kind
    from thinwire.core.errors import ThinwireError
    from thinwire.core.routing.deployment import Deployment

    OnInterrupt = Literal["raise", "restart"]

_CLOCKS = ("connect", "first_token", "progress", "liveness", "total", "upload")


@public
class Timeouts:
    """Limits in seconds; None for no limit.

    Args:
        connect: name lookup, connection and TLS handshake.
        first_token: from the last byte of the request to the first content, reasoning or tool
            delta.
        progress: longest gap between two such deltas.
        liveness: longest gap between any two bytes, comments included, from the last byte of the
            request on.
        total: the whole call, retries and fallbacks included.
        upload: longest time in which nothing more of the request could be handed over; what the
            caller's own producer takes does not count.

    Attributes:
        connect, first_token, progress, liveness, total, upload: the same in milliseconds.

    Raises:
        ValueError: a limit that is not greater than 0.
    """

    def __init__(
        self,
        connect: "float | None" = 10,
        first_token: "float | None" = 15,
        progress: "float | None" = 60,
        liveness: "float | None" = 60,
        total: "float | None" = None,
        upload: "float | None" = 30,
    ) -> None:
        self.connect = _ms("connect", connect)
        self.first_token = _ms("first_token", first_token)
        self.progress = _ms("progress", progress)
        self.liveness = _ms("liveness", liveness)
        self.total = _ms("total", total)
        self.upload = _ms("upload", upload)

    def idle_ms(self) -> "int | None":
        """The longest silence any clock allows inside a stream, in milliseconds."""
        limits = [ms for ms in (self.progress, self.liveness) if ms is not None]
        return min(limits) if limits else None

    def __repr__(self) -> str:
        limits = []
        for name in _CLOCKS:
            ms = getattr(self, name)
            limits.append("%s=%s" % (name, "None" if ms is None else "%g" % (ms / 1000)))
        return "Timeouts(%s)" % ", ".join(limits)


def limits(given: object) -> "Timeouts | None":
    """What may be given as `timeouts`: Timeouts, or seconds for the whole call.

    Raises:
        TypeError: it is neither.
        ValueError: a limit that is not greater than 0.
    """
    if given is None or isinstance(given, Timeouts):
        return given
    if not _is_number(given):
        raise TypeError("timeouts takes Timeouts(...), or seconds for the call, not %r" % (given,))
    return Timeouts(total=given)  # type: ignore[arg-type]


def retries(given: object) -> "RetryPolicy | None":
    """What may be given as `retry`: a RetryPolicy, or how often a deployment is tried.

    Raises:
        TypeError: it is neither.
        ValueError: a number below 1.
    """
    if given is None or isinstance(given, RetryPolicy):
        return given
    if not isinstance(given, int) or isinstance(given, bool):
        said = "retry takes RetryPolicy(...), or the number of attempts, not %r"
        raise TypeError(said % (given,))
    return RetryPolicy(given)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _ms(name: str, seconds: "float | None") -> "int | None":
    if seconds is None or seconds == float("inf"):
        return None
    if not _is_number(seconds):
        raise TypeError("timeout %s takes seconds or None, not %r" % (name, seconds))
    if not seconds > 0:
        raise ValueError("timeout %s must be greater than 0 seconds, or None" % name)
    return max(int(seconds * 1000), 1)


@public
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
        retry_empty: whether an answer that holds nothing (`completion.empty`) counts as a failed
            attempt while there is another to make; the last one is handed out as it is.

    Raises:
        ValueError: a number that makes no sense, an unknown jitter.
        TypeError: something that is no number, or retry_empty that is no bool.
    """

    def __init__(
        self,
        attempts: int = 2,
        base: float = 0.5,
        cap: float = 8,
        multiplier: float = 2,
        jitter: str = "full",
        max_retry_after: float = 60,
        retry_empty: bool = False,
    ) -> None:
        for number in (attempts, base, cap, multiplier, max_retry_after):
            if not _is_number(number):
                raise TypeError("RetryPolicy takes numbers, not %r" % (number,))
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
        if not isinstance(retry_empty, bool):
            raise TypeError("RetryPolicy retry_empty takes True or False, not %r" % (retry_empty,))
        self.max_retry_after = max_retry_after
        self.retry_empty = retry_empty

    def __repr__(self) -> str:
        return (
            "RetryPolicy(attempts=%r, base=%r, cap=%r, multiplier=%r, jitter=%r,"
            " max_retry_after=%r%s)"
            % (
                self.attempts,
                self.base,
                self.cap,
                self.multiplier,
                self.jitter,
                self.max_retry_after,
                ", retry_empty=True" if self.retry_empty else "",
            )
        )

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


class Policy:
    """How calls are retried, rerouted and raced; see AsyncClient for each argument.

    Args:
        call_timeouts, call_retry: what one call wants in place of the deployments' and client's.

    Raises:
        TypeError: see limits and retries.
        ValueError: an unknown kind, an impossible hedge_after or on_interrupt.

    Attributes:
        fallback_on: kinds of errors that lead to the next deployment.
        hedge_after: seconds after which the fallback is started beside a silent attempt, None for
            never.
        on_interrupt: "raise", "restart", or None where the call decides.
    """

    def __init__(
        self,
        timeouts: "Timeouts | float | None" = None,
        retry: "RetryPolicy | int | None" = None,
        fallback_on: "tuple[Kind, ...]" = FALLBACK_ON,
        hedge_after: "float | None" = None,
        on_interrupt: "OnInterrupt | None" = None,
        call_timeouts: "Timeouts | float | None" = None,
        call_retry: "RetryPolicy | int | None" = None,
    ) -> None:
        known = FALLBACK_ON + FALLBACK_OPTIONAL
        for kind in fallback_on:
            if kind not in known:
                shown = (kind, ", ".join(known))
                raise ValueError("fallback_on %r is no kind: known are %s" % shown)
        if hedge_after is not None and not 0 <= hedge_after < 1e9:
            raise ValueError("hedge_after must be 0 seconds or more, or None")
        if on_interrupt not in (None, "raise", "restart"):
            raise ValueError("on_interrupt must be 'raise' or 'restart', not %r" % (on_interrupt,))
        self._timeouts = limits(timeouts)
        self._usual = Timeouts()
        self._retry = retries(retry) or RetryPolicy()
        self._call_timeouts = limits(call_timeouts)
        self._call_retry = retries(call_retry)
        self.fallback_on = tuple(fallback_on)
        self.hedge_after = hedge_after
        self.on_interrupt = on_interrupt

    def for_call(
        self,
        timeouts: "Timeouts | float | None" = None,
        retry: "RetryPolicy | int | None" = None,
        hedge_after: "float | None" = None,
        on_interrupt: "OnInterrupt | None" = None,
    ) -> "Policy":
        """The same with what one call wants otherwise; None: as it is.

        Raises:
            ValueError: an impossible hedge_after or on_interrupt.
        """
        if timeouts is None and retry is None and hedge_after is None and on_interrupt is None:
            return self
        return Policy(
            self._timeouts,
            self._retry,
            self.fallback_on,
            self.hedge_after if hedge_after is None else hedge_after,
            self.on_interrupt if on_interrupt is None else on_interrupt,
            self._call_timeouts if timeouts is None else timeouts,
            self._call_retry if retry is None else retry,
        )

    def __repr__(self) -> str:
        # What is as it is by default says nothing.
        shown = [repr(one) for one in (self._timeouts or self._usual, self._retry)]
        usual = (repr(self._usual), repr(RetryPolicy()))
        return ", ".join([one for one in shown if one not in usual])

    def timeouts_at(self, deployment: "Deployment") -> Timeouts:
        """The call's limits, the deployment's or the client's: the first that are given."""
        given = self._call_timeouts or deployment.timeouts or self._timeouts
        return given or deployment.usual_timeouts or self._usual

    def retry_at(self, deployment: "Deployment") -> RetryPolicy:
        """The call's policy, the deployment's or the client's: the first that is given."""
        return self._call_retry or deployment.retry or self._retry

    def falls_back(self, error: "ThinwireError") -> bool:
        """Whether the next deployment of the chain is tried after this error."""
        if error.kind in self.fallback_on:
            return error.phase != "total"  # the end of the whole call, whoever is asked next
        # An account that is empty answers 429 at OpenAI, and 429 leads to the fallback.
        return (error.kind == "quota" and error.status == 429) or error.should_retry is True
