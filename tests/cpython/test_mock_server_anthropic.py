"""The mock server speaks Anthropic's Messages API: what it refuses, and what it answers."""

import contextlib
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
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
from thinwire.core.dialects import anthropic
from thinwire.core.request.call import Call
from thinwire.testing import (
    MockCompletion,
    MockServer,
    cut_reply,
    error_chunk_reply,
    json_reply,
    script_from,
    text_reply,
    tool_reply,
)
from thinwire.transport import SocketTransport

HELLO: dict[str, Any] = {"role": "user", "content": "Hello there"}
MARK = {"cache_control": {"type": "ephemeral"}}
CALL = {"type": "tool_use", "id": "c1", "name": "look", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "c1", "content": "fog"}
THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "Sig-mock-1"}
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
TOOL = {"name": "look", "input_schema": SCHEMA}
ENABLED = {"type": "enabled", "budget_tokens": 1024}
PDF = {"type": "base64", "media_type": "application/pdf", "data": "JVBE"}


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **more}


def said(*blocks: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def talk(*messages: Any, **more: Any) -> dict[str, Any]:
    return {"messages": [HELLO, *messages], **more}


def reasoned(reply: MockCompletion) -> MockCompletion:
    return replace(reply, deltas=[{"reasoning_content": "Hm."}, *reply.deltas])


# What is asked, and words of the complaint.
WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "messages"),
    ({"messages": []}, "messages"),
    ({"messages": [said(text("Hi"))]}, "first message"),
    ({"messages": [{"role": "system", "content": "Be."}]}, "messages[0].role"),
    (talk(max_tokens=None), "max_tokens"),
    (talk(max_tokens=0), "max_tokens"),
    (talk(seed=1), "seed"),
    (talk(stop="END"), "stop"),
    (talk(stream_options={}), "stream_options"),
    (talk(temperature=1.5), "temperature"),
    (talk(temperature=0.5, top_p=0.5), "cannot both"),
    (talk(stop_sequences=["\n"]), "non-whitespace"),
    (talk(metadata={"a": "b"}), "metadata.a"),
    (talk(system=[text(" ")]), "system[0].text"),
    (talk(HELLO), "alternate"),
    (talk(said(text(""))), "non-whitespace"),
    (talk(said()), "content"),
    (talk(said(text("x", refusal="y"))), "refusal"),
    (talk(said(CALL)), "without `tool_result`"),
    (talk(said(CALL), user(text("x"))), "without `tool_result`"),
    (talk(said(CALL), user(text("x"), RESULT)), "before other blocks"),
    (talk(said(text("x")), user(RESULT)), "unexpected `tool_use_id`"),
    (talk(said(CALL), user(RESULT, RESULT)), "unexpected `tool_use_id`"),
    (talk(said(CALL, CALL), user(RESULT)), "unique"),
    (talk(said({**CALL, "id": "a.b"}), user(RESULT)), "pattern"),
    (talk(said({**CALL, "input": "{}"}), user(RESULT)), "input"),
    (talk(said({**THOUGHT, "signature": "mine"}, text("x"))), "signature"),
    (talk(said(THOUGHT)), "final block"),
    (talk(tools=[{"type": "function", "function": {}}]), "tools[0]"),
    (talk(tools=[{"name": "look"}]), "input_schema"),
    (talk(tools=[{"name": "look", "input_schema": {}}]), "input_schema.type"),
    (talk(tool_choice={"type": "auto"}), "while providing `tools`"),
    (talk(tools=[TOOL], tool_choice="auto"), "tool_choice"),
    (talk(thinking={"type": "enabled", "budget_tokens": 100}), "budget_tokens"),
    (talk(thinking=ENABLED, max_tokens=1024), "greater than"),
    (talk(thinking=ENABLED, temperature=0.5), "may not be set"),
    (talk(thinking=ENABLED, tools=[TOOL], tool_choice={"type": "any"}), "forces tool use"),
    (talk(said(CALL), user(RESULT), thinking=ENABLED), "Expected `thinking`"),
    (talk(thinking={"type": "adaptive"}), "not supported"),
    (talk(model="claude-opus-4-7", thinking=ENABLED), "not supported"),
    (talk(model="claude-opus-4-7", top_k=3), "deprecated"),
    (talk(said(*[text("x", **MARK)] * 5)), "maximum of 4"),
    (talk(user()), "content"),
    ({"messages": [user({"type": "image_url", "image_url": {}})]}, "messages[0].content[0].type"),
    (
        {"messages": [user({"type": "image", "source": {"type": "url", "url": "http://a"}})]},
        "HTTPS",
    ),
    ({"messages": [user({"type": "image", "source": PDF})]}, "media_type"),
]
RIGHT: list[dict[str, Any]] = [
    talk(),
    talk({"role": "assistant", "content": "Yes"}),
    talk(system="Be brief.", temperature=1, stop_sequences=["END"], metadata={"user_id": "u"}),
    talk(said(text("I look."), CALL), user(RESULT, text("So?")), tools=[TOOL]),
    talk(said(THOUGHT, CALL), user(RESULT), thinking=ENABLED, tools=[TOOL]),
    talk(said(text("x")), HELLO, thinking=ENABLED, temperature=1),
    talk(
        tools=[TOOL, {"type": "web_search_1", "name": "web_search"}], tool_choice={"type": "any"}
    ),
    talk(model="claude-opus-4-7", thinking={"type": "adaptive", "display": "summarized"}),
    talk(said(*[text("x", **MARK)] * 4)),
    {"messages": [user({"type": "document", "source": PDF, "title": "a"})]},
]


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as started:
        yield started
        assert started.errors == []


