"""What the mock server's replies look like on the wire, and what its built-in models say."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from thinwire.testing import (
    MockReply,
    MockServer,
    Wait,
    error_chunk_reply,
    json_reply,
    raw_reply,
    sse_reply,
    status_reply,
    text_reply,
    tool_reply,
)
from thinwire.testing.replies.builtin_models import UTF8_TEXT, sample
from thinwire.testing.server.request import RecordedRequest


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running


@pytest.fixture
def client(server: MockServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.base_url, timeout=10, trust_env=False) as running:
        yield running


def ask(client: httpx.Client, model: str = "m", **fields: Any) -> httpx.Response:
    payload = {"model": model, "messages": [{"role": "user", "content": "How are you?"}]}
    return client.post("/chat/completions", json={**payload, **fields})


def chunks(response: httpx.Response) -> list[dict[str, Any]]:
    """The chunks of a stream that must be well-formed and end with [DONE]."""
    *events, rest = response.text.split("\n\n")
    assert (events.pop(), rest) == ("data: [DONE]", "")
    return [json.loads(event.removeprefix("data: ")) for event in events]


def deltas(response: httpx.Response) -> list[dict[str, Any]]:
    return [chunk["choices"][0]["delta"] for chunk in chunks(response) if chunk["choices"]]


def joined(response: httpx.Response, name: str = "content") -> str:
    return "".join(delta.get(name) or "" for delta in deltas(response))


def test_a_stream_in_full(server: MockServer, client: httpx.Client) -> None:
    server.reply("m", text_reply("Hi there"))
    response = ask(client, stream=True)
    common = {"id": "chatcmpl-mock-1", "object": "chat.completion.chunk"}
    common |= {"created": 1_700_000_000, "model": "m"}

    def expected(delta: dict[str, object], finish_reason: str | None = None) -> dict[str, object]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return {**common, "choices": [choice]}

    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert chunks(response) == [
        expected({"role": "assistant", "content": "", "refusal": None}),
        expected({"content": "Hi"}),
        expected({"content": " there"}),
        expected({}, "stop"),
    ]


def test_usage_comes_only_when_asked_for(server: MockServer, client: httpx.Client) -> None:
    server.reply("m", text_reply("a b c", cached_tokens=7, cost=0.5))
    asked = chunks(ask(client, stream=True, stream_options={"include_usage": True}))
    assert all("usage" not in chunk for chunk in chunks(ask(client, stream=True)))
    assert [chunk["usage"] for chunk in asked[:-1]] == [None] * 5
    assert asked[-1]["choices"] == []
    assert asked[-1]["usage"] == {
        "prompt_tokens": 7,
        "completion_tokens": 3,
        "total_tokens": 10,
        "prompt_tokens_details": {"cached_tokens": 7},
        "cost": 0.5,
    }


@pytest.mark.parametrize(("usage", "sent"), [({"x": 1}, [{"x": 1}]), (False, [])])
def test_usage_may_be_given_or_withheld(
    server: MockServer, client: httpx.Client, usage: Any, sent: list[object]
) -> None:
    server.reply("m", text_reply("a", usage=usage))
    got = chunks(ask(client, stream=True, stream_options={"include_usage": True}))
    assert [chunk["usage"] for chunk in got if chunk.get("usage")] == sent


def test_without_stream_it_is_one_object(server: MockServer, client: httpx.Client) -> None:
    server.reply("m", text_reply("Hi there", reasoning="so so", model="other"))
    response = ask(client)
    body = response.json()
    assert int(response.headers["content-length"]) == len(response.content)
    assert (body["object"], body["model"]) == ("chat.completion", "other")
    assert body["choices"] == [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "Hi there",
                "refusal": None,
                "reasoning_content": "so so",
            },
            "logprobs": None,
            "finish_reason": "stop",
        }
    ]
    assert body["usage"]["prompt_tokens"] == 3


def test_reasoning_comes_first_and_refusal_last(server: MockServer, client: httpx.Client) -> None:
    reply = text_reply("a", reasoning="r s", reasoning_field="reasoning", refusal="no")
    server.reply("m", reply)
    wanted = [{"reasoning": "r"}, {"reasoning": " s"}, {"content": "a"}, {"refusal": "no"}, {}]
    assert deltas(ask(client, stream=True))[1:] == wanted


def test_tokens_decide_the_cuts(server: MockServer, client: httpx.Client) -> None:
    server.reply("m", text_reply(tokens=["a", "", "b c"], finish_reason="length"))
    response = ask(client, stream=True)
    assert [delta.get("content") for delta in deltas(response)[1:-1]] == ["a", "", "b c"]
    assert chunks(response)[-1]["choices"][0]["finish_reason"] == "length"


def test_tokens_must_be_the_text() -> None:
    with pytest.raises(ValueError, match="add up"):
        text_reply("abc", tokens=["a", "b"])


def test_the_end_may_be_left_out(server: MockServer, client: httpx.Client) -> None:
    server.reply("m", text_reply("a", finish_reason=None, done=False))
    assert ask(client, stream=True).text.endswith('"finish_reason":null}]}\n\n')


def test_delay_is_a_pause_before_each_token() -> None:
    request = RecordedRequest("POST", "/v1/chat/completions", [], 1)
    request.body, request.body_whole = b'{"stream": true}', True
    steps = list(text_reply("a b", delay_ms=7)(request).steps)
    assert [step for step in steps if isinstance(step, Wait)] == [Wait(7), Wait(7)]


def test_tool_calls_come_in_fragments(server: MockServer, client: httpx.Client) -> None:
    calls = [("get_weather", {"city": "Oslo"}), ("now", '{"broken": ')]
    server.reply("m", tool_reply(calls, fragment=5))
    fragments = [delta["tool_calls"][0] for delta in deltas(ask(client, stream=True))[1:-1]]
    opened = [one for one in fragments if "id" in one]
    function = {"name": "get_weather", "arguments": ""}
    assert opened[0] == {"index": 0, "id": "call_1", "type": "function", "function": function}
    assert (opened[1]["index"], opened[1]["id"]) == (1, "call_2")
    for index, text in enumerate(['{"city":"Oslo"}', '{"broken": ']):
        pieces = [one["function"]["arguments"] for one in fragments if one["index"] == index]
        assert "".join(pieces) == text
        assert {len(piece) for piece in pieces[1:-1]} == {5}


def test_tool_calls_in_one_object(server: MockServer, client: httpx.Client) -> None:
    server.reply("m", tool_reply([("f", {"a": "long enough for fragments"}), ("g", {})]))
    choice = ask(client).json()["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    functions = [call["function"] for call in choice["message"]["tool_calls"]]
    assert functions[0] == {"name": "f", "arguments": '{"a":"long enough for fragments"}'}
    assert functions[1] == {"name": "g", "arguments": "{}"}


def test_status_reply(server: MockServer, client: httpx.Client) -> None:
    reply = status_reply(429, "slow down", code="rate", retry_after=1, headers=[("X-A", "b")])
    server.reply("m", reply)
    response = ask(client)
    error = {"message": "slow down", "type": "rate_limit_error", "param": None, "code": "rate"}
    assert (response.status_code, response.json()) == (429, {"error": error})
    assert (response.headers["retry-after"], response.headers["x-a"]) == ("1", "b")


def test_an_error_among_the_chunks(server: MockServer, client: httpx.Client) -> None:
    server.reply("m", error_chunk_reply("overloaded", code=502, after="Hi", event="error"))
    response = ask(client, stream=True)
    *_, content, last, rest = response.text.split("\n\n")
    assert (response.status_code, rest) == (200, "")
    assert '"delta":{"content":"Hi"}' in content
    name, data = last.split("\n")
    assert name == "event: error"
    assert json.loads(data.removeprefix("data: "))["error"]["code"] == 502
    assert ask(client).json()["error"]["message"] == "overloaded"


def test_bytes_are_sent_as_they_are(server: MockServer, client: httpx.Client) -> None:
    server.reply(
        "m", sse_reply(b"data: 1\r\r", b"", b": x\n"), raw_reply(b"HTTP/1.1 299\r\n\r\nx")
    )
    assert ask(client).content == b"data: 1\r\r: x\n"
    response = ask(client)
    assert (response.status_code, response.content) == (299, b"x")


def test_json_reply_keeps_a_lone_surrogate_as_its_escape(
    server: MockServer, client: httpx.Client
) -> None:
    server.reply("m", json_reply({"é": "\ud83d"}))
    assert ask(client).content == b'{"\\u00e9":"\\ud83d"}'


@pytest.mark.parametrize("framing", ["chunked", "length", "close"])
def test_each_framing_is_read_by_another_client(
    server: MockServer, client: httpx.Client, framing: Any
) -> None:
    server.reply("m", text_reply("one two", framing=framing))
    response = ask(client, stream=True)
    shown = {
        "chunked": ("transfer-encoding", "chunked"),
        "length": ("content-length", str(len(response.content))),
        "close": ("connection", "close"),
    }
    assert response.headers[shown[framing][0]] == shown[framing][1]
    assert joined(response) == "one two"


ECHOED = [
    ([], "(no user message)"),
    ([{"role": "system", "content": "s"}], "(no user message)"),
    ([{"role": "user", "content": " héllo\n  you "}], " héllo\n  you "),
    ([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "a"),
    (
        [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "a"},
                    {"type": "image_url", "image_url": {"url": "data:"}},
                    {"type": "text", "text": "b"},
                ],
            }
        ],
        "ab",
    ),
]


@pytest.mark.parametrize(("messages", "text"), ECHOED)
def test_echo(client: httpx.Client, messages: list[Any], text: str) -> None:
    for model in ("echo", "mock/echo", "unheard-of"):
        assert joined(ask(client, model, stream=True, messages=messages)) == text


def test_tokens(client: httpx.Client) -> None:
    response = ask(client, "tokens-300", stream=True)
    contents = [delta["content"] for delta in deltas(response)[1:-1]]
    assert contents == [f"t{number} " for number in range(300)]
    assert ask(client, "tokens-0").json()["choices"][0]["message"]["content"] is None


def test_errors(client: httpx.Client) -> None:
    for status in (400, 401, 429, 500, 503, 529):
        response = ask(client, f"error-{status}", stream=True)
        assert response.status_code == status
        assert response.json()["error"]["message"] == f"mock error {status}"


def test_tools(client: httpx.Client) -> None:
    properties = {"city": {"type": "string"}, "days": {"type": "integer"}}
    function = {"name": "weather", "parameters": {"type": "object", "properties": properties}}
    tools = [{"type": "function", "function": function}]
    call = ask(client, "tools", tools=tools).json()["choices"][0]["message"]["tool_calls"][0]
    assert call["function"]["name"] == "weather"
    assert json.loads(call["function"]["arguments"]) == {"city": "text", "days": 1}
    messages = [{"role": "tool", "tool_call_id": call["id"], "content": "rain"}]
    assert joined(ask(client, "tools", tools=tools, messages=messages, stream=True)) == (
        "the tool said: rain"
    )
    assert joined(ask(client, "tools", stream=True)) == "(no tools offered)"


SAMPLES = [
    (None, "else"),
    ({}, "else"),
    ({"type": "nonsense"}, "else"),
    ({"type": {"bad": 1}}, "else"),
    ({"default": 3, "type": "string"}, 3),
    ({"const": "c"}, "c"),
    ({"enum": ["x", "y"]}, "x"),
    ({"type": ["number", "null"]}, 1.5),
    ({"type": "integer", "minimum": 4}, 4),
    ({"type": "boolean"}, True),
    ({"type": "null"}, None),
    ({"type": "array", "items": {"type": "boolean"}}, [True]),
    ({"anyOf": [{"type": "boolean"}, {"type": "null"}]}, True),
    ({"anyOf": []}, "else"),
    ({"items": {"$ref": "#/$defs/a"}, "type": "array", "$defs": {"a": {"const": 1}}}, [1]),
    ({"$ref": "#/$defs/a"}, "else"),
    ({"$ref": "#/$defs/a", "$defs": {"a": {"type": "null"}}}, None),
    ({"properties": {"a": {"type": "object"}, "b": {}}}, {"a": {}, "b": "text"}),
]


@pytest.mark.parametrize(("schema", "value"), SAMPLES)
def test_samples_fit_their_schema(schema: object, value: object) -> None:
    assert sample(schema, "else") == value


def test_a_schema_is_answered_with_a_sample(client: httpx.Client) -> None:
    shape = {"name": "n", "schema": {"properties": {"a": {"type": "integer"}}}}
    asked = {"type": "json_schema", "json_schema": shape}
    reply = ask(client, response_format=asked).json()
    assert reply["choices"][0]["message"]["content"] == '{"a": 1}'


def test_a_schema_that_contains_itself_ends() -> None:
    schema: dict[str, Any] = {"type": "array"}
    schema["items"] = schema
    assert json.dumps(sample(schema, None)) == "[" * 7 + '"text"' + "]" * 7


def test_reasoning(client: httpx.Client) -> None:
    response = ask(client, "reasoning", stream=True)
    assert joined(response, "reasoning_content") == "Let me say it back."
    assert joined(response) == "How are you?"


def test_utf8_is_not_escaped(client: httpx.Client) -> None:
    response = ask(client, "utf8", stream=True)
    assert "🚀".encode() in response.content
    assert joined(response) == UTF8_TEXT


def test_the_default_can_be_replaced() -> None:
    server = MockServer(default=text_reply("always this"))
    with server, httpx.Client(base_url=server.base_url, trust_env=False) as client:
        assert joined(ask(client, "gpt-9", stream=True)) == "always this"
        assert ask(client, "error-503").status_code == 503
        assert joined(ask(client, "echo", stream=True)) == "How are you?"


def test_a_body_without_end_has_no_length() -> None:
    from thinwire.testing import Repeat, Send

    assert MockReply(steps=[Send(b"ab"), Repeat(b"c", 1, times=3)]).body_length() == 5
    with pytest.raises(ValueError, match="for ever"):
        MockReply(steps=[Repeat(b"c", 1)]).body_length()
