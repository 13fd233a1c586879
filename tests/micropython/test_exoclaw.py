"""The exoclaw face on MicroPython: alone, beside exoclaw, and under exoclaw's own agent loop."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from support.device_calls import call, result_of, script
from support.examples import examples
from support.exoclaw_files import staged
from support.interpreters import SEARCH_PATH, Interpreter, run_micropython

from thinwire.testing import (
    MockReply,
    MockServer,
    RecordedRequest,
    status_reply,
    text_reply,
    tool_reply,
)

FILE = "exoclaw_turns.py"
USAGE = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7, "cached_tokens": 0}
ASK = """
import asyncio
print(asyncio.run(provider.chat([{"role": "user", "content": "hi"}])).content)
"""
ANSWER = ["Let me look", [["call_1", "look", {"a": 1}]], "tool_calls"]


@pytest.fixture(scope="module")
def exoclaw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with exoclaw's own files in it."""
    return staged(tmp_path_factory.mktemp("exoclaw"))


@pytest.fixture
def server(mock_llm: MockServer) -> MockServer:
    """One that answers each of the models that the script asks."""
    mock_llm.reply("m", tool_reply([("look", {"a": 1})], text="Let me look"))
    mock_llm.reply("busy", status_reply(503))
    mock_llm.reply("full", status_reply(400, "context_length_exceeded"))
    mock_llm.reply("refused", status_reply(401, "who are you"))
    return mock_llm


def beside(
    exoclaw: Path, interpreter: Interpreter, folder: Path, function: str, *arguments: Any
) -> Any:
    """As `call`, with exoclaw on the search path; the last line is the result."""
    path = folder / f"{function}.py"
    path.write_text(script(FILE, function, *arguments), "utf-8")
    env = {"MICROPYPATH": f"{exoclaw}:{SEARCH_PATH}"}
    done = run_micropython(interpreter, path, env=env)
    return result_of(done.returncode, done.stdout)


def check_outcomes(found: Any) -> None:
    streamed, heard, rescued, full, refused = found
    assert streamed[:3] == rescued[:3] == ANSWER
    assert set(streamed[3]) == set(USAGE)
    assert heard == ["Let", " me", " look"]
    assert full[0] == "ContextWindowExceededError"
    assert "context_length_exceeded" in full[1]
    assert "401: who are you" in refused[1]


def test_answers_rescues_and_errors(
    micropython: Interpreter, server: MockServer, tmp_path: Path
) -> None:
    found = call(micropython, tmp_path, FILE, "outcomes", server.base_url)
    check_outcomes(found)
    assert found[-1][0] == "StatusError"
    assert found[-1][2]
    sent = server.requests[0].json()
    assert sent["messages"] == [{"role": "user", "content": "hello"}]
    assert (sent["max_tokens"], sent["temperature"]) == (4096, 0.7)
    assert "user" not in sent


def test_the_types_and_errors_are_those_of_exoclaw_where_it_is_loaded(
    micropython: Interpreter, server: MockServer, tmp_path: Path, exoclaw: Path
) -> None:
    found = beside(exoclaw, micropython, tmp_path, "types_of_exoclaw", server.base_url)
    assert found == [True, True, True]
    found = beside(exoclaw, micropython, tmp_path, "errors_of_exoclaw", server.base_url)
    assert found == [[True, 401, "auth"], ["ConnectError", "connect"]]


def test_exoclaw_is_not_loaded_for_who_does_not_load_it(
    micropython: Interpreter, server: MockServer, tmp_path: Path, exoclaw: Path
) -> None:
    path = tmp_path / "alone.py"
    after = "\nresult = in_the_way()\nprint(json.dumps(result))\n"
    path.write_text(script(FILE, "outcomes", server.base_url) + after, "utf-8")
    env = {"MICROPYPATH": f"{exoclaw}:{SEARCH_PATH}"}
    done = run_micropython(micropython, path, env=env)
    assert result_of(done.returncode, done.stdout) == []


def test_requests_by_the_client_of_exoclaw(
    micropython: Interpreter, server: MockServer, tmp_path: Path, exoclaw: Path
) -> None:
    found = beside(exoclaw, micropython, tmp_path, "by_its_client", server.base_url)
    check_outcomes(found)
    assert found[-1][0] == "HTTPStatusError"
    assert server.requests[0].header("user-agent") == "thinwire"
    assert server.requests[0].framing == "chunked"
    assert server.requests[0].header("authorization") == "Bearer key"


def test_clocks_are_kept_around_a_client_that_has_none(
    micropython: Interpreter, server: MockServer, tmp_path: Path, exoclaw: Path
) -> None:
    found = beside(exoclaw, micropython, tmp_path, "clocks_of_its_client", server.base_url)
    late = ["HTTPReadTimeout", "TransportTimeout"]
    cut = ["HTTPError", "StreamInterrupted"]
    assert found == [late, late, cut, "cancelled", ["Let me look"] * 3]


