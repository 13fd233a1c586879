"""The mock server's faults: exactly the bytes that were asked for, then exactly that ending."""

import socket
import ssl
import time
from collections.abc import Iterator

import httpx
import pytest
import trustme
from support.raw_client import connect, post, read_rest, read_until

from thinwire.testing import (
    Cut,
    EndBody,
    Head,
    Interim,
    MockReply,
    MockServer,
    Repeat,
    Send,
    Stall,
    Wait,
    cut_reply,
    stall_reply,
    status_reply,
    text_reply,
)
from thinwire.testing.server.peer import Peer
from thinwire.testing.server.player import Player

HEAD_END = b"\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running


def ask(server: MockServer, model: str = "m", stream: bool = True) -> bytes:
    """The body that httpx reads."""
    payload = {"model": model, "messages": [], "stream": stream}
    url = server.base_url + "/chat/completions"
    return httpx.post(url, json=payload, timeout=10, trust_env=False).content


def everything(server: MockServer, model: str = "m", stop: bool = False) -> bytes:
    """All bytes of the answer until the server closes, which `stop` makes it do."""
    with connect(server.port) as connection:
        connection.sendall(post(model))
        server.wait_for_requests(1)
        if stop:
            server.stop()
        return read_rest(connection)


# -- stalls: nothing more is sent, which is seen when the server is stopped ----------------------


def test_stall_before_the_head(server: MockServer) -> None:
    assert everything(server, "stall-before-head", stop=True) == b""
    assert server.requests[0].wait() == "stopped"


def test_stall_after_the_head(server: MockServer) -> None:
    with connect(server.port) as connection:
        connection.sendall(post("stall-after-head"))
        head = read_until(connection, HEAD_END)
        server.stop()
        assert read_rest(connection) == b""
    assert head.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream")


def test_stall_mid_stream(server: MockServer) -> None:
    with connect(server.port) as connection:
        connection.sendall(post("stall-mid-stream"))
        answer = read_until(connection, b'"content":" there"}')
        read_until(connection, b"\n\n\r\n")
        server.stop()
        assert read_rest(connection) == b""
    assert LAST_CHUNK not in answer
    assert b'finish_reason":"' not in answer


def test_a_stall_sees_the_client_leave(server: MockServer) -> None:
    for model in ("stall-before-head", "stall-after-head", "stall-mid-stream"):
        with connect(server.port) as connection:
            connection.sendall(post(model))
            request = server.wait_for_requests(1)[0]
        assert request.wait() == "client_gone"
        server.clear()


def test_a_long_wait_sees_the_client_leave(server: MockServer) -> None:
    server.reply("m", text_reply("never", delay_ms=3_600_000))
    with connect(server.port) as connection:
        connection.sendall(post("m"))
        read_until(connection, HEAD_END)
    assert server.requests[0].wait() == "client_gone"


def test_comments_go_on_until_the_client_leaves(server: MockServer) -> None:
    server.reply("m", stall_reply("comments", interval_ms=1))
    with connect(server.port) as connection:
        connection.sendall(post("m"))
        read_until(connection, HEAD_END)
        for _ in range(5):
            assert read_until(connection, b"\n\n\r\n") == b"8\r\n: ping\n\n\r\n"
    assert server.requests[0].wait() == "client_gone"


def test_comments_after_text(server: MockServer) -> None:
    server.reply("m", stall_reply("comments", text="Hi", interval_ms=1))
    with connect(server.port) as connection:
        connection.sendall(post("m"))
        assert b'"content":"Hi"' in read_until(connection, b": ping\n\n")


def test_stop_ends_every_kind_of_connection(server: MockServer) -> None:
    """An idle, a half-sent, a stalled and a choked connection: stop() waits for none."""
    server.reply("big", MockReply(steps=[Repeat(b"x" * 65536, every_ms=0)]))
    sent = [b"", post("m")[:30], post("stall-before-head"), post("comments"), post("big")]
    connections = [socket.create_connection(("127.0.0.1", server.port), 10) for _ in sent]
    for connection, data in zip(connections, sent, strict=True):
        connection.sendall(data)
    server.wait_for_requests(3)
    server.stop()
    for connection in connections:
        connection.close()
    assert server.open_connections == 0
    outcomes = {request.model: request.wait() for request in server.requests}
    assert outcomes == {"stall-before-head": "stopped", "comments": "stopped", "big": "stopped"}


# -- cuts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("where", ["before_head", "after_head", "mid_stream", "mid_event"])
def test_a_cut_is_a_protocol_error_for_httpx(server: MockServer, where: str, reset: bool) -> None:
    server.reply("m", cut_reply(where, reset=reset))  # type: ignore[arg-type]
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        ask(server)
    assert server.requests[0].wait() == "cut"


def test_a_cut_sends_all_that_came_before(server: MockServer) -> None:
    server.reply("m", cut_reply("mid_event", text="Hello"))
    answer = everything(server)
    assert b'"content":"Hello"' in answer
    assert answer.endswith(b'data: {"id":"chatcmpl-mo\r\n')


