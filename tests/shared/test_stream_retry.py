# The pump carries out what the plan decides: retries after a wait, on the script's clock.

import asyncio
import json

from helpers import Later, error_of
from streams import (
    ANSWER,
    HELLO,
    deployments,
    json_reply,
    play,
    sent_document,
    sse,
    text,
)

from thinwire.core._compat import MICROPYTHON
from thinwire.core.client import AsyncClient
from thinwire.core.errors import (
    ConnectError,
    EncodeError,
    ReadError,
    StatusError,
    StreamInterrupted,
    TransportTimeout,
)
from thinwire.core.routing.all_failed import AllAttemptsFailed
from thinwire.core.routing.deployment import Deployment
from thinwire.core.routing.policy import RetryPolicy, Timeouts
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

GOOD = ScriptedReply([ANSWER])
CUT = ReadError("cut")  # only where nobody looks at its words
STEADY = RetryPolicy(jitter="none")
ALONE = {"model": "c"}  # has no fallback in play()


def refused(status=503, headers=None):
    return json_reply({"error": {"message": "no"}}, status, headers)


def tried(replies, retry=STEADY, options=None, **arguments):
    fields = {"retry": retry}
    fields.update(options or {})
    return play(replies, options=fields, **arguments)


def path(got):
    # Where each attempt went, when it began, and what came of it.
    return [(one.deployment, one.started_ms, one.outcome) for one in got.completion.attempts]


def test_a_deployment_is_tried_again_after_a_wait():
    got = tried([CUT, GOOD])
    assert got.error is None, got.error
    assert path(got) == [("a", 0, "failed"), ("a", 500, "answered")], path(got)
    assert got.completion.content == "Hello"
    assert got.completion.timings.total_ms == 500
    assert [item.text for item in got.events] == ["Hel", "lo"]


def test_then_the_fallback_is_tried_as_often():
    got = tried([CUT, refused(), CUT, GOOD])
    want = [("a", 0), ("a", 500), ("b", 500), ("b", 1000)]
    assert [one[:2] for one in path(got)] == want, path(got)


def test_waits_grow_up_to_the_cap():
    retry = RetryPolicy(attempts=5, cap=3, jitter="none")
    got = tried([CUT, CUT, CUT, CUT, GOOD], retry, **ALONE)
    assert [one[1] for one in path(got)] == [0, 500, 1500, 3500, 6500], path(got)


def test_jitter_stays_within_its_bounds():
    for jitter, least, most in [("full", 0, 500), ("equal", 250, 500)]:
        for _ in range(5):
            transport = ScriptedTransport([CUT, GOOD])
            retry = RetryPolicy(jitter=jitter)
            client = Client("a", deployments("a"), transport=transport, retry=retry)
            waited = client.chat(HELLO).attempts[1].started_ms
            assert least <= waited <= most, (jitter, waited)


# Headers of a 429 and when the next attempt begins, alone and with a healthy fallback.
ASKED = [
    ({"retry-after": "2"}, 2000, "a"),
    ({"retry-after": "8"}, 8000, "a"),
    ({"retry-after-ms": "1234", "retry-after": "9"}, 1234, "a"),
    ({"retry-after": "0"}, 0, "a"),
    ({"retry-after": "9"}, 9000, "b"),
    ({"retry-after": "60"}, 60000, "b"),
    ({"retry-after": "61"}, None, "b"),
    ({"retry-after": "7200"}, None, "b"),
    (
        {
            "retry-after": "Wed, 21 Oct 2026 07:28:05 GMT",
            "date": "Wed, 21 Oct 2026 07:28:00 GMT",
        },
        5000,
        "a",
    ),
]


def test_the_server_says_how_long_to_wait():
    for headers, when, _ in ASKED:
        got = tried([refused(429, headers), GOOD], **ALONE)
        if when is None:
            assert isinstance(got.error, StatusError), (headers, got.error)
            assert got.transport.now_ms() == 0, headers
        else:
            assert path(got)[1] == ("c", when, "answered"), (headers, path(got))


