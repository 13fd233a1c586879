# A full heap hides no failure: where there is no memory to deal with an error, the caller gets
# that error, or OutOfMemory if there is none; nothing is tried again, nothing is left open, and
# the client is as good as before.
# tests_device/test_heap_faults.py lets each allocation fail; here it is what tests can reach.

import asyncio
import builtins

from helpers import error_of
from racing import STALL, After, Reply
from racing import Setting as Race
from racing import run as run_race
from streams import (
    ANSWER,
    DONE,
    HELLO,
    KEY,
    ONCE,
    call,
    chunk,
    deployments,
    json_reply,
    play,
    sse,
    text,
)

from thinwire.core import error_kinds, exchange, sync
from thinwire.core._compat import MICROPYTHON, mend_imports, nothing
from thinwire.core.answer.answer import Answer
from thinwire.core.client import AsyncClient
from thinwire.core.error_kinds import COOLDOWN_ON, FALLBACK_ON, RETRY_ON
from thinwire.core.errors import (
    NO_WORDS,
    ConnectError,
    EncodeError,
    OutOfMemory,
    ReadError,
    StatusError,
    StreamError,
    ThinwireError,
    TransportTimeout,
)
from thinwire.core.sync import Client, SyncChatStream
from thinwire.core.wire import error_words
from thinwire.core.wire.reserve import Reserve
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

GOOD = ScriptedReply([ANSWER])
ECHO = {"error": {"message": "Incorrect API key: " + KEY, "code": KEY}}
HTML = {"content-type": "text/html"}


# Made anew for each call: an error that was raised is not as it was.
def busy():
    return json_reply({"error": {"message": "busy"}}, 503)


def cut():
    return ScriptedReply([sse(text("a")), ReadError("cut")])


def reset():
    return ScriptedReply([ReadError("reset")])


def refused():
    return ConnectError("refused")


def echo():
    return json_reply(ECHO, 401)


def scripted(*pieces, **options):
    return lambda: ScriptedReply(list(pieces), **options)


class NoRoom:
    """Inside `with`, there is no memory to load a module of core."""

    def __init__(self, name):
        self.name = "thinwire.core." + name
        self.load = builtins.__import__

    def __enter__(self):
        builtins.__import__ = self.fail

    def __exit__(self, *details):
        builtins.__import__ = self.load

    def fail(self, name, *given):
        # Globals, locals, what is wanted of it, level; some runtimes leave out what is not needed.
        wanted = given[2] if len(given) > 2 and given[2] else ()
        if name == self.name or self.name in ["%s.%s" % (name, one) for one in wanted]:
            raise MemoryError
        return self.load(name, *given)


def full(*given):
    raise MemoryError


def client_of(kind, replies, **options):
    transport = options.pop("transport", None) or ScriptedTransport(replies)
    chain = {"a": ["b"]}
    return kind("a", deployments("a", "b"), chain, transport=transport, retry=ONCE, **options)


def chat(client, messages=HELLO, **options):
    result = client.chat(messages, **options)
    return asyncio.run(result) if hasattr(result, "send") else result


# What the first deployment does, which late module there is no memory for, and the error.
FAILURES = [
    (busy, "answer.error_response", StatusError, 503),
    (busy, "answer.error_object", StatusError, 503),
    (busy, "wire.error_words", StatusError, 503),
    (busy, "routing.recovery", StatusError, 503),
    (echo, "answer.error_response", StatusError, 401),
    (echo, "routing.recovery", StatusError, 401),
    (scripted(b"<html>", headers=HTML), "answer.error_response", StreamError, 0),
    (scripted(b"<html>", headers=HTML), "routing.recovery", StreamError, 0),
    (refused, "routing.recovery", ConnectError, 0),
    (reset, "routing.recovery", ReadError, 0),
    (scripted(10**7), "routing.recovery", TransportTimeout, 0),
    (scripted(), "routing.recovery", StreamError, 0),
    (scripted(b"data: hello?\n\n"), "routing.recovery", StreamError, 0),
    (scripted(sse(ECHO)), "answer.error_object", StatusError, 200),
    (scripted(sse(ECHO)), "wire.error_words", StatusError, 200),
    (scripted(sse(ECHO)), "routing.recovery", StatusError, 200),
    (cut, "routing.recovery", ReadError, 0),
]


