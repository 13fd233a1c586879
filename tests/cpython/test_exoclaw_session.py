"""The exoclaw provider takes the conversation's name from exoclaw's log context, and sends it as
exoclaw does.
"""

import sys
from typing import Any

import pytest
import structlog
from structlog.contextvars import bound_contextvars
from support.exoclaw_face import ask

from thinwire import Deployment, OpenAIStreamingProvider, RetryPolicy
from thinwire.testing import MockServer, status_reply, text_reply


def sent_with(server: MockServer, session: object, **options: Any) -> dict[str, Any]:
    """What is sent while `session` is bound; None: nothing is."""
    place = Deployment(server.base_url, **options)
    return sent_by(OpenAIStreamingProvider("m", {"m": place}), server, session)


def sent_by(
    provider: OpenAIStreamingProvider, server: MockServer, session: object
) -> dict[str, Any]:
    if session is None:
        ask(provider)
    else:
        with bound_contextvars(**{"session.key": session}):
            ask(provider)
    sent: dict[str, Any] = server.requests[-1].json()
    return sent


def test_it_is_the_user(mock_llm: MockServer) -> None:
    assert sent_with(mock_llm, "s1")["user"] == "s1"
    assert sent_with(mock_llm, 7)["user"] == "7"
    for nobody in (None, "", 0):
        assert "user" not in sent_with(mock_llm, nobody)


def test_a_deployment_may_say_otherwise(mock_llm: MockServer) -> None:
    assert sent_with(mock_llm, "s1", session_field="user")["user"] == "s1"
    other = sent_with(mock_llm, "s1", session_field="prompt_cache_key")
    assert (other["prompt_cache_key"], "user" in other) == ("s1", False)
    assert sent_with(mock_llm, "s1", extra_body={"user": "mine"})["user"] == "mine"
    for session in ("s1", None):
        assert "user" not in sent_with(mock_llm, session, drop=("user",))


def test_each_deployment_of_a_chain_has_its_own_say(mock_llm: MockServer) -> None:
    mock_llm.reply("first", status_reply(503))
    mock_llm.reply("second", status_reply(503))
    url, retry = mock_llm.base_url, RetryPolicy(attempts=1)
    places = {
        "first": Deployment(url, extra_body={"user": "mine"}),
        "second": Deployment(url, "key", extra_headers={"X-A": "b"}, title="t"),
        "third": Deployment(url, retry=retry, extra_body={"seed": 1}),
    }
    chain = {"first": ["second", "third"]}
    with structlog.testing.capture_logs():
        sent_by(OpenAIStreamingProvider("first", places, chain), mock_llm, "s1")
    _, second, third = mock_llm.requests
    users = [request.json()["user"] for request in mock_llm.requests]
    assert users == ["mine", "s1", "s1"]
    assert (second.header("x-a"), second.header("x-title")) == ("b", "t")
    assert second.header("authorization") == "Bearer key"
    assert third.json()["seed"] == 1


def test_without_structlog_there_is_none(
    mock_llm: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "structlog.contextvars")
    assert "user" not in sent_with(mock_llm, None, session_field="user")


def test_it_keeps_the_provider_of_the_last_answer(mock_llm: MockServer) -> None:
    mock_llm.reply("m", text_reply("hi"))
    place = Deployment(mock_llm.base_url, session_affinity=True)
    provider = OpenAIStreamingProvider("m", {"m": place})
    handed: list[str] = []
    chat = provider._client.chat  # noqa: SLF001

    async def spy(*messages: Any, **options: Any) -> Any:
        handed.append(options["session"])
        return await chat(*messages, **options)

    provider._client.chat = spy  # type: ignore[method-assign]  # noqa: SLF001
    with bound_contextvars(**{"session.key": "s1"}):
        ask(provider)
    assert handed == ["s1"]
