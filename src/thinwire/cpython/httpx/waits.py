"""A coroutine is driven to its end, or to a moment that may move, or until somebody calls it off.

What a task awaits is a chain of generators: `send` goes on with it, and what it yields is a future
to wait for (None: one round of the loop). So a coroutine can be begun by a plain method, which has
the result at once where nothing has to be waited for, and what is left is driven here, by the same
task. To end it, the task is cancelled, as asyncio.timeout does it, and the task never knows.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any, TypeVar

from thinwire.cpython.clock import now_ms, seconds_until

_T = TypeVar("_T")

# A loop that was blocked finds its timers late, together with all that came meanwhile. It goes
# round so often before a wait ends: what lies in the socket needs three rounds to whoever reads,
# four through a proxy's TLS.
_ROUNDS = 8
_STARTS = 8  # exchanges that begin in one round
_PATIENCE = 100  # times that a close may be told to stop; anyio's scopes do so in each round


class Starts:
    """Spreads what begins at a time over rounds of its loop: hundreds of exchanges that began
    together would all be made before the first is answered. Nobody waits for another one to end.
    """

    def __init__(self) -> None:
        self._room = _STARTS
        self._waiting: deque[asyncio.Future[None]] = deque()

    def now(self) -> bool:
        """Whether there is room in this round; it is taken. Else await `turn`."""
        if not self._room:
            return False
        if self._room == _STARTS:
            asyncio.get_running_loop().call_soon(self._next_round)
        self._room -= 1
        return True

    async def turn(self) -> None:
        """Returns in a round that has room."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn

    def _next_round(self) -> None:
        self._room = _STARTS
        while self._room and self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                if self._room == _STARTS:
                    asyncio.get_running_loop().call_soon(self._next_round)
                self._room -= 1
                turn.set_result(None)


class TimedWait:
    """Ends what it drives, with TimeoutError; nobody's task is cancelled. For any number of
    coroutines, one at a time: its timer is set once for many of them, and looks when it comes
    whether it is needed.
    """

    def __init__(self) -> None:
        self._left: asyncio.Event | None = None  # for who waits until nothing is driven
        self._driving = False
        self._deadline_ms: int | None = None
        self._timer: asyncio.Handle | None = None
        self._timer_ms = 0
        self._task: asyncio.Task[Any] | None = None  # which waits
        self._ended = self._cancelled = False

    @coroutine
    def drive(
        self, driven: Coroutine[Any, Any, _T], deadline_ms: int | None, *begun: Any
    ) -> Generator[Any, Any, _T]:
        """The result of a coroutine.

        Args:
            driven: the coroutine.
            deadline_ms: when it has to be over; None: never. `until` moves it.
            begun: what it has yielded, if it has been begun.

        Raises:
            TimeoutError: it was ended, by the deadline or by `end`.
        """
        task: asyncio.Task[Any] = asyncio.current_task()  # type: ignore[assignment]
        cancels = task.cancelling()
        self._driving = True
        self.until(deadline_ms)
        try:
            waiting = begun[0] if begun else driven.send(None)
            while True:
                self._task = task
                if self._ended:
                    self.end()
                try:
                    value = yield waiting
                except GeneratorExit:
                    driven.close()
                    raise
                except BaseException as error:
                    self._task = None
                    waiting = driven.throw(error)
                else:
                    self._task = None
                    waiting = driven.send(value)
        except StopIteration as done:
            if self._cancelled:
                task.uncancel()
            return done.value  # type: ignore[no-any-return]
        except BaseException as error:
            if self._cancelled and task.uncancel() <= cancels:
                if isinstance(error, asyncio.CancelledError):
                    raise TimeoutError from None
            raise
        finally:
            self._driving = self._ended = self._cancelled = False
            self._deadline_ms = self._task = None
            if self._left is not None:
                self._left.set()

    def until(self, deadline_ms: int | None) -> None:
        """Moves the end of what is driven."""
        self._deadline_ms = deadline_ms
        if deadline_ms is not None and (self._timer is None or deadline_ms < self._timer_ms):
            self.stop()
            self._set(deadline_ms)

    def end(self) -> None:
        """Ends it now; what is driven next, where nothing is."""
        self._ended = True
        if self._task is not None and not self._cancelled:
            self._cancelled = True
            self._task.cancel()

    async def call_off(self) -> None:
        """Ends what is driven, by another task, and returns when it has ended."""
        self.stop()
        if self._driving:
            left = self._left = self._left or asyncio.Event()
            self.end()
            await left.wait()

    def stop(self) -> None:
        """Nothing will be driven any more, for now: the timer is not needed."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self, deadline_ms: int) -> None:
        seconds = seconds_until(deadline_ms)
        self._timer_ms = deadline_ms
        self._timer = asyncio.get_running_loop().call_later(seconds or 0, self._expire, _ROUNDS)

    def _expire(self, rounds: int) -> None:
        self._timer, deadline_ms = None, self._deadline_ms
        if deadline_ms is None:
            return
        if now_ms() < deadline_ms:
            self._set(deadline_ms)
        elif rounds:
            self._timer = asyncio.get_running_loop().call_soon(self._expire, rounds - 1)
        else:
            self.end()


@coroutine
def to_its_end(driven: Coroutine[Any, Any, None]) -> Generator[Any, Any, None]:
    """Drives a coroutine that closes something to its end; whoever is cancelled meanwhile is
    cancelled afterwards. In most cases nothing is waited for but rounds of the loop."""
    cancelled: asyncio.CancelledError | None = None
    told = 0
    try:
        waiting = driven.send(None)
        while True:
            try:
                if waiting is None:
                    yield
                else:  # which does not cancel what it waits for
                    yield from asyncio.wait((waiting,)).__await__()
            except asyncio.CancelledError as error:
                cancelled, told = error, told + 1
                if told > _PATIENCE:
                    waiting = driven.throw(error)
                    continue
                if waiting is not None and not waiting.done():
                    continue
            waiting = driven.send(None)
    except StopIteration:
        pass
    if cancelled is not None:
        raise cancelled
