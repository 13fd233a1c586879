"""Chunks put together: events, choices, completion."""

import json

from helpers import error_of
from streams import STOP, call, chunk, text

from thinwire.core.answer.assembler import CompletionAssembler
from thinwire.core.answer.completion import Timings
from thinwire.core.answer.events import ContentDelta, ReasoningDelta, RefusalDelta
from thinwire.core.answer.tool_calls import ToolCallDelta, ToolCallStarted
from thinwire.core.errors import StreamError

A, B = ContentDelta("a"), ContentDelta("b")


def assembled(*objs):
    assembler = CompletionAssembler()
    for obj in objs:
        assembler.receive(obj)
    return assembler


def completed(*objs):
    return assembled(*objs).completion(True)


# Chunks, then the events they cause.
EVENTS = [
    ([], []),
    ([{}], []),
    ([{"choices": None}], []),
    ([{"choices": []}], []),
    ([{"choices": [None]}], []),
    ([{"choices": [{"delta": None}]}], []),
    ([{"choices": [{"delta": []}]}], []),
    ([{"choices": [{"delta": "a"}]}], [ContentDelta("a")]),
    ([{"choices": [{"message": "a"}]}], [ContentDelta("a")]),
    ([{"choices": {"delta": {"content": "a"}}}], [ContentDelta("a")]),
    ([{"choices": ["a"]}], [ContentDelta("a")]),
    ([chunk({"role": "assistant"})], []),
    ([chunk({"role": "assistant", "content": ""})], []),
    ([chunk({"content": None})], []),
    ([chunk({"tool_calls": None})], []),
    ([chunk({"tool_calls": {}})], []),
    ([chunk({"tool_calls": [None]})], []),
    ([text("a"), text("b")], [ContentDelta("a"), ContentDelta("b")]),
    ([chunk({"content": [{"type": "text", "text": "a"}]})], [ContentDelta("a")]),
    ([{"choices": [{"delta": {"content": "a"}}]}], [ContentDelta("a")]),
    ([{"choices": [{"index": "0", "delta": {"content": "a"}}]}], [ContentDelta("a")]),
    ([{"choices": [{"message": {"content": "a"}}]}], [ContentDelta("a")]),
    ([{"choices": [{"delta": {}, "message": {"content": "a"}}]}], [ContentDelta("a")]),
    ([chunk({"reasoning": "a"})], [ReasoningDelta("a")]),
    ([chunk({"reasoning_content": "a"})], [ReasoningDelta("a")]),
    ([chunk({"refusal": "a"})], [RefusalDelta("a")]),
    (
        [chunk({"content": "b", "reasoning": "a", "refusal": "c"})],
        [ReasoningDelta("a"), ContentDelta("b"), RefusalDelta("c")],
    ),
    ([call(0, "1", "f", "[]")], [ToolCallStarted(0, "1", "f"), ToolCallDelta(0, "[]")]),
    (
        [chunk({"content": "a"}, index=1), chunk({"content": "b"}, index=0)],
        [ContentDelta("a", 1), ContentDelta("b", 0)],
    ),
]


def test_chunks_cause_events():
    for objs, want in EVENTS:
        got = assembled(*objs).events
        assert got == want, (objs, got)


def test_two_calls_in_one_chunk():
    two = [
        {"index": 0, "id": "1", "function": {"name": "f", "arguments": "{}"}},
        {"index": 1, "id": "2", "function": {"name": "g", "arguments": "{}"}},
    ]
    got = [one.name for one in completed(chunk({"tool_calls": two})).tool_calls]
    assert got == ["f", "g"], got


def test_the_answer_is_put_together():
    got = completed(
        chunk({"role": "assistant", "reasoning": "hm"}),
        chunk({"reasoning": "m"}),
        text("Hel"),
        text("lo"),
        chunk({"refusal": "n"}),
        chunk({"refusal": "o"}),
        call(0, "1", "f", "{}"),
        chunk({}, "stop"),
    )
    assert got.content == "Hello"
    assert got.reasoning_content == "hmm"
    assert got.refusal == "no"
    assert got.has_tool_calls
    assert got.finish_reason == "stop"
    assert (got.id, got.upstream_model) == ("cmpl-1", "upstream")


def test_what_did_not_come_is_none():
    got = completed()
    nothing = (got.content, got.reasoning_content, got.refusal, got.finish_reason, got.cost)
    assert nothing == (None, None, None, None, None), nothing
    assert got.tool_calls == []
    assert not got.has_tool_calls
    assert got.usage == {}
    assert got.service_tier is None
    assert len(got.choices) == 1


def test_an_unknown_finish_reason_is_kept():
    for sent, want in [("weird", "weird"), ("", None), (None, None), (3, "3"), (0, None)]:
        got = completed(chunk({}, sent)).finish_reason
        assert got == want, (sent, got)


def test_first_id_and_model_count():
    got = completed({"id": "1", "model": "m"}, {"id": "2", "model": "n"}, {"id": None})
    assert (got.id, got.upstream_model) == ("1", "m")


