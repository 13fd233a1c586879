# An answer that breaks off after its first delta, and starts anew at a fallback.

import asyncio

from helpers import error_of
from streams import (
    ANSWER,
    DONE,
    HELLO,
    ONCE,
    STOP,
    call,
    chunk,
    deployments,
    json_reply,
    play,
    sent_document,
    sse,
    text,
)

from thinwire.core.answer.events import ContentDelta, StreamRestarted
from thinwire.core.client import AsyncClient
from thinwire.core.errors import ReadError, StatusError, StreamInterrupted, TransportTimeout
from thinwire.core.routing.all_failed import AllAttemptsFailed
from thinwire.core.routing.policy import RetryPolicy, Timeouts
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

RESTART = {"on_interrupt": "restart"}
CUT = ReadError("cut")  # only where nobody looks at its words
GOOD = ScriptedReply([ANSWER])
HEL, LO = ContentDelta("Hel"), ContentDelta("lo")
ERROR = sse({"error": {"message": "no", "code": 502}})


def broken(*deltas, how=CUT):
    return ScriptedReply([sse(*deltas), how])


def outcomes(completion):
    return [(one.deployment, one.outcome) for one in completion.attempts]


def test_the_fallback_begins_anew_and_says_so():
    got = play([broken(text("wrong")), GOOD], options=RESTART)
    assert got.error is None, got.error
    assert got.events == [ContentDelta("wrong"), StreamRestarted("b", "read", 5), HEL, LO]
    done = got.last.completion
    assert (done.content, done.complete, done.deployment) == ("Hello", True, "b")
    assert outcomes(done) == [("a", "interrupted"), ("b", "answered")]


# What breaks it off, and the reason that is given.
REASONS = [
    (CUT, "read"),
    (10**7, "timeout"),
    (ERROR, "server"),
    (sse({"error": {"message": "slow down", "code": 429}}), "rate_limit"),
    (b"", "stream"),
    (b"data: what?\n\n", "stream"),
    (b"event: error\ndata: no\n\n", "server"),
]


def test_the_event_says_why():
    for how, reason in REASONS:
        got = play([broken(text("abc"), how=how), GOOD], options=RESTART)
        assert got.events[1] == StreamRestarted("b", reason, 3), (how, got.events)
        assert got.completion.content == "Hello", how


# What had been handed out, and how many characters of content that is.
VOID = [
    ([text("a"), text("bc")], 3),
    ([text("\u20ac\u00e4\u4f60")], 3),
    ([chunk({"reasoning": "long thoughts"})], 0),
    ([chunk({"reasoning": "hm"}), text("ab")], 2),
    ([chunk({"refusal": "I won't"})], 0),
    ([call(0, "1", "f", '{"a":')], 0),
    ([text("ab"), call(0, "1", "f", "{}")], 2),
    ([chunk({"content": "a"}), chunk({"content": "bcd"}, index=1)], 4),
]


def test_void_chars_counts_content_only():
    for deltas, want in VOID:
        got = play([broken(*deltas), GOOD], options=RESTART)
        found = [item for item in got.events if isinstance(item, StreamRestarted)]
        assert found == [StreamRestarted("b", "read", want)], (deltas, found)


def test_reasoning_and_tool_calls_are_void_too():
    first = broken(
        chunk({"reasoning": "hm"}),
        text("old"),
        call(0, "1", "f", "{}"),
        {"choices": [], "usage": {"total_tokens": 9}},
    )
    got = play([first, GOOD], options=RESTART)
    done = got.last.completion
    assert done.content == "Hello"
    assert (done.reasoning_content, done.tool_calls, done.usage) == (None, [], {})
    assert done.received_bytes == len(ANSWER)
    assert len(done.choices) == 1


def test_nothing_is_restarted_unless_asked_for():
    for options in ({}, {"on_interrupt": "raise"}):
        got = play([broken(text("a")), GOOD], options=options)
        assert isinstance(got.error, StreamInterrupted), got.error
        assert got.partial().content == "a"
        assert len(got.transport.requests) == 1


def test_without_a_fallback_there_is_nothing_to_restart():
    got = play([broken(text("a"))], options=RESTART)
    assert isinstance(got.error, StreamInterrupted), got.error
    got = play([broken(text("a")), GOOD], options=RESTART, model="c")
    assert isinstance(got.error, StreamInterrupted), got.error
    assert (got.partial().content, got.partial().end) == ("a", "error")
    assert len(got.transport.requests) == 1


def test_an_error_that_the_fallback_would_share_is_not_restarted():
    refusal = sse({"error": {"message": "bad", "code": 400}})
    got = play([broken(text("a"), how=refusal), GOOD], options=RESTART)
    assert isinstance(got.error, StreamInterrupted), got.error
    assert isinstance(got.error.cause, StatusError)


