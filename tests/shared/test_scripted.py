import asyncio

from helpers import error_of
from streams import DONE, HELLO, deployments, sse, text

from thinwire.core.answer.error_response import readinto
from thinwire.core.errors import ReadError, TransportTimeout
from thinwire.core.request.http_request import Request
from thinwire.core.request.raw_call import ProducedBody
from thinwire.core.sync import Client, run
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport


def request(body=None):
    return Request("GET", "https", "a.test", 443, "/", "a.test", [], body)


def opened(*pieces, **options):
    transport = ScriptedTransport([ScriptedReply(list(pieces), **options)])
    return transport, run(transport.send(request()))


def read(response, size=10, deadline_ms=None):
    buffer = bytearray(size)
    count = run(readinto(response, memoryview(buffer), deadline_ms))
    return bytes(buffer[:count])


def test_a_piece_is_one_read_unless_it_is_larger():
    _, response = opened(b"abc", b"", b"de")
    got = [read(response, 2) for _ in range(5)]
    assert got == [b"ab", b"c", b"de", b"", b""], got


def test_an_exception_is_raised_where_it_stands():
    _, response = opened(b"a", ReadError("cut"))
    assert read(response) == b"a"
    error_of(ReadError, read, response)


def test_an_int_is_time_that_passes():
    transport, response = opened(500, b"a", 700)
    assert read(response, 10, 501) == b"a"
    assert transport.now_ms() == 500
    error_of(TransportTimeout, read, response, 10, 1000)
    assert transport.now_ms() == 1000


def test_an_overdue_deadline_does_not_turn_the_clock_back():
    transport, response = opened(100, b"a", 5)
    read(response)
    error_of(TransportTimeout, read, response, 10, 50)
    assert transport.now_ms() == 100


def test_status_and_headers():
    _, response = opened(status=503, headers={"retry-after": "1"})
    assert response.status == 503
    assert response.header("Retry-After") == "1"
    assert response.header("content-type") is None
    assert opened()[1].header("content-type") == "text/event-stream"


def test_open_responses_are_counted():
    transport, response = opened()
    assert transport.open_responses == 1
    run(response.aclose())
    run(response.aclose())
    assert transport.open_responses == 0


def test_requests_are_kept_with_their_bodies():
    transport = ScriptedTransport([ScriptedReply([])] * 2)
    run(transport.send(request()))
    run(transport.send(request(ProducedBody(iter([b"x" * 100, b"y"])))))
    assert transport.sent == [b"", b"x" * 100 + b"y"]
    assert len(transport.requests) == 2


def test_a_missing_reply_is_named():
    transport = ScriptedTransport([])
    error = error_of(IndexError, lambda: run(transport.send(request())))
    assert str(error) == "the script has no reply for attempt 1"


def test_a_script_for_a_client():
    transport = ScriptedTransport([ReadError("cut"), ScriptedReply([sse(text("Hi")), DONE])])
    with Client("a", deployments("a", "b"), {"a": ["b"]}, transport=transport) as client:
        assert client.chat(HELLO).content == "Hi"
    assert transport.closed


async def test_the_clock_moves_when_told():
    transport = ScriptedTransport([])
    await transport.sleep_ms(30)
    assert transport.now_ms() == 30
    await asyncio.sleep(0)
