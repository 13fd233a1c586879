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
