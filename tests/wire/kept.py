# Turns on a connection that is kept, and dies between them. Runs on CPython and on MicroPython
# (tests/cpython/test_stale_connections.py).

from thinwire import AsyncClient, Client, Deployment, RetryPolicy, ThinwireError

_MESSAGES = [{"role": "user", "content": "Hi"}]


def arguments(base_url, attempts):
    """A dead connection must not use up an attempt; nor must it need the fallback."""
    models = {name: Deployment(base_url, "k") for name in ("m", "backup")}
    return ("m", models, {"m": ["backup"]}), {"retry": RetryPolicy(attempts=attempts, base=0)}


def outcome(completion):
    attempts = [[one.deployment, one.outcome] for one in completion.attempts]
    return [completion.content, attempts]


async def turns(base_url, count, attempts=1):
    """[text, attempts] of each turn."""
    names, options = arguments(base_url, attempts)
    found = []
    async with AsyncClient(*names, **options) as client:
        for _ in range(count):
            try:
                found.append(outcome(await client.chat(_MESSAGES)))
            except ThinwireError as error:
                found.append([type(error).__name__, error.kind])
    return found


def turns_blocking(base_url, count, attempts=1):
    """The same with Client."""
    names, options = arguments(base_url, attempts)
    found = []
    with Client(*names, **options) as client:
        for _ in range(count):
            try:
                found.append(outcome(client.chat(_MESSAGES)))
            except ThinwireError as error:
                found.append([type(error).__name__, error.kind])
    return found
