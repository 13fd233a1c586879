# Requests of several sizes, one after the other. Runs on CPython and on MicroPython
# (tests/cpython/test_early_answers.py).

from thinwire import AsyncClient, Client, Deployment


def asked(url, sizes, options, blocking):
    """[text, attempts] of calls of one client, with prompts of so many bytes."""
    models = {"m": Deployment(url, "k", **options)}
    prompts = [[{"role": "user", "content": "x" * size}] for size in sizes]
    if blocking:
        with Client("m", models) as client:
            done = [client.chat(messages) for messages in prompts]
        return [[one.content, len(one.attempts)] for one in done]

    async def main():
        async with AsyncClient("m", models) as client:
            done = []
            for messages in prompts:
                done.append(await client.chat(messages))
        return [[one.content, len(one.attempts)] for one in done]

    return main()