def test_a_cut_before_the_head_sends_nothing(server: MockServer) -> None:
    assert everything(server, "cut-before-head") == b""


def test_a_reset_is_a_reset(server: MockServer) -> None:
    server.reply("m", cut_reply("before_head", reset=True))
    with pytest.raises(ConnectionResetError):
        everything(server)


@pytest.mark.parametrize("ending", ["cut", "stall"])
def test_a_single_object_breaks_off_in_the_middle(server: MockServer, ending: str) -> None:
    server.reply("m", cut_reply() if ending == "cut" else stall_reply("mid_stream"))
    with connect(server.port) as connection:
        connection.sendall(post("m", stream=False))
        head = read_until(connection, HEAD_END)
        read_until(connection, b'"message":')
        server.stop()
        rest = read_rest(connection)
    assert b"Content-Length: " in head
    assert not rest.endswith(b"}")


def test_an_answer_shorter_than_its_length(server: MockServer) -> None:
    server.reply("m", text_reply("Hi", framing="length", length=100_000, hang_up=True))
    with pytest.raises(httpx.RemoteProtocolError):
        ask(server)


def test_a_kept_connection_goes_stale(server: MockServer) -> None:
    server.reply("m", text_reply("Hi", hang_up=True))
    answer = everything(server)
    assert b"Connection: close" not in answer
    assert answer.endswith(LAST_CHUNK)
    assert server.requests[0].wait() == "complete"


# -- answers before the body was read ------------------------------------------------------------


def test_an_early_answer_to_the_head(server: MockServer) -> None:
    server.reply("*", status_reply(413, "too large", early=0))
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"
    with connect(server.port) as connection:
        connection.sendall(head)
        answer = read_rest(connection)
        connection.sendall(b"x" * 1000)  # it still reads, and drops: no reset eats the answer
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"Connection: close" in answer
    (request,) = server.requests
    assert (request.wait(), request.body_size, request.body_whole) == ("complete", 0, False)


def test_an_early_answer_for_one_model(server: MockServer) -> None:
    server.reply("big", text_reply("enough", early=70_000))
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    with connect(server.port) as connection:
        connection.sendall(head + b'18\r\n{"model": "big", "pad":"\r\n')
        for _ in range(20):
            connection.sendall(b"2000\r\n" + b"x" * 0x2000 + b"\r\n")
        assert read_rest(connection).endswith(LAST_CHUNK)
    (request,) = server.requests
    assert (request.model, request.body_whole) == ("big", False)
    assert 70_000 <= request.body_size < 20 * 0x2000


def test_other_models_are_read_to_the_end(server: MockServer) -> None:
    server.reply("big", text_reply("enough", early=0))
    assert b"(no user message)" in ask(server, "other", stream=False)
    assert server.requests[0].body_whole


def test_an_early_answer_reaches_httpx(server: MockServer) -> None:
    server.reply("*", status_reply(413, early=1))
    blocks = iter([b'{"model":"m","pad":"', *[b"x" * 65536] * 64, b'"}'])
    with httpx.Client(base_url=server.base_url, timeout=10, trust_env=False) as client:
        assert client.post("/chat/completions", content=blocks).status_code == 413


# -- exact writes --------------------------------------------------------------------------------


