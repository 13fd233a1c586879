# Waiting on a chip. A non-blocking socket is tried first and waited for only when it has nothing:
# by short sleeps that grow to 10 ms. That costs no allocation and no poll registration per read
# (asyncio's streams: 291 bytes), works the same for TLS, whose poll state does not show what
# mbedTLS has buffered, and never meets wait_for (docs/micropython.md).

import time

from thinwire.core import _errors as errors

_SLEEPS = (0, 1, 3, 8)  # ms; afterwards _LONGEST. Each try costs a coroutine: few, soon longer
_LONGEST = 10


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
    """

    def __init__(self, blocking: bool) -> None:
        self.asyncio = None
        if not blocking:
            import asyncio

            self.asyncio = asyncio
        self.now_ms = Clock().now_ms

    async def sleep_ms(self, ms: int) -> None:
        """Sleeps."""
        if self.asyncio is None:
            time.sleep_ms(ms)
        else:
            await self.asyncio.sleep_ms(ms)

    def check(self, deadline_ms: "int | None", phase: str) -> None:
        """Raises TransportTimeout when the deadline has passed."""
        if deadline_ms is not None and self.now_ms() >= deadline_ms:
            raise errors.TransportTimeout("the deadline passed", phase)

    async def again(self, tries: int, deadline_ms: "int | None", phase: str) -> int:
        """Sleeps a little before the next try; returns `tries` + 1.

        Raises:
            TransportTimeout: the deadline has passed.
        """
        self.check(deadline_ms, phase)
        ms = _SLEEPS[tries] if tries < len(_SLEEPS) else _LONGEST
        if self.asyncio is None:  # not by sleep_ms: that is one coroutine more for each try
            time.sleep_ms(ms)
        else:
            await self.asyncio.sleep_ms(ms)
        return tries + 1
