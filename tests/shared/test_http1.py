from helpers import error_of, feeds

from thinwire.core._compat import HEAD_LIMIT
from thinwire.core.errors import ReadError
from thinwire.core.wire.http1_response import ResponseHead

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
