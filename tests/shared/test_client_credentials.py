# A key that is asked for: `api_key` is a callable.

import asyncio

from helpers import error_of
from streams import ANSWER, HELLO, ONCE, json_reply, sse, text

from thinwire.core._compat import MICROPYTHON
from thinwire.core.client import AsyncClient
from thinwire.core.errors import ConnectError, StatusError, StreamInterrupted
from thinwire.core.routing.deployment import Deployment
from thinwire.core.routing.policy import RetryPolicy, Timeouts
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

TOKEN = "a-token-that-expires"
BASE = "https://a.test/v1"


class Keys:
    """Gives another key each time, or raises."""

    def __init__(self, *given):
        self.given = list(given) or [TOKEN]
        self.times = 0

    def __call__(self):
        self.times += 1
        key = self.given.pop(0) if len(self.given) > 1 else self.given[0]
        if isinstance(key, Exception):
            raise key
        return key

    async def later(self):
        await asyncio.sleep(0)
        return self()


def callables(*given):
    # What each client may be given, with the Keys behind it.
    for kind in (Client, AsyncClient):
        keys = Keys(*given)
        yield kind, keys, keys
    keys = Keys(*given)
    yield AsyncClient, keys, keys.later


def good():
    return ScriptedReply([ANSWER])


def ask(kind, api_key, *replies, **options):
    """The transport and what came of a call: a completion, or an error."""
    transport = ScriptedTransport(list(replies) or [good()])
    deployment = Deployment(BASE, api_key)
    options["retry"] = options.get("retry", ONCE)
    client = kind("m", deployment, transport=transport, **options)
    try:
        done = client.chat(HELLO)
        return transport, asyncio.run(done) if kind is AsyncClient else done
    except Exception as error:
        return transport, error


def sent(transport):
    return [dict(request.headers).get("Authorization") for request in transport.requests]


def test_the_callable_is_asked_before_each_attempt():
    again = RetryPolicy(attempts=2, base=0)
    for kind, keys, api_key in callables("first-key", "second-key"):
        transport, done = ask(kind, api_key, json_reply({}, 503), good(), retry=again)
        assert done.content == "Hello", done
        assert sent(transport) == ["Bearer first-key", "Bearer second-key"]
        assert keys.times == 2


def test_nothing_is_asked_before_there_is_a_call():
    for kind, keys, api_key in callables():
        client = kind("m", Deployment(BASE, api_key), transport=ScriptedTransport([]))
        client.stream(HELLO)
        assert keys.times == 0


def test_a_callable_may_give_no_key():
    for nothing in (None, ""):
        for kind, _, api_key in callables(nothing):
            transport, done = ask(kind, api_key)
            assert done.content == "Hello", done
            assert sent(transport) == [None]


def test_no_coroutine_is_made_where_the_key_is_a_text():
    def never(deployment):
        raise AssertionError

    kept, Deployment.credentials = Deployment.credentials, never
    try:
        for kind in (Client, AsyncClient):
            for key in (TOKEN, None):
                assert ask(kind, key)[1].content == "Hello"
    finally:
        Deployment.credentials = kept


def test_what_is_no_key_is_an_error_of_the_call_and_not_shown():
    wrong = [(b"secret", TypeError), (5, TypeError), (["secret"], TypeError)]
    wrong += [("secret\n", ValueError), ("se\r\nX-A: cret", ValueError), ("sécret", ValueError)]
    for key, wanted in wrong:
        for kind, _, api_key in callables(key):
            transport, error = ask(kind, api_key)
            assert isinstance(error, wanted), error
            assert "api_key" in str(error) or "Authorization" in str(error), error
            assert "cret" not in str(error), error
            assert transport.requests == []


def test_what_the_callable_raises_reaches_the_caller_as_it_is():
    names = {"m": None, "b": Deployment("https://b.test/v1", "k")}
    for raised in (OSError(5), ValueError("mine"), ConnectError("of another call"), MemoryError()):
        for kind, keys, api_key in callables(raised):
            transport, error = ask(kind, api_key, retry=3)
            assert error is raised, error
            assert (keys.times, transport.requests) == (1, [])
            names["m"] = Deployment(BASE, api_key)
            other = ScriptedTransport([good()])
            client = kind("m", names, {"m": ["b"]}, transport=other)
            done = error_of(type(raised), finish, client.chat, HELLO)
            assert done is raised
            assert other.requests == []


def finish(method, *arguments):
    found = method(*arguments)
    return asyncio.run(found) if hasattr(found, "send") else found


def test_a_key_that_was_asked_for_is_shown_nowhere():
    echo = {"error": {"message": "no such key: " + TOKEN}}
    for kind, _, api_key in callables():
        seen = []
        options = {"on_event": lambda name, fields, seen=seen: seen.append(repr(fields))}
        options["on_chunk"] = lambda chunk, seen=seen: seen.append(repr(chunk))
        _, error = ask(kind, api_key, json_reply(echo, 401), **options)
        assert isinstance(error, StatusError), error
        assert "no such key: ***" in str(error), error
        _, error = ask(kind, api_key, ScriptedReply([sse(text(TOKEN))]), **options)
        assert isinstance(error, StreamInterrupted), error
        assert seen
        for said in seen:
            assert TOKEN not in said, said
        assert TOKEN not in repr(Deployment(BASE, api_key))
        assert "api_key='***'" in repr(Deployment(BASE, api_key))


def test_the_time_it_takes_is_not_the_servers():
    limits = Timeouts(connect=1, upload=1, first_token=1, total=9)
    for seconds, wanted in ((5, ""), (10, "total")):
        transport = ScriptedTransport([ScriptedReply([500, ANSWER])])

        def key(transport=transport, seconds=seconds):
            transport.advance(seconds * 1000)
            return TOKEN

        client = Client("m", Deployment(BASE, key), transport=transport, timeouts=limits)
        if wanted:
            error = error_of(Exception, client.chat, HELLO)
            assert error.phase == wanted, error
        else:
            assert client.chat(HELLO).content == "Hello"
            request = transport.requests[0]
            assert (request.connect_deadline_ms, request.handed_ms) == (6000, 5000)


async def nothing():
    return TOKEN


class Async:
    async def __call__(self):
        return TOKEN


def test_a_blocking_client_refuses_what_it_could_not_wait_for():
    wrong = [nothing] if MICROPYTHON else [nothing, Async(), Keys().later]
    for api_key in wrong:
        error = error_of(TypeError, Client, "m", {"m": Deployment(BASE, api_key)})
        assert "deployments['m'] is async" in str(error), error
        assert "AsyncClient" in str(error), error
        AsyncClient("m", Deployment(BASE, api_key), transport=ScriptedTransport([]))

    # One that does not show it is found out by the call.
    async def waits():
        await Pause()

    _, error = ask(Client, lambda: waits())
    assert isinstance(error, TypeError), error
    assert "AsyncClient" in str(error), error


class Pause:
    # Gives way to the loop once, without asyncio; the await of either runtime.
    def __await__(self):
        yield

    __iter__ = __await__


def test_a_stream_that_is_closed_while_the_key_is_asked_for_sends_nothing():
    async def main():
        transport = ScriptedTransport([good()])

        async def key():
            closing.append(asyncio.create_task(stream.aclose()))
            for _ in range(3):
                await asyncio.sleep(0)
            return TOKEN

        closing = []
        client = AsyncClient("m", Deployment(BASE, key), transport=transport)
        stream = client.stream(HELLO)
        got = []
        async for event in stream:
            got.append(event)
        await closing[0]
        assert (got, transport.requests, stream.end) == ([], [], "closed")

    asyncio.run(main())
