"""thinwire.compat.openai: answers as types, the events of `.stream()`, and attribute objects."""

import asyncio
import copy
import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from pydantic.dataclasses import dataclass

from thinwire.compat import openai
from thinwire.compat.openai import AsyncOpenAI, OpenAI, pydantic_function_tool
from thinwire.compat.openai._parsing import strict
from thinwire.compat.openai.lib.streaming.chat import ChatCompletionStreamState
from thinwire.compat.openai.types import CompletionUsage
from thinwire.compat.openai.types.chat import (
    ChatCompletion,
    ChatCompletionChunk,
    ChatCompletionMessage,
    ChatCompletionMessageParam,
)
from thinwire.testing import MockServer, sse_event, sse_reply, text_reply, tool_reply

HI: list[Any] = [{"role": "user", "content": "hi"}]


class City(BaseModel):
    """A city."""

    name: str
    people: int | None = None


@dataclass
class Place:
    name: str


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running


@pytest.fixture
def client(server: MockServer) -> Iterator[OpenAI]:
    with OpenAI(api_key="k", base_url=server.base_url, max_retries=0) as made:
        yield made


def test_content_as_a_model(client: OpenAI, server: MockServer) -> None:
    server.reply("m", text_reply('{"name": "Bern", "people": 1}'), text_reply('{"name": "Bern"}'))
    found = client.chat.completions.parse(model="m", messages=HI, response_format=City)
    assert found.choices[0].message.parsed == City(name="Bern", people=1)
    assert found.thinwire.complete
    asked = server.requests[0].json()["response_format"]
    assert asked["type"] == "json_schema"
    assert asked["json_schema"]["name"] == "City"
    schema = asked["json_schema"]["schema"]
    assert schema["required"] == ["name", "people"]
    assert schema["additionalProperties"] is False
    assert "default" not in schema["properties"]["people"]
    place = client.chat.completions.parse(model="m", messages=HI, response_format=Place)
    assert place.choices[0].message.parsed == Place(name="Bern")


def test_a_raw_response_of_parse(client: OpenAI, server: MockServer) -> None:
    server.reply("m", text_reply('{"name": "Bern"}', headers=[("x-request-id", "req-1")]))
    raw = client.chat.completions.with_raw_response.parse(
        model="m", messages=HI, response_format=City
    )
    assert raw.request_id == "req-1"
    assert raw.parse().choices[0].message.parsed == City(name="Bern")


def test_what_cannot_be_parsed_is_an_error(client: OpenAI, server: MockServer) -> None:
    cases: list[tuple[Any, type[Exception]]] = [
        (text_reply('{"na', finish_reason="length"), openai.LengthFinishReasonError),
        (text_reply("", finish_reason="content_filter"), openai.ContentFilterFinishReasonError),
        (text_reply('{"name": 1}'), ValidationError),
    ]
    for number, (reply, kind) in enumerate(cases):
        asked: Any = {"model": f"m{number}", "messages": HI, "response_format": City}
        server.reply(asked["model"], reply)
        with pytest.raises(kind):
            client.chat.completions.parse(**asked)
        with pytest.raises(kind), client.chat.completions.stream(**asked) as stream:
            stream.until_done()
    server.reply("m", text_reply("", refusal="I will not"))
    message = (
        client.chat.completions.parse(model="m", messages=HI, response_format=City)
        .choices[0]
        .message
    )
    assert (message.parsed, message.refusal) == (None, "I will not")


def test_arguments_as_models(client: OpenAI, server: MockServer) -> None:
    server.reply("m", tool_reply([("City", {"name": "Bern", "people": 1}), ("plain", {"a": 1})]))
    plain = {"type": "function", "function": {"name": "plain", "strict": True, "parameters": {}}}
    found = client.chat.completions.parse(
        model="m", messages=HI, tools=[pydantic_function_tool(City), plain]
    )
    calls = found.choices[0].message.tool_calls or []
    assert calls[0].function.parsed_arguments == City(name="Bern", people=1)
    assert calls[1].function.parsed_arguments == {"a": 1}
    sent = server.requests[0].json()["tools"][0]["function"]
    assert (sent["name"], sent["description"], sent["strict"]) == ("City", "A city.", True)
    loose: Any = {"type": "function", "function": {"name": "loose"}}
    for tools, words in (([loose], "not strict"), ([{"type": "custom"}], "function")):
        with pytest.raises(ValueError, match=words):
            client.chat.completions.parse(model="m", messages=HI, tools=tools)
    with pytest.raises(TypeError, match="Unsupported"):
        client.chat.completions.parse(model="m", messages=HI, response_format=int)


