# The pump: the only place in core/ that waits. It moves bytes from a response into the answer,
# takes events out of it, and carries out what plan and clocks decide. Sync clients run it too,
# over a transport whose coroutines never suspend (sync.py).
#
#   opening -> streaming -> ended -> closed      an error before the first delta: opening again
#
# One flat loop instead of layered coroutines: on a chip each await layer costs 48 bytes per read
# (STYLE.md), so __anext__ calls plain methods and awaits the transport directly.

from thinwire.core import refusal
from thinwire.core._compat import TYPE_CHECKING, with_cause
from thinwire.core.answer import Answer
from thinwire.core.clocks import Clocks
from thinwire.core.errors import (
    StreamError,
    StreamInterrupted,
    ThinwireError,
    TransportError,
    TransportTimeout,
)
from thinwire.core.events import StreamComplete

if TYPE_CHECKING:
    from thinwire.core.clocks import Timeouts
    from thinwire.core.completion import Completion
    from thinwire.core.events import Event
    from thinwire.core.log import Log
    from thinwire.core.plan import Plan
    from thinwire.core.transport import Response, Transport

_OPENING, _STREAMING, _ENDED, _CLOSED = range(4)
_DRAIN_READS = 16
_DRAIN_MS = 250
_SLACK_MS = 50  # how much too early a transport's timer may be
_AWAITED = {
    "connect": "connection",
    "first_token": "first token",
    "progress": "further token",
    "liveness": "further byte",
    "total": "end of the call",
}


