"""Answers and what led to them as plain JSON."""

import json

from helpers import error_of
from streams import (
    ANSWER,
    DONE,
    HELLO,
    KEY,
    STOP,
    call,
    chunk,
    deployments,
    json_reply,
    sse,
    text,
)

from thinwire.core._compat import MICROPYTHON
from thinwire.core.answer.as_json import to_dict
from thinwire.core.answer.completion import Timings
from thinwire.core.answer.events import (
    BaseEvent,
    ContentDelta,
    ReasoningDelta,
    RefusalDelta,
    StreamComplete,
    StreamRestarted,
)
from thinwire.core.answer.media import AudioDelta, ImageDelta
from thinwire.core.answer.stream_events import UsageReceived
from thinwire.core.answer.tool_calls import ToolCallDelta, ToolCallStarted
from thinwire.core.answer.whole_calls import ToolCallComplete
from thinwire.core.request.sources import TextFile
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

EVENTS = [
    (ContentDelta("a", 1), {"type": "ContentDelta", "text": "a", "choice": 1}),
    (ReasoningDelta("a"), {"type": "ReasoningDelta", "text": "a", "choice": 0}),
    (RefusalDelta("a"), {"type": "RefusalDelta", "text": "a", "choice": 0}),
    (
        StreamRestarted("b", "read", 3),
        {"type": "StreamRestarted", "deployment": "b", "reason": "read", "void_chars": 3},
    ),
    (
        ToolCallStarted(0, "1", "f"),
        {"type": "ToolCallStarted", "index": 0, "id": "1", "name": "f", "choice": 0},
    ),
    (
        ToolCallDelta(0, "{"),
        {"type": "ToolCallDelta", "index": 0, "arguments": "{", "choice": 0},
    ),
    (UsageReceived({"a": 1}), {"type": "UsageReceived", "usage": {"a": 1}}),
    (
        ImageDelta(0, "AAAA", "image/png"),
        {
            "type": "ImageDelta",
            "index": 0,
            "data": "AAAA",
            "media_type": "image/png",
            "url": "",
            "choice": 0,
        },
    ),
    (
        AudioDelta("AAAA", ""),
        {"type": "AudioDelta", "data": "AAAA", "transcript": "", "choice": 0},
    ),
]


def plain(thing):
    # What `to_dict` makes of it, which has to be the same after a way through JSON.
    found = to_dict(thing)
    assert json.loads(json.dumps(found)) == found
    if not MICROPYTHON:
        assert thing.to_dict() == found
    return found


def asked(replies, **options):
    transport = ScriptedTransport(replies)
    names = deployments("a", "b")
    with Client("a", names, {"a": ["b"]}, retry=1, transport=transport, **options) as client:
        return list(client.stream(HELLO, n=2))


def test_events():
    for event, want in EVENTS:
        assert plain(event) == want, event


def test_a_whole_call():
    events = asked([ScriptedReply([sse(call(0, "1", "f", '{"a": 1}', "tool_calls")) + DONE])])
    found = [event for event in events if isinstance(event, ToolCallComplete)]
    assert plain(found[0])["arguments"] == {"a": 1}
    completion = plain(events[-1].completion)
    function = {"name": "f", "arguments": '{"a": 1}'}
    assert completion["tool_calls"] == [{"id": "1", "type": "function", "function": function}]
    assert completion["choices"][0]["tool_calls"] == completion["tool_calls"]


def test_a_completion():
    refused = json_reply({"error": {"message": "no " + KEY}}, 500)
    two = [text("Hel"), text("lo"), chunk({"content": "Hi"}, "stop", index=1), STOP]
    usage = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2, "x": [1.5]}}
    headers = {"content-type": "text/event-stream", "set-cookie": "let=me-in", "x-a": "b"}
    good = ScriptedReply([sse(*(two + [usage])) + DONE], 200, headers)
    last = asked([refused, good], keep_headers="all")[-1]
    assert isinstance(last, StreamComplete)
    found = plain(last)
    assert found["type"] == "StreamComplete"
    found = found["completion"]
    assert found["content"] == "Hello"
    assert [one["content"] for one in found["choices"]] == ["Hello", "Hi"]
    assert found["usage"]["x"] == [1.5]
    assert (found["complete"], found["end"], found["finish_reason"]) == (True, "finish", "stop")
    assert found["timings"]["total_ms"] is not None
    assert found["headers"]["x-a"] == "b"
    first, second = found["attempts"]
    assert (first["deployment"], first["outcome"], first["status"]) == ("a", "failed", 500)
    assert (first["error"]["type"], first["error"]["kind"]) == ("StatusError", "server")
    assert (second["outcome"], second["error"]) == ("answered", None)
    words = json.dumps(found)
    for private in (KEY, "me-in", "a private question"):
        assert private not in words, private
    completion = last.completion
    assert plain(completion.attempts[1]) == second
    assert to_dict(completion.choices[1]) == found["choices"][1]
    assert to_dict(completion.attempts[0].error) == first["error"]
    assert to_dict(completion.timings) == found["timings"]
    assert to_dict(Timings())["ttft_ms"] is None


def test_an_answer_that_is_cut():
    transport = ScriptedTransport([ScriptedReply([sse(text("Hel"))])])
    with Client("a", deployments("a"), retry=1, transport=transport) as client:
        with client.stream(HELLO) as stream:
            next(stream)
            found = plain(stream.completion)
    assert (found["content"], found["complete"], found["end"]) == ("Hel", False, "")
    assert [one["outcome"] for one in found["attempts"]] == [""]


def test_what_is_no_json_is_named_by_its_class():
    class Own(BaseEvent):
        __match_args__ = ("content", "data", "number", "nothing", "keys")

        def __init__(self):
            self.content = TextFile("/private/path.txt")
            self.data = (b"x", [1])
            self.number = float("inf")
            self.keys = {1: float("nan"), "call": ContentDelta("a")}

    assert plain(Own()) == {
        "type": "Own",
        "content": "<TextFile>",
        "data": ["<bytes>", [1]],
        "number": None,
        "nothing": None,
        "keys": {"1": None, "call": {"type": "ContentDelta", "text": "a", "choice": 0}},
    }


def test_what_is_no_answer():
    transport = ScriptedTransport([ScriptedReply([ANSWER])])
    client = Client("a", deployments("a"), transport=transport)
    for thing in (None, 3, "a", [], {}, client, TextFile("a")):
        assert "nothing that thinwire answers" in str(error_of(TypeError, to_dict, thing)), thing
    client.close()
