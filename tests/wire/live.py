# Sends live audio, a text stream and a conversation on disk; runs on both runtimes.
#
#   live.py BASE_URL JSONL_FILE
#
# Prints the answer. The audio comes from an async iterator that has to be waited for.

import asyncio
import sys

from thinwire import AsyncClient, BytesStream, Deployment, JSONLMessages, TextStream


class Microphone:
    def __init__(self):
        self.left = [b"abcd", b"", b"efg" * 400, b"h"]

    def __aiter__(self):
        return self

    async def __anext__(self):
        await asyncio.sleep(0.01)
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop(0)


class Conversation:
    # The messages on disk, and one that is made while it is sent.
    def __init__(self, path):
        self.stored = JSONLMessages(path)

    def __iter__(self):
        for message in self.stored:
            yield message
        audio = {"data": BytesStream(Microphone), "format": "wav"}
        text = {"type": "text", "text": TextStream(lambda: iter(["Grü", "", "ße"]))}
        yield {"role": "user", "content": [{"input_audio": audio}, text]}


async def main(base_url, path):
    models = {"busy": Deployment(base_url), "m": Deployment(base_url)}
    async with AsyncClient("busy", models, {"busy": ["m"]}) as client:
        print((await client.chat(Conversation(path))).content)


asyncio.run(main(sys.argv[1], sys.argv[2]))
