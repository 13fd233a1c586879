# Calls that are refused before their request was read, each on a connection of its own. Runs on
# CPython and on MicroPython (tests/cpython/test_early_answers.py, bench/early_answers.py).

import binascii

from thinwire import AsyncClient, Client, Deployment, RetryPolicy, ThinwireError


def refused(url, ca, size, calls, blocking):
    """How often each error came, by its class and its words."""
    options = {"retry": RetryPolicy(attempts=1)}
    if ca:
        options["cadata"] = binascii.unhexlify(ca)
    messages = [{"role": "user", "content": "x" * min(size, 1000)}] * max(size // 1000, 1)
    models = {"m": Deployment(url, "k")}
    seen = {}

    def note(error):
        name = "%s: %s" % (type(error).__name__, error)
        seen[name] = seen.get(name, 0) + 1

    if blocking:
        for _ in range(calls):
            with Client("m", models, **options) as client:
                try:
                    client.chat(messages)
                except ThinwireError as error:
                    note(error)
        return seen

    async def main():
        for _ in range(calls):
            async with AsyncClient("m", models, **options) as client:
                try:
                    await client.chat(messages)
                except ThinwireError as error:
                    note(error)
        return seen

    return main()
