# A stream that another task closes, at each of its waits; real sockets and threads: see
# tests/cpython/test_closing.py.

import asyncio

from helpers import error_of
from streams import ANSWER, HELLO, deployments

from thinwire import AsyncClient, Client, Deployment, ReadError, RetryPolicy, StreamInterrupted
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

PATIENCE_S = 20
PATIENT = RetryPolicy(attempts=2, base=600, cap=600, jitter="none")


class Held(ScriptedTransport):
    # Stops at its first wait of one kind until somebody calls it off.
    name = "held"
    concurrent = True

    def __init__(self, where, replies):
        ScriptedTransport.__init__(self, replies)
        self.where = where
        self.reached = asyncio.Event()

    async def hold(self, until):
        woken = asyncio.Event()
        until.wake = woken.set
        self.reached.set()
        if not until.aborted:
            await woken.wait()

    async def send(self, request):
        if self.where == "send":
            await self.hold(request)
        response = await ScriptedTransport.send(self, request)
        return HeldResponse(self, response)

    async def sleep_ms(self, ms, until=None):
        if self.where == "pause" and until is not None and ms:
            await self.hold(until)
        elif ms >= 1000:
            await asyncio.Event().wait()  # a fallback that nobody is to start
        else:
            await ScriptedTransport.sleep_ms(self, ms)

    def spawn(self, coroutine):
        return asyncio.create_task(coroutine)

    def signal(self):
        return asyncio.Event()


class HeldResponse:
    def __init__(self, transport, response):
        self._transport = transport
        self._response = response
        self.status = response.status
        self.framed = True
        self._closed = False
        self.offset = 0
        self._reads = 0
        self._counted = False
        self._woken = asyncio.Event()

    def header(self, name):
        return self._response.header(name)

    def receive(self, buffer):
        if not self._counted:
            self._counted = True
            self._reads += 1
        if self._transport.where == "read %d" % self._reads:
            return None
        count = self._response.receive(buffer)
        self._counted = count is None
        return count

    async def wait(self, deadline_ms):
        if self._transport.where == "read %d" % self._reads:
            self._transport.reached.set()
            await self._woken.wait()
            raise ReadError("the stream was closed", None, True)
        await self._response.wait(deadline_ms)

    async def aclose(self):
        self._woken.set()
        await self._response.aclose()


def run(coroutine):
    async def bounded():
        return await asyncio.wait_for(coroutine, PATIENCE_S)

    return asyncio.run(bounded())


def client_of(transport, **options):
    options["retry"] = PATIENT
    return AsyncClient("a", deployments("a", "b"), {"a": ["b"]}, transport=transport, **options)


async def read(stream):
    # What its iteration ended with: a task's error is lost on MicroPython.
    try:
        async for _ in stream:
            pass
    except Exception as error:
        return repr(error)
    return "end"


def refused(status):
    return ScriptedReply([b"busy"], status, {"content-type": "text/plain"})


BEGUN = [ANSWER[:60], ANSWER[60:]]

# Where the stream waits, what the server does; requests that were sent, outcomes of the attempts.
PLACES = [
    ("send", [ScriptedReply([ANSWER])], 0, ["cancelled"]),
    ("read 1", [ScriptedReply(BEGUN)], 1, ["cancelled"]),
    ("read 2", [ScriptedReply(BEGUN)], 1, ["cancelled"]),
    ("pause", [refused(503), ScriptedReply([ANSWER])], 1, ["failed"]),
]


def test_whoever_reads_is_woken_wherever_it_waits():
    async def main(where, replies, hedge):
        transport = Held(where, list(replies))
        stream = client_of(transport).stream(HELLO, hedge_after=hedge)
        reading = asyncio.create_task(read(stream))
        await transport.reached.wait()
        assert stream.end == ""
        await stream.aclose()
        said = await reading
        again = await read(stream)
        await stream.aclose()
        return transport, stream, said, again

    for where, replies, sent, outcomes in PLACES:
        for hedge in (None, 600):
            if where == "pause" and hedge:
                continue  # the fallback follows at once there
            transport, stream, said, again = run(main(where, replies, hedge))
            done = stream.completion
            assert (said, again, stream.end) == ("end", "end", "closed"), (where, hedge, said)
            assert (done.complete, done.end) == (False, "closed"), where
            assert len(transport.requests) == sent, (where, hedge, len(transport.requests))
            assert [one.outcome for one in done.attempts] == outcomes, (where, done.attempts)
            assert transport.open_responses == 0, where


def test_two_may_close_it():
    async def main():
        transport = Held("send", [ScriptedReply([ANSWER])])
        stream = client_of(transport).stream(HELLO)
        reading = asyncio.create_task(read(stream))
        await transport.reached.wait()
        others = [asyncio.create_task(closed(stream)) for _ in range(2)]
        for other in others:
            await other
        return await reading, stream.end

    async def closed(stream):
        await stream.aclose()

    assert run(main()) == ("end", "closed")


