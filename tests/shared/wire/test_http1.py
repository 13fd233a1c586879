# One HTTP/1.1 exchange on a scripted connection: what is sent and received, whatever comes when.

from helpers import error_of, feeds

from thinwire.core.errors import ConnectError, ReadError, TransportTimeout, WriteError
from thinwire.core.request.http_request import Body, Request
from thinwire.core.wire.http1 import DONE, MORE, READ, TURN, WRITE, HTTP1Exchange
from thinwire.core.wire.http1_request import HTTPChunkWriter

BLOCK = 512
HEAD = b"POST /v1 HTTP/1.1\r\nHost: h\r\nA: b\r\n"


class Line:
    """A connection. `coming`: pieces; None, a moment in which nothing comes; or an error. `room`:
    bytes it takes, -1 for all; then it blocks, or raises `refusal`."""

    kept = False
    connect_ms = 1

    def __init__(self, coming=(), room=-1, refusal=None):
        self.coming = list(coming)
        self.room = room
        self.refusal = refusal
        self.sent = b""
        self.writes = 0

    def read_some(self, view):
        piece = self.coming[0] if self.coming else None
        if isinstance(piece, Exception):
            raise piece
        if piece is None or len(piece) <= len(view):
            self.coming[:1] = []
        if piece is None:
            return None
        count = min(len(piece), len(view))
        view[:count] = piece[:count]
        if len(piece) > count:
            self.coming[0] = piece[count:]
        return count

    def write_some(self, view):
        count = len(view)
        if self.room >= 0:
            count = min(count, self.room)
            self.room -= count
            if not count and self.refusal is not None:
                raise self.refusal
        self.sent += bytes(view[:count])
        self.writes += count > 0
        return count


class Said(Body):
    """A body of so many bytes; of None in a list nothing is there yet, an error is raised."""

    def __init__(self, *pieces):
        super().__init__()
        self.pieces = list(pieces)

    def _read(self, buffer):
        while self.pieces and self.pieces[0] == 0:
            self.pieces.pop(0)
        if not self.pieces:
            return 0
        size = self.pieces[0]
        if size is None:
            self.pieces.pop(0)
            return None
        if isinstance(size, Exception):
            raise size
        count = min(size, len(buffer))
        buffer[:count] = b"z" * count
        self.pieces[0] = size - count
        return count


class Clock:
    def __init__(self):
        self.ms = 1000

    def __call__(self):
        return self.ms


def request_of(*pieces, headers=()):
    headers = [("A", "b")] + list(headers)
    return Request(
        "POST", "https", "h", 443, "/v1", "h", headers, Said(*pieces) if pieces else None
    )


def exchange_of(line, request, **options):
    writer, scratch = HTTPChunkWriter(BLOCK), memoryview(bytearray(64))
    return HTTP1Exchange(line, request, writer, scratch, options.pop("clock", Clock()), **options)


def opened(line, request, looks=20000, **options):
    """The exchange once its head is there; it is asked again and again."""
    exchange = exchange_of(line, request, **options)
    for _ in range(looks):
        what = exchange.advance()
        if what == DONE:
            return exchange
        assert what in (READ, WRITE, TURN, MORE)
    assert False, "no head"


