from helpers import Scratch, error_of, read_all

from thinwire.core._compat import PIECE
from thinwire.core.errors import EncodeError
from thinwire.core.request.http_request import Body, JSONBody, Request
from thinwire.core.request.sources import TextFile
from thinwire.core.wire.json_encode import Items, TextReader


def run(coroutine):
    # Runs a coroutine that never waits.
    try:
        coroutine.send(None)
    except StopIteration:
        return
    assert False, "it waits"


def test_length_is_what_is_sent():
    with Scratch("é".encode() * PIECE) as path:
        for value in (1, "é", ["x" * 3 * PIECE], TextFile(path), Items([1, {"b": None}])):
            for size in (1, 100, 4096):
                body = JSONBody({"a": value})
                length = body.length()
                sent = read_all(body, size)
                assert length == len(sent) == body.sent_bytes
                assert JSONBody({"a": value}).length() == length


def test_a_document_that_changes_after_it_was_measured_is_not_sent_on():
    for change in ("append", "pop"):
        values = ["x", "y"]
        body = JSONBody({"a": values})
        assert body.length() == 15
        getattr(values, change)(*["z"] if change == "append" else [])
        error = error_of(EncodeError, read_all, body)
        assert "15 bytes were announced" in error.message


def test_bytes_and_blocks_are_counted():
    body = JSONBody({"a": 1})
    assert (body.sent_bytes, body.sent_blocks) == (0, 0)
    assert len(read_all(body, 3)) == 7
    assert (body.sent_bytes, body.sent_blocks) == (7, 3)


def test_what_can_be_walked_again_is_replayable():
    with Scratch(b"abc") as path:
        body = JSONBody({"a": [TextFile(path), "x", Items([1])]})
        for _ in range(20):
            assert body.replayable()
            body.readinto(bytearray(2))


def test_a_one_shot_iterator_that_was_begun_is_not_replayable():
    body = JSONBody({"messages": Items(iter([1, 2]))})
    assert body.length() is None
    assert body.replayable()
    body.readinto(bytearray(14))
    assert not body.replayable()


def test_a_one_shot_iterator_deep_inside_is_found():
    for document in ({"a": [{"b": Items(iter([1]))}]}, {"a": Items([[Items(iter([1]))]])}):
        body = JSONBody(document)
        assert body.length() is None
        assert b"[1]" in read_all(body)
        assert not body.replayable()


def test_a_one_shot_iterator_not_reached_yet_is_still_untouched():
    body = JSONBody({"a": ["x" * 4 * PIECE, Items(iter([1]))]})
    body.readinto(bytearray(20))
    assert body.replayable()
    assert read_all(body).endswith(b'x",[1]]}')
    assert not body.replayable()


class Watched:
    # A source that says when it is opened.
    def __init__(self, replayable):
        self.replayable = replayable
        self.opened = 0

    def open(self):
        self.opened += 1
        return TextReader("ab")


def test_what_can_be_read_only_once_is_told_and_left_alone():
    def once(told):
        try:
            yield 1
        finally:
            told.append("closed")

    def document(value):
        return {"x": "y" * 2 * PIECE, "a": [{"b": value}]}

    closed = []
    for value, want in (
        (Watched(False), False),
        (Items([Watched(False)]), False),
        (Watched(True), True),
        (Items([1, "2"]), True),
        (Items(once(closed)), False),
    ):
        body = JSONBody(document(value))
        assert body.repeatable() == want
        assert getattr(value, "opened", 0) == 0
        if not want:
            assert body.length() is None
            assert getattr(value, "opened", 0) == 0
        assert closed == []
        assert len(read_all(body)) > 2 * PIECE
    assert closed == ["closed"]
    error = error_of(EncodeError, JSONBody({"a": [b""]}).repeatable)
    assert error.path == "a[0]"


def test_a_body_that_cannot_be_encoded_raises_and_so_does_its_length():
    for call in (lambda body: body.length(), lambda body: read_all(body)):
        error = error_of(EncodeError, call, JSONBody({"a": [b""]}))
        assert error.path == "a[0]"