def test_one_that_was_never_read_sends_nothing():
    async def main():
        transport = Held("", [ScriptedReply([ANSWER])])
        stream = client_of(transport).stream(HELLO)
        await stream.aclose()
        return await read(stream), stream.end, len(transport.requests)

    assert run(main()) == ("end", "closed", 0)


def test_a_hook_may_close_it():
    # While an attempt is begun, and while the next one is prepared.
    async def main(event, replies):
        transport = Held("", replies)
        closing = []

        def hook(name, fields):
            if name == event:
                closing.append(stream.aclose())

        stream = client_of(transport, on_event=hook).stream(HELLO)
        said = await read(stream)
        for one in closing:
            await one
        return said, stream.end, len(transport.requests), len(closing)

    assert run(main("attempt_started", [ScriptedReply([ANSWER])])) == ("end", "closed", 0, 1)
    replies = [refused(503), ScriptedReply([ANSWER])]
    assert run(main("retry_scheduled", replies)) == ("end", "closed", 1, 1)


def test_closing_in_the_last_bytes_takes_nothing_back():
    async def main():
        transport = Held("read 2", [ScriptedReply(BEGUN_WHOLE)])
        stream = client_of(transport).stream(HELLO)
        reading = asyncio.create_task(read(stream))
        await transport.reached.wait()
        await stream.aclose()
        return await reading, stream.end, stream.completion.complete

    BEGUN_WHOLE = [ANSWER, b""]
    assert run(main()) == ("end", "finish", True)


def test_two_cannot_read_it():
    async def main():
        transport = Held("send", [ScriptedReply([ANSWER])])
        stream = client_of(transport).stream(HELLO)
        reading = asyncio.create_task(read(stream))
        await transport.reached.wait()
        other = await read(stream)
        await stream.aclose()
        return other, await reading

    other, said = run(main())
    assert "RuntimeError" in other, other
    assert said == "end"


def test_what_closes_the_iteration_itself_tears_it():
    told = []

    async def main(**options):
        transport = Held("send", [ScriptedReply([ANSWER])])
        stream = client_of(transport, **options).stream(HELLO)
        step = stream.__anext__()
        step.send(None)
        step.close()
        torn = None
        try:
            await stream.__anext__()
        except StreamInterrupted as error:
            torn = error
        await stream.aclose()
        return torn, stream.end, await read(stream)

    for options in ({}, {"on_event": lambda name, fields: told.append((name, fields))}):
        torn, end, said = run(main(**options))
        assert torn.partial.complete is False
        assert (end, said) == ("cancelled", "end")
    assert [name for name, _ in told] == ["call_started", "attempt_started", "call_ended"]
    assert told[-1][1]["end"] == "cancelled"


def test_how_far_a_large_upload_is_is_told():
    told = []

    def hook(name, fields):
        if name == "upload":
            told.append((fields["sent"], fields["total"], fields["deployment"]))

    async def main(size):
        transport = Held("", [ScriptedReply([ANSWER])])
        messages = [{"role": "user", "content": "x" * size}]
        await client_of(transport, on_event=hook).chat(messages)
        return len(transport.sent[0])

    run(main(1000))
    assert told == []
    size = run(main(140000))
    sizes = [one[0] for one in told]
    assert len(sizes) == 3, told
    assert sizes == sorted(sizes), told
    assert sizes[0] >= 65536, told
    assert sizes[-1] == size, told
    assert told[-1][1:] == (None, "a")


class Closing:
    # Messages that close the stream when they are read.
    stream = None

    def __iter__(self):
        self.stream.close()
        return iter(HELLO)


def test_a_blocking_stream_may_be_closed_while_its_request_is_measured():
    transport = ScriptedTransport([ScriptedReply([ANSWER])])
    models = {"a": Deployment("https://a.test/v1", framing="length")}
    messages = Closing()
    messages.stream = Client("a", models, transport=transport).stream(messages)
    assert list(messages.stream) == []
    assert (messages.stream.end, len(transport.requests)) == ("closed", 0)


def test_a_hook_may_close_a_blocking_stream():
    def hook(name, fields):
        if name == "attempt_started":
            stream.close()

    transport = ScriptedTransport([ScriptedReply([ANSWER])])
    client = Client("a", deployments("a"), transport=transport, on_event=hook)
    stream = client.stream(HELLO)
    assert list(stream) == []
    assert (stream.end, len(transport.requests)) == ("closed", 0)


def test_a_wait_that_was_called_off_already_is_none():
    assert error_of(ReadError, aborted().check).closed


def aborted():
    from thinwire.transport import Abortable

    one = Abortable()
    one.abort()
    one.abort()
    return one
