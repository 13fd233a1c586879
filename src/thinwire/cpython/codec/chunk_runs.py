"""All chunks of one read at once, where they are like the one before: between their texts stand
the same bytes, event after event, which are compared and not parsed.

    data: {"id":"x","created":17,"choices":[{"delta":{"content":"the text"}}]}\\n\\n
    `---- same ----'          `number'`--------- same ---------'`-- text -'`same --'

It goes further than core/answer/chunk_memo.py, which a chip can afford: an event is compared from
its first byte to its last, its line ends and the name of its type among them, so that nothing of
it has to be looked for; and some fields may change from chunk to chunk: `id`, `created` and
`obfuscation`, of which nothing is made, and a number that stands in the completion's `extra`
(`sequence_number`).

It cannot be fooled, for the same reasons: what is compared is byte for byte what was parsed, and
what differs is one JSON string, or one number, in the place of another. The key in front of it
stands in the chunk once, and no escape does, so it is the key that the parser has read. What is
in the least doubtful (control characters, lone surrogates, invalid UTF-8, an empty text) ends a
run, and takes the parser's way (test_chunk_runs.py compares them).

Nothing is handed out here, or counted: the answer takes the texts one by one, as if each had just
been parsed.
"""

import json
import re
from typing import TYPE_CHECKING, Any

from thinwire.core.answer.chunk_memo import ChunkMemo

if TYPE_CHECKING:
    from collections.abc import Callable

    from thinwire.core.wire.sse import SSEParser

_PIECE = 16384  # bytes that are looked at in one go: what waits to be handed out stays small
_ENDS = (b"\n\n", b"\r\n\r\n")
_NUMBER, _COUNTED, _STRING, _TEXT = range(4)  # what may change
_TRIES = 4  # to learn; then it is left to the memo, which tries for longer
_number = re.compile(r"0|[1-9][0-9]{0,17}").match  # Python itself refuses thousands of digits
# The string behind its first quote, and where what follows it begins; ValueError.
_scan: "Callable[[str, int, bool], tuple[str, int]]" = json.decoder.scanstring  # type: ignore[attr-defined]
# Fields of a chunk of which nothing is made once an id is known, and one that is only kept.
_NUMBERED = "sequence_number"
_CHANGING = ("id", "created", "obfuscation", _NUMBERED)
_NOTHING: "list[Any]" = []  # nobody adds to it


