# Two attempts at once: the first delta wins, and nothing is left of the other.

import asyncio
import json

from helpers import error_of
from racing import (
    AFTER_A_FAILURE,
    AFTER_A_SKIP,
    BOTH_HEADS,
    NEVER,
    SOON,
    STALL,
    After,
    Reply,
    Setting,
    run,
)
from streams import ANSWER, DONE, HELLO, ONCE, STOP, chunk, deployments, sse, text

from thinwire.core.answer.events import ContentDelta, StreamComplete, StreamRestarted
from thinwire.core.errors import ConnectError, ReadError, StatusError, StreamInterrupted
from thinwire.core.request.sources import BytesStream, TextStream
from thinwire.core.routing.all_failed import AllAttemptsFailed
from thinwire.core.routing.policy import RetryPolicy, Timeouts
from thinwire.core.routing.store import Store
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedTransport

ROLE = sse(chunk({"role": "assistant", "content": ""}))
GOOD = Reply(ANSWER)
BUSY = Reply(b'{"error": {"message": "busy"}}', status=503)


def answer(words):
    # Two deltas and an end, read one by one.
    return [sse(text(words)), sse(text(words)), sse(STOP) + DONE]


class Outcome:
    # What came of a call, and what is left of it.
    def __init__(self, setting):
        self.transport = setting.transport
        self.told = setting.told
        self.skips = setting.skips
        self.events = []
        self.error = None
        self.completion = None
        self.tasks_left = 0

    def text(self):
        return "".join([one.text for one in self.events if isinstance(one, ContentDelta)])

    def attempts(self):
        return [(one.deployment, one.outcome, one.hedge) for one in self.completion.attempts]


async def stream(setting, messages=HELLO, **arguments):
    outcome = Outcome(setting)
    async with setting.client.stream(messages, **arguments) as events:
        try:
            async for event in events:
                outcome.events.append(event)
        except Exception as error:
            outcome.error = error
    outcome.completion = events.completion
    outcome.tasks_left = await setting.transport.tasks_left()
    return outcome


def play(replies, messages=HELLO, arguments=None, **options):
    # Makes a call; whatever comes of it, nothing of it may be left.
    setting = Setting(replies, **options)
    got = run(stream(setting, messages, **(arguments or {})))
    assert setting.transport.still_open() == [], setting.transport.still_open()
    assert got.tasks_left == 0
    return got


def test_no_second_attempt_when_the_first_token_is_in_time():
    got = play({"a": [GOOD], "b": []}, hedge_after=NEVER)
    assert got.error is None, got.error
    assert got.transport.asked == ["a"]
    assert got.attempts() == [("a", "answered", False)]
    assert got.text() == "Hello"


# Where the first attempt hangs while the fallback answers.
HANGING = [
    ("connecting", Reply(connect=[STALL])),
    ("before the head", Reply(head=[STALL])),
    ("before the body", Reply(STALL)),
    ("after a comment", Reply(b": ping\n\n", STALL)),
    ("after the role", Reply(ROLE, STALL)),
    ("inside the first delta", Reply(sse(text("never"))[:30], STALL)),
    ("in a body of an error", Reply(b'{"error"', STALL, status=503)),
    ("in a document", Reply(b'{"choices": [', STALL)),
]


def test_the_fallback_answers_when_the_first_token_is_late():
    for why, slow in HANGING:
        got = play({"a": [slow], "b": [Reply(*answer("b"))]})
        assert got.error is None, (why, got.error)
        assert got.text() == "bb", (why, got.events)
        assert got.attempts() == [("a", "lost", False), ("b", "answered", True)], why
        assert got.transport.asked == ["a", "b"], why
        assert got.transport.cancelled == ["a"], why
        assert isinstance(got.events[-1], StreamComplete), why
        assert got.completion.deployment == "b", why
        assert got.completion.model == "a", why


