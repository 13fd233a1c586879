# Turns that are cancelled, and streams that another task closes, wherever they are; and what the
# client is still good for. Runs on CPython and on MicroPython (tests/cpython/test_cancelling.py,
# test_closing.py).

import asyncio
import os
import random

from thinwire import (
    AsyncClient,
    ContentDelta,
    Deployment,
    RetryPolicy,
    StreamInterrupted,
    TextStream,
    Timeouts,
)

MESSAGES = [{"role": "user", "content": "Hi"}]
_KIB = "0123456789abcdef" * 64
_TURNS = 20
_PATIENCE_S = 30
_SLEEP_S = 0.1  # after the request is there, the turn goes on to where it stops
_LIMITS = {"first_token": 60}  # of the turns afterwards: a lost place in the pool ends there


def open_files():
    return len(os.listdir("/proc/self/fd"))


class Producer:
    """A body whose end never comes."""

    def __init__(self):
        self._pieces = [b'{"model":"echo","stream":true,"messages":[']

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self._pieces:
            await asyncio.sleep(60)
        return self._pieces.pop()


def a_client(base_url, url, **options):
    """Asks "m" at `url`; "echo" and "backup" are at the healthy server."""
    models = {"echo": Deployment(base_url, "k"), "m": Deployment(url, "k")}
    models["backup"] = Deployment(base_url, "k")
    options["retry"] = RetryPolicy(attempts=2, base=60, cap=60, jitter="none")
    options["timeouts"] = Timeouts(**_LIMITS)
    return AsyncClient("m", models, **options)


def turn_of(client, kind):
    """The turn to be cancelled."""
    if kind == "producer":
        return client.send_streaming_body(Producer(), model="echo")
    count = 6144 if kind == "upload" else 1
    messages = [{"role": "user", "content": _KIB}] * count
    if kind == "race":
        return client.chat(messages, hedge_after=0.02)
    if kind == "callback":
        return client.chat(messages, on_delta=slowly)
    return client.chat(messages)


async def slowly(text):
    await asyncio.sleep(60)


async def cancel(turn, seconds, mark=""):
    """Cancels a turn after so many seconds, None: before it begins; returns what it raised.

    They begin when the file `mark`, if there is one, has grown.
    """
    size = size_of(mark)
    task = asyncio.create_task(turn)
    if mark:
        await grown(mark, size)
    if seconds is not None:
        await asyncio.sleep(seconds)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return "CancelledError"
    except Exception as error:
        return type(error).__name__
    return "nothing"


async def echoes(client):
    answers = []
    for _ in range(_TURNS):
        answers.append((await client.chat(MESSAGES, model="echo")).content)
    return answers


def size_of(mark):
    return os.stat(mark)[6] if mark else 0


async def grown(mark, size):
    for _ in range(6000):
        if size_of(mark) > size:
            return
        await asyncio.sleep(0.01)
    raise RuntimeError("what the turn is to be cancelled in does not happen")


async def cancelled(base_url, url, kind, times, options, mark=""):
    """[what was raised, open files more, answers afterwards].

    `mark` is a file that grows with each request that the server has got, or "".
    """
    async with a_client(base_url, url, **options) as client:
        await client.chat(MESSAGES, model="echo")
        before = open_files()
        raised = []
        for number in range(times):
            # The first before it has begun, the second at its first wait.
            seconds = _SLEEP_S if number > 1 else (None, 0)[number]
            seen = mark if number > 1 else ""
            raised.append(await cancel(turn_of(client, kind), seconds, seen))
        more = open_files() - before
        answers = await echoes(client)
    return [raised, more, answers]


async def between(base_url, url, times, mark):
    """The same for a turn that waits for its next attempt; `mark` grows when it does."""

    def tell(name, fields):
        if name == "retry_scheduled":
            with open(mark, "a") as file:
                file.write(name)

    return await cancelled(base_url, url, "chat", times, {"on_event": tell}, mark)


def loops(base_url, url, count):
    """One client in several event loops, one after the other; in each a turn is cancelled."""
    client = a_client(base_url, url)
    answers = []

    async def one():
        async with client:
            answers.append(await cancel(client.chat(MESSAGES), _SLEEP_S))
            answers.append((await client.chat(MESSAGES, model="echo")).content)

    for _ in range(count):
        asyncio.run(one())
    return answers


async def at_each_step(base_url, url, count):
    """[what turns raised that were cancelled after 1, 2, 3, ... rounds of the loop, open files
    more, answers afterwards]."""
    async with a_client(base_url, url) as client:
        await client.chat(MESSAGES, model="echo")
        before = open_files()
        raised = []
        for rounds in range(count):
            raised.append(await cancelled_after(client, rounds + 1))
        for _ in range(100):
            await asyncio.sleep(_SLEEP_S)
            more = open_files() - before
            if more <= 1:
                break
        answers = await echoes(client)
    return [raised, more, answers]


async def cancelled_after(client, rounds):
    task = asyncio.create_task(quietly(client))
    for _ in range(rounds):
        await asyncio.sleep(0)
    task.cancel()
    return await task


async def quietly(client):
    # A task that ends before anybody waits for it is not to be complained of.
    try:
        await client.chat(MESSAGES)
    except asyncio.CancelledError:
        return "CancelledError"
    return "nothing"


async def pooled(base_url, count):
    """Connections of a pool of three that are lost when each of its turns needs a new one, and is
    cancelled after so many rounds of the loop; then an answer. CPython only."""
    import httpx

    limits = httpx.Limits(max_connections=3, max_keepalive_connections=0)
    async with httpx.AsyncClient(limits=limits) as own:
        client = a_client(base_url, base_url, http_client=own)
        for rounds in range(count):
            for _ in range(3):
                await cancelled_after(client, rounds + 1)
        answer = await client.chat(MESSAGES, model="echo")
        await asyncio.sleep(_SLEEP_S)
        return len(own._transport._pool.connections), answer.content


