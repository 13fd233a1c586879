# Streamed leaves: values that may stand wherever a request has a string and that are read while
# they are sent, so that a prompt of any size needs one small piece of memory.
#
# A source can be opened any number of times (each attempt opens it anew). What it opens is a
# reader: `read_piece()` gives the next few bytes exactly as they belong between the quotes of a
# JSON string, b"" at the end, None when `more()` has to be awaited first; `close()` may be called
# at any time, more than once. Sources that are no files are in source_streams.py.

from thinwire.core import _errors as errors
from thinwire.core._compat import PIECE, base64, const, escape
from thinwire.core.readers import Reader as Reader
from thinwire.core.readers import TextReader as TextReader
from thinwire.core.utf8 import unfinished

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import BinaryIO

BASE64_PIECE = PIECE // 4 * 3  # a multiple of 3 (padding only at the end) that fills a piece

# Media types by ending: what chat APIs take. The subtype is the ending unless named here.
_MEDIA_TYPES = (
    (("jpg", "jpeg", "png", "gif", "webp", "bmp", "heic", "svg"), "image"),
    (("wav", "mp3", "flac", "ogg", "opus", "aac", "m4a"), "audio"),
    (("mp4", "webm", "mov"), "video"),
    (("pdf", "json"), "application"),
    (("txt", "csv", "html", "md"), "text"),
)
_SUBTYPES = {
    "jpg": "jpeg",
    "svg": "svg+xml",
    "mp3": "mpeg",
    "m4a": "mp4",
    "mov": "quicktime",
    "txt": "plain",
    "md": "markdown",
}


class Source:
    """Base of what may stand in place of a string and is read while it is sent.

    Attributes:
        replayable: whether it can be opened again after it was read.
    """

    replayable = True

    def open(self) -> "Reader":
        """A new reader at the start. Raises OSError when the source cannot be opened."""
        raise NotImplementedError


class TextFile(Source):
    """The text of a UTF-8 file as one JSON string.

    Args:
        path: file to read; opened anew for each attempt.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def open(self) -> "Reader":
        """A reader of the escaped text; its errors name the file."""
        return _TextFileReader(self.path)

    def __repr__(self) -> str:
        return "%s(%r)" % (type(self).__name__, self.path)


class Base64File(Source):
    """The bytes of a file as base64, after a fixed prefix.

    Args:
        path: file to read; opened anew for each attempt.
        prefix: text before the base64, e.g. "data:image/jpeg;base64,".
    """

    def __init__(self, path: str, prefix: str = "") -> None:
        self.path = path
        self.prefix = prefix

    def open(self) -> "Reader":
        """A reader of prefix and base64."""
        return _Base64FileReader(self.path, self.prefix)

    def __repr__(self) -> str:
        return "%s(%r)" % (type(self).__name__, self.path)


class DataURL(Base64File):
    """A file as a data: URL (RFC 2397), as image and audio parts take it.

    Args:
        path: file to read; opened anew for each attempt.
        media_type: e.g. "image/jpeg"; None: by the ending of the path.

    Raises:
        ValueError: no media type is known for the ending.
    """

    def __init__(self, path: str, media_type: "str | None" = None) -> None:
        super().__init__(path, "data:%s;base64," % (media_type or _media_type(path)))


def _media_type(path: str) -> str:
    ending = str(path).lower().split(".")[-1]
    for endings, kind in _MEDIA_TYPES:
        if ending in endings:
            return kind + "/" + (_SUBTYPES.get(ending) or ending)
    raise ValueError("no media type is known for %r: give media_type" % (path,))


class _FileReader(Reader):
    def __init__(self, path: str, size: int) -> None:
        self._path = path
        self._file = open(path, "rb")  # noqa: SIM115 - closed by close(), on every path
        self._buffer = bytearray(size)
        self._view = memoryview(self._buffer)
        self.size = _size(self._file)

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


def _size(file: "BinaryIO") -> "int | None":
    try:
        size = file.seek(0, 2)
        file.seek(0)
    except OSError:  # a pipe has no size
        return None
    return size


class _TextFileReader(_FileReader):
    def __init__(self, path: str) -> None:
        super().__init__(path, PIECE)
        self._kept = 0  # bytes of a character whose rest is not read yet
        self._done = 0  # bytes of the file that were sent

    def read_piece(self) -> "bytes | memoryview":
        end = self._fill(self._kept)
        size = end - unfinished(self._view, end) if end == PIECE else end
        piece = self._escape(size)
        self._kept = end - size
        self._view[: self._kept] = self._view[size:end]
        self._done += size
        return piece

    def _escape(self, size: int) -> "bytes | memoryview":
        try:
            return escape(str(self._view[:size], "utf-8")) if size else b""
        except UnicodeError as error:
            at = self._done + getattr(error, "start", 0)
            raise errors.EncodeError("%s is not UTF-8 near byte %d" % (self._path, at), "", error)


class _Base64FileReader(_FileReader):
    def __init__(self, path: str, prefix: str) -> None:
        super().__init__(path, BASE64_PIECE)
        self._prefix: bytes | memoryview = escape(prefix)

    def read_piece(self) -> "bytes | memoryview":
        if self._prefix:
            prefix, self._prefix = self._prefix, b""
            return prefix
        return base64(self._view[: self._fill(0)])
