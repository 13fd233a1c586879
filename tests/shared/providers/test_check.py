"""Checks: reachable, authorised, present, and how soon a model speaks."""

import asyncio

from helpers import error_of
from streams import ANSWER, DONE, KEY, chunk, json_reply, sent_document, sse, text

from thinwire.core.client import AsyncClient
from thinwire.core.errors import ConnectError
from thinwire.core.providers.check import Check, check
from thinwire.core.routing.deployment import Deployment
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

LIST = json_reply({"data": [{"id": "m"}, {"id": "x"}]})
SPEAKS = ScriptedReply([100, sse(text("Hi")), 10**9])
REFUSED = json_reply({"error": {"message": "bad key"}}, 401)
NO_LIST = json_reply({"error": {"message": "nothing here"}}, 404)
ABSENT = json_reply({"error": {"message": "no", "code": "model_not_found"}}, 404)
NO_LIMIT = json_reply({"error": {"message": "max_tokens is not supported"}}, 400)


def checked(replies, key=KEY, **options):
    transport = ScriptedTransport(replies)
    place = Deployment("https://a.test/v1", key, "m")
    client = AsyncClient("a", {"a": place}, transport=transport)
    (found,) = asyncio.run(check(client, **options))
    assert transport.open_responses == 0
    return found, transport


def said(one):
    return one.reachable, one.authorised, one.present, one.first_token_ms, one.ok


def test_what_each_answer_means():
    for replies, want in (
        ([LIST, SPEAKS], (True, True, True, 100, True)),
        ([json_reply({"data": []}), SPEAKS], (True, True, True, 100, True)),  # an alias
        ([NO_LIST, SPEAKS], (True, True, True, 100, True)),
        ([json_reply(b"<html>"), SPEAKS], (True, True, True, 100, True)),
        ([LIST, ScriptedReply([sse(chunk({}, "length")) + DONE])], (True, True, True, 0, True)),
        ([REFUSED], (True, False, None, None, False)),
        ([LIST, REFUSED], (True, False, True, None, False)),
        ([NO_LIST, ABSENT], (True, None, False, None, False)),
        ([ConnectError("no")], (False, None, None, None, False)),
        ([LIST, ConnectError("no")], (True, None, True, None, False)),
        ([LIST, json_reply({}, 500)], (True, None, True, None, False)),
        ([LIST, ScriptedReply([b""])], (True, None, True, None, False)),
    ):
        found, transport = checked(replies)
        assert said(found) == want, (replies, found)
        assert (found.error is None) == found.ok
        assert len(transport.requests) == len(replies)


def test_the_least_is_spent():
    _, transport = checked([LIST, SPEAKS])
    asked = sent_document(transport, 1)
    assert asked["max_tokens"] == 1
    assert asked["messages"] == [{"role": "user", "content": "Hi"}]


def test_a_model_that_knows_another_limit():
    found, transport = checked([LIST, NO_LIMIT, SPEAKS])
    assert said(found) == (True, True, True, 100, True)
    asked = sent_document(transport, 2)
    assert (asked.get("max_tokens"), asked["max_completion_tokens"]) == (None, 16)
    found, transport = checked([LIST, NO_LIMIT, NO_LIMIT, SPEAKS])
    assert found.ok
    assert "max_completion_tokens" not in sent_document(transport, 3)
    found, transport = checked([LIST, NO_LIMIT, NO_LIMIT, NO_LIMIT])
    assert (found.error.kind, len(transport.requests)) == ("bad_request", 4)


def test_free_spends_nothing_and_does_not_take_a_public_list_for_a_proof():
    for replies, key, want in (
        ([LIST, REFUSED], KEY, (True, True, True, None, True)),
        ([LIST, LIST], KEY, (True, None, True, None, True)),
        ([LIST, json_reply({}, 500)], KEY, (True, None, True, None, True)),
        ([LIST], None, (True, True, True, None, True)),
        ([json_reply({"data": [{"id": "x"}]}), REFUSED], KEY, (True, True, False, None, False)),
        ([NO_LIST], KEY, (True, None, None, None, True)),
        ([REFUSED], KEY, (True, False, None, None, False)),
        ([ConnectError("no")], KEY, (False, None, None, None, False)),
    ):
        found, transport = checked(replies, key, free=True)
        assert said(found) == want, (replies, found)
        assert [one.method for one in transport.requests] == ["GET"] * len(replies)
    assert "Authorization" not in dict(checked([LIST, REFUSED], free=True)[1].requests[1].headers)


def test_a_server_that_can_be_asked_about_a_key_is():
    for reply, want in (
        (json_reply({"data": {"label": "mine"}}), (True, True, True, None, True)),
        (REFUSED, (True, False, True, None, False)),
        (json_reply({}, 500), (True, None, True, None, False)),
    ):
        transport = ScriptedTransport([LIST, reply])
        place = Deployment("https://openrouter.ai/api/v1", KEY, "m")
        client = AsyncClient("a", place, transport=transport)
        (found,) = asyncio.run(check(client, free=True))
        assert said(found) == want, found
        assert transport.requests[1].target == "/api/v1/key"
        assert transport.open_responses == 0


def test_an_id_with_a_word_of_the_servers_own():
    for id in ("m", "models/m", "m:latest"):
        found, _ = checked([json_reply({"data": [{"id": id}]}), REFUSED], free=True)
        assert found.present is True


def test_several_are_checked_one_after_the_other():
    places = {name: Deployment("https://%s.test/v1" % name, KEY) for name in ("a", "b", "c")}
    transport = ScriptedTransport([LIST, SPEAKS, REFUSED])
    client = AsyncClient("a", places, {"a": ["b"]}, transport=transport)
    one, two = asyncio.run(check(client, ["c", "a"]))
    assert (one.name, one.model, one.ok) == ("c", "c", True)
    assert (two.name, two.authorised) == ("a", False)
    transport = ScriptedTransport([REFUSED] * 4)
    client = AsyncClient("a", places, transport=transport)
    assert [one.name for one in asyncio.run(check(client))] == ["a", "b", "c"]
    assert [one.name for one in asyncio.run(check(client, "b"))] == ["b"]
    error_of(ValueError, asyncio.run, check(client, "nobody"))


def test_a_deployment_that_cools_down_is_asked_nevertheless():
    transport = ScriptedTransport([json_reply({}, 500)] * 6 + [LIST, ScriptedReply([ANSWER])])
    client = AsyncClient("a", Deployment("https://a.test/v1", KEY, "m"), transport=transport)
    for _ in range(3):
        asyncio.run(check(client))
    assert client.deployments_state()["a"].failures == 0  # nor is it blamed
    assert asyncio.run(check(client))[0].ok


def test_a_repr_says_what_was_found():
    found, _ = checked([LIST, REFUSED])
    assert repr(found) == (
        "Check('a', 'm', reachable=True, authorised=False, present=True, error=auth)"
    )
    assert repr(Check("a", "m")) == "Check('a', 'm')"
    assert KEY not in repr(found)


def test_both_clients_have_it():
    place = Deployment("https://a.test/v1", KEY, "m")
    client = AsyncClient("a", place, transport=ScriptedTransport([LIST, REFUSED]))
    (one,) = asyncio.run(client.check(["a"], free=True, timeouts=5))
    client = Client("a", place, transport=ScriptedTransport([LIST, REFUSED]))
    (other,) = client.check(["a"], free=True, timeouts=5)
    assert said(one) == said(other) == (True, True, True, None, True)