def test_the_first_attempt_wins_if_its_token_comes_before_the_fallbacks():
    for why, slow in HANGING:
        first = Reply(After("b"), *answer("a"))
        got = play({"a": [first], "b": [slow]})
        assert got.error is None, (why, got.error)
        assert got.text() == "aa", (why, got.events)
        assert got.attempts() == [("a", "answered", False), ("b", "lost", True)], why
        assert got.transport.cancelled == ["b"], why
        assert got.completion.deployment == "a", why


def test_texts_are_never_mixed():
    # Both have their first token in the same turn of the loop.
    for hedge_after in (0, SOON):
        replies = {name: [Reply(BOTH_HEADS, *answer(name))] for name in "ab"}
        got = play(replies, hedge_after=hedge_after)
        assert got.text() in ("aa", "bb"), got.events
        assert got.completion.content == got.text()
        outcomes = sorted([one[1] for one in got.attempts()])
        assert outcomes == ["answered", "lost"], got.attempts()
        assert got.completion.deployment == got.text()[0]


def test_an_answer_that_is_not_kept_is_raced():
    replies = {"a": [Reply(STALL)], "b": [Reply(*answer("b"))]}
    got = play(replies, arguments={"keep": "none"})
    assert (got.text(), got.completion.content) == ("bb", None)


def test_zero_seconds_are_both_at_once():
    replies = {"a": [Reply(After("b"), *answer("a"))], "b": [Reply(After("a"), STALL)]}
    got = play(replies, hedge_after=0)
    assert sorted(got.transport.asked) == ["a", "b"]
    assert got.text() == "aa"


def test_both_send_a_whole_body():
    got = play({"a": [Reply(STALL)], "b": [GOOD]})
    bodies = [json.loads(body) for body in got.transport.sent]
    assert [one.pop("model") for one in bodies] == ["a", "b"]
    assert bodies[0] == bodies[1]
    assert bodies[0]["messages"] == HELLO
    sizes = [one.sent_bytes for one in got.completion.attempts]
    assert sizes == [len(body) for body in got.transport.sent], sizes


def test_a_first_attempt_that_fails_early_is_no_race():
    got = play({"a": [Reply(head=[ConnectError("x")])], "b": [GOOD]}, hedge_after=NEVER)
    assert got.attempts() == [("a", "failed", False), ("b", "answered", False)]


def test_a_fallback_that_fails_leaves_the_first_attempt_alone():
    done = Reply(AFTER_A_FAILURE, *answer("a"))
    for bad in (BUSY, Reply(head=[ReadError("x")]), Reply(ReadError("x")), Reply()):
        got = play({"a": [done], "b": [bad]})
        assert got.error is None, got.error
        assert got.text() == "aa"
        assert got.attempts() == [("a", "answered", False), ("b", "failed", True)]
        assert got.transport.asked == ["a", "b"]


def test_a_first_attempt_that_fails_leaves_the_fallback_alone():
    for end in (ReadError("x"), b"", b"data: what?\n\n", sse({"error": {"message": "no"}})):
        first = Reply(After("b"), end) if end else Reply(After("b"))
        got = play({"a": [first], "b": [Reply(AFTER_A_FAILURE, *answer("b"))]})
        assert got.error is None, (end, got.error)
        assert got.text() == "bb"
        assert got.attempts() == [("a", "failed", False), ("b", "answered", True)], end


def test_when_both_fail_the_chain_goes_on():
    for first, second in [
        (Reply(After("b"), ReadError("x")), BUSY),
        (Reply(After("b"), 20, ReadError("x")), BUSY),
        (Reply(After("b"), ReadError("x")), Reply(20, ReadError("y"))),
    ]:
        got = play({"a": [first], "b": [second], "c": [GOOD]})
        assert got.error is None, got.error
        assert got.text() == "Hello"
        assert [one[:2] for one in got.attempts()] == [
            ("a", "failed"),
            ("b", "failed"),
            ("c", "answered"),
        ], got.attempts()


