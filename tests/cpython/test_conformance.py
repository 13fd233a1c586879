"""The conformance command: verdicts, adapters in processes and behind URLs, tables."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.interpreters import ROOT

from thinwire.cli import main
from thinwire.conformance import Outcome, ScenarioRunner, judge, load_all
from thinwire.conformance.outcome import (
    arguments_of,
    error_fields,
    line_of,
    request_line,
    value_of,
)
from thinwire.conformance.runner import split
from thinwire.conformance.targets import ProcessTarget, URLTarget
from thinwire.conformance.worker import call, load_adapter
from thinwire.testing import (
    MockServer,
    RecordedRequest,
    Scenario,
    json_reply,
    script_from,
    sse_reply,
)

ERROR = error_fields(ValueError("the server said no"), 503, "2.5")
CALL = {"id": "c", "name": "f", "arguments": {"a": 1}}
OPEN = {"id": "c", "name": "f", "arguments": None}

# What is expected, what came, and a word of the reason ("": none).
VERDICTS: list[tuple[dict[str, Any], Outcome, str]] = [
    ({}, Outcome(), ""),
    ({}, Outcome(error=ERROR), "raised ValueError"),
    ({}, Outcome(complete=False), "incomplete"),
    ({"outcome": "kept"}, Outcome(complete=False), ""),
    ({"outcome": "kept"}, Outcome(error=ERROR), "raised"),
    ({"outcome": "error"}, Outcome(error=ERROR), ""),
    ({"outcome": "error"}, Outcome(complete=False), "no error"),
    ({"outcome": "incomplete"}, Outcome(complete=False), ""),
    ({"outcome": "incomplete"}, Outcome(error=ERROR), ""),
    ({"outcome": "incomplete"}, Outcome(content="x"), "taken for a whole answer"),
    ({"outcome": "error_or_fallback"}, Outcome(error=ERROR), ""),
    ({"outcome": "error_or_fallback"}, Outcome(content="x"), "no error"),
    ({"outcome": "error_or_fallback", "error": {"status": 1}}, Outcome("fallback"), ""),
    ({"outcome": "error", "error": {"message": "said no"}}, Outcome(error=ERROR), ""),
    (
        {"outcome": "error", "error": {"message": "yes"}},
        Outcome(error=ERROR),
        "does not say 'yes'",
    ),
    (
        {"outcome": "error", "error": {"status": 503, "retry_after_s": 2.5}},
        Outcome(error=ERROR),
        "",
    ),
    ({"outcome": "error", "error": {"status": 500}}, Outcome(error=ERROR), "status"),
    ({"content": "x"}, Outcome("x"), ""),
    ({"content": ["x", "y"]}, Outcome("y"), ""),
    ({"content": None}, Outcome(""), ""),
    ({"content": "x"}, Outcome("z" * 99), "content is 'zzz"),
    ({"finish_reason": "stop"}, Outcome(finish_reason="length"), "finish_reason"),
    ({"choices": ["a", "b"]}, Outcome(choices=["a"]), "choices"),
    ({"tool_calls": [{"name": "f", "arguments": {"a": 1}}]}, Outcome(tool_calls=[CALL]), ""),
    ({"tool_calls": [{"name": "g"}]}, Outcome(tool_calls=[CALL]), "tool call is"),
    ({"tool_calls": []}, Outcome(tool_calls=[CALL]), "1 tool calls, not 0"),
    ({"executable_calls": 0}, Outcome(tool_calls=[OPEN]), ""),
    ({"executable_calls": 0}, Outcome(tool_calls=[CALL]), "ready to be executed"),
    ({"usage": {"a": {"b": 1}}}, Outcome(usage={"a": {"b": 1, "c": 2}, "d": 3}), ""),
    ({"usage": {"a": {"b": 1}}}, Outcome(usage={"a": 1}), "usage has"),
    ({}, Outcome(hung=3), "hung: no end within 3 s"),
]


@pytest.mark.parametrize(("expect", "outcome", "words"), VERDICTS)
def test_verdicts(expect: dict[str, Any], outcome: Outcome, words: str) -> None:
    reason = judge(Scenario("x", (), expect=expect), outcome, [])
    assert words in reason
    assert bool(reason) == bool(words)


def received(body: bytes) -> RecordedRequest:
    request = RecordedRequest("POST", "/", [], 1)
    request.body = body
    return request


BODIES = [
    (b'{"messages": ["a"], "seed": 1}', ""),
    (b'{"messages": ["b"], "seed": 1}', "received messages"),
    (b'{"messages": ["a"]}', "received seed"),
    (b'{"messages": [', "no JSON"),
    (b"[]", "received messages"),
]


@pytest.mark.parametrize(("body", "words"), BODIES)
def test_verdicts_on_the_request(body: bytes, words: str) -> None:
    request = {"messages": ["a"], "params": {"seed": 1}}
    scenario = Scenario("x", (), request=request, expect={"received": ["messages", "seed"]})
    assert words in judge(scenario, Outcome(), [received(body)])
    assert (judge(scenario, Outcome(), [received(body)]) == "") == (words == "")


def test_a_lone_surrogate_may_arrive_as_the_replacement_character() -> None:
    scenario = Scenario(
        "x", (), request={"messages": ["\ud800"]}, expect={"received": ["messages"]}
    )
    assert judge(scenario, Outcome(), [received(b'{"messages": ["\\ud800"]}')]) == ""
    assert judge(scenario, Outcome(), [received('{"messages": ["\ufffd"]}'.encode())]) == ""


def test_too_many_requests() -> None:
    scenario = Scenario("x", (), expect={"requests": 1})
    assert judge(scenario, Outcome(), [received(b"{}")] * 2) == "sent 2 requests, not 1"


def test_outcomes_are_made_of_dicts() -> None:
    assert Outcome.of({"content": "x", "new_field": 1}) == Outcome("x")
    assert Outcome.of(Outcome("x")) == Outcome("x")
    with pytest.raises(TypeError, match="not None"):
        Outcome.of(None)


ARGUMENTS = [('{"a":1}', {"a": 1}), ("", {}), (None, {}), ('{"a"', None), ("[1]", None)]


@pytest.mark.parametrize(("text", "value"), ARGUMENTS)
def test_arguments(text: str | None, value: object) -> None:
    assert arguments_of(text) == value


def test_lines_keep_surrogates_apart() -> None:
    """A pair that a client did not join must not come out joined."""
    value = {"content": "\ud83d\ude80\u2028"}
    assert line_of(value).count(b"\n") == 1
    assert value_of(line_of(value)) == value
    assert request_line("\ud800é") == b'"\\ud800\xc3\xa9"\n'


@pytest.mark.parametrize(("how", "sizes"), [("whole", None), ("bytes", (1,)), ("random", "many")])
def test_splits(how: str, sizes: object) -> None:
    script = split(sse_reply(b"a"), how, "seed")
    assert callable(script)
    pieces = script(received(b"")).pieces
    assert pieces == sizes or (sizes == "many" and len(set(pieces)) > 10)  # type: ignore[arg-type]
    assert script(received(b"")).pieces == pieces


def test_cuts_of_a_reply_are_kept() -> None:
    script = split(sse_reply(b"a", pieces=7), "bytes", "seed")
    assert callable(script)
    assert script(received(b"")).pieces == 7


ADAPTER = """
import asyncio, sys, time
def run(base_url, model, request):
    print("noise")
    return {"content": base_url + " " + model + " " + request["messages"]}
