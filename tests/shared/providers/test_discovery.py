"""The models of a server: asked for page by page, kept, and what stands in for a list."""

import asyncio
import json

from helpers import error_of
from streams import KEY, ONCE, json_reply

from thinwire.core.client import AsyncClient
from thinwire.core.errors import ConnectError, StatusError, StreamError, ThinwireError
from thinwire.core.providers.discovery import models
from thinwire.core.providers.model_list import ModelEntry
from thinwire.core.routing.deployment import Deployment
from thinwire.core.sync import Client, run
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

LIST = {"object": "list", "data": [{"id": "b", "object": "model"}, {"id": "a"}]}
PLACES = {
    "one": Deployment("https://one.test/v1", KEY, "up-one"),
    "two": Deployment("https://one.test/v1", KEY),
    "other": Deployment("https://other.test/v1", "sk-another-key"),
}


def client_of(replies, places=None, default="one", **options):
    transport = ScriptedTransport(replies)
    places = PLACES if places is None else places
    return AsyncClient(default, places, transport=transport, retry=ONCE, **options), transport


def ids(entries):
    return [entry.id for entry in entries]


def asked(transport):
    return [(one.method, one.authority + one.target) for one in transport.requests]


def test_the_list_is_asked_for_with_the_deployments_key():
    client, transport = client_of([json_reply(LIST), json_reply({"data": []})], PLACES)
    assert ids(asyncio.run(models(client))) == ["b", "a"]
    assert asyncio.run(models(client, "other")) == []
    assert asked(transport) == [("GET", "one.test/v1/models"), ("GET", "other.test/v1/models")]
    keys = [dict(one.headers)["Authorization"] for one in transport.requests]
    assert keys == ["Bearer " + KEY, "Bearer sk-another-key"]
    assert transport.sent == [b"", b""]
    assert transport.open_responses == 0


def test_a_blocking_client_has_the_same():
    transport = ScriptedTransport([json_reply(LIST)])
    client = AsyncClient("one", PLACES, transport=transport)
    assert ids(run(models(client))) == ["b", "a"]


def test_it_is_kept_for_five_minutes():
    other = {"data": [{"id": "new"}]}
    client, transport = client_of([json_reply(LIST), json_reply(other), json_reply(LIST)])
    first = asyncio.run(models(client))
    first.append("the caller's own")
    assert ids(asyncio.run(models(client))) == ["b", "a"]
    assert ids(asyncio.run(models(client, "two"))) == ["b", "a"]  # the same server and key
    transport.advance(299000)
    assert ids(asyncio.run(models(client))) == ["b", "a"]
    transport.advance(1000)
    assert ids(asyncio.run(models(client))) == ["new"]
    assert ids(asyncio.run(models(client, refresh=True))) == ["b", "a"]
    assert ids(asyncio.run(models(client))) == ["b", "a"]
    assert len(transport.requests) == 3


def test_a_list_of_several_pages():
    pages = [
        {"data": [{"id": "a"}], "has_more": True, "last_id": "a/b c\u00e9"},
        {"data": [{"id": "b"}], "has_more": True, "last_id": "b"},
        {"data": [{"id": "b"}], "has_more": True, "last_id": "b"},  # it goes round in circles
    ]
    place = {"one": Deployment("https://one.test/v1", KEY, "m", dialect="anthropic")}
    client, transport = client_of([json_reply(page) for page in pages], place)
    assert ids(asyncio.run(models(client))) == ["a", "b"]
    targets = [one.target for one in transport.requests]
    assert targets[0] == "/v1/models?limit=1000"
    assert targets[1] == "/v1/models?limit=1000&after_id=a%2Fb%20c%C3%A9"
    assert targets[2].endswith("&after_id=b")
    pages = [{"models": [{"name": "a"}], "nextPageToken": "t"}, {"models": [{"name": "b"}]}]
    client, transport = client_of([json_reply(page) for page in pages])
    assert ids(asyncio.run(models(client))) == ["a", "b"]
    assert transport.requests[1].target == "/v1/models?pageToken=t"
    client, transport = client_of([json_reply({"data": [], "has_more": True, "last_id": None})])
    assert asyncio.run(models(client)) == []


def test_pages_without_end_have_one():
    pages = [
        {"data": [{"id": "m%d" % number}], "has_more": True, "last_id": "m%d" % number}
        for number in range(101)
    ]
    client, transport = client_of([json_reply(page) for page in pages])
    assert len(asyncio.run(models(client))) == 100
    assert len(transport.requests) == 100


def test_a_mark_that_is_no_mark():
    # Letters to whom `lower` gives an ASCII one; half a surrogate pair.
    for mark, quoted in (("\u212a", "%E2%84%AA"), ("\u0130", "%C4%B0"), ("\ud800", "")):
        page = {"data": [{"id": "a"}], "has_more": True, "last_id": mark}
        replies = [json_reply(page), json_reply({"data": [{"id": "b"}]})]
        client, transport = client_of(replies)
        found = ids(asyncio.run(models(client)))
        assert found[0] == "a"
        if quoted:
            assert transport.requests[1].target == "/v1/models?after_id=" + quoted