def test_where_a_module_cannot_be_loaded_the_failure_is_what_the_caller_gets():
    for at, (first, module, kind, status) in enumerate(FAILURES):
        with NoRoom(module):
            got = play(lambda first=first: [first(), GOOD])
        assert type(got.error) is kind, (at, got.error)
        assert (got.error.status, got.error.speechless) == (status, True), at
        assert len(got.transport.requests) == 1, at
        assert [item.text for item in got.events] == (["a"] if first is cut else []), at
        for words in (str(got.error), repr(got.error), getattr(got.error, "code", "")):
            assert KEY not in words, (at, words)
        (attempt,) = got.completion.attempts
        assert attempt.error is got.error, at
        assert attempt.outcome == "failed", at


def test_what_is_no_failure_yet_is_out_of_memory():
    tools = ScriptedReply([sse(call(0, "c", "f", "{}", "tool_calls")) + DONE])
    whole = json_reply({"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]})
    for reply, module in ((tools, "answer.tool_calls"), (whole, "answer.error_response")):
        for kind in (AsyncClient, Client):
            client = client_of(kind, [reply, GOOD])
            with NoRoom(module):
                error_of(OutOfMemory, chat, client)
            assert client.transport.open_responses == 0
            assert len(client.transport.requests) == 1
            assert chat(client).content == "Hello"


# Where memory runs out once a server has refused: while its words are read, or later.
FULL = [
    ([ScriptedReply([MemoryError()], 503)], None),
    ([ScriptedReply([b"busy"], 503)], "attempt_failed"),
    ([ScriptedReply([b"busy"], 503)], "fallback"),
]


def test_a_full_heap_hides_no_failure_and_nothing_is_tried_again():
    for replies, event in FULL:

        def hook(name, fields, event=event):
            if name == event:
                raise MemoryError

        for kind in (AsyncClient, Client):
            client = client_of(kind, replies + [GOOD], on_event=hook)
            transport = client.transport
            error = error_of(StatusError, chat, client)
            assert (error.status, len(transport.requests)) == (503, 1), (event, error)
            assert transport.open_responses == 0
            assert chat(client).content == "Hello", event


def test_no_memory_for_another_attempt_does_not_hide_why_there_was_one():
    for kind in (AsyncClient, Client):
        client = client_of(kind, [busy(), MemoryError(), GOOD])
        error = error_of(StatusError, chat, client)
        assert (error.status, error.speechless) == (503, True)
        assert len(client.transport.requests) == 2
        assert chat(client).content == "Hello"


def test_an_answer_that_there_is_no_memory_for_is_an_error_of_ours():
    # Also behind a failure that had been made good.
    broken = ScriptedReply([sse(text("a")), MemoryError()])
    for first in ([MemoryError()], [broken], [busy(), broken]):
        for kind in (AsyncClient, Client):
            client = client_of(kind, first + [GOOD])
            error = error_of(OutOfMemory, chat, client)
            assert (error.kind, error.retryable, error.model) == ("memory", False, "a")
            assert error.deployment == ("b" if first[0] is not broken and len(first) > 1 else "a")
            assert client.transport.open_responses == 0
            # Nobody is to blame for it: neither is tried again, or left alone.
            assert len(client.transport.requests) == len(first)
            states = client.deployments_state()
            assert [states[name].failures for name in ("a", "b")] == [len(first) - 1, 0]
            assert chat(client).content == "Hello"


def test_a_callers_own_memory_error_is_the_callers():
    for kind in (AsyncClient, Client):
        client = client_of(kind, [busy(), GOOD, GOOD])
        mine = MemoryError("mine")

        def hear(text, mine=mine):
            raise mine

        assert error_of(MemoryError, chat, client, on_delta=hear) is mine
        assert client.transport.open_responses == 0
        assert chat(client).content == "Hello"


def test_an_error_that_came_with_text_is_told_though_the_text_cannot_be_taken():
    late = dict(text("b"), error={"message": "no", "code": 503})
    for last, kind in ((late, StatusError), (chunk({"refusal": "b"}), MemoryError)):
        answer = Answer()
        receive(answer, sse(text("a")))
        assert answer.next_event().text == "a"
        answer.assembler.receive = full
        receive(answer, sse(last, text("c")))
        error_of(kind, answer.next_event)


def receive(answer, data):
    answer.get_buffer()[: len(data)] = data
    answer.buffer_updated(len(data))


class Forgetful(ScriptedTransport):
    """Runs out of memory when it is asked for the time for the n-th time."""

    def __init__(self, replies, n):
        ScriptedTransport.__init__(self, replies)
        self.left = n

    def recover(self):
        # From now on there is memory, and an answer.
        self.left = 0
        self._replies = [GOOD]

    def now_ms(self):
        self.left -= 1
        if not self.left:
            raise MemoryError
        return ScriptedTransport.now_ms(self)


def test_wherever_memory_runs_out_nothing_is_left_open_and_the_next_call_is_as_good():
    for first in ([], [busy], [cut], [reset], [busy, cut]):
        for kind in (AsyncClient, Client):
            n, left = 1, 0
            while left <= 0:
                transport = Forgetful([make() for make in first] + [GOOD], n)
                client = client_of(kind, [], transport=transport)
                heard = []
                try:
                    done = chat(client, on_delta=heard.append)
                except ThinwireError as error:
                    assert KEY not in str(error)
                else:
                    assert (done.content, done.complete) == ("Hello", True), (n, done)
                    assert "".join(heard) == "Hello", (n, heard)
                assert transport.open_responses == 0, n
                left = transport.left
                transport.recover()
                assert chat(client).content == "Hello", n
                n += 1


def test_a_connection_that_cannot_be_read_to_its_end_is_only_not_kept():
    for kind in (AsyncClient, Client):
        client = client_of(kind, [ScriptedReply([ANSWER, MemoryError()])])
        assert chat(client).content == "Hello"
        assert client.transport.open_responses == 0


class Unreadable:
    # Headers that there is no memory to look at.
    get = items = full


def test_a_status_is_told_even_if_no_header_can_be_read_and_a_good_one_is_no_failure():
    for status, error_class in ((503, StatusError), (200, OutOfMemory)):
        for kind in (AsyncClient, Client):
            client = client_of(kind, [ScriptedReply([ANSWER], status, Unreadable()), GOOD])
            error = error_of(error_class, chat, client)
            assert error.status == (status if status != 200 else 0)
            assert client.transport.open_responses == 0
            assert chat(client).content == "Hello"


def test_an_answer_whose_rest_cannot_be_read_is_closed():
    drain = exchange.Exchange.drain
    for kind in (AsyncClient, Client):
        client = client_of(kind, [GOOD, GOOD])
        exchange.Exchange.drain = full
        try:
            error_of(OutOfMemory, chat, client)
        finally:
            exchange.Exchange.drain = drain
        assert client.transport.open_responses == 0
        assert chat(client).content == "Hello"


def test_words_that_cannot_be_looked_through_leave_the_kind_that_the_status_means():
    kind_of = error_words.kind_of
    error_words.kind_of = full
    try:
        error = StatusError(429, "You exceeded your current quota")
        got = play(lambda: [echo(), GOOD])
    finally:
        error_words.kind_of = kind_of
    assert (error.kind, error.speechless) == ("rate_limit", True)
    assert StatusError(429, "You exceeded your current quota").kind == "quota"
    assert (got.error.status, got.error.kind, len(got.transport.requests)) == (401, "auth", 1)
    for words in (str(got.error), got.error.code, got.error.body_snippet):
        assert KEY not in words, words


class Unspeakable:
    # A source that cannot be read, and has no name.
    size = None
    replayable = True

    def open(self):
        raise OSError(5)

    __repr__ = full


def test_a_source_that_cannot_be_read_is_that_error_without_words_too():
    messages = [{"role": "user", "content": Unspeakable()}]
    for kind in (AsyncClient, Client):
        error = error_of(EncodeError, chat, client_of(kind, [GOOD]), messages)
        assert str(error) == NO_WORDS
        assert error.cause.args == (5,)


class Stored:
    # A source, or messages, of ours that there is no memory to read.
    stored = replayable = True
    size = None

    def open(self):
        return self

    def close(self):
        pass

    def __iter__(self):
        return self

    __next__ = read_piece = full


def test_what_a_file_of_ours_lacks_is_out_of_memory_too():
    for messages in ([{"role": "user", "content": Stored()}], Stored()):
        for kind in (AsyncClient, Client):
            client = client_of(kind, [GOOD, GOOD])
            error_of(OutOfMemory, chat, client, messages)
            assert chat(client).content == "Hello"


class Spoiled:
    # A signal that cannot be waited for the n-th time.
    def __init__(self, n):
        self.event = asyncio.Event()
        self.set = self.event.set
        self.clear = self.event.clear
        self.left = n

    async def wait(self):
        self.left -= 1
        if not self.left:
            raise MemoryError
        await self.event.wait()


async def raced(race):
    # The outcome of a call of two attempts; whatever it is, nothing of it may be left.
    try:
        found = (await race.client.chat(HELLO, on_delta=len)).content
    except ThinwireError as error:
        found = error
    assert race.transport.still_open() == [], race.transport.still_open()
    assert await race.transport.tasks_left() == 0
    return found


def race_of(first, second, **options):
    return Race({"a": [first], "b": [second]}, hedge_after=0, fallbacks="b", **options)


def test_a_race_that_there_is_no_memory_for_leaves_nothing():
    for n in (1, 2, 3):  # its alarm, its first attempt, the fallback
        race = race_of(Reply(STALL), Reply(ANSWER))
        spawn, left = race.transport.spawn, [n]

        def spoiled(coroutine, spawn=spawn, left=left):
            left[0] -= 1
            if not left[0]:
                coroutine.close()
                raise MemoryError
            return spawn(coroutine)

        race.transport.spawn = spoiled
        assert isinstance(run_race(raced(race)), OutOfMemory), n


def test_a_race_that_cannot_be_waited_for_leaves_nothing():
    found = []
    for n in (1, 2, 3, 4):
        race = race_of(Reply(STALL), Reply(ANSWER))
        race.transport.signal = lambda n=n: Spoiled(n)
        found.append(run_race(raced(race)))
    assert "Hello" in found, found
    assert [one for one in found if one != "Hello" and not isinstance(one, OutOfMemory)] == []


def test_an_attempt_whose_failure_cannot_be_noted_ends_the_race_with_it():
    def hook(event, fields):
        if event == "attempt_failed":
            raise MemoryError

    refusal = b'{"error": {"message": "%s"}}' % KEY.encode()
    race = race_of(Reply(After("b"), refusal, status=503), Reply(STALL), on_event=hook)
    error = run_race(raced(race))
    assert (type(error), error.status) == (StatusError, 503)
    assert str(error) == "status 503: " + NO_WORDS
    assert error.speechless


def test_a_lack_of_memory_that_ends_a_race_does_not_hide_why_the_other_attempt_failed():
    failed = Reply(ReadError("said " + KEY), closing=[STALL])  # not done when the race ends
    race = race_of(Reply(After("b"), 20, MemoryError()), failed)
    error = run_race(raced(race))
    assert (type(error), str(error)) == (ReadError, NO_WORDS)
    assert error.speechless


def test_a_step_that_there_was_no_memory_for_is_out_of_memory():
    stream = client_of(AsyncClient, [GOOD]).stream(HELLO)
    stream._run = full  # noqa: SLF001
    error_of(OutOfMemory, stream.__anext__)


class Lost:
    # A stream whose events and result get lost on their way.
    def __init__(self):
        self.out_of_memory = Reserve(16).out_of_memory

    def __anext__(self):
        return nothing()


def test_a_result_that_there_was_no_memory_to_hand_over_is_out_of_memory():
    client = client_of(Client, [GOOD])
    error_of(OutOfMemory, sync.ended, client, nothing())
    kept, sync.SyncChatStream = sync.SyncChatStream, full
    try:
        error_of(OutOfMemory, client.stream, HELLO)
    finally:
        sync.SyncChatStream = kept
    stream = Lost()
    error_of(OutOfMemory, next, SyncChatStream(stream))
    stream.__anext__ = full
    error_of(OutOfMemory, next, SyncChatStream(stream))


async def streamed(client):
    async with client.stream(HELLO) as stream:
        async for _ in stream:
            pass


async def sent(client):
    await client.send_streaming_body(iter([]))


class Unasked:
    for_call = full

    def __getattr__(self, name):
        raise MemoryError


def test_wherever_a_call_begins_lack_of_memory_is_an_error_of_ours():
    for kind in (AsyncClient, Client):
        client = client_of(kind, [GOOD])
        begin = client._policy  # noqa: SLF001 - what each call asks first
        client._policy = Unasked()  # noqa: SLF001
        error_of(OutOfMemory, chat, client)
        error_of(OutOfMemory, client.stream, HELLO)
        if kind is AsyncClient:
            error_of(OutOfMemory, lambda client=client: asyncio.run(sent(client)))
        client._policy = begin  # noqa: SLF001
        assert chat(client).content == "Hello"


class Unprintable:
    __str__ = full


def test_an_error_is_silenced_though_there_is_no_memory_for_its_status():
    error = StatusError(503, "busy")
    kept, error_kinds.NO_WORDS = error_kinds.NO_WORDS, Unprintable()
    try:
        error.silence()
    finally:
        error_kinds.NO_WORDS = kept
    assert isinstance(error.message, Unprintable)
    error.silence()
    assert (str(error), error.speechless) == ("status 503: " + NO_WORDS, True)


def test_what_the_runtime_lets_it_be_it_is():
    assert issubclass(OutOfMemory, MemoryError) == (not MICROPYTHON)
    assert "memory" not in RETRY_ON + FALLBACK_ON + COOLDOWN_ON


def test_imports_are_mended_where_nothing_is_broken():
    mend_imports()
    import json

    assert json.loads("1") == 1
