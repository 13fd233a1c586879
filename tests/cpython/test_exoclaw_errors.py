"""What the exoclaw provider raises, and when its clocks run out."""

import re
from typing import Any

import pytest
import structlog
from exoclaw.providers.types import ContextWindowExceededError
from support.exoclaw_face import ask, provider_for, with_fallback
from support.order import given_time

from thinwire import (
    AllAttemptsFailed,
    Deployment,
    OpenAIStreamingProvider,
    StatusError,
    StreamInterrupted,
    TransportTimeout,
)
from thinwire.testing import (
    MockServer,
    cut_reply,
    stall_reply,
    status_reply,
    text_reply,
)

# Errors.

OVERFLOW = "This model's maximum context length is 8192 tokens"


def test_an_overflow_raises_the_error_of_exoclaw(mock_llm: MockServer) -> None:
    mock_llm.reply("m", status_reply(400, OVERFLOW, code="context_length_exceeded"))
    provider = with_fallback(mock_llm)
    with pytest.raises(ContextWindowExceededError, match="maximum context length"):
        ask(provider)
    assert len(mock_llm.requests) == 1


def test_an_overflow_of_a_fallback_is_one_too(mock_llm: MockServer) -> None:
    mock_llm.reply("m", status_reply(503))
    mock_llm.reply("other", status_reply(400, OVERFLOW))
    provider = with_fallback(mock_llm)
    with (
        structlog.testing.capture_logs(),
        pytest.raises(ContextWindowExceededError) as caught,
    ):
        ask(provider)
    assert isinstance(caught.value.__cause__, AllAttemptsFailed)


def test_other_errors_are_told_with_their_words(mock_llm: MockServer) -> None:
    mock_llm.reply("m", status_reply(402, "no credit left"))
    with pytest.raises(StatusError, match="402: no credit left"):
        ask(provider_for(mock_llm))


def test_a_chain_of_failures_lists_them(mock_llm: MockServer) -> None:
    mock_llm.reply("*", status_reply(500, "out of order"))
    provider = with_fallback(mock_llm)
    with structlog.testing.capture_logs(), pytest.raises(AllAttemptsFailed) as caught:
        ask(provider)
    assert [one.deployment for one in caught.value.attempts] == ["m", "other"]


@pytest.mark.parametrize("where", ["mid_stream", "mid_event"])
def test_a_truncated_answer_is_never_a_response(mock_llm: MockServer, where: Any) -> None:
    mock_llm.reply("m", cut_reply(where, text="half an"))
    with pytest.raises(StreamInterrupted) as caught:
        ask(provider_for(mock_llm))
    assert caught.value.partial.content == "half an"


def test_an_answer_without_its_end_is_never_a_response(mock_llm: MockServer) -> None:
    mock_llm.reply("m", text_reply("half an", finish_reason=None, done=False))
    with pytest.raises(StreamInterrupted, match="without finish_reason"):
        ask(provider_for(mock_llm))


def test_an_unknown_model(mock_llm: MockServer) -> None:
    with pytest.raises(ValueError, match="no deployment for model 'other'"):
        ask(provider_for(mock_llm), model="other")


CONSTRUCTIONS: list[tuple[str, dict[str, Any]]] = [
    ("default_model", {"default_model": "z"}),
    ("fallback", {"fallbacks": {"a": ["z"]}}),
    ("fallback", {"fallbacks": {"undeclared": ["z"]}}),
    ("greater than 0", {"stream_ttft_timeout": 0}),
]


@pytest.mark.parametrize(("words", "options"), CONSTRUCTIONS)
def test_mistakes_show_at_construction(words: str, options: dict[str, Any]) -> None:
    deployments = {"a": Deployment("http://127.0.0.1:1/v1")}
    with pytest.raises(ValueError, match=words):
        OpenAIStreamingProvider(**{"default_model": "a", "deployments": deployments, **options})


def test_what_is_no_deployment_is_a_mistake() -> None:
    class Theirs:
        base_url, api_key, extra_headers = "https://a.example/v1", "k", {}

    for thing in (Theirs(), "https://a.example/v1", None):
        with pytest.raises((TypeError, ValueError), match=r"'m'|Deployment|provider"):
            OpenAIStreamingProvider("m", {"m": thing})  # type: ignore[dict-item]


def test_a_provider_by_its_name(mock_llm: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "gsk-1")
    provider = OpenAIStreamingProvider("m", {"m": "groq:llama"})  # type: ignore[dict-item]
    assert "gsk-1" not in repr(provider)


# Clocks.


def test_without_a_first_token_the_fallback_is_tried(mock_llm: MockServer) -> None:
    mock_llm.reply("m", stall_reply("after_head"))
    mock_llm.reply("other", text_reply("here"))

    def attempt(scale: int) -> None:
        provider = with_fallback(mock_llm, stream_ttft_timeout=0.25 * scale)
        with structlog.testing.capture_logs() as logs:
            assert ask(provider).content == "here"
        assert f"no first token within {0.25 * scale:g} s" in logs[0]["error"]

    given_time(attempt)


def test_the_request_timeout_limits_the_first_token_too(mock_llm: MockServer) -> None:
    mock_llm.reply("m", stall_reply("before_head"))
    with pytest.raises(TransportTimeout, match=r"no first token within 0\.2 s"):
        ask(provider_for(mock_llm, request_timeout=0.2, stream_ttft_timeout=None))


def test_silence_in_an_answer_ends_it(mock_llm: MockServer) -> None:
    mock_llm.reply("m", stall_reply("mid_stream"))

    def attempt(scale: int) -> None:
        with pytest.raises(StreamInterrupted, match=re.escape(f"within {0.25 * scale:g} s")):
            ask(provider_for(mock_llm, request_timeout=0.25 * scale))

    given_time(attempt)


def test_a_long_answer_is_not_cut_off(mock_llm: MockServer) -> None:
    def attempt(scale: int) -> None:
        mock_llm.clear()
        mock_llm.reply("m", text_reply("one two three four five six", delay_ms=100 * scale))
        limit = 0.4 * scale
        provider = provider_for(mock_llm, request_timeout=limit, stream_ttft_timeout=limit)
        assert ask(provider).content == "one two three four five six"

    given_time(attempt)
