"""Probes: what a server and its model can do, and the profile that follows."""

import asyncio
import json

from helpers import error_of
from streams import DONE, KEY, STOP, call, chunk, json_reply, sse, text

from thinwire.core.client import AsyncClient
from thinwire.core.errors import ReadError, StatusError
from thinwire.core.providers.probe import probe
from thinwire.core.routing.deployment import Deployment
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

USAGE = {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}
HELLO = sse(text("Hello"), STOP, USAGE) + DONE
ONE = sse(call(0, "c1", "weather", "{}"), chunk({}, "tool_calls")) + DONE
TWO = sse(call(0, "c1", "weather", "{}"), call(1, "c2", "weather", "{}"), chunk({}, "tool_calls"))
JSON = sse(text('{"fine": true}'), STOP) + DONE
GOOD = [HELLO, HELLO, TWO + DONE, JSON]


def no(message, status=400):
    return json_reply({"error": {"message": message}}, status)


def scripted(reply):
    return ScriptedReply([reply]) if isinstance(reply, bytes) else reply


def probed(replies, **options):
    """The probe, and the documents that were sent."""
    replies = list(map(scripted, replies))
    transport = ScriptedTransport(replies)
    place = Deployment("https://a.test/v1", KEY, "m", **options)
    client = AsyncClient("a", {"a": place}, transport=transport, retry=1)
    found = asyncio.run(probe(client))
    assert len(transport.requests) == len(replies)
    assert transport.open_responses == 0
    Deployment("https://a.test/v1", KEY, "m", **found.profile)  # it takes it
    assert json.loads(json.dumps(found.profile)) == found.profile
    return found, [json.loads(one) for one in transport.sent], transport


def with_(place, *replies):
    # All is well, but for what stands at a place.
    return GOOD[:place] + list(replies) + GOOD[place + 1 :]


def test_a_server_that_can_all_of_it():
    found, sent, transport = probed(GOOD)
    assert found.features == {
        "chunked": True,
        "stream_usage": True,
        "tools": True,
        "parallel_tools": True,
        "json_schema": True,
        "reasoning_field": "",
        "keep_alives": False,
    }
    assert found.profile == {}
    assert found.errors == {}
    assert not transport.requests[0].chunked
    assert transport.requests[1].chunked
    assert sent[2]["tools"][0]["function"]["name"] == "weather"
    assert sent[3]["response_format"]["type"] == "json_schema"
    assert "profile={}" in repr(found)


def test_a_field_that_is_refused():
    found, sent, _ = probed([no("unknown field stream_options")] + GOOD)
    assert found.profile == {"stream_usage": False}
    assert ["stream_options" in one for one in sent] == [True, False, False, False, False]
    found, sent, _ = probed([no("max_tokens is not supported")] + GOOD)
    assert found.profile == {"rename": {"max_tokens": "max_completion_tokens"}}
    assert "max_tokens" not in sent[-1]
    assert "max_completion_tokens" in sent[-1]
    found, _, _ = probed(with_(0, sse(text("Hello"), STOP) + DONE))
    assert found.features["stream_usage"] is False
    assert found.profile == {}


def test_a_server_that_wants_a_length():
    for refusal in (no("length required", 411), no("no body"), ReadError("closed")):
        if isinstance(refusal, ReadError):
            refusal.unanswered = True
        found, _, transport = probed(with_(1, refusal))
        assert found.features["chunked"] is False, refusal
        assert found.profile == {"framing": "length"}
        assert "chunked" in found.errors
        assert transport.requests[-1].length is not None
    found, _, _ = probed(GOOD[:1] + GOOD[2:], framing="length")
    assert found.features["chunked"] is None


def test_what_cannot_be_said_is_none():
    for place, names in ((1, ["chunked"]), (2, ["tools", "parallel_tools"]), (3, ["json_schema"])):
        found, _, _ = probed(with_(place, no("busy", 429)))
        for name in names:
            assert found.features[name] is None, name
        assert found.profile == {}
        assert "busy" in found.errors[names[0]]


def test_tools():
    for replies, want in (
        ([ONE], (True, False)),
        ([HELLO, ONE], (True, False)),
        ([HELLO, HELLO], (False, False)),
        ([HELLO, no("tool_choice")], (False, False)),
        ([no("tools are not supported")], (False, False)),
        ([sse(chunk({}, "tool_calls")) + DONE], (False, False)),  # a call that is not there
    ):
        found, sent, _ = probed(with_(2, *replies))
        got = (found.features["tools"], found.features["parallel_tools"])
        assert got == want, (replies, got)
        if len(replies) == 2:
            assert sent[3]["tool_choice"] == "required"


def test_json_schema():
    for words in ("Yes, I am.", "[1]", '{"fine": "yes"}'):
        found, _, _ = probed(with_(3, sse(text(words), STOP) + DONE))
        assert found.features["json_schema"] is False, words
    found, _, _ = probed(with_(3, sse(text('<think>\n</think> {"fine": false}'), STOP) + DONE))
    assert found.features["json_schema"] is True
    found, _, _ = probed(with_(3, no("response_format")))
    assert found.features["json_schema"] is False


def test_where_reasoning_comes():
    for name in ("reasoning", "reasoning_content"):
        delta = sse(chunk({name: "Hm."}), {"choices": [7, {"delta": None}]}, {"choices": None})
        found, _, _ = probed(with_(0, delta + HELLO))
        assert found.features["reasoning_field"] == name
        assert found.profile == {}
    for words, tags in (("<think>Hm.</think>Hello", True), ("Hm.</think>Hello", "inside")):
        found, _, _ = probed(with_(0, sse(text(words), STOP) + DONE))
        assert found.features["reasoning_field"] == "<think>"
        assert found.profile == {"think_tags": tags}


def test_keep_alives():
    found, _, _ = probed(with_(0, b": ping\n\n" + HELLO))
    assert found.features["keep_alives"] is True


def test_what_does_not_even_chat_is_an_error():
    for replies, status in (
        ([no("bad key", 401)], 401),
        ([no("busy", 429)], 429),
        ([no("a"), no("b")], 400),
        ([no("max_tokens")] * 4, 400),
    ):
        error = error_of(StatusError, probed, replies)
        assert error.status == status, error


def test_both_clients_have_it():
    place = Deployment("https://a.test/v1", KEY, "m")
    client = AsyncClient("a", place, transport=ScriptedTransport(map(scripted, GOOD)))
    one = asyncio.run(client.probe("a", timeouts=5))
    client = Client("a", place, transport=ScriptedTransport(map(scripted, GOOD)))
    assert client.probe("a", timeouts=5).features == one.features
    assert one.features["tools"] is True