def test_close_frees_an_open_file_and_is_harmless_otherwise():
    with Scratch(b"abc" * PIECE) as path:
        body = JSONBody({"a": TextFile(path)})
        body.close()
        body.readinto(bytearray(10))
        body.close()
        body.close()


def test_the_base_class_can_neither_be_read_nor_measured():
    body = Body()
    error_of(NotImplementedError, body.readinto, bytearray(1))
    assert body.length() is None
    assert body.replayable()
    run(body.more())
    body.close()


def test_waiting_for_nothing_is_harmless():
    body = JSONBody({"a": 1})
    run(body.more())
    body.readinto(bytearray(1))
    run(body.more())
    assert read_all(body) == b'"a":1}'


# Sent at, ended at, how long the connection took: whether the server cannot have had it.
ENDINGS = (
    (None, 9000, 1, True),
    (1000, 1000, 1, True),
    (1000, 1500, 1, True),
    (1000, 1501, 1, False),
    (1000, 1501, 251, True),
    (1000, 1800, 400, True),
    (1000, 1801, 400, False),
    (1000, 3000, 60000, True),
    (1000, 3001, 60000, False),
)


def test_how_soon_an_end_is_nobodys_fault():
    for sent, ended, took, unheard in ENDINGS:
        request = Request("POST", "http", "h", 80, "/", "h", [], None)
        request.sent_ms = sent
        assert request.unheard(ended, took) is unheard, (sent, ended, took)


def request_with(document, **attributes):
    request = Request("POST", "http", "h", 80, "/", "h", [], JSONBody(document))
    for name, value in attributes.items():
        setattr(request, name, value)
    return request


def once():
    return {"a": Items(iter(["x" * 10]))}


# A document, the size of the buffer, attributes; then bytes of the first block, the length it has
# found, and whether the request goes in chunks.
FIRST = [
    ({"a": 1}, 8, {}, 7, 7, False),
    ({"a": 1}, 4096, {}, 7, 7, False),
    # All of it, but the end has not been seen.
    ({"a": 1}, 7, {}, 7, None, True),
    ({"a": 1}, 6, {}, 6, None, True),
    ({"a": 1}, 0, {}, 0, None, True),
    ({"a": 1}, 4096, {"chunked": True}, 7, None, True),
    ({"a": 1}, 3, {"length": 7}, 3, 7, False),
    ({"a": "é" * 3 * PIECE}, 6 * PIECE + 9, {}, 6 * PIECE + 8, 6 * PIECE + 8, False),
]


def test_a_first_block_that_is_all_of_it_tells_the_length():
    for document, size, attributes, count, length, in_chunks in FIRST:
        request = request_with(document, **attributes)
        got = request.first_block(memoryview(bytearray(size)))
        assert (got, request.length, request.in_chunks) == (count, length, in_chunks), size
        assert request.body.sent_bytes == count
        rest = read_all(request.body)
        assert request.body.sent_bytes == count + len(rest)


def test_what_can_be_read_only_once_waits_for_a_connection():
    request = request_with(once())
    buffer = memoryview(bytearray(100))
    assert request.first_block(buffer, True) == len(b'{"a":[')
    assert (request.length, request.body.sent_bytes) == (None, 0)
    assert request.body.replayable()
    assert read_all(request.body) == b'"xxxxxxxxxx"]}'
    assert not request.body.replayable()
    # With a connection it is read like all else.
    request = request_with(once())
    assert request.first_block(buffer) == request.length == 20


def test_what_is_read_ahead_does_not_count_as_sent():
    request = request_with({"a": 1})
    assert request.first_block(memoryview(bytearray(100)), True) == 7
    assert (request.length, request.body.sent_bytes) == (7, 0)
    request = request_with({"a": [b""]})
    error_of(EncodeError, request.first_block, memoryview(bytearray(100)), True)
    assert request.body.once
