from helpers import error_of, feeds

from thinwire.core._compat import HEAD_LIMIT
from thinwire.core.errors import ReadError
from thinwire.core.wire.http1_request import HTTPChunkWriter, check_header, request_head
from thinwire.core.wire.http1_response import ResponseHead

NAMES = ("Host", "x-api-key", "!#$%&'*+-.^_`|~09azAZ")
BAD_NAMES = ("", "a b", "a:", "a\r", "a\n", "é", "\u212a", "\u0130", "a\x00", "a(", "\x7f")
VALUES = ("", "v", "a b\tc", "!~", "Bearer sk-1")
BAD_VALUES = ("a\r\nX: y", "a\n", "a\r", "\x00", "é", "\x7f", "\u2028", "a\x1b")


def test_headers_that_can_be_sent():
    for name in NAMES:
        for value in VALUES:
            check_header(name, value)


def test_names_that_cannot_be_sent():
    for name in BAD_NAMES:
        error_of(ValueError, check_header, name, "v")


def test_values_that_cannot_be_sent_are_refused_without_being_repeated():
    for value in BAD_VALUES:
        error = error_of(ValueError, check_header, "X-Name", "secret" + value)
        assert "X-Name" in str(error)
        assert "secret" not in str(error)


def test_values_that_are_no_text():
    for value in (None, 5, b"secret", ["secret"]):
        error = error_of(ValueError, check_header, "X-Name", value)
        assert "X-Name" in str(error)
        assert "secret" not in str(error)


def test_a_request_head():
    got = request_head("POST", "/v1/x?a=b", [("Host", "h"), ("A", "b c")], 5)
    assert got == b"POST /v1/x?a=b HTTP/1.1\r\nHost: h\r\nA: b c\r\nContent-Length: 5\r\n\r\n", got


def test_framing_of_a_request():
    for length, want in [
        (None, b"Transfer-Encoding: chunked\r\n\r\n"),
        (0, b"Content-Length: 0\r\n\r\n"),
        (123456789, b"Content-Length: 123456789\r\n\r\n"),
        (-1, b"HTTP/1.1\r\n\r\n"),
    ]:
        assert request_head("POST", "/", [], length).endswith(want)


def test_framing_headers_of_the_caller_are_dropped():
    headers = [("content-LENGTH", "1"), ("Transfer-encoding", "gzip"), ("TE", "x")]
    assert request_head("GET", "/", headers, -1) == b"GET / HTTP/1.1\r\nTE: x\r\n\r\n"


def test_a_request_head_refuses_bad_headers():
    error_of(ValueError, request_head, "GET", "/", [("A", "b\r\nc: d")], -1)


def test_chunk_frames():
    for size in (1, 15, 16, 255, 256, 4096, 65535):
        writer = HTTPChunkWriter(size)
        assert len(writer.payload) == size
        for count in (size, 1, size // 2 + 1):
            data = b"z" * count
            writer.payload[:count] = data
            assert bytes(writer.frame(count)) == b"%x\r\n" % count + data + b"\r\n"
        assert bytes(writer.frame(0)) == b"0\r\n\r\n"


def test_a_body_of_known_length_is_not_framed():
    writer = HTTPChunkWriter(16, chunked=False)
    writer.payload[:3] = b"abc"
    assert bytes(writer.frame(3)) == b"abc"
    assert bytes(writer.frame(0)) == b""


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


def test_folded_lines_are_unfolded():
    head = head_of(b"A: b", b"  c", b"\td", b"E: f")
    assert head.header("a").split() == ["b", "c", "d"]
    assert head.header("e") == "f"


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
