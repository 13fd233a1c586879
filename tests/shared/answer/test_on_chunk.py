"""on_chunk: each chunk as it was parsed, without the secrets of the request."""

from helpers import error_of
from streams import (
    ANSWER,
    DONE,
    HELLO,
    KEY,
    STOP,
    chunk,
    deployments,
    event,
    json_reply,
    play,
    sse,
    text,
)

from thinwire.core.errors import StatusError
from thinwire.core.routing.deployment import Deployment
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport


def told(replies, **options):
    # What both clients are told, which is the same; and what came of the call.
    seen = []
    got = play(replies, options=dict(options, on_chunk=seen.append))
    half = len(seen) // 2
    assert seen[:half] == seen[half:], seen
    return seen[:half], got


def test_each_chunk_is_told_as_it_was_parsed():
    chunks = [text("Hel"), text("lo"), text("!"), dict(STOP, timings={"n": 1}), {"usage": {}}]
    seen, got = told([ScriptedReply([sse(*chunks) + DONE])])
    assert seen == chunks
    assert got.completion.content == "Hello!"
    whole = {"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]}
    assert told([json_reply(whole)])[0] == [whole]
    assert told([ScriptedReply([sse([text("a"), STOP])])])[0] == [text("a"), STOP]


def test_what_is_no_chunk_is_not_told():
    body = b'event: progress\ndata: {"tool": "x"}\n\ndata: 1\n\n: ping\n\n' + ANSWER
    assert told([ScriptedReply([body])])[0] == [text("Hel"), text("lo"), STOP]


def test_attempts_that_fail_are_told_too():
    error = {"error": {"message": "boom", "code": 503}}
    seen, got = told([ScriptedReply([sse(error)]), ScriptedReply([ANSWER])])
    assert seen == [error, text("Hel"), text("lo"), STOP]
    assert got.error is None


def test_secrets_of_the_request_are_hidden_wherever_they_stand():
    hostile = dict(text("key is " + KEY), echo=[{KEY: [KEY, 3, None]}])
    seen, got = told([ScriptedReply([sse(hostile, STOP)])])
    assert seen[0] == dict(text("key is ***"), echo=[{"***": ["***", 3, None]}])
    assert got.completion.content == "key is " + KEY  # the caller's own
    seen = []
    place = {"a": Deployment("https://a.test/v1?sig=0123456789abc", None)}
    transport = ScriptedTransport([ScriptedReply([sse(text("0123456789abc"), STOP)])])
    Client("a", place, transport=transport, on_chunk=seen.append).chat(HELLO)
    assert seen == [text("***"), STOP]


def test_what_is_told_may_be_changed():
    def spoil(chunk):
        chunk["choices"].append({"delta": {"content": "no"}})

    got = play([ScriptedReply([ANSWER])], options={"on_chunk": spoil})
    assert got.completion.content == "Hello"


def test_what_it_raises_ends_the_call_as_it_is():
    def fail(chunk):
        raise error

    def ask():
        transport = ScriptedTransport([ScriptedReply([ANSWER])])
        return Client("a", deployments("a"), transport=transport, on_chunk=fail).chat(HELLO)

    for error in (KeyError("x"), StatusError(503, "of another call")):
        assert error_of(type(error), ask) is error


def test_what_is_nested_beyond_a_short_stack_is_left_out():
    body = event('{"x": %s}' % ("[" * 60 + "]" * 60)) + ANSWER
    seen, got = told([ScriptedReply([body])])
    assert got.completion.content == "Hello"
    assert repr(seen[0]) == "{'x': %sNone%s}" % ("[" * 15, "]" * 15), seen[0]


def test_a_chunk_that_is_read_without_parsing_is_told():
    body = sse(*[chunk({"content": word}) for word in "abcdef"], STOP)
    assert len(told([ScriptedReply([body])])[0]) == 7
