# Texts in, vectors out.

import json

from helpers import error_of
from replies import FAST, KINDS, client, done, finish, reply, sent

from thinwire.core.errors import StatusError, StreamError
from thinwire.core.sync import Client

ONE, TWO = "AACAPwAAAEA=", "AABAQAAAgEA="  # [1, 2] and [3, 4], 32 bit, little endian


def answer(*entries, **more):
    data = [dict(entry) for entry in entries]
    return json.dumps(dict({"object": "list", "data": data, "model": "m-9"}, **more)).encode()


def test_vectors_come_as_base64():
    text = answer(
        {"index": 0, "embedding": ONE}, {"index": 1, "embedding": TWO}, usage={"total_tokens": 4}
    )
    for kind in KINDS:
        made = client(kind, reply(text[:20], text[20:]))
        found = done(made.embeddings(["a", "b"], dimensions=2, user=None))
        assert [list(one) for one in found.vectors] == [[1.0, 2.0], [3.0, 4.0]]
        assert (found.model, found.usage, found.deployment) == ("m-9", {"total_tokens": 4}, "a")
        assert sent(made) == {
            "input": ["a", "b"],
            "encoding_format": "base64",
            "dimensions": 2,
            "model": "id-1",
        }
        assert made.transport.requests[0].target == "/v1/embeddings"
        assert made.transport.open_responses == 0
        assert repr(found) == "Embeddings(2 of 2 numbers, model='m-9')"


def test_vectors_come_as_numbers():
    made = client(Client, reply(answer({"embedding": [1, 2.5]}, {"embedding": [0, -1]})))
    found = made.embeddings("a", encoding_format=None)
    assert [list(one) for one in found.vectors] == [[1.0, 2.5], [0.0, -1.0]]
    assert sent(made) == {"input": "a", "model": "id-1"}
    assert found.usage == {}


def test_they_are_in_the_order_of_the_texts():
    entries = [{"index": 1, "embedding": TWO}, {"index": 0, "embedding": ONE}]
    found = client(Client, reply(answer(*entries))).embeddings(["a", "b"])
    assert [one[0] for one in found.vectors] == [1.0, 3.0]
    for wrong in ({"index": 7}, {"index": "1"}, {}):  # then as they came
        entries = [dict({"embedding": TWO}, **wrong), {"index": 0, "embedding": ONE}]
        found = client(Client, reply(answer(*entries))).embeddings(["a", "b"])
        assert [one[0] for one in found.vectors] == [3.0, 1.0], wrong


def test_what_is_no_answer_is_an_error():
    for text in (
        b"[]",
        b"{}",
        b'{"data": 7}',
        b'{"data": [7]}',
        answer({"index": 0}),
        answer({"embedding": "AAA="}),
        answer({"embedding": ["x"]}),
        answer({"embedding": 7}),
        answer({"embedding": {}}),
        answer({"embedding": []}),
        answer({"embedding": ""}),
        answer({"embedding": None}),
        answer(),
        b"<html>",
        b"",
    ):
        made = client(Client, reply(text))
        error_of(StreamError, made.embeddings, "a")
        assert made.transport.open_responses == 0
    made = client(Client, reply(answer(model=7, usage=[])))
    found = made.embeddings([])
    assert (found.vectors, found.model, found.usage) == ([], "", {})
    assert repr(found) == "Embeddings(0 of 0 numbers, model='')"


def test_there_is_one_for_each_text():
    for entries in ([], [ONE], [ONE, TWO, ONE]):
        made = client(Client, reply(answer(*[{"embedding": one} for one in entries])))
        error = error_of(StreamError, made.embeddings, ["a", "b"])
        assert "%d embeddings" % len(entries) in str(error)
    for tokens in ([1, 2], [[1, 2]]):
        made = client(Client, reply(answer({"embedding": ONE})))
        assert len(made.embeddings(tokens).vectors) == 1


def test_an_answer_that_breaks_off_is_asked_for_again():
    text = answer({"embedding": ONE})
    cut = reply(text[:9], StreamError("cut"))
    for kind in KINDS:
        made = client(kind, cut, reply(text), retry=FAST)
        assert list(done(made.embeddings("a")).vectors[0]) == [1.0, 2.0]
        error = error_of(StatusError, finish, client(kind, reply(status=429)).embeddings, "a")
        assert error.kind == "rate_limit"


def test_options_of_a_call():
    made = client(Client, reply(answer({"embedding": ONE})))
    made.embeddings("a", extra_headers={"X-A": "1"}, timeouts=5, retry=1, model="a")
    assert ("X-A", "1") in made.transport.requests[0].headers
    error_of(TypeError, made.embeddings, "a", timeouts="x")
    error_of(ValueError, made.embeddings, "a", model="zz")
