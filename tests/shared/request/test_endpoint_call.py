# What is asked of an endpoint: its path, and bodies of any kind.

from helpers import Later, Scratch, error_of, read_all
from replies import FAST, chain, client, done, reply, sent

from thinwire.core.client import AsyncClient
from thinwire.core.errors import StatusError
from thinwire.core.request.endpoint_call import EndpointCall
from thinwire.core.sync import Client


def test_a_document_may_say_its_model_or_have_none():
    for document, want in (
        (None, {"model": "id-1"}),
        ({"model": "own"}, {"model": "own"}),
        ({"model": None, "a": 1}, {"a": 1}),
        ([1, 2], [1, 2]),
    ):
        made = client(Client, reply(b"1"))
        made.post("/x", document).read()
        assert sent(made) == want, document


def test_paths_that_lead_elsewhere_are_refused():
    made = client(Client)
    for path in (
        "x",
        "",
        "https://evil.test/x",
        "/../x",
        "/a/%2e%2E/x",
        "/a b",
        "/a\r\nX: y",
        "/a#b",
        "/\\evil",
        "/caf\xe9",
        7,
    ):
        assert "path" in str(error_of(ValueError, made.get, path)), path
    for method in ("get", "HEAD", "GET /x HTTP/1.1\r\n"):
        assert "method" in str(error_of(ValueError, made.open, method, "/x"))
    assert "zz" in str(error_of(ValueError, made.get, "/x", model="zz"))
    assert "Bad Name" in str(error_of(ValueError, made.get, "/x", extra_headers={"Bad Name": "1"}))
    assert "body takes bytes" in str(error_of(TypeError, made.open, "POST", "/x", 7))
    assert made.transport.requests == []


def test_bodies_of_any_kind():
    def blocks():
        yield b"ab"
        yield b"cd"

    for body, want in (
        (b"abcd", b"abcd"),
        (bytearray(b"abcd"), b"abcd"),
        (memoryview(b"abcd"), b"abcd"),
        ("abcd", b"abcd"),
        (iter([b"ab", b"cd"]), b"abcd"),
        (blocks(), b"abcd"),
        (blocks, b"abcd"),
        (b"x" * 1000, b"x" * 1000),
        ({"a": 1, "model": None}, b'{"a":1}'),
        (None, b""),
    ):
        made = client(Client, reply(b"1"))
        assert made.open("PUT", "/x", body).read() == b"1"
        assert bytes(made.transport.sent[0]) == want, body
        assert made.transport.requests[0].method == "PUT"
    made = client(AsyncClient, reply(b"1"))
    assert done(done(made.open("POST", "/x", Later([b"ab", b"cd"]))).read()) == b"1"
    assert made.transport.sent == [b"abcd"]


def test_a_callable_gives_a_body_for_each_attempt():
    def blocks():
        asked.append(1)
        yield b"ab"

    for deployments, hosts in ((None, ["a.test"] * 2), (chain(), ["a.test", "b.test"])):
        asked = []
        options = {"fallbacks": {"a": ["b"]}} if deployments else {"retry": FAST}
        made = client(Client, reply(status=500), reply(b"1"), deployments=deployments, **options)
        assert made.open("POST", "/x", blocks).read() == b"1"
        assert made.transport.sent == [b"ab", b"ab"]
        assert [one.host for one in made.transport.requests] == hosts
        assert len(asked) == 2
    for again in (b"ab", "ab", {"a": 1}):
        made = client(Client, reply(status=500), reply(b"1"), retry=FAST)
        assert made.open("POST", "/x", again).read() == b"1"
        assert made.transport.sent[0] == made.transport.sent[1]


def test_an_iterator_is_sent_once_to_one_deployment():
    made = client(
        Client, reply(status=500), deployments=chain(), fallbacks={"a": ["b"]}, retry=FAST
    )
    error = error_of(StatusError, made.open, "POST", "/x", iter([b"a"]))
    assert "only once" in str(error), error
    assert len(made.transport.requests) == 1


def test_what_a_producer_raises_is_the_callers():
    def bad():
        yield b"a"
        raise KeyError("mine")

    def worse():
        raise KeyError("mine")

    for body in (bad, worse, bad()):
        made = client(Client, reply(b"1"), deployments=chain(), fallbacks={"a": ["b"]})
        error_of(KeyError, made.open, "POST", "/x", body)
        assert len(made.transport.requests) == 1


def test_bytes_can_be_had_again_for_a_hedge():
    body = EndpointCall("POST", "/x", b"abc").made("m")
    assert (body.length(), body.repeatable(), body.replayable()) == (3, True, True)
    assert read_all(body, 2) == b"abc"
    assert body.rewind()
    assert read_all(body, 2) == b"abc"
    assert EndpointCall("POST", "/x", b"abc").counts() == (-1, -1)


def test_open_files_are_sent_in_pieces():
    data = bytes(range(256)) * 40
    with Scratch(data) as path:
        with open(path, "rb") as file:
            for body in (file, lambda: open(path, "rb")):  # noqa: SIM115 - closed by the body
                made = client(Client, reply(b"1"))
                made.open("PUT", "/x", body).close()
                assert bytes(made.transport.sent[0]) == data
            file.seek(0)


def test_a_producer_that_lacks_memory_says_so_itself():
    def bad():
        yield b"a"
        raise MemoryError("mine")

    for body in (bad, bad()):
        made = client(Client, reply(b"1"))
        error = error_of(MemoryError, made.open, "POST", "/x", body)
        assert (type(error), str(error)) == (MemoryError, "mine")