def asked(server: MockServer, payload: dict[str, Any], version: str = "2023-06-01") -> Any:
    fields = {"model": "claude-sonnet-4-5", "max_tokens": 4096, **payload}
    given = {name: value for name, value in fields.items() if value is not None}
    headers = {"anthropic-version": version} if version else {}
    return httpx.post(server.base_url + "/messages", json=given, headers=headers)


@pytest.mark.parametrize(("payload", "words"), WRONG)
def test_what_the_service_refuses(server: MockServer, payload: dict[str, Any], words: str) -> None:
    response = asked(server, payload)
    body = response.json()
    assert response.status_code == 400, body
    assert (body["type"], body["error"]["type"]) == ("error", "invalid_request_error")
    assert words in body["error"]["message"]


@pytest.mark.parametrize("payload", RIGHT)
def test_what_the_service_takes(server: MockServer, payload: dict[str, Any]) -> None:
    response = asked(server, payload)
    assert response.status_code == 200, response.text


def test_the_version_has_to_be_there(server: MockServer) -> None:
    response = asked(server, talk(), "")
    assert response.status_code == 400
    assert "anthropic-version" in response.json()["error"]["message"]


def test_nothing_is_checked_where_that_is_not_wanted() -> None:
    with MockServer(strict=False) as server:
        assert asked(server, talk(seed=1)).status_code == 200


def test_a_document(server: MockServer) -> None:
    server.reply(
        "claude-sonnet-4-5",
        text_reply("Hi there", reasoning="Hm.", cached_tokens=64),
        tool_reply([("look", {"a": "hill"})]),
        text_reply("Hi", finish_reason="length"),
        error_chunk_reply("It broke.", code="server_error"),
    )
    found = asked(server, talk()).json()
    assert found["content"] == [{**THOUGHT, "signature": "Sig-mock-1"}, text("Hi there")]
    assert found["usage"]["cache_read_input_tokens"] == 64
    assert (found["type"], found["stop_reason"]) == ("message", "end_turn")
    found = asked(server, talk()).json()
    assert found["content"][0]["input"] == {"a": "hill"}
    assert found["stop_reason"] == "tool_use"
    assert asked(server, talk()).json()["stop_reason"] == "max_tokens"
    error = asked(server, talk()).json()
    assert (error["type"], error["error"]["message"]) == ("error", "It broke.")


def test_a_stream_begins_and_stops_each_block(server: MockServer) -> None:
    server.reply("claude-sonnet-4-5", text_reply("Hi there", reasoning="Hm."))
    events = asked(server, talk(stream=True)).text.strip().split("\n\n")
    names = [event.split("\n")[0].removeprefix("event: ") for event in events]
    assert names[:2] == ["message_start", "ping"]
    assert names[-2:] == ["message_delta", "message_stop"]
    assert names.count("content_block_start") == names.count("content_block_stop") == 2


@pytest.fixture(params=[None, SocketTransport], ids=["httpx", "sockets"])
def client(request: pytest.FixtureRequest, server: MockServer) -> Iterator[Client]:
    made = Deployment(server.base_url, "k", "claude-sonnet-4-5", dialect="anthropic")
    transport = request.param and request.param()
    with Client("m", made, transport=transport, retry=1) as client:
        yield client


def test_the_same_scripts_answer(client: Client, server: MockServer) -> None:
    look = {"type": "function", "function": {"name": "look", "parameters": SCHEMA}}
    calls = [("look", {"a": "hill"}), ("look", {"a": "sea"})]
    server.reply(
        "claude-sonnet-4-5",
        reasoned(tool_reply(calls, text="I look.")),
        text_reply("Fog.", reasoning="Hm."),
    )
    messages: list[Any] = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is there?"},
    ]
    first = client.chat(messages, tools=[look], reasoning_effort="low")
    assert (first.content, first.finish_reason) == ("I look.", "tool_calls")
    assert [call.arguments for call in first.tool_calls] == [{"a": "hill"}, {"a": "sea"}]
    messages.append(first)
    for call in first.tool_calls:
        messages.append({"role": "tool", "tool_call_id": call.id, "content": "fog"})
    messages.append({"role": "system", "content": "In English."})
    second = client.chat(messages, tools=[look], reasoning_effort="low")
    assert (second.content, second.reasoning_content) == ("Fog.", "Hm.")
    assert second.usage["prompt_tokens"] > 0
    messages += [second, {"role": "user", "content": "Thanks."}]
    third = client.chat(messages, tools=[look], reasoning_effort="low")
    assert third.complete
    sent = server.requests[-1].json()
    assert [block["text"] for block in sent["system"]] == ["Be brief.", "In English."]
    kinds = [[block["type"] for block in turn["content"]] for turn in sent["messages"]]
    assert kinds == [
        ["text"],
        ["thinking", "text", "tool_use", "tool_use"],
        ["tool_result", "tool_result"],
        ["thinking", "text"],
        ["text"],
    ]


