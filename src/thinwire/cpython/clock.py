"""Time, for every transport on CPython."""

import threading
import time

from thinwire.core.request.http_request import Abortable

_IDLE_S = 30.0  # httpx's own 5 s are shorter than a thought between two turns


def now_ms() -> int:
    """Monotonic time in milliseconds."""
    return time.monotonic_ns() // 1_000_000


def seconds_until(deadline_ms: int | None) -> float | None:
    """Time left; an overdue deadline still gets a moment, since 0 would mean "do not wait"."""
    return None if deadline_ms is None else max(deadline_ms - now_ms(), 1) / 1000


def idle_seconds(given: object) -> float:
    """How long a connection may wait for the next call, as the option `idle_s` says.

    Raises:
        ValueError: it is no such time.
    """
    if given is None:
        return _IDLE_S
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not given >= 0:
        raise ValueError(f"idle_s takes seconds, 0 or more, not {given!r}")
    return given


def block_ms(ms: int, until: Abortable | None = None) -> None:
    """Blocks the thread, for so long or until `until` is called off, by another one."""
    called_off = threading.Event()
    if until is not None:
        until.wake = called_off.set
        if until.aborted:
            return
    called_off.wait(ms / 1000)