def test_events_of_a_text(client: OpenAI, server: MockServer) -> None:
    server.reply("m", text_reply(tokens=['{"name": "Be', 'rn", "peo', 'ple": 1}']))
    events, parsed = [], []
    with client.chat.completions.stream(model="m", messages=HI, response_format=City) as stream:
        for event in stream:
            events.append(event)
            if event.type == "content.delta":
                parsed.append(copy.deepcopy(event.parsed))
        final = stream.get_final_completion()
    deltas = [one for one in events if one.type == "content.delta"]
    assert parsed[-3:] == [{}, {"name": "Bern"}, {"name": "Bern", "people": 1}]
    assert deltas[-1].snapshot == '{"name": "Bern", "people": 1}'
    (done,) = [one for one in events if one.type == "content.done"]
    assert done.parsed == City(name="Bern", people=1)
    assert final.choices[0].message.parsed == done.parsed
    assert final.usage is not None


def test_events_of_calls(server: MockServer) -> None:
    server.reply("m", tool_reply([("City", {"name": "Bern"}), ("City", {"name": "Basel"})]))

    async def program() -> None:
        async with (
            AsyncOpenAI(api_key="k", base_url=server.base_url) as client,
            client.chat.completions.stream(
                model="m", messages=HI, tools=[pydantic_function_tool(City)]
            ) as stream,
        ):
            events = [one async for one in stream]
            final = await stream.get_final_completion()
            assert stream.current_completion_snapshot.id == final.id
        done = [one for one in events if one.type == "tool_calls.function.arguments.done"]
        assert [one.parsed_arguments.name for one in done] == ["Bern", "Basel"]
        assert [one.index for one in done] == [0, 1]
        deltas = [one for one in events if one.type == "tool_calls.function.arguments.delta"]
        of_first = [one.arguments_delta for one in deltas if one.index == 0]
        assert json.loads("".join(of_first)) == {"name": "Bern"}
        calls = final.choices[0].message.tool_calls or []
        assert [one.function.parsed_arguments.name for one in calls] == ["Bern", "Basel"]

    asyncio.run(program())


def test_events_of_a_refusal_and_of_logprobs(client: OpenAI, server: MockServer) -> None:
    entry = {"token": "a", "bytes": None, "logprob": -1.0, "top_logprobs": []}

    def chunk(delta: object, **more: object) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": None, **more}
        return sse_event({"id": "1", "object": "chat.completion.chunk", "choices": [choice]})

    server.reply(
        "m",
        sse_reply(
            chunk({"role": "assistant", "refusal": "no"}, logprobs={"refusal": [entry]}),
            chunk({"refusal": " way"}, logprobs={"refusal": [entry]}),
            chunk({}, finish_reason="stop"),
        ),
    )
    with client.chat.completions.stream(model="m", messages=HI) as stream:
        events = list(stream)
        final = stream.get_final_completion()
    kinds = [one.type for one in events if one.type != "chunk"]
    assert kinds == ["refusal.delta", "logprobs.refusal.delta"] * 2 + [
        "refusal.done",
        "logprobs.refusal.done",
    ]
    assert final.choices[0].message.refusal == "no way"
    logprobs = final.choices[0].logprobs
    assert logprobs is not None
    assert len(logprobs.refusal or []) == 2


def test_a_final_completion_is_right_where_the_chunks_are_not(
    client: OpenAI, server: MockServer
) -> None:
    def chunk(call: object, reason: str | None = None) -> bytes:
        delta = {"tool_calls": [call]} if call else {}
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return sse_event({"id": "1", "object": "chat.completion.chunk", "choices": [choice]})

    def call(id: str, arguments: str) -> object:  # without an index, as some servers send it
        function = {"name": "City", "arguments": arguments}
        return {"id": id, "type": "function", "function": function}

    ends = chunk(None, "tool_calls")
    calls = chunk(call("a", '{"name": "Bern"}')), chunk(call("b", '{"name": "Basel"}'))
    server.reply("m", sse_reply(*calls, ends))
    tools = [pydantic_function_tool(City)]
    with client.chat.completions.stream(model="m", messages=HI, tools=tools) as stream:
        found = stream.get_final_completion().choices[0].message.tool_calls or []
    assert [one.function.parsed_arguments.name for one in found] == ["Bern", "Basel"]