# Where usage stands: in a chunk of its own, in the last one, in Groq's place.
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
ZEROS = dict.fromkeys(USAGE, 0)

USAGES = [
    [text("a"), {"choices": [], "usage": USAGE}],
    [dict(text("a"), usage=USAGE)],
    [text("a"), dict(chunk({}, "stop"), usage=USAGE), {"choices": [], "usage": None}],
    [text("a"), dict(chunk({}, "stop"), x_groq={"usage": USAGE})],
    [dict(text("a"), x_groq={"id": "r"}), dict(chunk({}, "stop"), usage=USAGE)],
    [dict(text("a"), usage={"total_tokens": 1}), {"choices": None, "usage": USAGE}],
    # Moonshot's place.
    [text("a"), chunk({}, "stop", usage=USAGE)],
    # Placeholders before the real counts, and behind.
    [dict(text("a"), usage=ZEROS), dict(text("b"), usage=ZEROS), dict(STOP, usage=USAGE)],
    [dict(text("a"), usage=USAGE), dict(text("b"), usage=ZEROS), dict(STOP, usage={})],
    [dict(text("a"), usage=USAGE), dict(STOP, usage=dict.fromkeys(USAGE))],
    [dict(text("a"), usage=dict(USAGE, completion_tokens=0)), dict(STOP, usage=USAGE)],
    [
        dict(text("a"), usage={"prompt_tokens": 3, "completion_tokens": 0, "total_tokens": 5}),
        dict(STOP, usage={"prompt_tokens": 0, "completion_tokens": 2, "total_tokens": None}),
    ],
]


def test_usage_is_kept_wherever_it_stands():
    for objs in USAGES:
        got = completed(*objs).usage
        assert got == USAGE, (objs, got)


def test_zeros_in_the_details_take_no_place_of_counts():
    usage = {"prompt_tokens_details": {"cached_tokens": 7}, "cost": 0.25}
    zeros = {"prompt_tokens_details": {"cached_tokens": 0}, "cost": 0, "total_tokens": 3}
    got = completed({"usage": usage}, {"usage": zeros})
    assert (got.cost, got.usage["cached_tokens"], got.usage["total_tokens"]) == (0.25, 7, 3)
    assert got.usage["prompt_tokens_details"] == {"cached_tokens": 7}
    assert completed({"usage": ZEROS}).usage == ZEROS


def test_fields_of_others_can_be_reached():
    got = completed(
        dict(text("a"), system_fingerprint="fp_1", citations=["https://a.test"]),
        chunk({"content": "b"}, content_filter_results={"hate": {"filtered": False}}, empty=None),
        chunk({}, "stop", native_finish_reason="STOP", usage="many", logprobs=3),
        chunk({}, "stop", index=1, native_finish_reason="MAX"),
        {"usage": "none"},
    )
    want = {
        "system_fingerprint": "fp_1",
        "citations": ["https://a.test"],
        "content_filter_results": {"hate": {"filtered": False}},
        "native_finish_reason": "STOP",
        "logprobs": 3,
        "usage": "none",
    }
    assert got.extra == want, got.extra
    assert got.choices[1].beside == {"native_finish_reason": "MAX"}
    assert "native_finish_reason" not in got.to_message()


def test_cost_cached_tokens_and_service_tier():
    usage = {"cost": 0.25, "prompt_tokens_details": {"cached_tokens": 7}}
    got = completed({"usage": usage, "service_tier": "flex"}, {"service_tier": None})
    assert (got.cost, got.usage["cached_tokens"], got.service_tier) == (0.25, 7, "flex")


def test_choices_are_in_order_of_their_index():
    got = completed(
        chunk({"content": "b"}, index=1), chunk({"content": "a"}, "stop", index=0)
    ).choices
    assert [(one.index, one.content) for one in got] == [(0, "a"), (1, "b")]


def test_choices_may_be_numbered_from_one():
    got = completed(chunk({"content": "a"}, "stop", index=1))
    assert (got.content, got.finish_reason, len(got.choices)) == ("a", "stop", 1)


# Chunks, then whether nothing more is to come.
FINISHED = [
    ([], False),
    ([text("a")], False),
    ([text("a"), chunk({}, "stop")], True),
    ([chunk({}, "stop", index=0), chunk({"content": "b"}, index=1)], False),
    ([chunk({}, "stop", index=0), chunk({"content": "b"}, "length", index=1)], True),
]


def test_an_answer_of_too_many_choices_is_none():
    assembler = CompletionAssembler()
    for index in range(256):
        assembler.receive(chunk({}, index=index))
    error = error_of(StreamError, assembler.receive, chunk({}, index=256))
    assert str(error) == "the answer has more than 256 choices", error


def test_looking_at_an_answer_changes_nothing():
    assembler = CompletionAssembler()
    assert assembler.completion(False).content is None
    assembler.receive(chunk({"content": "a"}, "stop", index=1))
    assert assembler.finished()


def test_it_is_finished_once_each_choice_is():
    for objs, want in FINISHED:
        got = assembled(*objs).finished()
        assert got is want, (objs, got)


