"""Sentences, for a voice: the text of an answer in pieces that can be said while the rest comes.

sentence_splitter.py says where a piece ends. "".join(pieces) is the text, so what was said can be
counted in characters of it.
"""

from thinwire.core._compat import const, is_awaitable, nothing, public
from thinwire.core.answer.events import (
    ContentDelta,
    RefusalDelta,
    StreamComplete,
    StreamRestarted,
)
from thinwire.core.conversation.voice.sentence_splitter import SentenceSplitter

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable, Coroutine, Generator, Iterable
    from typing import Any, Self, overload

    OnRestart = Callable[[StreamRestarted], object]


if TYPE_CHECKING:

    @overload
    def sentences(
        source: "AsyncIterable[object]",
        *,
        longest: int = 240,
        first: "int | None" = None,
        on_restart: "OnRestart | None" = None,
    ) -> "AsyncSentencesOf": ...
    @overload
    def sentences(
        source: "Iterable[object] | str",
        *,
        longest: int = 240,
        first: "int | None" = None,
        on_restart: "OnRestart | None" = None,
    ) -> "SentencesOf": ...


@public
def sentences(
    source: "Any",
    *,
    longest: int = 240,
    first: "int | None" = None,
    on_restart: "OnRestart | None" = None,
) -> "Any":
    """The text of an answer, in sentences, as they come.

    Args:
        source: a stream of events (ChatStream, a Turn of a Conversation, ToolLoop, and their
            blocking twins), or any iterable of str, plain or async; or one str.
        longest: the most characters of a piece, 64 or more; a sentence that is longer is cut, at a
            comma if it has one, else at a space.
        first: number of characters from which on the first piece may end at a comma, so that
            something can be said sooner; None: it is a whole sentence.
        on_restart: called with StreamRestarted, when the answer broke off and starts anew: what
            was given out is void then, and the new answer is given out from its beginning.

    Returns:
        An async iterator of str for an async source, else an iterator. The pieces put together
        are the text. Whatever is not text ends a piece, e.g. a tool that is called. A stream that
        is closed early, by aclose() or interrupt(), ends it, and the piece that had begun is not
        given out. What the source raises comes after all sentences that were whole. Its `code`
        says whether the last piece was code in a fenced block; its `aclose()` (`close()`) is that
        of the source.

    Raises:
        ValueError: longest is less than 64.
    """
    splitter = SentenceSplitter(longest, first)
    if isinstance(source, str):
        source = (source,)
    if hasattr(source, "__anext__") or hasattr(source, "__aiter__"):
        return AsyncSentencesOf(source, splitter, on_restart)
    return SentencesOf(source, splitter, on_restart)


class _Pieces:
    # What both iterators have: what comes goes to the splitter, or ends what it has.
    def __init__(
        self, source: "Any", splitter: SentenceSplitter, on_restart: "OnRestart | None"
    ) -> None:
        self._source = source
        self._splitter = splitter
        self._on_restart = on_restart
        self._complete = True  # of a stream of events only its last one says so
        self._error: BaseException | None = None
        self._ended = False

    @property
    def code(self) -> bool:
        """Whether the last piece was a line of code in a fenced block, or its fence."""
        return self._splitter.code

    def _piece(self) -> "str | None":
        piece = self._splitter.take()
        if piece is None and self._error is not None:
            error, self._error = self._error, None
            raise error
        return piece

    def _hear(self, event: object) -> object:
        if isinstance(event, str):
            self._splitter.put(event)
            return None
        if isinstance(event, (ContentDelta, RefusalDelta)):
            if not event.choice:
                self._splitter.put(event.text)
        elif isinstance(event, StreamComplete):
            self._complete = True
            self._splitter.finish()
            return None
        elif isinstance(event, StreamRestarted):
            self._splitter.reset()
            if self._on_restart is not None:
                return self._on_restart(event)
        elif type(event).__name__[:4] == "Tool":  # what comes then is said after it was used
            self._splitter.finish()
        self._complete = False
        return None

    def _end(self) -> None:
        self._ended = True
        if self._complete:
            self._splitter.finish()
        else:
            self._splitter.reset()

    def _fail(self, error: BaseException) -> None:
        self._ended = True
        self._error = error
        self._splitter.finish(True)


