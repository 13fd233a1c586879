# Any endpoint, through the pump of the chats: post, get and open of both clients.

import json

import racing
from helpers import error_of
from replies import FAST, KINDS, chain, client, done, finish, reply, sent
from streams import KEY

from thinwire.core.errors import StatusError, StreamInterrupted, TransportTimeout
from thinwire.core.routing.deployment import Deployment
from thinwire.core.routing.policy import Timeouts
from thinwire.core.sync import Client


def test_a_document_is_posted_with_key_and_model():
    for kind in KINDS:
        made = client(kind, reply(b'{"ok":', b"true}"))
        answer = done(made.post("/rerank", {"query": "x"}))
        assert (answer.status, answer.content_type) == (200, "application/json")
        assert (answer.deployment, len(answer.attempts)) == ("a", 1)
        assert done(answer.json()) == {"ok": True}
        request = made.transport.requests[0]
        assert (request.method, request.target) == ("POST", "/v1/rerank")
        assert ("Authorization", "Bearer " + KEY) in request.headers
        assert ("Content-Type", "application/json") in request.headers
        assert sent(made) == {"query": "x", "model": "id-1"}
        assert made.transport.open_responses == 0
        assert KEY not in repr(answer)
        assert repr(answer) == "Reply(200, 'application/json', of 'a')"


def test_a_get_has_no_body():
    for kind in KINDS:
        for framing in ("auto", "chunked", "length"):
            where = Deployment("https://a.test/v1", KEY, framing=framing)
            names = []

            def note(name, fields, names=names):
                names.append(name)

            made = client(kind, reply(b"[]"), deployments=where, on_event=note)
            assert done(done(made.get("/models")).json()) == []
            request = made.transport.requests[0]
            assert (request.method, request.body, request.length) == ("GET", None, None)
            assert not [name for name, _ in request.headers if name == "Content-Type"]
            told = ["call_started", "attempt_started", "first_token", "complete", "call_ended"]
            assert names == told, names


def test_a_get_is_not_sent_again_for_a_length_that_it_cannot_have():
    made = client(Client, reply(b"no", status=411), retry=FAST)
    assert error_of(StatusError, made.get, "/models").status == 411
    assert len(made.transport.requests) == 1


def test_errors_are_those_of_chats_and_tell_no_key():
    body = json.dumps({"error": {"message": "bad key " + KEY, "code": "invalid_api_key"}}).encode()
    for kind in KINDS:
        made = client(kind, reply(body, status=401))
        error = error_of(StatusError, finish, made.post, "/x", {})
        assert (error.status, error.kind) == (401, "auth"), error
        assert KEY not in str(error) + repr(error) + error.body_snippet
        assert "bad key ***" in str(error)
        assert made.transport.open_responses == 0


def test_fallbacks_get_their_own_model():
    made = client(
        Client,
        reply(status=503),
        reply(b"{}"),
        deployments=chain(),
        fallbacks={"a": ["b"]},
    )
    answer = made.post("/x", {"q": 1})
    assert (answer.deployment, len(answer.attempts)) == ("b", 2)
    assert (sent(made, 0)["model"], sent(made, 1)["model"]) == ("id-1", "id-2")
    answer.close()
    assert made.transport.open_responses == 0


def test_a_body_that_never_comes_is_a_timeout():
    limits = Timeouts(first_token=1, liveness=None)
    made = client(Client, reply(2000, b"1"), timeouts=limits)
    error = error_of(TransportTimeout, made.get, "/x")
    assert "first_token" in str(error), error
    made = client(Client, reply(b"1", 3000, b"2"), reply(b"1"))
    answer = made.get("/x", timeouts=Timeouts(progress=2))
    assert bytes(answer.next_piece()) == b"1"
    assert "progress" in str(error_of(StreamInterrupted, answer.next_piece))


def test_the_first_byte_of_two_attempts_wins():
    async def ask(setting):
        answer = await setting.client.post("/x", {"q": 1})
        found = [answer.deployment, await answer.json()]
        found.append([attempt.outcome for attempt in answer.attempts])
        return found + [await setting.transport.tasks_left(), setting.transport.still_open()]

    replies = {"a": [racing.Reply(racing.STALL)], "b": [racing.Reply(b'{"a"', 5, b": 1}")]}
    setting = racing.Setting(replies, hedge_after=0)
    assert racing.run(ask(setting)) == ["b", {"a": 1}, ["lost", "answered"], 0, []]


def test_a_get_may_be_hedged_too():
    async def ask(setting):
        return await (await setting.client.get("/x")).read()

    slow = racing.Reply(racing.STALL)
    setting = racing.Setting({"a": [slow], "b": [racing.Reply(b"1")]}, hedge_after=0)
    assert racing.run(ask(setting)) == b"1"


def test_a_server_may_take_its_time_unless_somebody_minds():
    late = reply(100_000, b'{"text": "x", "data": []}')

    def asked(name, *given, **options):
        made = client(Client, late, **options)
        return getattr(made, name)(*given)

    assert asked("post", "/x").json()["text"] == "x"
    assert asked("transcribe", b"S").text == "x"
    assert asked("embeddings", []).vectors == []
    for name, given in (("get", ("/x",)), ("open", ("POST", "/x", b""))):
        error_of(TransportTimeout, asked, name, *given)
    hurried = Deployment("https://a.test/v1", KEY, timeouts=Timeouts(first_token=99))
    for options in (
        {"timeouts": Timeouts()},
        {"timeouts": 99},
        {"deployments": hurried},
    ):
        assert "within" in str(error_of(TransportTimeout, asked, "post", "/x", **options))
    made = client(Client, late)
    error_of(TransportTimeout, made.post, "/x", timeouts=99)
