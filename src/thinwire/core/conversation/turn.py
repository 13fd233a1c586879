"""One turn as it arrives, and what of it goes into the history when it is left.

  open     nobody has read it yet; then it waits for the session's turn before it, and asks
  at work  events come
  settled  it is in the history, or never will be, and the next turn of the session may begin

An answer that came to its end, and was left, is kept as it is. One that was left early, cancelled
or interrupted is kept as far as it was heard, marked; who heard nothing of it has asked nothing.
One that failed leaves the history as it was. What a voice assistant has said aloud is less than
what it was sent: `interrupt(heard_chars=...)` says how much it was. OpenAI's Realtime API does the
same by conversation.item.truncate, which deletes the text that was not heard, and tells the model
nothing about it.
"""

from thinwire.core._compat import const, public
from thinwire.core.answer.events import StreamComplete
from thinwire.core.conversation.trimming import INTERRUPTED

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any, Self

    from thinwire.core.answer.completion import Completion
    from thinwire.core.answer.events import Event
    from thinwire.core.conversation.conversation import Conversation
    from thinwire.core.conversation.entry import Entry

# After results of tools a model has to say something: some servers refuse a user's message there.
_NOTHING = "(interrupted)"


@public
class Turn:
    """An answer of a conversation: an async iterator of events, as ChatStream is one,
    StreamComplete last. Made by `Conversation.stream`.

    Use it with `async with`, which settles the turn when it is left; without, the end of the
    iteration or `aclose` does.

    Raises (from the iteration): what ChatStream's does, and what the history or `summarize` raise.
    """

    def __init__(self, talk: "Conversation", entry: "Entry", options: "dict[str, Any]") -> None:
        self._talk = talk
        self._entry = entry
        self._options = options
        self._stream: Any = None
        self._known: Any = None  # what the conversation knows it by, once it is open
        self._reading = False
        self._stopped = False
        self._complete = False  # StreamComplete was handed out
        self._entered = False
        self._unsettled = [True]  # emptied by who settles: one thread can
        self._heard: int | None = None
        self._said: list[dict[str, Any]] = []  # all of it, heard or not
        self._kept: list[dict[str, Any]] = []

    def __del__(self) -> None:
        # Left without a word: the next turn shall not wait for ever.
        if self._unsettled:
            self._entry.leave()

    @property
    def completion(self) -> "Completion | None":
        """The answer as it stands, with tools the last one's; None before anything was asked."""
        return None if self._stream is None else self._stream.completion

    @property
    def end(self) -> str:
        """How the answer ended, see ChatStream; "interrupted" if not all of it was kept, "" while
        it runs."""
        if self._kept and INTERRUPTED in self._kept[-1]:
            return "interrupted"
        if self._stream is None:
            return "closed" if self._stopped else ""
        return self._stream.end  # type: ignore[no-any-return]

    async def __aenter__(self) -> "Self":
        self._entered = True
        return self

    def __aexit__(
        self, kind: object = None, error: object = None, trace: object = None
    ) -> "Coroutine[object, object, None]":
        # A cancellation is no Exception: what was heard was heard.
        try:
            return self._settle(not isinstance(error, Exception))
        except MemoryError as lack:
            self._entry.leave()
            raise self.out_of_memory(lack)

    def __aiter__(self) -> "Turn":
        return self

    def __anext__(self) -> "Coroutine[object, object, Event]":
        try:
            return self._next()
        except MemoryError as error:  # no memory for the coroutine
            raise self.out_of_memory(error)

    def out_of_memory(self, error: BaseException) -> BaseException:
        """See ChatStream.out_of_memory."""
        if self._stream is None:
            return self._talk.out_of_memory(error)
        return self._stream.out_of_memory(error)  # type: ignore[no-any-return]

    async def _next(self) -> "Event":
        if self._reading:
            raise RuntimeError("this turn is being read already")
        self._reading = True
        event: Event | None = None
        try:
            if self._stream is None and not self._stopped:
                await self._open()
            if not self._stopped:
                event = await self._stream.__anext__()
                self._complete = isinstance(event, StreamComplete)
        except StopAsyncIteration:
            pass
        except GeneratorExit:
            self._entry.leave()  # nothing can be awaited here
            raise
        except BaseException as error:
            self._stopped = True
            await self._settle(not isinstance(error, Exception))
            if isinstance(error, MemoryError):
                raise self.out_of_memory(error)
            raise
        finally:
            self._reading = False
        if self._stopped or (event is None and not self._entered):
            await self._settle(True)
        if event is None or self._stopped:
            raise StopAsyncIteration
        return event

    async def _open(self) -> None:
        messages = await self._entry.begin()
        if messages is not None:
            self._known = self._talk.opened(self)
            self._stream = self._talk.open(messages, self._entry.session, self._options)

    async def interrupt(self, heard_chars: "int | None" = None) -> None:
        """Ends the answer, from any task, and keeps what was heard of it.

        May be called after the end, too, while the answer is still being spoken, and again: the
        last call counts. Once another turn of the session has begun it changes nothing.

        Args:
            heard_chars: how many characters of the answer's text were heard, counted from its
                beginning (the last StreamRestarted); None: all that was handed out. 0: nothing
                was, and the question is not kept, either.

        Raises:
            ValueError: a negative number; TypeError: no number.
        """
        if heard_chars is not None and not isinstance(heard_chars, int):
            raise TypeError("heard_chars is a number of characters, not %r" % (heard_chars,))
        if heard_chars is not None and heard_chars < 0:
            raise ValueError("heard_chars is %d" % heard_chars)
        self._heard = heard_chars
        if self._unsettled:
            await self.aclose()
        elif self._said:
            kept = heard(self._said, self._complete, heard_chars)
            if await self._entry.amend(len(self._kept), kept):
                self._kept = kept

    async def aclose(self) -> None:
        """Ends the answer, from any task, and keeps what was handed out of it. Idempotent."""
        # The flag first, and then a look at who reads; the reader the other way round.
        self._stopped = True
        if self._stream is None:
            self._entry.call_off()
        else:
            await self._stream.aclose()
        if not self._reading:
            await self._settle(True)

    async def _settle(self, keep: bool) -> None:
        try:
            self._unsettled.pop()
        except IndexError:
            return
        self._stopped = True
        try:
            if keep and self._stream is not None:
                self._said = [self._entry.message]
                self._said.extend(self._answer())
                self._kept = heard(self._said, self._complete, self._heard)
                if self._kept:
                    self._said[0] = await self._entry.keep(self._kept)
        except MemoryError as error:
            raise self._talk.out_of_memory(error)
        finally:
            try:
                if self._stream is not None:
                    await self._stream.aclose()
            finally:
                if self._known is not None:
                    self._talk.closed(self._known)
                self._entry.leave()

    def _answer(self) -> "list[dict[str, Any]]":
        # All messages that came; of a loop of tools those of whole rounds, and then the text.
        found: list[dict[str, Any]] = list(getattr(self._stream, "messages", ()))
        if self._complete and not found:
            found.append(self._stream.completion.to_message())
        elif not self._complete:
            found.append({"role": "assistant", "content": self._stream.completion.text or ""})
        return found


