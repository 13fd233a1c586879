# What is tried elsewhere, what is not, and what is sent there.


from helpers import error_of
from streams import (
    ANSWER,
    DONE,
    HELLO,
    KEY,
    ONCE,
    chunk,
    deployments,
    json_reply,
    play,
    sent_document,
    sse,
    text,
)

from thinwire.core.errors import (
    ConnectError,
    ReadError,
    StatusError,
    StreamError,
    StreamInterrupted,
    TransportError,
    WriteError,
)
from thinwire.core.routing.all_failed import AllAttemptsFailed
from thinwire.core.routing.deployment import Deployment
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

GOOD = ScriptedReply([ANSWER])
HTML = {"content-type": "text/html"}


def error_reply(status, message="no", code=""):
    return json_reply({"error": {"message": message, "code": code}}, status)


# Why, what the first deployment does, and the error of that attempt.
RETRYABLE = [
    ("refused", ConnectError("refused"), ConnectError),
    ("reset while sending", WriteError("reset"), WriteError),
    ("reset before the head", ReadError("reset"), ReadError),
    ("reset after the head", ScriptedReply([ReadError("reset")]), ReadError),
    ("cut in the first chunk", ScriptedReply([b'data: {"ch', ReadError("reset")]), ReadError),
    ("silence", ScriptedReply([10**7]), TransportError),
    ("comments only", ScriptedReply([b": ping\n\n", 9000] * 9), TransportError),
    ("empty", ScriptedReply([]), StreamError),
    ("roles only", ScriptedReply([sse(chunk({"role": "assistant"}))]), StreamError),
    ("[DONE] alone", ScriptedReply([DONE]), StreamError),
    ("roles and [DONE]", ScriptedReply([sse(chunk({"role": "assistant"})) + DONE]), StreamError),
    ("garbage", ScriptedReply([b"data: hello?\n\n"]), StreamError),
    ("garbage without fields", ScriptedReply([b"hello? hello?\n"]), StreamError),
    ("a login page", ScriptedReply([b"<html>"], 200, HTML), StreamError),
    ("empty JSON", json_reply(b""), StreamError),
    ("JSON without choices", json_reply({}), StreamError),
    ("JSON error", json_reply({"error": {"message": "no"}}), StatusError),
    ("error object", ScriptedReply([sse({"error": {"message": "no"}})]), StatusError),
    ("error event", ScriptedReply([b"event: error\ndata: no\n\n"]), StatusError),
    ("error with text", ScriptedReply([sse(dict(text("a"), error="no"))]), StatusError),
    ("finish_reason error", ScriptedReply([sse(chunk({}, "error"))]), StatusError),
] + [
    (str(status), error_reply(status), StatusError)
    for status in (408, 409, 425, 429, 500, 502, 503, 504, 529, 599)
]


def test_another_deployment_is_tried_before_the_first_delta():
    for why, first, _ in RETRYABLE:
        got = play([first, GOOD])
        assert got.error is None, (why, got.error)
        assert [item.text for item in got.events] == ["Hel", "lo"], why
        done = got.completion
        assert (done.model, done.deployment, len(done.attempts)) == ("a", "b", 2), why
        assert [one.outcome for one in done.attempts] == ["failed", "answered"], why
        assert done.end == "finish", why


def test_each_of_these_is_the_error_when_there_is_no_other():
    for why, first, kind in RETRYABLE:
        error = play([first]).error
        assert isinstance(error, kind), (why, error)
        assert (error.model, error.deployment) == ("a", "a"), why


FINAL = [(status, "no", "") for status in (301, 400, 401, 402, 403, 404, 410, 413, 422)]
OVERFLOW = "This model's maximum context length is 8192 tokens"
FINAL += [(400, OVERFLOW, ""), (413, "too long", "context_length_exceeded")]
FINAL += [(429, OVERFLOW, ""), (400, "no", "content_filter")]


def test_what_another_deployment_would_refuse_too_is_not_tried():
    for status, message, code in FINAL:
        got = play([error_reply(status, message, code), GOOD])
        assert isinstance(got.error, StatusError), (status, got.error)
        assert got.error.status == status
        assert len(got.transport.requests) == 1, status


def test_context_overflow_has_its_own_kind():
    for reply in (
        error_reply(400, OVERFLOW),
        json_reply({"error": {"message": OVERFLOW}}),
        ScriptedReply([sse({"error": {"message": OVERFLOW}})]),
    ):
        got = play([reply, GOOD])
        assert got.error.kind == "context_length", got.error
        assert len(got.transport.requests) == 1


def test_after_the_first_delta_nothing_is_tried():
    for last in (ReadError("cut"), 10**7, sse({"error": {"message": "no", "code": 503}}), b""):
        got = play([ScriptedReply([sse(text("a")), last]), GOOD])
        assert isinstance(got.error, StreamInterrupted), (last, got.error)
        assert len(got.transport.requests) == 1
        assert got.partial().content == "a"


