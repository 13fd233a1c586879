"""A transport that is listened to changes nothing, and tells each end of an attempt once."""

import asyncio

from helpers import error_of
from streams import ANSWER, HELLO, Setting, deployments, facts, json_reply, sse, text

from thinwire.core.client import AsyncClient
from thinwire.core.dialects import openai
from thinwire.core.errors import ConnectError, ReadError
from thinwire.core.request.call import Call
from thinwire.core.sync import Client
from thinwire.core.wire.tap import Tap
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport


class Listener:
    # Writes down what it is told; a listener and what it gives for each attempt.
    def __init__(self):
        self.told = []
        self.attach = False

    def sending(self, request, now_ms):
        self.told.append("sending")
        return self

    def head(self, response, now_ms):
        self.told.append(response.status)

    def data(self, view, now_ms):
        self.told.append(bytes(view))

    def ended(self, how, now_ms, error):
        self.told.append((how, type(error).__name__))


def heard(replies, **options):
    """What a listener is told of a call, and the call's outcome."""
    listener = Listener()
    setting = Setting(replies, options=dict(options, recorder=listener))
    outcome = setting.run_async()
    other = Listener()
    again = Setting(replies, options=dict(options, recorder=other)).run_sync()
    assert other.told == listener.told
    assert again.summary() == outcome.summary()
    return listener.told, outcome


def test_each_end_is_told_once():
    cases = [
        ([ScriptedReply([ANSWER])], ["sending", 200, ANSWER, ("whole", "NoneType")]),
        (
            [json_reply({"error": {}}, 400)],
            ["sending", 400, b'{"error": {}}', ("whole", "NoneType")],
        ),
        ([ConnectError("no")], ["sending", ("eof", "ConnectError")]),
        (
            [ScriptedReply([sse(text("a")), ReadError("cut")])],
            ["sending", 200, sse(text("a")), ("eof", "ReadError")],
        ),
        (
            [ScriptedReply([sse(text("a")), 10**7])],
            ["sending", 200, sse(text("a")), ("client_gone", "TransportTimeout")],
        ),
    ]
    for replies, want in cases:
        got, _ = heard(replies, timeouts=20)
        assert got == want, (got, want)


def test_the_answer_is_the_same_with_and_without():
    replies = [ScriptedReply([sse(text("a")), 5, b": ping\n\n", ANSWER])]
    plain = Setting(replies).run_async()
    _, tapped = heard(replies)
    assert facts(plain.completion) == facts(tapped.completion)


def test_a_stream_that_is_left_is_told_too():
    listener = Listener()
    transport = ScriptedTransport([ScriptedReply([sse(text("a")), 10, ANSWER])])

    async def leave():
        client = AsyncClient("a", deployments("a"), transport=transport, recorder=listener)
        async with client.stream(HELLO) as stream:
            await stream.__anext__()
        await client.aclose()

    asyncio.run(leave())
    assert listener.told == ["sending", 200, sse(text("a")), ("client_gone", "NoneType")]
    assert transport.open_responses == 0
    assert transport.closed


def test_what_is_no_error_of_ours_ends_it_too():
    class Broken(ScriptedTransport):
        async def send(self, request):
            raise KeyError("x")

    listener = Listener()
    client = Client("a", deployments("a"), transport=Broken([]), recorder=listener)
    error_of(KeyError, client.chat, HELLO)
    assert listener.told == ["sending", ("client_gone", "KeyError")]


def test_a_listener_that_raises_leaves_no_connection():
    class Raising(Listener):
        def head(self, response, now_ms):
            raise KeyError("mine")

    transport = ScriptedTransport([ScriptedReply([ANSWER])])
    client = Client("a", deployments("a"), transport=transport, recorder=Raising())
    error_of(KeyError, client.chat, HELLO)
    assert transport.open_responses == 0


def test_all_else_is_the_transports_own():
    transport = ScriptedTransport([])
    tap = Tap(transport, [])
    assert (tap.name, tap.concurrent, tap.buffer_size) == ("scripted", False, None)
    transport.advance(7)
    assert tap.now_ms() == 7


def test_options_are_checked():
    for options, words in (
        ({"recorder": 7}, "recorder takes FlightRecorder(...)"),
        ({"on_request": 7}, "on_request takes a function"),
        ({"on_nothing": len}, "AsyncClient has no option on_nothing="),
    ):
        error = error_of(
            TypeError,
            AsyncClient,
            "a",
            deployments("a"),
            transport=ScriptedTransport([]),
            **options,
        )
        assert words in str(error), error


def test_without_memory_to_tell_of_it_a_response_is_closed_nevertheless():
    def lack():
        raise MemoryError

    async def close():
        transport = ScriptedTransport([ScriptedReply([ANSWER])])
        place = deployments("a")["a"]
        request = openai.request(place, "a", Call(HELLO))
        response = await Tap(transport, [Listener()]).send(request)
        response._close = lack  # noqa: SLF001
        await response.aclose()
        return transport.open_responses

    assert asyncio.run(close()) == 0
