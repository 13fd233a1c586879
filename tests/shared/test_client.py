import asyncio

from helpers import error_of, feeds
from streams import (
    ANSWER,
    HELLO,
    KEY,
    ONCE,
    STOP,
    chunk,
    deployments,
    json_reply,
    play,
    sent_document,
    sse,
    text,
)

from thinwire.core import client as module
from thinwire.core.client import AsyncClient
from thinwire.core.errors import StatusError, StreamInterrupted, TransportTimeout
from thinwire.core.routing.deployment import Deployment
from thinwire.core.routing.health import CooldownPolicy
from thinwire.core.routing.policy import Timeouts
from thinwire.core.routing.store import Store
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport


def clients(*pieces):
    # One client of each kind, with the same script.
    for kind in (Client, AsyncClient):
        transport = ScriptedTransport([ScriptedReply(list(pieces) or [ANSWER])] * 2)
        yield kind("a", deployments("a", "b"), transport=transport), transport


def result(value):
    # What a call gives, of either client.
    return asyncio.run(value) if hasattr(value, "send") else value


def test_chat_gives_the_completion():
    for client, transport in clients():
        done = result(client.chat(HELLO))
        assert (done.content, done.end, done.complete) == ("Hello", "finish", True)
        assert transport.open_responses == 0


def test_an_answer_that_breaks_off_is_an_error():
    for client, transport in clients(sse(text("a"))):
        error = failure(client, HELLO)
        assert isinstance(error, StreamInterrupted), error
        assert error.partial.content == "a"
        assert transport.open_responses == 0


def called(method, *arguments, **options):
    return result(method(*arguments, **options))


def failure(client, *arguments, **options):
    return error_of(Exception, called, client.chat, *arguments, **options)


def test_deltas_are_handed_out_as_they_arrive():
    other = [chunk({"reasoning": "r"})]
    other += [chunk({name: "2"}, index=1) for name in ("content", "refusal")]
    for client, _ in clients(
        sse(text("a"), *other), sse(text("b"), STOP, chunk({}, "x", index=1))
    ):
        got = []
        result(client.chat(HELLO, on_delta=got.append))
        assert got == ["a", "b"], got


def test_a_refusal_is_handed_out_as_well():
    body = sse(chunk({"role": "assistant", "refusal": ""}), chunk({"refusal": "I'd "}))
    body += sse(chunk({"refusal": "rather not"}), STOP)
    for pieces in feeds(body):
        transport = ScriptedTransport([ScriptedReply(pieces)])
        got = []
        done = Client("a", deployments("a"), transport=transport).chat(HELLO, on_delta=got.append)
        assert got == ["I'd ", "rather not"], got
        assert (done.content, done.refusal, done.text) == (None, "I'd rather not", done.refusal)
    for client, _ in clients(body):
        got = []
        done = result(client.chat(HELLO, on_delta=got.append))
        assert "".join(got) == done.text == done.choices[0].text == "I'd rather not"
    for client, _ in clients(ANSWER):
        assert result(client.chat(HELLO)).text == "Hello"


class Pause:
    # Gives way to the loop once, without asyncio; the await of either runtime.
    def __await__(self):
        yield

    __iter__ = __await__


def test_an_async_callback_is_awaited():
    got = []

    async def on_delta(words):
        await asyncio.sleep(0)
        got.append(words)

    transport = ScriptedTransport([ScriptedReply([ANSWER])])
    client = AsyncClient("a", deployments("a"), transport=transport)
    asyncio.run(client.chat(HELLO, on_delta=on_delta))
    assert got == ["Hel", "lo"], got


def test_the_sync_client_cannot_wait_for_a_callback():
    async def on_delta(words):
        await Pause()

    transport = ScriptedTransport([ScriptedReply([ANSWER])])
    client = Client("a", deployments("a"), transport=transport)
    error = error_of(TypeError, client.chat, HELLO, on_delta=on_delta)
    assert "AsyncClient" in str(error), error
    assert transport.open_responses == 0


class Mine(Exception):
    pass


