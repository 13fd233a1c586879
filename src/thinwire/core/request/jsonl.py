"""A conversation on disk: one message per line, read while it is sent, so that it is never in
memory as a whole, on a server's disk or on a chip's flash.

What is added at once, a question and its answer, say, is a turn: after a crash at any byte all of
its messages are there, or none. So each message that others of its turn follow has a mark before
it, white space that means nothing to JSON; a turn whose last lines are marked has no end, and is
as torn as a line without one. A file that somebody else wrote has no marks, and any tool that
reads JSON lines reads ours.
"""

from thinwire.core._compat import (
    BUFFER,
    LINE_LIMIT,
    PIECE,
    const,
    disk,
    import_module,
    loads_whole,
    public,
    remove_file,
    replace_file,
    warn,
)
from thinwire.core.errors import EncodeError
from thinwire.core.wire.json_encode import JSONEncoder

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from os import PathLike
    from typing import Any, BinaryIO

    from thinwire.core.answer.completion import Completion

    Message = Mapping[str, object] | Completion

_MORE = b"\t "  # before a message that others of its turn follow
_STEP = const(256)  # bytes blanked at a time
_MISSING = const(2)  # ENOENT


@public
class JSONLMessages:
    """The messages in a file of JSON lines; an iterable that starts anew each time.

    What stands at the end and is no whole turn is torn: the power failed, or the disk was full,
    while it was written. It is passed over with a warning (on a chip it is printed), and the next
    `append` or `extend` sets it aside.

    Whoever writes holds a lock (flock) where the system has it, so that processes and threads may
    share a file; on Windows, and on a chip, it is one process's.

    On a chip a long string of a line of more than 4 KiB, a photo, say, stays on the flash: in its
    place stands a source, whose len() is its size in bytes.

    Args:
        path: UTF-8 file with one message, a JSON object, per line. Blank lines are skipped.
        fsync: whether what was added is on the disk when `append` and `extend` return, so that it
            outlives a power failure, at some milliseconds each. Without, it outlives the process,
            however that ends. On a chip it always is on the flash.

    Errors of the iteration: OSError when the file cannot be read; EncodeError naming file and
    line when a line is no JSON object.
    """

    stored = True  # see JSONEncoder
    _required = True  # whether a file that is missing is an error

    def __init__(self, path: "str | PathLike[str]", fsync: bool = False) -> None:
        self.path = path
        self._fsync = fsync

    def __iter__(self) -> "_Lines":
        return _Lines(self.path, self._required)

    def newest(self, count: int) -> "Iterable[dict[str, Any]]":
        """The last messages, at most so many, to be read as often as need be. What stands before
        them is not looked at, so that a request of the newest costs no more when a conversation
        grows. What is added later comes with them.

        Raises: OSError when the file cannot be read.
        """
        lines = _Lines(self.path, self._required)
        try:
            return _Newest(self.path, self._required, lines.rewind(count))
        finally:
            lines.close()

    def append(self, message: "Message") -> None:
        """Adds a message, or an answer as its message, at the end of the file.

        Raises: as `extend`.
        """
        self.extend((message,))

    def extend(self, messages: "Iterable[Message]") -> None:
        """Adds the messages of a turn at the end of the file: all of them, or none.

        A last line without its end gets one (editors leave it out). A torn turn is added to a file
        of the same name with ".torn" behind it, and blanked where it stood. Sources (TextFile,
        DataURL) are read into the file piece by piece.

        Raises:
            EncodeError: a message holds what JSON cannot carry, or a source that can be read only
                once, or has to be awaited; nothing is added then.
            OSError: the file cannot be written.
        """
        _recover(self.path)
        held = disk.hold(self.path) if disk is not None else None
        try:
            with _opened(self.path) as file:
                end = self._mend(file)
                try:
                    _write(file, messages, _MORE)
                    self._keep(file, not end)
                except BaseException:
                    _take_back(file, end)
                    raise
        finally:
            if held:
                held.close()

    def replace(self, messages: "Iterable[Message]") -> None:
        """Puts other messages in the place of all: after a crash the file has the old ones, or the
        new ones.

        Args:
            messages: may be read from this very file while it is replaced.

        Raises: as `extend`; the file is as it was then.
        """
        _recover(self.path)
        held = disk.hold(self.path) if disk is not None else None
        part, new = _beside(self.path)
        try:
            try:
                with open(part, "wb", 0) as file:
                    _write(file, messages, b"")
                    self._keep(file, True, True)
                # Not all file systems put a file in the place of another in one step (FAT): until
                # they have, what is whole has a name that says so.
                replace_file(part, new)
            except BaseException:
                _remove(part)  # a full flash must not fill up with what did not fit
                raise
            replace_file(new, self.path)
            if self._fsync and disk is not None:
                disk.sync_folder(self.path)
        finally:
            if held:
                held.close()

    def delete(self) -> None:
        """Removes the file and what stands beside it, torn turns as well; harmless when there is
        none."""
        for path in _beside(self.path) + ("%s.torn" % (self.path,), self.path):
            _remove(path)

    def _keep(self, file: "BinaryIO", new: bool, fsync: bool = False) -> None:
        # What was written is to stay; on a chip this brings it onto the flash.
        file.flush()
        if disk is not None and (fsync or self._fsync):
            disk.sync(file)
            if new:
                disk.sync_folder(self.path)

    def _mend(self, file: "BinaryIO") -> int:
        # Sets aside what is torn, ends the last line; the size of the file then.
        torn = _tail(file)[1]
        end = file.seek(0, 2)
        if torn >= 0:
            file.seek(torn)
            with open("%s.torn" % (self.path,), "ab") as aside:
                piece = file.read(BUFFER)
                while piece:
                    last = piece[-1]
                    aside.write(piece)
                    piece = file.read(BUFFER)
                if last != 10:
                    aside.write(b"\n")
            _blank(file, torn, end)
            warn("the torn end of %s was moved to %s.torn" % (self.path, self.path))
        if end:
            file.seek(end - 1)
            if file.read(1) != b"\n":
                _write_all(file, b"\n")
                end += 1
        return end

    def __repr__(self) -> str:
        return "JSONLMessages(%r)" % (self.path,)


