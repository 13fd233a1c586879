"""A wait of asyncio's that ends at a moment which may move, or when somebody calls it off."""

import asyncio
from types import TracebackType

from thinwire.cpython.clock import seconds_until

# A loop that was blocked finds its timers late, together with all that came meanwhile. It goes
# round so often before a wait ends: what lies in the socket needs three rounds to whoever reads,
# four through a proxy's TLS.
_ROUNDS = 8


class TimedWait:
    """Ends what is awaited inside of it, with TimeoutError; nobody's task is cancelled.

    Args:
        deadline_ms: when; None: never. `until` moves it.
    """

    def __init__(self, deadline_ms: int | None = None) -> None:
        self._deadline_ms = deadline_ms
        self._timeout = asyncio.timeout(None)
        self._timer: asyncio.Handle | None = None

    async def __aenter__(self) -> "TimedWait":
        await self._timeout.__aenter__()
        self.until(self._deadline_ms)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop_timer()
        await self._timeout.__aexit__(kind, error, trace)

    def until(self, deadline_ms: int | None) -> None:
        """Moves its end."""
        self._stop_timer()
        left = seconds_until(deadline_ms)
        if left is not None:
            self._timer = asyncio.get_running_loop().call_later(left, self._expire, _ROUNDS)

    def end(self) -> None:
        """Ends it now. Idempotent; harmless when it is over."""
        if not self._timeout.expired():
            self._timeout.reschedule(asyncio.get_running_loop().time())

    def _expire(self, rounds: int) -> None:
        if rounds:
            self._timer = asyncio.get_running_loop().call_soon(self._expire, rounds - 1)
        else:
            self.end()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