# TransportTimeout stands for TimeoutError, which MicroPython lacks outside asyncio.
RAISED = [Mine("mine"), asyncio.TimeoutError("mine"), TransportTimeout("mine"), OSError(5)]


def test_what_a_callback_raises_reaches_the_caller_untouched():
    for raised in RAISED:
        for client, transport in clients():
            seen = []

            def on_delta(words, raised=raised, seen=seen):
                seen.append(words)
                raise raised

            assert failure(client, HELLO, on_delta=on_delta) is raised
            assert seen == ["Hel"], seen
            assert transport.open_responses == 0
            assert len(transport.requests) == 1


def test_what_an_async_callback_raises_reaches_the_caller_untouched():
    for raised in RAISED:

        async def on_delta(words, raised=raised):
            await asyncio.sleep(0)
            raise raised

        transport = ScriptedTransport([ScriptedReply([ANSWER])])
        client = AsyncClient("a", deployments("a"), transport=transport)
        assert failure(client, HELLO, on_delta=on_delta) is raised
        assert transport.open_responses == 0


def test_a_call_that_is_cancelled_in_its_callback_leaves_no_connection():
    async def main(transport, seen):
        told = asyncio.Event()

        async def on_delta(words):
            seen.append(words)
            told.set()
            await asyncio.sleep(60)

        client = AsyncClient("a", deployments("a"), transport=transport)
        task = asyncio.create_task(client.chat(HELLO, on_delta=on_delta))
        await told.wait()
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return "cancelled"

    transport, seen = ScriptedTransport([ScriptedReply([ANSWER])]), []
    assert asyncio.run(main(transport, seen)) == "cancelled"
    assert (seen, transport.open_responses) == (["Hel"], 0)


def test_the_time_of_a_callback_is_not_the_servers():
    limits = Timeouts(progress=1, liveness=1)
    for kind in (Client, AsyncClient):
        transport = ScriptedTransport([ScriptedReply([sse(text("a")), 900, ANSWER])])
        client = kind("a", deployments("a"), transport=transport, timeouts=limits)

        def on_delta(words, transport=transport):
            transport.advance(5000)

        done = result(client.chat(HELLO, on_delta=on_delta))
        assert (done.content, transport.now_ms()) == ("aHello", 15900)


def test_nothing_is_sent_before_a_stream_is_read():
    for client, transport in clients():
        client.stream(HELLO)
        assert transport.requests == []


def test_arguments_reach_the_request():
    for client, transport in clients():
        result(
            client.chat(
                HELLO,
                tools=[{"type": "function"}],
                model="b",
                extra_body={"x": None},
                extra_headers={"X-Title": "t"},
                temperature=0.5,
                seed=None,
            )
        )
        document = sent_document(transport)
        assert document["model"] == "b"
        assert document["tools"] == [{"type": "function"}]
        assert document["x"] is None
        assert document["temperature"] == 0.5
        assert "seed" not in document
        assert ("X-Title", "t") in transport.requests[0].headers


def test_a_stream_takes_the_same_arguments():
    arguments = {
        "model": "b",
        "extra_body": {"x": 1},
        "extra_headers": {"X-Title": "t"},
        "top_p": 1,
    }
    got = play([ScriptedReply([ANSWER])], tools=[{}], **arguments)
    document = sent_document(got.transport)
    assert (document["model"], document["x"], document["top_p"]) == ("b", 1, 1)
    assert document["tools"] == [{}]
    assert ("X-Title", "t") in got.transport.requests[0].headers


def test_limits_of_the_client_and_of_a_call():
    for arguments, when in [({}, 3000), ({"timeouts": Timeouts(first_token=7)}, 7000)]:
        transport = ScriptedTransport([ScriptedReply([10**6])])
        limits = Timeouts(first_token=3)
        client = Client("a", deployments("a"), transport=transport, timeouts=limits, retry=ONCE)
        error_of(TransportTimeout, client.chat, HELLO, **arguments)
        assert transport.now_ms() == when, transport.now_ms()


