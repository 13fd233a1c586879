# Asks servers that never stop sending; runs on both runtimes.
#
#   bounds.py BASE_URL KIND MODEL...        KIND: "async" or "sync"
#
# Prints one JSON object: model -> [name of the error, most memory in use so far, in
# bytes, beyond what was in use at the start].

import asyncio
import json
import sys

from thinwire import AsyncClient, Client, Deployment, RetryPolicy, ThinwireError, Timeouts

# A clock ends what has no bound of its own, and only that: a slow machine changes no outcome.
SOON = Timeouts(first_token=2)
LATE = Timeouts(connect=60, first_token=300, liveness=300)
OPTIONS = {"retry": RetryPolicy(attempts=1)}
MESSAGES = [{"role": "user", "content": "hi"}]


def meter():
    # The most that was in use; on MicroPython the size of the heap is the bound.
    try:
        import tracemalloc
    except ImportError:
        return lambda: 0
    tracemalloc.start()
    return lambda: tracemalloc.get_traced_memory()[1]


def limits(model):
    return SOON if model == "comments" else LATE


async def ask_async(base_url, model):
    async with AsyncClient(model, {model: Deployment(base_url)}, **OPTIONS) as client:
        await client.chat(MESSAGES, timeouts=limits(model))


def ask(base_url, kind, model):
    try:
        if kind == "async":
            asyncio.run(ask_async(base_url, model))
        else:
            with Client(model, {model: Deployment(base_url)}, **OPTIONS) as client:
                client.chat(MESSAGES, timeouts=limits(model))
    except ThinwireError as error:
        return type(error).__name__
    return "none"


def main(base_url, kind, *models):
    ask(base_url, kind, "echo")  # what this loads is not what is measured
    peak = meter()
    print(json.dumps({model: [ask(base_url, kind, model), peak()] for model in models}))


main(*sys.argv[1:])
