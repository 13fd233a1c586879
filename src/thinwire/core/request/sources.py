"""Sources: values that may stand wherever a request has a string and that are read while they are
sent, so that a prompt of any size needs one small piece of memory.

A source can be opened any number of times; each attempt opens it anew. What it opens is a reader
(wire/json_encode.py): `read_piece()` gives the next few bytes exactly as they belong between the
quotes of a JSON string, b"" at the end, None when `more()` has to be awaited first; `close()` may
be called at any time, more than once.

Some are stored: files, as text or as base64. Some are produced: text or bytes from a callable, so
that each attempt can have them anew, or from an iterator, which gives what it has once. Plain or
async (a microphone): an async one is awaited between the blocks of the request.
"""

from thinwire.core._compat import PIECE, base64, const, escape, public
from thinwire.core.errors import EncodeError
from thinwire.core.wire.json_encode import Reader, TextReader
from thinwire.core.wire.utf8 import unfinished

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Iterable
    from os import PathLike
    from typing import Any

    from thinwire.core.wire.json_encode import Readable

    Texts = Iterable[str] | AsyncIterable[str]
    Blocks = Iterable[bytes] | AsyncIterable[bytes]

_BASE64_PIECE = PIECE // 4 * 3  # a multiple of 3 (padding only at the end) that fills a piece

# Media types by ending: what chat APIs take.
_MEDIA_TYPES = (
    "jpg=image/jpeg jpeg=image/jpeg png=image/png gif=image/gif webp=image/webp bmp=image/bmp"
    " heic=image/heic svg=image/svg+xml"
    " wav=audio/wav mp3=audio/mpeg flac=audio/flac ogg=audio/ogg opus=audio/opus aac=audio/aac"
    " m4a=audio/mp4 mp4=video/mp4 webm=video/webm mov=video/quicktime"
    " pdf=application/pdf json=application/json"
    " txt=text/plain csv=text/csv html=text/html md=text/markdown"
)


@public
class Source:
    """Base of what may stand in place of a string and is read while it is sent.

    Attributes:
        replayable: whether it can be opened again after it was read.
        stored: whether an OSError means that it cannot be read; else it is the caller's own.
    """

    replayable = True
    stored = True

    def open(self) -> "Readable":
        """A new reader at the start. Raises OSError when the source cannot be opened."""
        raise NotImplementedError


@public
class TextFile(Source):
    """The text of a UTF-8 file as one JSON string.

    Args:
        path: file to read; opened anew for each attempt.
    """

    def __init__(self, path: "str | PathLike[str]") -> None:
        self.path = path

    def open(self) -> "Reader":
        """A reader of the escaped text; its errors name the file."""
        return _TextFileReader(self.path)

    def __repr__(self) -> str:
        return "%s(%r)" % (type(self).__name__, self.path)


@public
class Base64File(Source):
    """The bytes of a file as base64, after a fixed prefix.

    Args:
        path: file to read; opened anew for each attempt.
        prefix: text before the base64, e.g. "data:image/jpeg;base64,".
    """

    def __init__(self, path: "str | PathLike[str]", prefix: str = "") -> None:
        self.path = path
        self.prefix = prefix

    def open(self) -> "Reader":
        """A reader of prefix and base64."""
        return _Base64FileReader(self.path, self.prefix)

    def __repr__(self) -> str:
        return "%s(%r)" % (type(self).__name__, self.path)


@public
class DataURL(Base64File):
    """A file as a data: URL (RFC 2397), as image and audio parts take it.

    Args:
        path: file to read; opened anew for each attempt.
        media_type: e.g. "image/jpeg"; None: by the ending of the path.

    Raises:
        ValueError: no media type is known for the ending.
    """

    def __init__(self, path: "str | PathLike[str]", media_type: "str | None" = None) -> None:
        super().__init__(path, "data:%s;base64," % (media_type or media_type_of(path)))


def media_type_of(path: "str | PathLike[str]") -> str:
    """The media type that the ending of a path stands for.

    Raises:
        ValueError: it is not known.
    """
    start = str(path).lower().split(".")[-1] + "="
    for entry in _MEDIA_TYPES.split():
        if entry.startswith(start):
            return entry[len(start) :]
    raise ValueError("no media type is known for %r: give media_type" % (path,))


class _FileReader(Reader):
    # Reads a file through one buffer.
    def __init__(self, path: "str | PathLike[str]", size: int) -> None:
        self._path = path
        self._file = open(path, "rb")  # noqa: SIM115 - closed by close(), on every path
        self._buffer = bytearray(size)
        self._view = memoryview(self._buffer)
        try:
            size = self._file.seek(0, 2)
            self._file.seek(0)
        except OSError:
            return  # a pipe has no size
        self.size = size

    def _fill(self, start: int) -> int:
        # Reads until the buffer is full or the file ends; returns where the bytes end.
        end = start
        while end < len(self._buffer):
            count = self._file.readinto(self._view[end:])
            if not count:
                break
            end += count
        return end

    def close(self) -> None:
        self._file.close()


