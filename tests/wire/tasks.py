# What only a running program shows: tasks beside a call, cancellation, bodies made while they are
# sent, large files. Run on MicroPython, and in part on any board (tests/support/device_calls.py).

import asyncio
import os
import time

from thinwire import (
    AsyncClient,
    Client,
    Deployment,
    RetryPolicy,
    TextFile,
    ThinwireError,
    Timeouts,
)

try:
    from slowness import waited_ms
except ImportError:  # on a board, which has nothing else to do

    def waited_ms():
        return 0


MESSAGES = [{"role": "user", "content": "Hi"}]
MODELS = (
    "echo",
    "slow",
    "stall-before-head",
    "stall-after-head",
    "stall-mid-stream",
    "tokens-1000",
)


def deployments(base_url):
    return {name: Deployment(base_url, "k") for name in MODELS}


def client_for(base_url, seconds=20):
    limits = Timeouts(first_token=seconds)
    return AsyncClient("echo", deployments(base_url), timeouts=limits, retry=RetryPolicy(1))


def open_files():
    return len(os.listdir("/proc/self/fd"))


async def ticks_beside(base_url):
    """How often another task ran while a call waited, how the call ended, and the milliseconds
    that it took, without those that the machine did something else."""
    ticks = [0]
    start, waited = time.ticks_ms(), waited_ms()

    async def tick():
        while True:
            ticks[0] += 1
            await asyncio.sleep_ms(10)

    ticking = asyncio.create_task(tick())
    try:
        async with client_for(base_url, 0.3) as client:
            await client.chat(MESSAGES, model="stall-before-head")
    except ThinwireError as error:
        needed = time.ticks_diff(time.ticks_ms(), start) - (waited_ms() - waited)
        return [ticks[0], type(error).__name__, needed]
    finally:
        ticking.cancel()


async def several(base_url, count):
    """The answers of so many calls at a time, and in which order their pieces came."""
    order = []

    async def one(number):
        def hear(text):
            order.append(number)

        said = [{"role": "user", "content": "this is number %d" % number}]
        return (await client.chat(said, model="slow", on_delta=hear)).content

    async with client_for(base_url) as client:
        answers = await asyncio.gather(*[one(number) for number in range(count)])
    return [answers, order]


async def heard(base_url):
    """What a plain and an async on_delta are told."""
    pieces = []

    async def hear(text):
        await asyncio.sleep_ms(1)
        pieces.append(text)

    async with client_for(base_url) as client:
        await client.chat(MESSAGES, on_delta=hear)
        await client.chat(MESSAGES, on_delta=pieces.append)
    return pieces


async def raised(base_url):
    """An error of on_delta reaches the caller as it is."""

    def hear(text):
        raise KeyError(text)

    async with client_for(base_url) as client:
        try:
            await client.chat(MESSAGES, on_delta=hear)
        except KeyError as error:
            return error.args[0]


async def cancelled(base_url, model, times, mark):
    """How many files are open more, after so many calls were cancelled, each once the server has
    got it (`mark` is a file that grows then); and the next answer."""
    async with client_for(base_url) as client:
        await client.chat(MESSAGES)
        await cancel_one(client, model, mark)  # the connection kept so far goes with it
        before = open_files()
        for _ in range(times):
            await cancel_one(client, model, mark)
        after = open_files()
        answer = await client.chat(MESSAGES)
    return [after - before, answer.content]


async def cancel_one(client, model, mark):
    size = os.stat(mark)[6]
    task = asyncio.create_task(client.chat(MESSAGES, model=model))
    while os.stat(mark)[6] == size:
        await asyncio.sleep_ms(5)
    await asyncio.sleep_ms(30)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return
    raise RuntimeError("the task was not cancelled")


async def left_early(base_url):
    """The first event of a stream that is then left."""
    async with client_for(base_url) as client:
        async with client.stream(MESSAGES, model="stall-mid-stream") as stream:
            event = await stream.__anext__()
        return event.text


async def produced(base_url, pieces):
    """The answer to a body that a plain generator makes while it is sent."""

    def body():
        yield b'{"model":"echo","stream":true,"messages":[{"role":"user","content":"'
        for number in range(pieces):
            yield b"%d " % number
        yield b'"}]}'

    async with client_for(base_url) as client:
        return (await client.send_streaming_body(body())).content


async def file_sent(base_url, path):
    """What came back for a file that goes out as one message."""
    async with client_for(base_url) as client:
        said = [{"role": "user", "content": TextFile(path)}]
        return size_of(await client.chat(said, model="tokens-1000"))


async def file_sent_in(base_url, path, dialect, tokens):
    """The same in another dialect: how much came back in pieces, of which nothing is kept."""
    deployment = Deployment(base_url, "key", "tokens-%d" % tokens, dialect=dialect)
    seen = [0, 0]

    def count(text):
        seen[0] += len(text)
        seen[1] += 1

    async with AsyncClient("m", deployment) as client:
        said = [{"role": "user", "content": TextFile(path)}]
        done = await client.chat(said, on_delta=count, keep="none")
    return seen + [done.complete, done.finish_reason]


def file_sent_blocking(base_url, path):
    """The same without asyncio."""
    with Client("tokens-1000", deployments(base_url)) as client:
        return size_of(client.chat([{"role": "user", "content": TextFile(path)}]))


def size_of(completion):
    return [len(completion.content), completion.content[-6:], completion.complete]