def test_the_example_of_the_page(
    micropython: Interpreter, mock_llm: MockServer, tmp_path: Path
) -> None:
    mock_llm.reply("zai/glm-4.7", status_reply(429))
    mock_llm.reply("minimax/minimax-m2.7", text_reply("Hello there"))
    example = next(one.text for one in examples() if one.name == "migrating_exoclaw_1")
    example = re.sub(r"https://[^\"]+", mock_llm.base_url, example)
    path = tmp_path / "example.py"
    path.write_text(example + ASK)
    done = run_micropython(micropython, path)
    *_, last = done.stdout.splitlines()
    assert (done.returncode, last) == (0, "Hello there"), done.stdout
    assert [request.status for request in mock_llm.requests] == [429, 200]


def test_one_line_puts_it_in_the_place_of_the_package(
    micropython: Interpreter, server: MockServer, tmp_path: Path
) -> None:
    found = call(micropython, tmp_path, FILE, "installed", server.base_url)
    same, place, content, body, identifier = found
    assert (same, content) == (True, "Let me look")
    assert place == [True, "k", {}, {}]
    hello = {"role": "user", "content": "hello"}
    assert json.loads(body) == {"model": "m", "messages": [hello]}
    assert identifier == [9, []]


def say_tool_result(request: RecordedRequest) -> MockReply:
    return text_reply("The tool said " + request.json()["messages"][-1]["content"])(request)


def test_the_agent_loop_of_exoclaw_calls_a_tool(
    micropython: Interpreter, mock_llm: MockServer, tmp_path: Path, exoclaw: Path
) -> None:
    mock_llm.reply("m", tool_reply([("add", {"a": 2, "b": 40})]), say_tool_result)
    found = beside(exoclaw, micropython, tmp_path, "agent_turn", mock_llm.base_url)
    answer, heard, roles, _ = found
    assert answer == "The tool said 42"
    end = [["stream_end", True], ["stream_final", True]]
    assert heard == ["The", " tool", " said", " 42", end]
    assert roles == ["system", "user", "assistant", "tool", "assistant"]
    first, second = [request.json() for request in mock_llm.requests]
    assert first["tools"][0]["function"]["name"] == "add"
    # Its log context names the session, which keeps the prompt's cache warm.
    assert first["user"] == second["user"] == "cli:direct"
    assert second["messages"][-1] == {
        "role": "tool",
        "tool_call_id": "call_1",
        "name": "add",
        "content": "42",
    }


def test_the_whole_application_with_a_large_tool_result(
    micropython: Interpreter, mock_llm: MockServer, tmp_path: Path, exoclaw: Path
) -> None:
    mock_llm.reply("m", tool_reply([("read", {})]), text_reply("read it all"))
    said = beside(exoclaw, micropython, tmp_path, "application", mock_llm.base_url)
    assert "".join(text for text, is_delta in said if is_delta) == "read it all"
    assert said[-1] == ["read it all", False]
    result = mock_llm.requests[1].json()["messages"][-1]
    assert result["content"] == "".join(f"{n}: " + 'Grüße "🚀"\n' * 30 for n in range(200))
    assert set(result) == {"role", "tool_call_id", "name", "content"}


def test_a_tool_result_goes_from_its_file_to_the_wire(
    micropython: Interpreter, server: MockServer, tmp_path: Path
) -> None:
    file = tmp_path / "result.txt"
    file.write_text('Grüße "🚀"\n' * 5000)
    for path, want in ((file, file.read_text()), (tmp_path / "gone", "preview")):
        arguments = (server.base_url, str(path))
        found = call(micropython, tmp_path, FILE, "large_tool_result", *arguments)
        assert found[:3] == ANSWER
        assert server.requests[-1].json()["messages"][-1]["content"] == want


@pytest.mark.parametrize("value", ["true", "false"])
def test_calls_are_logged_as_lines_of_json(
    micropython: Interpreter, server: MockServer, tmp_path: Path, value: str
) -> None:
    path = tmp_path / "logged.py"
    path.write_text(script(FILE, "outcomes", server.base_url), "utf-8")
    env = {"LLM_LOGGING": value, "LLM_LOG_TRUNCATE": "2"}
    done = run_micropython(micropython, path, env=env)
    *lines, _ = [json.loads(line) for line in done.stdout.splitlines()]
    events = [line["event"] for line in lines]
    if value == "false":
        assert events == ["llm_fallback"]
        return
    assert events[:3] == ["llm_request", "llm_request_msg", "llm_response"]
    assert (lines[1]["message.role"], lines[1]["message.text"]) == ("user", "he")
    assert lines[2]["llm.tools"] == ["look"]
    assert "key" not in {word for line in lines for word in line.values() if isinstance(word, str)}
