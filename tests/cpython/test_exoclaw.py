"""The provider for exoclaw against a real server: its promises, requests, clients and logs."""

import asyncio
import inspect
from typing import Any

import httpx
import httpx2
import pytest
import structlog
from exoclaw.http import HTTPClient, from_httpx
from exoclaw.providers.protocol import LLMProvider, StreamingLLMProvider
from exoclaw.providers.types import LLMResponse, ToolCallRequest
from support.exoclaw_face import HELLO, KEY, TOOLS, ask, provider_for
from support.order import soon

from thinwire import (
    Deployment,
    OpenAIStreamingProvider,
    StatusError,
)
from thinwire.compat import exoclaw
from thinwire.compat.exoclaw.types import exoclaw_types
from thinwire.testing import (
    MockServer,
    status_reply,
    text_reply,
    tool_reply,
)

# What seed 000's README shows, with another server and another package name.


def test_the_example_of_the_readme(mock_llm: MockServer) -> None:
    mock_llm.reply("zai/glm-4.7", status_reply(429))
    mock_llm.reply("minimax/minimax-m2.7", text_reply("Hello there", cost=0.002))
    openrouter, other, key = mock_llm.base_url, mock_llm.base_url, KEY
    provider = OpenAIStreamingProvider(
        default_model="zai/glm-4.7",
        deployments={
            "zai/glm-4.7": Deployment(base_url=openrouter, api_key=key),
            "minimax/minimax-m2.7": Deployment(base_url=openrouter, api_key=key),
            "openai/gpt-5.4": Deployment(base_url=other, api_key=key),
            "zai-direct/glm-5.1": Deployment(base_url=other, api_key=key),
        },
        fallbacks={
            "zai/glm-4.7": ["minimax/minimax-m2.7"],
            "zai/glm-5.1": ["minimax/minimax-m2.7"],
        },
    )
    with structlog.testing.capture_logs() as logs:
        response = ask(provider)
    assert (response.content, response.finish_reason) == ("Hello there", "stop")
    assert response.cost == 0.002
    assert [request.status for request in mock_llm.requests] == [429, 200]
    assert [entry["event"] for entry in logs] == ["llm_fallback"]


def test_a_fallback_list_for_an_undeclared_model_is_a_warning(mock_llm: MockServer) -> None:
    with structlog.testing.capture_logs() as logs:
        provider_for(mock_llm, "a", "b", fallbacks={"typo": ["b"]})
    assert logs == [{"event": "llm_fallback_unused", "llm.model": "typo", "log_level": "warning"}]


def test_it_is_what_exoclaw_calls_a_provider(mock_llm: MockServer) -> None:
    provider = provider_for(mock_llm)
    assert isinstance(provider, LLMProvider)
    assert provider.supports_response_deltas is True
    assert provider.get_default_model() == provider.default_model == "m"


def test_chat_takes_the_arguments_of_the_protocol_in_its_order() -> None:
    wanted = inspect.signature(StreamingLLMProvider.chat).parameters
    ours = inspect.signature(OpenAIStreamingProvider.chat).parameters
    assert list(ours) == list(wanted)
    for name, parameter in wanted.items():
        assert (ours[name].kind, ours[name].default) == (parameter.kind, parameter.default)


def test_the_types_are_those_of_exoclaw(mock_llm: MockServer) -> None:
    mock_llm.reply("m", tool_reply([("look", {})]))
    response = ask(provider_for(mock_llm))
    assert type(response) is LLMResponse
    assert type(response.tool_calls[0]) is ToolCallRequest
    assert exoclaw.LLMResponse is LLMResponse
    assert exoclaw_types().__name__ == "exoclaw.providers.types"


def test_there_is_no_other_name() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        _ = exoclaw.nonsense


# The request.


def test_what_is_sent_unless_told_otherwise(mock_llm: MockServer) -> None:
    ask(provider_for(mock_llm))
    request = mock_llm.requests[0]
    assert request.json() == {
        "model": "m",
        "messages": HELLO,
        "max_tokens": 4096,
        "temperature": 0.7,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert request.header("authorization") == "Bearer " + KEY
    assert request.framing == "content-length"


def test_what_is_sent_when_asked_for(mock_llm: MockServer) -> None:
    schema = {"type": "json_object"}
    ask(provider_for(mock_llm), HELLO, TOOLS, "m", 0, 0.0, "high", schema)
    sent = mock_llm.requests[0].json()
    # An object without properties is none that every server takes.
    assert TOOLS[0]["function"]["parameters"] == {"type": "object"}
    empty = {"type": "object", "properties": {}}
    function = {"name": "look", "parameters": empty}
    assert sent["tools"] == [{"type": "function", "function": function}]
    assert sent["tool_choice"] == "auto"
    assert (sent["max_tokens"], sent["temperature"]) == (1, 0.0)
    assert (sent["reasoning_effort"], sent["response_format"]) == ("high", schema)


def test_parameters_that_a_model_refuses_can_be_left_out(mock_llm: MockServer) -> None:
    ask(provider_for(mock_llm), HELLO, [], max_tokens=None, temperature=None)
    sent = mock_llm.requests[0].json()
    assert set(sent) == {"model", "messages", "stream", "stream_options"}


# Clients, closing, secrets, logs.


def test_close_is_idempotent_and_frees_the_connections(mock_llm: MockServer) -> None:
    async def main() -> None:
        provider = provider_for(mock_llm)
        await provider.close()
        await provider.chat(HELLO)
        await provider.close()
        await provider.close()

    asyncio.run(main())
    assert soon(lambda: mock_llm.open_connections == 0)


@pytest.mark.parametrize("module", [httpx, httpx2])
@pytest.mark.parametrize("wrap", [lambda client: client, from_httpx])
def test_an_own_client_is_used_and_stays_open(
    mock_llm: MockServer, wrap: Any, module: Any
) -> None:
    async def main() -> None:
        async with module.AsyncClient(headers={"X-Mine": "yes"}) as client:
            provider = provider_for(mock_llm, client=wrap(client))
            await provider.chat(HELLO)
            await provider.close()
            assert not client.is_closed

    asyncio.run(main())
    assert mock_llm.requests[0].header("x-mine") == "yes"


def test_the_client_that_exoclaw_makes_is_taken(mock_llm: MockServer) -> None:
    async def main() -> str | None:
        client = HTTPClient(timeout=5)
        response = await provider_for(mock_llm, client=client).chat(HELLO)
        await client.aclose()
        return response.content

    assert asyncio.run(main()) == "hello"


def test_any_other_client_is_a_mistake(mock_llm: MockServer) -> None:
    with httpx.Client() as client, pytest.raises(TypeError, match=r"httpx\.AsyncClient.*Client"):
        provider_for(mock_llm, client=client)
    with pytest.raises(TypeError, match="stream_post, unlike object"):
        provider_for(mock_llm, client=object())


def test_no_key_in_a_repr_or_an_error(mock_llm: MockServer) -> None:
    mock_llm.reply("m", status_reply(401, "bad key"))
    provider = provider_for(mock_llm)
    with pytest.raises(StatusError) as caught:
        ask(provider)
    assert repr(provider) == "OpenAIStreamingProvider('m', deployments=['m'])"
    assert KEY not in repr(provider) + str(provider.__dict__) + str(caught.value)