_TORN = object()
_NONE = object()
_MARK = b"\xef\xbb\xbf"  # what some editors put before UTF-8


def _value(line: bytes) -> object:
    # The value that a line is, _TORN: it is none. A message cut anywhere is none.
    try:
        return loads_whole(line)
    except ValueError:
        return _TORN


def _beside(path: "str | PathLike[str]") -> "tuple[str, str]":
    # What is being written in place of the file, and what is to be put there.
    return "%s.part" % (path,), "%s.new" % (path,)


def _recover(path: "str | PathLike[str]") -> None:
    # Goes on where `replace` ended between two steps, on a file system that needs two.
    try:
        open(path, "rb").close()
    except OSError as error:
        if error.args[:1] == (_MISSING,):
            try:
                replace_file(_beside(path)[1], path)
            except OSError:
                pass  # there is none


def _opened(path: "str | PathLike[str]") -> "BinaryIO":
    # To be read and written, without a buffer in between; made where there is none.
    try:
        return open(path, "r+b", 0)
    except OSError as error:
        if error.args[:1] != (_MISSING,):
            raise
    open(path, "ab").close()
    return open(path, "r+b", 0)


def _remove(path: "str | PathLike[str]") -> None:
    try:
        remove_file(path)
    except OSError as error:  # pragma: no cover (MicroPython)
        if error.args[:1] != (_MISSING,):
            raise


def _tail(file: "BinaryIO") -> "tuple[int, int]":
    # Where the last whole turn ends, and where what is torn behind it begins, -1: nothing is.
    size = end = file.seek(0, 2)
    torn = -1
    while end:
        start = _line_start(file, end)
        if _first(file, start, end) < end:
            file.seek(start)
            if file.read(len(_MORE)) != _MORE and (end < size or _is_whole(file, start)):
                break
            torn = start
        end = start
    return end, torn


def _line_start(file: "BinaryIO", end: int) -> int:
    # Where the line begins that ends at `end`, with its line end or without.
    start = end - 1
    while start:
        before = max(start - PIECE, 0)
        file.seek(before)
        found = file.read(start - before).rfind(b"\n")
        if found >= 0:
            return before + found + 1
        start = before
    return 0


def _first(file: "BinaryIO", start: int, end: int) -> int:
    # Where the first byte stands that is no white space; `end` when there is none.
    file.seek(start)
    while start < end:
        piece = file.read(min(end - start, PIECE))
        found = piece.lstrip()
        if found:
            return start + len(piece) - len(found)
        start += len(piece)
    return end


def _is_whole(file: "BinaryIO", start: int) -> bool:
    # Whether the last line has an end, or is a value that lacks nothing but one.
    file.seek(-1, 2)
    if file.read(1) == b"\n":
        return True
    file.seek(start)
    line = file.read(LINE_LIMIT)
    is_long = len(line) == LINE_LIMIT
    if not start and line[:3] == _MARK:
        start = 3
        line = line[3:]
    return (_long(file, "", start)[0] if is_long else _value(line)) is not _TORN


def _long(file: "BinaryIO", path: "str | PathLike[str]", start: int) -> "tuple[object, int]":
    # The value of a long line, _TORN: it is none; and where the next line begins.
    long_line: Any = import_module("thinwire.core.request.long_line")
    try:
        found: tuple[object, int] = long_line.read_long(file, path, start)
    except ValueError:
        found = _TORN, start
    return found


