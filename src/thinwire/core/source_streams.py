# Sources that are produced rather than stored: text or bytes from a callable, so that each attempt
# can have them anew; or from an iterator, which gives what it has once. Plain or async (a
# microphone): an async one is awaited between the pieces of the request.

from thinwire.core import _errors as errors
from thinwire.core._compat import base64, const, escape
from thinwire.core.readers import Reader, TextReader
from thinwire.core.sources import BASE64_PIECE, Source

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Iterable
    from typing import Any

    Texts = Iterable[str] | AsyncIterable[str]
    Chunks = Iterable[bytes] | AsyncIterable[bytes]


class _Stream(Source):
    def __init__(self, factory: object) -> None:
        self._factory: Any = factory
        one_shot = hasattr(factory, "__next__") or hasattr(factory, "__anext__")
        self.replayable = callable(factory) or not one_shot

    def _iterable(self) -> object:
        return self._factory() if callable(self._factory) else self._factory

    def __repr__(self) -> str:
        return type(self).__name__


class TextStream(_Stream):
    """Text from an iterable of str, as one JSON string.

    Args:
        factory: called for each attempt, returns an iterable of str, plain or async. An iterable
            in its place will do; if it is a one-shot iterator, the request is sent once.
    """

    def __init__(self, factory: "Callable[[], Texts] | Texts") -> None:
        super().__init__(factory)

    def open(self) -> Reader:
        """A reader of the escaped text."""
        return _TextStreamReader(self._iterable())


class BytesStream(_Stream):
    """Bytes from an iterable of bytes, as base64 after a fixed prefix.

    Args:
        factory: called for each attempt, returns an iterable of bytes, plain or async (live
            audio). An iterable in its place will do; a one-shot iterator is sent once.
        prefix: text before the base64, e.g. "data:audio/wav;base64,".
    """

    def __init__(self, factory: "Callable[[], Chunks] | Chunks", prefix: str = "") -> None:
        super().__init__(factory)
        self._prefix = prefix

    def open(self) -> Reader:
        """A reader of prefix and base64."""
        return _BytesStreamReader(self._iterable(), self._prefix)


class _StreamReader(Reader):
    # Pulls items; what becomes of one is up to the subclass (`_take`, `_piece`, `_last`).
    def __init__(self, iterable: "Any") -> None:
        self._is_async = hasattr(iterable, "__aiter__")
        self._items: Any = iterable.__aiter__() if self._is_async else iter(iterable)
        self._ended = False

    def read_piece(self) -> "bytes | memoryview | None":
        piece = self._piece()
        while not piece and not self._ended:
            if self._is_async:
                return None
            try:
                self._take(next(self._items))
            except StopIteration:
                self._ended = True
            piece = self._piece()
        return piece or self._last()

    async def more(self) -> None:
        try:
            self._take(await self._items.__anext__())
        except StopAsyncIteration:
            self._ended = True

    def close(self) -> None:
        # A generator's own clean-up should not wait for the garbage collector. An async one
        # would have to be awaited: its loop finishes it.
        if not self._is_async and hasattr(self._items, "close"):
            self._items.close()

    def _take(self, item: object) -> None:
        raise NotImplementedError

    def _piece(self) -> "bytes | memoryview":
        raise NotImplementedError

    def _last(self) -> "bytes | memoryview":
        return b""


class _TextStreamReader(_StreamReader):
    def __init__(self, iterable: object) -> None:
        super().__init__(iterable)
        self._text = TextReader("")

    def _take(self, item: object) -> None:
        if not isinstance(item, str):
            raise errors.EncodeError("TextStream takes str, not %s" % type(item).__name__, "")
        self._text = TextReader(item)

    def _piece(self) -> "bytes | memoryview":
        return self._text.read_piece()


class _BytesStreamReader(_StreamReader):
    def __init__(self, iterable: object, prefix: str) -> None:
        super().__init__(iterable)
        self._prefix: bytes | memoryview = escape(prefix)
        self._chunk: memoryview = memoryview(b"")
        self._rest = b""  # less than three bytes, which base64 cannot take yet

    def _take(self, item: object) -> None:
        if not isinstance(item, (bytes, bytearray, memoryview)):
            raise errors.EncodeError("BytesStream takes bytes, not %s" % type(item).__name__, "")
        self._chunk = memoryview(item)

    def _piece(self) -> "bytes | memoryview":
        if self._prefix:
            prefix, self._prefix = self._prefix, b""
            return prefix
        data = self._rest + bytes(self._chunk[: BASE64_PIECE - len(self._rest)])
        self._chunk = self._chunk[BASE64_PIECE - len(self._rest) :]
        whole = len(data) // 3 * 3
        self._rest = data[whole:]
        return base64(data[:whole])

    def _last(self) -> "bytes | memoryview":
        rest, self._rest = self._rest, b""
        return base64(rest)