class Producer:
    # An async iterator of bytes on CPython, a plain one on MicroPython.
    def __init__(self, pieces):
        self.left = list(pieces)

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.left:
            raise StopAsyncIteration
        await asyncio.sleep(0)
        return self.left.pop(0)


def test_a_body_of_the_callers_is_sent_as_it_is():
    transport = ScriptedTransport([ScriptedReply([ANSWER])])
    client = AsyncClient("a", deployments("a", "b"), transport=transport)
    body = Producer([b'{"model"', b': "x"}'])
    done = asyncio.run(client.send_streaming_body(body, model="b"))
    assert (done.content, done.deployment) == ("Hello", "b")
    assert transport.sent == [b'{"model": "x"}']
    assert transport.requests[0].host == "b.test"


def test_a_body_of_the_callers_is_sent_once():
    transport = ScriptedTransport([ScriptedReply([]), ScriptedReply([ANSWER])])
    client = AsyncClient("a", deployments("a", "b"), {"a": ["b"]}, transport=transport)
    call = client.send_streaming_body(Producer([b"{}"]))
    error_of(Exception, asyncio.run, call)
    assert len(transport.requests) == 1


def test_closing_a_client():
    for client, transport in clients():
        result(client.close() if isinstance(client, Client) else client.aclose())
        assert transport.closed


def test_leaving_a_client_closes_it():
    transport = ScriptedTransport([ScriptedReply([ANSWER])])
    with Client("a", deployments("a"), transport=transport) as client:
        assert client.chat(HELLO).content == "Hello"
    assert transport.closed

    async def main(transport):
        async with AsyncClient("a", deployments("a"), transport=transport) as client:
            assert (await client.chat(HELLO)).content == "Hello"

    transport = ScriptedTransport([ScriptedReply([ANSWER])])
    asyncio.run(main(transport))
    assert transport.closed


def test_the_models_and_the_transport_of_a_client():
    for client, transport in clients():
        assert client.names == ["a", "b"]
        assert client.transport is transport


# Arguments of a client, then words of the ValueError.
BAD = [
    (("x", {}), {}, "default_model 'x'"),
    (("x", deployments("a", "b")), {}, "known are 'a', 'b'"),
    (("a", deployments("a")), {"fallbacks": {"a": ["x"]}}, "fallbacks of 'a' 'x'"),
    (("a", deployments("a")), {"fallbacks": {"x": ["a"]}}, "fallbacks key 'x'"),
    (("a", deployments("a")), {"context_fallbacks": {"a": ["x"]}}, "context_fallbacks of 'a'"),
    (
        ("a", deployments("a")),
        {"content_filter_fallbacks": {"a": ["a"]}},
        "content_filter_fallbacks of 'a' go in a circle",
    ),
    (("a", deployments("a")), {"fallback_on": ("autth",)}, "fallback_on 'autth'"),
    (("a", deployments("a")), {"hedge_after": -1}, "hedge_after"),
    (("a", deployments("a")), {"on_interrupt": "retry"}, "on_interrupt"),
]


def test_mistakes_show_when_a_client_is_made():
    for arguments, options, words in BAD:
        for kind in (Client, AsyncClient):
            error = error_of(ValueError, kind, *arguments, **options)
            assert words in str(error), error
            assert KEY not in str(error)


# Arguments of a call, then the error and its words; nothing is sent.
REFUSED = [
    ((HELLO,), {"model": "x"}, ValueError, "no deployment for model 'x': known are 'a', 'b'"),
    ((HELLO[0],), {}, TypeError, "messages must be a list of dicts"),
    ((None,), {}, TypeError, "messages must be a list of dicts"),
    ((HELLO,), {"extra_headers": {"X-Key": "a\r\nb"}}, ValueError, "X-Key"),
    ((HELLO,), {"on_interrupt": "retry"}, ValueError, "on_interrupt"),
    ((HELLO,), {"hedge_after": -1}, ValueError, "hedge_after"),
    ((HELLO,), {"hedge_after": 1}, ValueError, "hedge_after needs AsyncClient"),
]