def test_a_long_wait_is_left_for_a_healthy_fallback():
    for headers, when, name in ASKED:
        got = tried([refused(429, headers), GOOD])
        want = (name, when if name == "a" else 0, "answered")
        assert path(got)[1] == want, (headers, path(got))


def test_the_server_says_whether_to_try_again():
    got = tried([refused(400, {"x-should-retry": "true"}), GOOD], **ALONE)
    assert path(got)[1] == ("c", 500, "answered")
    got = tried([refused(503, {"x-should-retry": "false"}), GOOD])
    assert path(got)[1] == ("b", 0, "answered")


def test_a_clock_that_ran_out_leads_to_the_fallback():
    got = tried([ScriptedReply([20000]), GOOD])
    assert path(got) == [("a", 0, "failed"), ("b", 15000, "answered")], path(got)
    got = tried([ScriptedReply([20000]), GOOD], **ALONE)
    assert path(got) == [("c", 0, "failed"), ("c", 15500, "answered")], path(got)


def test_no_sleep_that_cannot_pay_off():
    limits = Timeouts(total=5)
    got = tried([refused(429, {"retry-after": "5"}), GOOD], timeouts=limits, **ALONE)
    assert isinstance(got.error, StatusError), got.error
    assert got.transport.now_ms() == 0
    got = tried([refused(429, {"retry-after": "4"}), GOOD], timeouts=limits, **ALONE)
    assert path(got)[1] == ("c", 4000, "answered")


def test_the_total_clock_covers_the_waits():
    got = tried([refused(429, {"retry-after": "4"}), ScriptedReply([9000])], **total(5))
    assert isinstance(got.error, AllAttemptsFailed), got.error
    assert [one.kind for one in errors(got)] == ["rate_limit", "timeout"], got.error
    assert got.error.attempts[1].error.phase == "total"
    assert got.transport.now_ms() == 5000


def total(seconds):
    return dict(ALONE, timeouts=Timeouts(total=seconds))


def errors(got):
    return [one.error for one in got.error.attempts]


def test_the_bodies_of_all_attempts_are_whole_and_the_same():
    got = tried([CUT, refused(), ConnectError("x"), GOOD], tools=[{"type": "function"}], seed=1)
    documents = [json.loads(body) for body in got.transport.sent]
    models = [one.pop("model") for one in documents]
    assert models == ["a", "a", "b", "b"], models
    for document in documents:
        assert document == documents[0], document
        assert document["messages"] == HELLO
        assert (document["seed"], document["tools"]) == (1, [{"type": "function"}])
    assert got.transport.sent[0] == got.transport.sent[1]


def test_attempts_say_how_long_they_took_and_what_they_sent():
    slow = ScriptedReply([3000, CUT])
    got = tried([slow, refused(), ScriptedReply([100, ANSWER])])
    tries = got.completion.attempts
    assert [(one.number, one.deployment) for one in tries] == [(1, "a"), (2, "a"), (3, "b")]
    assert [one.ms for one in tries] == [3000, 0, 100], tries
    assert [one.started_ms for one in tries] == [0, 3500, 3500], tries
    assert [one.status for one in tries] == [200, 503, 200], tries
    assert [one.sent_bytes for one in tries] == [len(body) for body in got.transport.sent]
    assert [one.hedge for one in tries] == [False] * 3
    assert got.completion.timings.total_ms == 3600


def test_all_attempts_failed_tells_each():
    slow = ScriptedReply([3000, ConnectError("reset")])
    got = tried([slow, refused(401)])
    error = got.error
    assert isinstance(error, AllAttemptsFailed), error
    sizes = tuple([len(body) for body in got.transport.sent])
    want = (
        "all 2 attempts failed; a: reset (asked: POST https://a.test/v1/chat/completions)"
        " (3000 ms, %d bytes sent); "
        "a: status 401: no (0 ms, %d bytes sent)"
    )
    assert str(error) == want % sizes, error
    assert error.attempts == tuple(got.completion.attempts)
    assert (error.model, error.deployment) == ("a", "a")


# Failures in their order, and which of them says most.
TELLING = [
    ([refused(429), CUT], 0),
    ([CUT, refused(429)], 1),
    ([refused(503), refused(429)], 1),
    ([refused(503), ScriptedReply([])], 0),
    ([CUT, ScriptedReply([])], 1),
    ([CUT, ConnectError("x")], 1),
    ([refused(429), refused(401)], 1),
]


