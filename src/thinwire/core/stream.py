# The pump: the only place in core/ that waits. It moves bytes from a response into the parser,
# takes events out of the assembler, and carries out what plan and clocks decide. Sync clients run
# it too, over a transport whose coroutines never suspend (sync.py).
#
#   opening -> streaming -> ended -> closed      an error before the first delta: opening again
#
# One flat loop instead of layered coroutines: on a chip each await layer costs 48 bytes per read
# (STYLE.md), so __anext__ calls plain methods and awaits the transport directly.

from thinwire.core import chunk, refusal
from thinwire.core._compat import TYPE_CHECKING, loads, with_cause
from thinwire.core.clocks import Clocks
from thinwire.core.completion import CompletionAssembler
from thinwire.core.errors import (
    StreamError,
    StreamInterrupted,
    ThinwireError,
    TransportError,
    TransportTimeout,
)
from thinwire.core.events import StreamComplete
from thinwire.core.sse import SSEParser

if TYPE_CHECKING:
    from thinwire.core.clocks import Timeouts
    from thinwire.core.completion import Completion
    from thinwire.core.events import Event
    from thinwire.core.log import Log
    from thinwire.core.plan import Plan
    from thinwire.core.transport import Response, Transport

_OPENING, _STREAMING, _ENDED, _CLOSED = range(4)
_DONE = b"[DONE]"
_DRAIN_READS = 16
_DRAIN_MS = 250
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
        self._visible = False
        self._end = ""
        self._reset()

    @property
    def completion(self) -> "Completion":
        """The answer as it stands; complete once StreamComplete has been returned."""
        result = self._assembler.completion()
        result.model = self._plan.model
        result.deployment = self._plan.name
        result.attempts = self._plan.started
        result.end = self._end
        result.complete = self._end in ("finish", "done")
        result.received_bytes = self._received
        if self._plan.body is not None:
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
                    room = self._parser.room()
                    count = await self._response.readinto(room, self._clocks.deadline())
                    self._receive(count)
            except (StopAsyncIteration, GeneratorExit):
                raise
            except ThinwireError as error:
                failure = self._failed(error)
                await self._release()
                if failure is not None:
                    raise failure
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
        await self._release()

    def _reset(self) -> None:
        # A fresh start for an attempt; nothing of the one before is left.
        self._assembler = CompletionAssembler()
        self._parser = SSEParser()
        self._received = 0
        self._first_delta = self._last_delta = -1
        self._end = ""
        self._eof = False

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
            if self._plan.body is not None:
                self._plan.body.close()
        self._response = response
        self._now = self._transport.now_ms()
        self._clocks.received(self._now)
        if await refusal.check(response, self._clocks.deadline()):
            self._state = _STREAMING
        else:
            self._whole(await refusal.read_json(response, self._clocks.deadline()))

    def _receive(self, count: int) -> None:
        self._now = self._transport.now_ms()
        if count == 0:
            self._eof = True
            self._parser.receive_eof()
            return
        self._received += count
        self._parser.receive(count)
        self._parse()
        if not self._assembler.events:
            self._check_clocks()
        self._clocks.received(self._now)

    def _check_clocks(self) -> None:
        # Bytes without a delta (comments, empty chunks) keep no clock but liveness from running.
        if self._clocks.expired(self._now):
            raise TransportTimeout("a clock ran out", "read")

    def _take(self) -> "Event | None":
        events = self._assembler.events
        if not events:
            self._parse()
            if not events:
                return None
        self._visible = True
        return events.pop(0)

    def _parse(self) -> None:
        # Goes on until one event is ready; what else was received waits in the parser's buffer.
        events = self._assembler.events
        while self._state == _STREAMING and not events:
            if self._parser.next_event():
                self._event()
            elif self._eof:
                self._stop()
            else:
                return
        if self._state == _STREAMING and events:
            self._delta()

    def _delta(self) -> None:
        self._last_delta = self._now
        if self._first_delta < 0:
            self._first_delta = self._now
        self._clocks.delta(self._now)

    def _event(self) -> None:
        # One server-sent event: a chunk, the end mark, an error, or nothing of ours.
        parser = self._parser
        start, end = parser.data_start, parser.data_end
        if start == end:
            return
        if end - start == 6 and parser.buffer.find(_DONE, start, end) == start:
            self._complete("finish" if self._assembler.finished else "done")
            return
        try:
            obj = loads(parser.buffer, start, end)
        except ValueError:
            if not parser.unfinished:
                raise StreamError("an event is not JSON: " + chunk.one_line(parser.data(), 80))
            return  # cut in the middle: the end of the stream is what went wrong
        if isinstance(obj, dict):
            self._chunk(obj, parser.event)

    def _chunk(self, obj: "dict[str, object]", event: str = "message") -> None:
        error = chunk.error(obj, event)
        self._assembler.receive(obj)
        if error is not None:
            raise error

    def _whole(self, obj: "dict[str, object]") -> None:
        # A server that does not stream: its one JSON answer is the stream.
        self._chunk(obj)
        if not self._assembler.events:
            raise StreamError("the answer is JSON without any choice")
        self._delta()
        self._complete("finish" if self._assembler.finished else "done")

    def _stop(self) -> None:
        # The body has ended without [DONE].
        if not self._assembler.finished:
            self._end = "eof"
            raise StreamError("the stream ended without finish_reason and without [DONE]")
        self._complete("finish")

    def _complete(self, end: str) -> None:
        self._end = end
        self._state = _ENDED
        completion = self.completion
        self._assembler.events.append(StreamComplete(completion))
        if self._log is not None:
            self._log.response(completion)

    async def _drain(self, response: "Response") -> None:
        # After [DONE] the end of the body is usually there already; reading it lets the
        # connection be used again. Bounded, since a server may hold the connection open.
        deadline = self._transport.now_ms() + _DRAIN_MS
        try:
            for _ in range(_DRAIN_READS):
                if self._eof or not await response.readinto(self._parser.room(), deadline):
                    break
        except TransportError:
            pass  # the answer is complete; only the connection is lost
        await self._release()

    async def _release(self) -> None:
        response, self._response = self._response, None
        if response is not None:
            await response.aclose()

    def _failed(self, error: ThinwireError) -> "ThinwireError | None":
        # What an error means now: None to open again, else what to raise.
        if isinstance(error, TransportTimeout):
            error = self._named(error)
        if self._only_the_end_is_missing(error):
            self._complete("finish")
            return None
        self._end = self._end or ("timeout" if isinstance(error, TransportTimeout) else "error")
        if self._visible:
            return self._interrupted(error)
        failure = self._plan.failed(error)
        self._state = _CLOSED if failure is not None else _OPENING
        if failure is None and self._log is not None:
            self._log.fallback(self._plan, error)
        return failure

    def _only_the_end_is_missing(self, error: ThinwireError) -> bool:
        # The model had finished; what the cut took is usage or [DONE] at most.
        cut = isinstance(error, (TransportError, StreamError))
        return cut and self._state == _STREAMING and self._assembler.finished

    def _interrupted(self, error: ThinwireError) -> StreamInterrupted:
        self._state = _CLOSED
        result = StreamInterrupted("the answer broke off: %s" % error, self.completion, error)
        result.model, result.deployment = self._plan.model, self._plan.name
        with_cause(result, error)
        return result

    def _named(self, error: TransportTimeout) -> TransportTimeout:
        # A transport knows only that its deadline passed; which clock that was is known here.
        self._now = self._transport.now_ms()
        clock = "connect" if error.phase == "connect" else self._clocks.next()
        return TransportTimeout(
            "no %s within %s: model %r, deployment %r, %d bytes received"
            % (
                _AWAITED[clock],
                self._clocks.limit(clock),
                self._plan.model,
                self._plan.name,
                self._received,
            ),
            clock,
            error,
        )

    def _since_start(self, moment: int) -> "int | None":
        return moment - self._start if moment >= 0 else None
