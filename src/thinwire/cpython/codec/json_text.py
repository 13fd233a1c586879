"""JSON as CPython writes it fastest. core/_cpython.py hands it on; the walk through a document,
and what to refuse, are json_encode.py's.

json's C encoder takes 1.1 ns for a character, and 2.1 for one of prose. What goes over all of a
text at once is faster: `bytes.translate` tells in 0.35 ns that no rare control character is
there, and `bytes.replace` takes 0.01 ns for a byte where there is nothing to replace, and 15 for
each that is replaced. So base64, prose and code are escaped at 0.4 to 0.8 ns; the C encoder keeps
what is short, and what has one character in eight escaped.

Chat messages, of which all values are text, go through that together: a run of them is put into
one text with a mark in the place of the quotes around them, and in the end the marks become
quotes.
"""

import json
from functools import partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Protocol

    class Frame(Protocol):
        """A list that is being walked."""

        items: "Iterator[object]"


PIECE = 16384  # characters or bytes escaped at a time; stays in the cache
SHORT = 256  # characters that the C encoder is the faster one for

_INT64 = 9223372036854775807
_SMALL_DEPTH = 16
_BATCH = 64  # items tried for one piece; bounds the time of one step
_STRIDE = 32  # one byte of so many is looked at to tell how many are escaped
_DENSE = 8  # where one of so many is, the C encoder is the faster one
_FRAME = 6  # characters around a key and its value
_RESERVE = PIECE // 4  # most messages fit into that

_HARMLESS: "tuple[type, ...]" = (type(iter([])), type(iter(())))  # iterators that raise nothing

_MARK = "\x01"
_ESCAPED = bytes(range(32)) + b'"\\'
_OFTEN = ((b"\\", b"\\\\"), (b'"', b'\\"'), (b"\n", b"\\n"), (b"\r", b"\\r"), (b"\t", b"\\t"))
# Tables that change the other control characters, the second one all but the mark.
_WITHOUT_RARE = bytes(33 if byte < 32 and byte not in b"\n\r\t" else byte for byte in range(256))
_WITHOUT_UNMARKED = _WITHOUT_RARE[:1] + _MARK.encode() + _WITHOUT_RARE[2:]

_escape_text = json.encoder.encode_basestring
_encode_tree = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":")
).encode
_member = (_MARK + ":" + _MARK).join
_members = (_MARK + "," + _MARK).join
_objects = (_MARK + "},{" + _MARK).join


def escape(text: str) -> bytes:
    """JSON escapes of `text` as UTF-8, without the quotes; lone surrogates become \\udxxx."""
    if len(text) > SHORT:
        escaped = at_once(text)
        if escaped is not None:
            return escaped
    # Only surrogates cannot be encoded, and backslashreplace writes them just as JSON would.
    return _escape_text(text)[1:-1].encode("utf-8", "backslashreplace")


def at_once(text: str, harmless: bytes = _WITHOUT_RARE) -> bytes | None:
    """The same, with all of the text gone through for each kind of escape.

    Args:
        text: what to escape.
        harmless: a table that changes what is not escaped here.

    Returns:
        None where the C encoder is the faster one, or the only one.
    """
    try:
        data = text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return None
    some = data[::_STRIDE]
    if (len(some) - len(some.translate(None, _ESCAPED))) * _DENSE > len(some):
        return None
    if data.translate(harmless) is not data:  # CPython returns what it has not changed itself
        return None
    for character, escapes in _OFTEN:
        data = data.replace(character, escapes)  # in one name, so that no other piece is held
    return data


def encode_small(value: object) -> bytes:
    """`value` as JSON where it is plainly small, else nothing.

    Plainly small is what fits into one piece, and what the C encoder writes exactly as
    json_encode.py would: str keys, exact built-in types, finite floats, little nesting.
    """
    return _encoded([value]) if _fits(value, PIECE) >= 0 else b""


def encode_run(
    item: object, frame: "Frame", following: "Callable[[Any], object]", end: object
) -> "list[Any] | None":
    """An item of a list as JSON, together with those behind it that are plainly small as well, as
    far as one piece holds them.

    Args:
        item: the first one.
        frame: has what gives those behind it.
        following: called with `frame`, gives the next of them, and `end` when there is none;
            knows what to do about an iterator that raises.
        end: see there.

    Returns:
        None where `item` is not plainly small. Else the JSON, with commas between, and the number
        of items in it; behind that an item that was taken from the frame and is not in it, if any.
    """
    take = partial(following, frame)
    if type(frame.items) in _HARMLESS:
        take = partial(next, frame.items, end)
    run: list[Any] = []
    count = 0  # of messages at its start
    room = PIECE
    while item is not end:
        left = _message_fits(item, room) if count == len(run) else -1
        if left >= 0:
            count += 1
        else:
            left = _fits(item, room)
            if left < 0:
                break
        run.append(item)
        room = left
        # The next one is not asked for where it might not fit: it would be walked through then.
        item = take() if room > _RESERVE and len(run) < _BATCH else end
    if not run:
        return None
    data = _encoded_messages(run[:count])
    if count < len(run):
        data = b"%b%b%b" % (data, b"," if count else b"", _encoded(run[count:]))
    return [data, len(run)] if item is end else [data, len(run), item]


def _message_fits(item: object, room: int) -> int:
    # Characters left of `room` after an object of which all values are text without marks;
    # negative where it is none.
    if type(item) is not dict or not item:
        return -1
    for key, value in item.items():
        if type(value) is not str or type(key) is not str or _MARK in value or _MARK in key:
            return -1
        room -= len(key) + len(value) + _FRAME
    return room - _FRAME


def _encoded_messages(messages: "list[dict[str, str]]") -> bytes:
    if not messages:
        return b""
    members = [_members(map(_member, message.items())) for message in messages]
    text = _objects(members).join(("{" + _MARK, _MARK + "}"))
    del members
    if len(text) > SHORT:
        data = at_once(text, _WITHOUT_UNMARKED)
        if data is not None:
            return data.replace(_MARK.encode(), b'"')
    return _encoded(messages)


def _encoded(values: "list[Any]") -> bytes:
    # Items of a list, with commas between; `_fits` has said yes to each.
    return _encode_tree(values)[1:-1].encode("utf-8", "backslashreplace")


def _fits(value: object, room: int, depth: int = 0) -> int:
    # Characters left of `room` after `value`; negative when it is not plainly small.
    if isinstance(value, str):
        return room - len(value) - 3 if type(value) is str else -1
    if type(value) is dict:
        return _dict_fits(value, room - 3, depth)
    if type(value) is list or type(value) is tuple:
        return _list_fits(value, room - 3, depth)
    if type(value) is int:
        return room - 20 if -_INT64 <= value <= _INT64 else -1
    if type(value) is float:
        return room - 24 if value - value == 0.0 else -1  # neither nan nor an infinity
    return room - 5 if value is None or type(value) is bool else -1


def _dict_fits(items: "dict[object, object]", room: int, depth: int) -> int:
    for key, value in items.items():
        if type(key) is not str or room < 0 or depth > _SMALL_DEPTH:
            return -1
        # Most leaves are text: saving the call here halves the time of a chat message.
        room -= len(key) + 4
        room = room - len(value) - 3 if type(value) is str else _fits(value, room, depth + 1)
    return room


def _list_fits(items: "list[object] | tuple[object, ...]", room: int, depth: int) -> int:
    for value in items:
        if room < 0 or depth > _SMALL_DEPTH:
            return -1
        room = _fits(value, room - 1, depth + 1)
    return room
