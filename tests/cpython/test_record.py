"""Record and replay: the same bytes, the same cuts, and no secret on the disk."""

import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from support.certificates import authority
from support.raw_client import connect, post, read_rest, read_until

from thinwire import Client, Deployment
from thinwire.testing import (
    MockServer,
    RecordedExchange,
    Recorder,
    cut_reply,
    load_recording,
    raw_reply,
    script_from,
    sse_reply,
    status_reply,
    text_reply,
)
from thinwire.testing.recording.exchange import Arrival, save_recording
from thinwire.testing.recording.redaction import redacted

KEY = "sk-live-0123456789abcdef"
QUESTION = [{"role": "user", "content": "Hi"}]


@pytest.fixture
def real() -> Iterator[MockServer]:
    """What stands for the real server."""
    with MockServer() as running:
        yield running


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "recording.json"


@pytest.fixture
def recorder(real: MockServer, path: Path) -> Iterator[Recorder]:
    with Recorder(real.base_url, path) as running:
        yield running


def ask(base_url: str, **fields: Any) -> httpx.Response:
    payload = {"model": "m", "messages": QUESTION, "stream": True, **fields}
    url, headers = f"{base_url}/chat/completions", {"Authorization": f"Bearer {KEY}"}
    return httpx.post(url, json=payload, headers=headers, timeout=10, trust_env=False)


def raw_answer(port: int, request: bytes = post("m")) -> bytes:
    with connect(port) as connection:
        connection.sendall(request)
        return read_rest(connection)


def test_a_round_trip(real: MockServer, recorder: Recorder, path: Path) -> None:
    real.reply("m", text_reply("Grüße 世界 🚀", pieces=(7, 1, 30)))
    recorded = ask(recorder.base_url)
    with MockServer().load(path) as replaying:
        replayed = ask(replaying.base_url)
    assert recorded.content == replayed.content
    assert "🚀".encode() in recorded.content
    assert recorded.headers == replayed.headers
    (exchange,) = recorder.exchanges
    assert exchange.ending == "whole"
    assert (exchange.method, exchange.path) == ("POST", "/v1/chat/completions")
    assert load_recording(path) == [exchange]


def test_clients_cannot_tell_the_difference(
    real: MockServer, recorder: Recorder, path: Path
) -> None:
    real.reply("m", text_reply("Hello there", reasoning="hm"))
    recorded = answer_of(recorder.base_url)
    with MockServer().load(path) as replaying:
        assert answer_of(replaying.base_url) == recorded == ("Hello there", "hm", "stop")


def answer_of(base_url: str) -> tuple[str | None, str | None, str | None]:
    with Client("m", {"m": Deployment(base_url, KEY)}) as client:
        completion = client.chat(QUESTION)
    return completion.content, completion.reasoning_content, completion.finish_reason


def test_the_cuts_are_those_of_the_server(path: Path) -> None:
    """Each piece is sent when the one before has arrived, so each is a read of its own."""
    pieces = [b"HTTP/1.1 200 OK\r\nContent-", b"Length: 6\r\n\r\nab", b"c", b"\xc3", b"\xa9d"]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        with Recorder(f"http://127.0.0.1:{listener.getsockname()[1]}", path) as recorder:
            play_one_by_one(listener, recorder.port, pieces)
    (exchange,) = load_recording(path)
    assert [arrival.data for arrival in exchange.arrivals] == pieces
    times = [arrival.at_ms for arrival in exchange.arrivals]
    assert times == sorted(times)
    assert exchange.ending == "whole"


def play_one_by_one(listener: socket.socket, port: int, pieces: list[bytes]) -> None:
    with connect(port) as client:
        client.sendall(post("m"))
        upstream, _ = listener.accept()
        with upstream:
            read_until(upstream, b'"stream": true}')
            for piece in pieces:
                upstream.sendall(piece)
                assert read_until(client, piece) == piece
            assert read_rest(client) == b""


