# Requests to any endpoint, and what of an answer is handed out when.

from helpers import error_of
from replies import FAST, KINDS, SSE, chain, client, done, reply
from streams import KEY

from thinwire.core.dialects.endpoint import BytesAnswer
from thinwire.core.errors import ReadError, StatusError, StreamError
from thinwire.core.routing.deployment import Deployment
from thinwire.core.routing.policy import RetryPolicy
from thinwire.core.sync import Client
from thinwire.core.wire.reserve import Reserve


def test_paths_are_joined_with_the_base_url():
    for path, a, b in (
        ("/x", "/v1/x", "/v2/x?zone=7"),
        ("/x?y=1", "/v1/x?y=1", "/v2/x?zone=7&y=1"),
        ("//api/tags", "/api/tags", "/api/tags?zone=7"),
    ):
        made = client(Client, reply(b"1"), reply(b"1"), deployments=chain())
        made.get(path).read()
        made.get(path, model="b").read()
        assert [one.target for one in made.transport.requests] == [a, b]
        assert [one.host for one in made.transport.requests] == ["a.test", "b.test"]


def test_headers_of_deployment_and_call_win():
    made = client(Client, reply(b"1"), deployments=chain())
    made.post(
        "/x", {}, model="b", extra_headers={"content-type": "a/b", "User-agent": "me"}
    ).read()
    headers = made.transport.requests[0].headers
    assert ("X-B", "1") in headers
    assert [value for name, value in headers if name.lower() == "content-type"] == ["a/b"]
    assert [value for name, value in headers if name.lower() == "user-agent"] == ["me"]


def test_anthropics_key_has_its_own_header():
    where = Deployment("https://a.test/v1", KEY, dialect="anthropic")
    made = client(Client, reply(b"1"), deployments=where)
    made.get("/models").read()
    headers = made.transport.requests[0].headers
    assert ("x-api-key", KEY) in headers
    assert not [name for name, _ in headers if name == "Authorization"]


def test_a_deployment_says_how_its_key_is_sent():
    for auth, want in (
        ("api-key", [("api-key", KEY)]),
        ("x-api-key", [("x-api-key", KEY)]),
        ("bearer", [("Authorization", "Bearer " + KEY)]),
        ("none", []),
    ):
        where = Deployment("https://a.test/v1", KEY, auth=auth)
        made = client(Client, reply(b"1"), deployments=where)
        made.get("/x").read()
        headers = made.transport.requests[0].headers
        assert [one for one in headers if KEY in one[1]] == want


def test_azures_paths_are_those_of_its_deployments():
    for version, want in (
        (None, "/openai/v1/embeddings"),
        ("2024-10-21", "/openai/deployments/ada/embeddings?api-version=2024-10-21"),
    ):
        where = Deployment("https://me.openai.azure.com", KEY, "ada", api_version=version)
        made = client(Client, reply(b'{"data": [{"embedding": [1]}]}'), deployments=where)
        assert [list(one) for one in made.embeddings("a").vectors] == [[1.0]]
        request = made.transport.requests[0]
        assert request.target == want
        assert ("api-key", KEY) in request.headers


def test_without_a_key_none_is_sent():
    made = client(Client, reply(b"1"), deployments=Deployment("https://a.test"))
    made.get("/x").read()
    names = [name for name, _ in made.transport.requests[0].headers]
    assert "Authorization" not in names, names


def test_keep_alives_are_no_delta():
    # Until the first `data:` an attempt may fail and another take its place.
    for kind in KINDS:
        cut = reply(b": wait\n\n", 5, b":\n", ReadError("cut"), headers=SSE)
        whole = reply(b": hm\n", 5, b"\ndata: 1\n\n", b"data: 2\n\n", headers=SSE)
        made = client(kind, cut, whole, retry=FAST)
        answer = done(made.open("POST", "/x", b"{}"))
        assert len(answer.attempts) == 2
        pieces = []
        for _ in range(5):
            pieces.append(bytes(done(answer.next_piece())))
        assert pieces == [b": hm\n\ndata: 1\n\n", b"data: 2\n\n", b"", b"", b""], pieces


