# What code of the caller's raises inside of a call is the caller's: it comes out as it is, nothing
# is tried again, and no deployment is blamed. Also where it is an error of another call.

import asyncio

from helpers import error_of
from streams import ANSWER, HELLO, deployments, json_reply

from thinwire.core.client import AsyncClient
from thinwire.core.errors import ReadError, StatusError, TransportTimeout
from thinwire.core.request.sources import TextStream
from thinwire.core.routing.policy import RetryPolicy
from thinwire.core.routing.store import Store
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

MINE = [
    ValueError("mine"),
    OSError(5),
    RuntimeError("mine"),
    MemoryError("mine"),
    ReadError("of another call"),
    StatusError(503, "of another call"),
    TransportTimeout("of another call", "head"),
]


class Raising:
    # An iterable of values that ends in an error.
    def __init__(self, error, *values):
        self.error = error
        self.values = values

    def __iter__(self):
        for value in self.values:
            yield value
        raise self.error


class Later:
    def __init__(self, error, *values):
        self.error = error
        self.left = list(values)

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.left:
            raise self.error
        return self.left.pop(0)


def raiser(error, when=None):
    def called(*arguments):
        if when in (None, arguments[0]):
            raise error

    return called


def source(kind, *values):
    return lambda error: (
        {},
        {"messages": [{"role": "user", "content": TextStream(kind(error, *values))}]},
    )


def hook(event):
    return lambda error: ({"on_event": raiser(error, event)}, {})


# What raises; how many requests are sent until then.
PLACES = [
    ("a source", source(Raising), 0),
    ("a source, later", source(Raising, "a" * 5000), 0),
    ("messages", lambda error: ({}, {"messages": Raising(error, HELLO[0])}), 0),
    ("on_delta", lambda error: ({}, {"on_delta": raiser(error)}), 1),
    ("a hook at the start", hook("attempt_started"), 0),
    ("a hook at the first token", hook("first_token"), 1),
    ("a hook at the end", hook("complete"), 1),
]
IN_FAILURES = [
    ("a hook at a failure", hook("attempt_failed"), 1),
    ("a hook at a retry", hook("retry_scheduled"), 1),
    ("a hook at a fallback", hook("fallback"), 2),
]
ASYNC = [("an async source", source(Later, "a"), 0)]


def raised(kind, replies, options, arguments):
    # What a call ends in, with its transport and its client.
    transport = ScriptedTransport(replies)
    settings = {"retry": RetryPolicy(attempts=2, base=0), "transport": transport}
    settings.update(options)
    client = kind("a", deployments("a", "b"), {"a": ["b"]}, **settings)
    call = {"messages": HELLO}
    call.update(arguments)
    try:
        if kind is Client:
            client.chat(**call)
        else:
            asyncio.run(client.chat(**call))
    except Exception as error:
        return error, transport, client
    return None, transport, client


def check(kind, places, replies, failures):
    for why, place, most in places:
        for mine in MINE:
            if failures[0] and isinstance(mine, MemoryError):
                continue  # where an attempt has failed, a full heap does not hide that
            got, transport, client = raised(kind, replies(), *place(mine))
            assert got is mine, (why, mine, got)
            assert len(transport.sent) <= most + 1, (why, mine, transport.sent)
            assert len(transport.requests) <= max(most, 1), (why, mine)
            assert transport.open_responses == 0, why
            found = [state.failures for state in client.deployments_state().values()]
            assert found == failures, (why, mine, found)


def good():
    return [ScriptedReply([ANSWER]) for _ in range(4)]


def busy():
    return [json_reply({}, 503) for _ in range(4)]


def test_what_the_callers_code_raises_comes_out_as_it_is():
    for kind in (Client, AsyncClient):
        check(kind, PLACES, good, [0, 0])


def test_a_hook_that_raises_what_ends_an_iteration_does_not_end_it_silently():
    for name in ("first_token", "complete"):
        for ending in (StopAsyncIteration(), StopIteration()):
            options = {"on_event": raiser(ending, name), "transport": ScriptedTransport(good())}
            stream = Client("a", deployments("a"), **options).stream(HELLO)
            error_of(RuntimeError, list, stream)
            for kind in (Client, AsyncClient):
                got, transport, _ = raised(kind, good(), {"on_event": raiser(ending, name)}, {})
                assert isinstance(got, RuntimeError), (kind, got)
                assert transport.open_responses == 0


def test_what_an_async_source_raises_comes_out_as_it_is():
    check(AsyncClient, ASYNC, good, [0, 0])


def test_a_hook_may_end_a_call_while_it_fails():
    for kind in (Client, AsyncClient):
        for place in IN_FAILURES:
            check(kind, [place], busy, [place[2], 0])


def test_what_a_producer_raises_comes_out_as_it_is():
    for mine in MINE:
        transport = ScriptedTransport(good())
        client = AsyncClient("a", deployments("a"), transport=transport)
        try:
            asyncio.run(client.send_streaming_body(Later(mine, b"{}")))
        except Exception as error:
            assert error is mine, error
        else:
            assert False, mine
        assert [one.failures for one in client.deployments_state().values()] == [0]


class Down(Store):
    def load(self):
        raise KeyError("down")

    def save(self, state):
        raise KeyError("down")


def test_a_store_that_raises_ends_no_call_and_is_told():
    for kind in (Client, AsyncClient):
        told = []

        def hook(event, fields, told=told):
            if event == "store_failed":
                told.append(fields["error"])

        replies = [json_reply({}, 429, {"retry-after": "60"}), ScriptedReply([ANSWER])]
        options = {"store": Down(), "on_event": hook, "retry": RetryPolicy(attempts=1)}
        got, transport, _ = raised(kind, replies, options, {})
        assert got is None, got
        assert len(transport.requests) == 2
        assert len(told) == 2, told
        assert "KeyError" in told[0], told


class Clockless(ScriptedTransport):
    # A transport whose clock fails before there is an attempt.
    asked = 0

    def now_ms(self):
        self.asked += 1
        if self.asked > 1:
            raise ReadError("no clock")
        return 0


def test_a_transport_that_fails_before_there_is_an_attempt():
    for kind in (Client, AsyncClient):
        client = kind("a", deployments("a"), transport=Clockless([]))
        try:
            got = client.chat(HELLO)
            if kind is AsyncClient:
                asyncio.run(got)
        except ReadError as error:
            assert str(error) == "no clock"
        else:
            assert False


class Translating(ScriptedTransport):
    # A transport that takes every error for one of the connection.
    async def send(self, request):
        try:
            return await super().send(request)
        except Exception:
            raise ReadError("translated")


def test_a_transport_that_translates_too_much_hides_nothing():
    for kind in (Client, AsyncClient):
        for mine in MINE:
            transport = Translating(good())
            client = kind("a", deployments("a", "b"), {"a": ["b"]}, transport=transport)
            try:
                got = client.chat([{"role": "user", "content": TextStream(Raising(mine, "a"))}])
                if kind is AsyncClient:
                    asyncio.run(got)
            except Exception as error:
                assert error is mine, error
            else:
                assert False, mine
            assert len(transport.requests) == 1
