"""The clock of every transport on CPython."""

import time


def now_ms() -> int:
    """Monotonic time in milliseconds."""
    return time.monotonic_ns() // 1_000_000


def seconds_until(deadline_ms: int | None) -> float | None:
    """Time left; an overdue deadline still gets a moment, since 0 would mean "do not wait"."""
    return None if deadline_ms is None else max(deadline_ms - now_ms(), 1) / 1000
