"""The parser against a tiny parser written from the standard's text, on random streams."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from thinwire.core.wire.sse import SSEParser

Events = list[tuple[str, str, bool]]
Result = tuple[Events, str, int | None]  # and the last id, the reconnection time

WORDS = [
    *(b"data", b"event", b"id", b"retry", b":", b": ", b" ", b"x", b"data: a", b"data:b", b"12"),
    *(b"\n", b"\n", b"\n\n", b"\r", b"\r\n", b"\r\n\r\n", b"\r\r", b"\0"),
    *(b"\xef\xbb\xbf", b"\xef", b"\xff", b"\xe4\xbd", "你".encode(), "\u2028".encode(), b"\x0c"),
    *(b": comment\n", b"event: e\n", b"id: 1\n", b"retry: 10\n", b"y" * 40),
]
STREAMS = st.lists(st.sampled_from(WORDS), max_size=40).map(b"".join)


class Reference:
    """WHATWG HTML §9.2.6, word for word; but the last event is flagged and not dropped."""

    def __init__(self, raw: bytes) -> None:
        self.events: Events = []
        self.data, self.kind, self.last_id = "", "", ""
        self.retry: int | None = None
        text = raw.decode("utf-8", "replace").removeprefix("\ufeff")
        *lines, rest = re.split("\r\n|\r|\n", text)
        for line in lines:
            if line:
                self.field(line)
            else:
                self.dispatch(False)
        self.field(rest)
        self.dispatch(True)

    def dispatch(self, unfinished: bool) -> None:
        if self.data:
            self.events.append((self.kind or "message", self.data[:-1], unfinished))
        self.data, self.kind = "", ""

    def field(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self.data += value + "\n"
        elif name == "event":
            self.kind = value
        elif name == "id" and "\0" not in value:
            self.last_id = value
        elif name == "retry" and re.fullmatch("[0-9]{1,15}", value):
            self.retry = int(value)


def reference(raw: bytes) -> Result:
    found = Reference(raw)
    return found.events, found.last_id, found.retry


def parse(raw: bytes, size: int, steps: list[int]) -> Result:
    parser = SSEParser(size, 4096)
    events: Events = []
    turn = 0
    while raw:
        room = parser.get_buffer()
        count = min(len(room), len(raw), steps[turn % len(steps)])
        room[:count] = raw[:count]
        parser.buffer_updated(count)
        raw, turn = raw[count:], turn + 1
        take(parser, events)
    parser.eof_received()
    take(parser, events)
    return events, parser.last_id, parser.retry_ms


def take(parser: SSEParser, events: Events) -> None:
    while parser.next_event():
        events.append((parser.event, parser.data(), parser.unfinished))


@given(STREAMS, st.sampled_from([4, 16, 64, 4096]), st.lists(st.integers(1, 40), min_size=1))
@settings(deadline=None, max_examples=600)
def test_any_stream_through_any_buffer_in_any_steps(
    raw: bytes, size: int, steps: list[int]
) -> None:
    assert parse(raw, size, steps) == reference(raw)


@given(STREAMS)
@settings(deadline=None, max_examples=60)
def test_whole_byte_by_byte_and_cut_anywhere(raw: bytes) -> None:
    want = reference(raw)
    assert parse(raw, 4096, [4096]) == want
    assert parse(raw, 16, [1]) == want
    for cut in range(1, len(raw)):
        assert parse(raw, 4096, [cut, 4096]) == want, cut


@given(st.binary(max_size=200), st.integers(1, 20))
@settings(deadline=None, max_examples=300)
def test_any_bytes_at_all(raw: bytes, step: int) -> None:
    assert parse(raw, 16, [step]) == reference(raw)


class _Counting(bytearray):
    # Counts the bytes that are looked through.
    looked = 0

    def find(self, what: object, start: int = 0, end: int = 0) -> int:  # type: ignore[override]
        type(self).looked += end - start
        return super().find(what, start, end)  # type: ignore[arg-type]


def test_a_long_comment_before_an_answer_is_gone_through_once() -> None:
    size, piece = 64_000, 500
    _Counting.looked = 0
    parser = SSEParser(buffer=_Counting(4 * size))
    comment = b":" + b"x" * size
    for start in range(0, len(comment), piece):
        data = comment[start : start + piece]
        parser.get_buffer()[: len(data)] = data
        parser.buffer_updated(len(data))
        assert parser.first_byte() == -1
    parser.get_buffer()[:2] = b"\n{"
    parser.buffer_updated(2)
    assert parser.first_byte() == 0x7B
    # For each of two line ends, and for the colon: not once more with each piece.
    assert _Counting.looked < 4 * size
