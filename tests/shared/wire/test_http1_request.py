from helpers import error_of

from thinwire.core.wire.http1_request import HTTPChunkWriter, check_header, framing, request_head

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


def test_names_that_are_no_text():
    for name in (None, 5, b"X-Name"):
        error = error_of(ValueError, check_header, name, "v")
        assert "not str" in str(error), error


def test_a_request_head():
    got = request_head("POST", "/v1/x?a=b", [("Host", "h"), ("A", "b c")])
    assert got == b"POST /v1/x?a=b HTTP/1.1\r\nHost: h\r\nA: b c\r\n", got
    assert request_head("GET", "/", []) == b"GET / HTTP/1.1\r\n"


def test_framing_of_a_request():
    for length, want in [
        (None, b"Transfer-Encoding: chunked\r\n\r\n"),
        (0, b"Content-Length: 0\r\n\r\n"),
        (123456789, b"Content-Length: 123456789\r\n\r\n"),
        (-1, b"\r\n"),
    ]:
        assert framing(length) == want


def test_framing_headers_of_the_caller_are_refused():
    for name in ("content-LENGTH", "Transfer-encoding"):
        error = error_of(ValueError, check_header, name, "1")
        assert name in str(error), error
        assert "framing=" in str(error), error
        error_of(ValueError, request_head, "GET", "/", [(name, "1")])
    assert request_head("GET", "/", [("TE", "x")]) == b"GET / HTTP/1.1\r\nTE: x\r\n"


def test_a_request_head_refuses_bad_headers():
    error_of(ValueError, request_head, "GET", "/", [("A", "b\r\nc: d")])


def test_a_head_has_what_can_be_sent_and_nothing_else():
    framing_names = ("Content-Length", "transfer-encoding", "Content-Length-X")
    for name in NAMES + BAD_NAMES + framing_names:
        for value in VALUES + BAD_VALUES + (" a", "a ", "\t"):
            try:
                check_header(name, value)
            except ValueError as error:
                found = error_of(ValueError, request_head, "GET", "/", [(name, value)])
                assert str(found) == str(error)
            else:
                line = ("%s: %s\r\n" % (name, value)).encode()
                assert request_head("GET", "/", [(name, value)]).endswith(line)


def test_chunk_frames():
    for size in (1, 15, 16, 255, 256, 4096, 65535):
        writer = HTTPChunkWriter(size)
        assert len(writer.payload) == size
        for count in (size, 1, size // 2 + 1):
            data = b"z" * count
            writer.payload[:count] = data
            assert bytes(writer.frame(count)) == b"%x\r\n" % count + data + b"\r\n"
        assert bytes(writer.frame(0)) == b"0\r\n\r\n"


# Bytes of the head and of the first block, and what the head says behind them.
FIRST = [
    (30, 0, None, b"Transfer-Encoding: chunked\r\n\r\n", b""),
    (30, 1, None, b"Transfer-Encoding: chunked\r\n\r\n1\r\n", b"\r\n"),
    (30, 958, None, b"Transfer-Encoding: chunked\r\n\r\n3be\r\n", b"\r\n"),
    (900, 94, None, b"Transfer-Encoding: chunked\r\n\r\n5e\r\n", b"\r\n"),
    (30, 0, 0, b"Content-Length: 0\r\n\r\n", b""),
    (30, 958, 958, b"Content-Length: 958\r\n\r\n", b""),
    (30, 958, 123456789012, b"Content-Length: 123456789012\r\n\r\n", b""),
    (0, 5, 5, b"Content-Length: 5\r\n\r\n", b""),
]


def test_a_head_may_be_the_one_before():
    # Whatever was asked for before, and also where a list has changed since.
    writer, headers = HTTPChunkWriter(1024), [("A", "1")]
    place, first = ("POST", "/v1"), [("Host", "h"), ("A", "1")]
    for given, want in [
        (("h", headers, None, True), first),
        (("h", [("A", "1")], None, True), first),
        (("i", headers, None, True), [("Host", "i"), ("A", "1")]),
        (("h", [("hOST", "x")], None, True), [("hOST", "x")]),
        (("h", headers, None, False), [("Host", "h"), ("Connection", "close"), ("A", "1")]),
        (("h", headers, [("P", "q")], True), [("Host", "h"), ("P", "q"), ("A", "1")]),
        (("h", headers, None, True), first),
    ]:
        for _ in range(2):
            assert writer.head(*(place + given)) == request_head("POST", "/v1", want)
    for pair in [("B", "2"), ("C", "3")]:
        headers.append(pair)
        want = [("Host", "h")] + headers
        assert writer.head("POST", "/v1", "h", headers, None, True) == request_head(
            "POST", "/v1", want
        )
    assert writer.head("GET", "/v2", "h", [], None, True) == b"GET /v2 HTTP/1.1\r\nHost: h\r\n"


def test_a_first_block_goes_with_the_head():
    writer = HTTPChunkWriter(1024)
    for head, count, length, said, end in FIRST:
        head = b"h" * head
        place = writer.behind(head)
        assert len(place) == 1024 + 6 - 36 - len(head)
        data = b"z" * count
        place[:count] = data
        assert bytes(writer.first(head, count, length)) == head + said + data + end


def test_a_head_may_leave_no_room():
    writer = HTTPChunkWriter(512)
    for size, room in [(481, 1), (482, 0), (483, 0), (5000, 0)]:
        assert len(writer.behind(b"h" * size)) == room, size


def test_a_body_of_known_length_is_not_framed():
    writer = HTTPChunkWriter(16, chunked=False)
    writer.payload[:3] = b"abc"
    assert bytes(writer.frame(3)) == b"abc"
    assert bytes(writer.frame(0)) == b""
