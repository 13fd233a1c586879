# What one turn of a conversation takes of the heap, on a connection that is kept. Prints JSON.
#
#   turn.py BASE_URL MODEL KB     KB: size of the prompt, which is made while it is sent
#
# "standing": what thinwire and a client hold between two turns, all code loaded, buffers included.
# "used": most that was in use at any of the moments looked at (each KB of the prompt, each token)
# beyond what was in use before. The buffers of the client are in use before, and the text of the
# answer is not kept. "garbage": what a turn allocated in all.

import asyncio
import gc
import json
import sys

asyncio.get_event_loop()
gc.collect()
BEFORE = gc.mem_alloc()

from thinwire import AsyncClient, Deployment, TextStream  # noqa: E402

LINE = "A line of a prompt, sixty-four bytes long, line end included...\n"
KB = LINE * 16


class Peak:
    def __init__(self):
        gc.collect()
        self.before = self.most = gc.mem_alloc()

    def look(self, text=None):
        gc.collect()
        self.most = max(self.most, gc.mem_alloc())

    def used(self):
        return self.most - self.before


class Blind:
    def look(self, text=None):
        pass


def prompt(size, peak):
    for _ in range(size):
        peak.look()
        yield KB


async def turn(client, size, peak):
    said = TextStream(lambda: prompt(size, peak))
    await client.chat([{"role": "user", "content": said}], on_delta=peak.look, keep="none")


async def main(base_url, model, size):
    async with AsyncClient(model, {model: Deployment(base_url)}) as client:
        await turn(client, 1, Blind())  # the first turn loads code and opens the connection
        peak = Peak()
        await turn(client, size, peak)
        gc.collect()
        gc.disable()
        start = gc.mem_alloc()
        await turn(client, 1, Blind())
        garbage = gc.mem_alloc() - start
        gc.enable()
    standing = peak.before - BEFORE
    print(json.dumps({"standing": standing, "used": peak.used(), "garbage": garbage}))


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
