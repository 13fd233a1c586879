"""The exoclaw provider takes the conversation's name from exoclaw's log context."""

import sys
from typing import Any

import pytest
from structlog.contextvars import bound_contextvars
from support.exoclaw_face import ask

from thinwire import Deployment, OpenAIStreamingProvider
from thinwire.testing import MockServer, text_reply


def sent_with(server: MockServer, session: object, **options: Any) -> dict[str, Any]:
    """What is sent while `session` is bound; None: nothing is."""
    place = Deployment(server.base_url, **options)
    provider = OpenAIStreamingProvider("m", {"m": place})
    if session is None:
        ask(provider)
    else:
        with bound_contextvars(**{"session.key": session}):
            ask(provider)
    sent: dict[str, Any] = server.requests[-1].json()
    return sent


def test_it_is_sent_where_a_deployment_has_a_field_for_it(mock_llm: MockServer) -> None:
    assert sent_with(mock_llm, "s1", session_field="user")["user"] == "s1"
    assert sent_with(mock_llm, "s1", session_field="prompt_cache_key")["prompt_cache_key"] == "s1"


def test_it_is_sent_to_nobody_else(mock_llm: MockServer) -> None:
    assert "s1" not in str(sent_with(mock_llm, "s1"))
    for session in (None, "", 7):
        assert "user" not in sent_with(mock_llm, session, session_field="user")


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