def test_chunks_can_be_put_together_by_hand(client: OpenAI) -> None:
    state = ChatCompletionStreamState()
    with pytest.raises(AssertionError):
        state.current_completion_snapshot  # noqa: B018
    for chunk in client.chat.completions.create(model="echo", messages=HI, stream=True):
        state.handle_chunk(chunk)
    assert state.get_final_completion().choices[0].message.content == "hi"


def test_a_schema_is_made_strict() -> None:
    class Inner(BaseModel):
        x: int = 0

    class Outer(BaseModel):
        """Has others."""

        one: Inner
        several: list[Inner]
        maybe: Inner | None = None

    found = strict(Outer.model_json_schema())
    assert found["required"] == ["one", "several", "maybe"]
    assert found["$defs"]["Inner"]["additionalProperties"] is False
    described = {
        "$defs": {"I": {"type": "object"}},
        "properties": {"a": {"$ref": "#/$defs/I", "description": "d"}},
    }
    inner = strict(described)["properties"]["a"]
    assert inner == {"type": "object", "additionalProperties": False, "description": "d"}
    assert strict({"allOf": [{"type": "object"}]})["type"] == "object"


def test_objects_have_what_pydantics_have() -> None:
    document = {
        "id": "1",
        "choices": [{"index": 0, "message": {"content": "a", "mood": {"x": 1}}}],
        "usage": None,
    }
    found = ChatCompletion(**document)
    assert found.choices[0].message.mood == {"x": 1}
    assert found.choices[0].message.tool_calls is None
    assert found.choices[0].finish_reason is None
    with pytest.raises(AttributeError, match="moon"):
        found.moon  # noqa: B018
    assert found.to_dict() == document
    assert found.model_dump()["system_fingerprint"] is None
    assert found.model_dump(exclude_unset=True) == document
    assert json.loads(found.model_dump_json(exclude_none=True))["id"] == "1"
    assert json.loads(found.to_json()) == document
    assert "usage" not in found.model_dump(exclude_none=True)
    assert found.model_dump(include={"id"}) == {"id": "1"}
    assert "id" not in found.model_dump(exclude={"id"})
    assert found.model_fields_set == {"id", "choices", "usage"}
    assert found.choices[0].message.model_extra == {"mood": {"x": 1}}
    for other in (
        ChatCompletion.model_validate(document),
        ChatCompletion.construct(**document),
        ChatCompletion.model_validate_json(json.dumps(document)),
        copy.deepcopy(found),
        pickle.loads(pickle.dumps(found)),
        found.model_copy(),
    ):
        assert other == found
        assert repr(other) == repr(found)
    assert found.model_copy(update={"id": "2"}) != found
    assert found != document
    assert dict(found)["id"] == "1"
    assert repr(found).startswith("ChatCompletion(id='1', choices=[Choice(")
    assert ChatCompletion.model_fields["id"].annotation is str
    assert CompletionUsage(prompt_tokens=1).prompt_tokens == 1
    # Odd things of servers stay as they are.
    odd = ChatCompletionChunk(choices=[None, {"delta": None}, "x"], usage=5)
    assert odd.choices[0] is None
    assert odd.to_dict() == {"choices": [None, {"delta": None}, "x"], "usage": 5}
    ChatCompletionMessageParam(role="user")
    custom = {"tool_calls": [{"type": "custom", "custom": {"input": "a"}}, {"type": "other"}]}
    calls = ChatCompletionMessage(**custom).tool_calls
    assert calls is not None
    assert calls[0].custom.input == "a"


SWAPPED = """\
import thinwire.compat.openai as face
face.install()
face.install()
import openai, openai.types.chat.chat_completion as module
from openai.types.chat import ChatCompletion, ChatCompletionMessageParam
from openai._types import NOT_GIVEN
from openai.lib.azure import AzureOpenAI
assert openai is face
assert module.ChatCompletion is ChatCompletion is face.types.chat.ChatCompletion
assert ChatCompletion.__module__ == 'thinwire.compat.openai.types.chat.chat_completion'
assert isinstance(openai.OpenAI(api_key='k'), face.OpenAI)
try:
    import openai.nothing
except ModuleNotFoundError:
    print('right')
"""
LATE = """\
import sys, types
sys.modules['openai'] = types.ModuleType('openai')
import thinwire.compat.openai as face
try:
    face.install()
except ImportError as error:
    print('right')
"""


@pytest.mark.parametrize("program", [SWAPPED, LATE])
def test_install_swaps_the_import_of_others(program: str) -> None:
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("right\n", "")


def test_nothing_of_pydantic_is_loaded() -> None:
    program = "import sys, thinwire.compat.openai; assert 'pydantic' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
