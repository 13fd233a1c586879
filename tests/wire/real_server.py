# Calls of a real server. Runs on CPython and on MicroPython (tests/real).

import asyncio

from thinwire import AsyncClient, Client, Deployment, RetryPolicy, ThinwireError

TURNS = 12
TOGETHER = 4
HELLO = [{"role": "user", "content": "hello there"}]


def made(kind, url, key):
    retry = RetryPolicy(attempts=1)
    return kind("tiny.gguf", {"tiny.gguf": Deployment(url, key)}, retry=retry)


def outcome(completion):
    return {
        "text": completion.content,
        "others": [choice.content for choice in completion.choices[1:]],
        "finish_reason": completion.finish_reason,
        "usage": completion.usage and completion.usage.get("completion_tokens"),
        "complete": completion.complete,
    }


def failure(error):
    return {"error": type(error).__name__, "kind": error.kind, "words": str(error)}


def ask(url, key, messages, options, blocking):
    """What comes of one call."""
    if blocking:
        with made(Client, url, key) as client:
            try:
                return outcome(client.chat(messages, **options))
            except ThinwireError as error:
                return failure(error)

    async def main():
        async with made(AsyncClient, url, key) as client:
            try:
                return outcome(await client.chat(messages, **options))
            except ThinwireError as error:
                return failure(error)

    return asyncio.run(main())


def leave_and_go_on(url, key, options, blocking):
    """Texts of calls behind one whose stream was left after its first event."""
    if blocking:
        with made(Client, url, key) as client:
            with client.stream(HELLO, max_tokens=1000) as stream:
                next(stream)
            return [client.chat(HELLO, **options).content for _ in range(TURNS)]

    async def main():
        async with made(AsyncClient, url, key) as client:
            async with client.stream(HELLO, max_tokens=1000) as stream:
                await stream.__anext__()
            texts = []
            for _ in range(TURNS):
                texts.append((await client.chat(HELLO, **options)).content)
            return texts

    return asyncio.run(main())


def together(url, key, options):
    """Texts of calls at a time."""

    async def main():
        async with made(AsyncClient, url, key) as client:
            calls = [client.chat(HELLO, **options) for _ in range(TOGETHER)]
            return [done.content for done in await asyncio.gather(*calls)]

    return asyncio.run(main())