# Streams that another task closes.


class Silence:
    """A producer of text that says one word, and then nothing."""

    def __init__(self):
        self._words = ["Hi"]

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self._words:
            await asyncio.sleep(600)
        return self._words.pop()


def stream_of(client, kind):
    count = 6144 if kind == "upload" else 1
    messages = [{"role": "user", "content": _KIB}] * count
    if kind == "producer":
        messages = [{"role": "user", "content": TextStream(Silence)}]
    options = {"hedge_after": 0.02} if kind == "race" else {}
    return client.stream(messages, **options)


async def read(stream):
    # What its iteration ends with: a task's error must not be lost.
    try:
        async for _ in stream:
            pass
    except Exception as error:
        return "%s: %s" % (type(error).__name__, error)
    return "end"


async def closed_one(stream, seconds, mark):
    size = size_of(mark)
    task = asyncio.create_task(read(stream))
    if mark:
        await grown(mark, size)
    if seconds is not None:
        await asyncio.sleep(seconds)
    await asyncio.wait_for(stream.aclose(), _PATIENCE_S)
    said = await asyncio.wait_for(task, _PATIENCE_S)
    await stream.aclose()
    try:
        await stream.__anext__()
        said += ", and goes on"
    except StopAsyncIteration:
        pass
    done = stream.completion
    outcomes = [one.outcome for one in done.attempts]
    left = [one for one in outcomes if one not in ("cancelled", "failed")]
    return [said, stream.end, done.complete, done.end, left]


async def closed(base_url, url, kind, times, options, mark=""):
    """[what became of each stream, open files more, answers afterwards]; see `cancelled`."""
    async with a_client(base_url, url, **options) as client:
        await client.chat(MESSAGES, model="echo")
        before = open_files()
        became = []
        for number in range(times):
            seconds = _SLEEP_S if number > 1 else (None, 0)[number]
            seen = mark if number > 1 else ""
            became.append(await closed_one(stream_of(client, kind), seconds, seen))
        more = open_files() - before
        answers = await echoes(client)
    return [became, more, answers]


async def closed_between(base_url, url, times, mark):
    """The same for a stream that waits for its next attempt; `mark` grows when it does."""

    def tell(name, fields):
        if name == "retry_scheduled":
            with open(mark, "a") as file:
                file.write(name)

    return await closed(base_url, url, "chat", times, {"on_event": tell}, mark)


async def closed_at_each_step(base_url, url, count):
    """[what became of streams that were closed after 0, 1, 2, ... rounds of the loop, open files
    more, answers afterwards]."""
    async with a_client(base_url, url) as client:
        await client.chat(MESSAGES, model="echo")
        before = open_files()
        became = []
        for rounds in range(count):
            stream = client.stream(MESSAGES)
            task = asyncio.create_task(read(stream))
            for _ in range(rounds):
                await asyncio.sleep(0)
            await stream.aclose()
            became.append([await task, stream.end])
        for _ in range(100):
            more = open_files() - before
            if more <= 1:
                break
            await asyncio.sleep(_SLEEP_S)
        answers = await echoes(client)
    return [became, more, answers]


async def mixed(base_url, url, rounds, seed):
    """What was wrong in so many rounds of two conversations at a time, of which one is closed at
    any moment: a text that is not its own, an answer called whole that is not."""
    random.seed(seed)
    wrong = []
    models = {name: Deployment(base_url, "k") for name in ("aaaa", "bbbb")}
    async with AsyncClient("aaaa", models, timeouts=Timeouts(first_token=60)) as client:
        for number in range(rounds):
            streams = [client.stream(MESSAGES, model=name) for name in ("aaaa", "bbbb")]
            heard = ["", ""]

            async def listen(at, streams=streams, heard=heard):
                async for event in streams[at]:
                    if isinstance(event, ContentDelta):
                        heard[at] += event.text

            tasks = [asyncio.create_task(listen(at)) for at in (0, 1)]
            for _ in range(random.randint(0, 40)):
                await asyncio.sleep(0)
            if random.randint(0, 3) == 0:
                await asyncio.sleep(random.randint(0, 20) / 1000)
            await streams[0].aclose()
            for task in tasks:
                await asyncio.wait_for(task, _PATIENCE_S)
            whole = ["a" * 400, "b" * 400]
            for at in (0, 1):
                done = streams[at].completion
                if not whole[at].startswith(heard[at]) or (done.content or "") != heard[at]:
                    wrong.append([number, at, "text", heard[at]])
                if done.complete != (heard[at] == whole[at] and done.end == "finish"):
                    wrong.append([number, at, "complete", done.end])
            if streams[1].end != "finish":
                wrong.append([number, 1, "end", streams[1].end])
    return wrong


async def torn(base_url, url, mark):
    """What an iteration says that was torn by a cancellation and is taken up again."""
    async with a_client(base_url, url) as client:
        stream = client.stream(MESSAGES)
        size = size_of(mark)
        task = asyncio.create_task(read_cancelled(stream))
        await grown(mark, size)
        await asyncio.sleep(_SLEEP_S)
        task.cancel()
        said = [await task]
        for _ in range(2):
            try:
                await stream.__anext__()
                said.append("an event")
            except StreamInterrupted as error:
                said.append([error.partial.content, error.partial.complete, error.partial.end])
        said.append(stream.end)
        await stream.aclose()
        said.append(await read(stream))
    return said


async def read_cancelled(stream):
    try:
        async for _ in stream:
            pass
    except asyncio.CancelledError:
        return "cancelled"
    return "end"
