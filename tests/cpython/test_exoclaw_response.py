"""What the exoclaw provider makes of an answer: its response, and its deltas on the way."""

import asyncio
from collections.abc import Iterator

import pytest
from exoclaw.providers.types import LLMResponse
from support.exoclaw_face import HELLO, TOOLS, ask, provider_for, with_fallback
from support.order import held

from thinwire.testing import (
    DONE,
    MockReply,
    MockServer,
    Send,
    sse_event,
    sse_reply,
    text_reply,
    tool_reply,
)
from thinwire.testing.replies.steps import Step

# The response.


def test_a_whole_response(mock_llm: MockServer) -> None:
    extra = sse_event(
        {
            "choices": [],
            "service_tier": "flex",
            "usage": {
                "prompt_tokens": 5,
                "completion_tokens": 2,
                "total_tokens": 7,
                "cost": 0.25,
                "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
                "is_byok": False,
            },
        }
    )
    thought = sse_event({"choices": [{"delta": {"reasoning": "Hm."}}]})
    words = sse_event({"choices": [{"delta": {"content": "Hi"}, "finish_reason": "length"}]})
    mock_llm.reply("m", sse_reply(thought, words, extra, DONE))
    assert ask(provider_for(mock_llm)) == LLMResponse(
        content="Hi",
        finish_reason="length",
        usage={"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7, "cached_tokens": 4},
        reasoning_content="Hm.",
        cost=0.25,
        service_tier="flex",
    )


def test_without_a_finish_reason_a_complete_answer_stopped(mock_llm: MockServer) -> None:
    mock_llm.reply("m", text_reply("Hi", finish_reason=None, usage=False))
    response = ask(provider_for(mock_llm))
    assert (response.content, response.finish_reason, response.usage) == ("Hi", "stop", {})
    assert (response.cost, response.service_tier) == (None, None)
    assert response.thinking_blocks is None
    assert not response.has_tool_calls


def test_odd_counts_are_no_counts(mock_llm: MockServer) -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": None, "total_tokens": True, "cost": "dear"}
    mock_llm.reply("m", text_reply("Hi", usage=usage))
    response = ask(provider_for(mock_llm))
    assert response.usage == {"prompt_tokens": 3, "completion_tokens": 0, "total_tokens": 0}
    assert response.cost is None


def test_a_refusal_is_not_lost(mock_llm: MockServer) -> None:
    mock_llm.reply("m", text_reply("", refusal="I will not."))
    assert ask(provider_for(mock_llm)).content == "I will not."


ARGUMENTS = [
    ('{"path": "a.txt", "n": 1}', {"path": "a.txt", "n": 1}),
    ("", {}),
    ("{'path': 'a.txt',}", {"path": "a.txt"}),
    ('{"path": "a.txt"', {"path": "a.txt"}),
    ('```json\n{"path": "a.txt"}\n```', {"path": "a.txt"}),
    ('{"path": "\\ud83d"', {"path": "\ufffd"}),
    ('["a.txt"]', {}),
    ("no idea", {}),
    ("[" * 100_000, {}),
]


@pytest.mark.parametrize(("raw", "want"), ARGUMENTS, ids=range(len(ARGUMENTS)))
def test_arguments_are_always_a_dict(mock_llm: MockServer, raw: str, want: object) -> None:
    mock_llm.reply("m", tool_reply([("look", raw)], fragment=4096))
    (call,) = ask(provider_for(mock_llm), HELLO, TOOLS).tool_calls
    assert (call.id, call.name, call.arguments) == ("call_1", "look", want)


def test_a_call_without_an_id_gets_one_that_every_provider_takes(mock_llm: MockServer) -> None:
    calls = [{"index": n, "function": {"name": "look", "arguments": "{}"}} for n in (0, 1)]
    chunk = {"choices": [{"delta": {"tool_calls": calls}, "finish_reason": "tool_calls"}]}
    mock_llm.reply("m", sse_reply(sse_event(chunk), DONE))
    ids = [call.id for call in ask(provider_for(mock_llm)).tool_calls]
    assert len(set(ids)) == 2
    assert all(len(id) == 9 and id.isascii() and id.isalnum() for id in ids)


# Deltas.


def test_deltas_are_awaited_as_they_arrive(mock_llm: MockServer) -> None:
    seen: list[str] = []
    words = ["one", " two", " three"]

    def steps() -> Iterator[Step]:
        # Each but the first is sent when the one before has been seen.
        for number, word in enumerate(words):
            chunk = {"choices": [{"index": 0, "delta": {"content": word}}]}
            yield from held(lambda number=number: len(seen) == number, Send(sse_event(chunk)))
        last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        yield Send(sse_event(last) + DONE)

    headers = [("Content-Type", "text/event-stream")]
    mock_llm.reply("m", lambda request: MockReply(steps=steps(), headers=headers))

    async def on_delta(text: str) -> None:
        await asyncio.sleep(0)
        seen.append(text)

    response = ask(provider_for(mock_llm), on_delta=on_delta)
    assert seen == words
    assert response.content == "one two three"


@pytest.mark.parametrize("error", [TimeoutError("mine"), KeyError("mine"), OSError("mine")])
def test_an_error_in_on_delta_reaches_the_caller(mock_llm: MockServer, error: Exception) -> None:
    mock_llm.reply("m", text_reply("one two three"))
    provider = with_fallback(mock_llm)

    async def on_delta(text: str) -> None:
        raise error

    with pytest.raises(type(error), match="mine"):
        ask(provider, on_delta=on_delta)
    assert len(mock_llm.requests) == 1
