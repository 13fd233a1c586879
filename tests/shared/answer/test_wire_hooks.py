"""on_request, on_response and on_stream_complete: what is told, once each, without secrets."""

import json

from helpers import Scratch, error_of
from streams import ANSWER, DONE, HELLO, KEY, ONCE, STOP, call, deployments, json_reply, sse, text

from thinwire.core._compat import BODY_LIMIT
from thinwire.core.errors import ConnectError, ReadError, StatusError, ThinwireError
from thinwire.core.request.sources import TextFile
from thinwire.core.routing.deployment import Deployment
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

NAMES = ("on_request", "on_response", "on_stream_complete", "on_chunk")


def told(reply, messages=HELLO, deployment=None, names=NAMES, **options):
    """What the hooks are told of a call, and its error."""
    heard = {name: [] for name in names}
    for name in names:
        options[name] = lambda *said, name=name: heard[name].append(said)
    place = deployments("a") if deployment is None else {"a": deployment}
    client = Client("a", place, transport=ScriptedTransport([reply]), retry=ONCE, **options)
    error = None
    try:
        client.chat(messages)
    except ThinwireError as raised:
        error = raised
    return heard, error


def test_a_stream_is_summed_up():
    one = call(0, "c1", "f", "{")
    pieces = [sse(text("Hel"), text("lo"), one, call(0, None, None, "}")), 40]
    pieces.append(sse(call(1, "c2", "g", "{}"), dict(STOP, usage={})) + DONE)
    heard, error = told(ScriptedReply(pieces))
    assert error is None
    assert heard["on_response"] == []
    assert heard["on_stream_complete"] == [
        (
            {
                "http_status": 200,
                "event_count": 6,
                "content_length": 5,
                "tool_call_count": 2,
                "received_done": True,
                "finish_reason": "stop",
                "duration_ms": 40,
            },
        )
    ]
    assert next(said[0] for said in heard["on_chunk"]) == text("Hel")
    only, _ = told(ScriptedReply(pieces), names=("on_stream_complete",))
    assert only["on_stream_complete"] == heard["on_stream_complete"]


def test_a_stream_that_breaks_off_is_summed_up_as_far_as_it_came():
    odd = {"choices": [7, {"delta": 7}, {"delta": {"tool_calls": [7, {"id": "x"}]}}]}
    reply = ScriptedReply([b"\r\n\n", b" \n", sse(text("a"), odd), ReadError("cut")])
    (said,) = told(reply, on_interrupt="raise")[0]["on_stream_complete"]
    assert (said[0]["received_done"], said[0]["finish_reason"]) == (False, None)
    assert (said[0]["event_count"], said[0]["content_length"]) == (2, 1)
    assert said[0]["tool_call_count"] == 1
    (said,) = told(ScriptedReply([sse({"choices": None}, STOP)]))[0]["on_stream_complete"]
    assert (said[0]["event_count"], said[0]["finish_reason"]) == (2, "stop")


def test_a_request_is_told_before_it_is_sent():
    with Scratch(b"text") as path:
        messages = [
            {"role": "system", "content": TextFile(path)},
            {"role": "user", "content": "key " + KEY, "n": 1.5, "b": None},
        ]
        place = Deployment("https://a.test:8443/v1?sig=0123456789abc", KEY)
        heard, _ = told(ScriptedReply([ANSWER]), messages, place)
    ((endpoint, payload),) = heard["on_request"]
    assert endpoint == "https://a.test:8443/v1/chat/completions"
    assert payload["model"] == "a"
    assert payload["stream"] is True
    assert payload["messages"][0]["content"] == "[TextFile]"
    assert payload["messages"][1] == {"role": "user", "content": "key ***", "n": 1.5, "b": None}
    heard, error = told(ConnectError("no"))
    assert len(heard["on_request"]) == 1
    assert error is not None
    assert heard["on_response"] == heard["on_stream_complete"] == []


def test_an_answer_that_is_no_stream_is_told_whole():
    good = {"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]}
    wrong = {"error": {"message": "bad key " + KEY}}
    for reply, want in (
        (json_reply(good), (200, good)),
        (ScriptedReply([b" \n", b"\n" + json.dumps(good).encode()]), (200, good)),
        (json_reply(wrong, 401), (401, {"error": {"message": "bad key ***"}})),
        (json_reply(b"gateway " + KEY.encode(), 502), (502, {"error": "gateway ***"})),
        (json_reply(b"[1]", 502), (502, {"error": [1]})),
        (json_reply(b"", 503), (503, {"error": ""})),
        (ScriptedReply([b"<html>"]), (200, {"error": "<html>"})),
    ):
        heard, _ = told(reply)
        assert heard["on_response"] == [want], (want, heard["on_response"])
        assert heard["on_stream_complete"] == []
        assert told(reply, names=("on_request",))[0]["on_request"] != []


def test_a_body_that_is_too_long_is_cut():
    body = b'{"error": "' + b"x" * (2 * BODY_LIMIT) + b'"}'
    pieces = [body[at : at + 500] for at in range(0, len(body), 500)]
    ((status, said),) = told(ScriptedReply(pieces))[0]["on_response"]
    assert status == 200
    assert said["_truncated"] is True
    assert said["error"] == str(body[:BODY_LIMIT], "utf-8")


def test_what_a_hook_raises_ends_the_call_as_it_is():
    error_reply = json_reply({"error": {"message": "no"}}, 500)
    for name, reply in (
        ("on_request", ScriptedReply([ANSWER])),
        ("on_response", error_reply),
        ("on_stream_complete", ScriptedReply([ANSWER])),
    ):
        for raised in (KeyError("mine"), StatusError(500, "another's"), MemoryError("mine")):
            if isinstance(raised, MemoryError) and name != "on_request":
                continue  # a full heap at the end of an answer takes nothing from it

            def fail(*said, raised=raised):
                raise raised

            transport = ScriptedTransport([reply, ScriptedReply([ANSWER])])
            options = {name: fail}
            client = Client("a", deployments("a"), transport=transport, **options)
            assert error_of(type(raised), client.chat, HELLO) is raised, (name, raised)
            assert transport.open_responses == 0
            assert len(transport.requests) <= 1