def body_of(exchange, size=64):
    """All of the body, through a buffer of `size` bytes."""
    guarded = bytearray(size + 2)
    view, out, nothing = memoryview(guarded)[1:-1], b"", 0
    while True:
        count = exchange.receive(view)
        if count is None:
            nothing += 1
            assert nothing < 10000
        elif count:
            start = exchange.offset
            assert start >= 0
            assert start + count <= size
            out += bytes(view[start : start + count])
        else:
            assert guarded[0] == guarded[-1] == 0, "written outside of the buffer"
            return out


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
# A response, its status, its body, and whether the connection can be used again.
RESPONSES = [
    (CHUNKED + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 200, b"abcde", True),
    (CHUNKED + b"5;x=1\r\nab\r\nc\r\n0\r\nX: 1\r\n\r\n", 200, b"ab\r\nc", True),
    (CHUNKED + b"0\r\n\r\n", 200, b"", True),
    (CHUNKED + b"1\r\na\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 200, b"a", False),
    (OK + b"Content-Length: 5\r\n\r\nhello", 200, b"hello", True),
    (OK + b"Content-Length: 5\r\nConnection: close\r\n\r\nhello", 200, b"hello", False),
    (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab", 200, b"ab", False),
    (OK + b"\r\nuntil the end", 200, b"until the end", False),
    (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", True),
    (
        b"HTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 429 No\r\nContent-Length: 1\r\n\r\nx",
        429,
        b"x",
        True,
    ),
]


def test_responses_whole_byte_by_byte_and_cut_anywhere():
    for raw, status, body, reusable in RESPONSES:
        for pieces in feeds(raw):
            for gaps in (False, True):
                coming = []
                for piece in pieces:
                    coming += [None, piece] if gaps else [piece]
                line = Line(coming + [b""])
                exchange = opened(line, request_of(3))
                assert (exchange.status, exchange.heard) == (status, True)
                assert body_of(exchange) == body, (raw, pieces)
                framed = b"Content-Length" in raw or b"chunked" in raw or status == 204
                assert exchange.framed == framed
                # What stands behind the end is seen when it came along with it.
                again = exchange.release()
                assert again == reusable or len(pieces) > 1, (raw, pieces)
                assert again or not reusable, (raw, pieces)
                assert exchange.release() is False


def test_a_body_through_buffers_of_any_size():
    body = bytes(range(256)) * 4
    for chunk in (1, 3, 64, 1000):
        raw = b""
        for at in range(0, len(body), chunk):
            piece = body[at : at + chunk]
            raw += b"%x\r\n%s\r\n" % (len(piece), piece)
        for size in (1, 2, 7, 100, 5000):
            exchange = opened(Line([CHUNKED + raw + b"0\r\n\r\n"]), request_of(3))
            assert body_of(exchange, size) == body, (chunk, size)


def test_a_response_that_ends_early():
    for raw, _, _, _ in RESPONSES:
        if raw.endswith((b"until the end", b"HTTP/1.1 200 OK\r\n\r\n")):
            continue
        head = raw.find(b"\r\n\r\n", raw.find(b"429") + 1) + 4
        for end in range(len(raw)):
            line = Line([raw[:end], b""] if end else [b""])
            if end < head:
                error = error_of(ReadError, opened, line, request_of(3))
                assert "without an answer" in str(error)
                assert error.unanswered == (end == 0)
            else:
                error_of(ReadError, body_of, opened(line, request_of(3)))


def test_headers():
    raw = OK + b"X-A: 1\r\nContent-Encoding: GZIP\r\nContent-Length: 0\r\n\r\n"
    exchange = opened(Line([raw]), request_of(3))
    assert (exchange.header("x-a"), exchange.coding) == ("1", "gzip")
    assert ("x-a", "1") in exchange.all_headers()
    assert opened(Line([raw.replace(b"GZIP", b"Identity")]), request_of(3)).coding == ""


# Bytes of a body as it comes, options of the request, and what is sent.
ALL = b"z" * 3000
REQUESTS = [
    ([], {}, HEAD + b"\r\n"),
    ([5], {}, HEAD + b"Content-Length: 5\r\n\r\nzzzzz"),
    ([0], {}, HEAD + b"Content-Length: 0\r\n\r\n"),
    ([5], {"chunked": True}, HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nzzzzz\r\n0\r\n\r\n"),
    ([5], {"length": 5}, HEAD + b"Content-Length: 5\r\n\r\nzzzzz"),
    ([3000], {"length": 3000}, HEAD + b"Content-Length: 3000\r\n\r\n" + ALL),
    ([None, 5], {}, HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nzzzzz\r\n0\r\n\r\n"),
    (
        [3, None, 4, None, None, 2],
        {},
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nzzz\r\n4\r\nzzzz\r\n2\r\nzz\r\n0\r\n\r\n",
    ),
]


def test_what_is_sent_whatever_the_connection_takes_at_a_time():
    answer = OK + b"Content-Length: 0\r\n\r\n"
    for pieces, options, want in REQUESTS:
        for step in (1, 7, 600, 100000):
            line, request = Line(room=0), request_of(*pieces)
            for name in options:
                setattr(request, name, options[name])
            exchange = exchange_of(line, request)
            seen = []
            while exchange.advance() != READ:
                line.room = step
                seen.append(request.handed_ms)
            assert line.sent == want, (pieces, options, line.sent)
            assert (None in seen) == (None in pieces[1:]), seen  # the caller's own time
            assert request.sent_ms == request.handed_ms == 1000
            line.coming = [answer]
            assert exchange.advance() == DONE
            body_of(exchange)
            assert exchange.release() is True


def test_a_small_request_is_one_write():
    line = Line([None])
    assert exchange_of(line, request_of(5)).advance() == READ
    assert line.writes == 1


def test_a_large_body_comes_in_blocks_and_others_have_their_turn():
    line, request = Line(), request_of(100000)
    exchange = exchange_of(line, request)
    turns = 0
    while exchange.advance() == TURN:
        turns += 1
    assert turns >= 100000 // BLOCK
    assert line.sent.endswith(b"\r\n0\r\n\r\n")
    assert request.body.sent_bytes == 100000


def test_a_head_that_leaves_no_room_goes_alone():
    for pieces, said in (([5], b"chunked\r\n\r\n5\r\nzzzzz\r\n0\r\n\r\n"), ([], b"\r\n\r\n")):
        line = Line()
        exchange = exchange_of(line, request_of(*pieces, headers=[("X", "y" * 600)]))
        while exchange.advance() != READ:
            pass
        assert line.sent.endswith(said), line.sent


def test_what_a_head_says_besides():
    for options, want in [
        ({}, b"POST /v1 HTTP/1.1\r\nHost: h\r\nA: b\r\n"),
        ({"lasting": False}, b"POST /v1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\nA: b\r\n"),
        (
            {"target": "http://h/v1", "headers": [("Proxy-X", "1")]},
            b"POST http://h/v1 HTTP/1.1\r\nHost: h\r\nProxy-X: 1\r\nA: b\r\n",
        ),
    ]:
        line = Line([OK + b"Content-Length: 0\r\n\r\n"])
        exchange = opened(line, request_of(), **options)
        assert line.sent.startswith(want), line.sent
        assert body_of(exchange) == b""
        assert exchange.release() == ("lasting" not in options)
    line = Line()
    exchange_of(line, request_of(headers=[("HOST", "other")])).advance()
    assert b"Host: h" not in line.sent
    error_of(ValueError, exchange_of, Line(), request_of(headers=[("X", "a\r\nb: c")]))


# Early answers.

EARLY = b"HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nstop"


def test_an_early_answer_at_each_point_of_an_upload():
    whole = Line()
    exchange = exchange_of(whole, request_of(1200))
    while exchange.advance() != READ:
        pass
    for at in range(0, len(whole.sent), 13):
        for pieces in ([EARLY], [b"HTTP/1.1 103 A\r\n\r\n", None, EARLY[:9], None, EARLY[9:]]):
            for refusal in (None, WriteError("reset")):
                if refusal is not None and None in pieces:
                    continue
                line, request = Line(pieces, at, refusal), request_of(1200)
                exchange = opened(line, request)
                assert exchange.status == 413
                assert body_of(exchange) == b"stop"
                assert len(line.sent) <= at
                assert request.sent_ms is None
                assert exchange.release() is False  # the rest would be read as another request


def test_a_server_that_takes_all_is_heard_before_all_is_sent():
    line = Line([None, EARLY])
    assert opened(line, request_of(100000)).status == 413
    assert len(line.sent) < 3000


def test_an_answer_that_comes_with_the_last_byte():
    line = Line([EARLY])
    exchange = opened(line, request_of(5))
    assert body_of(exchange) == b"stop"
    assert exchange.release() is True


FAILURES = [
    # What comes, whether writing fails, and what is raised: class, unanswered.
    ([None], True, WriteError, True),
    ([b"HTTP/1.1 100 C\r\n\r\n"], True, WriteError, False),
    ([EARLY[:30]], True, WriteError, False),
    ([None, ReadError("reset")], True, WriteError, True),
    ([b"220 ESMTP\r\n\r\n"], True, ReadError, False),
    ([None, b""], False, ReadError, True),
    ([ReadError("reset")], False, ReadError, True),
    ([EARLY[:30], b""], False, ReadError, False),
]


def test_failures_while_the_body_is_sent():
    for coming, refuses, kind, unanswered in FAILURES:
        for kept in (False, True):
            line = Line(coming, 600, WriteError("broken") if refuses else None)
            line.kept = kept
            error = error_of((WriteError, ReadError), opened, line, request_of(5000))
            assert isinstance(error, kind), (coming, error)
            assert error.unanswered == unanswered, coming
            assert error.stale == (unanswered and kept), coming


def test_failures_once_all_is_sent():
    for later, kept, stale in (
        (0, True, True),
        (500, True, True),
        (501, True, False),
        (0, False, False),
    ):
        clock, line, request = Clock(), Line(), request_of(5)
        line.kept = kept
        exchange = exchange_of(line, request, clock=clock)
        assert exchange.advance() == READ
        clock.ms += later
        line.coming = [b""]
        error = error_of(ReadError, exchange.advance)
        assert (error.unanswered, error.stale) == (True, stale)


def test_who_called_it_off_is_no_server():
    line, request = Line([ReadError("closed", None, True)]), request_of(5)
    error = error_of(ReadError, opened, line, request)
    assert (error.closed, error.unanswered) == (True, False)
    request.abort()
    assert error_of(ReadError, exchange_of(Line(), request).advance).closed


# The caller's own producer.


def test_a_producer_may_take_its_time_and_the_server_answer_meanwhile():
    line, request, clock = Line(), request_of(5, None, None, 5), Clock()
    exchange = exchange_of(line, request, clock=clock)
    request.upload_ms = 100
    assert exchange.advance() == MORE
    assert exchange.deadline() is None
    clock.ms += 5000
    assert exchange.listen() is False
    line.coming = [EARLY[:20], None, EARLY[20:]]
    assert [exchange.listen(), exchange.listen()] == [False, True]
    assert exchange.advance() == DONE
    assert exchange.status == 413


def test_a_connection_that_ends_while_the_producer_works():
    line, request = Line(), request_of(5, None, None, 5)
    line.kept = True
    exchange = exchange_of(line, request)
    assert exchange.advance() == MORE
    line.coming = [b""]
    error = error_of(ReadError, exchange.listen)
    assert (error.unanswered, error.stale) == (True, True)


def test_what_the_producer_raises_is_its_own():
    for error in (ValueError("mine"), WriteError("mine"), ReadError("mine")):
        line, request = Line([None, EARLY]), request_of(5, None, None, error)
        line.kept = True
        exchange = exchange_of(line, request)
        assert exchange.advance() == MORE
        line.coming = []
        found = error_of(type(error), exchange.advance)
        assert found is error
        assert getattr(found, "stale", False) is False
        assert request.body.failure is error


# Clocks.


def test_each_wait_has_its_deadline():
    for pieces, room, limit, phase in (
        ([100000], 700, "upload_ms", "write"),
        ([5], -1, "head_ms", "head"),
        ([5], -1, "total_deadline_ms", "head"),
        ([100000], 700, "total_deadline_ms", "write"),
    ):
        clock, line, request = Clock(), Line(room=room), request_of(*pieces)
        setattr(request, limit, 1100 if limit == "total_deadline_ms" else 100)
        exchange = exchange_of(line, request, clock=clock)
        what = TURN
        while what == TURN:
            what = exchange.advance()
        assert exchange.deadline() == 1100
        clock.ms = 1099
        assert exchange.advance() == what
        clock.ms = 1100
        error = error_of(TransportTimeout, exchange.advance)
        assert (error.phase, error.unanswered) == (phase, False)
        line.coming = [EARLY]  # what had come is not hidden by it
        assert exchange.advance() == DONE


def test_a_server_that_takes_all_does_not_outlast_the_clock():
    clock, request = Clock(), request_of(100000)
    request.total_deadline_ms = 1100
    exchange = exchange_of(Line(), request, clock=clock)
    assert exchange.advance() == TURN
    clock.ms = 1100
    assert error_of(TransportTimeout, exchange.advance).phase == "write"


# A server that is proven by the first write.


def test_nothing_of_the_body_is_read_before_the_server_is_proven():
    clock, line, request = Clock(), Line([EARLY], room=0), request_of(5)
    request.connect_deadline_ms = 1100
    exchange = exchange_of(line, request, clock=clock, proven=False)
    assert exchange.advance() == WRITE
    assert exchange.deadline() == 1100
    clock.ms = 1100
    assert error_of(TransportTimeout, exchange.advance).phase == "connect"
    assert (request.body.sent_bytes, request.secured_ms, line.coming) == (0, None, [EARLY])
    clock.ms, line.room, line.coming = 1050, 10, []
    assert exchange.advance() == WRITE
    assert (request.secured_ms, exchange.deadline()) == (1050, None)
    line.room = -1
    assert exchange.advance() == READ
    assert line.sent == HEAD + b"Content-Length: 5\r\n\r\nzzzzz"


def test_a_server_that_is_not_proven_is_no_broken_connection():
    line = Line(room=0, refusal=ConnectError("a certificate"))
    error = error_of(ConnectError, opened, line, request_of(5), proven=False)
    assert (error.unanswered, error.stale) == (False, False)


# The end.


def test_nothing_is_received_once_it_is_released():
    for raw in (CHUNKED + b"3\r\nabc\r\n", CHUNKED):
        exchange = opened(Line([raw]), request_of(5))
        assert exchange.release() is False
        assert error_of(ReadError, exchange.receive, memoryview(bytearray(8))).closed