class Recorder(Peer):
    """Takes writes and keeps them apart."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []

    async def send(self, data: bytes) -> None:
        self.writes.append(data)

    async def pause(self, seconds: float) -> None:
        self.writes.append(b"-- %g s" % seconds)

    def cut(self, *, reset: bool = False, notify: bool = False) -> None:
        self.writes.append(b"-- cut")


async def writes(reply: MockReply) -> list[bytes]:
    peer = Recorder()
    await Player(peer, reply, keep_alive=True).play()
    return peer.writes


HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BODY = [Send(b"hello"), Send(b"you")]


async def test_each_send_is_one_http_chunk_and_one_write() -> None:
    expected = [HEAD, b"5\r\nhello\r\n", b"3\r\nyou\r\n", LAST_CHUNK]
    assert await writes(MockReply(steps=BODY)) == expected


async def test_joined_is_one_write_up_to_a_pause() -> None:
    reply = MockReply(steps=[*BODY, Wait(20), Send(b"!")], joined=True)
    first = HEAD + b"5\r\nhello\r\n3\r\nyou\r\n"
    assert await writes(reply) == [first, b"-- 0.02 s", b"1\r\n!\r\n" + LAST_CHUNK]


@pytest.mark.parametrize("pieces", [1, 7, (3, 1), 10_000])
async def test_pieces_cut_every_write(pieces: int | tuple[int, ...]) -> None:
    got = await writes(MockReply(steps=BODY, pieces=pieces))
    assert b"".join(got) == b"".join(await writes(MockReply(steps=BODY)))
    largest = pieces if isinstance(pieces, int) else max(pieces)
    assert max(map(len, got)) == min(largest, len(HEAD))
    if pieces == (3, 1):
        assert [len(data) for data in got[:4]] == [3, 1, 3, 1]


async def test_pieces_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one byte"):
        await writes(MockReply(steps=BODY, pieces=0))


async def test_http_chunks_cut_the_body() -> None:
    expected = [HEAD, b"4\r\nhell\r\n", b"1\r\no\r\n", b"3\r\nyou\r\n", LAST_CHUNK]
    assert await writes(MockReply(steps=BODY, http_chunk=4)) == expected


async def test_interim_responses_come_before_the_head() -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
    reply = MockReply(steps=[Interim(103, [("Link", "a")]), Head()], interim=[100])
    assert await writes(reply) == [hints, b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD, LAST_CHUNK]


async def test_trailers_and_what_comes_after_the_end() -> None:
    reply = MockReply(steps=[EndBody([("X-Sum", "1")]), Send(b"junk", raw=True), Cut()])
    assert await writes(reply) == [HEAD, b"0\r\nX-Sum: 1\r\n\r\n", b"junk", b"-- cut"]


async def test_own_headers_win() -> None:
    reply = MockReply(529, BODY, [("content-length", "8"), ("Connection", "close")], "length")
    head = b"HTTP/1.1 529 \r\ncontent-length: 8\r\nConnection: close\r\n\r\n"
    assert await writes(reply) == [head, b"hello", b"you"]


async def test_raw_writes_no_head_and_no_framing() -> None:
    assert await writes(MockReply(steps=BODY, framing="raw")) == [b"hello", b"you"]


async def test_an_empty_reply_is_a_head_and_an_end() -> None:
    assert await writes(MockReply()) == [HEAD, LAST_CHUNK]


def test_byte_by_byte_reaches_the_client_whole(server: MockServer) -> None:
    server.reply("m", text_reply("Grüße 🚀", pieces=1))
    assert "🚀".encode() in ask(server)


# -- TLS -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls_server(authority: trustme.CA) -> Iterator[MockServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with MockServer(ssl_context=context) as running:
        yield running


@pytest.fixture
def trust(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_tls_answers_on_one_connection(tls_server: MockServer, trust: ssl.SSLContext) -> None:
    assert tls_server.base_url.startswith("https://127.0.0.1:")
    payload = {"model": "utf8", "messages": []}
    with httpx.Client(base_url=tls_server.base_url, verify=trust, trust_env=False) as client:
        for _ in range(2):
            assert client.post("/chat/completions", json=payload).status_code == 200
    assert tls_server.connections == 1


def tls_half(server: MockServer, trust: ssl.SSLContext, cut: Cut) -> bytes:
    """What comes after `half`; raises when the end is not a goodbye."""
    server.reply("m", MockReply(steps=[Send(b"half"), cut], framing="close"))
    options = {"server_hostname": "127.0.0.1", "suppress_ragged_eofs": False}
    with connect(server.port) as plain, trust.wrap_socket(plain, **options) as connection:
        connection.sendall(post("m"))
        read_until(connection, b"half")
        return read_rest(connection)


def test_tls_cut_with_goodbye(tls_server: MockServer, trust: ssl.SSLContext) -> None:
    assert tls_half(tls_server, trust, Cut(notify=True)) == b""


@pytest.mark.parametrize("cut", [Cut(), Cut(reset=True)])
def test_tls_cut_without(tls_server: MockServer, trust: ssl.SSLContext, cut: Cut) -> None:
    with pytest.raises((ssl.SSLEOFError, ConnectionResetError)):
        tls_half(tls_server, trust, cut)


def test_tls_early_answer(tls_server: MockServer, trust: ssl.SSLContext) -> None:
    tls_server.reply("*", status_reply(413, early=1))
    blocks = iter([b'{"model":"m","pad":"', *[b"x" * 65536] * 8, b'"}'])
    with httpx.Client(
        base_url=tls_server.base_url, verify=trust, timeout=10, trust_env=False
    ) as client:
        assert client.post("/chat/completions", content=blocks).status_code == 413


def test_tls_without_trust_is_a_connect_error(tls_server: MockServer) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        ask(tls_server)


def test_tls_stop_during_a_handshake(tls_server: MockServer) -> None:
    with connect(tls_server.port) as connection:
        connection.sendall(b"\x16\x03\x01")
        for _ in range(1000):
            if tls_server.open_connections:
                break
            time.sleep(0.01)
        tls_server.stop()
        assert read_rest(connection) == b""


def test_a_stall_is_a_step(server: MockServer) -> None:
    server.reply("m", MockReply(steps=[Send(b"data: 1\n\n"), Stall()], framing="close"))
    with connect(server.port) as connection:
        connection.sendall(post("m"))
        read_until(connection, b"\r\n\r\ndata: 1\n\n")
    assert server.requests[0].wait() == "client_gone"
