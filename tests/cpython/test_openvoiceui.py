"""thinwire.compat.openvoiceui: the gateway plugin "openai-compat" of OpenVoiceUI, over sockets."""

import importlib
import importlib.util
import json
import logging
import queue
import re
import sys
import threading
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import thinwire.compat.openvoiceui
from thinwire import Client, Deployment, JSONLHistory, RetryPolicy, SQLiteHistory
from thinwire.compat.openvoiceui import Gateway
from thinwire.testing import (
    MockServer,
    cut_reply,
    error_chunk_reply,
    raw_reply,
    sse_reply,
    stall_reply,
    status_reply,
    text_reply,
    tool_reply,
)

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/migrating/openvoiceui.md").read_text("utf-8")
KEY = "sk-secret-0123456789"
MODEL = "gpt-4o-mini"
# What OpenVoiceUI's services/gateways/base.py has that a plugin is checked for.
BASE = """
class GatewayBase:
    gateway_id = "unnamed"
    persistent = False
    capabilities = frozenset({"streaming"})

    def is_healthy(self):
        return self.is_configured()

    def check_health(self):
        return self.is_healthy(), None
"""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, mock_llm: MockServer) -> None:
    monkeypatch.setenv("OPENAI_COMPAT_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_COMPAT_BASE_URL", mock_llm.base_url + "/")
    for name in ("MODEL", "MAX_TOKENS"):
        monkeypatch.delenv(f"OPENAI_COMPAT_{name}", raising=False)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Gateway]:
    gateway = Gateway(tmp_path)
    yield gateway
    gateway.shutdown()


def events_of(gateway: Gateway, message: str, session: str = "s", **more: Any) -> list[Any]:
    """What a turn puts into its queue, which is called from a thread there."""
    events: queue.Queue[dict[str, Any]] = queue.Queue()
    worker = threading.Thread(
        target=gateway.stream_to_queue, args=(events, message, session), kwargs=more
    )
    worker.start()
    worker.join(60)
    assert not worker.is_alive()
    return list(events.queue)


def said(events: list[Any]) -> str | None:
    """The response, once the order of the events has been looked at."""
    kinds = [event["type"] for event in events]
    assert kinds[-1] == "text_done", events
    assert kinds.count("text_done") == 1
    assert kinds.count("handshake") == 1
    assert "error" not in kinds
    response: str | None = events[-1]["response"]
    deltas = "".join(event["text"] for event in events if event["type"] == "delta")
    assert deltas == (response or "")
    return response


def error_of(events: list[Any]) -> str:
    assert events[-1]["type"] == "error", events
    assert "text_done" not in [event["type"] for event in events]
    words: str = events[-1]["error"]
    assert KEY not in str(events)
    return words


def asked(server: MockServer) -> list[list[Any]]:
    return [request.json()["messages"] for request in server.requests]


def test_a_turn_puts_its_events_in_order(made: Gateway, mock_llm: MockServer) -> None:
    mock_llm.reply(MODEL, text_reply("héllo “there” 你好"))
    events = events_of(made, "Hi")
    assert said(events) == "héllo “there” 你好"
    assert [event["type"] for event in events[:2]] == ["handshake", "delta"]
    assert isinstance(events[0]["ms"], int)
    assert events[-1]["actions"] == []
    (request,) = mock_llm.requests
    document = request.json()
    assert document["messages"] == [{"role": "user", "content": "Hi"}]
    assert document["model"] == MODEL
    assert document["max_tokens"] == 1024
    assert document["stream"] is True
    headers = {name.lower(): value for name, value in request.headers}
    assert headers["authorization"] == f"Bearer {KEY}"
    assert request.path == "/v1/chat/completions"


def test_handshake_and_first_token_are_apart(made: Gateway, mock_llm: MockServer) -> None:
    # There the handshake was the response head, and was said to be the first token.
    mock_llm.reply(MODEL, text_reply("a b", delay_ms=300))
    events = events_of(made, "Hi")
    timing = events[-1]["timing"]
    assert events[0]["ms"] == timing["handshake_ms"]
    assert timing["handshake_ms"] + 250 <= timing["first_token_ms"] <= timing["total_ms"]