def test_each_attempt_of_a_race_has_its_own_clock():
    limits = Timeouts(first_token=0.1)
    replies = {"a": [Reply(ROLE, STALL)], "b": [Reply(head=[STALL])], "c": [GOOD]}
    got = play(replies, hurried="ab", limits=limits)
    assert got.error is None, got.error
    assert [one.deployment for one in got.completion.attempts] == ["a", "b", "c"]
    for attempt in got.completion.attempts[:2]:
        assert attempt.error.phase == "first_token", attempt.error
        assert "deployment %r" % attempt.deployment in str(attempt.error), attempt.error


def test_when_all_fail_each_is_listed():
    replies = {"a": [Reply(After("b"), ReadError("x"))], "b": [BUSY], "c": [BUSY]}
    got = play(replies)
    assert isinstance(got.error, AllAttemptsFailed), got.error
    assert [one.deployment for one in got.error.attempts] == ["a", "b", "c"]
    assert isinstance(got.error.last, StatusError)
    assert got.completion.end == "error"


def test_a_deployment_is_tried_again_after_a_race():
    retry = RetryPolicy(base=0)
    replies = {
        "a": [Reply(After("b"), ReadError("x"))],
        "b": [Reply(AFTER_A_FAILURE, ReadError("y")), GOOD],
    }
    got = play(replies, fallbacks="b", retry=retry)
    assert got.error is None, got.error
    assert [one[0] for one in got.attempts()] == ["a", "b", "b"], got.attempts()


def test_a_silent_deployment_without_a_fallback_is_waited_for():
    got = play({"a": [Reply(50, ANSWER)]}, hedge_after=0, fallbacks="")
    assert got.attempts() == [("a", "answered", False)]
    assert got.transport.tasks == []


def test_a_fallback_that_cools_down_is_not_started():
    async def main():
        replies = {"a": [Reply(100, ANSWER)], "b": [], "c": []}
        return await stream(Setting(replies, hedge_after=0, store=Cooling("bc")))

    got = run(main())
    assert got.attempts() == [("a", "answered", False)]
    assert ("hedge_skipped", "a") in got.told


class Cooling(Store):
    # What others have stored: deployments that are to be left alone for a minute.
    def __init__(self, names):
        self.names = names

    def load(self):
        state = {"left_ms": 60000, "until": 0, "failures": 1, "reason": "rate_limit"}
        return dict.fromkeys(self.names, state)

    def save(self, state):
        pass


def test_the_first_healthy_fallback_is_started():
    async def main():
        return await stream(Setting({"a": [Reply(STALL)], "c": [GOOD]}, store=Cooling("b")))

    assert run(main()).transport.asked == ["a", "c"]


class Once:
    # Messages that can be read only once, by an iterator that says so.
    def __init__(self, messages):
        self._left = list(messages)

    def __iter__(self):
        return self

    def __next__(self):
        if not self._left:
            raise StopIteration
        return self._left.pop(0)


def test_messages_that_can_be_read_only_once_are_not_raced():
    for why, slow in [
        ("the body is sent", Reply(50, ANSWER)),
        ("nothing is sent yet", Reply(ANSWER, connect=[50])),
    ]:
        for hedge_after in (0, SOON):
            replies = {"a": [slow], "b": [Reply(STALL)]}
            got = play(replies, Once(HELLO), hedge_after=hedge_after)
            assert got.error is None, (why, got.error)
            assert got.transport.asked == ["a"], (why, hedge_after)
            assert json.loads(got.transport.sent[0])["messages"] == HELLO, why


class Lazy:
    # Messages that are made anew for each walk, by a generator.
    def __init__(self, make):
        self._make = make

    def __iter__(self):
        return self._make()


def generated(values, told=None):
    try:
        for value in values:
            yield value
    finally:
        if told is not None:
            told.append("closed")


class Generated:
    # The same as an async iterator, which has no `close`.
    def __init__(self, values):
        self._values = list(values)

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self._values:
            raise StopAsyncIteration
        return self._values.pop(0)


