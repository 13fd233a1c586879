# Two servers raced: what came of it, and what the caller saw. Runs on CPython and on MicroPython
# (tests/cpython/test_hedging.py).

import asyncio

from thinwire import AsyncClient, ContentDelta, Deployment, RetryPolicy, ThinwireError, Timeouts

LIMIT_S = 120  # of each attempt; a race is over long before
MESSAGES = [{"role": "user", "content": "Hi"}]


def racing(base_url, seconds, models=("slow", "fast"), events=None):
    """A client that asks the first model and, when it is late, the others."""
    return AsyncClient(
        models[0],
        {name: Deployment(base_url, "k") for name in models},
        {models[0]: list(models[1:])},
        hedge_after=seconds,
        timeouts=Timeouts(first_token=LIMIT_S),
        retry=RetryPolicy(attempts=1),
        on_event=events,
    )


def listed(attempts):
    return [[one.deployment, one.outcome, one.hedge] for one in attempts]


async def raced(base_url, seconds, told):
    """[text by deltas, text as a whole, deployment, attempts, names of the hook's events].

    `told` is a file that gets a line with the name of each event as it comes.
    """
    seen, events = [], []

    def tell(name, fields):
        events.append(name)
        with open(told, "a") as file:
            file.write(name + "\n")

    async with racing(base_url, seconds, events=tell) as client:
        try:
            async with client.stream(MESSAGES) as stream:
                async for event in stream:
                    if isinstance(event, ContentDelta):
                        seen.append(event.text)
        except ThinwireError as error:
            return [type(error).__name__, error.kind, listed(error.attempts), events]
    done = stream.completion
    return ["".join(seen), done.content, done.deployment, listed(done.attempts), events]


async def many(base_url, seconds, count):
    """The texts of so many races, one after the other, with one client."""
    texts = []
    async with racing(base_url, seconds) as client:
        for _ in range(count):
            texts.append((await client.chat(MESSAGES)).content)
    return texts


async def at_a_time(base_url, seconds, count):
    """The same at a time."""
    async with racing(base_url, seconds) as client:
        done = await asyncio.gather(*[client.chat(MESSAGES) for _ in range(count)])
    return [one.content for one in done]


async def cancelled(base_url, seconds, attempts):
    """A race that is cancelled soon after so many attempts have begun; then the next answer."""
    begun, all_begun = [], asyncio.Event()

    def tell(name, fields):
        if name == "attempt_started":
            begun.append(name)
            if len(begun) == attempts:
                all_begun.set()

    async with racing(base_url, seconds, ("slow", "slower", "echo"), tell) as client:
        task = asyncio.create_task(client.chat(MESSAGES))
        await all_begun.wait()
        await asyncio.sleep(0.02)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return (await client.chat(MESSAGES, model="echo")).content
    return "not cancelled"