def test_a_call_may_choose_otherwise_than_its_client():
    for client, choice, restarted in [
        (None, "restart", True),
        ("raise", "restart", True),
        ("restart", "raise", False),
        ("restart", None, True),
    ]:
        options = {"on_interrupt": client}
        got = play([broken(text("a")), GOOD], options=options, on_interrupt=choice)
        assert (got.error is None) is restarted, (client, choice, got.error)
        assert "on_interrupt" not in sent_document(got.transport)


def test_a_second_interruption_goes_to_the_third():
    got = play([broken(text("one")), broken(text("three"), how=ERROR), GOOD], options=RESTART)
    assert got.events == [
        ContentDelta("one"),
        StreamRestarted("b", "read", 3),
        ContentDelta("three"),
        StreamRestarted("c", "server", 5),
        HEL,
        LO,
    ], got.events
    assert got.completion.content == "Hello"
    assert len(got.completion.attempts) == 3


def test_the_last_interruption_carries_the_last_answer_only():
    got = play([broken(text("one")), broken(text("two")), broken(text("6"))], options=RESTART)
    assert isinstance(got.error, StreamInterrupted), got.error
    assert got.partial().content == "6"
    assert [one.outcome for one in got.partial().attempts] == ["interrupted"] * 3
    assert (got.error.model, got.error.deployment) == ("a", "c")


def test_a_fallback_that_fails_is_left_for_the_next():
    got = play([broken(text("a")), json_reply({}, 503), GOOD], options=RESTART)
    # The event names who was to take over; who did is in the completion.
    assert got.events == [ContentDelta("a"), StreamRestarted("b", "read", 1), HEL, LO]
    assert got.completion.deployment == "c"


def test_a_chain_that_ends_after_a_restart():
    got = play([broken(text("a")), json_reply({}, 503), json_reply({}, 503)], options=RESTART)
    assert isinstance(got.error, AllAttemptsFailed), got.error
    assert [one.outcome for one in got.error.attempts] == ["interrupted", "failed", "failed"]
    assert got.completion.content is None


def test_the_total_clock_covers_restarts():
    slow = ScriptedReply([sse(text("a")), 8000, CUT])
    endless = ScriptedReply([sse(text("b")), 8000, sse(text("c")), 8000])
    limits = Timeouts(total=12)
    got = play([slow, endless, GOOD], options=RESTART, timeouts=limits)
    assert isinstance(got.error, StreamInterrupted), got.error
    assert got.error.cause.phase == "total", got.error
    assert got.transport.now_ms() == 12000
    assert len(got.transport.requests) == 2


def test_each_answer_has_its_own_clocks():
    slow = ScriptedReply([9000, sse(text("a")), 70000])
    second = ScriptedReply([14000, ANSWER])
    got = play([slow, second], options=RESTART)
    assert got.error is None, got.error
    assert got.completion.timings.ttft_ms == 9000 + 60000 + 14000


def test_after_the_finish_reason_nothing_is_restarted():
    got = play([ScriptedReply([sse(text("a"), STOP), CUT]), GOOD], options=RESTART)
    assert got.error is None, got.error
    assert got.completion.content == "a"


def test_messages_that_were_read_once_are_not_sent_again():
    transport = ScriptedTransport([broken(text("a")), GOOD])
    names = deployments("a", "b")
    client = Client("a", names, {"a": ["b"]}, transport=transport, on_interrupt="restart")
    with client.stream(iter(HELLO)) as stream:
        next(stream)
        error_of(StreamInterrupted, next, stream)
    assert len(transport.requests) == 1


def both(replies, retry=ONCE, **options):
    # A client of each kind with the same script, and what runs its call.
    for kind in (Client, AsyncClient):
        transport = ScriptedTransport(replies)
        names = deployments("a", "b")
        yield kind("a", names, {"a": ["b"]}, transport=transport, retry=retry, **options)


def chat(client, **arguments):
    result = client.chat(HELLO, **arguments)
    return asyncio.run(result) if hasattr(result, "send") else result


def test_chat_restarts_silently_when_nobody_saw_anything():
    for how, _ in REASONS:
        for client in both([broken(text("wrong"), how=how), GOOD]):
            done = chat(client)
            assert (done.content, done.deployment, done.complete) == ("Hello", "b", True), how
            assert outcomes(done) == [("a", "interrupted"), ("b", "answered")], how


def test_chat_may_try_the_same_deployment_again():
    for client in both([broken(text("wrong")), GOOD], RetryPolicy(jitter="none")):
        done = chat(client)
        assert (done.content, done.deployment) == ("Hello", "a")
        assert [one.started_ms for one in done.attempts] == [0, 500]


def test_chat_raises_what_somebody_saw_a_part_of():
    for client in both([broken(text("a"), text("b")), GOOD]):
        seen = []
        error = error_of(StreamInterrupted, chat, client, on_delta=seen.append)
        assert (seen, error.partial.content) == (["a", "b"], "ab")