class AsyncSentencesOf(_Pieces):
    """See sentences."""

    def __init__(
        self,
        source: "AsyncIterable[object]",
        splitter: SentenceSplitter,
        on_restart: "OnRestart | None" = None,
    ) -> None:
        super().__init__(source, splitter, on_restart)
        self._events = source.__aiter__()

    def __aiter__(self) -> "Self":
        return self

    async def __anext__(self) -> str:
        piece = self._piece()
        while piece is None:
            if self._ended:
                raise StopAsyncIteration
            try:
                told = self._hear(await self._events.__anext__())
                if told is not None and is_awaitable(told):
                    await told  # type: ignore[misc]
            except StopAsyncIteration:
                self._end()
            except Exception as error:
                self._fail(error)
            piece = self._piece()
        return piece

    def aclose(self) -> "Coroutine[object, object, None]":
        """Ends it, and closes the source if that can be closed, once it is awaited."""
        self._complete = False
        self._end()
        close = getattr(self._source, "aclose", nothing)
        return close()


class SentencesOf(_Pieces):
    """See sentences."""

    def __init__(
        self,
        source: "Iterable[object]",
        splitter: SentenceSplitter,
        on_restart: "OnRestart | None" = None,
    ) -> None:
        super().__init__(source, splitter, on_restart)
        self._events = iter(source)

    def __iter__(self) -> "Self":
        return self

    def __next__(self) -> str:
        piece = self._piece()
        while piece is None:
            if self._ended:
                raise StopIteration
            try:
                self._hear(next(self._events))
            except StopIteration:
                self._end()
            except Exception as error:
                self._fail(error)
            piece = self._piece()
        return piece

    def close(self) -> None:
        """Ends it, and closes the source if that can be closed."""
        self._complete = False
        self._end()
        close = getattr(self._source, "close", None)
        if close is not None:
            close()


class _Over:
    # What may be awaited, and need not be.
    def __iter__(self) -> "Generator[Any, Any, None]":
        return iter(())  # type: ignore[return-value]

    __await__ = __iter__


@public
class Sentences:
    """Makes sentences of the pieces of text that it is called with: `on_delta=` of `chat`, with
    `close()` after it, is the cheap form of `sentences`.

    Args:
        callback: called with each piece; a plain callable or an async one. What it raises reaches
            the caller.
        longest, first: see sentences.

    Raises:
        ValueError: longest is less than 64.
    """

    def __init__(
        self,
        callback: "Callable[[str], object]",
        *,
        longest: int = 240,
        first: "int | None" = None,
    ) -> None:
        self._callback = callback
        self._splitter = SentenceSplitter(longest, first)

    @property
    def code(self) -> bool:
        """Whether the last piece was a line of code in a fenced block, or its fence."""
        return self._splitter.code

    def __call__(self, text: str) -> "Coroutine[object, object, None] | None":
        """Takes the next part of the text.

        Returns:
            None, or, of an async callback, what is to be awaited before the next call.
        """
        self._splitter.put(text)
        return self._tell()

    def close(self) -> "Awaitable[None]":
        """Tells the rest. Where the callback is async, await it; else it is done, and may be
        awaited. What comes then is another text."""
        self._splitter.finish()
        told = self._tell()
        if told is None:
            self._splitter.reset()
            return _Over()
        return self._told(told)

    def restart(self, event: "StreamRestarted | None" = None) -> None:
        """Forgets what it has, since the answer starts anew: `on_restart=`."""
        self._splitter.reset()

    def _tell(self) -> "Coroutine[object, object, None] | None":
        piece = self._splitter.take()
        while piece is not None:
            told = self._callback(piece)
            if told is not None and is_awaitable(told):
                return self._go_on(told)
            piece = self._splitter.take()
        return None

    async def _go_on(self, told: "Any") -> None:
        while told is not None:
            await told
            piece = self._splitter.take()
            told = None if piece is None else self._callback(piece)

    async def _told(self, told: "Coroutine[object, object, None]") -> None:
        await told
        self._splitter.reset()
