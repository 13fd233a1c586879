# Chats of the emulated board whose course matters, beside their result.

import asyncio
import binascii
import gc
import time

from thinwire import AsyncClient, Deployment, TextStream, ThinwireError, Timeouts


def client_for(base_url, model, cadata=None):
    options = {"cadata": binascii.unhexlify(cadata)} if cadata else {}
    patient = Timeouts(connect=30, first_token=60, progress=60)
    # The machine that it runs on is another one to an emulated board.
    plain = {} if cadata else {"allow_insecure_http": True}
    models = {name: Deployment(base_url, "k", **plain) for name in (model, "none")}
    return AsyncClient(model, models, timeouts=patient, **options)


async def watched(base_url, model, prompt, cadata=None):
    """A streamed answer, its number of pieces, and the least heap that was free meanwhile."""
    least = [1 << 30]
    pieces = [0]

    def hear(text):
        pieces[0] += 1
        if pieces[0] % 16 == 1:
            gc.collect()
            least[0] = min(least[0], gc.mem_free())

    async with client_for(base_url, model, cadata) as client:
        said = [{"role": "user", "content": prompt}]
        answer = await client.chat(said, on_delta=hear)
    return {"content": answer.content, "end": answer.end, "pieces": pieces[0], "free": least[0]}


class Waiting:
    """The longest time that another task waits for its turn, in milliseconds."""

    def __init__(self):
        self.longest = 0

    async def run(self):
        last = time.ticks_us()
        while True:
            await asyncio.sleep_ms(0)
            now = time.ticks_us()
            self.longest = max(self.longest, time.ticks_diff(now, last))
            last = now

    def taken(self):
        longest, self.longest = self.longest, 0
        return longest // 1000


async def blocked(base_url, model, cadata=None):
    """How long other tasks wait at most, in milliseconds: in the first turn, on a new connection,
    in the second, and in one that ends in an error for the first time."""
    said = [{"role": "user", "content": "hi"}]
    found = []
    async with client_for(base_url, model, cadata) as client:
        waiting = Waiting()
        task = asyncio.create_task(waiting.run())
        await asyncio.sleep_ms(50)
        waiting.taken()
        for _ in range(2):
            await client.chat(said)
            found.append(waiting.taken())
        try:
            await client.chat(said, model="none")
        except ThinwireError:
            found.append(waiting.taken())
        task.cancel()
    return {"first": found[0], "second": found[1], "failing": found[-1]}


async def long_answer(base_url, tokens):
    """Size and end of an answer of so many tokens."""
    size = [0]

    def hear(text):
        size[0] += len(text)

    start = time.ticks_ms()
    async with client_for(base_url, "tokens-%d" % tokens) as client:
        answer = await client.chat([{"role": "user", "content": "count"}], on_delta=hear)
    took = time.ticks_diff(time.ticks_ms(), start)
    return {"size": size[0], "last": answer.content[-12:], "end": answer.end, "ms": took}


def lines(count):
    for number in range(count):
        yield '%010d Grüße, 世界 "quoted" \\ \t 🚀 abcdefghijklmnopqrstuvwxyz\n' % number


async def large_prompt(base_url, count):
    """Sends `count` generated lines as one message; the answer, and the heap that was left."""
    gc.collect()
    before = gc.mem_free()
    async with client_for(base_url, "short") as client:
        said = [{"role": "user", "content": TextStream(lambda: lines(count))}]
        answer = await client.chat(said)
    gc.collect()
    return {"content": answer.content, "used": before - gc.mem_free()}


async def turns(base_url, prompts, cadata=None):
    """A conversation on one client."""
    said = []
    async with client_for(base_url, "echo", cadata) as client:
        for prompt in prompts:
            said.append({"role": "user", "content": prompt})
            answer = await client.chat(said)
            said.append({"role": "assistant", "content": answer.content})
    return [one["content"] for one in said]
