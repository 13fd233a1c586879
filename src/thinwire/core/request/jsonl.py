"""A conversation on disk: one message per line, read while it is sent, so that it is never in
memory as a whole, on a server's disk or on a chip's flash.
"""

from thinwire.core._compat import const, loads_whole, public, warn
from thinwire.core.errors import EncodeError
from thinwire.core.wire.json_encode import encoded

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike
    from typing import Any, BinaryIO

    from thinwire.core.answer.completion import Completion

_STEP = const(256)  # bytes looked through or overwritten at a time


@public
class JSONLMessages:
    """The messages in a file of JSON lines; an iterable that starts anew each time.

    A last line that is no whole JSON value is torn: the power failed, or the disk was full, while
    it was written. It is passed over with a warning (on a chip it is printed), and the next
    `append` sets it aside.

    Args:
        path: UTF-8 file with one message, a JSON object, per line. Blank lines are skipped.

    Errors of the iteration: OSError when the file cannot be read; EncodeError naming file and
    line when a line is no JSON object.
    """

    stored = True  # see JSONEncoder

    def __init__(self, path: "str | PathLike[str]") -> None:
        self.path = path

    def __iter__(self) -> "_Lines":
        return _Lines(self.path)

    def append(self, message: "Mapping[str, object] | Completion") -> None:
        """Adds a message, or an answer as its message, at the end of the file.

        A last line without its end gets one (editors leave it out). A torn one is added to a file
        of the same name with ".torn" behind it, and blanked where it stood.

        Raises:
            EncodeError: the message holds what JSON cannot carry; nothing is written then.
            OSError: the file cannot be written.
        """
        line = encoded(message.to_message() if hasattr(message, "to_message") else message)
        line.extend(b"\n")
        self._end_last_line()
        with open(self.path, "ab") as file:
            file.write(line)

    def _end_last_line(self) -> None:
        try:
            file = open(self.path, "r+b")  # noqa: SIM115 - closed below
        except OSError:
            return  # there is none yet, or it can only be added to
        with file:
            end = file.seek(0, 2)
            start = _last_line(file, end)
            if start == end:
                return
            file.seek(start)
            line = file.read()
            torn = line.strip() and _value(line) is _TORN
            if torn:
                with open("%s.torn" % (self.path,), "ab") as aside:
                    aside.write(line)
                    aside.write(b"\n")
                _blank(file, start, end)
            file.seek(end)
            file.write(b"\n")
        if torn:
            warn("the torn last line of %s was moved to %s.torn" % (self.path, self.path))

    def __repr__(self) -> str:
        return "JSONLMessages(%r)" % (self.path,)


_TORN = object()
_MARK = b"\xef\xbb\xbf"  # what some editors put before UTF-8


def _value(line: bytes) -> object:
    # The value that a line is, _TORN: it is none. A message cut anywhere is none.
    try:
        return loads_whole(line)
    except ValueError:
        return _TORN


def _last_line(file: "BinaryIO", end: int) -> int:
    # Where the last line begins that has no end; `end` when there is none.
    start = end
    while start:
        before = max(start - _STEP, 0)
        file.seek(before)
        found = file.read(start - before).rfind(b"\n")
        if found >= 0:
            return before + found + 1
        start = before
    return 0


def _blank(file: "BinaryIO", start: int, end: int) -> None:
    # From its end: what is left of a torn line, should the power fail once more, is torn too.
    while end > start:
        before = max(end - _STEP, start)
        file.seek(before)
        file.write(b" " * (end - before))
        end = before


class _Lines:
    stored = True

    def __init__(self, path: "str | PathLike[str]") -> None:
        self._path = path
        self._number = 0
        self._file: BinaryIO | None = None
        self._ended = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> "dict[str, Any]":
        # Opened by the first step: an iterator that is only made leaves no file behind.
        if self._file is None:
            self._file = open(self._path, "rb")  # noqa: SIM115 - closed at the end, or by close()
        line = b"" if self._ended else b"\n"
        while line and not line.strip():
            line = self._file.readline()
            self._number += 1
            if self._number == 1 and line[:3] == _MARK:
                line = line[3:]
        message = _value(line) if line else _TORN
        if message is _TORN and not line.endswith(b"\n"):
            self.close()
            if line:
                warn("the last line of %s is torn: it was passed over" % (self._path,))
            raise StopIteration
        if not isinstance(message, dict):
            self.close()
            raise EncodeError("%s, line %d is no JSON object" % (self._path, self._number), "")
        return message

    def __repr__(self) -> str:
        return "JSONLMessages(%r)" % (self._path,)

    def close(self) -> None:
        """Closes the file; harmless when called again."""
        self._ended = True
        if self._file is not None:
            self._file.close()
