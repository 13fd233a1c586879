"""The pump: the only place in core/ that waits for an answer. It moves bytes from a response into
the answer, hands out events, and carries out what the plan decides. Sync clients run it too,
over a transport whose coroutines never suspend (sync.py).

  opening -> streaming -> ended -> closed      an error before the first delta: opening again

One flat loop instead of layered coroutines: on a chip each await layer costs 48 bytes per read
(STYLE.md), so __anext__ calls plain methods and awaits the transport directly.
"""

from thinwire.core._compat import const, is_awaitable, load
from thinwire.core.answer.answer import Answer
from thinwire.core.answer.assembler import CompletionAssembler
from thinwire.core.answer.completion import ContentDelta, StreamComplete, StreamRestarted
from thinwire.core.errors import ThinwireError
from thinwire.core.exchange import Exchange

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable

    from thinwire.core.answer.completion import Completion, Event

    OnDelta = Callable[[str], object]
    OnRestart = Callable[[StreamRestarted], object]
    from thinwire.core.client import Buffers
    from thinwire.core.errors import ThinwireError
    from thinwire.core.observer import Observer
    from thinwire.core.routing.plan import Plan
    from thinwire.core.transport import Transport

# chat(): a stream iterated to its end on the caller's behalf.


class Listener:
    """Those who hear an answer while it arrives.

    Args:
        on_delta: called with each piece of the first choice's text, or None.
        on_restart: called with StreamRestarted, or None.
    """

    def __init__(self, on_delta: "OnDelta | None", on_restart: "OnRestart | None") -> None:
        self._on_delta = on_delta
        self._on_restart = on_restart
        self.can_be_told = on_restart is not None
        self.hears = on_delta is not None or self.can_be_told

    def hear(self, event: "Event") -> object:
        """What the callable for this event returns; None where there is none."""
        if isinstance(event, ContentDelta):
            told = self._on_delta is not None and event.choice == 0
            return self._on_delta(event.text) if told else None  # type: ignore[misc]
        if isinstance(event, StreamRestarted) and self._on_restart is not None:
            return self._on_restart(event)
        return None


async def collect(stream: "ChatStream", listener: "Listener | None" = None) -> "Completion":
    """The completion of a stream, which is closed, whatever happens."""
    completion: Completion | None = None
    async with stream:
        async for event in stream:
            if isinstance(event, StreamComplete):
                completion = event.completion  # not made once more: a chip has no room for two
            result = listener.hear(event) if listener is not None else None
            if is_awaitable(result):
                await result  # type: ignore[misc]
    return completion if completion is not None else stream.completion


_OPENING = const(0)
_STREAMING = const(1)
_ENDED = const(2)
_CLOSED = const(3)