def user(content):
    return [{"role": "user", "content": content}]


# Requests that hold what can be read only once: what makes them, and what is sent.
READ_ONCE = [
    ("messages", lambda: generated(HELLO), HELLO),
    ("text", lambda: user(TextStream(generated("ab"))), user("ab")),
    ("bytes", lambda: user(BytesStream(generated([b"a", b"b"]))), user("YWI=")),
    ("async text", lambda: user(TextStream(Generated("ab"))), user("ab")),
    ("behind a long text", lambda: user("x" * 40000) + user(TextStream(generated("ab"))), None),
    ("in a lazy message", lambda: Lazy(lambda: iter(user(TextStream(generated("ab"))))), None),
]


def test_what_can_be_read_only_once_is_left_alone_and_said():
    for why, make, want in READ_ONCE:
        for slow in (Reply(AFTER_A_SKIP, ANSWER), Reply(ANSWER, connect=[AFTER_A_SKIP])):
            replies = {"a": [slow], "b": [Reply(STALL)]}
            got = play(replies, make(), hedge_after=SOON)
            assert got.error is None, (why, got.error)
            assert got.transport.asked == ["a"], why
            assert got.skips == [("b", "a", "the request can be read only once")], (why, got.skips)
            if want is not None:
                assert json.loads(got.transport.sent[0])["messages"] == want, why


def test_whether_a_request_can_be_read_twice_is_found_without_opening_its_sources():
    opened = []

    def produced():
        opened.append(1)
        return iter("ab")

    slow = Reply(connect=[STALL])
    got = play({"a": [slow], "b": [GOOD]}, user(TextStream(produced)), hedge_after=SOON)
    assert got.error is None, got.error
    assert got.transport.asked == ["a", "b"]
    assert len(opened) == 1  # by the fallback, which sent it
    assert [json.loads(one)["messages"] for one in got.transport.sent] == [user("ab")]


def test_a_source_that_is_awaited_is_raced_when_it_can_be_had_again():
    source = TextStream(lambda: Generated("ab"))
    got = play({"a": [Reply(STALL)], "b": [GOOD]}, user(source), hedge_after=SOON)
    assert (got.error, got.transport.asked) == (None, ["a", "b"])
    assert [json.loads(one)["messages"] for one in got.transport.sent] == [user("ab")] * 2


def test_an_attempt_that_lost_has_not_failed():
    async def main():
        setting = Setting({"a": [Reply(STALL)], "b": [GOOD]}, hedge_after=SOON)
        await stream(setting)
        return setting.client.deployments_state()

    state = run(main())
    assert (state["a"].failures, state["b"].failures) == (0, 0)


def test_only_one_fallback_is_started():
    replies = {"a": [Reply(STALL)], "b": [Reply(100, *answer("b"))], "c": []}
    got = play(replies, hedge_after=0)
    assert sorted(got.transport.asked) == ["a", "b"]


def test_a_winner_may_begin_with_a_role():
    got = play({"a": [Reply(STALL)], "b": [Reply(ROLE, 1, ROLE, 1, *answer("b"))]})
    assert (got.error, got.text()) == (None, "bb")


def test_a_loser_that_is_slow_to_close_is_left():
    # It has failed and is being closed when the other one wins.
    slow = Reply(b"{}", closing=[STALL], status=503)
    got = play({"a": [Reply(BOTH_HEADS, 20, *answer("a"))], "b": [slow]})
    assert (got.error, got.text()) == (None, "aa")
    assert got.attempts()[0] == ("a", "answered", False)


def test_an_answer_without_any_delta_can_win():
    empty = sse(chunk({"role": "assistant"}), STOP) + DONE
    got = play({"a": [Reply(STALL)], "b": [Reply(empty)]})
    assert got.error is None, got.error
    assert (got.completion.content, got.completion.finish_reason) == (None, "stop")
    assert got.attempts()[1] == ("b", "answered", True)


