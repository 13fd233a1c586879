from helpers import error_of, feeds

from thinwire.core.errors import StreamError
from thinwire.core.wire import sse
from thinwire.core.wire.sse import SSEParser

TEXT = "0123456789" * 5
X = TEXT.encode()
NO_ENDS = "a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg"  # what str.splitlines would take for line ends

# A stream, and its events as (type, data). "cut": unfinished when the stream ended.
STREAMS = [
    (b"", []),
    (b"data: a\n\n", [("message", "a")]),
    (b"data: a\r\n\r\n", [("message", "a")]),
    (b"data: a\r\r", [("message", "a")]),
    (b"data: a\r\n\r\ndata: b\n\ndata: c\r\r", [("message", c) for c in "abc"]),
    (b"data: a\n\r\ndata: b\r\n\rdata: c\r\n\n", [("message", c) for c in "abc"]),
    (b"data: a\r\n\ndata: b\r\n\n", [("message", "a"), ("message", "b")]),
    (b"\n\n\r\r\n\ndata: a\n\n\n\n", [("message", "a")]),
    # One space behind the colon is not part of the value; more are.
    (b"data:a\n\n", [("message", "a")]),
    (b"data:  a \n\n", [("message", " a ")]),
    (b"data:\ta\n\n", [("message", "\ta")]),
    (b"data: a:b: c\n\n", [("message", "a:b: c")]),
    # Empty data is data; no data is no event.
    (b"data\n\n", [("message", "")]),
    (b"data:\n\n", [("message", "")]),
    (b"data: \n\n", [("message", "")]),
    (b"event: ping\n\ndata: a\n\n", [("message", "a")]),
    (b"id: 1\nretry: 5\n: c\n\ndata: a\n\n", [("message", "a")]),
    # Several lines.
    (b"data: a\ndata: b\n\n", [("message", "a\nb")]),
    (b"data:a\r\ndata:\r\ndata: c\r\n\r\n", [("message", "a\n\nc")]),
    (b"data\ndata\n\n", [("message", "\n")]),
    (b"data: a\n: comment\nid: 7\ndata: b\ndata\n\n", [("message", "a\nb\n")]),
    (
        b"data: " + b"x" * 50 + b"\ndata:" + b"y" * 50 + b"\n\n",
        [("message", "x" * 50 + "\n" + "y" * 50)],
    ),
    # Types.
    (b"event: add\ndata: a\n\ndata: b\n\n", [("add", "a"), ("message", "b")]),
    (b"data: a\nevent:add\n\n", [("add", "a")]),
    (b"event: a\nevent: b\ndata: x\n\n", [("b", "x")]),
    (b"event\ndata: x\n\n", [("message", "x")]),
    # Comments and names that mean nothing.
    (b": hi\n:\n\n:x\ndata: a\n:y\n\n", [("message", "a")]),
    (b"dat: a\ndatax: b\nDATA: c\n data: d\nfoo\ndata : e\n\n", []),
    (b": OPENROUTER PROCESSING\n\ndata: a\n\n", [("message", "a")]),
    # A byte order mark at the start only.
    (b"\xef\xbb\xbfdata: a\n\n", [("message", "a")]),
    (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n", []),
    (b"\xef\xbb\xbf", []),
    (b"\xef\xbb", []),
    (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [("message", "a")]),
    # Only CR and LF end lines.
    (
        "data: a\u2028b\u2029c\u0085d\x0be\x0cf\n\n".encode(),
        [("message", "a\u2028b\u2029c\u0085d\x0be\x0cf")],
    ),
    ("data: é你\U0001f600\n\n".encode(), [("message", "é你\U0001f600")]),
    (b"data: a\x00b\n\n", [("message", "a\x00b")]),
    (b"data: a\xffb\xe4\xbd\n\n", [("message", "a\ufffdb\ufffd")]),
    (b"event: \xff\ndata: a\n\n", [("\ufffd", "a")]),
    # The end.
    (b"data: a", [("message", "a", "cut")]),
    (b"data: a\n", [("message", "a", "cut")]),
    (b"data: a\r", [("message", "a", "cut")]),
    (b"data: a\ndata: b", [("message", "a\nb", "cut")]),
    (b"data: a\n\ndata: b\nevent: x", [("message", "a"), ("x", "b", "cut")]),
    (b"data: a\n\nda", [("message", "a")]),
    (b"data: a\n\n: c", [("message", "a")]),
    (b"data: a\r\n\r", [("message", "a")]),
]


def parse(pieces, size=64, limit=1000, offset=0):
    parser = SSEParser(size, limit)
    found = []
    for piece in pieces:
        receive(parser, piece, found, offset)
    parser.eof_received()
    take(parser, found)
    assert not parser.next_event()
    return found


def receive(parser, piece, found, offset=0):
    # offset: bytes of framing that stand in front of each piece, where there is room for them.
    while piece:
        room = parser.get_buffer()
        start = offset if offset < len(room) else 0
        count = min(len(room) - start, len(piece))
        room[:start] = b"\n" * start
        room[start : start + count] = piece[:count]
        parser.buffer_updated(count, start)
        piece = piece[count:]
        take(parser, found)


def take(parser, found):
    while parser.next_event():
        cut = ("cut",) if parser.unfinished else ()
        found.append((parser.event, parser.data()) + cut)


def test_streams_whole_byte_by_byte_and_cut_anywhere():
    for raw, want in STREAMS:
        for pieces in feeds(raw):
            got = parse(pieces)
            assert got == want, (raw, pieces, got)


def test_streams_through_buffers_of_any_size():
    for raw, want in STREAMS:
        for size in (1, 2, 3, 4, 5, 7, 16, 33, 2000):
            for pieces in ([raw], [raw[i : i + 1] for i in range(len(raw))]):
                for offset in (0, 4):
                    got = parse(pieces, size, offset=offset)
                    assert got == want, (raw, size, offset, got)


def test_a_buffer_that_was_not_filled_is_given_once_more():
    parser, found = SSEParser(64), []
    receive(parser, b"data: a", found)
    room = parser.get_buffer()
    assert parser.get_buffer() is room
    assert len(room) == 57
    receive(parser, b"b\n\n", found)
    assert found == [("message", "ab")]
    assert parser.get_buffer() is not room


def test_what_stands_behind_framing_is_not_moved_where_nothing_is_left():
    parser = SSEParser(64)
    for count in (1, 2):
        found = []
        receive(parser, b"data: a\n\n", found, 5)
        assert found == [("message", "a")]
        assert parser.data_start == (6 if count == 1 else 11), parser.data_start


def test_streams_one_behind_the_other():
    raw, want = b"", []
    for stream, events in STREAMS[1:12] * 2:
        raw += stream
        want.extend(events)
    for size in (16, 64, 1024):
        for step in (1, 3, 7, 50, 1000):
            pieces = [raw[i : i + step] for i in range(0, len(raw), step)]
            assert parse(pieces, size) == want, (size, step)


def test_the_data_stands_in_the_buffer():
    parser = SSEParser(64)
    receive_all(parser, b"data: a\ndata: [DONE]\n\n")
    assert parser.next_event()
    assert bytes(parser.buffer[parser.data_start : parser.data_end]) == b"a\n[DONE]"


def receive_all(parser, raw):
    parser.get_buffer()[: len(raw)] = raw
    parser.buffer_updated(len(raw))


BOM = b"\xef\xbb\xbf"

# What was received; the first byte of it that is neither white space nor of a comment; what
# stands before it, which is passed over.
STARTS = [
    (b"", -1, b""),
    (b" \t\r\n\v\f", -1, b" \t\r\n\v\f"),
    (b"\n {x}", 0x7B, b"\n "),
    (b"data: a\n\n", 0x64, b""),
    (BOM + b" {", 0x7B, BOM + b" "),
    (b"\n" + BOM[:2], -1, b"\n"),
    (BOM, -1, BOM),
    (b"\xefdata", 0xEF, b""),
    (b": ping\n\n: 2\r\n[", 0x5B, b": ping\n\n: 2\r\n"),
    (b"\n: pi", -1, b"\n"),
]


def test_what_was_received_can_be_looked_at_before_it_is_parsed():
    for raw, first, passed in STARTS:
        parser = SSEParser(64)
        receive_all(parser, raw)
        assert parser.first_byte() == parser.first_byte() == first, raw
        assert bytes(parser.received_last(min(2, len(raw)))) == raw[-2:], raw
        assert parser.unread() == raw[len(passed) :], raw


def test_what_was_passed_over_takes_no_room_and_what_follows_is_parsed():
    parser = SSEParser(64, 64)
    for raw in [b"\n \r\n" * 10] * 9 + [BOM[:1], BOM[1:], b": ping\n"]:
        receive_all(parser, raw)
        assert parser.first_byte() < 0
    receive_all(parser, b"data: a\n\n")
    assert parser.first_byte() == 0x64
    assert parser.next_event()
    assert parser.data() == "a"


def test_what_is_behind_an_event_is_not_parsed_yet():
    parser = SSEParser(64)
    receive_all(parser, b"data: a\n\nda")
    assert parser.next_event()
    assert parser.unread() == b"da"
    parser.free()
    assert (parser.unread(), len(parser.buffer)) == (b"", 0)


# A stream, then the last id and the reconnection time in milliseconds.
META = [
    (b"", "", None),
    (b"id: 1\n\n", "1", None),
    (b"id: 1\nid: 2\ndata: x\n\n", "2", None),
    (b"id: 1\n\nid\n\n", "", None),
    (b"id: 1\n\nid: a\x00b\n\n", "1", None),
    (b"id: \xc3\xa9\n\n", "é", None),
    (b"retry: 3000\n", "", 3000),
    (b"retry:0\n", "", 0),
    (b"retry: 10\nretry: 1.5\nretry: -1\nretry: x\nretry\nretry: 1 \n", "", 10),
    ("retry: 10\nretry: ٣\n".encode(), "", 10),
    (b"retry: 10\nretry: " + b"9" * 5000 + b"\n", "", 10),
]


def test_ids_and_reconnection_times():
    for raw, last_id, retry_ms in META:
        parser = SSEParser(6000)
        receive_all(parser, raw)
        while parser.next_event():
            pass
        assert (parser.last_id, parser.retry_ms) == (last_id, retry_ms), raw


def test_the_type_and_the_flag_are_those_of_the_event():
    parser = SSEParser()
    receive_all(parser, b"event: a\ndata: 1\n\ndata: 2")
    assert parser.next_event()
    assert (parser.event, parser.unfinished) == ("a", False)
    assert not parser.next_event()
    parser.eof_received()
    assert parser.next_event()
    assert (parser.event, parser.unfinished) == ("message", True)
    assert not parser.next_event()
    assert not parser.unfinished


def test_an_event_is_there_before_the_line_feed_of_its_last_cr_lf():
    parser = SSEParser()
    receive_all(parser, b"data: a\r\n\r")
    assert parser.next_event()
    receive_all(parser, b"\ndata: b\n\n")
    assert parser.next_event()
    assert parser.data() == "b"


def feed(parser, raw, step=1000):
    # Receives `raw` in steps; returns the data of the events.
    found = []
    while raw:
        room = parser.get_buffer()
        assert len(room) > 0
        count = min(len(room), len(raw), step)
        room[:count] = raw[:count]
        parser.buffer_updated(count)
        raw = raw[count:]
        while parser.next_event():
            found.append(parser.data())
    return found


def test_many_events_go_through_a_small_buffer():
    raw = b"".join([b"data: %d\n\n" % i for i in range(300)])
    for step in (1, 2, 5, 16):
        parser = SSEParser(16, 1000)
        assert feed(parser, raw, step) == [str(i) for i in range(300)]
        assert len(parser.buffer) <= 32, len(parser.buffer)


def test_the_buffer_grows_for_a_large_event_and_serves_on():
    parser = SSEParser(16, 10000)
    for size in (1, 100, 3000, 5, 3000):
        for step in (1, 7, 1000):
            assert feed(parser, b"data: " + b"x" * size + b"\n\n", step) == ["x" * size]
    assert len(parser.buffer) < 3100 * 4


def test_joined_lines_survive_compaction_and_growth():
    lines = [b"x" * (i % 9) for i in range(60)]
    raw = b"".join([b"data: " + line + b"\n" for line in lines]) + b"\n"
    want = b"\n".join(lines).decode()
    for size in (4, 16, 64):
        for step in (1, 3, 11):
            assert feed(SSEParser(size, 4000), raw * 3, step) == [want] * 3


def test_comments_inside_of_an_event_need_no_room():
    parser = SSEParser(64, 64)
    raw = b"data: a\n" + b": keep-alive\n" * 100 + b"data: b\n\n"
    assert feed(parser, raw, 10) == ["a\nb"]


def test_comments_alone_never_fill_the_buffer():
    parser = SSEParser(32, 32)
    assert feed(parser, b": keep-alive\n\n" * 100 + b"data: a\n\n", 9) == ["a"]
    assert len(parser.buffer) == 32


def test_an_event_may_be_as_large_as_the_limit():
    for limit in (16, 64, 100):
        for start in (4, 16, limit):
            for step in (1, 3, 1000):
                parser = SSEParser(start, limit)
                fits = b"x" * (limit - len(b"data: \n\n"))
                raw = b"data: a\n\n" * 3 + b"data: " + fits + b"\n\n"
                assert feed(parser, raw, step) == ["a", "a", "a", fits.decode()]
                assert len(parser.buffer) <= limit


def test_a_larger_event_is_an_error_and_the_buffer_stays_bounded():
    for raw in (b"data: " + b"x" * 300, b"x" * 300, b": " + b"c" * 300, b"data: x\n" * 80):
        for step in (1, 50, 1000):
            parser = SSEParser(16, 100)
            error = error_of(StreamError, feed, parser, raw, step)
            assert "larger than 100 bytes" in str(error)
            assert len(parser.buffer) == 0  # nobody will read it: its memory is given back


def test_a_buffer_never_starts_above_the_limit():
    assert len(SSEParser(1000, 100).buffer) == 100


def test_there_is_a_buffer_even_when_nothing_is_taken():
    parser = SSEParser(8, 64)
    received = 0
    while received < 64:
        room = parser.get_buffer()
        assert len(room) > 0
        room[:1] = b"x"
        parser.buffer_updated(1)
        received += 1
    error_of(StreamError, parser.get_buffer)


def test_another_buffer_is_used_once_nothing_is_left_in_the_one_before():
    parser = SSEParser(buffer=bytearray(32))
    for data, taken in (
        (b"data: 1\n", False),
        (b"\n", True),
        (b"dat", False),
        (b"a: 2\n\n", True),
    ):
        room = parser.get_buffer()
        room[: len(data)] = data
        parser.buffer_updated(len(data))
        while parser.next_event():
            pass
        assert parser.use(bytearray(16)) == taken, data
    assert len(parser.get_buffer()) == 16


def test_get_buffer_ends_the_event_that_was_given():
    parser = SSEParser(64)
    assert feed(parser, b"event: a\ndata: 1\n\n") == ["1"]
    parser.get_buffer()
    assert parser.event == "message"


def test_get_buffer_after_an_event_leaves_what_was_received_behind_it():
    parser = SSEParser(32)
    room = parser.get_buffer()
    raw = b"event: a\ndata: 1\n\ndata: 22\n"
    room[: len(raw)] = raw
    parser.buffer_updated(len(raw))
    assert parser.next_event()
    parser.get_buffer()[:1] = b"\n"
    parser.buffer_updated(1)
    assert parser.next_event()
    assert (parser.event, parser.data()) == ("message", "22")


def no_memory(size=0):
    raise MemoryError


def test_a_heap_without_room_for_an_event_is_nothing_of_the_servers():
    parser = SSEParser(16, 100)
    sse.bytearray = lambda size=0: bytearray(size) if size < 20 else no_memory()
    try:
        error_of(MemoryError, feed, parser, b"data: " + b"x" * 300, 7)
    finally:
        del sse.bytearray
