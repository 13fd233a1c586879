"""CPython's answers to the questions of _compat.py: C JSON scanner; the
encoders are in cpython/codec/json_text.py. Every
function here has a twin of the same name in _micropython.py, which is never read on this runtime;
tests/shared holds both to the same results.
"""

import _thread
import binascii
import functools
import importlib
import itertools
import json
import os
import re
import time
from functools import lru_cache

from thinwire._public import public as public
from thinwire.cpython.codec.json_text import PIECE as PIECE
from thinwire.cpython.codec.json_text import encode_run as encode_run
from thinwire.cpython.codec.json_text import encode_small as encode_small
from thinwire.cpython.codec.json_text import escape as escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import BinaryIO, TypeVar

    T = TypeVar("T")

HEAD_LIMIT = 32768  # of one response head, bytes; node and nginx allow about as much
BUFFER = 65536  # receive buffer, bytes
EVENT_LIMIT = 16777216  # largest server-sent event, bytes
GROWTH = 4  # of the receive buffer; old and new one together stay near its limit
KEEP_HEADERS = "known"  # which of a response are kept where the caller does not say
LINE_LIMIT = -1  # of a line of a file that is read as it is, bytes; here there is none
BODY_LIMIT = 65536  # how much of an error body is read, bytes

_CLOCK_IS_SET = 1704067200  # 2024-01-01; a clock that shows less was never set

# The grammar of wire/json_grammar.py.
_decoder = json.JSONDecoder(strict=False)
_parse = _decoder.decode
# Without white space around it.
_scan: "Callable[[str, int], tuple[object, int]]" = _decoder.scan_once  # type: ignore[attr-defined]
# Puts a file in the place of another, or of none, in one step.
replace_file = os.replace


class _Loaded(dict[str, "ModuleType"]):
    # Wholly: sys.modules has what another thread is at, too.
    def __missing__(self, name: str) -> "ModuleType":
        found = self[name] = importlib.import_module(name)
        return found


def remove_file(path: "str | os.PathLike[str]") -> None:
    """Removes a file; a pipe or a device, which was there before, stays."""
    if os.path.isfile(path):
        os.remove(path)


