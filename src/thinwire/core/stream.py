"""The pump: the only place in core/ that waits for an answer.

It moves bytes from a response into the answer, hands out events, and carries out what follows an
error. Sync clients run it too, over a transport whose coroutines never suspend (sync.py).

  opening -> streaming -> ended -> closed      an error before the first delta: opening again
                                   torn        whatever else ended the iteration in its middle

Whoever reads a stream is the only one to change its state, and to give its buffer back. `aclose`,
which any task and, of a blocking client, any thread may call, only says so, and wakes the reader.

One flat loop instead of layered coroutines, which reads a stream to its end for `chat`, and to the
next event for `__anext__`: what has arrived is handed on by plain methods, and only a wait, an
async function of the caller's and what is rare are awaited (docs/memory.md).
"""

from thinwire.core._compat import (
    const,
    fraction,
    is_awaitable,
    is_claimed,
    mend_imports,
    nothing,
    one_story,
    public,
)
from thinwire.core.answer.completion import completion_of
from thinwire.core.answer.events import StreamComplete, StreamRestarted
from thinwire.core.error_kinds import ThinwireError
from thinwire.core.errors import StreamError, StreamInterrupted, TransportTimeout
from thinwire.core.exchange import launch
from thinwire.core.request.http_request import Abortable

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Self

    from thinwire.core.answer.completion import Completion
    from thinwire.core.answer.events import Event
    from thinwire.core.exchange import Exchange
    from thinwire.core.hedge import Race
    from thinwire.core.routing.plan import Plan
    from thinwire.core.transport import Response, Signal, Transport
    from thinwire.core.wire.reserve import Reserve

    OnDelta = Callable[[str], object]
    OnRestart = Callable[[StreamRestarted], object]

_OPENING = const(0)
_STREAMING = const(1)
_ENDED = const(2)
_CLOSED = const(3)
_TORN = const(4)


