# A reply that blocks is the same reply.

from helpers import error_of
from replies import client, reply

from thinwire.core.errors import StreamError
from thinwire.core.sync import Client


def test_it_says_what_the_reply_says():
    made = client(Client, reply(b"ab", b"c"), keep_headers="all")
    with made.get("/x") as answer:
        assert (answer.status, answer.deployment) == (200, "a")
        assert answer.content_type == answer.headers["content-type"] == "application/json"
        assert answer.header("Content-Type") == "application/json"
        assert [one.outcome for one in answer.attempts] == [""]
        assert bytes(answer.next_piece()) == b"ab"
        assert next(answer) == b"c"
        error_of(StopIteration, next, answer)
        assert repr(answer) == "Reply(200, 'application/json', of 'a')"
    assert [one.outcome for one in answer.attempts] == ["answered"]


def test_it_is_closed_whatever_happens():
    made = client(Client, reply(b"[1", 5, b"]"), reply(b"{"), reply(b"12"))
    made.get("/x").close()
    error_of(StreamError, made.get("/x").json)
    buffer = bytearray(1)
    answer = made.get("/x")
    assert [answer.readinto(buffer), answer.readinto(buffer), answer.readinto(buffer)] == [1, 1, 0]
    assert made.transport.open_responses == 0