class disk:
    """What keeps several processes from harming a file, and makes it outlive a power failure."""

    @staticmethod
    def hold(path: "str | os.PathLike[str]") -> "BinaryIO | None":
        """Keeps everybody else from holding the file, made where there is none, until what it
        returns is closed; None where the system has no such locks (Windows, some file systems)."""
        try:
            import fcntl  # few programs have histories on disk
        except ImportError:  # pragma: no cover (Windows)
            return None
        while True:
            file = open(path, "ab", 0)  # noqa: SIM115 - closed by the caller
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
            except OSError:
                file.close()
                return None
            # Who held it before may have put another in its place.
            if _is_at(path, file):
                return file
            file.close()

    @staticmethod
    def is_held(path: "str | os.PathLike[str]") -> bool:
        """Whether somebody is at it right now."""
        try:
            import fcntl

            with open(path, "rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (ImportError, OSError) as error:
            return isinstance(error, BlockingIOError)
        return False

    @staticmethod
    def sync(file: "BinaryIO") -> None:
        """Waits until what was written is on the disk."""
        os.fsync(file.fileno())

    @staticmethod
    def sync_folder(path: "str | os.PathLike[str]") -> None:
        """Waits until the name of a file is on the disk; Windows does so by itself."""
        if os.name == "posix":  # pragma: no branch (Windows)
            folder = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


def _is_at(path: "str | os.PathLike[str]", file: "BinaryIO") -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


def make_folder(path: "str | os.PathLike[str]") -> None:
    """Makes a folder, and those above it; harmless where it is there."""
    os.makedirs(path, exist_ok=True)


# How what is loaded late is imported where much follows; what comes back is the module itself.
_loaded = _Loaded()
import_module: "Callable[[str], ModuleType]" = _loaded.__getitem__


def forget_module(name: str) -> None:
    """Gives back the memory of a module that is asked for once; loaded anew where it is again."""


# A variable of the environment, None where it is not set, or where there is none.
getenv = os.getenv


def toml_document(data: bytes) -> "dict[str, object]":
    """What a TOML file holds; None on a chip, which has no parser for it.

    Raises:
        ValueError: it is no TOML, or not in UTF-8.
    """
    import tomllib  # few configurations are TOML

    try:
        return tomllib.loads(data.decode())
    except RecursionError:
        pass
    raise ValueError("it is nested too deeply")


# Records that may not change set their fields past their own __setattr__.
set_field = object.__setattr__


def const(value: "T") -> "T":
    """MicroPython's compile-time constant; here just `value`.

    Its compiler puts the number in the place of each `_NAME`, and leaves the name out. Where it is
    told that TYPE_CHECKING is const(False), it leaves out what only type checkers read: 4 KB of
    flash in all (measured).
    """
    return value


def mend_imports() -> None:
    """After a MemoryError: takes care that what could not be imported can be, another time."""


def make_room() -> None:
    """Collects garbage before large blocks are needed, where the heap is small."""


async def nothing() -> None:
    """What to await where there is nothing to do. On a chip it takes no memory."""


def warn(message: str) -> None:
    """Tells whoever called the caller of a mistake that was made up for."""
    import warnings

    warnings.warn(message, stacklevel=3)


def documented(function: "T", like: "Callable[..., object]") -> "T":
    """Gives a function the name, arguments and words of another one, for help() and editors."""
    return functools.update_wrapper(function, like)  # type: ignore[return-value, arg-type]


def is_awaitable(value: object) -> bool:
    """Whether `await value` makes sense."""
    return hasattr(value, "__await__")


def is_async(function: object) -> bool:
    """Whether what a callable gives has to be awaited, as far as it shows without calling it."""
    import inspect

    found = inspect.iscoroutinefunction
    return found(function) or found(getattr(function, "__call__", None))  # noqa: B004


def claim(error: MemoryError) -> None:
    """Takes note that code of the caller's raised `error`, which ends the call as it is.

    Errors of ours carry `foreign` for that, and so can this one. On a chip a built-in error can
    carry nothing: there it is remembered, until the next one; nothing runs in between.
    """
    error.foreign = True  # type: ignore[attr-defined]


def is_claimed(error: BaseException) -> bool:
    """Whether code of the caller's raised it. To be asked once: a chip forgets it then, or its
    traceback would stay."""
    return getattr(error, "foreign", False)


class PortableError(Exception):
    """Base of our errors: an Exception that pickles and copies with all its fields.

    An Exception is made anew from its `args`, which are not the arguments of its class: one that
    takes two fails where it arrives, and a pool of processes hangs or breaks with it. This one is
    made without its class's own `__init__`.
    """

    cause: "BaseException | None" = None

    def __copy__(self) -> "PortableError":
        result = _unmade(type(self), self.args)
        result.__dict__.update(self.__dict__)
        result.__cause__ = self.__cause__
        return result

    def __reduce__(self) -> "tuple[object, ...]":
        state = dict(self.__dict__, cause=_portable(self.cause))
        return _unmade, (type(self), self.args), state

    def __setstate__(self, state: "dict[str, object] | None") -> None:
        self.__dict__.update(state or {})
        one_story(self)


def _unmade(kind: "type[PortableError]", args: "tuple[object, ...]") -> PortableError:
    # An error whose fields are still to be set.
    error: PortableError = kind.__new__(kind, *args)
    error.args = args
    return error


def _portable(cause: "BaseException | None") -> "BaseException | None":
    # The cause itself or, where it cannot be had again from a pickle, its repr.
    if cause is None or isinstance(cause, PortableError):
        return cause
    import pickle  # only who sends errors about needs it

    try:
        pickle.loads(pickle.dumps(cause))
    except Exception:  # whatever the class of a stranger does when it is made anew
        return Exception(repr(cause))
    return cause


def one_story(error: PortableError) -> None:
    """Leaves of what led to an error one cause, for whoever prints it.

    `__cause__` is what a library below or the system raised, and not what became of it on its way
    up; of the way the traceback shows what is above the caller who raises `error` next.
    """
    cause = error.cause
    while isinstance(cause, PortableError):
        cause = cause.cause
    error.__cause__ = cause  # which also keeps Python from showing what was being handled
    error.__traceback__ = None


# What EncodeError is beside: a request that cannot be encoded is a wrong value.
WrongValue = ValueError
LackOfMemory = MemoryError


def base64(data: "bytes | memoryview") -> bytes:
    """Base64 of `data`, without a line end (RFC 4648 §4)."""
    return binascii.b2a_base64(data, newline=False)


# The bytes that base64 stands for; ValueError where it is none.
from_base64 = binascii.a2b_base64
threads = _thread


def unix_time() -> int:
    """Seconds since 1970 (UTC) by the wall clock, 0 when it is not set."""
    now = int(time.time())
    return now if now >= _CLOCK_IS_SET else 0


def fraction() -> float:
    """A random number in [0, 1)."""
    import random  # costs as much as all the rest of core, and few programs ever retry

    return random.random()


def random_id() -> str:
    """Nine letters and digits that no other call of this returns."""
    return os.urandom(5).hex()[:9]


# Text is cut by positions in "units": characters here, UTF-8 bytes on MicroPython, where
# slicing a str by characters walks it from its start.


def text_units(text: str) -> str:
    """What positions in `text` count."""
    return text


def text_end(units: str, start: int, size: int) -> int:
    """End of the piece of at most `size` units from `start`, never inside a character."""
    return min(start + size, len(units))


def text_piece(units: str, start: int, end: int) -> str:
    """The text between two positions."""
    return units[start:end]


def decode(buffer: "bytearray | bytes", start: int, end: int) -> str:
    """Text of the UTF-8 in buffer[start:end]; what is invalid becomes U+FFFD."""
    return buffer[start:end].decode("utf-8", "replace")


# Another parser, see cpython/codec/fast_json.py.
_fast: "Callable[[bytes], object] | None" = None
_until_fast = 65536  # bytes still to be parsed until it is looked for: its import takes 20 ms


def _find_fast(size: int) -> "Callable[[bytes], object] | None":
    global _fast, _until_fast
    _until_fast -= size
    if _until_fast < 0:
        try:
            _fast = import_module("thinwire.cpython.codec.fast_json").decode
        except ImportError:
            pass  # nobody has installed it
    return _fast


def loads(buffer: "bytearray | bytes", start: int, end: int, deltas: bool = False) -> object:
    """The JSON value in buffer[start:end].

    Args:
        buffer, start, end: where its UTF-8 stands.
        deltas: keep halves of surrogate pairs at the edges of texts; see join_surrogates.

    Raises:
        ValueError: there is none, or it is nested too deeply.
    """
    fast = _fast or (_find_fast(end - start) if _until_fast >= 0 else None)
    if fast is not None:
        try:
            return fast(bytes(buffer[start:end]))
        except ValueError:
            pass  # json says what it is
    text = decode(buffer, start, end)
    try:
        try:
            value, end = _scan(text, 0)
        except StopIteration:
            end = -1
        if end != len(text):  # or white space, as few servers send it
            value = _parse(text)
        if "\\ud" in text or "\\uD" in text:
            from thinwire.core.wire.utf8 import join_surrogates  # few texts have any

            value = join_surrogates(value, deltas)  # lone ones have no text, and break print()
    except RuntimeError:  # RecursionError: thousands of brackets
        raise ValueError("nested too deeply") from None
    return value


def loads_whole(data: "bytearray | bytes", deltas: bool = False) -> object:
    """The JSON value that is all of `data`.

    Args:
        data: UTF-8 text.
        deltas: see loads.

    Raises:
        ValueError: there is none, its end is missing, or it is nested too deeply.
    """
    return loads(data, 0, len(data), deltas)  # the parser here never takes half of a value


def is_plain(buffer: bytearray, start: int, end: int) -> bool:
    """Whether buffer[start:end], not empty, stands for itself inside a JSON string.

    Then it is a text of whole characters, too.
    """
    return buffer.find(b'"', start, end) < 0 and buffer.find(b"\\", start, end) < 0


_simple = re.compile(rb'"(?:[^"\\]|\\["\\/bfnrt]|\\u[0-9a-ce-fA-CE-F][0-9a-fA-F]{3})*"').fullmatch


def unescaped(buffer: bytearray, start: int, end: int) -> "str | None":
    """The text of the JSON string in buffer[start:end], quotes and all; None where it is none, or
    might have a surrogate, and on a chip."""
    if _simple(buffer, start, end) is None:
        return None
    text, _ = _scan(decode(buffer, start, end), 0)
    return text  # type: ignore[return-value]


@lru_cache(1024)
def _chunk_size(line: bytes) -> int:
    # Of CR, LF and hex digits; of the last chunk, and of all that is otherwise, ValueError.
    digits = line[2:]
    size = 0 if digits.translate(None, b"0123456789abcdefABCDEF") else int(digits, 16)
    if not size or line[:2] != b"\r\n":
        raise ValueError
    return size


_SEVERAL = 1024  # bytes; in what is shorter there are few chunks


def _parted(data: bytes) -> "tuple[list[bytes], int]":
    # Data of the HTTP chunks that stand whole in `data`, and where they end, if the only line ends
    # are those around them, as where the lines of events end with LF; else none.
    parts = data.split(b"\r\n")  # nothing, size, data, size, data, ... and what follows
    lines, pieces = parts[1:-2:2], parts[2:-1:2]
    if lines and lines[-1] == b"0":
        lines.pop()
        pieces.pop()
    if not b"".join(lines).translate(None, b"0123456789abcdefABCDEF"):
        try:
            sizes = [*map(int, lines, itertools.repeat(16))]
        except ValueError:  # an empty line
            return [], 0
        lengths, digits = [*map(len, pieces)], [*map(len, lines)]
        if sizes == lengths and 0 not in sizes and max(digits, default=0) <= 16:
            return pieces, sum(sizes) + sum(digits) + 4 * len(sizes)
    return [], 0


_BLANKS = " \t\n\r\v\f"
_lines = re.compile(r"([^:]+):([^\r]*)\r\n").findall


class AtOnce:
    """HTTP/1.1 in pieces as large as they come; on a chip, where this is None, all of it is looked
    at byte by byte, since each piece would take memory of its own.

    Attributes:
        head: matches the whole head of a final response, if it is plain: its groups are version,
            status and header lines. What is not has to be looked at again.
        field: matches a request's header line, likewise.
    """

    head = re.compile(
        rb"(HTTP/1\.[01]) ([2-9][0-9][0-9])(?: [^\r\n]*)?\r\n"
        rb"((?:[!-9;-~]+:[^\r\n\0]*\r\n)*)\r\n"
    ).match
    field = re.compile(
        r"(?!(?i:content-length|transfer-encoding):)[0-9A-Za-z_-]+: [!-~](?:[ -~]*[!-~])?"
    ).fullmatch

    @staticmethod
    def pairs(lines: bytes) -> "list[tuple[str, str]]":
        """Names in lower case and values of header lines that `head` has found."""
        found = _lines(str(lines, "latin-1"))
        return [(name.lower(), value.strip(_BLANKS)) for name, value in found]

    @staticmethod
    def chunks(view: memoryview, at: int, end: int, out: int) -> "tuple[int, int, int]":
        """Takes the HTTP chunks that stand whole in view[at:end], as far as their sizes are
        nothing but hex digits.

        Args:
            out: where their data is moved to; 0: that of the first stays where it stands.

        Returns:
            Where the chunks end, and where their data begins and ends.
        """
        data = b"\r\n" + view[at:end]  # so that a line end stands in front of each size
        pieces, stop = _parted(data) if len(data) > _SEVERAL else ([], 0)
        last = stop
        try:
            while (line_end := data.find(b"\r\n", stop + 2, stop + 20)) > 0:
                size = _chunk_size(data[stop:line_end])
                last, stop = stop, line_end + 2 + size
                pieces.append(data[line_end + 2 : stop])
        except ValueError:
            pass  # whoever reads it byte by byte says what is wrong, if anything is
        if pieces and data[stop : stop + 2] != b"\r\n":  # the last one is not whole
            pieces.pop()
            stop = last
        begin = out
        if pieces and not out:
            begin = at + data.find(b"\r\n", 2)
            out = begin + len(pieces.pop(0))
        if pieces:
            moved = b"".join(pieces)
            view[out : out + len(moved)] = moved
            out += len(moved)
        return at + stop, begin, out


def has_half(text: str) -> bool:
    """Whether `text`, not empty, begins with a low or ends with a high surrogate."""
    return "\ud800" <= text[-1] <= "\udbff" or "\udc00" <= text[0] <= "\udfff"


class TextBuffer(list[str]):
    """Text that grows delta by delta; `append` adds to its end."""

    def value(self) -> str:
        """Everything appended so far."""
        if len(self) > 1:
            self[:] = ["".join(self)]
        return self[0] if self else ""

    def pieces(self) -> "list[str]":
        """The same in pieces."""
        return self
