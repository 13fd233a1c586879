"""The mock server as a server: connections, records, endpoints."""

import hashlib
import json
import socket
from collections.abc import Iterator

import httpx
import pytest
from support.raw_client import connect, post, read_rest, read_until

from thinwire.testing import (
    BUILTIN_MODELS,
    MockReply,
    MockServer,
    RecordedRequest,
    Send,
    json_reply,
    text_reply,
)

LAST_CHUNK = b"0\r\n\r\n"


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running


@pytest.fixture
def client(server: MockServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.base_url, timeout=10, trust_env=False) as running:
        yield running


def ask(client: httpx.Client, model: str, **fields: object) -> httpx.Response:
    payload = {"model": model, "messages": [{"role": "user", "content": "hi"}], **fields}
    return client.post("/chat/completions", json=payload)


def said(response: httpx.Response) -> str:
    return response.json()["choices"][0]["message"]["content"]


def test_base_url_names_the_port() -> None:
    with MockServer() as server:
        assert server.base_url == f"http://127.0.0.1:{server.port}/v1"


def test_start_and_stop_may_be_repeated() -> None:
    server = MockServer()
    server.stop()
    assert server.start() is server.start()
    server.stop()
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), 10)


def test_it_shows_where_it_is_and_what_came() -> None:
    server = MockServer(port=0)
    assert repr(server) == "<MockServer http://127.0.0.1:0/v1 stopped requests=0 errors=0>"
    with server:
        url = server.base_url
        headers = {"Authorization": "Bearer sk-secret-0123456789"}
        httpx.get(f"{url}/nothing?key=sk-secret", headers=headers, trust_env=False)
        assert repr(server) == f"<MockServer {url} running requests=1 errors=0>"
        with connect(server.port) as connection:
            connection.sendall(b"sk-secret\r\n\r\n")
            read_rest(connection)
        assert repr(server) == f"<MockServer {url} running requests=1 errors=1>"
    assert repr(server) == f"<MockServer {url} stopped requests=1 errors=1>"


def test_it_comes_back_at_the_same_port() -> None:
    server = MockServer()
    with server:
        port = server.port
    with server:
        assert httpx.get(f"http://127.0.0.1:{port}/v1/models", trust_env=False).status_code == 200


def test_a_port_in_use_is_an_error_of_start(server: MockServer) -> None:
    other = MockServer(port=server.port)
    with pytest.raises(OSError, match="in use"):
        other.start()
    other.stop()


async def test_it_is_an_async_context_manager() -> None:
    async with (
        MockServer() as server,
        httpx.AsyncClient(base_url=server.base_url, trust_env=False) as client,
    ):
        assert (await client.get("/models")).status_code == 200


def test_replies_are_used_in_turn_and_the_last_repeats(
    server: MockServer, client: httpx.Client
) -> None:
    server.reply("m", text_reply("one"), text_reply("two"))
    assert [said(ask(client, "m")) for _ in range(3)] == ["one", "two", "two"]


def test_own_name_then_last_part_then_any_then_builtin(
    server: MockServer, client: httpx.Client
) -> None:
    assert said(ask(client, "a/echo")) == "hi"
    server.reply("*", text_reply("any"))
    server.reply("echo", text_reply("last part"))
    server.reply("a/echo", text_reply("own name"))
    got = [said(ask(client, model)) for model in ("a/echo", "b/echo", "utf8")]
    assert got == ["own name", "last part", "any"]


def test_a_script_may_be_a_function_of_the_request(
    server: MockServer, client: httpx.Client
) -> None:
    server.reply("m", lambda request: json_reply({"got": request.json()["messages"]}))
    assert ask(client, "m").json() == {"got": [{"role": "user", "content": "hi"}]}


def test_a_script_that_raises_is_answered_and_told(
    server: MockServer, client: httpx.Client
) -> None:
    def broken(request: RecordedRequest) -> MockReply:
        raise KeyError("oops")

    server.reply("m", broken)
    response = ask(client, "m")
    assert response.status_code == 500
    assert "oops" in response.json()["error"]["message"]
    assert "oops" in server.errors[0]