def test_an_incomplete_answer_has_no_guessed_arguments():
    assembler = assembled(call(0, "1", "f", ""))
    assert assembler.completion(False).tool_calls[0].arguments is None
    assert assembler.completion(True).tool_calls[0].arguments == {}


def test_the_answer_as_a_message():
    assert completed(text("a")).to_message() == {"role": "assistant", "content": "a"}
    got = completed(call(0, "1", "f", "{}")).to_message()
    assert got["content"] == ""
    assert got["tool_calls"][0]["function"] == {"name": "f", "arguments": "{}"}


def test_a_completion_shows_what_it_is():
    got = repr(completed(text("a"), chunk({}, "stop")))
    assert got == "Completion(content='a', tool_calls=[], finish_reason='stop', end='')", got


# Time of the first and of the last token, number of tokens, tokens per second.
SPEEDS = [
    (None, None, 3, 0.0),
    (5, 5, 3, 0.0),
    (0, 1000, 3, 2.0),
    (500, 1000, 3, 4.0),
    (500, 1000, 0, 0.0),
    (500, 1000, 1, 0.0),
]


def test_the_speed_between_first_and_last_token():
    for first, last, tokens, want in SPEEDS:
        timings = Timings()
        timings.ttft_ms, timings.last_token_ms = first, last
        got = timings.tokens_per_s(tokens)
        assert got == want, (first, last, tokens, got)


def test_reasoning_details_are_kept_as_they_came():
    first = {"type": "reasoning.text", "text": "hm", "index": 0, "format": None}
    second = {"type": "reasoning.encrypted", "data": "x=="}
    got = completed(
        chunk({"reasoning": "hm", "reasoning_details": [first]}),
        chunk({"reasoning_details": [second]}),
        chunk({"reasoning_details": None}),
    )
    assert got.reasoning_details == [first, second]
    assert got.reasoning_content == "hm"
    assert got.to_message()["reasoning_details"] == [first, second]


def test_reasoning_in_the_details_only_is_reasoning():
    got = completed(
        chunk({"reasoning_details": [{"text": "a"}, {"summary": "b"}, {"data": "x"}, None]}),
    )
    assert got.reasoning_content == "ab"


def test_logprobs_are_kept():
    got = completed(
        chunk({"content": "a"}, logprobs={"content": [{"token": "a"}], "refusal": None}),
        chunk({"content": "b"}, logprobs={"content": [{"token": "b"}]}),
        chunk({"content": "c"}, logprobs=None),
    )
    assert got.logprobs["content"] == [{"token": "a"}, {"token": "b"}]


def test_a_half_character_at_the_end_is_replaced():
    half = json.loads('"\\ud83d"')
    for name in ("content", "reasoning", "refusal"):
        got = completed(chunk({name: "a" + half}), chunk({}, "stop"))
        texts = (got.content, got.reasoning_content, got.refusal)
        assert [one for one in texts if one] == ["a\ufffd"], texts


def test_a_message_beside_the_deltas_is_not_said_twice():
    whole = {"role": "assistant", "content": "Hello"}
    got = assembled(
        chunk({"role": "assistant"}),
        chunk({"content": "Hello"}),
        {"choices": [{"index": 0, "delta": {}, "message": whole, "finish_reason": "stop"}]},
        {"choices": [{"index": 0, "message": whole}]},
    )
    assert got.completion(True).content == "Hello"
    assert len(got.events) == 1


def test_thinking_parts_are_reasoning():
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    got = completed(chunk({"content": [thinking, {"type": "text", "text": "Hi"}, "!"]}))
    assert (got.reasoning_content, got.content) == ("hm", "Hi!")


def test_speed_is_that_of_the_servers_own_count():
    for tokens, want in [(0, 0.0), (11, 10.0), (None, 0.0)]:
        assembler = CompletionAssembler()
        assembler.receive({"choices": [], "usage": {"completion_tokens": tokens}})
        done = assembler.completion(True)
        done.timings.ttft_ms, done.timings.last_token_ms = 500, 1500
        assert done.tokens_per_s == want, tokens


def test_what_is_handed_out_does_not_grow():
    got = assembled(chunk({"content": "Hel", "reasoning_content": "h"}))
    early = got.completion(False)
    got.receive(chunk({"content": "lo"}, logprobs={"content": [{"token": "lo"}]}))
    got.receive(chunk({"tool_calls": [{"index": 0, "id": "1", "function": {"name": "f"}}]}))
    late = got.completion(False)
    assert (early.content, late.content) == ("Hel", "Hello")
    assert early.pieces() == ["Hel"], early.pieces()
    assert (early.logprobs, early.tool_calls) == ({}, [])
    assert len(late.tool_calls) == 1


def test_choices_and_timings_print_what_they_hold():
    done = completed(chunk({"content": "a"}), chunk({}, "stop"))
    want = "Choice(0, content='a', tool_calls=[], finish_reason='stop')"
    assert repr(done.choices[0]) == want, repr(done.choices[0])
    done.timings.ttft_ms = 5
    got = repr(done.timings)
    assert got.startswith("Timings(connect_ms=None, "), got
    assert "ttft_ms=5" in got, got
