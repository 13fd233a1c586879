"""The mock server speaks OpenAI's Responses API: what it refuses, and what it answers."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from thinwire import (
    Client,
    DataURL,
    Deployment,
    JSONLMessages,
    StatusError,
    StreamInterrupted,
)
from thinwire.core.dialects import responses
from thinwire.core.request.call import Call
from thinwire.testing import (
    MockServer,
    cut_reply,
    error_chunk_reply,
    json_reply,
    script_from,
    text_reply,
    tool_reply,
)
from thinwire.transport import SocketTransport

HELLO = [{"type": "message", "role": "user", "content": "Hello there"}]
CALL = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"}
RESULT = {"type": "function_call_output", "call_id": "c1", "output": "fog"}
CUSTOM = {"type": "custom_tool_call", "call_id": "c1", "name": "sql", "input": "x"}
THOUGHT = {"type": "reasoning", "summary": [], "encrypted_content": "gAAAAA-mock-1"}
SAID = {"type": "message", "role": "assistant", "content": "Hi"}
PLAIN = {"type": "object", "properties": {"a": {"type": "string"}}}
STRICT = {**PLAIN, "additionalProperties": False, "required": ["a"]}
TOOL = {"type": "function", "name": "look", "parameters": PLAIN}

# What is asked, and the field that the complaint is about.
WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "input"),
    ({"input": 5}, "input"),
    ({"messages": []}, "input"),
    ({"input": "x", "messages": []}, "messages"),
    ({"input": "x", "max_tokens": 20}, "max_tokens"),
    ({"input": "x", "max_output_tokens": 15}, "max_output_tokens"),
    ({"input": "x", "seed": 1}, "seed"),
    ({"input": "x", "stop": "END"}, "stop"),
    ({"input": "x", "response_format": {"type": "text"}}, "response_format"),
    ({"input": "x", "reasoning_effort": "low"}, "reasoning_effort"),
    ({"input": "x", "reasoning": {"effort": "much"}}, "reasoning.effort"),
    ({"input": "x", "text": {"format": {"type": "json_schema"}}}, "text.format.name"),
    ({"input": "x", "include": ["everything"]}, "include[0]"),
    ({"input": "x", "stream": True, "stream_options": {"include_usage": True}}, None),
    ({"input": "x", "stream_options": {}}, "stream_options"),
    ({"input": "x", "tools": [{"type": "function", "function": {}}]}, "tools[0].name"),
    ({"input": "x", "tools": [{"type": "function", "name": "a"}]}, "tools[0].parameters"),
    ({"input": "x", "tools": [TOOL]}, "tools[0].parameters"),
    ({"input": "x", "tools": [{**TOOL, "parameters": {**STRICT, "required": []}}]}, None),
    ({"input": "x", "tools": [{"type": "telepathy"}]}, "tools[0].type"),
    ({"input": "x", "tool_choice": {"type": "function", "function": {}}}, "tool_choice.name"),
    ({"input": "x", "tool_choice": "any"}, "tool_choice"),
    ({"input": [{"role": "user"}]}, "input[0].content"),
    ({"input": [{"role": "tool", "content": "x"}]}, "input[0].role"),
    ({"input": [{"role": "user", "content": "x", "name": "Ann"}]}, "input[0].name"),
    ({"input": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]}, None),
    ({"input": [{**SAID, "content": [{"type": "input_text", "text": "x"}]}]}, None),
    ({"input": [{"type": "image"}]}, "input[0].type"),
    ({"input": [CALL]}, "input[0]"),
    ({"input": [RESULT]}, "input[0]"),
    ({"input": [CALL, RESULT, RESULT]}, "input[2]"),
    ({"input": [CUSTOM, RESULT]}, "input[1]"),
    ({"input": [{**CALL, "arguments": {}}, RESULT]}, "input[0].arguments"),
    ({"input": [{**CALL, "call_id": "x" * 65}]}, "input[0].call_id"),
    ({"input": [THOUGHT]}, "input[0]"),
    ({"input": [THOUGHT, *HELLO]}, "input[0]"),
    ({"input": [{**THOUGHT, "encrypted_content": "gAAAother"}, SAID]}, None),
    ({"input": [{"type": "reasoning", "encrypted_content": "x"}, SAID]}, "input[0].summary"),
    ({"input": [{**THOUGHT, "content": [{"text": "x"}]}, SAID]}, "input[0].content"),
    ({"input": [{"type": "reasoning", "summary": []}, SAID], "store": False}, None),
    ({"input": "x", "model": "gpt-4o", "include": ["reasoning.encrypted_content"]}, "include"),
]
RIGHT: list[dict[str, Any]] = [
    {"input": "Hello"},
    {"input": HELLO, "store": False, "include": ["reasoning.encrypted_content"]},
    {"input": [*HELLO, CALL, RESULT, {"role": "user", "content": "Go on"}]},
    {"input": [*HELLO, THOUGHT, CALL, RESULT, THOUGHT, SAID], "store": False},
    {"input": [CUSTOM, {**RESULT, "type": "custom_tool_call_output"}]},
    {"input": [{**SAID, "id": "msg_1", "status": "completed"}]},
    {"input": "x", "tools": [{**TOOL, "strict": False}, {**TOOL, "parameters": STRICT}]},
    {"input": "x", "tools": [{"type": "web_search"}], "tool_choice": {"type": "web_search"}},
    {"input": "x", "reasoning": {"effort": "low", "summary": "auto"}, "max_output_tokens": 16},
    {"input": "x", "text": {"format": {"type": "json_object"}, "verbosity": "low"}},
    {"input": "x", "stream": True, "stream_options": {"include_obfuscation": False}},
]


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as started:
        yield started
        assert started.errors == []


def asked(server: MockServer, payload: dict[str, Any]) -> httpx.Response:
    return httpx.post(server.base_url + "/responses", json={"model": "gpt-5", **payload})


@pytest.mark.parametrize(("payload", "param"), WRONG)
def test_what_the_service_refuses(
    server: MockServer, payload: dict[str, Any], param: str | None
) -> None:
    response = asked(server, payload)
    error = response.json()["error"]
    assert response.status_code == 400, error
    assert error["message"]
    assert error["type"] == "invalid_request_error"
    if param is not None:
        assert error["param"] == param, error


@pytest.mark.parametrize("payload", RIGHT)
def test_what_the_service_takes(server: MockServer, payload: dict[str, Any]) -> None:
    response = asked(server, payload)
    assert response.status_code == 200, response.text


def test_nothing_is_found_by_the_id_of_what_is_not_stored(server: MockServer) -> None:
    item = {**SAID, "id": "msg_1"}
    assert asked(server, {"input": [item], "store": False}).status_code == 404


def test_nothing_is_checked_where_that_is_not_wanted() -> None:
    with MockServer(strict=False) as server:
        assert asked(server, {"input": HELLO, "seed": 1}).status_code == 200


def test_a_document(server: MockServer) -> None:
    server.reply(
        "gpt-5",
        text_reply("Hi there", reasoning="Hm.", cached_tokens=64),
        text_reply("Hi", finish_reason="length"),
        error_chunk_reply("It broke.", code="server_error"),
    )
    found = asked(server, {"input": HELLO}).json()
    assert [item["type"] for item in found["output"]] == ["reasoning", "message"]
    assert found["output"][1]["content"][0]["text"] == "Hi there"
    assert found["usage"]["input_tokens_details"] == {"cached_tokens": 64}
    assert (found["object"], found["status"], found["error"]) == ("response", "completed", None)
    found = asked(server, {"input": HELLO}).json()
    assert found["incomplete_details"] == {"reason": "max_output_tokens"}
    found = asked(server, {"input": HELLO}).json()
    assert (found["status"], found["error"]["message"]) == ("failed", "It broke.")


def test_a_stream_numbers_its_events(server: MockServer) -> None:
    server.reply("gpt-5", text_reply("Hi there", reasoning="Hm.", refusal="No."))
    text = asked(server, {"input": HELLO, "stream": True}).text
    events = [block.split("\n") for block in text.strip().split("\n\n")]
    names = [lines[0].removeprefix("event: response.") for lines in events]
    assert names[0] == "created"
    assert names[-1] == "completed"
    assert names.count("output_item.added") == names.count("output_item.done") == 2
    assert names.count("content_part.added") == names.count("content_part.done") == 2
    for number, lines in enumerate(events):
        assert f'"sequence_number":{number},' in lines[1], lines
    assert "[DONE]" not in text


def client_of(server: MockServer, transport: Any = None) -> Client:
    made = Deployment(server.base_url, "k", "gpt-5", dialect="responses")
    return Client("m", made, transport=transport, retry=1)


@pytest.fixture(params=[None, SocketTransport], ids=["httpx", "sockets"])
def client(request: pytest.FixtureRequest, server: MockServer) -> Iterator[Client]:
    with client_of(server, request.param and request.param()) as made:
        yield made


def test_the_same_scripts_answer(client: Client, server: MockServer) -> None:
    look = {"type": "function", "function": {"name": "look", "parameters": PLAIN}}
    server.reply(
        "gpt-5",
        tool_reply([("look", {"a": "hill"}), ("look", {"a": "sea"})], text="I look."),
        text_reply("Fog.", reasoning="Hm."),
    )
    messages: list[Any] = [{"role": "user", "content": "What is there?"}]
    first = client.chat(messages, tools=[look])
    assert (first.content, first.finish_reason) == ("I look.", "tool_calls")
    assert [call.arguments for call in first.tool_calls] == [{"a": "hill"}, {"a": "sea"}]
    messages.append(first)
    for call in first.tool_calls:
        messages.append({"role": "tool", "tool_call_id": call.id, "content": "fog"})
    second = client.chat(messages, tools=[look])
    assert (second.content, second.reasoning_content) == ("Fog.", "Hm.")
    assert second.usage["prompt_tokens"] > 0
    messages += [second, {"role": "user", "content": "Thanks."}]
    third = client.chat(messages, tools=[look])
    assert third.complete
    kinds = [item["type"] for item in server.requests[-1].json()["input"]]
    assert kinds[-3:] == ["reasoning", "message", "message"]


def test_built_in_models_answer(server: MockServer) -> None:
    models = {"echo": "Hello there", "tokens-3": "t0 t1 t2 ", "utf8": "Grüße"}
    deployments = {name: Deployment(server.base_url, "k", dialect="responses") for name in models}
    with Client("echo", deployments) as client:
        for name, text in models.items():
            said = client.chat([{"role": "user", "content": "Hello there"}], model=name).content
            assert said is not None
            assert said.startswith(text)


def test_faults_are_the_same(client: Client, server: MockServer) -> None:
    server.reply(
        "gpt-5",
        error_chunk_reply("Too fast.", code="rate_limit_exceeded"),
        error_chunk_reply("It broke.", after="Hello there", event="error"),
        cut_reply("mid_stream"),
        text_reply("Hello there", finish_reason=None),
        text_reply("Hello there", finish_reason="content_filter"),
    )
    messages = [{"role": "user", "content": "Hi"}]
    with pytest.raises(StatusError, match="Too fast") as refused:
        client.chat(messages)
    assert refused.value.kind == "rate_limit"
    for _ in range(3):
        with pytest.raises(StreamInterrupted) as broken:
            client.chat(messages)
        assert broken.value.partial.content == "Hello there"
    assert client.chat(messages).finish_reason == "content_filter"


def test_a_plain_reply_goes_as_it_is(server: MockServer) -> None:
    server.reply("gpt-5", json_reply({"a": 1}))
    assert asked(server, {"input": "x"}).json() == {"a": 1}


def test_azure_has_the_same_path(server: MockServer) -> None:
    url = server.base_url.removesuffix("/v1") + "/openai/v1"
    with Client("m", Deployment(url, "k", "gpt-5", dialect="responses")) as client:
        assert client.chat([{"role": "user", "content": "Hi"}]).content == "Hi"
    assert server.requests[0].path == "/openai/v1/responses"


def test_a_script_may_look_at_the_items(server: MockServer) -> None:
    when = {"input": [{"type": "function_call"}, {"type": "function_call_output"}]}
    server.reply(
        "gpt-5",
        script_from({"when": when, "then": {"json": 1}, "otherwise": {"json": 2}}),
    )
    assert asked(server, {"input": [*HELLO, CALL, RESULT]}).json() == 1
    assert asked(server, {"input": HELLO}).json() == 2
    assert asked(server, {"input": "x"}).json() == 2


def test_a_long_conversation_with_images_takes_the_memory_of_one_message(tmp_path: Path) -> None:
    image = tmp_path / "photo.png"
    image.write_bytes(bytes(2**20))
    part = {"type": "image_url", "image_url": {"url": DataURL(image)}}
    lines = JSONLMessages(tmp_path / "talk.jsonl")
    for number in range(200):
        lines.append({"role": "user", "content": f"{number} " * 1000})

    class Talk:
        """The lines, and an image behind each tenth: any re-iterable will do."""

        def __iter__(self) -> Iterator[Any]:
            for number, line in enumerate(lines):
                yield line
                if number % 10 == 0:
                    yield {"role": "user", "content": [part]}

    deployment = Deployment("https://api.test/v1", model="gpt-5", dialect="responses")
    body = responses.request(deployment, "m", Call(Talk())).body
    assert body is not None
    buffer, size = bytearray(65536), 0
    tracemalloc.start()
    while count := body.readinto(buffer):
        size += count
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 27 * 2**20
    assert peak < 2**19, peak
