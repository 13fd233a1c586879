"""Rounds of an answer and the calls that it asks for, until an answer asks for none.

  streaming -> running -> streaming -> ... -> over

A call is started as soon as it is whole, while its answer goes on (in a task of its own; on a
blocking client, and over a transport that does one thing at a time, the calls of an answer run
after it, one by one). From then on the answer cannot be thrown away any more: what breaks off is
not asked for again, at no fallback either, for its tools would run twice. It ends the loop with
StreamInterrupted. Up to then an answer is tried again as `chat` and `stream` do.

A round is whole or it is not there: the answer and the results of all its calls come into
`messages` together, in the order of the calls, so that whatever happens later they can be sent.
"""

from thinwire.core._compat import const, is_awaitable, nothing, public, random_id
from thinwire.core.answer.events import (
    ContentDelta,
    RefusalDelta,
    StreamComplete,
    StreamRestarted,
)
from thinwire.core.answer.tool_calls import ToolCall
from thinwire.core.answer.whole_calls import ToolCallComplete
from thinwire.core.client import AsyncClient
from thinwire.core.conversation.joined import joined
from thinwire.core.conversation.tool import taken
from thinwire.core.conversation.tool_run import ToolRun
from thinwire.core.errors import StreamInterrupted, ThinwireError
from thinwire.core.wire.json_encode import encoded

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping
    from typing import Any, Self

    from thinwire.core.answer.completion import Completion
    from thinwire.core.answer.events import Event
    from thinwire.core.client import BaseClient, Messages
    from thinwire.core.conversation.sync_tool_loop import SyncToolLoop
    from thinwire.core.conversation.tool import ToolLike
    from thinwire.core.conversation.tool_run import Approve, ToolResult
    from thinwire.core.stream import ChatStream, OnDelta, OnRestart
    from thinwire.core.transport import Signal

    LoopEvent = Event | ToolResult
    OnEvent = Callable[[LoopEvent], object]


@public
class MaxRoundsExceeded(ThinwireError):
    """The last round that was allowed has ended, and its answer asked for tools once more.

    Those were called; `messages` has all of it, and to go on is
    `client.run_tools([*messages, *error.messages], ...)`, or `client.chat(...)` of the same for an
    answer without tools.

    Attributes:
        completion: the last answer.
        messages: all that were added, whole rounds.
    """

    kind = "max_rounds"

    def __init__(self, message: str, completion: "Completion", messages: "list[Any]") -> None:
        super().__init__(message)
        self.completion = completion
        self.messages = messages