def test_mistakes_show_when_a_call_is_made():
    for client, transport in clients():
        for arguments, options, kind, words in REFUSED:
            for method in (client.stream, client.chat):
                error = error_of(kind, called, method, *arguments, **options)
                assert words in str(error), error
        assert transport.requests == []


def test_a_client_serves_calls_at_a_time():
    async def main():
        transport = ScriptedTransport([ScriptedReply([ANSWER])] * 2)
        client = AsyncClient("a", deployments("a"), transport=transport)
        async with client.stream(HELLO) as one, client.stream(HELLO) as two:
            first = [await one.__anext__(), await two.__anext__()]
            assert first[0] == first[1], first
            assert transport.open_responses == 2
        assert transport.open_responses == 0

    asyncio.run(main())


def test_what_is_for_thinwire_is_not_sent():
    options = {"session": "s", "on_interrupt": "restart", "timeouts": Timeouts(), "retry": ONCE}
    for client, transport in clients():
        result(client.chat(HELLO, **options))
        assert sorted(sent_document(transport)) == [
            "messages",
            "model",
            "stream",
            "stream_options",
        ]


def refusal(status, code=""):
    return json_reply({"error": {"message": "no", "code": code}}, status)


# Options of a client, what the first deployment answers, and who is asked next ("" for nobody).
REROUTED = [
    ({"fallbacks": {"a": ["b"]}}, refusal(503), "b"),
    ({"fallbacks": {"a": ["b"]}}, refusal(401), ""),
    ({"fallbacks": {"a": ["b"]}, "fallback_on": ("auth",)}, refusal(401), "b"),
    ({"fallbacks": {"a": ["b"]}, "fallback_on": ("auth",)}, refusal(503), ""),
    ({"fallbacks": {"a": ["b"]}}, refusal(400, "context_length_exceeded"), ""),
    ({"context_fallbacks": {"a": ["c"]}}, refusal(400, "context_length_exceeded"), "c"),
    ({"context_fallbacks": {"a": ["c"]}}, refusal(503), ""),
    ({"content_filter_fallbacks": {"a": ["c"]}}, refusal(400, "content_filter"), "c"),
    ({"content_filter_fallbacks": {"a": ["c"]}}, refusal(400, "context_length_exceeded"), ""),
]


def test_the_options_say_who_is_asked_next():
    for options, first, want in REROUTED:
        for kind in (Client, AsyncClient):
            transport = ScriptedTransport([first, ScriptedReply([ANSWER])])
            names = deployments("a", "b", "c")
            client = kind("a", names, transport=transport, retry=ONCE, **options)
            if want:
                assert called(client.chat, HELLO).deployment == want, options
            else:
                assert isinstance(failure(client, HELLO), StatusError), options
            assert len(transport.requests) == (2 if want else 1), options


class Memory(Store):
    # Keeps the state for the next client.
    state = None

    def load(self):
        return self.state

    def save(self, state):
        self.state = state


def test_the_state_of_deployments_is_shared_through_a_store():
    store = Memory()
    busy = json_reply({}, 429, {"retry-after": "100"})
    options = {"retry": ONCE, "store": store, "cooldown": CooldownPolicy(max_seconds=50)}
    for replies in ([busy, ScriptedReply([ANSWER])], [ScriptedReply([ANSWER])]):
        transport = ScriptedTransport(replies)
        names = deployments("a", "b")
        client = Client("a", names, {"a": ["b"]}, transport=transport, **options)
        assert client.chat(HELLO).deployment == "b"
        states = client.deployments_state()
        assert sorted(states) == ["a", "b"]
        got = states["a"]
        assert (got.healthy, got.reason) == (False, "rate_limit"), got
        assert 0 < got.cooldown_ms <= 50000, got  # a real clock lies between the two
        assert states["b"].healthy


def test_an_own_cooldown():
    transport = ScriptedTransport([json_reply({}, 503)])
    cooldown = CooldownPolicy(failures=1, seconds=5)
    client = Client("a", deployments("a"), transport=transport, retry=ONCE, cooldown=cooldown)
    assert client.deployments_state()["a"].healthy
    error_of(StatusError, client.chat, HELLO)
    assert client.deployments_state()["a"].cooldown_ms == 5000