def test_built_in_models_answer(server: MockServer) -> None:
    models = {"echo": "Hello there", "tokens-3": "t0 t1 t2 ", "utf8": "Grüße"}
    deployments = {name: Deployment(server.base_url, "k", dialect="anthropic") for name in models}
    with Client("echo", deployments) as client:
        for name, words in models.items():
            found = client.chat([HELLO], model=name).content
            assert found is not None
            assert found.startswith(words)


def test_faults_are_the_same(client: Client, server: MockServer) -> None:
    server.reply(
        "claude-sonnet-4-5",
        error_chunk_reply("Too fast.", code="rate_limit_error"),
        error_chunk_reply("It broke.", after="Hello there"),
        cut_reply("mid_stream"),
        text_reply("Hello there", finish_reason=None),
        text_reply("Hello there", finish_reason="content_filter"),
    )
    with pytest.raises(StatusError, match="Too fast") as refused:
        client.chat([HELLO])
    assert refused.value.kind == "rate_limit"
    for _ in range(3):
        with pytest.raises(StreamInterrupted) as broken:
            client.chat([HELLO])
        assert broken.value.partial.content == "Hello there"
    done = client.chat([HELLO])
    assert (done.finish_reason, done.native_finish_reason) == ("content_filter", "refusal")


def test_a_plain_reply_goes_as_it_is(server: MockServer) -> None:
    server.reply("claude-sonnet-4-5", json_reply({"a": 1}))
    assert asked(server, talk()).json() == {"a": 1}


def test_a_script_may_look_at_the_turns(server: MockServer) -> None:
    when = {"assistant": {"content": [{"type": "tool_use"}]}}
    script = {"when": when, "then": {"json": 1}, "otherwise": {"json": 2}}
    server.reply("claude-sonnet-4-5", script_from(script))
    assert asked(server, talk(said(CALL), user(RESULT))).json() == 1
    assert asked(server, talk()).json() == 2


@pytest.mark.parametrize("first", ["openai", "anthropic"])
def test_a_conversation_may_wander(first: Any) -> None:
    look = {"type": "function", "function": {"name": "look", "parameters": SCHEMA}}
    with MockServer() as server:
        made = {
            name: Deployment(server.base_url, "k", "claude-sonnet-4-5", dialect=name)
            for name in ("openai", "anthropic")
        }
        server.reply(
            "claude-sonnet-4-5", *[reasoned(tool_reply([("look", {})])) for _ in range(4)]
        )
        with Client(first, made) as client:
            messages: list[Any] = [HELLO]
            names = [first, *[name for name in made if name != first]] * 2
            for name in names:
                done = client.chat(messages, model=name, tools=[look])
                assert done.tool_calls, name
                result = {"role": "tool", "content": "fog"}
                messages += [done, {**result, "tool_call_id": done.tool_calls[0].id}]
        sent = [request.json() for request in server.requests]
        assert [len(one["messages"]) for one in sent] == [1, 3, 5, 7]
        chats = [one for one in sent if "max_tokens" not in one]
        assert str(chats[1]).count("reasoning_content") == 1, "what it said itself"
        for foreign in ("Sig-mock", "_anthropic", "_origin"):
            assert foreign not in str(chats)
        others = [one for one in sent if "max_tokens" in one]
        assert str(others[1]).count("Sig-mock") == 1
        assert str(others[1]).count("Hm.") == 1


def test_a_long_conversation_with_images_takes_the_memory_of_one_message(tmp_path: Path) -> None:
    image = tmp_path / "photo.png"
    image.write_bytes(bytes(2**20))
    part = {"type": "image_url", "image_url": {"url": DataURL(image)}}
    lines = JSONLMessages(tmp_path / "talk.jsonl")
    for number in range(200):
        role = "system" if number % 50 == 49 else "user"
        lines.append({"role": role, "content": f"{number} " * 1000})

    class Talk:
        """The lines, and an image behind each tenth: any re-iterable will do."""

        def __iter__(self) -> Iterator[Any]:
            with contextlib.closing(iter(lines)) as walk:  # it may be left before its end
                for number, line in enumerate(walk):
                    yield line
                    if number % 10 == 0:
                        yield {"role": "user", "content": [part]}

    deployment = Deployment("https://api.test/v1", model="claude-x", dialect="anthropic")
    body = anthropic.request(deployment, "m", Call(Talk())).body
    assert body is not None
    buffer, size = bytearray(65536), 0
    tracemalloc.start()
    while count := body.readinto(buffer):
        size += count
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 27 * 2**20
    assert peak < 2**19, peak
