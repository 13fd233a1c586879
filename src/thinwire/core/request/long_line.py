"""A message on disk that is too long for a chip's memory, a photo, say, in one line of a file.

It is read without its long strings: in the place of each stands a source, which is read from the
file while the message is sent. What stands there between the quotes is JSON's spelling already,
and goes out as it is. CPython has the memory, and reads such lines like others.
"""

from thinwire.core._compat import PIECE, const, loads_whole
from thinwire.core.errors import EncodeError
from thinwire.core.wire.json_encode import Reader

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from os import PathLike
    from typing import Any, BinaryIO

_LONGEST = const(1024)  # bytes of a string that is read as such
_STAND_IN = b"\\u0000"  # how what stands in for a string begins; whatever does becomes a source


class StoredText:
    """A string of a JSON file; a source (request/sources.py).

    Args:
        path: of the file, which must not be changed before `start + size`.
        start: where the string begins, behind its quote, in bytes.
        size: its bytes up to the closing quote, as they stand in the file.
    """

    replayable = True
    stored = True

    def __init__(self, path: "str | PathLike[str]", start: int, size: int) -> None:
        self._path = path
        self._start = start
        self._size = size

    def open(self) -> "Reader":
        """A reader of the string; its errors name the file."""
        return _StoredReader(self._path, self._start, self._size)

    def __len__(self) -> int:
        return self._size

    def __repr__(self) -> str:
        return "StoredText(%r, %d, %d)" % (self._path, self._start, self._size)


class _StoredReader(Reader):
    def __init__(self, path: "str | PathLike[str]", start: int, size: int) -> None:
        self.size = size
        self._left = size
        self._file = open(path, "rb")  # noqa: SIM115 - closed by close(), on every path
        # The quotes: another file may have taken its place meanwhile.
        self._file.seek(start + size)
        after = self._file.read(1)
        self._file.seek(start - 1)
        if after != b'"' or self._file.read(1) != b'"':
            self._file.close()
            raise EncodeError("%s has changed since it was read" % (path,), "")

    def read_piece(self) -> bytes:
        piece = self._file.read(min(self._left, PIECE))
        self._left -= len(piece)
        return piece

    def close(self) -> None:
        self._file.close()


def read_long(
    file: "BinaryIO", path: "str | PathLike[str]", start: int, longest: int = _LONGEST
) -> "tuple[object, int]":
    """The value of one line, with sources in the place of its long strings.

    Args:
        file: where it stands; at the end of the line afterwards.
        path: of the file.
        start: where the line begins, in bytes.
        longest: bytes of a string that is none of the long ones.

    Returns:
        The value, and where the next line begins.

    Raises:
        ValueError: it is no JSON, or has no end.
    """
    sources: list[StoredText] = []
    short = bytearray()  # the line, with stand-ins
    string = -1  # where in the file the string begins that is being read; -1: none is
    mark = 0  # ... and in `short`
    skip = 0  # bytes of an escape that stand in the next block
    at = start
    end = -1
    file.seek(start)
    block = file.read(PIECE)
    while block and end < 0:
        place = 0
        while place < len(block) and end < 0:
            from_here = place
            stop = block.find(b'"', place + skip)
            if stop < 0:
                stop = len(block)
            if string < 0:
                line_end = block.find(b"\n", place, stop)
                if line_end >= 0:
                    end = at + line_end + 1
                    stop = line_end
                elif stop < len(block):
                    stop += 1
                    string = at + stop
                place = stop
                short.extend(block[from_here:stop])
                mark = len(short)
                continue
            escape = block.find(b"\\", place + skip, stop)
            skip = 0
            if escape >= 0:
                stop = min(escape + 2, len(block))
                skip = escape + 2 - stop
            if len(short) - mark <= longest:
                short.extend(block[from_here:stop])
            place = stop
            if escape < 0 and stop < len(block):
                size = at + stop - string
                if size > longest or short[mark:].startswith(_STAND_IN):
                    short = short[:mark]
                    short.extend(_STAND_IN + b"%d" % len(sources))
                    sources.append(StoredText(path, string, size))
                short.extend(b'"')
                string = -1
                place += 1
        at += len(block)
        block = file.read(PIECE)
    end = end if end >= 0 else at
    value = _filled(loads_whole(short), sources)
    file.seek(end)
    return value, end


def _filled(value: "Any", sources: "list[StoredText]") -> "Any":
    # With the sources in their places.
    if isinstance(value, str) and value[:1] == "\0":
        return sources[int(value[1:])]
    if isinstance(value, list):
        return [_filled(item, sources) for item in value]
    if isinstance(value, dict):
        for name in value:
            if name[:1] == "\0":
                raise ValueError("a key is too long")
        return {name: _filled(item, sources) for name, item in value.items()}
    return value