def heard(
    messages: "list[dict[str, Any]]", complete: bool, chars: "int | None"
) -> "list[dict[str, Any]]":
    """What of a turn is kept: its messages up to what was heard, the last answer marked.

    Args:
        messages: the user's, and the answers and results after it.
        complete: whether the answer came to its end.
        chars: how many characters of text were heard, None for all.

    Returns:
        The very messages where all of a complete turn was heard; none where nothing was, and no
        tool has been called.
    """
    left = chars
    cut = not complete
    found: list[dict[str, Any]] = []
    for message in messages:
        if message["role"] == "assistant":
            text = message.get("content") or ""
            if left is not None:
                if left < len(text):
                    # What came with the text, signatures and the like, is of all of it.
                    cut = True
                    short: dict[str, Any] = {"role": "assistant", "content": text[:left]}
                    if "tool_calls" in message:
                        short["tool_calls"] = message["tool_calls"]
                    message = short
                left = max(left - len(text), 0)
        found.append(message)
    if not cut:
        return found
    last = found[-1]
    # Anthropic refuses texts of white space alone.
    if last["role"] == "assistant" and "tool_calls" not in last and not last["content"].strip():
        found.pop()
        last = found[-1]
    if last["role"] == "user":
        return []
    if last["role"] == "tool":
        last = {"role": "assistant", "content": _NOTHING}
        found.append(last)
    last = found[-1] = dict(last)
    last[INTERRUPTED] = True
    return found