def test_a_replay_writes_what_arrived(monkeypatch: pytest.MonkeyPatch) -> None:
    from thinwire.testing.server.peer import Peer

    written: list[bytes] = []
    send = Peer.send

    async def noted(self: Peer, data: bytes) -> None:
        written.append(data)
        await send(self, data)

    monkeypatch.setattr(Peer, "send", noted)
    pieces = [b"HTTP/1.1 200 OK\r\nContent-Le", b"ngth: 2\r\n\r\na", b"b"]
    arrivals = [Arrival(float(number), piece) for number, piece in enumerate(pieces)]
    with MockServer() as server:
        server.reply("m", RecordedExchange("POST", "/", [], {"model": "m"}, arrivals).reply())
        assert raw_answer(server.port) == b"".join(pieces)
    assert written == pieces


def test_pauses_come_with_a_speed() -> None:
    arrivals = [Arrival(10.0, b"a"), Arrival(30.0, b"b")]
    exchange = RecordedExchange("POST", "/", [], {}, arrivals)
    kinds = [type(step).__name__ for step in exchange.reply(speed=2).steps]
    assert kinds == ["Wait", "Send", "Wait", "Send"]
    assert [step.ms for step in exchange.reply(speed=2).steps if hasattr(step, "ms")] == [5, 10]
    assert [type(step).__name__ for step in exchange.reply().steps] == ["Send", "Send"]


ENDINGS = [
    (text_reply("Hi"), "whole"),
    (sse_reply(b"data: a\n\n", framing="length"), "whole"),
    (sse_reply(b"data: a\n\n", framing="close"), "whole"),
    (text_reply("Hi", interim=(100, 103)), "whole"),
    (script_from([{"text": "x" * 9}, {"done": True}]), "whole"),
    (cut_reply(), "eof"),
    (cut_reply("before_head"), "eof"),
    (cut_reply("mid_event"), "eof"),
    (raw_reply(b"220 mail ESMTP\r\n\r\n"), "eof"),
    (raw_reply(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), "eof"),
]


@pytest.mark.parametrize(("script", "ending"), ENDINGS)
def test_endings(
    real: MockServer, recorder: Recorder, path: Path, script: Any, ending: str
) -> None:
    real.reply("m", script)
    passed_on = raw_answer(recorder.port)
    recorder.stop()
    (exchange,) = load_recording(path)
    assert exchange.ending == ending
    assert b"".join(arrival.data for arrival in exchange.arrivals) == passed_on
    with MockServer().load(path) as replaying:
        assert raw_answer(replaying.port) == passed_on


def test_a_reset_is_replayed_as_one(real: MockServer, recorder: Recorder, path: Path) -> None:
    real.reply("m", cut_reply(reset=True))
    with pytest.raises(ConnectionResetError):
        raw_answer(recorder.port)
    recorder.stop()
    assert [exchange.ending for exchange in load_recording(path)] == ["reset"]
    with MockServer().load(path) as replaying, pytest.raises(ConnectionResetError):
        raw_answer(replaying.port)


def test_a_client_that_leaves_is_noted(real: MockServer, recorder: Recorder) -> None:
    real.reply("m", script_from([{"text": "data: a\n\n"}, {"stall": True}]))
    with connect(recorder.port) as client:
        client.sendall(post("m"))
        read_until(client, b"data: a\n\n\r\n")
    assert real.wait_for_requests(1)[0].wait() == "client_gone"
    recorder.stop()
    assert [exchange.ending for exchange in recorder.exchanges] == ["client_gone"]


def test_several_exchanges_answer_in_turn(
    real: MockServer, recorder: Recorder, path: Path
) -> None:
    real.reply("m", status_reply(429, retry_after=1), text_reply("Hi"))
    real.reply("other", text_reply("Other"))
    got = [ask(recorder.base_url, model=model).status_code for model in ("m", "m", "other")]
    with MockServer().load(path) as replaying:
        again = [ask(replaying.base_url, model=model).status_code for model in ("m", "m", "other")]
        assert replaying.models == ["m", "other"]
    assert got == again == [429, 200, 200]


def test_get_requests_pass_and_are_kept(real: MockServer, recorder: Recorder, path: Path) -> None:
    answer = httpx.get(f"{recorder.base_url}/models", trust_env=False)
    assert answer.json()["object"] == "list"
    assert [exchange.method for exchange in load_recording(path)] == ["GET"]
    assert MockServer().load(path).models == []


