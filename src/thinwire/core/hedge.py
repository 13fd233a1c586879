"""Two attempts at once: when the first token of one is late, the fallback is started beside it,
and whichever has a delta first is the answer. The other is cancelled and its connection closed;
nothing of it was handed out, so two texts can never mix.

Loaded for calls with `hedge_after`.
"""

from thinwire.core._compat import const
from thinwire.core.errors import ReadError, ThinwireError
from thinwire.core.exchange import launch
from thinwire.core.routing.recovery import record_failure

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.answer.events import Event
    from thinwire.core.exchange import Exchange
    from thinwire.core.routing.plan import Plan
    from thinwire.core.transport import Signal, Task, Transport
    from thinwire.core.wire.reserve import Reserve


class Race:
    """The first attempt and, when it is late, the fallback.

    Args:
        transport: what carries them; a concurrent one.
        plan: says whether there is a fallback to start.
        buffers: lend the buffers to receive into.
        exchange: the first attempt, not opened yet.

    Attributes:
        exchange: the attempt that won or, at an error, the one whose error it is.
    """

    def __init__(
        self,
        transport: "Transport",
        plan: "Plan",
        buffers: "Reserve",
        exchange: "Exchange",
    ) -> None:
        self._transport = transport
        self._plan = plan
        self._buffers = buffers
        self._signal = transport.signal()
        self._runners: list[_Runner] = []
        self._due = False
        self._aborted = False
        self._outcome = "cancelled"  # of those that are still at work at the end
        self.exchange = exchange

    async def run(self) -> "Event | str | None":
        """Races; returns the winner's first event, None when its answer has none.

        Raises:
            ThinwireError: no attempt is left; those that failed before are recorded.
            ReadError: it was called off.
        """
        stop = self._stop()  # made here: later there may be no memory left for it
        alarm = None
        try:
            alarm = self._transport.spawn(self._alarm())
            self._start(self.exchange)
            while True:
                await self._signal.wait()
                self._signal.clear()
                if self._aborted:
                    raise ReadError("the stream was closed", None, True)
                winner = self._winner()
                if winner is not None:
                    self._outcome = "lost"
                    self.exchange = winner.exchange
                    return winner.event
                due, self._due = self._due, False
                if due and self._can_hedge():
                    hedge = launch(self._transport, self._plan, self._buffers, True)
                    try:
                        self._start(hedge)
                    except MemoryError:
                        hedge.answer.free()
                        raise
        finally:
            if alarm is not None:
                alarm.cancel()
            await stop

    def abort(self) -> None:
        """Ends the race, with all that take part in it."""
        self._aborted = True
        self._signal.set()

    async def _alarm(self) -> None:
        await self._transport.sleep_ms(int((self._plan.policy.hedge_after or 0) * 1000))
        self._due = True
        self._signal.set()

    def _start(self, exchange: "Exchange") -> None:
        runner = _Runner(exchange, self._signal)
        self._runners.append(runner)
        runner.task = self._transport.spawn(runner.run())

    def _can_hedge(self) -> bool:
        # Whether the fallback (there is one, or this were no race) may be started beside the
        # attempt at work; tells why not.
        plan, body, reason = self._plan, self.exchange.body, ""
        name = plan.upcoming()
        if plan.health.wait_ms(name, self._transport.now_ms()):
            reason = "it is cooling down, or at its limit"
        # What is not sent yet may hold what can be read only once.
        elif (body is not None and not body.replayable()) or not self._can_replay(name):
            reason = "the request can be read only once"
        if reason and plan.observer is not None:
            fields = {"next": name, "reason": reason}
            plan.observer.emit("hedge_skipped", self.exchange.attempt, fields)
        return not reason

    def _can_replay(self, name: str) -> bool:
        self._plan.call.tell = None  # it is told when the request is made that is sent
        try:
            return self._plan.can_replay(name)
        except ThinwireError:
            return True  # it fails before anything is read, and says why

    def _winner(self) -> "_Runner | None":
        at = 0
        while at < len(self._runners):
            runner = self._runners[at]
            if not runner.done:
                at += 1
            elif runner.error is None:
                return runner
            else:
                self._remove(runner, runner.error)
        return None

    def _remove(self, runner: "_Runner", error: BaseException) -> None:
        # While another attempt is at work an error is only recorded.
        self._runners.remove(runner)
        if not self._runners or not isinstance(error, ThinwireError) or error.foreign:
            self.exchange = runner.exchange
            raise error
        runner.exchange.answer.free()
        try:
            record_failure(self._plan, runner.exchange, error, self._transport.now_ms())
        except MemoryError:
            self.exchange = runner.exchange
            error.silence()
            raise error

    async def _stop(self) -> None:
        for runner in self._runners:
            if runner.exchange is not self.exchange or not runner.done:
                runner.cancel()
        for runner in self._runners:
            while not runner.done:
                try:
                    await self._signal.wait()
                except MemoryError:
                    break  # it ends by itself, when it has its turn
                self._signal.clear()
            exchange, error = runner.exchange, runner.error
            if exchange is not self.exchange:
                # What ends the race, most often a lack of memory, must not hide it.
                hidden = isinstance(error, ThinwireError) and not error.foreign
                if hidden and self._outcome == "cancelled":
                    error.silence()  # type: ignore[union-attr]
                    ms = self._transport.now_ms() - self._plan.start_ms
                    exchange.attempt.ended("failed", ms, error)  # type: ignore[arg-type]
                await exchange.drop(self._outcome)
                if self._outcome == "lost" and self._plan.observer is not None:
                    attempt = exchange.attempt
                    self._plan.observer.emit("attempt_lost", attempt, {"ms": attempt.ms})


class _Runner:
    # An attempt in a task of its own, up to its first event.
    def __init__(self, exchange: "Exchange", signal: "Signal") -> None:
        self.exchange = exchange
        self.event: Event | str | None = None
        self.error: BaseException | None = None
        self.done = False
        self.task: Task | None = None
        self._running = False
        self._signal = signal

    async def run(self) -> None:
        self._running = True
        try:
            self.event = await self.exchange.first_event()
        except BaseException as error:  # whoever started the task looks at it, and raises it
            self.error = error
            await self.exchange.close()  # the race may go on without it
        finally:
            self.done = True
            self._signal.set()

    def cancel(self) -> None:
        if not self.done:
            if self.task is not None:  # or there was no memory for it
                self.task.cancel()
            # A task that is cancelled before it ran never gets to its own `done`.
            self.done = not self._running