def test_where_the_list_is():
    query = Deployment("https://one.test/v1?v=1", KEY)
    root = Deployment("http://127.0.0.1:11434/v1", models_path="//api/tags")
    azure = Deployment("https://r.test/openai/deployments/gpt?api-version=2024-10-21", KEY)
    for place, target in (
        (query, "/v1/models?v=1"),
        (root, "/api/tags"),
        (azure, "/openai/models?api-version=2024-10-21"),
    ):
        client, transport = client_of([json_reply(LIST)], {"one": place})
        assert ids(asyncio.run(models(client))) == ["b", "a"]
        assert transport.requests[0].target == target


def test_a_list_in_pieces_of_any_size():
    data = json.dumps(LIST).encode()
    for size in (1, 7):
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        client, _ = client_of([ScriptedReply(pieces)])
        assert ids(asyncio.run(models(client))) == ["b", "a"]


NOWHERE = [
    json_reply({"error": {"message": "no such path"}}, 404),
    json_reply({}, 405),
    json_reply(b"", 501),
    ConnectError("refused"),
    ScriptedReply([10**8, b"{}"]),
]
WRONG = [
    json_reply({"error": {"message": "bad key " + KEY}}, 401),
    json_reply({}, 403),
    json_reply({}, 429),
    json_reply({}, 500),
]


def test_names_stand_in_where_there_is_nothing_to_ask():
    for reply in NOWHERE:
        client, _ = client_of([reply, json_reply(LIST)], timeouts=20)
        entries = asyncio.run(models(client))
        assert ids(entries) == ["up-one", "two"], reply
        assert [entry.listed for entry in entries] == [False, False]
        assert ids(asyncio.run(models(client))) == ["b", "a"]  # it was not kept
        client, _ = client_of([reply], timeouts=20)
        entries = asyncio.run(models(client, fallback=["x", "y", "x"]))
        assert ids(entries) == ["x", "y"]
        assert isinstance(entries[0], ModelEntry)


def test_or_the_error_if_they_are_not_wanted():
    for reply in NOWHERE:
        client, _ = client_of([reply], timeouts=20)
        error_of(ThinwireError, asyncio.run, models(client, fallback=()))


def test_nothing_stands_in_for_a_refusal():
    for reply in WRONG:
        client, _ = client_of([reply])
        error = error_of(StatusError, asyncio.run, models(client, fallback=["x"]))
        assert error.status == reply.status
        assert KEY not in str(error)
        assert KEY not in repr(error)
    client, _ = client_of([ScriptedReply([b"<html>not a list"], headers={})])
    error_of(ThinwireError, asyncio.run, models(client, fallback=["x"]))
    client, _ = client_of([json_reply({"object": "error"})])
    assert "no list" in str(error_of(StreamError, asyncio.run, models(client, fallback=["x"])))


def test_an_answer_that_is_no_list_may_repeat_the_key():
    client, _ = client_of([json_reply({"error": "bad key %s" % KEY})])
    error = error_of(StreamError, asyncio.run, models(client))
    assert "bad key ***" in str(error)
    assert KEY not in str(error) + repr(error)


def test_no_other_deployment_answers_for_it():
    transport = ScriptedTransport([json_reply({}, 503), json_reply(LIST)])
    client = AsyncClient("one", PLACES, {"one": ["other"]}, transport=transport, retry=ONCE)
    error = error_of(StatusError, asyncio.run, models(client))
    assert (error.status, error.deployment) == (503, "one")
    assert client.deployments_state()["one"].failures == 0


def test_hooks_and_headers_are_the_clients():
    told = []
    client, _ = client_of([json_reply(LIST)], on_event=lambda name, fields: told.append(name))
    asyncio.run(models(client))
    assert "attempt_started" in told


def test_a_name_that_is_not_declared():
    client, _ = client_of([])
    error_of(ValueError, asyncio.run, models(client, "nobody"))


def test_both_clients_have_it():
    options = {"refresh": True, "fallback": (), "timeouts": 5}
    client, _ = client_of([json_reply(LIST)])
    assert ids(asyncio.run(client.models("two", **options))) == ["b", "a"]
    client = Client("one", PLACES, transport=ScriptedTransport([json_reply(LIST)]))
    assert ids(client.models("two", **options)) == ["b", "a"]
    assert client.names == ["one", "other", "two"]


def test_ids_that_nobody_declared_are_listed_where_they_are():
    client, transport = client_of([json_reply(LIST)], {"*": PLACES["other"]}, None)
    assert ids(asyncio.run(client.models())) == ["b", "a"]
    assert ids(asyncio.run(client.models())) == ["b", "a"]
    assert asked(transport) == [("GET", "other.test/v1/models")]
    client, transport = client_of([json_reply(LIST)], {"*": PLACES["other"]}, None)
    assert ids(asyncio.run(client.models("x"))) == ["b", "a"]
    client, _ = client_of([], PLACES, None)
    error_of(ValueError, asyncio.run, client.models())


def test_anthropics_list_is_asked_for_in_its_words():
    place = {"one": Deployment("https://one.test/v1", KEY, "m", dialect="anthropic")}
    client, transport = client_of([json_reply(LIST)], place)
    asyncio.run(client.models())
    headers = dict(transport.requests[0].headers)
    assert headers["x-api-key"] == KEY
    assert "anthropic-version" in headers
    assert "Authorization" not in headers
