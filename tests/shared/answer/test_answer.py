"""From bytes to events and an end."""

import json

from helpers import error_of, feeds
from streams import DONE, STOP, chunk, event, sse, text

from thinwire.core.answer.answer import Answer
from thinwire.core.answer.events import (
    ContentDelta,
)
from thinwire.core.errors import StatusError, StreamError, ThinwireError

A, B = ContentDelta("a"), ContentDelta("b")


def received(pieces, content_type="text/event-stream"):
    # The answer once all pieces came and the body has ended; its events; its error, if any.
    answer, events = Answer(), []
    answer.content_type = content_type
    try:
        for piece in pieces + [b""]:
            receive(answer, piece)
            one = answer.next_event()
            while one is not None:
                events.append(one)
                one = answer.next_event()
    except ThinwireError as error:
        return answer, events, error
    return answer, events, None


def receive(answer, piece):
    answer.get_buffer()[: len(piece)] = piece
    answer.buffer_updated(len(piece))


OWN = b"event: hermes.tool.progress\ndata: %s\n\n"

# A body, the events in it, and how it ends.
BODIES = [
    (sse(text("a"), text("b"), STOP) + DONE, [A, B], "finish"),
    (sse(text("a"), text("b"), STOP), [A, B], "finish"),
    (sse(text("a")) + DONE, [A], "done"),
    (sse(STOP) + DONE, [], "finish"),
    (sse(text("a"), chunk({"content": "b"}, "stop")) + DONE, [A, B], "finish"),
    (sse([text("a")]) + DONE, [A], "done"),
    (b"event: ping\ndata: hello\n\n" + sse(text("a")) + DONE, [A], "done"),
    (b"event: status\ndata: searching the web\n\n" + sse(text("a")) + DONE, [A], "done"),
    (sse(text("a")) + b"event: status\ndata: searching\n\n" + DONE, [A], "done"),
    (OWN % b'{"status": "running"}' + sse(text("a"), STOP) + DONE, [A], "finish"),
    (OWN % b'{"error": "exit status 1"}' + sse(text("a"), STOP) + DONE, [A], "finish"),
    (sse(text("a")) + OWN % b'{"error": {"message": "no"}}' + DONE, [A], "done"),
    (OWN % b'[{"object": "error", "message": "no"}]' + sse(text("a")) + DONE, [A], "done"),
    (OWN % json.dumps(text("a")).encode() + sse(text("b")) + DONE, [A, B], "done"),
    (sse([text("a"), text("b")]) + DONE, [A, B], "done"),
    (sse(["x", [text("b")], text("a")]) + DONE, [A], "done"),
    (b": hello\n\ndata:\n\ndata: \n\n" + sse(text("a")) + DONE, [A], "done"),
    (sse(1, None, [], text("a")) + DONE, [A], "done"),
]


def test_bodies_whole_byte_by_byte_and_cut_anywhere():
    for body, want, end in BODIES:
        for pieces in feeds(body):
            answer, events, error = received(pieces)
            assert error is None, (body, pieces, error)
            assert events == want, (body, pieces, events)
            assert (answer.end, answer.received) == (end, len(body)), (body, pieces)


ERROR = {"error": {"message": "no", "code": 500}}

# A body that is no answer, the events before that shows, the class of the error and words of it.
BAD_BODIES = [
    (b"", [], StreamError, "the answer is empty (content-type text/event-stream)"),
    (b"<html>no</html>", [], StreamError, "no stream of chunks (content-type text/event-stream)"),
    (DONE, [], StreamError, "ended before any delta"),
    (sse(text("a")), [A], StreamError, "without finish_reason and without [DONE]"),
    (sse(text("a"))[:-5], [], StreamError, "no stream of chunks"),
    (b"data: no\n\n", [], StreamError, "not JSON: no"),
    (sse(ERROR), [], StatusError, "no"),
    (sse(text("a"), ERROR), [A], StatusError, "no"),
    (sse(dict(text("a"), error="no")), [], StatusError, "no"),
    (sse([text("a"), ERROR, text("b")]), [A], StatusError, "no"),
    (OWN % b'{"error": "no"}', [], StreamError, 'progress data: {"error": "no"}'),
    (b"event: error\n" + event("no"), [], StatusError, "no"),
    (b'event: error\ndata: {"message": "no"}\n\n', [], StatusError, "no"),
]


def test_bad_bodies_whole_byte_by_byte_and_cut_anywhere():
    for body, want, kind, words in BAD_BODIES:
        for pieces in feeds(body):
            _, events, error = received(pieces)
            assert isinstance(error, kind), (body, pieces, error)
            assert words in str(error), (body, pieces, error)
            assert events == want, (body, pieces, events)


def test_what_came_along_with_an_error_is_handed_out_before_it():
    body = sse(text("a"), dict(text("b"), error="no")) + DONE
    _, events, error = received([body])
    assert (events, type(error)) == ([A, B], StatusError)


def test_a_body_without_a_type_says_so():
    for body in (b"", b"no"):
        assert "(content-type none)" in str(received([body], "")[2])


# The first bytes of a body: is it blank so far, does it begin like a document?
STARTS = [
    (b"", True, False),
    (b" \r\n\t", True, False),
    (b" " * 799, True, False),
    (b" " * 20000, True, False),
    (b": ping\n\n: pi", True, False),
    (b'\n {"a"', False, True),
    (b'\xef\xbb\xbf{"a"', False, True),
    (b': ping\n\n{"a"', False, True),
    (b"[", False, True),
    (b"data:", False, False),
]


def test_the_first_bytes_tell_a_document():
    for start, blank, document in STARTS:
        answer = Answer()
        for at in range(0, len(start), 50):
            receive(answer, start[at : at + 50])
        first = answer.first_byte()
        assert (first < 0, first in (0x7B, 0x5B)) == (blank, document), start


def test_a_document_is_a_whole_answer():
    for message, end, want in [
        ({"message": {"content": "a"}, "finish_reason": "stop"}, "finish", [A]),
        ({"message": {"content": "a"}}, "done", [A]),
        ({"message": {"content": ""}, "finish_reason": "stop"}, "finish", []),
    ]:
        answer = Answer()
        body = event({"choices": [message]})[len("data: ") :]
        answer.receive_document(bytearray(body))
        events = [answer.next_event() for _ in range(len(want) + 1)]
        assert events == want + [None], (message, events)
        assert (answer.end, answer.received, answer.eof) == (end, len(body), True)


def test_a_document_may_be_no_answer():
    for body, kind in [
        (b'{"choices": []}', StreamError),
        (b"[]", StreamError),
        (b"{", StreamError),
        (b'{"error": "no"}', StatusError),
    ]:
        error_of(kind, Answer().receive_document, bytearray(body))


class Buffers:
    # Sees a buffer come back.
    def __init__(self):
        self.buffer = bytearray(64)
        self.released = []

    def release(self, buffer):
        self.released.append(buffer)


def test_a_buffer_that_was_lent_is_given_back_once():
    buffers = Buffers()
    answer = Answer(None, buffers, buffers.buffer)
    assert answer.parser.buffer is buffers.buffer
    answer.free()
    answer.free()
    assert len(buffers.released) == 1
    assert buffers.released[0] is buffers.buffer
    assert len(answer.parser.buffer) == 0