def test_https_upstream(path: Path) -> None:
    ca = authority()
    trust = ssl.create_default_context(cadata=ca.pem.decode())
    with MockServer(ssl_context=ca.server("localhost")) as real:
        real.reply("m", text_reply("Hello there"))
        base_url = real.base_url.replace("127.0.0.1", "localhost")
        with Recorder(base_url, path, ssl_context=trust) as recorder:
            assert b"there" in ask(recorder.base_url).content
        with Recorder(base_url, path) as recorder:
            assert ask(recorder.base_url).status_code == 502
            assert "certificate" in recorder.errors[0].lower()


def test_an_https_upstream_with_a_ca_of_its_own(path: Path) -> None:
    ca = authority()
    with MockServer(ssl_context=ca.server("localhost")) as real:
        real.reply("m", text_reply("Hello there"))
        base_url = real.base_url.replace("127.0.0.1", "localhost")
        with Recorder(base_url, path, add_ca=ca.pem) as recorder:
            assert b"there" in ask(recorder.base_url).content
        with Recorder(base_url, path) as recorder:
            error = ask(recorder.base_url).json()["error"]["message"]
    assert "certificate" in error.lower()
    assert "--add-ca" in error
    with pytest.raises(ValueError, match="add_ca"):
        Recorder(base_url, path, add_ca=ca.pem, ssl_context=ssl.create_default_context())
    with pytest.raises(ValueError, match="certificates"):
        Recorder(base_url, path, add_ca=b"nonsense")


CHUNKED = b"".join(
    [
        b"POST /chat/completions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        *[
            b"%x\r\n%b\r\n" % (len(piece), piece)
            for piece in (b'{"model":', b' "m", "mess', b'ages":[]}')
        ],
        b"0\r\n\r\n",
    ]
)
FRAMINGS = [
    (CHUNKED, "chunked", [9, 11, 9]),
    (post("m"), "content-length", []),
    (b"POST /chat/completions HTTP/1.1\r\nHost: a\r\n\r\n", "none", []),
    (b"GET /models HTTP/1.1\r\nHost: a\r\n\r\n", "none", []),
]


@pytest.mark.parametrize(("request_bytes", "framing", "blocks"), FRAMINGS)
def test_a_request_goes_on_as_it_was_framed(
    real: MockServer, recorder: Recorder, request_bytes: bytes, framing: str, blocks: list[int]
) -> None:
    real.reply("m", text_reply("Hi"))
    assert raw_answer(recorder.port, request_bytes).startswith(b"HTTP/1.1 ")
    (request,) = real.requests
    assert (request.framing, request.block_sizes) == (framing, blocks)
    names = [name for name, _ in recorder.exchanges[0].headers]
    assert ("transfer-encoding" in names) == (framing == "chunked")


@contextmanager
def refusing(answer: bytes) -> Iterator[str]:
    """A server that answers the head of a request, and closes with the rest of it unread."""

    def serve() -> None:
        for _ in range(2):
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            with connection:
                read_until(connection, b"\r\n\r\n")
                connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_an_answer_before_the_request_was_read_is_the_answer(path: Path, size: int) -> None:
    # A server that wants a length says so at once, and does not read on (docs/wire.md C102, C108).
    head = b"HTTP/1.1 411 Length Required\r\nContent-Length: 2\r\n\r\n"
    with refusing(head + b"no") as base_url, Recorder(base_url, path) as recorder:
        data = b"%x\r\n%b\r\n0\r\n\r\n" % (size, b"x" * size)
        sent = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + data
        assert raw_answer(recorder.port, sent) == head + b"no"
    (exchange,) = recorder.exchanges
    assert exchange.ending == "whole"
    assert recorder.errors == []


def test_it_shows_where_it_is_and_what_came(real: MockServer, path: Path) -> None:
    recorder = Recorder(f"{real.base_url}?key=sk-secret-0123456789", path)
    assert repr(recorder) == "<Recorder http://127.0.0.1:0 stopped exchanges=0 errors=0>"
    with recorder:
        raw_answer(recorder.port)
        assert repr(recorder) == f"<Recorder {recorder.base_url} running exchanges=1 errors=0>"


