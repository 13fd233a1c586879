"""What a hook is told, in which order, what happens when it raises; and the log, which is one."""

from helpers import error_of
from streams import ANSWER, HELLO, KEY, call, chunk, deployments, json_reply, play, sse, text

from thinwire.core.answer.completion import Completion
from thinwire.core.errors import ConnectError, ReadError
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
        # Without the name of the call, which is another one each time.
        found = [dict(fields) for name, fields in self.heard if name == event]
        for fields in found:
            fields.pop("call")
        return found


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
        assert ear.names() == ["call_started"] + want.split() + ["call_ended"], (why, ear.names())
        assert len({fields["call"] for _, fields in ear.heard}) == 1, why


def common(number, deployment, **more):
    fields = {"model": "a", "deployment": deployment, "attempt": number}
    fields.update(more)
    return fields


def test_the_fields_of_each_event():
    slow = json_reply({}, 503)
    slow.pieces.insert(0, 100)
    ear, got = heard([slow, ScriptedReply([10**7]), ScriptedReply([250, ANSWER])])
    sent = got.completion.sent_bytes
    counts = {"hedge": False, "messages": 1, "tools": 0, "provider": "", "dialect": "openai"}
    counts["port"] = 443
    assert ear.fields("attempt_started") == [
        common(1, "a", upstream_model="a", host="a.test", **counts),
        common(2, "a", upstream_model="a", host="a.test", **counts),
        common(3, "b", upstream_model="b", host="b.test", **counts),
    ], ear.fields("attempt_started")
    (begun,) = ear.fields("call_started")
    request = begun.pop("request")
    where = {"provider": "", "dialect": "openai", "host": "a.test", "port": 443}
    assert begun == common(1, "a", session="", upstream_model="a", **where), begun
    assert (request.messages, request.tools, request.params) == (HELLO, None, {})
    (ended,) = ear.fields("call_ended")
    assert ended == common(3, "b", end="finish", ms=100 + 500 + 15000 + 250), ended
    busy = {"kind": "server", "error": "StatusError: status 503, server"}
    words = (
        "no first token within 15 s: model 'a', deployment 'a', 0 bytes received;"
        " Timeouts(first_token=...) sets this limit"
    )
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


def ends(replies, how, options=None):
    # What is told of the end of a call that is left in its middle.
    ear = Ear()
    transport = ScriptedTransport(replies)
    client = Client("a", deployments("a"), transport=transport, on_event=ear, **(options or {}))
    how(client)
    assert transport.open_responses == 0
    assert ear.names().count("call_started") == ear.names().count("call_ended"), ear.names()
    return ear.fields("call_ended")


def test_a_call_that_is_left_ends_once():
    def leave(client):
        with client.stream(HELLO) as stream:
            next(stream)
            stream.close()

    (ended,) = ends([GOOD], leave)
    assert ended["end"] == "closed"
    assert "kind" not in ended

    def read_on(client):
        with client.stream(HELLO) as stream:
            list(stream)

    (ended,) = ends([GOOD], read_on)
    assert ended["end"] == "finish"
    assert ends([], lambda client: client.stream(HELLO).close()) == []  # it had not begun


def test_a_call_that_its_caller_tears_ends_once():
    def tear(client):
        def stop(text):
            raise Mine("mine")

        error_of(Mine, client.chat, HELLO, on_delta=stop)

    # What the caller's own function raises is an end like another one.
    (ended,) = ends([GOOD], tear)
    assert ended["end"] in ("closed", "cancelled"), ended


def test_a_call_that_fails_says_why_in_words_that_are_nobodys():
    def fail(client):
        error_of(Exception, client.chat, HELLO)

    (ended,) = ends([json_reply(ECHO, 401)], fail)
    assert (ended["end"], ended["kind"]) == ("error", "auth")
    assert ended["error"] == "StatusError: status 401, auth"
    both = [json_reply(ECHO, 503), json_reply(ECHO, 503)]
    (ended,) = ends(both, fail, {"retry": STEADY})
    assert ended["error"] == "AllAttemptsFailed: all 2 attempts failed"

    def interrupted(client):
        error_of(Exception, list, client.stream(HELLO))

    (ended,) = ends([ScriptedReply([sse(text("a")), ReadError("cut: in words")])], interrupted)
    assert (ended["kind"], ended["end"]) == ("interrupted", "error")
    assert ended["error"] == "StreamInterrupted: the answer broke off"


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
            assert ear.names()[-2:] == [at, "call_ended"], (at, ear.names())
            assert len(transport.requests) == (0 if at == "attempt_started" else 1), at
            assert transport.open_responses == 0, at