def test_a_winner_that_breaks_off():
    broken = Reply(sse(text("half")), ReadError("x"))
    got = play({"a": [Reply(STALL)], "b": [broken]})
    assert isinstance(got.error, StreamInterrupted), got.error
    assert got.error.partial.content == "half"
    assert got.attempts() == [("a", "lost", False), ("b", "interrupted", True)]


def test_a_winner_that_breaks_off_may_be_restarted():
    broken = Reply(sse(text("half")), ReadError("x"))
    replies = {"a": [Reply(STALL)], "b": [broken], "c": [GOOD]}
    got = play(replies, on_interrupt="restart")
    assert got.error is None, got.error
    assert got.events[1] == StreamRestarted("c", "read", 4)
    assert got.completion.content == "Hello"


def test_a_call_may_hedge_otherwise_than_its_client():
    replies = {"a": [Reply(50, ANSWER)], "b": [Reply(STALL)]}
    got = play(replies, arguments={"hedge_after": NEVER}, hedge_after=0)
    assert got.transport.asked == ["a"]
    got = play({"a": [Reply(STALL)], "b": [GOOD]}, arguments={"hedge_after": 0}, hedge_after=None)
    assert sorted(got.transport.asked) == ["a", "b"]
    assert b"hedge" not in got.transport.sent[0]


def test_chat_races_as_well():
    async def main(seen):
        setting = Setting({"a": [Reply(STALL)], "b": [Reply(*answer("b"))]})
        done = await setting.client.chat(HELLO, on_delta=seen.append)
        return done, setting.transport

    seen = []
    done, transport = run(main(seen))
    assert (done.content, seen) == ("bb", ["b", "b"])
    assert transport.still_open() == []


def test_calls_race_side_by_side():
    async def main():
        count = 5
        setting = Setting({"a": [Reply(STALL)] * count, "b": [Reply(*answer("b"))] * count})
        calls = [setting.client.chat(HELLO) for _ in range(count)]
        done = await asyncio.gather(*calls)
        return [one.content for one in done], setting.transport, await left(setting)

    texts, transport, tasks = run(main())
    assert texts == ["bb"] * 5
    assert transport.still_open() == []
    assert tasks == 0


async def left(setting):
    return await setting.transport.tasks_left()


def test_a_hook_is_told():
    got = play({"a": [Reply(STALL)], "b": [GOOD]})
    assert got.told == [
        ("call_started", "a"),
        ("attempt_started", "a"),
        ("attempt_started", "b"),
        ("attempt_lost", "a"),
        ("first_token", "b"),
        ("complete", "b"),
        ("call_ended", "b"),
    ], got.told


class Mine(Exception):
    pass


def test_a_hook_that_raises_closes_both():
    for at, first, second in [
        ("attempt_lost", Reply(ROLE, STALL), GOOD),
        ("attempt_started", Reply(ROLE, STALL), GOOD),
        ("attempt_failed", Reply(ROLE, STALL), BUSY),
        ("first_token", Reply(ROLE, STALL), GOOD),
    ]:

        def hook(event, fields, at=at):
            if event == at and (event != "attempt_started" or fields["hedge"]):
                raise Mine(at)

        got = play({"a": [first], "b": [second]}, on_event=hook)
        assert isinstance(got.error, Mine), (at, got.error)


# Replies of both attempts while the caller loses patience.
LOSING_PATIENCE = [
    ("both hang", Reply(STALL), Reply(STALL)),
    ("both connect", Reply(connect=[STALL]), Reply(connect=[STALL])),
    ("one has failed", Reply(STALL), BUSY),
    ("roles only", Reply(ROLE, STALL), Reply(ROLE, STALL)),
]


async def cancelled(setting, ready):
    # A call that is cancelled once `ready` deployments were asked; what it raised.
    task = asyncio.create_task(setting.client.chat(HELLO))
    await setting.transport.were_asked(ready)
    await asyncio.sleep(0.02)  # so that each has got as far as it gets
    task.cancel()
    try:
        await task
    except BaseException as error:
        return error