class ChatStream:
    """One answer as it arrives: an async iterator of events, StreamComplete last.

    Use it with `async with`; leaving early closes the connection at once.

    Raises (from the iteration):
        StatusError, TransportError, StreamError, AllAttemptsFailed: before the first delta.
        StreamInterrupted: after it, with the partial completion.
        EncodeError: the request holds what JSON cannot carry.
    """

    def __init__(
        self, transport: "Transport", plan: "Plan", timeouts: "Timeouts", log: "Log | None"
    ) -> None:
        self._transport = transport
        self._plan = plan
        self._timeouts = timeouts
        self._log = log
        self._start = self._now = transport.now_ms()
        self._clocks = Clocks(timeouts, self._start)
        self._state = _OPENING
        self._response: Response | None = None
        self._handed = False  # the caller has had an event since the last read
        self._end = ""
        self._reset()

    @property
    def completion(self) -> "Completion":
        """The answer as it stands; complete once StreamComplete has been returned."""
        result = self._answer.completion(self._end in ("finish", "done"))
        result.model = self._plan.model
        result.deployment = self._plan.name
        result.attempts = self._plan.started
        result.end = self._end
        result.sent_bytes = self._plan.body.sent_bytes
        result.sent_blocks = self._plan.body.sent_blocks
        result.timings.ttft_ms = self._since_start(self._first_delta)
        result.timings.last_token_ms = self._since_start(self._last_delta)
        result.timings.total_ms = self._now - self._start
        return result

    async def __aenter__(self) -> "ChatStream":
        return self

    async def __aexit__(self, *details: object) -> None:
        await self.aclose()

    def __aiter__(self) -> "ChatStream":
        return self

    async def __anext__(self) -> "Event":
        while True:
            try:
                event = self._take()
                if event is not None:
                    return event
                if self._response is None:
                    if self._state != _OPENING:
                        raise StopAsyncIteration
                    await self._open()
                elif self._state == _ENDED:
                    await self._drain(self._response)
                else:
                    # No name for the buffer: a traceback would keep it alive.
                    self._answer.receive(
                        await self._response.readinto(self._answer.room(), self._deadline())
                    )
                    self._arrived()
            except (StopAsyncIteration, GeneratorExit):
                raise
            except ThinwireError as error:
                await self._release()
                failure = self._failed(error)
                if failure is not None:
                    self._answer.free()
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
        if self._state == _ENDED and self._response is not None:
            await self._drain(self._response)
        self._end = self._end or "cancelled"
        self._state = _CLOSED
        self._answer.free()
        await self._release()

    def _reset(self) -> None:
        self._answer = Answer()
        self._first_delta = self._last_delta = -1
        self._end = ""

    async def _open(self) -> None:
        self._reset()
        self._now = self._transport.now_ms()
        self._clocks.attempt(self._now)
        request = self._plan.next_request()
        request.connect_deadline_ms = self._clocks.connect_deadline()
        request.head_deadline_ms = self._clocks.head_deadline()
        request.idle_ms = self._timeouts.idle_ms()
        if self._log is not None:
            self._log.request(self._plan)
        try:
            response = await self._transport.send(request)
        finally:
            self._plan.body.close()
            self._arrived()  # or it failed; before this, liveness was not what ran out
        self._response = response
        await refusal.check(response, self._clocks.deadline())
        self._answer.content_type = refusal.content_type(response)
        # What follows is told by its first byte; content types are wrong too often (WIRE.md).
        while self._answer.is_blank():
            await self._read(response)
        if self._answer.is_document():
            await self._read_document(response)
        self._state = _STREAMING

    async def _read_document(self, response: "Response") -> None:
        start = self._answer.unread()
        body = await refusal.read_whole(response, self._clocks.deadline(), start)
        self._now = self._transport.now_ms()
        self._answer.receive_document(body)

    async def _read(self, response: "Response") -> None:
        # The same step is written out in __anext__, where it must not cost a coroutine.
        count = await response.readinto(self._answer.room(), self._deadline())
        self._answer.receive(count)
        self._arrived()

    def _arrived(self) -> None:
        self._now = self._transport.now_ms()
        self._clocks.received(self._now)

    def _deadline(self) -> "int | None":
        # When the next bytes must have arrived. What the caller did with an event takes time that
        # is not the server's: the clocks of the stream go on from here.
        self._now = self._transport.now_ms()
        if self._handed:
            self._handed = False
            self._clocks.received(self._now)
            self._clocks.delta(self._now)
        deadline = self._clocks.deadline()
        # Bytes that keep coming keep no clock but liveness from running out.
        if deadline is not None and self._now >= deadline:
            raise TransportTimeout("a clock ran out", "read")
        return deadline

    def _take(self) -> "Event | None":
        # What the answer has for the caller; StreamComplete when it has come to its end.
        if self._state != _STREAMING:
            return None
        event = self._answer.next_event()
        if event is not None:
            self._delta()
        elif self._answer.end:
            event = self._complete()
        return event

    def _delta(self) -> None:
        self._handed = True
        self._last_delta = self._now
        if self._first_delta < 0:
            self._first_delta = self._now

    def _complete(self) -> "Event":
        self._state = _ENDED
        self._end = self._answer.end
        completion = self.completion
        if self._log is not None:
            self._log.response(completion)
        return StreamComplete(completion)

    async def _drain(self, response: "Response") -> None:
        # After [DONE] the end of the body is usually there already; reading it lets the
        # connection be used again. Bounded, since a server may hold the connection open.
        deadline = self._transport.now_ms() + _DRAIN_MS
        scratch = self._answer.scratch()
        try:
            for _ in range(_DRAIN_READS):
                if self._answer.eof or not await response.readinto(scratch, deadline):
                    break
        except TransportError:
            pass  # the answer is complete; only the connection is lost
        finally:
            await self._release()

    async def _release(self) -> None:
        response, self._response = self._response, None
        if response is not None:
            await response.aclose()

    def _failed(self, error: ThinwireError) -> "ThinwireError | None":
        # What an error means now: None to open again, else what to raise.
        if isinstance(error, TransportTimeout):
            error = self._named(error)
        self._plan.hide_key(error)
        if self._only_the_end_is_missing(error):
            self._answer.end = "finish"
            return None
        timeout = isinstance(error, TransportTimeout)
        self._end = self._answer.end or ("timeout" if timeout else "error")
        if self._first_delta >= 0:
            return self._interrupted(error)
        failure = self._plan.failed(error)
        self._state = _CLOSED if failure is not None else _OPENING
        if failure is None and self._log is not None:
            self._log.fallback(self._plan, error)
        return failure

    def _only_the_end_is_missing(self, error: ThinwireError) -> bool:
        # The model had finished; what the cut took is usage or [DONE] at most.
        cut = isinstance(error, (TransportError, StreamError))
        return cut and self._state == _STREAMING and self._answer.finished()

    def _interrupted(self, error: ThinwireError) -> StreamInterrupted:
        self._state = _CLOSED
        result = StreamInterrupted("the answer broke off: %s" % error, self.completion, error)
        result.model, result.deployment = self._plan.model, self._plan.name
        with_cause(result, error)
        return result

    def _named(self, error: TransportTimeout) -> TransportTimeout:
        # A transport knows only that its deadline passed; which clock that was is known here.
        self._now = self._transport.now_ms()
        clock = self._clock(error.phase)
        if not clock:
            return error
        return TransportTimeout(
            "no %s within %s: model %r, deployment %r, %d bytes received"
            % (
                _AWAITED[clock],
                self._clocks.limit(clock),
                self._plan.model,
                self._plan.name,
                self._answer.received,
            ),
            clock,
            error,
        )

    def _clock(self, phase: str) -> str:
        # The clock that has run out; "" when it was none of ours, but a limit of the transport's.
        late = self._now + _SLACK_MS
        connect = self._clocks.connect_deadline()
        if phase == "connect" and connect is not None and late >= connect:
            return "connect"
        return self._clocks.next() if self._clocks.expired(late) else ""

    def _since_start(self, moment: int) -> "int | None":
        return moment - self._start if moment >= 0 else None
