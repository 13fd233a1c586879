# What an endpoint has answered, read in each way.

import asyncio

from helpers import error_of
from replies import FAST, JSON, KINDS, client, done, finish, reply
from streams import KEY

from thinwire.core.client import AsyncClient
from thinwire.core.errors import ReadError, StreamError, StreamInterrupted
from thinwire.core.sync import Client


def test_a_body_is_read_in_any_pieces():
    for kind in KINDS:
        for size in (1, 3, 100):
            made = client(kind, reply(b"abc", 5, b"defg", b""))
            answer = done(made.get("/x"))
            buffer, got = bytearray(size), b""
            for _ in range(20):
                count = done(answer.readinto(buffer))
                got += bytes(buffer[:count])
                if not count:
                    break
            assert got == b"abcdefg"
            assert done(answer.readinto(buffer)) == 0
            assert made.transport.open_responses == 0


def test_pieces_are_walked():
    made = client(Client, reply(b"abc", b"de"), reply(), reply(b"abc"))
    assert [bytes(piece) for piece in made.get("/x")] == [b"abc", b"de"]
    assert list(made.get("/x")) == []
    with made.get("/x") as answer:
        assert bytes(answer.next_piece()) == b"abc"
    assert made.transport.open_responses == 0

    async def walk():
        asked = client(AsyncClient, reply(b"abc", b"de"), reply(b"abc"))
        got = []
        async for piece in await asked.get("/x"):
            got.append(bytes(piece))
        async with await asked.get("/x"):
            pass
        assert asked.transport.open_responses == 0
        return got

    assert asyncio.run(walk()) == [b"abc", b"de"]


def test_headers_are_those_of_the_answer():
    for keep, want in (("all", JSON), (("x-request-id",), {"x-request-id": "r1"})):
        made = client(Client, reply(b"1"), keep_headers=keep)
        answer = made.get("/x")
        assert answer.headers == want
        answer.close()


def test_what_is_read_whole_is_asked_for_again_when_it_breaks_off():
    for kind in KINDS:
        cut = reply(b'{"a":', ReadError("cut"))
        made = client(kind, cut, reply(b'{"a": 2}'), retry=FAST)
        assert done(done(made.post("/x", {})).json()) == {"a": 2}
        assert len(made.transport.requests) == 2


def test_what_was_handed_out_is_not():
    for kind in KINDS:
        made = client(kind, reply(b"ab", ReadError("cut " + KEY)), retry=FAST)
        answer = done(made.post("/x", {}))
        assert done(answer.readinto(bytearray(9))) == 2
        error = error_of(StreamInterrupted, finish, answer.readinto, bytearray(9))
        assert KEY not in str(error)
        assert len(made.transport.requests) == 1
        assert made.transport.open_responses == 0


def test_json_and_read_have_a_limit():
    made = client(Client, reply(b"[1,2"), reply(b"12345"), reply(b"12345"))
    assert "not JSON" in str(error_of(StreamError, made.get("/x").json))
    assert "larger than 4 bytes" in str(error_of(StreamError, made.get("/x").read, 4))
    assert made.get("/x").read(5) == b"12345"
    assert made.transport.open_responses == 0


def test_leaving_early_closes():
    for kind in KINDS:
        made = client(kind, reply(b"1", 5, b"2"))
        answer = done(made.get("/x"))
        closing = answer.close() if kind is Client else answer.aclose()
        assert done(closing) is None
        assert made.transport.open_responses == 0
