# Calls in a heap that is nearly full, and one when there is room again. Runs on MicroPython
# (tests/micropython/test_heap.py).

import gc
import os

from thinwire import (
    AsyncClient,
    Client,
    Deployment,
    OutOfMemory,
    RetryPolicy,
    ThinwireError,
    Timeouts,
)

MESSAGES = [{"role": "user", "content": "Hi"}]
OPTIONS = {"timeouts": Timeouts(first_token=10), "retry": RetryPolicy(attempts=1)}


def models(base_url):
    return {name: Deployment(base_url, "k") for name in ("m", "echo")}


def ballast(room):
    """Blocks that take all of the heap but so many bytes in one piece."""
    gc.collect()
    kept = [bytearray(room)]
    size = 65536
    while size >= 64:
        try:
            kept.append(bytearray(size))
        except MemoryError:
            size //= 2
    kept[0] = None
    return kept


def name_of(error):
    if error is None:
        return "answer"
    if isinstance(error, ThinwireError) and not isinstance(error, OutOfMemory):
        return "ThinwireError"
    return type(error).__name__


def open_files():
    return len(os.listdir("/proc/self/fd"))


async def squeezed(base_url, rooms):
    """[how a call ended with so many bytes of room, for each; open files more; an answer]."""
    ends = []
    async with AsyncClient("m", models(base_url), **OPTIONS) as client:
        await client.chat(MESSAGES, model="echo")
        before = open_files()
        for room in rooms:
            held = ballast(room)
            end = None
            try:
                await client.chat(MESSAGES)
            except Exception as error:
                end = error
            held.clear()
            ends.append(name_of(end))
        more = open_files() - before
        answer = (await client.chat(MESSAGES, model="echo")).content
    return [ends, more, answer]


def squeezed_blocking(base_url, rooms):
    """The same with Client."""
    ends = []
    with Client("m", models(base_url), **OPTIONS) as client:
        client.chat(MESSAGES, model="echo")
        before = open_files()
        for room in rooms:
            held = ballast(room)
            end = None
            try:
                client.chat(MESSAGES)
            except Exception as error:
                end = error
            held.clear()
            ends.append(name_of(end))
        more = open_files() - before
        answer = client.chat(MESSAGES, model="echo").content
    return [ends, more, answer]
