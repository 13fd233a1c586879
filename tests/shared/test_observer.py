# What a caller's hook is told, in which order, and what happens when it raises.

from helpers import error_of
from streams import ANSWER, HELLO, KEY, deployments, json_reply, play, sse, text

from thinwire.core.answer.completion import Completion
from thinwire.core.errors import ReadError
from thinwire.core.observer import Observer
from thinwire.core.routing.plan import Attempt
from thinwire.core.routing.policy import RetryPolicy
from thinwire.core.routing.store import Store
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

STEADY = RetryPolicy(jitter="none")
CUT = ReadError("cut")  # only where nobody looks at its words
GOOD = ScriptedReply([ANSWER])
ECHO = {"error": {"message": "bad key %s for 'a private question'" % KEY, "code": KEY}}


class Ear:
    # A hook that keeps what it hears; raises `error` when it hears `at`.
    def __init__(self, at="", error=None):
        self.heard = []
        self.at = at
        self.error = error

    def __call__(self, event, fields):
        self.heard.append((event, fields))
        if event == self.at:
            raise self.error

    def names(self):
        return [event for event, _ in self.heard]

    def fields(self, event):
        return [fields for name, fields in self.heard if name == event]


def heard(replies, options=None, **arguments):
    # play() makes the call twice; the second must be told the same.
    ear = Ear()
    fields = {"retry": STEADY, "on_event": ear}
    fields.update(options or {})
    got = play(replies, options=fields, **arguments)
    half = len(ear.heard) // 2
    first, second = ear.names()[:half], ear.names()[half:]
    assert first == second, (first, second)
    ear.heard = ear.heard[:half]
    return ear, got


# Replies, options of the client, then the events of the call.
CALLS = [
    ("success", [GOOD], {}, "attempt_started first_token complete"),
    (
        "retry",
        [CUT, GOOD],
        {},
        "attempt_started attempt_failed retry_scheduled attempt_started first_token complete",
    ),
    (
        "fallback",
        [ScriptedReply([10**7]), GOOD],
        {},
        "attempt_started attempt_failed fallback attempt_started first_token complete",
    ),
    (
        "restart",
        [ScriptedReply([sse(text("a")), CUT]), GOOD],
        {"on_interrupt": "restart"},
        "attempt_started first_token attempt_failed restart attempt_started complete",
    ),
    (
        "interruption",
        [ScriptedReply([sse(text("a")), CUT])],
        {},
        "attempt_started first_token attempt_failed",
    ),
    ("refusal", [json_reply({}, 401)], {}, "attempt_started attempt_failed"),
    (
        "an answer without any text",
        [ScriptedReply([sse({"choices": [{"index": 0, "finish_reason": "stop"}]})])],
        {},
        "attempt_started complete",
    ),
]


def test_the_order_of_events():
    for why, replies, options, want in CALLS:
        ear, _ = heard(replies, options)
        assert ear.names() == want.split(), (why, ear.names())


def common(number, deployment, **more):
    fields = {"model": "a", "deployment": deployment, "attempt": number}
    fields.update(more)
    return fields


def test_the_fields_of_each_event():
    slow = json_reply({}, 503)
    slow.pieces.insert(0, 100)
    ear, got = heard([slow, ScriptedReply([10**7]), ScriptedReply([250, ANSWER])])
    sent = got.completion.sent_bytes
    counts = {"hedge": False, "messages": 1, "tools": 0}
    assert ear.fields("attempt_started") == [
        common(1, "a", **counts),
        common(2, "a", **counts),
        common(3, "b", **counts),
    ], ear.fields("attempt_started")
    busy = {"kind": "server", "error": "StatusError: status 503, server"}
    words = "no first token within 15 s: model 'a', deployment 'a', 0 bytes received"
    slow = {"kind": "timeout", "error": "TransportTimeout: " + words}
    failed = {"outcome": "failed", "sent_bytes": sent}
    failed.update(busy)
    late = dict(failed)
    late.update(slow)
    assert ear.fields("attempt_failed") == [
        common(1, "a", status=503, ms=100, **failed),
        common(2, "a", status=200, ms=15000, **late),
    ], ear.fields("attempt_failed")
    want = common(1, "a", next="a", wait_ms=500, **busy)
    assert ear.fields("retry_scheduled") == [want], ear.fields("retry_scheduled")
    want = common(2, "a", next="b", wait_ms=0, **slow)
    assert ear.fields("fallback") == [want], ear.fields("fallback")
    when = 100 + 500 + 15000 + 250
    assert ear.fields("first_token") == [common(3, "b", ms=when)], ear.fields("first_token")
    (done,) = ear.fields("complete")
    assert (done["ms"], done["attempt"], done["deployment"]) == (250, 3, "b"), done
    assert isinstance(done["completion"], Completion)
    assert done["completion"].content == "Hello"
    assert len(done) == 5, done


