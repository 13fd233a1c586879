# Streamed leaves: values that may stand wherever a request has a string and that are read while
# they are sent, so that a prompt of any size needs one small piece of memory.
#
# A source can be opened any number of times (each attempt opens it anew). What it opens is a
# reader: `read_piece()` gives the next few bytes exactly as they belong between the quotes of a
# JSON string, b"" at the end; `close()` may be called at any time, more than once.

from thinwire.core._compat import PIECE, base64, escape, text_end, text_piece, text_units
from thinwire.core.errors import EncodeError
from thinwire.core.utf8 import unfinished

_BASE64_PIECE = PIECE // 4 * 3  # a multiple of 3 (padding only at the end) that fills a piece


class Source:
    """Base of what may stand in place of a string and is read while it is sent."""

    def open(self) -> "Reader":
        """A new reader at the start. Raises OSError when the source cannot be opened."""
        raise NotImplementedError


class Reader:
    """Reads one source once."""

    def read_piece(self) -> "bytes | memoryview":
        """The next bytes between the quotes; empty at the end."""
        raise NotImplementedError

    def close(self) -> None:
        """Frees what the reader holds; harmless when called again."""


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


class TextReader(Reader):
    # A str that is too long to escape in one go.
    def __init__(self, text: str) -> None:
        self._units = text_units(text)
        self._at = 0

    def read_piece(self) -> "bytes | memoryview":
        start = self._at
        self._at = text_end(self._units, start, PIECE)
        return escape(text_piece(self._units, start, self._at))


class _FileReader(Reader):
    def __init__(self, path: str, size: int) -> None:
        self._path = path
        self._file = open(path, "rb")  # noqa: SIM115 - closed by close(), on every path
        self._buffer = bytearray(size)
        self._view = memoryview(self._buffer)

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
            raise EncodeError("%s is not UTF-8 near byte %d" % (self._path, at), "", error)


class _Base64FileReader(_FileReader):
    def __init__(self, path: str, prefix: str) -> None:
        super().__init__(path, _BASE64_PIECE)
        self._prefix: bytes | memoryview = escape(prefix)

    def read_piece(self) -> "bytes | memoryview":
        if self._prefix:
            prefix, self._prefix = self._prefix, b""
            return prefix
        return base64(self._view[: self._fill(0)])
