"""Waiting on a chip.

A non-blocking socket is tried first and waited for only when it has nothing: by short sleeps that
grow to 10 ms. That costs no allocation and no poll registration per read (asyncio's streams: 291
bytes), works the same for TLS, whose poll state does not show what mbedTLS has buffered, and never
meets wait_for (docs/micropython.md).
"""

import time

from micropython import const

from thinwire.core._compat import nothing, unix_time

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_SLEEPS = (0, 0, 1, 1, 1, 2, 2, 4, 6, 8)  # ms; afterwards _LONGEST
_LONGEST = const(10)
# Of ticks_ms: 12.4 days on a chip. ticks_diff knows half of it, and the rest as time that is past.
_PERIOD_MS = time.ticks_add(0, -1) + 1
_RACE_MS = const(-1000)  # what another thread may have asked later than this one


class Waiter:
    """Sleeps between tries, for asyncio or for blocking use; and a clock for the deadlines.

    Args:
        blocking: sleep the whole program; else only the task, and other tasks go on.

    Attributes:
        blocking: as given.
        sleep_ms: sleeps for so many milliseconds, when awaited.
        reading: how many responses are open. While there is one the time is asked for often.
    """

    sleep_ms: "Callable[[int], Awaitable[None]]"

    def __init__(self, blocking: bool) -> None:
        self.blocking = blocking
        if blocking:  # does without asyncio
            self.sleep_ms = _sleep_ms
        else:
            import asyncio

            self.sleep_ms = asyncio.sleep_ms
        self.reading = 0
        self._ticks = time.ticks_ms()
        self._now = 0
        # Both at one moment: unix_time(), 0 while it is not known, and now_ms().
        self._clock = (0, 0)

    def now_ms(self) -> int:
        """Milliseconds since the waiter was made.

        They never wrap, unlike the ticks they are made of, which do every 12.4 days on a chip.
        """
        ticks = time.ticks_ms()
        passed = time.ticks_diff(ticks, self._ticks)
        if passed < 0:
            passed = 0 if passed > _RACE_MS else passed + _PERIOD_MS
        self._now += passed
        self._ticks = ticks
        return self._now

    def idle_ms(self) -> int:
        """The same after a time in which nobody may have asked, however long it was.

        The clock tells how often the ticks have wrapped meanwhile, provided that it was set then
        and is now. That takes memory, for which a call that is being read does without it.
        """
        now = self.now_ms()
        try:
            clock = unix_time()
            before, then = self._clock
            if before and clock:
                behind = (clock - before) * 1000 - (now - then)
                wraps = (behind + _PERIOD_MS // 2) // _PERIOD_MS
                if wraps > 0:
                    self._now += wraps * _PERIOD_MS
                    now += wraps * _PERIOD_MS
            self._clock = (clock, now)
        except MemoryError:
            pass  # whoever ends a call in a full heap asks, too
        return now

    def check(self, deadline_ms: "int | None", phase: str) -> None:
        """Does nothing until the deadline has passed.

        Raises:
            TransportTimeout: it has.
        """
        if deadline_ms is not None and self.now_ms() >= deadline_ms:
            from thinwire.core.errors import TransportTimeout

            raise TransportTimeout("the deadline passed", phase)

    def pause(self, tries: int) -> int:
        """How long to sleep before the next try, in milliseconds.

        Not awaited itself: coroutines for it were 1 KB of garbage for a token that comes alone.

        Args:
            tries: how many there were without success.
        """
        return _SLEEPS[tries] if tries < len(_SLEEPS) else _LONGEST


def _sleep_ms(ms: int) -> "Awaitable[None]":
    time.sleep_ms(ms)
    return nothing()