def test_all_attempts_failed():
    replies = [ReadError("cut"), error_reply(503), ScriptedReply([])]
    got = play(lambda: replies)
    error = got.error
    assert isinstance(error, AllAttemptsFailed), error
    assert [one.deployment for one in error.attempts] == ["a", "b", "c"]
    kinds = [type(one.error) for one in error.attempts]
    assert kinds == [ReadError, StatusError, StreamError], kinds
    assert error.last is error.attempts[1].error
    assert [one.status for one in error.attempts] == [0, 503, 200]
    assert [one.sent_bytes for one in error.attempts] == [len(x) for x in got.transport.sent]
    assert (error.model, error.deployment) == ("a", "c")
    assert (got.completion.end, got.completion.complete) == ("eof", False)


def test_the_chain_ends_where_it_is_refused():
    got = play([ReadError("cut"), error_reply(401), GOOD])
    assert isinstance(got.error, AllAttemptsFailed), got.error
    assert len(got.error.attempts) == 2


def test_each_attempt_sends_a_whole_body_to_its_own_model():
    names = deployments("a", "b")
    names["c"] = Deployment("https://c.test/v1", "other", model="vendor/c", stream_usage=False)
    replies = [ReadError("cut"), error_reply(503), GOOD]
    transport = ScriptedTransport(replies)
    client = Client("a", names, {"a": ["b", "c"]}, transport=transport, retry=ONCE)
    client.chat(HELLO, temperature=0.5)
    want = {"messages": HELLO, "temperature": 0.5, "stream": True}
    for attempt, model in enumerate(("a", "b", "vendor/c")):
        document = sent_document(transport, attempt)
        options = document.pop("stream_options", None)
        assert options == (None if attempt == 2 else {"include_usage": True}), document
        assert document == dict(want, model=model), document
    assert [request.host for request in transport.requests] == ["a.test", "b.test", "c.test"]
    assert ("Authorization", "Bearer other") in transport.requests[2].headers
    assert ("Authorization", "Bearer " + KEY) in transport.requests[1].headers


def test_messages_that_can_be_read_only_once_are_sent_once():
    transport = ScriptedTransport([error_reply(503), GOOD])
    names = deployments("a", "b")
    client = Client("a", names, {"a": ["b"]}, transport=transport, retry=ONCE)
    error = error_of(StatusError, client.chat, iter(HELLO))
    assert "the messages can be read only once" in str(error), error
    assert sent_document(transport)["messages"] == HELLO
    assert len(transport.requests) == 1


class Unreachable(ScriptedTransport):
    # Fails before it takes anything from the first body.
    async def send(self, request):
        if not self.requests:
            self.requests.append(request)
            raise ConnectError("refused")
        return await ScriptedTransport.send(self, request)


def test_messages_that_nobody_took_are_sent_elsewhere():
    transport = Unreachable([GOOD])
    names = deployments("a", "b")
    client = Client("a", names, {"a": ["b"]}, transport=transport, retry=ONCE)
    assert client.chat(iter(HELLO)).deployment == "b"
    assert sent_document(transport)["messages"] == HELLO


def test_a_fallback_of_a_fallback_is_not_tried():
    transport = ScriptedTransport([error_reply(503), error_reply(503), GOOD])
    chains = {"a": ["b"], "b": ["c"]}
    names = deployments("a", "b", "c")
    client = Client("a", names, chains, transport=transport, retry=ONCE)
    error_of(AllAttemptsFailed, client.chat, HELLO)
    assert len(transport.requests) == 2


def test_no_key_in_any_error():
    echo = {"error": {"message": "Incorrect API key: " + KEY, "code": KEY}}
    for replies in (
        [json_reply(echo, 401)],
        [json_reply(echo, 503), json_reply(echo), json_reply(KEY.encode(), 503)],
        [ScriptedReply([sse(text("a"), echo)])],
        [ScriptedReply([b"data: " + KEY.encode() + b"\n\n"])],
        [ReadError("bad response: " + KEY)],
    ):
        for words in shown(play(replies).error):
            assert KEY not in words, words


def shown(error):
    # Everything that a user may print of an error.
    found = [str(error), repr(error), error.message, getattr(error, "body_snippet", "")]
    found.append(getattr(error, "code", ""))
    for one in getattr(error, "attempts", ()):
        found.append(repr(one))
        found.extend(shown(one.error))
    if getattr(error, "partial", None):
        found.extend(shown(error.cause))
    return found


def test_a_page_that_breaks_off_is_an_error_below_http():
    page = {"content-type": "text/html"}
    got = play([ScriptedReply([b"<html>", ReadError("cut")], 200, page)])
    assert isinstance(got.error, ReadError), got.error