def test_the_most_telling_error_is_the_last_and_the_cause():
    for replies, place in TELLING:
        error = tried(replies, **ALONE).error
        assert isinstance(error, AllAttemptsFailed), error
        want = error.attempts[place].error
        assert error.last is want, (place, error)
        assert error.cause is want, error
        assert (error.kind, error.retryable) == (want.kind, want.retryable)
        if not MICROPYTHON:
            assert error.__cause__ is None, error  # nothing below ours failed


def stale():
    error = ReadError("the kept connection was dead")
    error.stale = True
    return error


def test_a_dead_kept_connection_is_replaced_at_once_and_costs_no_attempt():
    got = tried(lambda: [stale(), GOOD], RetryPolicy(attempts=1))
    assert path(got) == [("a", 0, "failed"), ("a", 0, "answered")], path(got)
    got = tried(lambda: [stale(), stale(), CUT, GOOD])
    assert [one[1] for one in path(got)] == [0, 0, 0, 500], path(got)
    assert {one[0] for one in path(got)} == {"a"}


def test_connections_that_are_always_dead_end_the_call():
    got = tried(lambda: [stale() for _ in range(9)], RetryPolicy(attempts=1), **ALONE)
    assert len(got.transport.requests) == 4
    assert isinstance(got.error, ReadError)  # the last one; the others did not count


def test_messages_that_were_read_once_are_not_sent_again():
    for first in (ReadError("cut"), stale(), refused(429, {"retry-after": "1"})):
        transport = ScriptedTransport([first, GOOD])
        client = Client("a", deployments("a"), transport=transport, retry=STEADY)
        error = error_of(Exception, client.chat, iter(HELLO))
        assert "can be read only once" in str(error), error
        assert len(transport.requests) == 1
        assert transport.now_ms() == 0


def test_a_raw_body_is_never_sent_twice():
    for first in (ReadError("cut"), stale(), refused(503), refused(411), ScriptedReply([])):
        transport = ScriptedTransport([first, GOOD])
        names = deployments("a", "b")
        client = AsyncClient("a", names, {"a": ["b"]}, transport=transport, retry=STEADY)
        call = client.send_streaming_body(Later([b'{"model":', b'"a"}']))
        error_of(Exception, asyncio.run, call)
        assert transport.sent == [b'{"model":"a"}'], transport.sent
        assert transport.now_ms() == 0


def test_nothing_is_tried_again_after_the_first_delta():
    got = tried([ScriptedReply([sse(text("a")), CUT]), GOOD])
    assert isinstance(got.error, StreamInterrupted), got.error
    assert path(got) == [("a", 0, "interrupted")], path(got)


def test_a_deployment_and_a_call_have_their_own_retries():
    once = RetryPolicy(attempts=1)
    own = {"a": Deployment("https://a.test/v1", retry=STEADY)}
    for names, arguments, want in [
        (deployments("a"), {}, 1),
        (own, {}, 2),
        (deployments("a"), {"retry": STEADY}, 2),
        (own, {"retry": once}, 1),
    ]:
        transport = ScriptedTransport([CUT, ConnectError("x"), GOOD])
        client = Client("a", names, transport=transport, retry=once)
        error_of(Exception, client.chat, HELLO, **arguments)
        assert len(transport.requests) == want, arguments
        assert "retry" not in sent_document(transport)


def test_a_rate_limit_is_remembered_by_the_next_call():
    replies = [refused(429, {"retry-after": "20"}), GOOD, GOOD, GOOD]
    transport = ScriptedTransport(replies)
    client = Client("a", deployments("a", "b"), {"a": ["b"]}, transport=transport, retry=STEADY)
    went = [client.chat(HELLO).deployment, client.chat(HELLO).deployment]
    state = client.deployments_state()
    assert not state["a"].healthy
    assert (state["a"].cooldown_ms, state["a"].reason) == (20000, "rate_limit")
    assert state["b"].healthy
    transport.advance(20000)
    went.append(client.chat(HELLO).deployment)
    assert went == ["b", "b", "a"], went
    assert client.deployments_state()["a"].failures == 0


