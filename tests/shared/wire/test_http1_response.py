from helpers import error_of, feeds

from thinwire.core._compat import HEAD_LIMIT
from thinwire.core.errors import ReadError
from thinwire.core.wire.http1 import BodyReader, ResponseHead
from thinwire.core.wire.http1_request import HTTPChunkWriter

# A head, its status and how much of the data behind it is body.
HEADS = [
    (b"HTTP/1.1 200 OK\r\n\r\n", 200, 0),
    (b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody", 200, 4),
    (b"HTTP/1.1 200 OK\nA: b\n\nbody\n\n", 200, 6),
    (b"HTTP/1.1 200 OK\r\nA: b\n\r\nx", 200, 1),
    (b"HTTP/1.1 200 OK\nA: b\r\n\nx", 200, 1),
    (b"HTTP/1.1 200 OK\r\nA: b\n\nx\r\n\r\n", 200, 5),
    (b"HTTP/1.1 200\r\n\r\n", 200, 0),
    (b"HTTP/1.1 200 \r\n\r\n", 200, 0),
    (b"HTTP/1.0 404 Not  Found\r\n\r\n", 404, 0),
    (b"HTTP/1.1 529 \xff\r\nA:b\r\n\r\n", 529, 0),
    (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\nx", 200, 1),
    (b"HTTP/1.1 103 Early\r\nA: 1\r\n\r\n" * 8 + b"HTTP/1.1 503 No\r\n\r\n", 503, 0),
]


def receive(pieces):
    # The head, and what of the pieces was body.
    head, rest = ResponseHead(), b""
    done = False
    for piece in pieces:
        if done:
            rest += piece
            continue
        count = head.receive(memoryview(piece))
        if count is not None:
            done = True
            rest = piece[len(piece) - count :]
    assert done
    return head, rest


def head_of(*lines):
    return receive([b"HTTP/1.1 200 OK\r\n" + b"\r\n".join(lines) + b"\r\n\r\n"])[0]


def test_heads_whole_byte_by_byte_and_cut_anywhere():
    for raw, status, size in HEADS:
        for pieces in feeds(raw):
            head, rest = receive(pieces)
            assert head.status == status, raw
            assert rest == raw[len(raw) - size :], (raw, rest)


MALFORMED = [
    b"\r\n\r\n",
    b"HTTP/2 200 OK\r\n\r\n",
    b"http/1.1 200 OK\r\n\r\n",
    b"HTTP/1.1\r\n\r\n",
    b"HTTP/1.1 OK\r\n\r\n",
    b"HTTP/1.1 20 OK\r\n\r\n",
    b"HTTP/1.1 2000 OK\r\n\r\n",
    b"HTTP/1.1  200 OK\r\n\r\n",
    b"HTTP/1.1 +20 OK\r\n\r\n",
    b"SSH-2.0-OpenSSH\r\n\r\n",
    b"HTTP/1.1 101 Switching\r\n\r\n",
    b"HTTP/1.1 099 Odd\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" * 9,
    b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n: no name\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding : chunked\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nA\t: b\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nA B: c\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nA: b\rContent-Length: 5\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nA: b\x00\r\n\r\n",
]


def test_malformed_heads_are_refused_however_they_arrive():
    for raw in MALFORMED:
        for pieces in feeds(raw):
            error_of(ReadError, receive, pieces)


def test_a_head_has_a_limit():
    start = b"HTTP/1.1 200 OK\r\nA: "
    for size, fits in [(HEAD_LIMIT - len(start) - 4, True), (HEAD_LIMIT - len(start) - 3, False)]:
        raw = start + b"x" * size + b"\r\n\r\n"
        for pieces in ([raw], [raw[:100], raw[100:]], [raw[:-1], raw[-1:]]):
            if fits:
                assert receive(pieces)[0].status == 200
            else:
                error_of(ReadError, receive, pieces)


def test_an_endless_head_is_refused():
    head = ResponseHead()
    block = memoryview(b"A: b\r\n" * (HEAD_LIMIT // 24))
    head.receive(memoryview(b"HTTP/1.1 200 OK\r\n"))
    for _ in range(3):
        assert head.receive(block) is None
    error_of(ReadError, head.receive, block)
    error_of(ReadError, head.receive, block)


def test_header_values():
    head = head_of(
        b"Content-Type:  text/html ", b"X:", b"Y: \xe9", b"y: 2", b"XX: a:b", b"Z:\tt\t"
    )
    for name, want in [
        ("content-type", "text/html"),
        ("Content-Type", "text/html"),
        ("x", ""),
        ("xx", "a:b"),
        ("Y", "\xe9"),
        ("z", "t"),
        ("content", None),
        ("http/1.1 200 ok", None),
    ]:
        assert head.header(name) == want, name


def test_all_headers():
    got = head_of(b"X-A: 1", b"x-b:2 ", b"Empty:", b"X-A: three: 3", b"Fold: a", b" b")
    want = [("x-a", "1"), ("x-b", "2"), ("empty", ""), ("x-a", "three: 3"), ("fold", "a b")]
    assert got.all_headers() == want, got.all_headers()
    assert head_of().all_headers() == []


def test_folded_lines_are_unfolded():
    head = head_of(b"A: b", b"  c", b"\td", b"E: f")
    assert head.header("a").split() == ["b", "c", "d"]
    assert head.header("e") == "f"
    head = head_of(b"A: b", b" c", b"Connection: keep-alive", b"Connection: close")
    assert not head.keep_alive()


def test_headers_of_an_interim_response_do_not_count():
    raw = b"HTTP/1.1 100 C\r\nA: 1\r\nB: 1\r\n\r\nHTTP/1.1 200 OK\r\nA: 2\r\n\r\n"
    head = receive([raw])[0]
    assert (head.header("a"), head.header("b")) == ("2", None)


KEEP_ALIVE = [
    (b"HTTP/1.1 200 OK\r\n\r\n", True),
    (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", False),
    (b"HTTP/1.1 200 OK\r\nConnection: Close\r\n\r\n", False),
    (b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nConnection: x, close\r\n\r\n", False),
    (b"HTTP/1.1 200 OK\r\nConnection: closed-loop\r\n\r\n", True),
    (b"HTTP/1.0 200 OK\r\n\r\n", False),
    (b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n\r\n", True),
    (b"HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\n\r\n", False),
]


def test_whether_the_connection_can_be_used_again():
    for raw, want in KEEP_ALIVE:
        assert receive([raw])[0].keep_alive() == want, raw


CHUNKED = [
    (b"0\r\n\r\n", b""),
    (b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
    (b"1\r\na\r\n2\r\nbc\r\n003\r\ndef\r\n000\r\n\r\n", b"abcdef"),
    (b"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", b"0123456789" * 2),
    (b"4\r\n\r\n\r\n\r\n0\r\n\r\n", b"\r\n\r\n"),
    (b'2;name=value\r\nab\r\n1 ; x="y;z"\r\nc\r\n0;last\r\n\r\n', b"abc"),
    (b"3  \r\nabc\r\n0\r\n\r\n", b"abc"),
    (b"3\r\nabc\r\n0\r\nX-Trailer: 1\r\nY: 2\r\n\r\n", b"abc"),
    (b"3\r\nabc\r\n0\r\nX: 1\n\n", b"abc"),
    (b"0000000000000003\r\nabc\r\n0\r\n\r\n", b"abc"),
]

BROKEN = [
    b"x\r\nabc\r\n",
    b"\r\nabc\r\n",
    b"-3\r\nabc\r\n",
    b"+3\r\nabc\r\n",
    b"0x3\r\nabc\r\n",
    b"3 3\r\nabc\r\n",
    b"3\r3\r\nabc\r\n",
    b";x\r\n",
    b"00000000000000003\r\nabc\r\n",
    b"3\r\nabcd\r\n0\r\n\r\n",
    b"3\r\nab\r\n0\r\n\r\n",
    b"3\r\nabc0\r\n\r\n",
    b"3\nabc\r\n0\r\n\r\n",
    b"3\r\nabc\n0\r\n\r\n",
    b"3;" + b"x" * 5000 + b"\r\nabc\r\n",
    b"0\r\n" + b"X: " + b"y" * 5000 + b"\r\n\r\n",
    b"0\r\n" + b"X: yyyyyyyy\r\n" * 3000 + b"\r\n",
]


def decode(reader, pieces):
    # Each piece stands in the buffer it was received into.
    out = b""
    for piece in pieces:
        buffer = bytearray(piece)
        size = reader.decode(memoryview(buffer))
        out += bytes(buffer[reader.offset : reader.offset + size])
    return out


def body_of(*lines):
    head = ResponseHead()
    head.receive(memoryview(b"\r\n".join(lines) + b"\r\n\r\n"))
    return head.body()


def test_chunked_bodies_whole_byte_by_byte_and_cut_anywhere():
    for raw, want in CHUNKED:
        for pieces in feeds(raw):
            reader = BodyReader(None, True)
            assert decode(reader, pieces) == want, (raw, pieces)
            assert (reader.done, reader.excess) == (True, False)
            reader.eof()


def test_a_chunked_body_that_ends_early_is_an_error():
    for raw, _ in CHUNKED:
        for end in range(len(raw)):
            reader = BodyReader(None, True)
            decode(reader, [raw[:end]])
            assert not reader.done
            assert "in the middle of a chunked body" in str(error_of(ReadError, reader.eof))


def test_many_chunks_in_one_piece_and_what_is_wrong_behind_them():
    good = b"".join(b"%x\r\n%s\r\n" % (size, b"z" * size) for size in (1, 15, 16, 300) * 3)
    for raw, want in CHUNKED:
        for pieces in ([good + raw], [good[:7], good[7:] + raw], [good[:40], good[40:] + raw]):
            reader = BodyReader(None, True)
            assert decode(reader, pieces) == b"z" * 996 + want, raw
            assert (reader.done, reader.excess) == (True, False)
    for raw in BROKEN:
        error_of(ReadError, decode, BodyReader(None, True), [good + raw])


def test_broken_chunks_are_errors_however_they_arrive():
    for raw in BROKEN:
        for pieces in feeds(raw) if len(raw) < 100 else ([raw], [raw[:50], raw[50:]]):
            error_of(ReadError, decode, BodyReader(None, True), pieces)


def test_a_body_of_known_length():
    for raw in (b"a", b"hello", b"x" * 40):
        for pieces in feeds(raw):
            reader = BodyReader(len(raw))
            assert not reader.done
            assert decode(reader, pieces) == raw
            assert (reader.done, reader.excess) == (True, False)
            reader.eof()


def test_a_body_shorter_than_announced_is_an_error():
    for have in range(5):
        reader = BodyReader(5)
        decode(reader, [b"hello"[:have]])
        assert "%d bytes of the body missing" % (5 - have) in str(error_of(ReadError, reader.eof))


def test_an_empty_body_is_done_at_once():
    reader = BodyReader(0)
    assert reader.done
    reader.eof()
    assert decode(reader, [b"x"]) == b""
    assert reader.excess


def test_a_body_until_the_end_of_the_connection():
    for pieces in feeds(b"5\r\nhello"):
        reader = BodyReader(None)
        assert decode(reader, pieces) == b"5\r\nhello"
        assert not reader.done
        reader.eof()
        assert reader.done


def test_bytes_behind_the_end_are_told_and_left_out():
    for make, raw in [
        (lambda: BodyReader(3), b"abc"),
        (lambda: BodyReader(None, True), b"3\r\nabc\r\n0\r\n\r\n"),
    ]:
        for pieces in feeds(raw + b"HTTP/1.1 200 OK"):
            reader = make()
            assert decode(reader, pieces) == b"abc"
            assert (reader.done, reader.excess) == (True, True)


def test_a_buffer_may_be_larger_than_what_came():
    for raw in (b"5\r\nhello\r\n0\r\n\r\n", b"5\r\nhel", b""):
        buffer = bytearray(raw + b"garbage")
        wanted = decode(BodyReader(None, True), [raw])
        reader = BodyReader(None, True)
        size = reader.decode(memoryview(buffer), len(raw))
        assert bytes(buffer[reader.offset : reader.offset + size]) == wanted, raw


def test_the_first_piece_stays_where_it_stands():
    for raw, offset in (
        (b"3\r\nabc\r\n", 3),
        (b"3\r\nabc\r\n2\r\nde\r\n", 3),
        (b"1;x\r\na\r\n0\r\n\r\n", 5),
        (b"3\r\n", 0),
        (b"", 0),
    ):
        reader = BodyReader(None, True)
        decode(reader, [raw])
        assert reader.offset == offset, raw
        decode(reader, [b""])
        assert reader.offset == 0


def test_an_empty_read_changes_nothing():
    reader = BodyReader(None, True)
    assert decode(reader, [b"", b"1\r\na", b"", b"\r\n0\r\n", b"", b"\r\n", b""]) == b"a"
    assert reader.done
    assert not reader.excess


def test_what_the_writer_frames_the_reader_takes():
    data = bytes([i % 256 for i in range(1000)])
    for size in (1, 16, 255, 4096):
        writer, reader, at = HTTPChunkWriter(size), BodyReader(None, True), 0
        out = b""
        while not reader.done:
            count = min(size, len(data) - at)
            writer.payload[:count] = data[at : at + count]
            out += decode(reader, [writer.frame(count)])
            at += count
        assert out == data


OK = b"HTTP/1.1 200 OK"

# Heads and the body they announce: its bytes, done already, or None for an unusable head.
ANNOUNCED = [
    ((OK, b"Content-Length: 5"), "length"),
    ((OK, b"content-length: 5, 5", b"Content-Length:5"), "length"),
    ((OK, b"Content-Length: 0"), "empty"),
    ((OK, b"Transfer-Encoding: chunked"), "chunked"),
    ((OK, b"transfer-encoding: CHUNKED "), "chunked"),
    ((OK,), "close"),
    ((b"HTTP/1.1 204 No Content",), "empty"),
    ((b"HTTP/1.1 304 Not Modified", b"Content-Length: 5"), "empty"),
    ((b"HTTP/1.1 204 No Content", b"Transfer-Encoding: chunked"), "empty"),
    ((b"HTTP/1.1 500 Oops", b"Content-Length: 5"), "length"),
]

UNUSABLE = [
    (b"Content-Length: 5", b"Content-Length: 6"),
    (b"Content-Length: 5, 6",),
    (b"Content-Length: -1",),
    (b"Content-Length: +5",),
    (b"Content-Length: 5a",),
    (b"Content-Length: 0x5",),
    (b"Content-Length:",),
    (b"Content-Length: 5,",),
    (b"Content-Length: 1234567890123456",),
    (b"Content-Length: \xb2",),
    (b"Transfer-Encoding: chunked", b"Content-Length: 5"),
    (b"Transfer-Encoding: gzip, chunked",),
    (b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
    (b"Transfer-Encoding: identity",),
    (b"Transfer-Encoding:",),
]


def test_the_head_announces_its_body():
    feed = {
        "length": b"hello",
        "chunked": b"5\r\nhello\r\n0\r\n\r\n",
        "close": b"hello",
        "empty": b"",
    }
    for lines, kind in ANNOUNCED:
        reader = body_of(*lines)
        assert decode(reader, [feed[kind]]) == (b"" if kind == "empty" else b"hello"), lines
        assert reader.done == (kind != "close"), lines
        reader.eof()


def test_ambiguous_framing_is_refused():
    for lines in UNUSABLE:
        error_of(ReadError, body_of, OK, *lines)
