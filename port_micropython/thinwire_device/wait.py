# Waiting on a chip. A non-blocking socket is tried first and waited for only when it has nothing:
# by short sleeps that grow to 10 ms. That costs no allocation and no poll registration per read
# (asyncio's streams: 291 bytes), works the same for TLS, whose poll state does not show what
# mbedTLS has buffered, and never meets wait_for (docs/micropython.md).

import time

from micropython import const

from thinwire.core.errors import TransportTimeout

_SLEEPS = (0, 0, 1, 1, 1, 2, 2, 4, 6, 8)  # ms; afterwards _LONGEST
_LONGEST = const(10)


class Clock:
    """Milliseconds that never wrap, from ticks that do (every 12 days on a chip)."""

    def __init__(self) -> None:
        self._ticks = time.ticks_ms()
        self._now = 0

    def now_ms(self) -> int:
        """Milliseconds since the clock was made; ask at least once in six days."""
        ticks = time.ticks_ms()
        self._now += time.ticks_diff(ticks, self._ticks)
        self._ticks = ticks
        return self._now


class Waiter:
    """Sleeps between tries, for asyncio or for blocking use.

    Args:
        blocking: sleep the whole program; else only the task, and other tasks go on.

    Attributes:
        asyncio: the module of that name, or None for blocking use, which does without it.
        now_ms: the clock.
        sleep_ms: sleeps for so many milliseconds, when awaited.
    """

    def __init__(self, blocking: bool) -> None:
        self.asyncio = None
        self.sleep_ms = _sleep_ms
        if not blocking:
            import asyncio

            self.asyncio = asyncio
            self.sleep_ms = asyncio.sleep_ms
        self.now_ms = Clock().now_ms

    def check(self, deadline_ms: "int | None", phase: str) -> None:
        """Raises TransportTimeout when the deadline has passed."""
        if deadline_ms is not None and self.now_ms() >= deadline_ms:
            raise TransportTimeout("the deadline passed", phase)

    def pause(self, tries: int, deadline_ms: "int | None", phase: str) -> int:
        """How long to sleep before the next try, in milliseconds.

        Not awaited itself: coroutines for it were 1 KB of garbage for a token that comes alone.

        Args:
            tries: how many there were without success.

        Raises:
            TransportTimeout: the deadline has passed.
        """
        self.check(deadline_ms, phase)
        return _SLEEPS[tries] if tries < len(_SLEEPS) else _LONGEST


async def _sleep_ms(ms: int) -> None:
    time.sleep_ms(ms)