@public
class ToolLoop:
    """Rounds of tools as they go: an async iterator of events, StreamComplete last, and once.

    Use it with `async with`; leaving early ends what is at work. So does `aclose`, from any task.

    Args:
        client: who asks: an AsyncClient, or a Client, see SyncToolLoop.
        messages, tools, max_rounds, approve, timeout: see AsyncClient.run_tools.
        options: further arguments of AsyncClient.stream.
        seen: see ChatStream.

    Attributes:
        messages: what was added so far, whole rounds: answers as messages, and the results of
            their calls.
        rounds: number of answers so far.
        usage: token counts of them all: numbers are added up.

    Raises (from the iteration):
        ThinwireError: as ChatStream; `messages` of the error has what was added up to there.
        MaxRoundsExceeded: see there.
        What `approve` raises, and what of a function's is no Exception, or a MemoryError.
    """

    def __init__(
        self,
        client: "BaseClient",
        messages: "Messages",
        tools: "Iterable[ToolLike]",
        *,
        max_rounds: int = 8,
        approve: "Approve | None" = None,
        timeout: "float | None" = None,
        options: "Mapping[str, Any] | None" = None,
        seen: bool = True,
    ) -> None:
        if max_rounds < 1:
            raise ValueError("max_rounds must be 1 or more, not %r" % (max_rounds,))
        self.client = client
        self.transport = client._transport  # noqa: SLF001 - above the client
        self.approve = approve
        self.timeout = timeout
        self.signal: Signal | None = None  # given whenever a call has ended
        self.was_cut = False  # the answer at work has ended at its limit of tokens
        self.messages: list[dict[str, Any]] = []
        self.rounds = 0
        self.usage: dict[str, Any] = {}
        self._definitions, self._tools = taken(tools)
        clocks = [tool.timeout for tool in self._tools.values()] + [timeout]
        if not self.transport.concurrent and [one for one in clocks if one is not None]:
            raise ValueError("timeout needs AsyncClient: a blocking one cannot stop a function")
        if isinstance(messages, str):
            messages = [{"role": "user", "content": messages}]
        elif isinstance(messages, (list, tuple)) or hasattr(messages, "__next__"):
            messages = list(messages)  # each round sends them all
        self._given: Any = messages
        self._options: dict[str, Any] = dict(options or {})
        if self._options.pop("keep", "text") != "text":
            raise ValueError('keep="none" is not for tools: their answers are sent once more')
        self._max_rounds = max_rounds
        self._seen = seen
        self._runs: list[ToolRun] = []
        self._completion: Completion | None = None  # whole, of the round at work
        self._end = ""
        self._stopped = False
        self._busy = False
        self._left: Signal | None = None
        self._claimed: BaseException | None = None
        self._stream: ChatStream = self._open()

    @property
    def completion(self) -> "Completion":
        """The answer at work, as it stands."""
        return self._completion or self._stream.completion

    @property
    def end(self) -> str:
        """How it ended, see Completion; "" while it runs, "rounds" with MaxRoundsExceeded."""
        return self._end

    def names(self) -> str:
        """The names of the tools that can be called."""
        return ", ".join(sorted(self._tools)) or "none"

    def secrets(self) -> "list[str]":
        """What no model may be told: the keys of the client, and of the answer at work."""
        from thinwire.core.wire.redaction import secrets

        found: list[str] = []
        for deployment in self.client._router.deployments.values():  # noqa: SLF001
            found += secrets(deployment.headers(), deployment.url.query, deployment.api_key)
        exchange = self._stream._exchange  # noqa: SLF001 - has the key of a callable
        if exchange is not None and exchange.request is not None:
            found += secrets(exchange.request.headers, "", exchange.request.key)
        return found

    async def __aenter__(self) -> "Self":
        return self

    def __aexit__(
        self, kind: object = None, error: object = None, trace: object = None
    ) -> "Coroutine[object, object, None]":
        return self.aclose()

    def __aiter__(self) -> "ToolLoop":
        return self

    async def __anext__(self) -> "LoopEvent":
        if self._busy:
            raise RuntimeError("this loop is being read already")
        if self._end == "cancelled" and not self._stopped:
            why = "the iteration was torn by its caller"
            raise StreamInterrupted(why, self.completion)
        self._busy = True
        try:
            while not self._end:
                event: LoopEvent | None = self._ended_call()
                if event is None and self._stopped:
                    await self._stop()
                    self._end = "closed"
                elif event is None:
                    event = await self._step()
                if event is not None:
                    return event
        except GeneratorExit:
            self._give_up("cancelled")
            raise
        except BaseException as error:
            self._give_up("error" if isinstance(error, Exception) else "cancelled")
            try:
                if isinstance(error, ThinwireError):
                    error.messages = self.messages
                await self._stop()
            except MemoryError:
                pass  # they are cancelled, and end by themselves; why is worth more
            if isinstance(error, MemoryError):
                raise self.out_of_memory(error)
            raise
        finally:
            self._busy = False
            if self._left is not None:
                self._left.set()
        raise StopAsyncIteration

    def aclose(self) -> "Coroutine[object, object, None]":
        """Ends the loop: the answer, and the calls at work, which are cancelled. Idempotent.

        From any task: whoever reads is woken at once, and the iteration ends.
        """
        self._stopped = True
        if self._end and not self._busy:
            return nothing()
        return self._close()

    async def _close(self) -> None:
        await self._stream.aclose()
        if not self._busy:
            self._end = self._end or "closed"
            await self._stop()
            return
        if self.signal is not None:
            self.signal.set()
        if self.transport.concurrent:
            left = self._left = self._left or self.transport.signal()
            while self._busy:
                await left.wait()
                left.clear()

    def claim(self, error: MemoryError) -> None:
        """Takes note that code of the caller's raised `error`, which ends the loop as it is."""
        self._claimed = error

    def out_of_memory(self, error: BaseException) -> BaseException:
        """See ChatStream.out_of_memory."""
        if error is self._claimed or isinstance(error, ThinwireError):
            return error
        return self._stream.out_of_memory(error)

    def _open(self) -> "ChatStream":
        messages = joined(self._given, self.messages)
        # A Client's stream is this one, too.
        stream: ChatStream = AsyncClient.stream(  # type: ignore[call-overload]
            self.client,
            messages,
            tools=self._definitions or None,
            **self._options,
        )
        stream._seen = self._seen or stream._plan.policy.on_interrupt == "raise"  # noqa: SLF001
        self.rounds += 1
        return stream

    async def _step(self) -> "LoopEvent | None":
        # One event, or one step towards it.
        if self._completion is None:
            try:
                event = await self._stream.__anext__()
            except StopAsyncIteration:  # closed meanwhile
                return None
            if isinstance(event, StreamComplete):
                last = self._answered(event)
                await self._stream.aclose()  # its connection serves the next round
                return last
            if isinstance(event, ToolCallComplete):
                self._begin_early(event)
            return event
        for run in self._runs:
            if not run.done:
                if self.signal is None:
                    await run.run()
                else:
                    await self.signal.wait()
                    self.signal.clear()
                return None
        self._round_over(self._completion)
        return None

    def _ended_call(self) -> "ToolResult | None":
        # The event of a call that has ended, if there is one to tell.
        for run in self._runs:
            if run.fatal is not None:
                raise run.fatal
            if run.done and not run.told:
                run.told = True
                return run.event()
        return None

    def _begin_early(self, event: ToolCallComplete) -> None:
        # Starts a call while its answer goes on, where it cannot be thrown away any more.
        tool = self._tools.get(event.name)
        custom = tool is not None and tool.custom
        if not self.transport.concurrent or event.choice:
            return
        if event.arguments is None and not custom:
            return  # why not is told at the end of the answer
        kind = "custom" if custom else "function"
        self._begin(ToolCall(event.index, event.id, event.name, event.arguments_raw, True, kind))
        stream = self._stream
        stream._seen = True  # noqa: SLF001
        stream._plan.policy = stream._plan.policy.for_call(on_interrupt="raise")  # noqa: SLF001

    def _begin(self, call: ToolCall) -> ToolRun:
        before = self._runs[-1] if self._runs else None
        run = ToolRun(self, call, self._tools.get(call.name), before)
        self._runs.append(run)
        if self.transport.concurrent:
            self.signal = self.signal or self.transport.signal()
            run.begin()
        return run

    def _answered(self, event: StreamComplete) -> "StreamComplete | None":
        # An answer is whole: starts what calls were not yet; the event, if it has none.
        completion = self._completion = event.completion
        _add_up(self.usage, completion.usage)
        if not completion.tool_calls:
            self.messages.append(completion.to_message())
            completion.messages = self.messages
            completion.total_usage = self.usage
            self._end = completion.end
            return event
        self.was_cut = completion.finish_reason == "length"
        begun = [run.call.index for run in self._runs]
        for call in completion.tool_calls:
            if call.index not in begun:
                self._begin(call)
        self._runs.sort(key=_place)
        return None

    def _round_over(self, completion: "Completion") -> None:
        message = completion.to_message()
        calls, seen = message["tool_calls"], []
        for place in range(len(calls)):
            # What is not legal the next time: arguments that are none (servers that parse them
            # refuse the request), and an id that two calls have.
            run, call = self._runs[place], calls[place]
            if completion.tool_calls[place].arguments is None and "function" in call:
                raw = {"arguments": call["function"]["arguments"]}
                call["function"]["arguments"] = str(encoded(raw), "utf-8")
            if call["id"] in seen:
                call["id"] = run.call.id = random_id()
            seen.append(call["id"])
        self.messages.append(message)
        self.messages.extend([run.message() for run in self._runs])
        self._runs, self.was_cut = [], False
        if self.rounds >= self._max_rounds:
            self._end = "rounds"
            text = "no end after %d rounds of tools" % self.rounds
            raise MaxRoundsExceeded(text, completion, self.messages)
        choice = self._options.get("tool_choice")
        if choice == "required" or (isinstance(choice, dict) and choice.get("type") in _FORCED):
            del self._options["tool_choice"]  # or there would be no end
        self._completion = None
        self._stream = self._open()

    def _give_up(self, end: str) -> None:
        self._end = self._end or end
        for run in self._runs:
            run.cancel()

    async def _stop(self) -> None:
        # Ends what is at work, and waits for it.
        for run in self._runs:
            run.cancel()
        for run in self._runs:
            while not run.done and self.signal is not None:
                await self.signal.wait()
                self.signal.clear()
        await self._stream.aclose()


