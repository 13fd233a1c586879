"""Cuts a text that arrives in parts into pieces of a sentence's size, which put together are the
text again, character by character. However it is cut on its way here, the pieces are the same.

A piece ends behind

- an end mark (`.`, `!`, `?`, an ellipsis), the quotes, brackets and emoji behind it, and a space,
  unless the next word shows that the sentence goes on (sentence_ends.py). So the first character
  of the next word is waited for, which the tokens of a model bring together with the space;
- an end mark of a script that writes no space there, or has no other marks like it;
- a newline. Headings, items of a list and lines of a table are pieces;
- a comma, else a space, else between two characters, where nothing else has come for too long.

In a fenced block of code (CommonMark 0.31, 4.5) each line is a piece, whatever is in it.

What is kept is the piece that is not over yet, as UTF-8 in one buffer, which never gets larger
than four bytes for each character that a piece may have.
"""

from thinwire.core._compat import const
from thinwire.core.conversation.voice.characters import (
    before,
    code_at,
    flags_before,
    is_flag,
    is_small,
    joined,
)
from thinwire.core.conversation.voice.sentence_ends import dot_ends

_SPACE = const(1)
_NEWLINE = const(2)
_MARK = const(3)
_WIDE_MARK = const(4)  # ends, whatever follows
_WIDE_COMMA = const(5)
_CLOSER = const(6)  # quotes and brackets, and what ends an emphasis of Markdown
_PICTURE = const(7)
# The kind of each character of ASCII, as a digit.
_ASCII = (
    b"00000000012112000000000000000000"
    b"13600006066000300000000000000003"
    b"00000000000000000000000000000606"
    b"60000000000000000000000000000660"
)
_SPACES = (0x85, 0xA0, 0x202F, 0x3000)
_NEWLINES = (0x2028, 0x2029)
# Armenian, Arabic, Urdu, of India, Tibet, Burma, Ethiopia, Khmer; doubled; of East Asia.
_MARKS = (
    0x589,
    0x61F,
    0x6D4,
    0x964,
    0x965,
    0xF0D,
    0x104B,
    0x1362,
    0x1367,
    0x17D4,
    0x203C,
    0x2047,
    0x2048,
    0x2049,
    0x3002,
    0xFF01,
    0xFF0E,
    0xFF1F,
    0xFF61,
)
_COMMAS = (0x60C, 0x61B, 0x3001, 0xFF0C, 0xFF1A, 0xFF1B, 0xFF64)
_CLOSERS = (0xBB, 0x2019, 0x201C, 0x201D, 0x203A, 0xFF09, 0xFF3D, 0xFF5D, 0xFF63)
_DASHES = (0x2013, 0x2014)
_ELLIPSIS = const(0x2026)
_TO = const(0x3068)  # Japanese "to": the quotation in front of it is a part of the sentence
_EAST = const(0x2E80)  # where the scripts of East Asia begin
_DOT = const(0x2E)

_LEAST = const(64)  # characters of the longest piece
_TRAIL = const(32)  # characters, from an end mark on, by which it is told whether it is one
_START = const(128)  # bytes of the buffer
_GRAPHEME = const(16)  # characters that are kept together, at most


def kind_of(code: int) -> int:
    """What a character beyond ASCII is to the end of a sentence."""
    if code < 0x2000:
        if code in _SPACES:
            return _SPACE
        if code == 0xBB:
            return _CLOSER
        return _WIDE_MARK if code in _MARKS else _WIDE_COMMA if code in _COMMAS else 0
    if 0x3040 <= code < 0xFE00 or 0xFF80 <= code < 0x1F000:  # letters: most of what comes
        return 0
    if code == _ELLIPSIS:
        return _MARK
    if code in _MARKS:
        return _WIDE_MARK
    if code in _COMMAS:
        return _WIDE_COMMA
    if code in _SPACES or code <= 0x200B:
        return _SPACE
    if code in _NEWLINES:
        return _NEWLINE
    if code in _CLOSERS or (0x3009 <= code <= 0x301B and code & 1 and code != 0x3013):
        return _CLOSER
    if 0x2600 <= code <= 0x27BF or 0xFE00 <= code <= 0xFE0F or code >= 0x1F000 or code == 0x200D:
        return _PICTURE
    return 0