def test_nobody_there(path: Path) -> None:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        with Recorder(f"http://127.0.0.1:{place.getsockname()[1]}/v1", path) as recorder:
            answer = ask(recorder.base_url)
            assert (answer.status_code, recorder.exchanges) == (502, [])
            message = answer.json()["error"]["message"]
            assert re.match(r"no answer from http://127.0.0.1:\d+/v1: ConnectionRefused", message)
    assert not path.exists()


def test_what_is_not_http_is_noted(recorder: Recorder) -> None:
    assert raw_answer(recorder.port, b"nonsense\r\n\r\n") == b""
    recorder.stop()
    assert "no request" in recorder.errors[0]


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://a", "http://"])
def test_bad_urls(url: str) -> None:
    with pytest.raises(ValueError, match="not a base URL"):
        Recorder(url)


def test_the_query_of_the_base_url_is_kept(real: MockServer, path: Path) -> None:
    real.reply("m", text_reply("Hi"))
    with Recorder(f"{real.base_url}?api-version=1&api-key={KEY}", path) as recorder:
        ask(recorder.base_url)
    assert real.requests[0].path == f"/v1/chat/completions?api-version=1&api-key={KEY}"
    text = path.read_text()
    assert "api-version=1&api-key=[redacted]" in text
    assert KEY not in text


def test_a_body_of_hundreds_of_brackets_is_kept(real: MockServer, recorder: Recorder) -> None:
    for depth in (450, 700, 5000):
        body = f'{{"model": "m", "messages": {"[" * depth}"{KEY}"{"]" * depth}}}'
        sent = {"Authorization": f"Bearer {KEY}"}
        httpx.post(f"{recorder.base_url}/x", content=body, headers=sent, trust_env=False)
        kept = recorder.exchanges[-1].body
        shown = kept if isinstance(kept, str) else json.dumps(kept)
        assert shown == body.replace(KEY, "[redacted]")
    assert recorder.errors == []


IMAGE = "data:image/png;base64," + "iVBORw0K" * 20


def test_no_secret_is_written(real: MockServer, recorder: Recorder, path: Path) -> None:
    """Neither the keys of the request, nor their echoes in the answer, nor cookies or images."""
    cookie, other = "session=abcdefgh1234", "AIza-another-key-0123"
    echo = {"error": {"message": f"Incorrect API key provided: {KEY}. {other}", "image": IMAGE}}
    headers = [("Set-Cookie", cookie), ("X-Echo", other), ("openai-organization", "org-secret")]
    real.reply("m", status_reply(401, json.dumps(echo), headers=headers, pieces=3))
    content = [{"type": "image_url", "image_url": {"url": IMAGE}}, {"text": f"my key is {KEY}"}]
    payload = {"model": "m", "messages": [{"role": "user", "content": content}]}
    sent = {"Authorization": f"Bearer {KEY}", "X-Api-Key": other, "Cookie": cookie}
    url = f"{recorder.base_url}/chat/completions?key={other}"
    answer = httpx.post(url, json=payload, headers=sent, trust_env=False)
    assert KEY in answer.text  # the client gets what the server says
    text = path.read_text()
    for secret in (KEY, other, "abcdefgh1234", "iVBORw0KiVBOR", "org-secret"):
        assert secret not in text
    (exchange,) = load_recording(path)
    assert exchange.body["messages"][0]["content"][1]["text"] == "my key is [redacted]"
    with MockServer().load(path) as replaying:
        replayed = ask(replaying.base_url)
    assert len(replayed.content) == len(answer.content)
    assert "Incorrect API key provided: ****" in replayed.json()["error"]["message"]
    assert "base64,AAAA" in replayed.json()["error"]["message"]


# Headers and query fields that keep nothing, and those that stay.
NAMES = """Authorization Proxy-Authorization api-key x-goog-api-key cf-aig-authorization
Ocp-Apim-Subscription-Key X-Auth-Token x-litellm-api-key x-litellm-tags x-portkey-config
x-portkey-virtual-key Helicone-Auth x-amz-security-token Cookie openai-project subscription-key
access_token sig signature""".split()
KEPT = ["Accept", "User-Agent", "api-version", "x-request-id", "x-ratelimit-remaining-tokens"]