def test_what_a_hook_raises_before_the_first_attempt_ends_the_call_too():
    error = ReadError("the hook's own")
    got = error_of(
        ReadError, list, made(ScriptedTransport([]), Ear("attempt_started", error)).stream(HELLO)
    )
    assert got is error


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


class Sink:
    def __init__(self):
        self.events = []

    def __call__(self, level, event, fields):
        self.events.append((level, event, fields))

    def names(self):
        return [(level, event) for level, event, _ in self.events]


def logged(replies, **arguments):
    # play() makes the call twice; what the second logs must be the same.
    sink = Sink()
    play(replies, options={"log": sink}, **arguments)
    half = len(sink.events) // 2
    assert sink.events[:half] == sink.events[half:], sink.events
    sink.events = sink.events[:half]
    return sink


def test_a_call_is_a_request_and_a_response():
    sink = logged([ScriptedReply([ANSWER])])
    assert sink.names() == [("info", "llm_request"), ("info", "llm_response")]


def test_the_fields_of_a_request():
    sink = logged([ScriptedReply([ANSWER])], tools=[{}, {}])
    want = {"llm.model": "a", "llm.message.count": 1, "llm.tool.count": 2}
    assert sink.events[0][2] == want, sink.events[0]


USAGE = {
    "prompt_tokens": 3,
    "completion_tokens": 2,
    "total_tokens": 5,
    "prompt_tokens_details": {"cached_tokens": 1},
}


def test_the_fields_of_a_response():
    data = sse(call(0, "1", "f", "{}"), chunk({}, "tool_calls"), {"usage": USAGE}, "[DONE]")
    sink = logged([ScriptedReply([1500, data])])
    want = {
        "llm.model": "a",
        "llm.token.prompt": 3,
        "llm.token.completion": 2,
        "llm.token.total": 5,
        "llm.token.cached": 1,
        "llm.duration_s": 1.5,
        "llm.finish_reason": "tool_calls",
        "llm.tools": ["f"],
    }
    assert sink.events[1][2] == want, sink.events[1]


def test_a_response_without_usage_has_the_same_fields():
    fields = logged([ScriptedReply([ANSWER])]).events[1][2]
    assert len(fields) == 8, fields
    assert fields["llm.token.total"] is None
    assert fields["llm.duration_s"] == 0


# What fails first, then what the log says about it: nothing that a server wrote.
ECHOED = {"error": {"message": "bad key %s for 'a private question'" % KEY, "code": "x"}}

FALLBACKS = [
    (ReadError("cut"), "ReadError: cut"),
    (
        ConnectError("refused: [Errno 111]"),
        "ConnectError: refused: [Errno 111] (asked: POST https://a.test/v1/chat/completions)",
    ),
    (json_reply(ECHOED, 500), "StatusError: status 500, server"),
    (json_reply(ECHOED), "StatusError: status 200, server"),
    (json_reply(b"{a private question " + KEY.encode()), "StreamError: the answer is not JSON"),
    (ScriptedReply([b"data: a private question\n\n"]), "StreamError: an event is not JSON"),
]


def test_a_fallback_is_a_warning_without_the_servers_words():
    for reply, words in FALLBACKS:
        sink = logged([reply, ScriptedReply([ANSWER])])
        want = [("info", "llm_request"), ("warning", "llm_fallback"), ("info", "llm_request")]
        assert sink.names() == want + [("info", "llm_response")], sink.names()
        fields = sink.events[1][2]
        assert fields == {"llm.model": "a", "llm.next": "b", "error": words}, fields


def test_a_failed_call_has_no_response():
    sink = logged([ScriptedReply([sse(text("Hel"))])])
    assert sink.names() == [("info", "llm_request")]


def test_no_key_and_no_text_is_logged():
    replies = [json_reply(ECHOED, 429), json_reply(ECHOED), ScriptedReply([ANSWER])]
    words = repr(logged(replies).events)
    for secret in (KEY, "private", "Hel", "https"):
        assert secret not in words, words
