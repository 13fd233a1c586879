# Chats of the emulated board whose course matters, beside their result.

import binascii
import gc
import time

from thinwire import AsyncClient, Deployment, TextStream, Timeouts


def client_for(base_url, model, cadata=None):
    options = {"cadata": binascii.unhexlify(cadata)} if cadata else {}
    patient = Timeouts(connect=30, first_token=60, progress=60)
    return AsyncClient(model, {model: Deployment(base_url, "k")}, timeouts=patient, **options)


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
