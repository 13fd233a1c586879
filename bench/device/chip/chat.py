# One streamed chat, and nothing else: the smallest heap it runs on is found by trying.
#
#   chat.py BASE_URL MODEL KEEP [CA [PROMPT]]     CA and PROMPT are files; KEEP as of chat()

import asyncio
import sys

from thinwire import AsyncClient, Deployment, RetryPolicy

pieces = 0


def hear(text):
    global pieces
    pieces += 1


async def main(base_url, model, keep, ca="", prompt=""):
    said = "Hi"
    if prompt:
        from thinwire import TextFile

        said = TextFile(prompt)
    client = AsyncClient(
        model, {model: Deployment(base_url)}, retry=RetryPolicy(1), verify=ca or True
    )
    answer = await client.chat([{"role": "user", "content": said}], on_delta=hear, keep=keep)
    await client.aclose()
    print(pieces, answer.end)


asyncio.run(main(*sys.argv[1:]))
