from helpers import error_of, feeds

from thinwire.core.errors import StreamError
from thinwire.sse import SSEDecoder

# A stream; its whole events; what is left when it ends. Examples of WHATWG HTML §9.2.6 first.
CASES = (
    (b"data: YHOO\ndata: +2\ndata: 10\n\n", [("message", "YHOO\n+2\n10", "")], []),
    (
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n"
        b"data:  third event\n",
        [("message", "first event", "1"), ("message", "second event", "")],
        [("message", " third event", "")],
    ),
    (
        b"data\n\ndata\ndata\n\ndata:",
        [("message", "", ""), ("message", "\n", "")],
        [("message", "", "")],
    ),
    (b"data:test\n\ndata: test\n\n", [("message", "test", "")] * 2, []),
    (b"event: add\r\ndata: 7\r\n\r\ndata: 8\r\r", [("add", "7", ""), ("message", "8", "")], []),
    (b"\xef\xbb\xbfdata: a\xe2\x80\xa8b\xc2\x85\n\n", [("message", "a\u2028b\x85", "")], []),
    (b"data: \xff\n\n", [("message", "\ufffd", "")], []),
    (b"", [], []),
    (b"retry: 10\n\nevent: x\n\n", [], []),
)


def test_events_however_the_stream_is_cut():
    for raw, want, left in CASES:
        for pieces in feeds(raw):
            decoder = SSEDecoder()
            got = []
            for piece in pieces:
                got.extend(decoder.feed(piece))
            assert got == want, (pieces, got)
            assert decoder.finish() == left, pieces


def test_id_and_retry_are_kept_for_a_reconnection():
    decoder = SSEDecoder()
    assert (decoder.last_id, decoder.retry_ms) == ("", None)
    decoder.feed(b"id: 7\nretry: 1500\ndata: x\n\n")
    assert (decoder.last_id, decoder.retry_ms) == ("7", 1500)


def test_any_bytes_will_do():
    for kind in (bytes, bytearray, memoryview):
        assert SSEDecoder().feed(kind(b"data: a\n\n")) == [("message", "a", "")]


def test_an_event_beyond_the_limit_is_refused_without_being_kept():
    for limit in (16, 100, 5000):
        decoder = SSEDecoder(limit)
        piece = b"x" * 1000
        error = error_of(StreamError, feed_often, decoder, piece)
        assert str(limit) in str(error)


def feed_often(decoder, piece):
    for _ in range(10):
        decoder.feed(b"data: " + piece)


def test_events_far_larger_together_than_the_limit():
    decoder = SSEDecoder(64)
    assert decoder.feed(b"data: abc\n\n" * 1000) == [("message", "abc", "")] * 1000
