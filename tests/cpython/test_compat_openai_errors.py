"""thinwire.compat.openai: errors by their names, and what is asked again before there is one."""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from thinwire import AllAttemptsFailed, Deployment, StatusError, StreamInterrupted, TransportError
from thinwire.compat import openai
from thinwire.compat.openai import OpenAI
from thinwire.testing import (
    MockServer,
    cut_reply,
    error_chunk_reply,
    raw_reply,
    sse_reply,
    stall_reply,
    status_reply,
    text_reply,
)

HI: list[Any] = [{"role": "user", "content": "hi"}]
STATUSES = {
    400: openai.BadRequestError,
    401: openai.AuthenticationError,
    403: openai.PermissionDeniedError,
    404: openai.NotFoundError,
    409: openai.ConflictError,
    422: openai.UnprocessableEntityError,
    429: openai.RateLimitError,
    500: openai.InternalServerError,
    529: openai.InternalServerError,
    418: openai.APIStatusError,
}


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running


def client_of(server: MockServer, **options: Any) -> OpenAI:
    return OpenAI(**{"api_key": "k", "base_url": server.base_url, "max_retries": 0, **options})


def error_of(client: OpenAI, model: str = "m", **options: Any) -> openai.APIError:
    with client, pytest.raises(openai.APIError) as caught:
        client.chat.completions.create(model=model, messages=HI, **options)
    return caught.value


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("stream", [False, True])
def test_a_status_has_its_class(status: int, stream: bool, server: MockServer) -> None:
    reply = status_reply(status, "no", code="c", kind="t", headers=[("x-request-id", "req-1")])
    server.reply("m", reply)
    error = error_of(client_of(server), stream=stream)
    assert type(error) is STATUSES[status]
    assert isinstance(error, openai.APIStatusError)
    assert error.status_code == error.response.status_code == status
    assert (error.code, error.type, error.param) == ("c", "t", None)
    assert error.request_id == "req-1"
    assert error.message == str(error) == f"Error code: {status} - no"
    assert error.body == error.response.json()["error"]
    assert isinstance(error.response, httpx.Response)
    assert str(error.request.url) == server.base_url + "/chat/completions"
    assert isinstance(error.thinwire, StatusError)
    assert error.__cause__ is None


def test_a_body_that_is_no_json_is_there_as_text(server: MockServer) -> None:
    page = b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 14\r\n\r\n"
    server.reply("m", raw_reply(page, b"<html>no</html"))
    error = error_of(client_of(server))
    assert isinstance(error, openai.InternalServerError)
    assert error.body == error.response.text == "<html>no</html"
    assert str(error) == "Error code: 502"


def test_several_attempts_are_told(server: MockServer) -> None:
    server.reply("m", status_reply(500, "no"))
    server.reply("other", status_reply(429, "slow down"))
    other = Deployment(server.base_url, "k", "other")
    error = error_of(client_of(server, deployments={"b": other}, fallbacks=["b"]))
    assert isinstance(error, openai.RateLimitError)
    assert isinstance(error.__cause__, AllAttemptsFailed)
    assert error.__cause__ is error.thinwire
    assert "status 500" in str(error)
    assert "slow down" in str(error)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_what_is_asked_again(status: int, server: MockServer) -> None:
    server.reply("m", status_reply(status, retry_after=0), text_reply("Hello"))
    with client_of(server, max_retries=1) as client:
        found = client.chat.completions.create(model="m", messages=HI)
    assert found.choices[0].message.content == "Hello"
    assert len(server.requests) == 2


def test_what_is_not_asked_again(server: MockServer) -> None:
    server.reply("m", status_reply(400), text_reply("Hello"))
    assert isinstance(error_of(client_of(server, max_retries=5)), openai.BadRequestError)
    assert len(server.requests) == 1


def test_connections(server: MockServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    nobody = OpenAI(api_key="k", base_url=f"http://127.0.0.1:{port}/v1", max_retries=0)
    error = error_of(nobody)
    assert type(error) is openai.APIConnectionError
    assert str(error).startswith("Connection error")
    assert isinstance(error.__cause__, TransportError)
    assert error.body is None
    server.reply("cut", cut_reply("before_head"))
    assert type(error_of(client_of(server), "cut")) is openai.APIConnectionError
    server.reply("page", sse_reply(b"data: no\n\n"))
    assert type(error_of(client_of(server), "page")) is openai.APIConnectionError


def test_a_clock(server: MockServer) -> None:
    server.reply("m", stall_reply("before_head"))
    error = error_of(client_of(server, timeout=0.1))
    assert type(error) is openai.APITimeoutError
    assert str(error).startswith("Request timed out")


def test_a_stream_that_stalls(server: MockServer) -> None:
    server.reply("m", stall_reply("mid_stream", text="Hello"))
    with client_of(server, timeout=0.2) as client:
        stream = client.chat.completions.create(model="m", messages=HI, stream=True)
        with pytest.raises(openai.APITimeoutError) as caught:
            list(stream)
    assert caught.value.partial.content == "Hello"
    assert isinstance(caught.value.thinwire, StreamInterrupted)


def test_an_error_within_a_stream(server: MockServer) -> None:
    server.reply("first", error_chunk_reply("no", status=200, code="c"))
    error = error_of(client_of(server), "first", stream=True)
    assert type(error) is openai.APIError
    assert "no" in error.message
    server.reply("late", error_chunk_reply("overloaded", status=503, after="Hello"))
    with client_of(server) as client:
        stream = client.chat.completions.create(model="late", messages=HI, stream=True)
        seen: list[str | None] = []
        with pytest.raises(openai.APIError) as caught:
            seen.extend(one.choices[0].delta.content for one in stream)
    assert "".join(one or "" for one in seen) == "Hello"
    assert "overloaded" in str(caught.value)


def test_the_other_endpoints_have_the_same_errors(server: MockServer) -> None:
    with client_of(server) as client:
        with pytest.raises(openai.NotFoundError):
            client.embeddings.create(model="m", input="a")
        with pytest.raises(openai.NotFoundError):
            client.post("/nowhere", cast_to=object, body={})

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text="<html>")

    http_client = httpx.Client(transport=httpx.MockTransport(answer))
    with OpenAI(api_key="k", base_url="https://there.test", http_client=http_client) as client:
        with pytest.raises(openai.APIResponseValidationError) as caught:
            client.models.list()
        assert caught.value.status_code == 200
        assert client.get("/models", cast_to=str) == "<html>"


def test_an_error_of_the_callers_own_code_is_its_own(server: MockServer) -> None:
    def broken() -> str:
        raise KeyError("mine")

    with client_of(server, api_key=broken) as client, pytest.raises(KeyError, match="mine"):
        client.chat.completions.create(model="m", messages=HI)


def test_cancelling_is_not_translated(server: MockServer) -> None:
    server.reply("m", stall_reply("before_head"))

    async def program() -> None:
        async with openai.AsyncOpenAI(api_key="k", base_url=server.base_url) as client:
            asked = client.chat.completions.create(model="m", messages=HI, stream=True)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(asked, 0.1)

    asyncio.run(program())
    assert server.requests[0].wait() == "client_gone"


def test_errors_can_be_made_by_hand() -> None:
    request = httpx.Request("POST", "https://there.test")
    response = httpx.Response(429, request=request)
    error = openai.RateLimitError("no", response=response, body={"code": 5})
    assert (error.status_code, error.code) == (429, "5")
    assert str(openai.APITimeoutError(request)) == "Request timed out."
    assert str(openai.APIConnectionError(request=request)) == "Connection error."