def test_the_fields_of_a_restart():
    ear, _ = heard(CALLS[3][1], CALLS[3][2])
    want = common(1, "a", next="b", wait_ms=0, kind="read", error="ReadError: cut")
    assert ear.fields("restart") == [want], ear.fields("restart")
    assert [one["outcome"] for one in ear.fields("attempt_failed")] == ["interrupted"]


def test_no_key_and_no_words_are_told():
    replies = [json_reply(ECHO, 429), json_reply(ECHO), json_reply(KEY.encode(), 503)]
    ear, got = heard(replies, {"retry": RetryPolicy(attempts=1)})
    assert got.error is not None
    told = repr(ear.heard)
    for secret in (KEY, "private", "https"):
        assert secret not in told, told


def test_a_completion_that_is_told_holds_no_key():
    ear, _ = heard([json_reply(ECHO, 429), GOOD])
    completion = ear.fields("complete")[0]["completion"]
    for attempt in completion.attempts:
        assert KEY not in repr(attempt), attempt


class Mine(Exception):
    pass


# Replies, and each event at which the hook may raise.
RAISING = [
    ([GOOD], "attempt_started"),
    ([GOOD], "first_token"),
    ([GOOD], "complete"),
    ([json_reply({}, 503), GOOD], "attempt_failed"),
    ([json_reply({}, 503), GOOD], "retry_scheduled"),
    ([ScriptedReply([sse(text("a")), CUT]), GOOD], "restart"),
    ([ScriptedReply([10**7]), GOOD], "fallback"),
]


def test_a_hook_that_raises_ends_the_call():
    for replies, at in RAISING:
        for error in (Mine("mine"), OSError(5)):
            ear = Ear(at, error)
            transport = ScriptedTransport(replies)
            client = made(transport, ear)
            got = error_of(Exception, list, client.stream(HELLO))
            assert got is error, (at, got)
            assert ear.names()[-1] == at
            assert len(transport.requests) == (0 if at == "attempt_started" else 1), at
            assert transport.open_responses == 0, at


def made(transport, ear):
    names = deployments("a", "b")
    options = {"retry": STEADY, "on_event": ear, "on_interrupt": "restart"}
    return Client("a", names, {"a": ["b"]}, transport=transport, **options)


def test_a_hook_that_raises_leaves_the_client_usable():
    ear = Ear("first_token", Mine("mine"))
    transport = ScriptedTransport([GOOD, GOOD])
    client = made(transport, ear)
    error_of(Mine, client.chat, HELLO)
    ear.at = ""
    assert client.chat(HELLO).content == "Hello"
    assert transport.open_responses == 0


def test_all_hooks_are_told_the_same():
    ears = [Ear(), Ear()]
    attempt = Attempt(2, "a", "b", 100, True)
    attempt.ended("lost", 400)
    Observer(ears).emit("attempt_lost", attempt, {"ms": attempt.ms})
    for ear in ears:
        assert ear.heard == [("attempt_lost", common(2, "b", ms=300))], ear.heard


def test_a_store_that_fails_is_told_without_an_attempt():
    ear = Ear()
    Observer([ear]).store_failed("full")
    assert ear.heard == [("store_failed", {"error": "full"})], ear.heard


class Full(Store):
    # Nothing fits any more.
    def load(self):
        return None

    def save(self, state):
        raise OSError(28, "no space")


def test_what_cannot_be_stored_is_logged_and_no_error():
    logged = []

    def sink(level, event, fields):
        logged.append((level, event, fields))

    replies = [json_reply({}, 503), GOOD]
    names = deployments("a", "b")
    options = {"retry": RetryPolicy(attempts=1), "store": Full(), "log": sink}
    transport = ScriptedTransport(replies)
    client = Client("a", names, {"a": ["b"]}, transport=transport, **options)
    assert client.chat(HELLO).deployment == "b"
    found = [(level, fields) for level, event, fields in logged if event == "llm_problem"]
    assert found, logged
    for level, fields in found:
        assert level == "warning"
        assert "state of deployments is not stored" in fields["error"], fields
