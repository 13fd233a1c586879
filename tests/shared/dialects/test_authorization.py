# In which header a key goes.

from helpers import error_of
from streams import ANSWER, HELLO

from thinwire.core.dialects.authorization import key_header
from thinwire.core.routing.deployment import Deployment
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

BEARER = ("Authorization", "Bearer k")


def test_each_way_to_send_a_key():
    for auth, usual, wanted in (
        ("", "bearer", BEARER),
        ("bearer", "x-api-key", BEARER),
        ("", "x-api-key", ("x-api-key", "k")),
        ("x-api-key", "bearer", ("x-api-key", "k")),
        ("api-key", "bearer", ("api-key", "k")),
        ("none", "bearer", ("", "")),
    ):
        assert key_header(auth, "k", usual) == wanted, (auth, usual)
    for nothing in ("", None):
        assert key_header("bearer", nothing) == ("", "")
    assert key_header("", "k") == BEARER


def headers(call=None, **options):
    transport = ScriptedTransport([ScriptedReply([ANSWER])])
    deployment = Deployment("https://h.example/v1", "k", **options)
    Client("m", deployment, transport=transport).chat(HELLO, extra_headers=call)
    return dict(transport.requests[0].headers)


def test_a_deployment_says_where():
    for call in (None, {"X-Call": "1"}):
        for more in ({}, {"X-Deployment": "1"}):
            found = headers(call, auth="api-key", extra_headers=more)
            assert found["api-key"] == "k"
            assert "Authorization" not in found
            found = headers(call, auth="none", extra_headers=more)
            assert "k" not in found.values(), found
            found = headers(call, provider="hill", extra_headers=more)
            assert found["Authorization"] == "Bearer k"


def test_a_header_of_the_callers_wins():
    found = headers(None, auth="api-key", extra_headers={"Api-Key": "mine"})
    assert found["Api-Key"] == "mine"
    assert "api-key" not in found


def test_another_way_is_refused():
    error = error_of(ValueError, headers, auth="basic")
    for word in ("'basic'", "bearer", "x-api-key"):
        assert word in str(error), error
