"""The mock server refuses what the real services refuse: chat completions, on demand."""

from typing import Any

import httpx
import pytest

from thinwire.testing import MockServer, text_reply

HELLO = {"role": "user", "content": "Hello"}
CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
CALLING = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "fog"}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}

# What is asked, and the field that the complaint is about.
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"messages": []}, "messages"),
    ({}, "messages"),
    ({"messages": "Hello"}, "messages"),
    ({"messages": [HELLO], "max_token": 5}, "max_token"),
    ({"messages": [HELLO], "temperature": "hot"}, "temperature"),
    ({"messages": [HELLO], "temperature": 3}, "temperature"),
    ({"messages": [HELLO], "max_tokens": 0}, "max_tokens"),
    ({"messages": [HELLO], "max_tokens": 1.5}, "max_tokens"),
    ({"messages": [HELLO], "stop": 5}, "stop"),
    ({"messages": [HELLO], "stream": "yes"}, "stream"),
    ({"messages": [HELLO], "reasoning_effort": "much"}, "reasoning_effort"),
    ({"messages": [HELLO], "stream_options": {"include_usage": True}}, "stream_options"),
    ({"messages": [HELLO], "tool_choice": "auto"}, "tool_choice"),
    ({"messages": [HELLO], "tools": []}, "tools"),
    ({"messages": [HELLO], "tools": [{"type": "function"}]}, "tools[0].function"),
    ({"messages": [HELLO], "tools": [{"function": {}}]}, "tools[0].type"),
    ({"messages": [{"content": "x"}]}, "messages[0].role"),
    ({"messages": [{"role": "human", "content": "x"}]}, "messages[0].role"),
    ({"messages": ["x"]}, "messages[0]"),
    ({"messages": [{"role": "user"}]}, "messages[0].content"),
    ({"messages": [{**HELLO, "_origin": "https://a"}]}, "messages[0]._origin"),
    ({"messages": [{**HELLO, "content": [{"type": "image"}]}]}, "messages[0].content[0].type"),
    ({"messages": [HELLO, RESULT]}, "messages[1].role"),
    ({"messages": [HELLO, CALLING]}, "messages[1].tool_calls"),
    ({"messages": [HELLO, CALLING, HELLO]}, "messages[1].tool_calls"),
    (
        {"messages": [HELLO, CALLING, {**RESULT, "tool_call_id": "c2"}]},
        "messages[2].tool_call_id",
    ),
    ({"messages": [HELLO, CALLING, RESULT, RESULT]}, "messages[3].tool_call_id"),
    ({"messages": [HELLO, CALLING, RESULT, HELLO, RESULT]}, "messages[4].role"),
]
RIGHT: list[dict[str, Any]] = [
    {"messages": [HELLO]},
    {"messages": [HELLO], "stream": True, "stream_options": {"include_usage": True}},
    {"messages": [HELLO, CALLING, RESULT], "tools": [TOOL], "tool_choice": "required"},
    {"messages": [HELLO, CALLING, RESULT, CALLING, RESULT, HELLO]},
    {"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}, IMAGE]}]},
    {"messages": [HELLO], "temperature": 1, "top_p": 0.5, "stop": ["a"], "seed": None},
]


@pytest.mark.parametrize(("payload", "param"), WRONG)
def test_a_strict_server_refuses(payload: dict[str, Any], param: str) -> None:
    with MockServer(strict=True, default=text_reply("Hi")) as server:
        response = httpx.post(
            server.base_url + "/chat/completions", json={"model": "m", **payload}
        )
    error = response.json()["error"]
    assert (response.status_code, error["param"]) == (400, param), error
    assert error["message"]
    assert server.errors == []


@pytest.mark.parametrize("payload", RIGHT)
def test_a_strict_server_takes_what_is_right(payload: dict[str, Any]) -> None:
    with MockServer(strict=True, default=text_reply("Hi")) as server:
        url = server.base_url + "/chat/completions"
        assert httpx.post(url, json={"model": "m", **payload}).status_code == 200


def test_chat_is_checked_on_demand_only() -> None:
    sloppy = {"model": "m", "messages": [HELLO], "colour": "red"}
    for strict, status in ((None, 200), (False, 200), (True, 400)):
        with MockServer(strict=strict) as server:
            url = server.base_url + "/chat/completions"
            assert httpx.post(url, json=sloppy).status_code == status
            assert server.requests[0].wire == "chat"