def test_cancelling_closes_both():
    for why, first, second in LOSING_PATIENCE:

        async def main(first=first, second=second):
            setting = Setting({"a": [first], "b": [second], "c": []})
            error = await cancelled(setting, 2)
            return setting.transport, error, await left(setting)

        transport, error, tasks = run(main())
        assert isinstance(error, asyncio.CancelledError), (why, error)
        assert transport.still_open() == [], why
        assert tasks == 0, why
        assert "a" in transport.cancelled, why
        assert transport.asked == ["a", "b"], why


def test_cancelling_before_the_fallback_was_started():
    async def main():
        setting = Setting({"a": [Reply(STALL)], "b": []}, hedge_after=NEVER)
        error = await cancelled(setting, 1)
        return setting.transport, error, await left(setting)

    transport, error, tasks = run(main())
    assert isinstance(error, asyncio.CancelledError), error
    assert (transport.cancelled, transport.still_open(), tasks) == (["a"], [], 0)


def test_cancelling_at_each_moment():
    # However far it has got: after any number of turns of the loop nothing is left.
    async def main(turns):
        setting = Setting({"a": [Reply(ROLE, STALL)], "b": [Reply(ROLE, STALL)]}, hedge_after=0)
        task = asyncio.create_task(setting.client.chat(HELLO))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except BaseException as error:
            return setting.transport, error, await left(setting)

    for turns in range(30):
        transport, error, tasks = run(main(turns))
        assert isinstance(error, asyncio.CancelledError), (turns, error)
        assert (transport.still_open(), tasks) == ([], 0), turns


def test_the_client_is_usable_after_a_cancelled_race():
    async def main():
        setting = Setting({"a": [Reply(STALL), GOOD], "b": [Reply(STALL)]})
        await cancelled(setting, 2)
        return await setting.client.chat(HELLO, hedge_after=NEVER)

    assert run(main()).content == "Hello"


def test_a_cancelled_race_has_no_winner():
    async def main():
        setting = Setting({"a": [Reply(STALL)], "b": [Reply(STALL)]})
        events = setting.client.stream(HELLO)
        task = asyncio.create_task(events.__anext__())
        await setting.transport.were_asked(2)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
        return setting, events.completion

    setting, completion = run(main())
    assert [one.outcome for one in completion.attempts] == ["cancelled"] * 2, completion.attempts
    assert completion.end == "cancelled"
    assert "attempt_lost" not in [event for event, _ in setting.told]


def test_leaving_after_a_race_closes_the_winner():
    async def main():
        setting = Setting({"a": [Reply(STALL)], "b": [Reply(sse(text("b")), STALL)]})
        async with setting.client.stream(HELLO) as events:
            async for _ in events:
                break
        return setting.transport, events.completion, await left(setting)

    transport, completion, tasks = run(main())
    assert (transport.still_open(), tasks) == ([], 0)
    assert [one.outcome for one in completion.attempts] == ["lost", "cancelled"]
    assert completion.content == "b"


def test_a_client_without_a_loop_refuses_to_race():
    transport = ScriptedTransport([])
    names = deployments("a", "b")

    def call(method, **options):
        client = Client("a", names, {"a": ["b"]}, transport=transport, retry=ONCE, **options)
        getattr(client, method)(HELLO)

    for method in ("chat", "stream"):
        error = error_of(ValueError, call, method, hedge_after=1)
        assert "hedge_after needs AsyncClient" in str(error), error
    assert transport.requests == []


def test_a_call_without_a_loop_refuses_to_race():
    transport = ScriptedTransport([])
    client = Client("a", deployments("a", "b"), {"a": ["b"]}, transport=transport)
    for method in (client.chat, client.stream):
        error = error_of(ValueError, method, HELLO, hedge_after=1)
        assert "hedge_after needs AsyncClient" in str(error), error
    assert transport.requests == []