class SentenceSplitter:
    """See the module. `put` a part and `take` pieces until there is None; at the end `finish`, and
    `take` the rest.

    Args:
        longest: the most characters of a piece, 64 or more.
        first: number of characters from which on the first piece of all may end at a comma; None:
            it ends as the others do.

    Attributes:
        code: whether the piece that was taken last is a line of a fenced block, or its fence.

    Raises:
        ValueError: longest is less than 64.
    """

    def __init__(self, longest: int = 240, first: "int | None" = None) -> None:
        if longest < _LEAST:
            raise ValueError("longest is %d characters or more" % _LEAST)
        self._limit = longest - _TRAIL
        self._first = first
        self._data = bytearray(_START)
        self.reset()

    def reset(self) -> None:
        """Forgets all of the text."""
        self.code = False
        self._early = self._first  # None once the first piece is out
        self._input = b""
        self._input_at = 0
        self._size = 0
        self._finished = self._torn = False
        self._fence = 0  # the character of the fence that is open, 0 outside of a block
        self._begin(0, True)

    def _begin(self, at: int, line: bool) -> None:
        # A piece: where it begins, and its first character that is no space; how far it was looked
        # at, in bytes and in characters; where it might be cut.
        self._start = self._lead = self._at = at
        self._chars = 0
        self._comma = self._space = 0
        self._line = line  # it begins a line
        self._in_code = bool(self._fence)
        self._next_fence = self._fence  # once it is over

    def put(self, text: str) -> None:
        """Takes the next part of the text; only when `take` has given None."""
        try:
            self._input = text.encode()
        except UnicodeError:  # half a character, which a model can make (never on MicroPython)
            self._input = text.encode("utf-8", "surrogatepass")
        self._input_at = 0
        self._finished = False

    def finish(self, torn: bool = False) -> None:
        """Says that the text has ended: the rest is a piece. What is put then is another text.

        Args:
            torn: it broke off, so that the rest is one only if an end mark ends it.
        """
        self._finished = True
        self._torn = torn

    def take(self) -> "str | None":
        """The next piece; None when there is more to be read first, or at the end."""
        while True:
            end = self._scan() if self._at < self._size else 0
            if end:
                return self._cut(end)
            if self._input_at < len(self._input):
                self._fill()
            elif self._finished and not self._torn and self._size > self._start:
                return self._cut(self._size)
            else:
                return None

    def _fill(self) -> None:
        # Moves what has come into the buffer, as much as there is room for.
        given, at = self._input, self._input_at
        count = len(given) - at
        if count > len(self._data) - self._size:
            self._make_room(count)
        room = len(self._data) - self._size
        if count > room:
            count = room
            while given[at + count] & 0xC0 == 0x80:
                count -= 1
        if count < len(given):
            given = given[at : at + count]
        self._data[self._size : self._size + count] = given
        self._size += count
        self._input_at = at + count

    def _make_room(self, count: int) -> None:
        start, left = self._start, self._size - self._start
        most = 4 * (self._limit + _TRAIL + 4)
        data = self._data
        if left + count > len(data) and len(data) < most:
            data = bytearray(min(most, max(2 * len(data), left + count)))
        data[:left] = memoryview(self._data)[start : self._size]
        self._data = data
        self._size = left
        self._start = 0
        self._lead -= start
        self._at -= start
        self._comma -= start  # below 0 where there is none
        self._space -= start

    def _scan(self) -> int:
        # Where the piece ends; 0 while that is not known.
        data, size, at, chars = self._data, self._size, self._at, self._chars
        while at < size:
            byte = data[at]
            if byte < 0x80:
                after = at + 1
                kind = _ASCII[byte] - 48
            else:
                after = at + (2 if byte < 0xE0 else 3 if byte < 0xF0 else 4)
                kind = kind_of(code_at(data, at))
            if chars >= self._limit:
                return self._forced(at)
            end = -after
            if kind:
                if at == self._lead and (kind <= _NEWLINE or (kind == _CLOSER and self._line)):
                    end = self._at_the_front(at, after, kind)
                elif kind in (_SPACE, _WIDE_COMMA):
                    end = self._maybe(at, after, kind, chars + 1)
                elif kind <= _WIDE_MARK:
                    if self._in_code:
                        end = after if kind == _NEWLINE else end
                    else:
                        end = self._end(at, kind)
            if end >= 0:
                break
            chars += 1
            while after < -end:
                if data[after] & 0xC0 != 0x80:
                    chars += 1
                after += 1
            at = after
        else:
            end = 0
        self._at, self._chars = at, chars
        return end

    def _at_the_front(self, at: int, after: int, kind: int) -> int:
        # Spaces in front of a piece are its own, and a fence stands in front of a line.
        if kind <= _NEWLINE:
            self._lead = after
            self._line = self._line or kind == _NEWLINE
            return -after
        data = self._data
        byte = data[at]
        if byte != 0x60 and byte != 0x7E:  # ` and ~
            return -after
        if self._size < at + 3 and not self._finished:
            return 0
        if self._size >= at + 3 and data[at + 1] == byte == data[at + 2]:
            if not self._fence:
                self._next_fence = byte
                self._in_code = True
            elif self._fence == byte:
                self._next_fence = 0
        return -after

    def _maybe(self, at: int, after: int, kind: int, chars: int) -> int:
        # A place to cut at, if nothing better comes.
        data = self._data
        comma = kind == _WIDE_COMMA
        if not comma:
            self._space = after
            byte = data[at - 1]
            comma = byte in b",:;" or (byte > 0x7F and code_at(data, before(data, at)) in _DASHES)
        if comma:
            self._comma = after
            if self._early is not None and chars >= self._early and not self._in_code:
                return after
        return -after

    def _end(self, at: int, kind: int) -> int:
        # Of a mark or a newline: where the piece ends; 0 when it needs more text to tell; or
        # where to go on, as a negative number.
        data, size = self._data, self._size
        position, count, dots = at, 0, 0
        strong = wide = closed = spaced = False
        line = kind == _NEWLINE
        behind = line  # the marks and what closes
        while position < size and count < _TRAIL:
            byte = data[position]
            code = byte if byte < 0x80 else code_at(data, position)
            kind = _ASCII[byte] - 48 if byte < 0x80 else kind_of(code)
            if kind == _NEWLINE:
                line = behind = True
            elif kind == _SPACE or (kind == _PICTURE and not line):
                spaced = behind = True
            elif behind:
                break
            elif kind == _MARK:
                dots += 1 if code == _DOT else 2 if code == _ELLIPSIS else 0
                strong = strong or code in (0x21, 0x3F)
            elif kind == _WIDE_MARK:
                wide = True
            elif kind == _CLOSER:
                closed = True
            else:
                break
            count += 1
            position += 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
        if count >= _TRAIL:
            return position
        if position == size:
            return position if self._finished else 0
        if line:
            return position
        if wide:
            ends = not closed or code != _TO
        elif not spaced:
            ends = strong and code >= _EAST
        elif strong:
            ends = not closed or not is_small(code)
        elif dots > 1:
            ends = not is_small(code)
        elif position + 3 > size and not self._finished and data[at - 1] in b"0123456789":
            return 0  # a month may begin there
        else:
            ends = dot_ends(data, self._lead, at, position, size)
        if spaced and not ends:
            self._space = position
        return position if ends else -position

    def _forced(self, at: int) -> int:
        # Where to cut what has no end, in front of `at` at the latest.
        start = self._start
        if self._comma > start + (at - start) // 3:
            return self._comma
        if self._space > self._lead:
            return self._space
        end, data = at, self._data
        for _ in range(_GRAPHEME):
            earlier = before(data, end)
            code = code_at(data, end)
            if not joined(code_at(data, earlier), code):
                return end
            if is_flag(code):
                return end if flags_before(data, start, end) % 2 == 0 else earlier
            end = earlier
        return at

    def _cut(self, end: int) -> str:
        data, start = self._data, self._start
        piece = bytes(memoryview(data)[start:end])
        try:
            text = str(piece, "utf-8")
        except UnicodeError:
            text = str(piece, "utf-8", "surrogatepass")
        self.code = self._in_code
        if self._next_fence and not self._fence and piece.strip()[3:].find(b"`") >= 0:
            # No fence has one behind it: this is code within a line (CommonMark 0.31, 4.5).
            self._next_fence = 0
            self.code = False
        self._fence = self._next_fence
        self._early = None
        ended = piece.rstrip(b" \t")
        ends = self._finished and end == self._size
        self._begin(end, ends or ended[-1:] == b"\n" or ended[-1:] == b"\r")
        return text
