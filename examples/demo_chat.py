# One chat, the same source on CPython and on MicroPython; examples/demo.py runs it on both.
#
#   python demo_chat.py BASE_URL FILE          micropython demo_chat.py BASE_URL FILE
#
# The first deployment is busy (429), so the fallback answers. FILE is sent as part of a message
# and read while it is sent. The last line of the output is JSON with what was measured.

import asyncio
import gc
import json
import sys

from thinwire import AsyncClient, ContentDelta, Deployment, TextFile


class PeakMemory:
    # Most memory in use during the turn, beyond what was in use before it.
    def __init__(self):
        gc.collect()
        try:
            import tracemalloc

            tracemalloc.start()
            self._used = lambda: tracemalloc.get_traced_memory()[1]
        except ImportError:
            gc.threshold(
                4096
            )  # garbage is memory too: keep it small, as a program on a chip would
            self._used = gc.mem_alloc
        self._before = self._used()
        self._most = self._before

    def bytes(self):
        self._most = max(self._most, self._used())
        return self._most - self._before


def show(text):
    sys.stdout.write(text)
    getattr(sys.stdout, "flush", lambda: None)()


def conversation(path):
    return [
        {"role": "system", "content": "You are terse."},
        {"role": "user", "content": TextFile(path)},
        {"role": "user", "content": "What do these notes say?"},
    ]


def report(completion, transport, peak):
    tokens = completion.usage["completion_tokens"]
    return {
        "runtime": sys.implementation.name,
        "transport": transport,
        "model": completion.deployment,
        "attempts": len(completion.attempts),
        "bytes": completion.sent_bytes,
        "blocks": completion.sent_blocks,
        "ttft_ms": completion.timings.ttft_ms,
        "tokens_per_s": round(completion.timings.tokens_per_s(tokens)),
        "peak_bytes": peak,
    }


async def main(base_url, path):
    deployments = {
        "fast": Deployment(base_url, api_key="demo-key", model="demo/fast"),
        "backup": Deployment(base_url, api_key="demo-key", model="demo/backup"),
        "warm-up": Deployment(base_url, model="echo"),
    }
    async with AsyncClient("fast", deployments, {"fast": ["backup"]}) as client:
        # The first turn loads code; what is measured is the second.
        await client.chat([{"role": "user", "content": "hello"}], model="warm-up")
        memory = PeakMemory()
        async with client.stream(conversation(path)) as stream:
            async for event in stream:
                if isinstance(event, ContentDelta):
                    show(event.text)
                memory.bytes()
        print()
        print(json.dumps(report(stream.completion, client.transport.name, memory.bytes())))


asyncio.run(main(sys.argv[1], sys.argv[2]))