def test_chat_restarts_for_a_listener_that_is_told():
    for options in ({}, {"on_interrupt": "restart"}):
        for client in both([broken(text("a")), GOOD], **options):
            seen = []
            told = lambda event, seen=seen: seen.append(event.void_chars)  # noqa: E731
            done = chat(client, on_delta=seen.append, on_restart=told)
            assert (seen, done.content) == (["a", 1, "Hel", "lo"], "Hello")


def test_chat_never_restarts_behind_a_listeners_back():
    for client in both([broken(text("a")), GOOD], on_interrupt="restart"):
        seen = []
        error_of(StreamInterrupted, chat, client, on_delta=seen.append)
        assert seen == ["a"]
    for client in both([GOOD]):
        options = {"on_delta": seen.append, "on_interrupt": "restart"}
        assert "on_restart" in str(error_of(ValueError, chat, client, **options))


# What the client says, what the call says, whether they can be told; then what counts, or "".
TELLING = [
    (None, None, True, "restart"),
    (None, None, False, "raise"),
    (None, "raise", True, "raise"),
    (None, "restart", True, "restart"),
    (None, "restart", False, ""),
    ("restart", None, True, "restart"),
    ("restart", None, False, "raise"),
    ("restart", "raise", False, "raise"),
    ("raise", None, True, "raise"),
    ("raise", "restart", True, "restart"),
    ("raise", "restart", False, ""),
]


def test_text_is_void_only_for_those_who_are_told():
    for client_says, call_says, told, want in TELLING:
        case = (client_says, call_says, told)
        for client in both([broken(text("a")), GOOD], on_interrupt=client_says):
            options = {"on_delta": len, "on_interrupt": call_says}
            if told:
                options["on_restart"] = one_is_void
            if want == "restart":
                assert chat(client, **options).content == "Hello", case
            else:
                kind = StreamInterrupted if want else ValueError
                error_of(kind, chat, client, **options)


def one_is_void(event):
    assert event.void_chars == 1


def test_chat_raises_when_told_to():
    for client in both([broken(text("a")), GOOD]):
        error = error_of(StreamInterrupted, chat, client, on_interrupt="raise")
        assert error.partial.content == "a"
    for client in both([broken(text("a")), GOOD], on_interrupt="raise"):
        error_of(StreamInterrupted, chat, client)
    for client in both([broken(text("a")), GOOD], on_interrupt="raise"):
        assert chat(client, on_interrupt="restart").content == "Hello"


def test_chat_raises_the_last_interruption():
    for client in both([broken(text("old")), broken(text("new"), how=10**7)]):
        error = error_of(StreamInterrupted, chat, client)
        assert error.partial.content == "new"
        assert isinstance(error.cause, TransportTimeout)
        assert [one.outcome for one in error.partial.attempts] == ["interrupted"] * 2


def test_leaving_after_a_restart_closes_the_new_stream():
    transport = ScriptedTransport([broken(text("a")), GOOD])
    names = deployments("a", "b")
    client = Client("a", names, {"a": ["b"]}, transport=transport, **RESTART)
    with client.stream(HELLO) as stream:
        events = [next(stream) for _ in range(3)]
        assert events[2] == HEL
    assert transport.open_responses == 0
    assert outcomes(stream.completion) == [("a", "interrupted"), ("b", "cancelled")]
    assert (stream.completion.content, stream.completion.end) == ("Hel", "closed")


def test_leaving_at_the_restart_sends_nothing():
    transport = ScriptedTransport([broken(text("a")), GOOD])
    names = deployments("a", "b")
    client = Client("a", names, {"a": ["b"]}, transport=transport, **RESTART)
    with client.stream(HELLO) as stream:
        events = [next(stream) for _ in range(2)]
        assert isinstance(events[1], StreamRestarted)
    assert len(transport.requests) == 1
    assert transport.open_responses == 0


def test_a_stream_without_end_mark_restarts_each_time_it_is_cut():
    # However the bytes are cut, nothing of the old answer gets into the new one.
    data = sse(text("Wr"), text("ong"))
    for end in range(1, len(data)):
        got = play([ScriptedReply([data[:end], CUT]), GOOD], options=RESTART)
        assert got.error is None, (end, got.error)
        assert got.completion.content == "Hello", end
        restarts = [item for item in got.events if isinstance(item, StreamRestarted)]
        whole = data[:end].count(b"\n\n")
        assert len(restarts) == (1 if whole else 0), (end, got.events)


def test_a_body_that_ends_after_done_is_whole():
    got = play([ScriptedReply([sse(text("a"), STOP) + DONE, CUT]), GOOD], options=RESTART)
    assert (got.error, got.completion.content) == (None, "a")
