# A dialect that nobody speaks: another path, another header for the key, another body, other
# events. What it takes to add one is all here: the pump, the clients and policies do not know it.

import asyncio
import json
import sys

from helpers import error_of, feeds
from streams import ANSWER, HELLO, KEY, ONCE, json_reply

from thinwire.core.answer import chunk
from thinwire.core.answer.answer import Answer
from thinwire.core.client import AsyncClient
from thinwire.core.errors import StatusError, StreamError, StreamInterrupted
from thinwire.core.request.http_request import JSONBody, Request
from thinwire.core.routing import deployment as module
from thinwire.core.routing.deployment import Deployment
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

_ENDS = {"done": "stop", "called": "tool_calls"}


class Smoke:
    """What a module of core/dialects has."""

    @staticmethod
    def request(deployment, name, call, key=None, first_provider=""):
        url = deployment.url
        said = [message["content"] for message in call.messages]
        headers = [("Content-Type", "application/json")] + deployment.headers("X-Match", key or "")
        body = JSONBody({"fire": said}, call.sizes)
        target = url.target("/v9/smoke/" + (deployment.model or name))
        host = (url.scheme, url.host, url.port)
        return Request("POST", *host, target, url.authority(), headers, body)

    @staticmethod
    def answer(deployment, call, buffers, buffer):
        return SmokeAnswer(call.keep, buffers, buffer)


class SmokeAnswer(Answer):
    """Puffs in, chunks out."""

    def take(self, obj, event):
        if event == "cough":
            raise chunk.error_from({"message": obj["why"]}, 503)
        if event == "message":  # the one document of who does not stream
            for puff in obj["puffs"]:
                self._puff(puff, "")
        elif event == "out":
            self._puff({}, _ENDS[obj["how"]], {"prompt_tokens": obj["wood"]})
            self.finish()
        elif event == "puff":
            self._puff(obj, "")

    def _puff(self, puff, reason, usage=None):
        delta = {}
        for name, other in (("white", "content"), ("black", "reasoning_content")):
            if name in puff:
                delta[other] = puff[name]
        if "signal" in puff:
            function = {"name": puff["signal"], "arguments": json.dumps(puff["to"])}
            delta["tool_calls"] = [{"index": 0, "id": "s1", "function": function}]
        choice = {"index": 0, "delta": delta, "finish_reason": reason or None}
        self.take_chunk({"model": "smoke", "choices": [choice], "usage": usage})


def puffs(*events):
    written = ["event: %s\ndata: %s\n\n" % (name, json.dumps(obj)) for name, obj in events]
    return "".join(written).encode()


WHOLE = puffs(
    ("wind", {"from": "west"}),
    ("puff", {"black": "hm"}),
    ("puff", {"white": "Hel"}),
    ("puff", {"white": "lo"}),
    ("puff", {"signal": "look", "to": {"hill": 2}}),
    ("out", {"how": "called", "wood": 3}),
)


class Known:
    """Makes the dialect known for a while."""

    def __enter__(self):
        self._kept = module.DIALECTS
        module.DIALECTS += (("smoke", "/v9/smoke"),)
        sys.modules["thinwire.core.dialects.smoke"] = Smoke

    def __exit__(self, *error):
        module.DIALECTS = self._kept
        del sys.modules["thinwire.core.dialects.smoke"]


def smoke(**options):
    return Deployment("https://hill.test/camp", KEY, "m1", dialect="smoke", **options)


def asked(kind, replies, deployments=None, **options):
    """The completion and the transport; replies are lists of pieces, or ScriptedReply."""
    made = [one if isinstance(one, ScriptedReply) else ScriptedReply(one) for one in replies]
    transport = ScriptedTransport(made)
    client = kind("a", deployments or smoke(), transport=transport, retry=ONCE, **options)
    done = client.chat(HELLO)
    return asyncio.run(done) if kind is AsyncClient else done, transport


def test_unknown_dialects_are_refused_with_the_known_ones():
    for wrong in ("antropic", 7, "openai "):
        error = error_of(ValueError, Deployment, "https://h/v1", dialect=wrong)
        assert "dialect %r" % (wrong,) in str(error), error
        assert "known are 'openai'" in str(error), error
    assert Deployment("https://h/v1").dialect == "openai"


def test_a_dialect_brings_its_request():
    with Known():
        for kind in (Client, AsyncClient):
            _, transport = asked(kind, [[WHOLE]])
            request = transport.requests[0]
            assert (request.host, request.target) == ("hill.test", "/camp/v9/smoke/m1")
            assert ("X-Match", KEY) in request.headers
            assert not [name for name, _ in request.headers if name == "Authorization"]
            assert json.loads(transport.sent[0]) == {"fire": [HELLO[0]["content"]]}


def test_a_dialect_brings_what_reads_its_answer():
    with Known():
        for pieces in feeds(WHOLE):
            for kind in (Client, AsyncClient):
                done, transport = asked(kind, [pieces])
                assert (done.content, done.reasoning_content) == ("Hello", "hm")
                assert [call.arguments for call in done.tool_calls] == [{"hill": 2}]
                assert (done.finish_reason, done.end) == ("tool_calls", "finish")
                assert done.usage["prompt_tokens"] == 3
                assert transport.open_responses == 0


def test_deltas_of_any_dialect_are_handed_out():
    with Known():
        got = []
        transport = ScriptedTransport([ScriptedReply([WHOLE])])
        Client("a", smoke(), transport=transport).chat(HELLO, on_delta=got.append)
        assert got == ["Hel", "lo"], got


def test_who_does_not_stream_is_read_by_the_dialect_too():
    with Known():
        document = json_reply({"puffs": [{"white": "Hi"}, {"white": "!"}]})
        done, _ = asked(Client, [document])
        assert (done.content, done.complete) == ("Hi!", True)


def test_a_chain_may_speak_several_dialects():
    with Known():
        chain = {"a": smoke(), "b": Deployment("https://b.test/v1", KEY)}
        cough = puffs(("cough", {"why": "wet wood, " + KEY}))
        done, transport = asked(Client, [[cough], [ANSWER]], chain, fallbacks={"a": ["b"]})
        assert (done.content, done.deployment) == ("Hello", "b")
        assert transport.requests[1].target == "/v1/chat/completions"
        error = done.attempts[0].error
        assert isinstance(error, StatusError), error
        assert "wet wood, ***" in str(error), error


def test_an_answer_of_any_dialect_that_breaks_off_is_an_error():
    with Known():
        for kept, wanted in ((WHOLE[:20], StreamError), (WHOLE[:-80], StreamInterrupted)):
            assert isinstance(error_of(Exception, asked, Client, [[kept]]), wanted)


def test_the_end_of_a_base_url_is_the_dialects():
    warned, kept = [], module.warn
    module.warn = warned.append
    try:
        with Known():
            assert Deployment("https://h/v9/smoke", dialect="smoke").url.path == ""
            assert Deployment("https://h/v9/smoke").url.path == "/v9/smoke"
            path = Deployment("https://h/chat/completions", dialect="smoke").url.path
            assert path == "/chat/completions"
    finally:
        module.warn = kept
    assert len(warned) == 1, warned
    assert "/v9/smoke" in warned[0], warned