def test_leaving_a_later_attempt_is_no_error():
    transport = ScriptedTransport([CUT, GOOD])
    client = Client("a", deployments("a"), transport=transport, retry=STEADY)
    with client.stream(HELLO) as stream:
        next(stream)
    done = stream.completion
    assert (done.end, done.complete, done.content) == ("closed", False, "Hel"), done.end
    assert [one.outcome for one in done.attempts] == ["failed", "cancelled"]


class Waiting(ScriptedTransport):
    # Somebody loses patience while the pump waits.
    async def sleep_ms(self, ms, until=None):
        raise asyncio.CancelledError


def test_a_wait_can_be_cancelled():
    transport = Waiting([CUT, GOOD])
    client = Client("a", deployments("a"), transport=transport, retry=STEADY)
    stream = client.stream(HELLO)
    error_of(asyncio.CancelledError, next, stream)
    assert len(transport.requests) == 1
    assert stream.completion.end == "cancelled"
    for _ in range(2):
        torn = error_of(StreamInterrupted, next, stream)
        assert (torn.model, torn.partial.end, torn.partial.complete) == ("a", "cancelled", False)
    stream.close()
    error_of(StopIteration, next, stream)
    assert stream.end == "cancelled"
    assert len(transport.requests) == 1


def test_a_timeout_of_the_wait_before_is_not_the_next_attempts():
    got = tried([ScriptedReply([20000]), refused(401)], **ALONE)
    kinds = [type(one.error) for one in got.error.attempts]
    assert kinds == [TransportTimeout, StatusError], kinds
    assert got.completion.end == "error", got.completion.end


def test_a_retry_is_logged_with_its_wait():
    logged = []
    options = {"log": lambda level, event, fields: logged.append((level, event, fields))}
    tried([json_reply({}, 503), GOOD], options=options)
    level, event, fields = logged[1]
    assert (level, event) == ("warning", "llm_retry")
    want = {"llm.model": "a", "llm.next": "a", "wait_s": 0.5}
    assert fields == dict(want, error="StatusError: status 503, server"), fields


def test_a_request_that_cannot_be_measured_is_not_sent():
    names = {"a": Deployment("https://a.test/v1", framing="length"), "b": deployments("b")["b"]}
    transport = ScriptedTransport([GOOD])
    client = Client("a", names, {"a": ["b"]}, transport=transport, retry=STEADY)
    stream = client.stream(iter(HELLO))
    error = error_of(EncodeError, next, stream)
    assert "Content-Length" in str(error), error
    assert (error.model, error.deployment) == ("a", "a")
    assert transport.requests == []
    assert [one.outcome for one in stream.completion.attempts] == ["failed"]
    assert stream.completion.end == "error"
    error_of(StopIteration, next, stream)


class InChunks(ScriptedTransport):
    # One that says how it sends what has no length.
    async def send(self, request):
        request.in_chunks = request.length is None
        return await ScriptedTransport.send(self, request)


def dropped():
    error = ReadError("the server closed the connection without an answer")
    error.unanswered = True
    return error


def test_a_server_that_hangs_up_on_chunks_is_asked_with_a_length_at_once():
    transport = InChunks([dropped(), GOOD, GOOD])
    client = Client("a", deployments("a"), transport=transport, retry=RetryPolicy(attempts=1))
    done = client.chat(HELLO)
    assert [(one.outcome, one.free) for one in done.attempts] == [
        ("failed", True),
        ("answered", False),
    ]
    client.chat(HELLO)
    lengths = [request.length for request in transport.requests]
    assert lengths == [None, len(transport.sent[1]), len(transport.sent[2])], lengths
    assert transport.now_ms() == 0


def test_one_that_has_answered_to_chunks_has_just_hung_up():
    transport = InChunks([GOOD, dropped(), GOOD])
    client = Client("a", deployments("a"), transport=transport, retry=RetryPolicy(attempts=1))
    client.chat(HELLO)
    error = error_of(ReadError, client.chat, HELLO)
    assert error.unanswered
    assert len(transport.requests) == 2
