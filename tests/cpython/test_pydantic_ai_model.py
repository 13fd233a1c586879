"""examples/pydantic_ai_model.py: a real agent of pydantic-ai, over thinwire."""

import asyncio
import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from support.interpreters import ROOT

from thinwire import AsyncClient, Deployment
from thinwire.testing import MockServer, cut_reply, status_reply, text_reply, tool_reply

pydantic_ai: Any = pytest.importorskip("pydantic_ai", reason="pydantic-ai cannot be installed")
from pydantic import BaseModel  # noqa: E402

sys.path.insert(0, str(ROOT / "examples"))
import pydantic_ai_model as example  # noqa: E402


class City(BaseModel):
    name: str
    people: int


def weather(city: str) -> str:
    """How the weather is in a city."""
    return "sunny in " + city


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running


def client_of(server: MockServer) -> AsyncClient:
    return AsyncClient("m", Deployment(server.base_url, "k"), retry=1)


def run(server: MockServer, prompt: Any = "hi", **options: Any) -> Any:
    async def program() -> Any:
        async with client_of(server) as client:
            agent = pydantic_ai.Agent(example.ThinwireModel(client), **options)
            return await agent.run(prompt)

    return asyncio.run(program())


def test_an_agent_calls_its_tools(server: MockServer) -> None:
    server.reply("m", tool_reply([("weather", {"city": "Bern"})]), text_reply("It is sunny."))
    found = run(server, tools=[weather], instructions="Be brief.")
    assert found.output == "It is sunny."
    first, second = [one.json() for one in server.requests]
    assert first["messages"][0] == {"role": "system", "content": "Be brief."}
    assert first["messages"][1] == {"role": "user", "content": "hi"}
    assert first["tools"][0]["function"]["name"] == "weather"
    assert first["tool_choice"] == "auto"
    call, result = second["messages"][-2:]
    assert json.loads(call["tool_calls"][0]["function"]["arguments"]) == {"city": "Bern"}
    assert result["content"] == "sunny in Bern"
    assert found.usage.requests == 2
    assert found.usage.output_tokens > 0


def test_thoughts_go_back_to_their_server(server: MockServer) -> None:
    server.reply("m", text_reply("So", reasoning="hm"), text_reply("well"))

    async def program() -> None:
        async with client_of(server) as client:
            agent = pydantic_ai.Agent(example.ThinwireModel(client))
            first = await agent.run("hi")
            await agent.run("more", message_history=first.all_messages())

    asyncio.run(program())
    assert server.requests[1].json()["messages"][1]["reasoning_content"] == "hm"


def test_structured_output_by_a_tool(server: MockServer) -> None:
    server.reply("m", tool_reply([("final_result", {"name": "Bern", "people": 130000})]))
    found = run(server, output_type=City)
    assert found.output == City(name="Bern", people=130000)
    assert server.requests[0].json()["tool_choice"] == "required"


def test_structured_output_natively(server: MockServer) -> None:
    server.reply("m", text_reply('{"name": "Bern", "people": 130000}'))
    found = run(server, output_type=pydantic_ai.NativeOutput(City))
    assert found.output == City(name="Bern", people=130000)
    asked = server.requests[0].json()["response_format"]["json_schema"]
    assert set(asked["schema"]["properties"]) == {"name", "people"}


def test_what_is_not_valid_is_asked_for_again(server: MockServer) -> None:
    server.reply(
        "m",
        tool_reply([("final_result", {"name": "Bern"})]),
        tool_reply([("final_result", {"name": "Bern", "people": 1})]),
    )
    assert run(server, output_type=City).output == City(name="Bern", people=1)
    told = server.requests[1].json()["messages"][-1]
    assert told["role"] == "tool"
    assert "people" in told["content"]


def test_a_stream_with_tools(server: MockServer) -> None:
    server.reply(
        "m",
        tool_reply([("weather", {"city": "Bern"})]),
        text_reply("It is very sunny.", reasoning="hm"),
    )

    async def program() -> list[str]:
        async with client_of(server) as client:
            agent = pydantic_ai.Agent(example.ThinwireModel(client), tools=[weather])
            async with agent.run_stream("hi") as result:
                pieces = [one async for one in result.stream_text(delta=True, debounce_by=None)]
            assert result.usage.output_tokens > 0
            kinds = [part.part_kind for part in result.all_messages()[-1].parts]
            assert kinds == ["thinking", "text"]
            return pieces

    pieces = asyncio.run(program())
    assert len(pieces) > 1
    assert "".join(pieces) == "It is very sunny."


def test_images_are_sent(server: MockServer) -> None:
    url = pydantic_ai.ImageUrl("https://example.com/a.png")
    data = pydantic_ai.BinaryContent(b"abc", media_type="image/png")
    run(server, ["look", url, data])
    content = server.requests[0].json()["messages"][0]["content"]
    assert [one["type"] for one in content] == ["text", "image_url", "image_url"]
    assert content[2]["image_url"]["url"] == "data:image/png;base64,YWJj"
    with pytest.raises(TypeError, match="DocumentUrl"):
        run(server, [pydantic_ai.DocumentUrl("https://example.com/a.pdf")])


def test_settings_are_fields(server: MockServer) -> None:
    settings = {"temperature": 0.5, "max_tokens": 7, "stop_sequences": ["x"], "timeout": 9}
    run(server, model_settings=settings)
    asked = server.requests[0].json()
    assert (asked["temperature"], asked["max_tokens"], asked["stop"]) == (0.5, 7, ["x"])
    assert "timeout" not in asked


def test_errors_are_those_of_pydantic_ai(server: MockServer) -> None:
    server.reply("m", status_reply(401, "no"), cut_reply("after_head"))
    with pytest.raises(pydantic_ai.exceptions.ModelHTTPError) as caught:
        run(server)
    assert caught.value.status_code == 401
    with pytest.raises(pydantic_ai.exceptions.ModelAPIError):
        run(server)


def test_a_stream_that_breaks_off_is_an_error(server: MockServer) -> None:
    server.reply("m", cut_reply(text="Hello there"))

    async def program() -> None:
        async with client_of(server) as client:
            agent = pydantic_ai.Agent(example.ThinwireModel(client))

            async def read() -> None:
                async with agent.run_stream("hi") as result:
                    async for _ in result.stream_text(delta=True, debounce_by=None):
                        pass

            with pytest.raises(pydantic_ai.exceptions.ModelAPIError):
                await read()

    asyncio.run(program())
