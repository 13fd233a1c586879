"""What counts as JSON, the same on both runtimes: RFC 8259, and two things beside it that servers
and models write and whose meaning is plain: NaN, Infinity and -Infinity where a number stands
(Python's json module writes them), and control characters inside strings.

CPython's parser reads just that. MicroPython's does not know the numbers, and takes much that is
broken for whole: `{"a" 1}`, `[1}`, `{"a": 01,}`. So what it refuses is looked through for those
numbers (`with_numbers`), and what somebody acts on, the arguments of a call or a whole document,
is checked before (`check`). Runtime-neutral on purpose: the tests hold it against CPython's own.

Loaded on MicroPython, with the first of either.
"""

from thinwire.core._compat import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable

# What may come next: a value, or the end of the list that has just begun; a key, or the end of
# the object; a colon; a comma, or the end of what is open.
_VALUE = const(0)
_FIRST_VALUE = const(1)
_KEY = const(2)
_FIRST_KEY = const(3)
_COLON = const(4)
_NEXT = const(5)

_SPACE = const(b" \t\r\n")
_ENDS = const(b' \t\r\n,:[]{}"')  # behind a number or a word
_WORDS = (b"true", b"false", b"null", b"NaN", b"Infinity", b"-Infinity")
_HEX = const(b"0123456789abcdefABCDEF")
_ESCAPES = const(b'"\\/bfnrt')
_NAN = const("\0NaN\0")


def check(data: "bytes | bytearray") -> None:
    """Passes if `data` is one JSON value, as far as its form goes.

    Raises:
        ValueError: it is not, or its end is missing.
    """
    at, size, state = 0, len(data), _VALUE
    within: list[int] = []  # the brackets that are open
    while at < size:
        byte = data[at]
        if byte in _SPACE:
            at += 1
        elif byte == 0x22:  # "
            if state >= _COLON:
                break
            at = string_end(data, at, True)
            state = _NEXT if state < _KEY else _COLON
        elif byte == 0x3A:  # :
            if state != _COLON:
                break
            at += 1
            state = _VALUE
        elif byte == 0x2C:  # ,
            if state != _NEXT or not within:
                break
            at += 1
            state = _VALUE if within[-1] == 0x5B else _KEY
        elif byte == 0x5D or byte == 0x7D:  # ] }
            begun = _FIRST_VALUE if byte == 0x5D else _FIRST_KEY
            if state not in (begun, _NEXT) or not within or within.pop() != byte - 2:
                break
            at += 1
            state = _NEXT
        elif state > _FIRST_VALUE:
            break
        elif byte == 0x5B or byte == 0x7B:  # [ {
            within.append(byte)
            at += 1
            state = _FIRST_VALUE if byte == 0x5B else _FIRST_KEY
        else:
            end = at
            while end < size and data[end] not in _ENDS:
                end += 1
            word = bytes(data[at:end])
            if word not in _WORDS and not _is_number(word):
                break
            at, state = end, _NEXT
    if at < size or within or state != _NEXT:
        raise ValueError("no JSON from byte %d on" % at)


def string_end(data: "bytes | bytearray", start: int, escapes: bool = False) -> int:
    """Where what follows the string at `start` begins.

    Args:
        data: UTF-8 text.
        start: of its first quote.
        escapes: look at them, too.

    Raises:
        ValueError: it has no end, or an escape that is none.
    """
    at = start + 1
    end = data.find(b'"', at)
    while end >= 0:
        at = data.find(b"\\", at, end)
        if at < 0:
            return end + 1
        if escapes and not _is_escape(data, at + 1):
            raise ValueError("no escape at byte %d" % at)
        at += 2
        if at > end:
            end = data.find(b'"', at)
    raise ValueError("a string has no end")


def _is_escape(data: "bytes | bytearray", at: int) -> bool:
    if data[at] == 0x75:  # u; a shorter one would run into what ends the string
        digits = [byte for byte in data[at + 1 : at + 5] if byte in _HEX]
        return len(digits) == 4
    return data[at] in _ESCAPES


def _is_number(word: bytes) -> bool:
    text = str(word, "utf-8")
    if text[:1] == "-":
        text = text[1:]
    for mark in "eE":
        text, found, power = text.partition(mark)
        if found and not (power[1:] if power[:1] in ("+", "-") else power).encode().isdigit():
            return False
    whole, found, fraction = text.partition(".")
    if found and not fraction.encode().isdigit():
        return False
    return whole.encode().isdigit() and (whole[0] != "0" or len(whole) == 1)


def with_numbers(data: bytes, parse: "Callable[[bytes], object]") -> object:
    """The JSON value of `data`, which a parser has refused that does not know NaN and Infinity.

    Args:
        data: UTF-8 text.
        parse: the parser; ValueError for what it refuses.

    Raises:
        ValueError: there is another reason to refuse it.
    """
    out, at = bytearray(), 0
    while at < len(data):
        start = data.find(b'"', at)
        start = len(data) if start < 0 else start
        # Out of the range of each float: that is how infinity can be written.
        plain = data[at:start].replace(b"Infinity", b"1e999")
        out.extend(plain.replace(b"NaN", b'"\\u0000NaN\\u0000"'))
        at = start if start == len(data) else string_end(data, start)
        out.extend(data[start:at])
    return _numbered(parse(bytes(out)))


def _numbered(value: object) -> object:
    # Not a copy: what was just parsed is nobody else's yet.
    if isinstance(value, dict):
        for key in value:
            value[key] = _numbered(value[key])
    elif isinstance(value, list):
        for index in range(len(value)):
            value[index] = _numbered(value[index])
    elif value == _NAN:
        return float("nan")
    return value
