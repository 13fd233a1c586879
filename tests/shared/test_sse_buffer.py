from helpers import error_of

from thinwire.core.errors import StreamError
from thinwire.core.wire import sse
from thinwire.core.wire.sse import SSEParser


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


def test_a_heap_without_room_for_an_event_is_an_error_of_ours():
    parser = SSEParser(16, 100)
    sse.bytearray = lambda size=0: bytearray(size) if size < 20 else no_memory()
    try:
        error = error_of(StreamError, feed, parser, b"data: " + b"x" * 300, 7)
    finally:
        del sse.bytearray
    assert "bytes of memory" in str(error), error
    assert len(parser.buffer) == 0