_FORCED = ("function", "custom")
_TEXTS = (ContentDelta, RefusalDelta)


def _place(run: ToolRun) -> int:
    return run.call.index


def _add_up(total: "dict[str, Any]", usage: "Mapping[str, Any]") -> None:
    for name, value in usage.items():
        if isinstance(value, dict):
            _add_up(total.setdefault(name, {}), value)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            total[name] = total.get(name, 0) + value


async def run(
    client: "BaseClient",
    messages: "Messages",
    tools: "Iterable[ToolLike]",
    limits: "tuple[int, Approve | None, float | None]",
    told: "tuple[OnDelta | None, OnEvent | None, OnRestart | None]",
    options: "dict[str, Any]",
) -> "Completion":
    """The last completion of a loop; see AsyncClient.run_tools.

    Args:
        limits: max_rounds, approve, timeout.
        told: on_delta, on_event, on_restart.
        options: further arguments of AsyncClient.stream.
    """
    if client._cold and not client._blocking:  # noqa: SLF001 - above the client
        await client.load()  # type: ignore[attr-defined]
    on_delta, on_event, on_restart = told
    if on_restart is not None:
        policy = client._policy.on_interrupt  # noqa: SLF001
        options["on_interrupt"] = options["on_interrupt"] or policy or "restart"
    elif on_delta is not None and on_event is None:
        # Text that was handed out is void only before somebody who can be told.
        if options["on_interrupt"] == "restart":
            raise ValueError('on_interrupt="restart" needs on_restart here, or on_event')
        options["on_interrupt"] = "raise"
    loop = ToolLoop(
        client,
        messages,
        tools,
        max_rounds=limits[0],
        approve=limits[1],
        timeout=limits[2],
        options=options,
        seen=told != (None, None, None),
    )
    try:
        async with loop:
            while True:
                event = await loop.__anext__()
                if on_delta is not None and isinstance(event, _TEXTS) and not event.choice:
                    await _tell(loop, on_delta, event.text)
                elif on_restart is not None and isinstance(event, StreamRestarted):
                    await _tell(loop, on_restart, event)
                if on_event is not None:
                    await _tell(loop, on_event, event)
                if isinstance(event, StreamComplete):
                    return event.completion
    except MemoryError as error:
        raise loop.out_of_memory(error)


async def _tell(loop: ToolLoop, function: "Callable[[Any], object]", what: object) -> None:
    # Tells a function of the caller's.
    try:
        made = function(what)
        if made is not None and is_awaitable(made):
            await made  # type: ignore[misc]
    except MemoryError as error:
        loop.claim(error)
        raise


def begin(
    client: "BaseClient",
    messages: "Messages",
    tools: "Iterable[ToolLike]",
    limits: "tuple[int, Approve | None, float | None]",
    options: "dict[str, Any]",
) -> "ToolLoop | SyncToolLoop":
    """The loop of an AsyncClient, or of a Client; see AsyncClient.stream_tools, and `run`."""
    loop = ToolLoop(
        client,
        messages,
        tools,
        max_rounds=limits[0],
        approve=limits[1],
        timeout=limits[2],
        options=options,
    )
    if not client._blocking:  # noqa: SLF001 - above the client
        return loop
    from thinwire.core.conversation.sync_tool_loop import SyncToolLoop

    return SyncToolLoop(loop)
