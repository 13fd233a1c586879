"""Waiting on a chip.

A non-blocking socket is tried first and waited for only when it has nothing: by short sleeps that
grow to 10 ms. That costs no allocation and no poll registration per read (asyncio's streams: 291
bytes), works the same for TLS, whose poll state does not show what mbedTLS has buffered, and never
meets wait_for (docs/micropython.md).
"""

import time

from micropython import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_SLEEPS = (0, 0, 1, 1, 1, 2, 2, 4, 6, 8)  # ms; afterwards _LONGEST
_LONGEST = const(10)


class Waiter:
    """Sleeps between tries, for asyncio or for blocking use; and a clock for the deadlines.

    Args:
        blocking: sleep the whole program; else only the task, and other tasks go on.

    Attributes:
        blocking: as given.
        sleep_ms: sleeps for so many milliseconds, when awaited.
    """

    sleep_ms: "Callable[[int], Awaitable[None]]"

    def __init__(self, blocking: bool) -> None:
        self.blocking = blocking
        if blocking:  # does without asyncio
            self.sleep_ms = _sleep_ms
        else:
            import asyncio

            self.sleep_ms = asyncio.sleep_ms
        self._ticks = time.ticks_ms()
        self._now = 0

    def now_ms(self) -> int:
        """Milliseconds since the waiter was made.

        They never wrap, unlike the ticks they are made of, which do every 12 days on a chip: ask
        at least once in six days.
        """
        ticks = time.ticks_ms()
        self._now += time.ticks_diff(ticks, self._ticks)
        self._ticks = ticks
        return self._now

    def check(self, deadline_ms: "int | None", phase: str) -> None:
        """Does nothing until the deadline has passed.

        Raises:
            TransportTimeout: it has.
        """
        if deadline_ms is not None and self.now_ms() >= deadline_ms:
            from thinwire.core.errors import TransportTimeout

            raise TransportTimeout("the deadline passed", phase)

    def pause(self, tries: int, deadline_ms: "int | None", phase: str) -> int:
        """How long to sleep before the next try, in milliseconds.

        Not awaited itself: coroutines for it were 1 KB of garbage for a token that comes alone.

        Args:
            tries: how many there were without success.
            deadline_ms: when to give up; None: never.
            phase: what is waited for, for the error.

        Raises:
            TransportTimeout: the deadline has passed.
        """
        self.check(deadline_ms, phase)
        return _SLEEPS[tries] if tries < len(_SLEEPS) else _LONGEST


async def _sleep_ms(ms: int) -> None:
    time.sleep_ms(ms)
