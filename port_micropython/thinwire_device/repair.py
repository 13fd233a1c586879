"""Closes JSON that was cut off: the arguments of a tool call in an answer that broke off. Only for
callers who ask for it, since what was cut may have mattered.
"""

from micropython import const

from thinwire.core._compat import loads_whole

_LIMIT = const(8192)  # bytes of text; more is not worth the memory it takes
_DEPTH = const(32)
_BLANK = const(b" \t\r\n")
_ENDS_SCALAR = const(b" \t\r\n,]}")
_LITERALS = (b"true", b"false", b"null")

# What may come next.
_KEY = const(0)
_FIRST_KEY = const(1)
_COLON = const(2)
_VALUE = const(3)
_FIRST_VALUE = const(4)
_COMMA = const(5)


def repaired_object(raw: str) -> "dict[str, object] | None":
    """The object that cut-off JSON holds as far as it came.

    A string that was cut keeps what had come of it; a name without a value, and a number that may
    have gone on, are left out. Whatever else is wrong is not repaired.

    Args:
        raw: text that is not JSON, because its end is missing.

    Returns:
        The object, or None when there is none, or it is larger than 8 KB or deeper than 32.
    """
    data = raw.encode()
    if len(data) > _LIMIT:
        return None
    try:
        value = loads_whole(_Walk(data).closed())
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


class _Walk:
    # Goes through the text once. `_safe` is the last place after which nothing is missing but
    # brackets; no bracket can stand between it and the end, so `_stack` has just those.
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._stack = bytearray()
        self._next = _VALUE
        self._safe = 0

    def closed(self) -> bytearray:
        """The text with its end; raises ValueError when more than the end is wrong."""
        at = 0
        while at < len(self._data):
            if self._data[at] in _BLANK:
                at += 1
            elif self._data[at] == 34:
                at = self._string(at)
            else:
                at = self._mark(at) or self._scalar(at)
        text = bytearray(self._data[: self._safe])
        if at > len(self._data):  # in the middle of a string that is a value
            text.extend(b'"')
        while self._stack:
            text.append(self._stack[-1])
            self._stack[-1:] = b""
        return text

    def _string(self, start: int) -> int:
        key = self._next in (_KEY, _FIRST_KEY)
        self._wants(key or self._next in (_VALUE, _FIRST_VALUE))
        at = whole = start + 1
        while at < len(self._data):
            if self._data[at] == 34:
                if not key:
                    self._safe = at + 1
                self._next = _COLON if key else _COMMA
                return at + 1
            width = self._width(at)
            at += width
            if at <= len(self._data) and not (width == 6 and self._half(at)):
                whole = at
        if key:
            return len(self._data)
        self._safe = whole
        return len(self._data) + 1

    def _width(self, at: int) -> int:
        # Bytes of one character of a string.
        if self._data[at] != 92:
            return 1
        return 6 if self._data[at + 1 : at + 2] == b"u" else 2

    def _half(self, end: int) -> bool:
        # Whether the first escape of a pair of surrogates stands here: alone it is no text.
        return (
            end >= 6
            and self._data[end - 6 : end - 3].lower() == b"\\ud"
            and (self._data[end - 3 : end - 2] in b"89abAB")
        )

    def _mark(self, at: int) -> int:
        # The place behind a bracket, colon or comma; 0 when there is none.
        byte = self._data[at : at + 1]
        if byte in (b"{", b"["):
            self._wants(self._next in (_VALUE, _FIRST_VALUE) and len(self._stack) < _DEPTH)
            self._stack.extend(b"}" if byte == b"{" else b"]")
            self._next = _FIRST_KEY if byte == b"{" else _FIRST_VALUE
            self._safe = at + 1
        elif byte in (b"}", b"]"):
            # The last bracket would have ended it: then something else is wrong.
            self._wants(len(self._stack) > 1 and self._stack[-1:] == byte)
            self._wants(self._next in (_FIRST_KEY, _FIRST_VALUE, _COMMA))
            self._stack[-1:] = b""
            self._next = _COMMA
            self._safe = at + 1
        elif byte == b":":
            self._wants(self._next == _COLON)
            self._next = _VALUE
        elif byte == b",":
            self._wants(self._next == _COMMA)
            self._next = _KEY if self._stack[-1:] == b"}" else _VALUE
        else:
            return 0
        return at + 1

    def _scalar(self, start: int) -> int:
        self._wants(len(self._stack) > 0 and self._next in (_VALUE, _FIRST_VALUE))
        end = start
        while end < len(self._data) and self._data[end] not in _ENDS_SCALAR:
            end += 1
        if end < len(self._data) or self._data[start:end] in _LITERALS:
            self._safe = end
            self._next = _COMMA
        return end

    def _wants(self, fits: bool) -> None:
        if not fits:
            raise ValueError("more is wrong than the end")
