"""Files that script the mock server: every reply and every step that JSON can say."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.interpreters import ROOT
from support.raw_client import connect, post, read_rest

from thinwire.conformance import Outcome, judge
from thinwire.testing import (
    DONE,
    Cut,
    EndBody,
    Head,
    Interim,
    MockReply,
    MockServer,
    Repeat,
    Send,
    Stall,
    Wait,
    load_scenarios,
    script_from,
    sse_event,
)
from thinwire.testing.replies.from_json import steps_from
from thinwire.testing.scenario import expanded

PARTS = {"twice": ["a", "a"], "deep": [{"part": "twice"}]}

STEPS: list[tuple[Any, list[Any]]] = [
    ("é\u2028", [Send("é\u2028".encode())]),
    ("\ud800", [Send(rb"\ud800")]),
    ({"hex": "ff00"}, [Send(b"\xff\x00")]),
    ({"text": "ab", "times": 3}, [Send(b"ababab")]),
    ({"data": {"a": 1}}, [Send(sse_event({"a": 1}))]),
    ({"data": [1], "event": "error"}, [Send(sse_event([1], "error"))]),
    ({"done": True}, [Send(DONE)]),
    ({"part": "deep"}, [Send(b"a"), Send(b"a")]),
    ({"repeat": ["x", "y"], "every_ms": 5}, [Repeat(b"xy", 5)]),
    ({"repeat": "x", "times": 2}, [Repeat(b"x", 0, 2)]),
    ({"raw": "x"}, [Send(b"x", raw=True)]),
    ({"head": True}, [Head()]),
    ({"wait_ms": 5}, [Wait(5)]),
    ({"stall": True}, [Stall()]),
    ({"end": {"X-Sum": "1"}}, [EndBody([("X-Sum", "1")])]),
    ({"interim": 103, "headers": [["A", "b"]]}, [Interim(103, [("A", "b")])]),
    ({"cut": "fin"}, [Cut()]),
    ({"cut": "reset"}, [Cut(reset=True)]),
    ({"cut": "notify"}, [Cut(notify=True)]),
    (["a", ["b"]], [Send(b"a"), Send(b"b")]),
]


@pytest.mark.parametrize(("value", "steps"), STEPS, ids=lambda value: str(value)[:30])
def test_steps(value: Any, steps: list[Any]) -> None:
    assert steps_from(value, PARTS) == steps


def test_a_chunk_has_all_its_fields() -> None:
    (step,) = steps_from({"delta": {"content": "x"}, "index": 1, "choice": {"a": 1}}, {})
    assert isinstance(step, Send)
    chunk = json.loads(step.data.removeprefix(b"data: "))
    assert chunk["object"] == "chat.completion.chunk"
    choice = {"index": 1, "delta": {"content": "x"}, "finish_reason": None, "a": 1}
    assert chunk["choices"] == [choice]


def test_usage_comes_without_choices() -> None:
    (step,) = steps_from({"usage": {"total_tokens": 7}}, {})
    assert isinstance(step, Send)
    assert b'"choices":[],"usage":{"total_tokens":7}' in step.data


WRONG = [
    5,
    {"reply": 1},
    {"steps": [{"sleep": 1}]},
    {"steps": [{"part": "none"}]},
    {"steps": [5]},
    {"steps": [{"repeat": {"stall": True}}]},
    {"steps": [], "colour": 1},
    {"steps": [], "headers": 5},
    {"steps": [], "encoding": "br"},
    {"text_reply": {"colour": 1}},
]


@pytest.mark.parametrize("value", WRONG, ids=str)
def test_a_wrong_reply_is_told(value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        script_from(value)


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running


def ask(server: MockServer, **fields: Any) -> httpx.Response:
    payload = {"model": "m", "messages": [], "stream": True, **fields}
    url = f"{server.base_url}/chat/completions"
    return httpx.post(url, json=payload, timeout=10, trust_env=False)


def test_a_list_is_a_stream(server: MockServer) -> None:
    server.reply("m", script_from(["data: a\n\n"]))
    response = ask(server)
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.content == b"data: a\n\n"


def test_options_of_a_reply(server: MockServer) -> None:
    value = {"steps": ["a\n", "b\n"], "newline": "\r\n", "status": 503, "content_type": None}
    server.reply("m", script_from({**value, "headers": {"X-A": "1"}, "framing": "length"}))
    response = ask(server)
    assert (response.status_code, response.content) == (503, b"a\r\nb\r\n")
    assert (response.headers["x-a"], response.headers["content-length"]) == ("1", "6")
    assert "content-type" not in response.headers


def test_json(server: MockServer) -> None:
    server.reply("m", script_from({"json": {"a": 1}, "status": 400}))
    response = ask(server)
    assert (response.status_code, response.json()) == (400, {"a": 1})
    assert response.headers["content-length"] == "7"


@pytest.mark.parametrize(
    ("name", "unpack"),
    [("gzip", gzip.decompress), ("deflate", zlib.decompress), ("raw-deflate", None)],
)
def test_encodings(server: MockServer, name: str, unpack: Any) -> None:
    server.reply("m", script_from({"steps": ["a" * 99, "b"], "encoding": name}))
    with connect(server.port) as connection:
        connection.sendall(post("m", headers="Connection: close\r\n"))
        answer = read_rest(connection)
    assert f"Content-Encoding: {name.removeprefix('raw-')}\r\n".encode() in answer
    assert ask(server).content == b"a" * 99 + b"b"
    if unpack is not None:
        raw = httpx.stream("POST", f"{server.base_url}/chat/completions", json={"model": "m"})
        with raw as response:
            assert unpack(b"".join(response.iter_raw())) == b"a" * 99 + b"b"


BUILDERS: list[tuple[str, dict[str, Any], int, bytes]] = [
    ("text_reply", {"text": "Hi", "headers": {"X-A": "1"}}, 200, b'"Hi"'),
    ("tool_reply", {"calls": [["f", {"a": 1}]]}, 200, b'"name":"f"'),
    ("status_reply", {"status": 429, "retry_after": 3}, 429, b"mock error 429"),
    ("error_chunk_reply", {"message": "no"}, 200, b'"message":"no"'),
]


@pytest.mark.parametrize(("name", "given", "status", "words"), BUILDERS)
def test_builders(
    server: MockServer, name: str, given: dict[str, Any], status: int, words: bytes
) -> None:
    server.reply("m", script_from({name: given}))
    response = ask(server)
    assert response.status_code == status
    assert words in response.content


@pytest.mark.parametrize("name", ["cut_reply", "stall_reply"])
def test_builders_of_faults(name: str) -> None:
    assert isinstance(script_from({name: {"where": "before_head"}}), MockReply)


def test_the_framing_of_the_request_decides(server: MockServer) -> None:
    then, otherwise = {"json": 1, "status": 411}, {"text_reply": {"text": "Hi"}}
    when = {"framing": "chunked"}
    server.reply("m", script_from({"when": when, "then": then, "otherwise": otherwise}))
    assert ask(server).status_code == 200
    url, body = f"{server.base_url}/chat/completions", iter([b'{"model": "m"}'])
    assert httpx.post(url, content=body, trust_env=False).status_code == 411


SAID = {
    "role": "assistant",
    "content": "a",
    "tool_calls": [{"id": "1", "function": {"name": "f"}}],
}
ODD = {"role": "assistant", "content": "b", "reasoning": "hm"}

# A condition, the messages that it is asked of, whether it holds.
CONDITIONS: list[tuple[dict[str, Any], list[Any], bool]] = [
    ({"assistant": {"content": "a"}}, [SAID], True),
    ({"assistant": {"content": "a"}}, [ODD, SAID], False),
    ({"assistant": {"content": "a"}}, [], False),
    ({"assistant": {"refusal": None}}, [SAID], False),
    ({"assistant": [{"content": "a"}, {"content": "b"}]}, [SAID, ODD], True),
    ({"assistant": [{"content": "a"}, {"content": "b"}]}, [SAID], False),
    ({"assistant": {"tool_calls": [{"function": {"name": "f"}}]}}, [SAID], True),
    ({"assistant": {"tool_calls": [{"function": {"name": "g"}}]}}, [SAID], False),
    ({"assistant": {"tool_calls": []}}, [SAID], False),
    ({"standard": True}, [SAID], True),
    ({"standard": True}, [SAID, ODD], False),
    ({"standard": False}, [SAID, ODD], True),
    ({"standard": True}, [{**SAID, "tool_calls": [{"id": "1", "extra_content": {}}]}], False),
    ({"standard": True}, [{**SAID, "tool_calls": [{"function": {"strict": True}}]}], False),
    ({"standard": True, "framing": "chunked"}, [SAID], False),
]


@pytest.mark.parametrize(("when", "messages", "want"), CONDITIONS)
def test_what_was_said_before_decides(
    server: MockServer, when: dict[str, Any], messages: list[Any], want: bool
) -> None:
    then, otherwise = {"json": 1, "status": 422}, {"text_reply": {"text": "Hi"}}
    server.reply("m", script_from({"when": when, "then": then, "otherwise": otherwise}))
    url, body = f"{server.base_url}/chat/completions", {"model": "m", "messages": messages}
    assert (httpx.post(url, json=body, trust_env=False).status_code == 422) == want


@pytest.mark.parametrize("when", [{}, {"farming": "chunked"}])
def test_a_condition_nobody_knows_is_an_error(when: dict[str, Any]) -> None:
    reply = {"text_reply": {"text": "Hi"}}
    with pytest.raises(ValueError, match="unknown in when"):
        script_from({"when": when, "then": reply, "otherwise": reply})


def test_requests_are_expanded() -> None:
    value = {"a": [{"prefix": "<", "repeat": "ab", "times": 2, "then": ">"}], "times": 3}
    assert expanded(value) == {"a": ["<abab>"], "times": 3}
    assert expanded({"repeat": [1], "times": 2, "then": [2]}) == [1, 1, 2]


def written(folder: Path, document: Any) -> Path:
    path = folder / "file.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), "utf-8")
    return path


DOCUMENT = {
    "parts": {"a": ["data: a\n\n"]},
    "requests": {"long": {"messages": {"repeat": [1], "times": 2}}},
    "scenarios": [
        {"name": "one", "reply": [{"part": "a"}], "request": "long", "splits": ["whole"]},
        {"name": "two", "replies": [{"json": 1, "status": 500}, ["data: b\n\n"]]},
    ],
}


def test_a_file_of_scenarios(tmp_path: Path) -> None:
    one, two = load_scenarios(written(tmp_path, DOCUMENT))
    assert (one.name, one.request, one.splits) == ("one", {"messages": [1, 1]}, ("whole",))
    assert len(two.replies) == 2


def test_it_scripts_the_server(server: MockServer, tmp_path: Path) -> None:
    assert server.load(written(tmp_path, DOCUMENT)) is server
    assert server.models == ["one", "two"]
    assert ask(server, model="one").content == b"data: a\n\n"
    assert [ask(server, model="two").status_code for _ in range(3)] == [500, 200, 200]


BROKEN = [
    ("{", "line 1"),
    ([], "recording"),
    ({"scenarios": [5]}, "no name"),
    ({"scenarios": [{"name": ""}]}, "no name"),
    ({"scenarios": [{"name": "x"}]}, "'x'.*reply"),
    ({"scenarios": [{"name": "x", "reply": [], "colour": 1}]}, "colour"),
    ({"scenarios": [{"name": "x", "reply": [], "request": "none"}]}, "none"),
]


@pytest.mark.parametrize(("document", "words"), BROKEN, ids=str)
def test_a_broken_file_is_told(tmp_path: Path, document: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        MockServer().load(written(tmp_path, document))


def test_a_list_of_scenarios_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a file of scenarios"):
        load_scenarios(written(tmp_path, {}))


def test_the_example_of_the_documentation(tmp_path: Path) -> None:
    page = (ROOT / "docs/testing.md").read_text("utf-8")
    example = page.partition("```json\n")[2].partition("```")[0]
    (scenario,) = load_scenarios(written(tmp_path, example))
    assert judge(scenario, Outcome("Hello there", error={"message": "overloaded"}), []) == ""