async def slow(base_url, model, request):
    await asyncio.sleep(0)
    return {"content": "x", "finish_reason": "stop"}
def broken(base_url, model, request):
    raise KeyError("choices")
def wrong(base_url, model, request):
    return 5
def hang(base_url, model, request):
    time.sleep(60)
def die(base_url, model, request):
    sys.stderr.write("first\\nlast words\\n\\n")
    sys.stderr.flush()
    import os
    os._exit(3)
"""
ASKED = {"base_url": "http://a", "model": "m", "request": {"messages": "é\ud800"}}


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    path = tmp_path / "adapter.py"
    path.write_text(ADAPTER)
    return path


@pytest.fixture
def target(adapter: Path, request: pytest.FixtureRequest) -> Iterator[ProcessTarget]:
    command = [sys.executable, "-m", "thinwire.conformance.worker", f"{adapter}:{request.param}"]
    made = ProcessTarget("x", [*command, "httpx", "no-such-package"])
    yield made
    made.close()


@pytest.mark.parametrize("target", ["run"], indirect=True)
def test_a_process_answers(target: ProcessTarget) -> None:
    assert target.version().startswith("httpx ")
    for _ in range(2):
        assert target.run(ASKED, 60) == Outcome("http://a m é\ud800")


@pytest.mark.parametrize("target", ["slow"], indirect=True)
def test_an_adapter_may_be_async(target: ProcessTarget) -> None:
    assert target.run(ASKED, 60) == Outcome("x", finish_reason="stop")


@pytest.mark.parametrize(
    ("target", "kind", "words"),
    [
        ("broken", "KeyError", "choices"),
        ("wrong", "TypeError", "not 5"),
        ("die", "OSError", "last words"),
    ],
    indirect=["target"],
)
def test_what_goes_wrong_is_an_error(target: ProcessTarget, kind: str, words: str) -> None:
    for _ in range(2):
        error = target.run(ASKED, 60).error
        assert error is not None
        assert error["type"] == kind
        assert words in error["message"]


@pytest.mark.parametrize("target", ["hang"], indirect=True)
def test_a_hang_is_ended(target: ProcessTarget) -> None:
    target.version()
    assert target.run(ASKED, 0.2).hung == 0.2
    assert target.run(ASKED, 0.2).hung == 0.2


def test_what_does_not_start_is_told() -> None:
    for command in ([sys.executable, "-c", "raise SystemExit('no client')"], ["/no/such/program"]):
        with pytest.raises(OSError, match=r"no client|No such file"):
            ProcessTarget("x", command).version()


def test_adapters_are_loaded_by_name(adapter: Path) -> None:
    assert load_adapter(str(adapter)).__name__ == "run"
    assert load_adapter(f"{adapter}:slow").__name__ == "slow"
    assert load_adapter("thinwire.conformance.adapters.httpx_client:run").__name__ == "run"
    with pytest.raises(AttributeError):
        load_adapter(f"{adapter}:none")
    assert call(load_adapter(f"{adapter}:broken"), "", "", {}).error is not None


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running


def test_an_adapter_behind_a_url(server: MockServer) -> None:
    server.reply("m", json_reply({"content": "x", "complete": True}))
    target = URLTarget(f"{server.base_url}/run")
    assert target.run(ASKED, 10) == Outcome("x")
    assert server.requests[0].json()["request"] == {"messages": "é\ud800"}
    target.close()


URL_FAULTS = [
    (json_reply({}, status=500), "HTTPStatusError"),
    (json_reply([]), "TypeError"),
    (sse_reply(b"no JSON"), "JSONDecodeError"),
]


@pytest.mark.parametrize(("reply", "kind"), URL_FAULTS)
def test_faults_of_an_adapter_behind_a_url(server: MockServer, reply: Any, kind: str) -> None:
    server.reply("m", reply)
    target = URLTarget(f"{server.base_url}/run")
    error = target.run(ASKED, 10).error
    assert error is not None
    assert error["type"] == kind
    target.close()


def test_a_hang_behind_a_url(server: MockServer) -> None:
    server.reply("m", script_from([{"stall": True}]))
    target = URLTarget(f"{server.base_url}/run")
    assert target.run(ASKED, 0.2).hung == 0.2
    target.close()


class Fixed:
    """A client that makes the same of everything."""

    name = "fixed"
    lacks = frozenset({"memory"})

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.calls: list[Any] = []

    def version(self) -> str:
        return "1"

    def run(self, call: Any, limit: float) -> Outcome:
        self.calls.append((call, limit))
        return self.outcome

    def close(self) -> None:
        self.calls.append("closed")


def test_the_runner_plays_each_cut_up_to_the_first_failure() -> None:
    client = Fixed(Outcome("x"))
    with ScenarioRunner(client, patience=1) as runner:
        good = Scenario("good", (sse_reply(b"a"),), expect={"content": "x"})
        assert runner.run(good).passed
        assert [given["model"] for given, _ in client.calls] == ["good"] * 3
        assert {limit for _, limit in client.calls} == {21.0}
        bad = Scenario(
            "bad", (sse_reply(b"a"),), expect={"content": "y"}, splits=("bytes", "whole")
        )
        verdict = runner.run(bad)
        assert (verdict.split, verdict.reason) == ("bytes", "content is 'x', not 'y'")
        assert len(client.calls) == 4
    assert client.calls[4:] == ["closed"]


def test_a_client_that_does_not_speak_a_wire_is_not_asked() -> None:
    client = Fixed(Outcome("x"))
    client.lacks = frozenset({"responses"})
    with ScenarioRunner(client, patience=1) as runner:
        other = Scenario("other", (sse_reply(b"a"),), needs=("responses",))
        assert runner.run(other).skipped
        assert client.calls == []


def test_which_wire_a_turn_speaks() -> None:
    client = Fixed(Outcome("x"))
    turns = [{"append": []}, {"append": [], "dialect": "openai", "server": "other"}]
    request = {"dialect": "responses", "turns": turns}
    with ScenarioRunner(client, patience=1) as runner:
        runner.run(Scenario("s", (sse_reply(b"a"),), request=request, splits=("whole",)))
    asked = client.calls[0][0]["request"]
    assert [turn["dialect"] for turn in asked["turns"]] == ["responses", "openai"]


def test_a_client_that_does_without_says_so() -> None:
    needy = Scenario("needy", (sse_reply(b"a"),), needs=("memory",))
    outcomes = (
        (Outcome.failed(MemoryError("too large")), "", True),
        (Outcome("x"), "does without, and does not say so", False),
        (Outcome(hung=1.0, complete=False), "does without, and does not say so", False),
    )
    for outcome, reason, skipped in outcomes:
        with ScenarioRunner(Fixed(outcome), patience=1) as runner:
            verdict = runner.run(needy)
            assert verdict.reason == reason
            assert (verdict.skipped and not reason) == skipped


FINE = [{"delta": {"content": "Hi"}, "finish_reason": "stop"}, {"done": True}]
FILE = {
    "scenarios": [
        {"name": "fine", "reply": FINE, "expect": {"content": "Hi"}},
        {"name": "odd", "reply": [{"delta": {"content": "Hi"}}], "expect": {"content": "Hi"}},
    ]
}


@pytest.fixture
def scenarios(tmp_path: Path) -> str:
    path = tmp_path / "scenarios.json"
    path.write_text(json.dumps(FILE))
    return str(path)


def test_the_command_prints_a_table(scenarios: str, capsys: pytest.CaptureFixture[str]) -> None:
    args = ["conformance", "--file", scenarios, "--adapter", "httpx"]
    assert main(args) == 1
    lines = capsys.readouterr().out.split("\n")
    assert [line.split() for line in lines[:4]] == [
        ["scenario", "httpx"],
        ["fine", "ok"],
        ["odd", "FAIL"],
        ["passed", "1/2"],
    ]
    assert lines[5].startswith("httpx: httpx 0.")
    assert lines[6] == "  odd (whole): called the answer incomplete"
    assert main([*args, "--no-fail"]) == 0
    assert main([*args, "--scenario", "f*"]) == 0


def test_the_command_prints_json(scenarios: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conformance", "--file", scenarios, "--adapter", "httpx", "--json"]) == 1
    (client,) = json.loads(capsys.readouterr().out)["clients"]
    assert client["name"] == "httpx"
    assert client["results"] == {"fine": "", "odd": "called the answer incomplete"}


def test_the_command_asks_a_url(
    scenarios: str, server: MockServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.reply("*", json_reply({"content": "Hi"}))
    args = ["conformance", "--file", scenarios, "--target", server.base_url, "--scenario", "fine"]
    assert main(args) == 0
    assert "version unknown" in capsys.readouterr().out


def test_what_is_not_installed_is_said(
    scenarios: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from thinwire.conformance import registry

    absent = registry.Adapter("nowhere:run", ("no-such-package",))
    monkeypatch.setattr(registry, "ADAPTERS", {"absent": absent})
    assert main(["conformance", "--file", scenarios]) == 0
    assert "absent: not installed" in capsys.readouterr().out
    assert main(["conformance", "--file", scenarios, "--adapter", "absent"]) == 1


BAD = [
    (["--file", "/no/such/file"], "No such file"),
    (["--scenario", "no-such-*"], "no scenario is called no-such-*"),
    (["--scenario", "sse-lf", "--adapter", "nowhere:run"], "does not start"),
    (["--scenario", "sse-lf", "--micropython", "/no/such/micropython"], "No such file"),
]


@pytest.mark.parametrize(("args", "words"), BAD)
def test_bad_usage_is_told(
    args: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["conformance", *args]) == 1
    assert words in capsys.readouterr().err


def test_the_command_writes_a_page(scenarios: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    args = [
        "conformance",
        "--adapter",
        "httpx",
        "--scenario",
        "sse-[lc]*",
        "--markdown",
        str(page),
    ]
    assert main([*args, "--scenario", "sse-bom"]) == 1
    text = page.read_text("utf-8")
    assert "| httpx | " in text
    assert "| `sse-lf` | Lines end with LF | WHATWG HTML 9.2.6 | ✓ |" in text
    assert "| **✗** |" in text
    assert "- `sse-bom`: `content is ' there', not 'Hello there'`" in text


def test_the_page_shows_every_scenario_and_every_client() -> None:
    text = (ROOT / "docs/conformance.md").read_text("utf-8")
    missing = [scenario.name for scenario in load_all() if f"| `{scenario.name}` |" not in text]
    assert missing == [], "run thinwire conformance --markdown docs/conformance.md"
    for client in ("thinwire", "thinwire-sync", "micropython", "exoclaw", "openai", "httpx"):
        assert f"\n| {client}" in text