@pytest.mark.parametrize("value", ["short", "a/long+and secret=value"])
def test_what_speaks_of_a_secret_is_hidden(value: str) -> None:
    headers = [(name, f"{value}.{name}") for name in [*NAMES, *KEPT]]
    query = "&".join(f"{name}={quote(text, safe='')}" for name, text in headers)
    data = "HTTP/1.1 200 OK\r\n" + "".join(f"{name}: {text}\r\n" for name, text in headers)
    exchange = exchange_of(data.encode() + b"\r\n", headers=headers)
    found = redacted(replace(exchange, path=f"/v1?{query}"))
    (arrival,) = found.arrivals
    shown = f"{found.path} {found.headers} {arrival.data.decode()}"
    for name, text in headers:
        is_kept = name in KEPT
        assert (dict(found.headers)[name] != "[redacted]") == is_kept, name
        assert (text in arrival.data.decode()) == is_kept, name
        if not is_kept and name != "openai-project":
            assert text not in shown
            assert quote(text, safe="") not in shown
    assert len(arrival.data) == len(data) + 2


def exchange_of(
    *data: bytes, headers: Any = (("authorization", f"Bearer {KEY}"),)
) -> RecordedExchange:
    arrivals = [Arrival(0.0, piece) for piece in data]
    return RecordedExchange("POST", "/v1", list(headers), {}, arrivals)


HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_a_secret_is_found_across_cuts_and_http_chunks() -> None:
    first, second = KEY[:9].encode(), KEY[9:].encode()
    tail = b"\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(second), second)
    data = HEAD + b"9;a=b\r\n" + first + tail
    cuts = [data[:60], data[60:70], data[70:]]
    hidden = b"".join(arrival.data for arrival in redacted(exchange_of(*cuts)).arrivals)
    assert hidden == data.replace(first, b"*" * 9).replace(second, b"*" * len(second))


def test_interim_heads_are_heads() -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nSet-Cookie: a=secret\r\n\r\n"
    data = interim + HEAD.replace(b"\r\n\r\n", b"\r\nSet-Cookie: b=secret\r\n\r\n") + b"0\r\n\r\n"
    (arrival,) = redacted(exchange_of(data)).arrivals
    assert arrival.data == data.replace(b"a=secret", b"*" * 8).replace(b"b=secret", b"*" * 8)


UNTOUCHED = [
    b"",
    b"no HTTP at all",
    HEAD + b"zz\r\nnonsense",
    HEAD + b"ff\r\nshort",
    b"HTTP/1.1 200 OK\r\n\r\nSet-Cookie: in the body",
]


@pytest.mark.parametrize("data", UNTOUCHED)
def test_what_holds_no_secret_stays_as_it_is(data: bytes) -> None:
    assert redacted(exchange_of(data)).arrivals == [Arrival(0.0, data)]


def test_a_placeholder_is_no_secret() -> None:
    exchange = redacted(exchange_of(b"none", headers=[("api-key", "none"), ("x-b", "none")]))
    assert exchange.headers == [("api-key", "[redacted]"), ("x-b", "none")]
    assert exchange.arrivals[0].data == b"none"


BROKEN = ["[]", '{"format": "else"}', '{"format": "thinwire-recording/1", "exchanges": [{}]}']


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_recording_is_told(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(ValueError, match="recording"):
        load_recording(path)


def test_a_file_that_cannot_be_written_any_more_stops_nobody(
    real: MockServer, tmp_path: Path
) -> None:
    real.reply("m", text_reply("Hi"))
    folder = tmp_path / "folder"
    folder.mkdir()
    with Recorder(real.base_url, folder / "recording.json") as recorder:
        folder.rmdir()
        assert ask(recorder.base_url).status_code == 200
        recorder.stop()
        assert "cannot write" in recorder.errors[0]
        assert len(recorder.exchanges) == 1


def test_a_file_that_cannot_be_written_is_told_at_the_start(tmp_path: Path) -> None:
    recorder = Recorder("http://127.0.0.1:9", tmp_path / "no" / "such" / "folder")
    with pytest.raises(OSError, match="no/such"):
        recorder.start()
    recorder.stop()


def test_text_and_bytes_survive_the_file(path: Path) -> None:
    data = ["é\u2028\n".encode(), b"\xff\xfe", b"", "🚀".encode()[:2]]
    save_recording(path, [exchange_of(*data)], "http://a")
    assert [arrival.data for arrival in load_recording(path)[0].arrivals] == data
