"""What the exoclaw provider logs: warnings; with LLM_LOGGING each call, and its texts."""

from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from support.exoclaw_face import HELLO, KEY, TOOLS, ask, provider_for, with_fallback

from thinwire import Deployment, OpenAIStreamingProvider
from thinwire.testing import MockServer, status_reply, text_reply, tool_reply

Entries = list[dict[str, Any]]


def logged(server: MockServer, *args: Any, **options: Any) -> Entries:
    with structlog.testing.capture_logs() as logs:
        ask(provider_for(server, **options), *args)
    return logs  # type: ignore[return-value]


def texts(logs: Entries) -> list[object]:
    return [one["message.text"] for one in logs if one["event"] == "llm_request_msg"]


@pytest.fixture
def wordy(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("LLM_LOGGING", "True")
    return monkeypatch


@pytest.mark.parametrize("value", ["false", "", None])
def test_nothing_is_logged_unless_asked_for(
    mock_llm: MockServer, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    if value is not None:
        monkeypatch.setenv("LLM_LOGGING", value)
    assert logged(mock_llm, HELLO, TOOLS) == []


def test_a_call_with_its_texts_and_its_counts(
    mock_llm: MockServer, wordy: pytest.MonkeyPatch
) -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    mock_llm.reply("m", tool_reply([("look", {})], usage=usage))
    logs = logged(mock_llm, HELLO, TOOLS)
    request, message, response = logs
    assert request == {
        "event": "llm_request",
        "log_level": "info",
        "llm.model": "m",
        "llm.message.count": 1,
        "llm.tool.count": 1,
    }
    assert message == {
        "event": "llm_request_msg",
        "log_level": "info",
        "message.role": "user",
        "message.text": "hello",
    }
    assert response["event"] == "llm_response"
    names = ("llm.model", "llm.token.prompt", "llm.token.completion", "llm.token.total")
    assert [response[name] for name in names] == ["m", 5, 2, 7]
    assert (response["llm.finish_reason"], response["llm.tools"]) == ("tool_calls", ["look"])
    assert response["llm.duration_s"] >= 0


@pytest.mark.parametrize(
    ("limit", "want"), [("3", "a\\n"), ("0", ""), ("-1", "a\\n" + "b" * 600), ("", None)]
)
def test_texts_are_cut_as_asked(
    mock_llm: MockServer, wordy: pytest.MonkeyPatch, limit: str, want: str | None
) -> None:
    wordy.setenv("LLM_LOG_TRUNCATE", limit)
    found = texts(logged(mock_llm, [{"role": "user", "content": "a\n" + "b" * 600}]))
    assert found == ["a\\n" + "b" * 497 if want is None else want]


def test_a_limit_that_is_no_number_is_a_mistake(
    mock_llm: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLM_LOG_TRUNCATE", "some")
    with pytest.raises(ValueError, match="some"):
        provider_for(mock_llm)


def test_texts_of_parts_and_of_calls(mock_llm: MockServer, wordy: pytest.MonkeyPatch) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    parts = [{"type": "text", "text": "look"}, image, {"type": "text", "text": "here"}]
    call = {"id": "1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": parts},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": "a hill"},
    ]
    assert texts(logged(mock_llm, messages)) == ["look  here", "", "a hill"]


def test_no_key_is_logged_whoever_wrote_it(
    mock_llm: MockServer, wordy: pytest.MonkeyPatch
) -> None:
    wordy.setenv("LLM_LOG_TRUNCATE", str(len("my key is " + KEY) - 4))
    mock_llm.reply("m", status_reply(401, "no such key: " + KEY))
    with structlog.testing.capture_logs() as logs, pytest.raises(Exception, match="401"):
        ask(provider_for(mock_llm), [{"role": "user", "content": f"my key is {KEY}, is it?"}])
    assert KEY[:6] not in str(logs)
    assert texts(logs) == ["my key is ***, is it"]  # type: ignore[arg-type]


def test_nor_is_one_of_a_header_or_of_the_url(
    mock_llm: MockServer, wordy: pytest.MonkeyPatch
) -> None:
    secrets = ("gateway-4711", "sig-0815-long")
    headers = {"X-Gateway-Token": secrets[0]}
    url = f"{mock_llm.base_url}?sig={secrets[1]}"
    place = {"m": Deployment(url, extra_headers=headers)}
    with structlog.testing.capture_logs() as logs:
        ask(OpenAIStreamingProvider("m", place), [{"role": "user", "content": " ".join(secrets)}])
    assert texts(logs) == ["*** ***"]  # type: ignore[arg-type]


def test_nor_is_one_of_the_environment(mock_llm: MockServer, wordy: pytest.MonkeyPatch) -> None:
    wordy.setenv("MY_KEY", KEY)
    place = {"m": Deployment(mock_llm.base_url, api_key_env="MY_KEY")}
    with structlog.testing.capture_logs() as logs:
        ask(OpenAIStreamingProvider("m", place), [{"role": "user", "content": f"{KEY}!"}])
    assert texts(logs) == ["***!"]  # type: ignore[arg-type]
    assert mock_llm.requests[0].header("authorization") == "Bearer " + KEY


def test_what_can_be_read_only_once_is_logged_while_it_is_sent(
    mock_llm: MockServer, wordy: pytest.MonkeyPatch
) -> None:
    logs = logged(mock_llm, iter([*HELLO, {"role": "user", "content": "again"}]))
    assert logs[0]["llm.message.count"] == -1
    assert texts(logs) == ["hello", "again"]
    assert len(mock_llm.requests[0].json()["messages"]) == 2


@pytest.mark.parametrize("messages", [None, 5, b"hi", {"role": "user"}])
def test_what_is_no_list_of_messages_is_told_as_ever(
    mock_llm: MockServer, wordy: pytest.MonkeyPatch, messages: Any
) -> None:
    with structlog.testing.capture_logs(), pytest.raises(TypeError, match="list of dicts"):
        ask(provider_for(mock_llm), messages)


def test_a_word_for_servers_that_want_any_key_is_no_secret(
    mock_llm: MockServer, wordy: pytest.MonkeyPatch
) -> None:
    provider = OpenAIStreamingProvider("m", {"m": Deployment(mock_llm.base_url, "none")})
    with structlog.testing.capture_logs() as logs:
        ask(provider, [{"role": "user", "content": "I want none."}])
    assert texts(logs) == ["I want none."]  # type: ignore[arg-type]


class Session:
    def __iter__(self) -> Iterator[dict[str, object]]:
        return iter(HELLO)


def test_what_is_made_anew_for_each_walk_is_logged_and_sent(
    mock_llm: MockServer, wordy: pytest.MonkeyPatch
) -> None:
    assert texts(logged(mock_llm, Session())) == ["hello"]
    assert mock_llm.requests[0].json()["messages"] == HELLO


def test_a_fallback_is_another_request(mock_llm: MockServer, wordy: pytest.MonkeyPatch) -> None:
    mock_llm.reply("m", status_reply(503))
    mock_llm.reply("other", text_reply("here"))
    with structlog.testing.capture_logs() as logs:
        ask(with_fallback(mock_llm))
    events = [(one["event"], one.get("llm.model")) for one in logs]
    assert events == [
        ("llm_request", "m"),
        ("llm_request_msg", None),
        ("llm_fallback", "m"),
        ("llm_request", "other"),
        ("llm_response", "other"),
    ]
    assert logs[2]["llm.next"] == "other"
    assert "503" in logs[2]["error"]


def test_warnings_are_logged_always(mock_llm: MockServer) -> None:
    mock_llm.reply("m", status_reply(503))
    with structlog.testing.capture_logs() as logs:
        ask(with_fallback(mock_llm))
    assert [one["event"] for one in logs] == ["llm_fallback"]