def test_the_environment_is_read_when_it_is_made(
    tmp_path: Path, mock_llm: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    mock_llm.reply("other", text_reply("ok"))
    monkeypatch.setenv("OPENAI_COMPAT_MODEL", "other")
    monkeypatch.setenv("OPENAI_COMPAT_MAX_TOKENS", "7")
    gateway = Gateway(tmp_path)
    monkeypatch.setenv("OPENAI_COMPAT_MODEL", "later")
    assert said(events_of(gateway, "Hi")) == "ok"
    assert mock_llm.requests[0].json()["max_tokens"] == 7
    gateway.shutdown()


@pytest.mark.parametrize("tokens", ["many", "0", "-1", "1.5"])
def test_a_number_of_tokens_that_is_none(
    tokens: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_COMPAT_MAX_TOKENS", tokens)
    with pytest.raises(ValueError, match="OPENAI_COMPAT_MAX_TOKENS"):
        Gateway(tmp_path)


def test_it_is_configured_by_a_key_or_by_a_server_of_ones_own(
    tmp_path: Path, mock_llm: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Gateway(tmp_path).is_configured()
    monkeypatch.setenv("OPENAI_COMPAT_API_KEY", "")
    local = Gateway(tmp_path)
    assert local.is_healthy()
    mock_llm.reply(MODEL, text_reply("no key"))
    assert said(events_of(local, "Hi")) == "no key"
    assert "authorization" not in {name.lower() for name, _ in mock_llm.requests[0].headers}
    local.shutdown()
    monkeypatch.setenv("OPENAI_COMPAT_BASE_URL", "")
    neither = Gateway(tmp_path)
    assert not neither.is_configured()
    assert "not configured" in repr(neither)
    assert "not configured" in error_of(events_of(neither, "Hi"))
    monkeypatch.setenv("OPENAI_COMPAT_API_KEY", KEY)
    assert Gateway(tmp_path).is_configured()
    assert KEY not in repr(Gateway(tmp_path))


# The documented examples, each with the server's address replaced.
ENVIRONMENTS = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("text", ENVIRONMENTS)
def test_the_documented_environments(
    text: str, tmp_path: Path, mock_llm: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = dict(re.findall(r"^(OPENAI_COMPAT_\w+)=(\S+)", text, re.MULTILINE))
    assert settings["OPENAI_COMPAT_API_KEY"]
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OPENAI_COMPAT_BASE_URL", mock_llm.base_url)
    model = settings.get("OPENAI_COMPAT_MODEL", MODEL)
    mock_llm.reply(model, text_reply("ok"))
    gateway = Gateway(tmp_path)
    assert said(events_of(gateway, "Hi")) == "ok"
    assert mock_llm.requests[0].json()["model"] == model
    gateway.shutdown()


PLUGIN = re.search(r"```python\n(from thinwire.compat.openvoiceui.*?)```", PAGE, re.DOTALL)
PROFILE = re.search(r"```json\n(\{\n  \"id\": \"openai-agent\".*?)```", PAGE, re.DOTALL)
MANIFEST = re.search(r"```json\n(\{\n  \"id\": \"openai-compat\".*?)```", PAGE, re.DOTALL)


def test_the_plugin_is_loaded_by_the_manager_of_openvoiceui(
    tmp_path: Path, mock_llm: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert PLUGIN
    assert PROFILE
    assert MANIFEST
    for folder in ("services/gateways", "plugins/openai-compat", "prompts", "profiles"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "services/gateways/base.py").write_text(BASE)
    (tmp_path / "plugins/openai-compat/gateway.py").write_text(PLUGIN[1])
    (tmp_path / "plugins/openai-compat/plugin.json").write_text(MANIFEST[1])
    (tmp_path / "profiles/openai-agent.json").write_text(PROFILE[1])
    (tmp_path / "prompts/voice-system-prompt.md").write_text("Speak plainly.\n")

    # The steps of its gateway_manager: the base first, the manifest, then gateway.py by its path.
    base = load("services.gateways.base", tmp_path / "services/gateways/base.py", monkeypatch)
    importlib.reload(thinwire.compat.openvoiceui)
    try:
        manifest = json.loads((tmp_path / "plugins/openai-compat/plugin.json").read_text())
        assert manifest["provides"] == "gateway"
        place = tmp_path / "plugins/openai-compat/gateway.py"
        module = load("plugins.openai-compat.gateway", place, monkeypatch)
        kind = getattr(module, manifest["gateway_class"])
        assert issubclass(kind, base.GatewayBase)
        gateway = kind()
        assert gateway.gateway_id == manifest["id"]
        assert gateway.persistent is False
        assert gateway.check_health() == (True, None)

        mock_llm.reply(MODEL, text_reply("ok"))
        profile = json.loads(PROFILE[1])
        session = profile["adapter_config"]["sessionKey"]
        assert said(events_of(gateway, "Hi", session, agent_id=None)) == "ok"
        system = "Speak plainly.\n\n" + profile["system_prompt"]
        assert asked(mock_llm)[0][0] == {"role": "system", "content": system}
        gateway.shutdown()
    finally:
        monkeypatch.undo()
        importlib.reload(thinwire.compat.openvoiceui)


def load(name: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


def test_the_prompt_is_read_anew_for_each_turn(
    made: Gateway, tmp_path: Path, mock_llm: MockServer
) -> None:
    mock_llm.reply(MODEL, text_reply("ok"))
    prompt = tmp_path / "prompts/voice-system-prompt.md"
    events_of(made, "0")
    prompt.parent.mkdir()
    prompt.write_text("# a comment\n\n## Style\nBe brief.\n  # another\n", "utf-8")
    events_of(made, "1")
    prompt.write_bytes("\ufeffSéi kurz.\r\n".encode())
    events_of(made, "2")
    prompt.write_bytes(b"\xff")
    events_of(made, "3")
    prompt.unlink()
    events_of(made, "4")
    systems = [
        [message["content"] for message in messages if message["role"] == "system"]
        for messages in asked(mock_llm)
    ]
    assert systems == [[], ["## Style\nBe brief."], ["Séi kurz."], [], []]


def profile_of(**more: Any) -> dict[str, Any]:
    return {"adapter_config": {"gateway_id": "openai-compat", "sessionKey": "mine"}, **more}


def test_a_profile_says_prompt_model_parameters_and_history(
    tmp_path: Path, mock_llm: MockServer
) -> None:
    mock_llm.reply("big", text_reply("ok"))
    profile = profile_of(
        system_prompt="You are a pirate.",
        llm={
            "provider": "gateway",
            "model": "big",
            "parameters": {"max_tokens": 50, "temperature": 0.5},
        },
        context={"max_history_messages": 8},
    )
    (tmp_path / "p.json").write_text(json.dumps(profile))
    for given in (profile, tmp_path / "p.json", str(tmp_path / "p.json")):
        mock_llm.clear()
        gateway = Gateway(tmp_path, profile=given)
        for number in range(8):
            said(events_of(gateway, str(number)))
        last = mock_llm.requests[-1].json()
        assert [last["model"], last["max_tokens"], last["temperature"]] == ["big", 50, 0.5]
        assert last["messages"][0] == {"role": "system", "content": "You are a pirate."}
        assert len(last["messages"]) == 1 + 8 + 1
        gateway.shutdown()


def test_a_profile_is_found_by_its_session_and_read_anew(
    made: Gateway, tmp_path: Path, mock_llm: MockServer
) -> None:
    mock_llm.reply(MODEL, text_reply("ok"))
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "broken.json").write_text("{")
    (folder / "list.json").write_text("[]")
    (folder / "other.json").write_text('{"adapter_config": {"gateway_id": "openclaw"}}')
    (folder / "mine.json").write_text(json.dumps(profile_of(system_prompt="Mine.")))
    events_of(made, "1", "another")  # the only one for this gateway
    theirs = profile_of(system_prompt="Theirs.")
    theirs["adapter_config"]["sessionKey"] = "theirs"
    (folder / "theirs.json").write_text(json.dumps(theirs))
    events_of(made, "2", "mine")
    events_of(made, "3", "theirs")
    events_of(made, "4", "another")  # one of two: which one?
    events_of(made, "5", "another", profile={"system_prompt": "Of this turn."})
    (folder / "mine.json").write_text(json.dumps(profile_of(system_prompt="Changed.")))
    events_of(made, "6", "mine")
    systems = [
        messages[0]["content"] if messages[0]["role"] == "system" else ""
        for messages in asked(mock_llm)
    ]
    assert systems == ["Mine.", "Mine.", "Theirs.", "", "Of this turn.", "Changed."]


def test_a_profile_can_do_without_history(tmp_path: Path, mock_llm: MockServer) -> None:
    mock_llm.reply(MODEL, text_reply("ok"))
    gateway = Gateway(tmp_path, profile={"context": {"enable_history": False}})
    for number in range(3):
        said(events_of(gateway, str(number)))
    assert [len(messages) for messages in asked(mock_llm)] == [1, 1, 1]
    gateway.shutdown()


def test_a_profile_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path, profile=tmp_path / "none.json")
    assert "none.json" in error_of(events_of(gateway, "Hi"))


def test_a_session_remembers_twenty_messages(made: Gateway, mock_llm: MockServer) -> None:
    mock_llm.reply(MODEL, text_reply("ok"))
    for number in range(60):
        said(events_of(made, str(number)))
    said(events_of(made, "alone", "other"))
    sent = asked(mock_llm)
    assert [len(messages) for messages in sent[:12]] == [*range(1, 22, 2), 21]
    assert {len(messages) for messages in sent[11:60]} == {21}
    assert sent[60] == [{"role": "user", "content": "alone"}]
    for messages in sent:
        assert [one["role"] for one in messages] == (["user", "assistant"] * 11)[: len(messages)]
    assert sent[59][0]["content"] == "49"
    made.reset_session("s")
    events_of(made, "anew")
    assert asked(mock_llm)[-1] == [{"role": "user", "content": "anew"}]


def test_memory_is_bounded(
    tmp_path: Path, mock_llm: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thinwire.compat.openvoiceui, "_MAX_SESSIONS", 5)
    mock_llm.reply(MODEL, text_reply("ok"))
    gateway = Gateway(tmp_path)
    for number in range(9):
        events_of(gateway, "Hi", str(number))
    events_of(gateway, "again", "0")
    events_of(gateway, "again", "8")
    assert [len(messages) for messages in asked(mock_llm)[-2:]] == [1, 3]
    gateway.shutdown()


DOWN = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 17\r\n\r\n<html>down</html>"
FAILURES = [
    (status_reply(400, "bad model " + "x" * 900), r"^OpenAI-compat API error 400: bad model x+"),
    (status_reply(401, f"Incorrect API key: {KEY}"), r"^OpenAI-compat API error 401: .*\*\*\*"),
    (status_reply(500, "broken"), r"^OpenAI-compat API error 500: broken"),
    (raw_reply(DOWN), r"^OpenAI-compat API error 502: "),
    (cut_reply("before_head"), r"^OpenAI-compat gateway error: "),
    (cut_reply("mid_stream", text="Hel"), r"^OpenAI-compat gateway error: "),
    (error_chunk_reply("overloaded", after="Hel"), r"^OpenAI-compat .*error.*: .*overloaded"),
    (stall_reply("before_head"), r"^OpenAI-compat request timed out after 0\.3s \(http://127"),
    (stall_reply("mid_stream", text="Hel"), r"timed out|gateway error"),
    (text_reply("Hel", finish_reason=None, done=False), r"^OpenAI-compat gateway error: "),
]


@pytest.mark.parametrize("number", range(len(FAILURES)))
def test_a_failure_is_one_error_and_leaves_the_session_as_it_was(
    number: int, tmp_path: Path, mock_llm: MockServer, caplog: pytest.LogCaptureFixture
) -> None:
    reply, words = FAILURES[number]
    gateway = Gateway(tmp_path, timeout=0.3)
    mock_llm.reply(MODEL, text_reply("one"), text_reply("two"))
    mock_llm.reply("bad", reply)
    said(events_of(gateway, "1"))
    with caplog.at_level(logging.ERROR):
        text = error_of(events_of(gateway, "lost", profile={"llm": {"model": "bad"}}))
    assert re.search(words, text), text
    assert len(text) < 700
    assert text in caplog.text
    assert KEY not in caplog.text
    assert said(events_of(gateway, "2")) == "two"
    assert [one["content"] for one in asked(mock_llm)[-1]] == ["1", "one", "2"]
    gateway.shutdown()


def test_a_server_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("http://127.0.0.1:1/v1", "http://127.0.0.1:1/v1?key=hidden"):
        monkeypatch.setenv("OPENAI_COMPAT_BASE_URL", url)
        gateway = Gateway(tmp_path)
        text = error_of(events_of(gateway, "Hi"))
        assert text.startswith("Cannot connect to http://127.0.0.1:1/v1: ")
        assert "hidden" not in text
        gateway.shutdown()


@pytest.mark.parametrize("url", ["ftp://x", "localhost:8000", "http://", "http://u:hidden@h/v1"])
def test_an_impossible_address_is_an_error_of_the_turn(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_COMPAT_BASE_URL", url)
    text = error_of(events_of(Gateway(tmp_path), "Hi"))
    assert "base_url" in text
    assert "hidden" not in text


ODD = [
    # What there gave an empty reply, or ended the turn with an exception.
    sse_reply(b'data:{"choices":[{"index":0,"delta":{"content":"ok"}}]}\n\n', b"data:[DONE]\n\n"),
    sse_reply(
        b'data: {"choices":[{"index":0,"delta":{"content":"ok"}}]}\n\n',
        b'data: {"choices":[{"index":0,"delta":null,"finish_reason":"stop"}]}\n\n',
        b"data: [DONE]\n\n",
    ),
    text_reply("ok", reasoning="Hm."),
    text_reply("", refusal="ok"),
]


@pytest.mark.parametrize("number", range(len(ODD)))
def test_streams_that_the_plugin_stumbled_over(
    number: int, made: Gateway, mock_llm: MockServer
) -> None:
    mock_llm.reply(MODEL, ODD[number])
    assert said(events_of(made, "Hi")) == "ok"


def test_an_answer_without_a_word_is_none_and_is_not_remembered(
    made: Gateway, mock_llm: MockServer
) -> None:
    mock_llm.reply(MODEL, text_reply(""), text_reply("ok"))
    assert said(events_of(made, "1")) is None
    assert said(events_of(made, "2")) == "ok"
    assert asked(mock_llm)[-1] == [{"role": "user", "content": "2"}]


def test_connections_are_used_again(made: Gateway, mock_llm: MockServer) -> None:
    mock_llm.reply(MODEL, text_reply("ok"))
    for number in range(5):
        said(events_of(made, str(number)))
    assert mock_llm.connections == 1


def run_turn(gateway: Gateway, message: str) -> "tuple[queue.Queue[Any], threading.Thread]":
    events: queue.Queue[Any] = queue.Queue()
    worker = threading.Thread(target=gateway.stream_to_queue, args=(events, message, "s"))
    worker.start()
    return events, worker


def next_delta(events: "queue.Queue[Any]") -> str:
    for _ in range(100):
        event = events.get(timeout=10)
        if event["type"] == "delta":
            text: str = event["text"]
            return text
    raise AssertionError("no delta")


def test_an_answer_can_be_interrupted(made: Gateway, mock_llm: MockServer) -> None:
    assert not made.interrupt("s")
    mock_llm.reply(MODEL, stall_reply("mid_stream", text="One two three"), text_reply("ok"))
    events, worker = run_turn(made, "Count")
    while next_delta(events).strip() != "three":
        pass
    assert made.interrupt("s", heard_chars=7)
    worker.join(10)
    done = list(events.queue)[-1]
    assert done["type"] == "text_done"
    assert done["response"] == "One two three"
    assert done["interrupted"] is True
    assert said(events_of(made, "Go on")) == "ok"
    assert [one["content"] for one in asked(mock_llm)[-1]] == ["Count", "One two", "Go on"]
    assert not made.interrupt("s")


def test_a_message_can_be_steered_into_an_answer(made: Gateway, mock_llm: MockServer) -> None:
    assert not made.send_steer("Stop", "s")
    mock_llm.reply(MODEL, stall_reply("mid_stream", text="One two"), text_reply("Sorry."))
    events, worker = run_turn(made, "Count")
    while next_delta(events).strip() != "two":
        pass
    assert made.send_steer("Backwards", "s")
    worker.join(10)
    left = list(events.queue)
    assert [event["type"] for event in left] == ["delta", "text_done"]
    assert left[-1]["response"] == "One twoSorry."
    assert "interrupted" not in left[-1]
    assert [one["content"] for one in asked(mock_llm)[-1]] == ["Count", "One two", "Backwards"]


def test_a_shutdown_ends_what_is_open(made: Gateway, mock_llm: MockServer) -> None:
    mock_llm.reply(MODEL, stall_reply("mid_stream", text="One"), text_reply("ok"))
    events, worker = run_turn(made, "Count")
    next_delta(events)
    made.shutdown()
    worker.join(10)
    assert not worker.is_alive()
    assert list(events.queue)[-1]["type"] in ("text_done", "error")
    assert said(events_of(made, "Again")) == "ok"  # a client of its own is made again


def weather(city: str) -> str:
    """What the weather is like.

    Args:
        city: its name.
    """
    return f"sunny in {city}"


def test_tools_are_actions(tmp_path: Path, mock_llm: MockServer) -> None:
    mock_llm.reply(MODEL, tool_reply([("weather", {"city": "Oslo"})]), text_reply("Sunny."))
    gateway = Gateway(tmp_path, tools=[weather])
    captured: list[Any] = []
    events = events_of(gateway, "Weather?", captured_actions=captured)
    assert said(events) == "Sunny."
    actions = [event["action"] for event in events if event["type"] == "action"]
    assert [(action["phase"], action["name"]) for action in actions] == [
        ("start", "weather"),
        ("result", "weather"),
    ]
    assert actions[0]["input"] == {"city": "Oslo"}
    assert actions[1]["result"] == "sunny in Oslo"
    assert actions == captured == events[-1]["actions"]
    gateway.shutdown()


def test_a_client_of_ones_own_brings_fallbacks(tmp_path: Path, mock_llm: MockServer) -> None:
    mock_llm.reply("a", status_reply(500))
    mock_llm.reply("b", text_reply("from b"))
    places = {name: Deployment(mock_llm.base_url) for name in "ab"}
    with Client("a", places, {"a": ["b"]}, retry=RetryPolicy(1)) as client:
        gateway = Gateway(tmp_path, client=client)
        assert said(events_of(gateway, "Hi")) == "from b"
        gateway.shutdown()
        assert client.chat("Hi").content == "from b"  # it is not closed


@pytest.mark.parametrize("kind", [JSONLHistory, SQLiteHistory])
def test_a_history_outlives_the_gateway(kind: Any, tmp_path: Path, mock_llm: MockServer) -> None:
    mock_llm.reply(MODEL, text_reply("ok"))
    for number in range(3):
        gateway = Gateway(tmp_path, history=kind(tmp_path / "chats"))
        said(events_of(gateway, str(number)))
        gateway.shutdown()
    assert [one["content"] for one in asked(mock_llm)[-1]] == ["0", "ok", "1", "ok", "2"]


def test_threads_do_not_mix_sessions(made: Gateway, mock_llm: MockServer) -> None:
    mock_llm.reply(MODEL, text_reply("one two three", delay_ms=2))
    failed: list[object] = []

    def work(session: str) -> None:
        for number in range(4):
            events: queue.Queue[Any] = queue.Queue()
            made.stream_to_queue(events, f"{session} {number}", session)
            if list(events.queue)[-1].get("response") != "one two three":
                failed.append(list(events.queue))

    workers = [threading.Thread(target=work, args=(str(number // 2),)) for number in range(16)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert failed == []
    for messages in asked(mock_llm):
        mine = messages[-1]["content"].split()[0]
        assert messages[0]["role"] == "user"
        assert {one["content"].split()[0] for one in messages[::2]} == {mine}
    for session in range(8):
        own = [m for m in asked(mock_llm) if m[-1]["content"].split()[0] == str(session)]
        assert sorted(len(messages) for messages in own) == list(range(1, 17, 2))


def test_a_queue_that_is_full_is_waited_for(made: Gateway, mock_llm: MockServer) -> None:
    mock_llm.reply(MODEL, text_reply("one two three four"))
    events: queue.Queue[Any] = queue.Queue(maxsize=1)
    worker = threading.Thread(target=made.stream_to_queue, args=(events, "Hi", "s"))
    worker.start()
    kinds = []
    for _ in range(20):
        kinds.append(events.get(timeout=10)["type"])
        time.sleep(0.01)
        if kinds[-1] == "text_done":
            break
    assert kinds[0] == "handshake"
    assert kinds[-1] == "text_done"
    worker.join(10)
