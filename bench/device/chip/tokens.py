# Bytes allocated per token of a stream, from the tenth to the hundred-and-tenth. Prints JSON.
#
#   tokens.py BASE_URL MODEL

import asyncio
import gc
import json
import sys

from thinwire import AsyncClient, Deployment

FIRST = 10
COUNT = 100


class Meter:
    # Counts tokens, and what is allocated between two of them: nothing is collected meanwhile.
    def __init__(self):
        self.tokens = self.start = self.end = 0

    def hear(self, text):
        self.tokens += 1
        if self.tokens == FIRST:
            gc.collect()
            gc.disable()
            self.start = gc.mem_alloc()
        elif self.tokens == FIRST + COUNT:
            self.end = gc.mem_alloc()
            gc.enable()

    def per_token(self):
        return (self.end - self.start) / COUNT


async def events(client, messages, meter):
    async with client.stream(messages, keep="none") as stream:
        async for event in stream:
            if hasattr(event, "text"):
                meter.hear(event.text)


async def sink(client, messages, meter):
    await client.chat(messages, on_delta=meter.hear, keep="none")


async def main(base_url, model):
    found = {}
    messages = [{"role": "user", "content": "Hi"}]
    async with AsyncClient(model, {model: Deployment(base_url)}) as client:
        await client.chat(messages, keep="none")  # the first turn loads code
        for way in (events, sink):
            meter = Meter()
            await way(client, messages, meter)
            found[way.__name__] = meter.per_token()
    print(json.dumps(found))


asyncio.run(main(sys.argv[1], sys.argv[2]))
