# What an endpoint has answered, read in each way.

import asyncio
import json

import racing
from helpers import error_of
from replies import FAST, JSON, KINDS, client, done, finish, reply
from streams import KEY

from thinwire.core._compat import KEEP_HEADERS, nothing
from thinwire.core.client import AsyncClient
from thinwire.core.error_kinds import OutOfMemory
from thinwire.core.errors import ReadError, StreamError, StreamInterrupted
from thinwire.core.services import blocking, endpoints
from thinwire.core.services.reply import opened
from thinwire.core.sync import Client, run
from thinwire.core.wire.reserve import Reserve


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
    kept = JSON if KEEP_HEADERS else {}
    for keep, want in (("all", JSON), (("x-request-id",), {"x-request-id": "r1"}), (None, kept)):
        made = client(Client, reply(b"1"), keep_headers=keep)
        answer = made.get("/x")
        assert answer.headers == want
        assert answer.header("X-Request-ID") == "r1"
        assert answer.header("content-type") == "application/json"
        assert answer.header("x-not") is None
        answer.read()
        assert answer.header("x-request-id") == want.get("x-request-id")


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


def test_what_is_wrong_with_an_answer_is_said_without_the_key():
    # Cut off first, the start of a key would be left.
    said = "x" * 60 + KEY * 9
    made = client(Client, reply(said.encode()), reply(json.dumps({"no": said}).encode()))
    for ask in (lambda: made.get("/x").json(), lambda: made.embeddings("a")):
        error = error_of(StreamError, ask)
        assert "xxx***" in str(error)
        assert KEY[:6] not in str(error) + repr(error)


def test_leaving_early_closes():
    for kind in KINDS:
        made = client(kind, reply(b"1", 5, b"2"))
        answer = done(made.get("/x"))
        closing = answer.close() if kind is Client else answer.aclose()
        assert done(closing) is None
        assert made.transport.open_responses == 0


class Full:
    """A stream for which there is no memory."""

    out_of_memory = Reserve(16).out_of_memory
    closed = 0

    def __anext__(self):
        raise MemoryError

    def aclose(self):
        self.closed += 1
        return nothing()


def test_a_step_that_there_was_no_memory_for_is_out_of_memory():
    stream = Full()
    error_of(OutOfMemory, run, opened(stream))
    assert stream.closed == 1


def full(*_):
    raise MemoryError


def test_a_call_that_there_was_no_memory_for_is_out_of_memory():
    kept = endpoints.EndpointCall, blocking.SyncReply
    try:
        endpoints.EndpointCall = full
        for kind in KINDS:
            error_of(OutOfMemory, finish, client(kind).get, "/x")
        endpoints.EndpointCall = kept[0]
        blocking.SyncReply = full
        error_of(OutOfMemory, client(Client, reply(b"1")).get, "/x")
    finally:
        endpoints.EndpointCall, blocking.SyncReply = kept


def test_a_reply_that_was_closed_has_no_end():
    for kind in KINDS:
        made = client(kind, reply(b"1", 5, b"2"), reply(b"1"))
        for whole in (False, True):
            answer = done(made.get("/x"))
            if whole:
                done(answer.read())
            done(answer.close() if kind is Client else answer.aclose())
            if whole:
                assert done(answer.readinto(bytearray(9))) == 0
                assert done(answer.read()) == b""
            else:
                assert done(answer.readinto(bytearray(9))) == 1  # it had come before
                for method in (answer.next_piece, answer.read, answer.json):
                    error = error_of(StreamError, finish, method)
                    assert "closed" in str(error), error
        assert made.transport.open_responses == 0


def test_a_cancelled_call_leaves_no_connection():
    async def ask(setting, pieces):
        async def call():
            answer = await setting.client.get("/x")
            for _ in range(pieces):
                await answer.next_piece()

        task = asyncio.create_task(call())
        for _ in range(20):
            await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return setting.transport.still_open()

    begun = racing.Reply(b"data: 1", racing.STALL)
    for replied, pieces in ((racing.Reply(racing.STALL), 0), (begun, 2)):
        setting = racing.Setting({"a": [replied]}, hedge_after=None)
        assert racing.run(ask(setting, pieces)) == []
