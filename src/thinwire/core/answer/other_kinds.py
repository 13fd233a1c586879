"""Payload in another JSON kind than the API says: a price in `content` as a number, an id as a
number, the arguments of a call as an object (docs/wire.md C12 and C51).

Where text is expected, the JSON text is taken that the server wrote, digit for digit: a float of
this runtime may have fewer. What has no text to take is an error. Nothing is passed over in
silence, since an answer without its price looks like a whole one.

Loaded with the first such chunk; `chunk.is_odd` and `chunk.is_odd_call` tell.
"""

from thinwire.core._compat import const, decode, loads
from thinwire.core.answer import chunk
from thinwire.core.errors import EncodeError, StreamError
from thinwire.core.wire.json_encode import encoded
from thinwire.core.wire.json_grammar import string_end

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.wire.sse import SSEParser

_LOOKS = const(8)  # at places where a field of that name stands; then the value is written anew
_FLAGS = ("refusal", "reasoning", "reasoning_content")
_SPACE = const(b" \t\r\n")
_SHOWN = const(80)  # characters of a value in an error


def delta(fields: "dict[str, object]", parser: "SSEParser | None") -> "dict[str, object]":
    """A delta whose texts are texts, or lists of parts that have texts.

    Args:
        fields: as it came; not changed.
        parser: holds the event that it came in; None: the values are written anew.

    Raises:
        StreamError: it cannot be read.
    """
    result = dict(fields)
    for name in chunk.TEXTS:
        if name in result:
            result[name] = _words(result[name], name, parser, 0)
    return result


def call(fragment: object, parser: "SSEParser | None") -> "dict[str, object]":
    """A fragment of a tool call whose id, name and arguments are texts.

    Args:
        fragment, parser: see delta.

    Raises:
        StreamError: it, or the function in it, is no object.
    """
    result = dict(_object(fragment, "a tool call"))
    if result.get("id") is not None:
        result["id"] = _text(result["id"], "id", parser)
    index = chunk.integer(result.get("index"), -1)
    result["index"] = index if index >= 0 else None
    for place in ("function", "custom"):
        if result.get(place) is not None:
            fields = dict(_object(result[place], "the function of a tool call"))
            for name in ("name", "arguments", "input"):
                if fields.get(name) is not None:
                    fields[name] = _text(fields[name], name, parser)
            result[place] = fields
    return result


def json_text(value: object) -> str:
    """The JSON text of a value, written anew.

    Raises:
        StreamError: it has none, as NaN.
    """
    try:
        return str(encoded(value), "utf-8")
    except EncodeError as error:
        raise StreamError("a field of the answer has no JSON text: " + error.message)


def shown(value: object) -> str:
    """A value as an error shows it."""
    return chunk.one_line(json_text(value), _SHOWN)


def _object(value: object, what: str) -> "dict[str, object]":
    if not isinstance(value, dict):
        raise StreamError("%s is no object: %s" % (what, shown(value)))
    return value


def _words(value: object, name: str, parser: "SSEParser | None", depth: int) -> object:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict) and [field for field in chunk.PARTS if field in value]:
        value = [value]  # a part that stands alone
    if isinstance(value, list):
        if depth == chunk.DEEPEST:
            raise StreamError("parts of the answer are nested too deeply")
        return [_part(part, parser, depth + 1) for part in value]
    if value is False and name in _FLAGS:
        return None  # no refusal, and no reasoning
    return _text(value, name, parser)


def _part(part: object, parser: "SSEParser | None", depth: int) -> object:
    if not isinstance(part, dict):
        return _words(part, "content", parser, depth)
    result = dict(part)
    for name in chunk.PARTS:
        if name in result and name != "image_url":
            result[name] = _words(result[name], name, parser, depth)
    return result


def _text(value: object, name: str, parser: "SSEParser | None") -> str:
    if isinstance(value, str):
        return value
    found = _as_it_came(value, name, parser) if parser is not None else ""
    return found or json_text(value)


def _as_it_came(value: object, name: str, parser: "SSEParser") -> str:
    # The bytes of `value`, which stands behind a key of this name, "" where they are not found.
    # Quotes inside of a string are escaped: a key cannot be mistaken.
    buffer, at, end = parser.buffer, parser.data_start, parser.data_end
    key = b'"' + name.encode() + b'"'
    for _ in range(_LOOKS):
        at = buffer.find(key, at, end)
        if at < 0:
            break
        at = _behind_spaces(buffer, at + len(key), end)
        if at < end and buffer[at] == 0x3A:  # :
            at = _behind_spaces(buffer, at + 1, end)
            try:
                stop = _value_end(buffer, at, end)
                # Not compared as values: True is 1 to Python, and NaN is not NaN.
                if repr(loads(buffer, at, stop)) == repr(value):
                    return decode(buffer, at, stop)
            except ValueError:
                pass  # MicroPython's parser takes some JSON that is broken, as {"id": 0"a"}
    return ""


def _behind_spaces(buffer: bytearray, at: int, end: int) -> int:
    while at < end and buffer[at] in _SPACE:
        at += 1
    return at


def _value_end(buffer: bytearray, at: int, end: int) -> int:
    # Behind the value at `at`, of JSON that was read before.
    if buffer[at] == 0x22:  # "
        return string_end(buffer, at)
    if buffer[at] not in b"{[":
        while at < end and buffer[at] not in b",]} \t\r\n":
            at += 1
        return at
    depth, at = 1, at + 1
    while depth and at < end:
        byte = buffer[at]
        if byte == 0x22:
            at = string_end(buffer, at)
        else:
            depth += (byte in b"{[") - (byte in b"}]")
            at += 1
    return at