@public
class ChatStream:
    """One answer as it arrives: an async iterator of events, StreamComplete last.

    Use it with `async with`; leaving early closes the connection at once. So does `aclose`, from
    any task, at any moment: whoever iterates meanwhile is woken, and the iteration ends.

    Args:
        transport: what carries the requests.
        plan: which deployments are asked.
        buffers: lend the buffers to receive into.
        seen: whether somebody sees the events as they come; when nobody does, an answer that
            breaks off is simply asked for again.

    Raises (from the iteration):
        StatusError, TransportError, StreamError, AllAttemptsFailed: before the first delta.
        OutOfMemory: there was no memory for it, here.
        StreamInterrupted: after it, with the partial completion. Also from an iteration that is
            taken up again after a cancellation, a timeout or an error of the caller's own tore it.
        EncodeError: the request holds what JSON cannot carry.
    """

    def __init__(
        self, transport: "Transport", plan: "Plan", buffers: "Reserve", seen: bool = True
    ) -> None:
        self._transport = transport
        self._plan = plan
        self._buffers = buffers
        self._seen = seen
        self._state = _OPENING
        self._exchange: Exchange | None = None
        self._ready: Event | str | None = None  # an event that does not come out of the answer
        self._wait_ms = 0  # before the next attempt
        self._awaits_token = plan.observer is not None
        self._end = ""
        self._claimed: BaseException | None = None  # a MemoryError of the caller's own code
        # Of `aclose`: it sets the first and then looks at the others, the reader the other way
        # round, so that one of them sees the other, in threads, too.
        self._stopped = False
        self._busy = False  # somebody is reading
        self._pause: Abortable | None = None
        self._race: Race | None = None
        self._left: Signal | None = None  # given when nobody reads any more

    @property
    def end(self) -> str:
        """How it ended, see Completion; "closed" by `aclose`, "" while it runs."""
        return self._end

    @property
    def completion(self) -> "Completion":
        """The answer as it stands; complete once StreamComplete has been returned."""
        return completion_of(self._plan, self._exchange, self._end)

    async def __aenter__(self) -> "Self":
        return self

    def __aexit__(
        self, kind: object = None, error: object = None, trace: object = None
    ) -> "Coroutine[object, object, None]":
        return self.aclose()

    def __aiter__(self) -> "ChatStream":
        return self

    def __anext__(self) -> "Coroutine[object, object, Event]":
        try:
            return self._run(False)  # type: ignore[return-value]
        except MemoryError as error:  # no memory for the coroutine
            raise self.out_of_memory(error)

    async def _run(
        self,
        whole: bool,
        on_delta: "OnDelta | None" = None,
        on_restart: "OnRestart | None" = None,
    ) -> "Event | str | Completion | None":
        # The loop, which returns the next event or, when `whole`, goes on to the end, tells the
        # caller's functions what comes, and returns the completion.
        if self._busy:
            raise RuntimeError("this stream is being read already")
        self._busy = True
        completion: Completion | None = None
        try:
            while True:
                exchange, state = self._exchange, self._state
                if state == _TORN and not self._stopped:
                    raise self._interrupted("the iteration was torn by its caller")
                try:
                    if self._stopped:
                        await self._drop("closed")
                        break
                    event = self._ready
                    if event is not None:
                        self._ready = None
                    elif state == _STREAMING:
                        event = exchange.take()  # type: ignore[union-attr]
                    if event is not None:
                        if self._awaits_token and state == _STREAMING:
                            self._tell_first(exchange)  # type: ignore[arg-type]
                    elif state == _STREAMING and exchange.answer.end:  # type: ignore[union-attr]
                        event = self._complete(exchange)  # type: ignore[arg-type]
                    if event is None:
                        if state == _STREAMING and exchange is not None:
                            response: Response = exchange.response  # type: ignore[assignment]
                            # No name for the buffer: a traceback would keep it alive.
                            count = response.receive(exchange.answer.get_buffer())
                            while count is None:
                                if self._buffers.crowded:
                                    exchange.answer.release_buffer()
                                await response.wait(exchange.deadline())
                                count = response.receive(exchange.answer.get_buffer())
                            exchange.received(count, response.offset)
                        elif state == _OPENING or exchange is None:
                            await self._open()
                        elif state == _ENDED:
                            await exchange.drain()
                            self._state = _CLOSED
                        else:
                            break
                        continue
                except ThinwireError as error:
                    if error.foreign:
                        self._tear()
                        await self._drop("cancelled")
                        raise
                    if self._exchange is not None:
                        await self._exchange.close()
                    if self._stopped:
                        continue
                    failure = self._failed(error)
                    if failure is not None:
                        if self._plan.observer is not None:
                            self._tell_end(failure)
                        one_story(failure)
                        try:
                            raise failure
                        finally:
                            failure = None  # or its traceback would keep it, and our buffer, alive
                    continue
                except GeneratorExit:
                    self._tear()  # `aclose` has to follow: nothing can be awaited here
                    if self._plan.observer is not None:
                        self._tell_end()
                    raise
                except BaseException as error:
                    # Cancelled, a full heap, an error of the caller's: the connection is of no
                    # use any more.
                    self._tear()
                    await self._drop("cancelled")
                    if isinstance(error, StopAsyncIteration):  # it would end an iteration silently
                        raise RuntimeError("a function of yours raised StopAsyncIteration")
                    failure = self._hidden_by(error)
                    if failure is None:
                        raise
                    one_story(failure)
                    raise failure
                if not whole:
                    return event
                try:
                    if isinstance(event, str):
                        if on_delta is None or not event:
                            continue
                        result = on_delta(event)
                    elif on_restart is not None and isinstance(event, StreamRestarted):
                        result = on_restart(event)
                    else:
                        if isinstance(event, StreamComplete):
                            completion = event.completion
                        continue
                    if result is not None and is_awaitable(result):
                        await result  # type: ignore[misc]
                except MemoryError as error:
                    self._claimed = error
                    raise
        finally:
            self._busy = False
            if self._left is not None:
                self._left.set()
        if whole:
            return completion
        raise StopAsyncIteration

    def aclose(self) -> "Coroutine[object, object, None]":
        """Ends the stream and releases its connection, once it is awaited. Idempotent.

        From any task: whoever reads is woken at once, nothing is sent again, and it returns when
        nobody reads any more.
        """
        # No coroutine: there may be no memory for one, and an error on its way to the caller.
        self._stopped = True
        if self._busy:
            return self._call_off()
        if self._state == _CLOSED and self._end:  # by whoever read it
            return nothing()
        if self._state == _ENDED and self._exchange is not None:
            self._state = _CLOSED
            try:
                return self._exchange.drain()
            except MemoryError:
                pass  # then the connection is not kept
        return self._drop("closed")

    async def _call_off(self) -> None:
        if self._pause is not None:
            self._pause.abort()
        if self._race is not None:
            self._race.abort()
        elif self._exchange is not None:
            await self._exchange.abort()
        if self._transport.concurrent and self._busy:
            left = self._left = self._left or self._transport.signal()
            await left.wait()

    def _drop(self, end: str) -> "Coroutine[object, object, None]":
        # Releases what there is, once it is awaited; `end` if it has not come to another one.
        self._end = self._end or end
        exchange = self._exchange
        if self._plan.observer is not None:
            self._tell_end()
        return nothing() if exchange is None else exchange.drop("cancelled")

    def _tear(self) -> None:
        if self._state != _ENDED:
            self._state = _TORN
        self._end = self._end or "cancelled"

    async def _open(self) -> None:
        if self._wait_ms:
            wait, self._wait_ms = self._wait_ms, 0
            pause = self._pause = Abortable()
            if self._plan.places is not None and self._exchange is not None:
                self._plan.places.wake(pause, self._exchange)
            await self._transport.sleep_ms(0 if self._stopped else wait, pause)
            self._pause = None
            if self._stopped:
                return
        exchange = self._exchange = launch(self._transport, self._plan, self._buffers)
        if self._stopped:
            return
        if self._plan.policy.hedge_after is not None and self._plan.left:
            from thinwire.core.hedge import Race

            race = self._race = Race(self._transport, self._plan, self._buffers, exchange)
            try:
                self._ready = await race.run()
            finally:
                self._race = None
                self._exchange = race.exchange
        else:
            await exchange.open()
        self._state = _STREAMING

    def _tell_first(self, exchange: "Exchange") -> None:
        self._awaits_token = False
        ms = exchange.now_ms - self._plan.start_ms
        self._plan.observer.emit("first_token", exchange.attempt, {"ms": ms})  # type: ignore[union-attr]

    def _tell_end(self, error: "ThinwireError | None" = None) -> None:
        # Tells whoever listens that the call has ended, unless it had not begun.
        plan = self._plan
        if plan.attempts and plan.observer is not None:
            exchange = self._exchange
            attempt, now = plan.attempts[-1], plan.start_ms
            if exchange is not None:
                attempt, now = exchange.attempt, exchange.now_ms
            plan.observer.ended(plan, attempt, self._end, now - plan.start_ms, error)

    def _complete(self, exchange: "Exchange") -> StreamComplete:
        # The answer has come to its end.
        plan, attempt = self._plan, exchange.attempt
        if exchange.answer.assembler.lost_calls():
            raise self._without_calls(exchange)
        deployment = exchange.deployment
        if deployment.options is not None:
            deployment.options.check_end(plan, exchange)
        if plan.policy.retry_at(deployment).retry_empty:
            self._refuse_nothing(exchange)
        self._state = _ENDED
        self._end = exchange.answer.end
        plan.answered(attempt, exchange.answer.assembler.upstream_provider, exchange.now_ms)
        event = StreamComplete(self.completion)
        if plan.observer is not None:
            fields = {"ms": attempt.ms, "completion": event.completion}
            plan.observer.emit("complete", attempt, fields)
            self._tell_end()
        return event

    def _without_calls(self, exchange: "Exchange") -> StreamError:
        exchange.answer.end = ""  # it is no answer
        completion = completion_of(self._plan, exchange, "error")
        completion.attempts.remove(exchange.attempt)  # which will have the error: no circle
        reason = completion.finish_reason
        error = StreamError("no tool call that can be made, finish_reason is %r" % (reason,))
        error.kind = "tool_calls"
        error.completion = completion
        return error

    def _refuse_nothing(self, exchange: "Exchange") -> None:
        # An empty answer is no answer to who asked for RetryPolicy(retry_empty=True), as long as
        # there is another attempt to make.
        if exchange.answer.assembler.is_empty():
            from thinwire.core.routing import recovery

            error = StreamError("the answer is empty, though complete")
            now = exchange.now_ms
            decision = recovery.decide(self._plan, exchange, error, self._seen, now, 1.0)
            if decision.action in ("retry", "fallback"):
                raise error

    def _failed(self, error: ThinwireError) -> "ThinwireError | None":
        # Carries out what follows an error: None to go on, else what to raise.
        exchange = self._exchange
        failure: ThinwireError | None = error
        end = "timeout" if isinstance(error, TransportTimeout) else "error"
        if exchange is not None:
            try:
                if exchange.lacks_only_its_end(error):
                    exchange.answer.finish()
                    return None
                end = self._end = exchange.answer.end or end
                failure = self._follow(exchange, error)
            except MemoryError:
                # There was no room to find out what it leads to. The failure is what the caller
                # has to know; nothing is tried again.
                mend_imports()
                if not error.deployment:  # it was not looked for the API key
                    error.silence()
                error.speechless = True
                attempt = exchange.attempt
                attempt.ended("failed", exchange.now_ms - self._plan.start_ms, error)
                failure = attempt.error
            except BaseException:  # a hook of the caller's has ended the call
                self._state = _CLOSED
                exchange.answer.free()
                self._tell_end()
                raise
            exchange.answer.free()
        self._state = _OPENING if failure is None else _CLOSED
        self._end = "" if failure is None else end  # it was the attempt's, not the call's
        return failure

    def _follow(self, exchange: "Exchange", error: ThinwireError) -> "ThinwireError | None":
        from thinwire.core.routing import recovery

        plan, now = self._plan, self._transport.now_ms()
        exchange.now_ms = now
        error = recovery.record_failure(plan, exchange, error, now)
        if error.speechless:
            return error
        decision = recovery.decide(plan, exchange, error, self._seen, now, fraction())
        plan.left = decision.left
        action = decision.action
        if action in ("raise", "interrupt"):
            error = decision.error or error
            error.message += decision.hint
            if action == "interrupt":
                error = self._interrupted("the answer broke off: %s" % error, error)
            return error
        if decision.free:
            exchange.attempt.free = True
            plan.tries[exchange.attempt.deployment] -= 1
        self._wait_ms = decision.wait_ms
        if action == "restart":
            void = exchange.answer.assembler.content_chars()
            self._ready = StreamRestarted(plan.upcoming(), error.kind, void)
        if action == "retry":
            action = "retry_scheduled"
        if plan.observer is not None:
            goes_on = {"next": plan.upcoming(), "wait_ms": self._wait_ms}
            plan.observer.emit(action, exchange.attempt, goes_on, error)
        return None

    def _hidden_by(self, error: BaseException) -> "ThinwireError | None":
        # What to raise where there was no memory: why an attempt failed before, or that.
        if not isinstance(error, MemoryError):
            return None
        if is_claimed(error):
            self._claimed = error
            return None
        exchange, found = self._exchange, None
        begun = exchange is not None and exchange.has_begun() and exchange.attempt.error is None
        if not begun:
            for attempt in self._plan.attempts:
                found = attempt.error or found
        if found is not None:
            found.speechless = True
            return found
        return self._lack(error)

    def out_of_memory(self, error: BaseException) -> BaseException:
        """The error to raise in place of a MemoryError of this call: itself if it was raised by
        code of the caller's."""
        return error if error is self._claimed else self._lack(error)

    def _lack(self, error: BaseException) -> ThinwireError:
        result = self._buffers.out_of_memory(error)
        exchange = self._exchange
        result.model = self._plan.model
        result.deployment = "" if exchange is None else exchange.attempt.deployment
        return result

    def _interrupted(self, why: str, error: "ThinwireError | None" = None) -> StreamInterrupted:
        result = StreamInterrupted(why, self.completion, error)
        result.model, result.deployment = self._plan.model, result.partial.deployment
        return result


async def collect(
    stream: ChatStream,
    on_delta: "OnDelta | None" = None,
    on_restart: "OnRestart | None" = None,
) -> "Completion":
    """The completion of a stream, which is closed, whatever happens.

    Args:
        stream: has not been read.
        on_delta: called with each piece of the first choice's text, or of its refusal, or None.
        on_restart: called with StreamRestarted, or None.
    """
    stream._plan.texts_only = True  # noqa: SLF001 - collect is of ChatStream, but no user's
    try:
        try:
            found = await stream._run(True, on_delta, on_restart)  # noqa: SLF001
        finally:
            if stream._state != _CLOSED or not stream._end:  # noqa: SLF001
                await stream.aclose()
        return found or stream.completion  # type: ignore[return-value]
    except MemoryError as error:
        raise stream.out_of_memory(error)