def test_steps_that_raise_close_the_connection_and_are_told(
    server: MockServer, client: httpx.Client
) -> None:
    server.reply("m", MockReply(steps=(Send(b"%d" % (1 // number)) for number in (1, 0))))
    with pytest.raises(httpx.RemoteProtocolError):
        ask(client, "m")
    assert server.requests[0].wait() == "failed"
    assert "ZeroDivisionError" in server.errors[0]


def test_content_length_is_recorded(server: MockServer, client: httpx.Client) -> None:
    ask(client, "m", temperature=1)
    (request,) = server.requests
    assert request.wait() == "complete"
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert (request.framing, request.block_sizes) == ("content-length", [])
    assert request.json()["temperature"] == 1
    assert request.header("Content-Type") == "application/json"
    assert request.header("no-such") is None
    assert (request.model, request.status, request.body_whole) == ("m", 200, True)


def test_every_http_chunk_is_recorded(server: MockServer, client: httpx.Client) -> None:
    blocks = [b'{"model":', b'"m", "pad": "', b"x" * 100_000, b'"}']
    client.post("/chat/completions", content=iter(blocks))
    (request,) = server.requests
    body = b"".join(blocks)
    assert request.framing == "chunked"
    assert request.block_sizes == [len(block) for block in blocks]
    assert request.block_count == 4
    assert request.body == body
    assert request.body_size == len(body)
    assert request.body_sha256 == hashlib.sha256(body).hexdigest()


def test_a_request_without_body_has_no_framing(server: MockServer, client: httpx.Client) -> None:
    client.get("/models")
    assert server.requests[0].framing == "none"
    assert server.requests[0].body == b""


@pytest.mark.parametrize("options", [{"keep_bodies": False}, {"keep_limit": 1 << 20}])
def test_large_bodies_are_hashed_and_let_go(options: dict[str, int]) -> None:
    blocks = [b'{"model":"m","pad":"', *[b"y" * 65536] * 128, b'"}']
    with (
        MockServer(**options) as server,
        httpx.Client(base_url=server.base_url, trust_env=False) as client,
    ):
        assert client.post("/chat/completions", content=iter(blocks)).status_code == 200
        (request,) = server.requests
    assert request.block_sizes[1:-1] == [65536] * 128
    assert request.body_sha256 == hashlib.sha256(b"".join(blocks)).hexdigest()
    assert request.body is None
    with pytest.raises(ValueError, match="not kept"):
        request.json()


def test_a_body_over_the_limit_gets_413() -> None:
    with (
        MockServer(max_body=100) as server,
        httpx.Client(base_url=server.base_url, trust_env=False) as client,
    ):
        assert ask(client, "m", pad="x" * 50).status_code == 413
        assert ask(client, "m").status_code == 200


def test_connections_are_reused(server: MockServer, client: httpx.Client) -> None:
    for stream in (True, False, True):
        ask(client, "m", stream=stream)
    assert [request.connection_id for request in server.requests] == [1, 1, 1]
    assert [request.number for request in server.requests] == [1, 2, 3]
    assert server.connections == 1


def test_connection_close_is_honoured(server: MockServer) -> None:
    with connect(server.port) as connection:
        connection.sendall(post("m", headers="Connection: close\r\n"))
        answer = read_rest(connection)
    assert b"\r\nConnection: close\r\n" in answer
    assert answer.endswith(LAST_CHUNK)


def test_pipelined_requests_are_answered_in_order(server: MockServer) -> None:
    with connect(server.port) as connection:
        connection.sendall(post("error-500") + post("error-429"))
        first, second = (read_until(connection, b"}}") for _ in range(2))
    assert first.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert second.startswith(b"HTTP/1.1 429 Too Many Requests\r\n")
    assert [request.connection_id for request in server.requests] == [1, 1]


def test_http_1_0_gets_no_chunks(server: MockServer) -> None:
    with connect(server.port) as connection:
        connection.sendall(post("m", version="1.0"))
        answer = read_rest(connection)
    assert b"Transfer-Encoding" not in answer
    assert answer.endswith(b"data: [DONE]\n\n")


def test_expect_100_continue(server: MockServer) -> None:
    head, _, body = post("m", headers="Expect: 100-continue\r\n").partition(b"\r\n\r\n")
    with connect(server.port) as connection:
        connection.sendall(head + b"\r\n\r\n")
        assert read_until(connection, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert read_until(connection, b"\r\n") == b"HTTP/1.1 200 OK\r\n"


def test_what_is_not_http_gets_400_and_is_told(server: MockServer) -> None:
    with connect(server.port) as connection:
        connection.sendall(b"What is the capital of Norway?\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        assert read_rest(connection).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert "not HTTP" in server.errors[0]


def test_broken_framing_gets_400_and_is_recorded(server: MockServer) -> None:
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    with connect(server.port) as connection:
        connection.sendall(head + b"5\r\nhello\r\nnot-a-size\r\n")
        assert read_until(connection, b"\r\n") == b"HTTP/1.1 400 Bad Request\r\n"
    (request,) = server.requests
    assert request.wait() == "failed"
    assert (request.body, request.body_whole) == (b"hello", False)


def test_an_upload_that_breaks_off_is_recorded(server: MockServer) -> None:
    with connect(server.port) as connection:
        connection.sendall(post("m")[:-1])
    (request,) = server.wait_for_requests(1)
    assert request.wait() == "client_gone"
    assert not request.body_whole


BAD_BODIES = [
    (b'{"model": "m",\n oops}', "line 2 column 2"),
    (b'{"model": "m", "temperature": NaN}', "NaN is not JSON"),
    (b'{"model": "\xff"}', "position 11"),
    (b"[" * 100_000, "not JSON"),
    (b'["m"]', "not an object"),
    (b'{"messages": []}', "model"),
    (b"", "line 1 column 1"),
]


@pytest.mark.parametrize(("body", "told"), BAD_BODIES)
def test_a_bad_body_gets_400_that_says_where(
    server: MockServer, client: httpx.Client, body: bytes, told: str
) -> None:
    response = client.post("/chat/completions", content=body)
    assert response.status_code == 400
    assert told in response.json()["error"]["message"]
    assert response.json()["error"]["type"] == "invalid_request_error"
    assert server.errors == []


@pytest.mark.parametrize(("method", "path"), [("GET", "/nothing"), ("POST", "/embeddings")])
def test_other_paths_get_404(client: httpx.Client, method: str, path: str) -> None:
    response = client.request(method, path)
    assert response.status_code == 404
    assert response.json()["error"]["message"] == f"Invalid URL ({method} /v1{path})"


def test_a_script_serves_other_paths_too(server: MockServer, client: httpx.Client) -> None:
    server.reply("claude", json_reply({"type": "message"}))
    assert client.post("/rerank", json={"model": "claude"}).json() == {"type": "message"}
    assert client.post("/rerank", json={"model": "other"}).status_code == 404


def test_azure_names_the_model_in_the_path(server: MockServer, client: httpx.Client) -> None:
    url = f"http://127.0.0.1:{server.port}/openai/deployments/utf8/chat/completions?api-version=1"
    assert "🚀" in said(client.post(url, json={"messages": []}))
    assert server.requests[0].model == "utf8"


def test_models_are_listed(server: MockServer, client: httpx.Client) -> None:
    server.reply("fast", text_reply("x"))
    names = [model["id"] for model in client.get("/models").json()["data"]]
    assert names == ["fast", *BUILTIN_MODELS]


def test_requests_can_be_read_from_another_process(
    server: MockServer, client: httpx.Client
) -> None:
    key = "Bearer sk-very-secret"
    blocks = [b'{"model":"m",', b'"messages":[]}']
    client.post("/chat/completions", content=iter(blocks), headers={"Authorization": key})
    text = client.get("/_mock/requests").text
    summary = json.loads(text)
    (request,) = summary["requests"]
    assert (request["model"], request["framing"], request["block_count"]) == ("m", "chunked", 2)
    assert request["body_sha256"] == hashlib.sha256(b"".join(blocks)).hexdigest()
    shown = dict(request["headers"])["authorization"]
    assert shown == "sha256:" + hashlib.sha256(key.encode()).hexdigest()[:12]
    assert "secret" not in text
    assert len(server.requests) == 1  # looking is not recorded


def test_clear_forgets(server: MockServer, client: httpx.Client) -> None:
    server.reply("m", text_reply("scripted"))
    ask(client, "m")
    server.clear()
    assert server.requests == []
    assert said(ask(client, "m")) == "hi"


def test_finished_is_told_of_each_request() -> None:
    told: list[RecordedRequest] = []
    with MockServer(finished=told.append) as server:
        with httpx.Client(base_url=server.base_url, trust_env=False) as client:
            ask(client, "error-503")
        assert server.requests[0].wait() == "complete"
    assert [(request.model, request.status) for request in told] == [("error-503", 503)]


def test_waiting_has_an_end(server: MockServer, client: httpx.Client) -> None:
    with pytest.raises(TimeoutError, match="0 of 1"):
        server.wait_for_requests(1, timeout=0)
    with connect(server.port) as connection:
        connection.sendall(post("stall-before-head"))
        (request,) = server.wait_for_requests(1)
        with pytest.raises(TimeoutError, match="not finished"):
            request.wait(timeout=0)
        assert server.open_connections == 1
