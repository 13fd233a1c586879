"""Bodies that a caller builds: `send_streaming_body` of the exoclaw provider."""

import asyncio
from typing import Any

import pytest
from support.exoclaw_face import KEY, provider_for, using, with_fallback
from support.order import given_time

from thinwire import (
    ConnectError,
    Deployment,
    OpenAIStreamingProvider,
    StatusError,
)
from thinwire.testing import (
    MockServer,
    error_chunk_reply,
    status_reply,
    text_reply,
    tool_reply,
)


async def blocks(*pieces: bytes) -> Any:
    for piece in pieces:
        yield piece


def send(provider: OpenAIStreamingProvider, *pieces: bytes, model: str = "m") -> str:
    return using(provider, lambda p: p.send_streaming_body(model, blocks(*pieces)))


def test_a_body_in_pieces(mock_llm: MockServer) -> None:
    mock_llm.reply("m", text_reply("heard you"))
    body = (b'{"model":"m","stream":true,', b'"messages":[],"audio":"', b"A" * 200_000, b'"}')
    assert send(provider_for(mock_llm), *body) == "heard you"
    assert mock_llm.requests[0].body == b"".join(body)
    assert mock_llm.requests[0].header("authorization") == "Bearer " + KEY


def test_a_body_answered_without_text(mock_llm: MockServer) -> None:
    mock_llm.reply("m", tool_reply([("look", {})]))
    assert send(provider_for(mock_llm), b'{"model":"m","stream":true}') == ""


def test_a_body_may_take_longer_than_the_first_token(mock_llm: MockServer) -> None:
    def attempt(scale: int) -> None:
        async def slow() -> Any:
            yield b'{"model":"m",'
            await asyncio.sleep(0.5 * scale)
            yield b'"stream":true}'

        provider = provider_for(mock_llm, stream_ttft_timeout=0.2 * scale)
        assert using(provider, lambda p: p.send_streaming_body("m", slow())) != ""

    given_time(attempt)


def test_a_body_that_is_refused(mock_llm: MockServer) -> None:
    mock_llm.reply("m", status_reply(503, "too busy"))
    provider = with_fallback(mock_llm)
    with pytest.raises(RuntimeError, match=r"^status 503 from m: .*too busy"):
        send(provider, b'{"model":"m"}')
    assert len(mock_llm.requests) == 1


def test_a_body_never_goes_to_a_fallback(mock_llm: MockServer) -> None:
    deployments = {
        "gone": Deployment("http://127.0.0.1:1/v1"),
        "m": Deployment(mock_llm.base_url),
    }
    provider = OpenAIStreamingProvider("gone", deployments, {"gone": ["m"]})
    with pytest.raises(ConnectError):
        send(provider, b'{"model":"gone"}', model="gone")
    assert mock_llm.requests == []


def test_a_body_for_an_unknown_model(mock_llm: MockServer) -> None:
    with pytest.raises(ValueError, match="no deployment for model 'other'"):
        send(provider_for(mock_llm), b"{}", model="other")


def test_an_error_inside_the_answer_to_a_body(mock_llm: MockServer) -> None:
    mock_llm.reply("m", error_chunk_reply("broke down"), error_chunk_reply("full", code=503))
    provider = provider_for(mock_llm)
    with pytest.raises(StatusError, match="broke down"):
        send(provider, b'{"model":"m","stream":true}')
    with pytest.raises(RuntimeError, match="status 503 from m: full"):
        send(provider, b'{"model":"m","stream":true}')