class Concurrent(ScriptedTransport):
    # Says that it can race; nothing here may ask it to.
    concurrent = True


def test_a_body_of_the_callers_is_not_raced():
    transport = Concurrent([ScriptedReply([ANSWER])])
    names = deployments("a", "b")
    client = AsyncClient("a", names, {"a": ["b"]}, transport=transport, hedge_after=0)
    done = asyncio.run(client.send_streaming_body(Producer([b"{}"])))
    assert done.content == "Hello"
    assert len(done.attempts) == 1


def test_limits_given_as_numbers_are_shown():
    client = AsyncClient(
        "a", deployments("a"), timeouts=5, retry=3, transport=ScriptedTransport([])
    )
    assert "total=5" in repr(client), client
    assert "attempts=3" in repr(client), client


class Options:
    """A transport's options, as a user makes them."""

    def __init__(self):
        self.opened = []
        self.transport = ScriptedTransport([ScriptedReply([ANSWER])])
        self.transport.buffer_size = 16

    def open(self, blocking):
        self.opened.append(blocking)
        return self.transport


def test_a_transport_of_options_is_opened_by_its_client_and_says_its_size():
    for kind, blocking in ((Client, True), (AsyncClient, False)):
        options = Options()
        client = kind("a", deployments("a"), transport=options)
        assert options.opened == [blocking]
        assert client.transport is options.transport
        assert result(client.chat(HELLO)).content == "Hello"
        assert client._reserve.size == 16  # noqa: SLF001


def test_one_deployment_is_the_default_models():
    for kind in (Client, AsyncClient):
        transport = ScriptedTransport([ScriptedReply([ANSWER])])
        client = kind("a", Deployment("https://a.test/v1", KEY), transport=transport)
        assert client.names == ["a"]
        assert result(client.chat(HELLO, model="a")).deployment == "a"
        error = error_of(ValueError, called, client.chat, HELLO, model="b")
        assert "known are 'a'" in str(error), error


def test_an_own_transport_brings_its_own_settings():
    given = {"verify": False, "cadata": b"x", "add_ca": b"x", "http_client": 1}
    for kind in (AsyncClient, Client):
        for name, value in given.items():
            options = {name: value, "transport": ScriptedTransport([])}
            error = error_of(ValueError, kind, "a", deployments("a"), **options)
            assert "drop " + name in str(error), error
    error = error_of(TypeError, Client, "a", deployments("a"), cooldown=5)
    assert "CooldownPolicy" in str(error)


def test_options_that_no_client_has_are_refused_where_they_are_typed():
    for name in "verfy insecure ssl_context proxy pin idle_s buffer_size".split():
        error = error_of(TypeError, Client, "a", deployments("a"), **{name: 1})
        assert name in str(error) or "unexpected" in str(error), error


def test_a_client_prints_its_models_and_no_key():
    transport = ScriptedTransport([])
    for kind in (AsyncClient, Client):
        got = repr(kind("a", deployments("a", "b"), transport=transport))
        assert got == "%s('a', models: a, b)" % kind.__name__, got


class Resting(ScriptedTransport):
    """Counts how often others are let run."""

    rests = 0

    async def sleep_ms(self, ms, until=None):
        self.rests += 1


def test_the_first_chat_loads_its_code_with_a_pause_behind_each_module():
    names = ["thinwire.core.wire.utf8", "thinwire.core.wire.http_date"]
    kept = module.adapters.modules_of_a_call
    module.adapters.modules_of_a_call = lambda transport: names
    try:
        transport = Resting([ScriptedReply([ANSWER]) for _ in range(3)])
        client = AsyncClient("a", deployments("a"), transport=transport)
        for name in ("_cold",):  # as on a chip
            setattr(client, name, True)
        for _ in range(3):
            assert asyncio.run(client.chat(HELLO)).content == "Hello"
        assert transport.rests == 2
        asyncio.run(client.load())
        assert transport.rests == 4
    finally:
        module.adapters.modules_of_a_call = kept