def _write(file: "BinaryIO", messages: "Iterable[Message]", mark: bytes) -> None:
    # A line for each, all but the last behind the mark; what fits into the buffer in one go.
    buffer = bytearray(BUFFER)
    used = 0
    items = iter(messages)
    message: Any = next(items, _NONE)
    while message is not _NONE:
        following: Any = next(items, _NONE)
        if hasattr(message, "to_message"):
            message = message.to_message()
        encoder = JSONEncoder(message, once=False)
        before = b"" if following is _NONE else mark
        try:
            while True:
                if used + 3 > len(buffer):
                    _write_all(file, memoryview(buffer)[:used])
                    used = 0
                buffer[used : used + len(before)] = before
                used += len(before)
                before = b""
                count = encoder.readinto(memoryview(buffer)[used:])
                if count is None:
                    raise EncodeError(
                        "what can be read only once, or is awaited, is not stored", ""
                    )
                used += count
                if not count:
                    break
        finally:
            encoder.close()
        buffer[used] = 10
        used += 1
        message = following
    _write_all(file, memoryview(buffer)[:used])


def _write_all(file: "BinaryIO", data: "bytes | memoryview") -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def _take_back(file: "BinaryIO", end: int) -> None:
    # What was written of a turn that failed; what cannot be is torn, and set aside another time.
    try:
        _blank(file, end, file.seek(0, 2))
    except OSError:
        pass


def _blank(file: "BinaryIO", start: int, end: int) -> None:
    # From its end: what is left of a torn turn, should the power fail once more, is torn too.
    stop = end
    while end > start:
        before = max(end - _STEP, start)
        file.seek(before)
        _write_all(file, b" " * (end - before))
        end = before
    # Lines that need no memory to be read.
    while start + _STEP < stop:
        start += _STEP
        file.seek(start)
        _write_all(file, b"\n")


class _Newest:
    stored = True

    def __init__(self, path: "str | PathLike[str]", required: bool, start: int) -> None:
        self._path = path
        self._required = required
        self._start = start

    def __iter__(self) -> "_Lines":
        return _Lines(self._path, self._required, self._start)

    def __repr__(self) -> str:
        return "the newest of %r" % (self._path,)


class _Lines:
    stored = True

    def __init__(self, path: "str | PathLike[str]", required: bool, start: int = 0) -> None:
        self._path = path
        self._start = start
        self._required = required
        self._number = 0
        self._file: BinaryIO | None = None
        self._at = start  # where the next line begins
        self._end = 0  # of the last whole turn
        self._ended = False

    def __iter__(self) -> "Iterator[dict[str, Any]]":
        return self

    def __next__(self) -> "dict[str, Any]":
        # Opened by the first step: an iterator that is only made leaves no file behind.
        if self._file is None and not self._ended:
            self._open()
        line = b""
        while self._at < self._end and self._file is not None and not line.strip():
            start = self._at
            line = self._file.readline(LINE_LIMIT)
            self._at += len(line)
            self._number += 1
            is_long = len(line) == LINE_LIMIT
            if not start and line[:3] == _MARK:
                line = line[3:]
                start = 3
        if not line.strip():
            self.close()
            raise StopIteration
        if is_long and self._file is not None:
            message, self._at = _long(self._file, self._path, start)
        else:
            message = _value(line)
        if not isinstance(message, dict):
            self.close()
            where = "line %d" % self._number
            if self._start:
                where = "line %d from byte %d on" % (self._number, self._start)
            raise EncodeError("%s, %s is no JSON object" % (self._path, where), "")
        return message

    def rewind(self, count: int) -> int:
        """Where the last lines begin, at most so many; blank ones do not count. Before a step."""
        self._open()
        start = self._end
        while count > 0 and start and self._file is not None:
            end, start = start, _line_start(self._file, start)
            if _first(self._file, start, end) < end:
                count -= 1
        return start

    def _open(self) -> None:
        _recover(self._path)
        try:
            self._file = open(self._path, "rb")  # noqa: SIM115 - closed at the end, or by close()
        except OSError as error:
            if self._required or error.args[:1] != (_MISSING,):
                raise
            self._ended = True
            return
        self._end, torn = _tail(self._file)
        # What another process is still writing is no turn yet, and not torn either.
        if torn >= 0 and (disk is None or not disk.is_held(self._path)):
            self._end, torn = _tail(self._file)
        else:
            torn = -1
        self._file.seek(self._start)
        if torn >= 0:
            warn("the end of %s is torn: it was passed over" % (self._path,))

    def __repr__(self) -> str:
        return "JSONLMessages(%r)" % (self._path,)

    def close(self) -> None:
        """Closes the file; harmless when called again."""
        self._ended = True
        self._end = 0
        if self._file is not None:
            self._file.close()