class _TextFileReader(_FileReader):
    def __init__(self, path: "str | PathLike[str]") -> None:
        super().__init__(path, PIECE)
        self._kept = 0  # bytes of a character whose rest is not read yet
        self._done = 0  # bytes of the file that were sent

    def read_piece(self) -> "bytes | memoryview":
        end = self._fill(self._kept)
        size = end - unfinished(self._view, end) if end == PIECE else end
        try:
            piece = escape(str(self._view[:size], "utf-8")) if size else b""
        except UnicodeError as error:
            at = self._done + getattr(error, "start", 0)
            raise EncodeError("%s is not UTF-8 near byte %d" % (self._path, at), "", error)
        self._kept = end - size
        self._view[: self._kept] = self._view[size:end]
        self._done += size
        return piece


class _Base64FileReader(_FileReader):
    def __init__(self, path: "str | PathLike[str]", prefix: str) -> None:
        super().__init__(path, _BASE64_PIECE)
        self._prefix: bytes | memoryview = escape(prefix)

    def read_piece(self) -> "bytes | memoryview":
        if self._prefix:
            prefix, self._prefix = self._prefix, b""
            return prefix
        return base64(self._view[: self._fill(0)])


class _Stream(Source):
    # What is produced: by `factory` for each attempt, or by an iterable in its place.
    stored = False

    def __init__(self, factory: object) -> None:
        self._factory: Any = factory
        one_shot = hasattr(factory, "__next__") or hasattr(factory, "__anext__")
        self.replayable = callable(factory) or not one_shot

    def _iterable(self) -> object:
        return self._factory() if callable(self._factory) else self._factory

    def __repr__(self) -> str:
        return type(self).__name__


@public
class TextStream(_Stream):
    """Text from an iterable of str, as one JSON string.

    Args:
        factory: called for each attempt, returns an iterable of str, plain or async. An iterable
            in its place will do; if it is a one-shot iterator, the request is sent once.
    """

    def __init__(self, factory: "Callable[[], Texts] | Texts") -> None:
        super().__init__(factory)

    def open(self) -> "Reader":
        """A reader of the escaped text."""
        return _TextStreamReader(self._iterable())


@public
class BytesStream(_Stream):
    """Bytes from an iterable of bytes, as base64 after a fixed prefix.

    Args:
        factory: called for each attempt, returns an iterable of bytes, plain or async (live
            audio). An iterable in its place will do; a one-shot iterator is sent once.
        prefix: text before the base64, e.g. "data:audio/wav;base64,".
    """

    def __init__(self, factory: "Callable[[], Blocks] | Blocks", prefix: str = "") -> None:
        super().__init__(factory)
        self.prefix = prefix

    def open(self) -> "Reader":
        """A reader of prefix and base64."""
        return _BytesStreamReader(self._iterable(), self.prefix)


class _StreamReader(Reader):
    # Pulls items; what becomes of one is up to the subclass: it takes an item, makes pieces of it
    # until one is empty, and may have a last one when there are no more items.
    if TYPE_CHECKING:

        def _take(self, item: object) -> None: ...

        def _piece(self) -> bytes | memoryview: ...

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

    def _last(self) -> "bytes | memoryview":
        return b""


class _TextStreamReader(_StreamReader):
    def __init__(self, iterable: object) -> None:
        super().__init__(iterable)
        self._text = TextReader("")

    def _take(self, item: object) -> None:
        if not isinstance(item, str):
            raise EncodeError("TextStream takes str, not %s" % type(item).__name__, "")
        self._text = TextReader(item)

    def _piece(self) -> "bytes | memoryview":
        return self._text.read_piece()


class _BytesStreamReader(_StreamReader):
    def __init__(self, iterable: object, prefix: str) -> None:
        super().__init__(iterable)
        self._prefix: bytes | memoryview = escape(prefix)
        self._block: memoryview = memoryview(b"")
        self._rest = b""  # less than three bytes, which base64 cannot take yet

    def _take(self, item: object) -> None:
        if not isinstance(item, (bytes, bytearray, memoryview)):
            raise EncodeError("BytesStream takes bytes, not %s" % type(item).__name__, "")
        self._block = memoryview(item)

    def _piece(self) -> "bytes | memoryview":
        if self._prefix:
            prefix, self._prefix = self._prefix, b""
            return prefix
        data = self._rest + bytes(self._block[: _BASE64_PIECE - len(self._rest)])
        self._block = self._block[_BASE64_PIECE - len(self._rest) :]
        whole = len(data) // 3 * 3
        self._rest = data[whole:]
        return base64(data[:whole])

    def _last(self) -> "bytes | memoryview":
        rest, self._rest = self._rest, b""
        return base64(rest)