class ChunkRuns(ChunkMemo):
    """What an answer's chunks have in common, learned from one of them; and its memo, for those
    that come in pieces.

    Attributes:
        untaught: it would learn from a chunk that is parsed.
        texts: those that were read and not taken yet, the first one last.
        numbers: the sequence numbers of their chunks, likewise, where they have some.
    """

    # A short answer has hardly any use for this: nothing is made before it is needed.
    untaught = True
    texts: "list[str]" = _NOTHING
    numbers: "list[int]" = _NOTHING
    _tries = 0  # to learn, in vain
    _missed = 0  # chunks in a row that the memo has matched in its place
    _parser: "SSEParser | None" = None
    _begun = -1  # where the event that was looked at last begins
    _first = b""  # bytes that an event begins with
    _end = b""  # that it ends with; b"": nothing was learned
    # Where only the text changes, what stands before and behind it; else what stands before each
    # field that changes, with that field's kind.
    _head = _tail = ""
    _fields: "list[tuple[str, int, int]]" = _NOTHING
    _seen: "dict[str, object] | None" = None  # a field that may change -> what it said first
    _changing: "frozenset[str]" = frozenset()  # names of those that do

    def matches(self, buffer: bytearray, start: int, end: int) -> bool:
        """See ChunkMemo.matches; not where it would rather learn."""
        if self.untaught or not super().matches(buffer, start, end):
            return False
        # One in pieces, or it is like those before in another way than was learned.
        self._missed += 1
        self.untaught = self._missed > 1 and self._tries < _TRIES
        return True

    def learn(self, buffer: bytearray, start: int, end: int, obj: dict[str, object]) -> bool:
        """See ChunkMemo.learn; the event just parsed is what the next ones are like."""
        self._end = b""
        found = super().learn(buffer, start, end, obj)
        if found and self._parser is not None:
            self._learn_event(self._parser, obj)
        return found

    def _learn_event(self, parser: "SSEParser", obj: dict[str, object]) -> None:
        self._tries += 1
        self.untaught = self._tries < _TRIES
        begun, end = self._begun, _next_start(parser)
        place, last = self.start, self.end
        line_end = bytes(parser.view[parser.data_end : end])
        # Later lines of its data would have been moved (wire/sse.py).
        several = parser.buffer.find(b"\n", parser.data_start, parser.data_end) >= 0
        if begun < 0 or several or line_end not in _ENDS:
            return
        try:
            before = str(parser.view[begun:place], "utf-8")
            after = str(parser.view[last + 1 : end], "utf-8")
        except UnicodeDecodeError:
            return
        if "\\" in before or "\\" in after:
            return
        self._head, self._tail, self._end = before, after, line_end
        self._fields = self._look_for(obj)
        self._first = (self._fields[0][0] if self._fields else before).encode()
        self.untaught = False

    def _look_for(self, obj: dict[str, object]) -> list[tuple[str, int, int]]:
        # The fields that may change, in their order, the text among them; [] where only that may.
        said = {name: obj.get(name) for name in _CHANGING}
        if self._seen is None:
            self._seen = said
        elif said != self._seen:  # and looked for from now on: it takes longer
            self._changing |= {name for name in said if said[name] != self._seen[name]}
        if not self._changing:
            return []
        before, after = self._head, self._tail
        size = len(before)
        whole = before + "\0" + after
        found = [(size, size + 1, _TEXT)]
        for name in _CHANGING:
            value = said[name]
            if not value or name not in self._changing:
                continue
            key = f'"{name}"'
            if whole.count(key) != 1:
                continue
            if isinstance(value, str):
                match = re.compile(key + r'[ \t]*:[ \t]*"([^"\0]*)"').search(whole)
                if match is not None and match[1] == value:
                    found.append((match.start(1), match.end(1) + 1, _STRING))
            elif type(value) is int:
                match = re.compile(key + r"[ \t]*:[ \t]*(\d+)(?=[ \t]*[,}])").search(whole)
                if match is not None and match[1] == str(value):
                    found.append((*match.span(1), _COUNTED if name == _NUMBERED else _NUMBER))
        if len(found) == 1:
            return []
        fields, at = [], 0
        for start, end, kind in sorted(found):
            literal = whole[at:start]
            fields.append((literal, len(literal), kind))
            at = end
        self._tail = whole[at:]
        return fields

    def read(self, parser: "SSEParser") -> bool:
        """Reads what stands whole in the parser's buffer, as far as it is like the learned chunk;
        whether there are `texts` now."""
        self._parser = parser
        begun = self._begun = _next_start(parser)
        if not self.before:  # what was parsed meanwhile may have changed something
            self._end = b""
            self.untaught = self._tries < _TRIES
        if not self._end or begun < 0 or not parser.buffer.startswith(self._first, begun):
            return False
        limit = min(begun + _PIECE, parser.line_end())
        end = parser.buffer.rfind(self._end, begun, limit)
        if end < 0:
            return False
        try:
            region = str(parser.view[begun : end + len(self._end)], "utf-8")
        except UnicodeDecodeError:
            return False
        texts: list[str] = []
        at = self._take_fields(region, texts) if self._fields else self._take(region, texts)
        if not texts:
            return False
        try:
            "".join(texts).encode()
        except UnicodeEncodeError:  # halves of characters
            return False
        size = end + len(self._end) - begun
        if at < len(region):
            size = at if region.isascii() else len(region[:at].encode())
        _skip_to(parser, begun + size)
        texts.reverse()
        self.texts = texts
        self._tries = self._missed = self.misses = 0
        return True

    def _take(self, region: str, texts: list[str]) -> int:
        # The texts of events in which nothing else changes; returns where they end.
        before, after = self._head, self._tail
        between, begin = after + before, len(before)
        step, size = len(after) + begin, len(after)
        starts, take, scan = region.startswith, texts.append, _scan
        at = begin  # of the text
        try:
            while True:
                text, stop = scan(region, at, True)
                if text and starts(between, stop):
                    take(text)
                    at = stop + step
                else:
                    break
        except ValueError:
            return at - begin
        if text and starts(after, stop):
            take(text)
            return stop + size
        return at - begin

    def _take_fields(self, region: str, texts: list[str]) -> int:
        fields, after = self._fields, self._tail
        numbers: list[int] = []
        starts, scan = region.startswith, _scan
        at = whole = 0
        text, number = "", -1
        try:
            while True:
                for literal, size, kind in fields:
                    if not starts(literal, at):
                        return whole
                    at += size
                    if kind == _TEXT:
                        text, at = scan(region, at, True)
                    elif kind == _STRING:
                        _, at = scan(region, at, True)
                    else:
                        digits = _number(region, at)
                        if digits is None:
                            return whole
                        at = digits.end()
                        if kind == _COUNTED:
                            number = int(digits[0])
                if not text or not starts(after, at):
                    return whole
                texts.append(text)
                whole = at = at + len(after)
                if number >= 0:
                    numbers.append(number)
        except ValueError:
            return whole
        finally:
            numbers.reverse()
            self.numbers = numbers


# Both know the parser from within: a method of its would take memory on a chip.


def _next_start(parser: "SSEParser") -> int:
    # Where the next event begins; -1 in the middle of one, and before the first.
    inside = (parser._data or parser.event != "message") and not parser._given
    if parser._start or inside:
        return -1
    start = parser._line
    if parser._skip_lf and start < parser._end and parser.buffer[start] == 10:
        start += 1
    return start


def _skip_to(parser: "SSEParser", place: int) -> None:
    # The events up to there are whole, and have been read here.
    parser._line = parser._scan = place
    parser._given = parser._data = parser.unfinished = parser._skip_lf = False
    parser.event = "message"
