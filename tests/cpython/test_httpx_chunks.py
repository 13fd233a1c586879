"""Chunks that are joined below h11: it reads the same as from what the server has sent."""

import random
from collections.abc import Iterator

import h11
import pytest

from thinwire.cpython.httpx.chunks import ChunkJoiner

CHUNKED = b"HTTP/1.1 200 OK\r\nServer: a\r\nTransfer-Encoding: chunked\r\nX: b\r\n\r\n"
BODY = b"5\r\nhello\r\n1;note=1\r\n,\r\n006\r\n world\r\n"
END = b"0\r\n\r\n"
LARGE = b"".join(b"%X\r\n%b\r\n" % (size, b"\r\n0" * (size // 3)) for size in range(3, 600, 3))

RESPONSES = {
    "chunks": CHUNKED + b"5\r\nhello\r\n06\r\n world\r\n" + END,
    "an extension": CHUNKED + BODY + END,
    "trailers": CHUNKED + b"2\r\nhi\r\n000\r\nX-Sum: 5\r\nY: 6\r\n\r\n",
    "many": CHUNKED + LARGE + END,
    "none": CHUNKED + END,
    "line ends of LF": CHUNKED.replace(b"\r\n", b"\n") + b"5\r\nhello\r\n" + END,
    "interim heads": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
    + CHUNKED
    + LARGE
    + END,
    "no reason": CHUNKED.replace(b" OK", b"") + BODY + END,
    "in capitals": CHUNKED.replace(b"Transfer-Encoding: chunked", b"TRANSFER-ENCODING:CHUNKED")
    + LARGE
    + END,
    "a length as well": CHUNKED.replace(b"X: b", b"Content-Length: 3") + BODY + END,
    "a length": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n5\r\nhello\r\n",
    "until the end": b"HTTP/1.1 200 OK\r\n\r\n5\r\nhello\r\n",
    "a header that says chunked": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n"
    b"X-Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "no content": CHUNKED.replace(b"200", b"204"),
    "HTTP/1.0": CHUNKED.replace(b"1.1", b"1.0") + BODY + END,
    "gzip, chunked": CHUNKED.replace(b": chunked", b": gzip, chunked") + BODY + END,
    "twice chunked": CHUNKED.replace(b"X: b", b"Transfer-Encoding: chunked") + BODY + END,
    "a fold": CHUNKED.replace(b"chunked\r\n", b"chunked\r\n , b\r\n") + BODY + END,
    "cut in a chunk": CHUNKED + b"5\r\nhello\r\n6\r\n wor",
    "cut behind a chunk": CHUNKED + b"5\r\nhello\r\n",
    "cut in a size": CHUNKED + b"5\r\nhello\r\n6",
    "cut in the last": CHUNKED + b"5\r\nhello\r\n0\r\n",
    "no line end behind a chunk": CHUNKED + b"5\r\nhello 6\r\n world\r\n" + END,
    "no size": CHUNKED + b"5\r\nhello\r\nx\r\n world\r\n" + END,
    "an empty size": CHUNKED + b"5\r\nhello\r\n\r\n" + END,
    "a huge size": CHUNKED + b"5\r\nhello\r\nfffffffffffffffffffff\r\nx",
    "a negative size": CHUNKED + b"-5\r\nhello\r\n" + END,
    "more behind the end": CHUNKED + BODY + END + CHUNKED + BODY,
    "no HTTP": b"\x05\x00\n\n5\r\nhello\r\n",
}


def read(pieces: Iterator[bytes]) -> tuple[int, bytes, str, int]:
    """Status, body, how it ended, and in how many pieces the body came."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
    connection.send(h11.EndOfMessage())
    status, body, count = 0, b"", 0
    try:
        for data in pieces:
            connection.receive_data(data)
            while True:
                event = connection.next_event()
                if isinstance(event, h11.Response):
                    status = event.status_code
                elif isinstance(event, h11.Data):
                    body += bytes(event.data)
                    count += 1
                elif isinstance(event, h11.EndOfMessage):
                    return status, body, f"whole {list(event.headers)}", count
                elif event is h11.NEED_DATA:
                    break
    except h11.RemoteProtocolError:
        return status, body, "broken", count
    return status, body, "open", count


def joined(pieces: list[bytes]) -> Iterator[bytes]:
    joiner = ChunkJoiner()
    for piece in pieces:
        found = joiner.feed(piece)
        if found:  # as the network streams do: nothing would be taken for the end
            yield found
    yield b""


def cuts(data: bytes) -> Iterator[list[bytes]]:
    yield [data]
    if len(data) < 2000:
        yield [data[at : at + 1] for at in range(len(data))]
        yield from ([data[:at], data[at:]] for at in range(1, len(data)))
    chosen = random.Random(len(data))
    for _ in range(20):
        places = sorted(chosen.sample(range(len(data)), min(6, len(data))))
        yield [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True) if b > a]


@pytest.mark.parametrize("name", RESPONSES)
def test_h11_reads_the_same(name: str) -> None:
    response = RESPONSES[name]
    expected = read(iter([response, b""]))[:3]
    for pieces in cuts(response):
        found = read(joined(pieces))[:3]
        if expected[2] == "broken":  # where h11 notices depends on what it has been given
            assert found[2] == "broken"
            assert found[0] == expected[0] or not found[0]
        else:
            assert found == expected, pieces


def test_a_read_is_one_piece() -> None:
    whole = CHUNKED + LARGE + END
    assert read(iter([whole, b""]))[3] == 199
    assert read(joined([whole]))[3] == 1
    middle = len(CHUNKED) + 10_000
    assert read(joined([whole[:middle], whole[middle:]]))[3] == 2