class ChatStream:
    """One answer as it arrives: an async iterator of events, StreamComplete last.

    Use it with `async with`; leaving early closes the connection at once.

    Args:
        observer: is told what happens, or None.
        buffers: lends the buffers to receive into.
        seen: whether somebody sees the events as they come; when nobody does, an answer that
            breaks off is simply asked for again.

    Raises (from the iteration):
        StatusError, TransportError, StreamError, AllAttemptsFailed: before the first delta.
        StreamInterrupted: after it, with the partial completion.
        EncodeError: the request holds what JSON cannot carry.
    """

    def __init__(
        self,
        transport: "Transport",
        plan: "Plan",
        observer: "Observer | None",
        buffers: "Buffers",
        seen: bool = True,
    ) -> None:
        self._transport = transport
        self._plan = plan
        self._observer = observer
        self._buffers = buffers
        self._seen = seen
        self._state = _OPENING
        self._exchange: Exchange | None = None
        self._ready: Event | None = None  # an event that does not come out of the answer
        self._wait_ms = 0  # before the next attempt
        self._told = observer is None  # of the first token
        self._end = ""

    @property
    def completion(self) -> "Completion":
        """The answer as it stands; complete once StreamComplete has been returned."""
        exchange = self._exchange
        answer = exchange.answer if exchange is not None else CompletionAssembler()
        result = answer.completion(self._end in ("finish", "done"))
        result.model = self._plan.model
        result.attempts = list(self._plan.attempts)
        result.end = self._end
        now = self._plan.start_ms
        if exchange is not None:
            now = exchange.now_ms
            result.deployment = exchange.attempt.deployment
            result.sent_bytes = exchange.body.sent_bytes
            result.sent_blocks = exchange.body.sent_blocks
            exchange.measure(result.timings)
        result.timings.total_ms = now - self._plan.start_ms
        return result

    async def __aenter__(self) -> "ChatStream":
        return self

    async def __aexit__(self, *details: object) -> None:
        await self.aclose()

    def __aiter__(self) -> "ChatStream":
        return self

    async def __anext__(self) -> "Event":
        while True:
            exchange = self._exchange
            try:
                event = self._take()
                if event is not None:
                    return event
                if self._state == _CLOSED:
                    raise StopAsyncIteration
                if self._state == _OPENING or exchange is None:
                    await self._open()
                elif self._state == _ENDED:
                    await exchange.drain()
                    exchange.answer.free()
                    self._state = _CLOSED
                else:
                    # No name for the buffer: a traceback would keep it alive.
                    exchange.answer.receive(
                        await exchange.response.readinto(  # type: ignore[union-attr]
                            exchange.answer.room(), exchange.deadline()
                        )
                    )
                    exchange.arrived()
            except (StopAsyncIteration, GeneratorExit):
                raise
            except ThinwireError as error:
                failure = await self._failed(error)
                if failure is not None:
                    try:
                        raise failure
                    finally:
                        failure = None  # or its traceback would keep it, and our buffer, alive
            except BaseException:
                # Cancelled, or a bug of ours: either way the connection is not usable.
                self._end = self._end or "cancelled"
                await self.aclose()
                raise

    async def aclose(self) -> None:
        """Ends the stream and releases its connection. Idempotent."""
        state, self._state = self._state, _CLOSED
        self._end = self._end or "cancelled"
        exchange = self._exchange
        if exchange is None:
            return
        if state == _ENDED:
            await exchange.drain()
        exchange.attempt.ended("cancelled", exchange.now_ms - self._plan.start_ms)
        exchange.answer.free()
        await exchange.close()

    def launch(self, hedge: bool = False) -> Exchange:
        """Makes the next attempt ready; its `open` starts it.

        Args:
            hedge: it runs beside another one.
        """
        plan = self._plan
        attempt = plan.begin(self._transport.now_ms(), hedge)
        if self._observer is not None:
            self._observer.started(plan, attempt)
        limits = plan.timeouts(attempt.deployment)
        try:
            request = plan.request(attempt)
        except ThinwireError as error:
            from thinwire.core.routing.recovery import note

            note(self, attempt, error)
            raise
        answer = Answer(plan.call.keeper, self._buffers)
        return Exchange(self._transport, attempt, request, limits, plan.start_ms, answer)

    async def dropped(self, exchange: Exchange, outcome: str) -> None:
        """Another attempt was faster ("lost"), or the call is over ("cancelled")."""
        exchange.attempt.ended(outcome, self._transport.now_ms() - self._plan.start_ms)
        exchange.answer.free()
        await exchange.close()
        if outcome == "lost" and self._observer is not None:
            self._observer.lost(exchange.attempt)

    async def _open(self) -> None:
        if self._wait_ms:
            wait, self._wait_ms = self._wait_ms, 0
            await self._transport.sleep_ms(wait)
        self._exchange = None
        self._exchange = self.launch()
        if self._plan.policy.hedge_ms is not None and self._plan.upcoming():
            await self._race(self._exchange)
        else:
            await self._exchange.open()
        self._state = _STREAMING

    async def _race(self, exchange: Exchange) -> None:
        load("thinwire.core.hedge")
        from thinwire.core.hedge import Race

        race = Race(self._transport, self._plan, self, exchange)
        try:
            self._ready = await race.run()
        finally:
            self._exchange = race.exchange

    def _take(self) -> "Event | None":
        # What there is for the caller; StreamComplete when the answer has come to its end.
        event, self._ready = self._ready, None
        exchange = self._exchange
        if exchange is None or self._state != _STREAMING:
            return event
        if event is None:
            event = exchange.take()
        if event is not None:
            self._first(exchange)
        elif exchange.answer.end:
            event = self._complete(exchange)
        return event

    def _first(self, exchange: Exchange) -> None:
        if not self._told and self._observer is not None:
            self._told = True
            ms = exchange.now_ms - self._plan.start_ms
            self._observer.first_token(exchange.attempt, ms)

    def _complete(self, exchange: Exchange) -> "Event":
        self._state = _ENDED
        self._end = exchange.answer.end
        self._plan.answered(exchange.attempt, exchange.answer.provider(), exchange.now_ms)
        completion = self.completion
        if self._observer is not None:
            self._observer.complete(exchange.attempt, completion)
            self._observer.problem(self._plan.problem())
        return StreamComplete(completion)

    async def _failed(self, error: "ThinwireError") -> "ThinwireError | None":
        # Carries out what follows an error: None to go on, else what to raise.
        exchange = self._exchange
        if exchange is None:
            self._state, self._end = _CLOSED, "error"
            return error
        await exchange.close()
        if exchange.only_the_end_is_missing(error):
            exchange.answer.end = "finish"
            return None
        from thinwire.core.routing.recovery import failure_of

        failure = failure_of(self, exchange, error)
        exchange.answer.free()
        self._state = _OPENING if failure is None else _CLOSED
        if failure is None:
            self._end = ""  # it was the attempt's, not the call's
        return failure
