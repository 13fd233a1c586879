"""One call of a tool at work: asked for leave, called, timed, its end put into words.

Beside others in a task of its own where the transport can, else within whoever reads the loop.
What ends here is the model's business: an Exception of the function's, a timeout, a refusal, a
name or arguments that do not exist. All else is the caller's, and ends the loop: a MemoryError,
what is no Exception (a cancellation, KeyboardInterrupt), what `approve` raises.
"""

from thinwire.core import adapters
from thinwire.core._compat import MICROPYTHON, const, is_async, is_awaitable, public
from thinwire.core.answer.events import BaseEvent
from thinwire.core.conversation.tool_results import content_of, error_content

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from thinwire.core.answer.tool_calls import ToolCall
    from thinwire.core.conversation.tool import Tool
    from thinwire.core.conversation.tool_loop import ToolLoop
    from thinwire.core.transport import Signal, Task

    Approve = Callable[[ToolCall], object]

_REFUSED = "the user did not allow this call"
_NO_JSON = "the arguments are no JSON object; nothing was called"
_CUT = "the arguments were cut off by the limit of tokens; nothing was called"


@public
class ToolResult(BaseEvent):
    """A tool was called, and this is what the model is told; of each call once, as they end.

    Attributes:
        index: position of the call in its answer's `tool_calls`.
        id, name: of the call.
        content: of the tool message: a str, a source, or content parts.
        error: why there is no result, in the words that the model is told; "" where there is one.
        exception: what the function raised, None where it did not. Not compared.
    """

    __match_args__ = ("index", "id", "name", "content", "error")

    exception: "Exception | None" = None

    def __init__(self, index: int, id: str, name: str, content: object, error: str = "") -> None:
        self.index = index
        self.id = id
        self.name = name
        self.content = content
        self.error = error


class ToolRun:
    """One call, from its first moment to its end.

    Args:
        loop: whose it is.
        call: what the model asks for.
        tool: of its name, None where there is none.
        before: the call that came before it in the same answer, or None: `approve` is asked one
            by one, in their order.

    Attributes:
        done: whether it has come to its end.
        told: whether its event was handed out.
        fatal: what ends the loop, or None.
        asked: given once `approve` has been asked; None where there is nothing to ask.
    """

    def __init__(
        self, loop: "ToolLoop", call: "ToolCall", tool: "Tool | None", before: "ToolRun | None"
    ) -> None:
        self.call = call
        self.done = False
        self.told = False
        self.fatal: BaseException | None = None
        self.asked: Signal | None = None
        self.task: Task | None = None
        self._loop = loop
        self._tool = tool
        self._before = before
        self._content: object = None
        self._error = ""
        self._exception: Exception | None = None
        self._running = False
        self._late = False  # its time is up

    def begin(self) -> None:
        """Starts it in a task of its own."""
        transport = self._loop.transport
        if self._loop.approve is not None:
            self.asked = transport.signal()
        self.task = transport.spawn(self.run())

    async def run(self) -> None:
        """Runs it to its end; raises nothing of what has ended it."""
        self._running = True
        try:
            await self._work()
        except GeneratorExit:
            raise
        except BaseException as error:
            if self._late and not isinstance(error, Exception):
                self._fail("it took longer than %g s" % (self._limit() or 0))
            else:
                self.fatal = error
        finally:
            self.done = True
            if self.asked is not None:
                self.asked.set()
            if self._loop.signal is not None:
                self._loop.signal.set()

    def cancel(self) -> None:
        """Ends it. What runs in a thread is left to itself."""
        if not self.done:
            if self.task is not None:
                self.task.cancel()
            # A task that is cancelled before it ran never gets to its own `done`.
            self.done = not self._running

    def event(self) -> ToolResult:
        """What came of it, as an event."""
        call = self.call
        result = ToolResult(call.index, call.id, call.name, self._content, self._error)
        if self._exception is not None:
            result.exception = self._exception
        return result

    def message(self) -> "dict[str, object]":
        """What came of it, as the message that tells it to the model."""
        return {"role": "tool", "tool_call_id": self.call.id, "content": self._content}

    def _fail(self, words: str, exception: "Exception | None" = None) -> None:
        # Only code that is not ours may say a secret.
        hidden = () if exception is None else self._loop.secrets()
        self._exception = exception
        self._content, self._error = error_content(words, hidden)

    def _limit(self) -> "float | None":
        own = None if self._tool is None else self._tool.timeout
        return self._loop.timeout if own is None else own

    async def _work(self) -> None:
        call, tool = self.call, self._tool
        if tool is None:
            self._fail("there is no tool %r, but: %s" % (call.name, self._loop.names()))
            return
        if call.arguments is None and not tool.custom:
            self._fail(_CUT if self._loop.was_cut else _NO_JSON)
            return
        if self._loop.approve is not None and not await self._allowed(self._loop.approve):
            return
        try:
            by_place, by_name = tool.given(call)
        except ValueError as error:
            self._fail("the arguments do not fit: %s" % error, error)
            return
        alarm: Task | None = None
        limit = self._limit()
        if limit is not None and self.task is not None:
            alarm = self._loop.transport.spawn(self._ring(limit, self.task))
        try:
            value = await self._call(tool.function, by_place, by_name)
            self._content = content_of(value)
        except MemoryError:
            raise
        except Exception as error:
            self._fail("%s: %s" % (type(error).__name__, error), error)
        finally:
            if alarm is not None:
                alarm.cancel()

    async def _allowed(self, approve: "Approve") -> bool:
        # Whether it may be called; with the arguments that the hook has put in place.
        before = self._before
        if before is not None and before.asked is not None and not before.done:
            await before.asked.wait()
        try:
            said: Any = approve(self.call)
            if is_awaitable(said):
                said = await said
        except MemoryError as error:
            self._loop.claim(error)
            raise
        if self.asked is not None:
            self.asked.set()
        if isinstance(said, dict):
            self.call.arguments = said
            return True
        if isinstance(said, str):
            self._fail(said or _REFUSED)
        elif said is False:
            self._fail(_REFUSED)
        elif said is not True:
            text = "approve gives True, False, a reason why not, or other arguments, not %r"
            raise TypeError(text % (said,))
        return said is True

    async def _call(
        self, function: "Any", by_place: "list[Any]", by_name: "dict[str, Any]"
    ) -> object:
        value: Any
        try:
            if MICROPYTHON or self.task is None or is_async(function):
                value = function(*by_place, **by_name)
            else:
                value = await adapters.in_thread(function, by_place, by_name)
            if is_awaitable(value):
                value = await value
        except MemoryError as error:
            self._loop.claim(error)
            raise
        return value

    async def _ring(self, limit: float, task: "Task") -> None:
        await self._loop.transport.sleep_ms(int(limit * 1000))
        self._late = True
        task.cancel()