def test_a_stream_of_nothing_but_comments_is_handed_out_at_its_end():
    made = client(Client, reply(b": a\n", b": b\n", headers=SSE), reply(b":" * 5000, headers=SSE))
    assert made.get("/x").read() == b": a\n: b\n"
    assert made.get("/x").read() == b":" * 5000  # longer than a chip's buffer


def test_the_caller_may_say_what_the_first_delta_is():
    def looks(piece):
        seen.append(bytes(piece))
        return b"!" in bytes(piece)

    seen = []
    made = client(Client, reply(b"a", b"b!", b"c"))
    answer = made.open("GET", "/x", is_delta=looks)
    assert [bytes(piece) for piece in answer] == [b"ab!", b"c"]
    assert seen == [b"a", b"ab!"]

    def refuses(piece):
        raise StreamError("not this one")

    made = client(Client, reply(b"a"), reply(b"b"), deployments=chain(), fallbacks={"a": ["b"]})
    calls = []

    def first_is_bad(piece):
        calls.append(1)
        if len(calls) == 1:
            raise StatusError(503, "overloaded")
        return True

    assert made.open("GET", "/x", is_delta=first_is_bad).deployment == "b"
    error_of(StreamError, client(Client, reply(b"a")).open, "GET", "/x", is_delta=refuses)


def test_an_empty_answer_is_one():
    for kind in KINDS:
        made = client(kind, reply(status=204, headers={}), retry=RetryPolicy(2, retry_empty=True))
        answer = done(made.open("DELETE", "/x"))
        assert (answer.status, done(answer.read()), answer.content_type) == (204, b"", "")
        assert len(made.transport.requests) == 1


def test_a_page_is_handed_out_as_it_is():
    made = client(Client, reply(b"<html>", headers={"content-type": "text/html"}))
    assert made.get("/x").read() == b"<html>"


def test_on_chunk_has_nothing_to_tell():
    seen = []
    made = client(Client, reply(b"1"), on_chunk=seen.append)
    assert made.get("/x").read() == b"1"
    assert seen == []


def put(answer, data, offset):
    """What a transport does that leaves its framing in front of the bytes."""
    view = answer.get_buffer()
    view[offset : offset + len(data)] = data
    answer.buffer_updated(len(data), offset)


def test_what_is_held_back_moves_together():
    for first, second in ((0, 0), (3, 0), (0, 3), (3, 2)):
        buffers = Reserve(32)
        answer = BytesAnswer(buffers, buffers.acquire(), None)
        answer.content_type = "text/event-stream; charset=utf-8"
        put(answer, b": a\n\n", first)
        assert answer.next_event() is None
        put(answer, b": b\n\n", second)
        assert answer.next_event() is None
        put(answer, b"data: 1\n\n", first)
        assert bytes(answer.next_event()) == b": a\n\n: b\n\ndata: 1\n\n"
        put(answer, b"more", second)
        assert bytes(answer.next_event()) == b"more"
        assert answer.next_event() is None
        answer.buffer_updated(0)
        assert answer.next_event() is None
        assert (answer.end, answer.received) == ("finish", 23)
        answer.free()
        assert len(buffers.acquire()) == 32


def test_a_data_line_in_any_spelling_of_line_ends_is_a_delta():
    for text, is_one in (
        (b"data: 1", True),
        (b":\rdata:", True),
        (b": data: 1\n", False),
        (b"event: data:", False),
    ):
        buffers = Reserve(32)
        answer = BytesAnswer(buffers, buffers.acquire(), None)
        answer.content_type = "text/event-stream"
        put(answer, text, 0)
        assert (answer.next_event() is not None) == is_one, text


def test_bytes_are_measured_where_a_server_wants_a_length():
    where = Deployment("https://a.test/v1", KEY, framing="length")
    for body, length in ((b"abcd", 4), ({"model": None}, 2)):
        made = client(Client, reply(b"1"), deployments=where)
        made.open("POST", "/x", body).close()
        assert made.transport.requests[0].length == length
