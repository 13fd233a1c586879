# Asks for damaged answers and counts what becomes of them; runs on both runtimes.
#
#   fuzz.py BASE_URL FIRST COUNT KIND        KIND: "async" or "sync"
#
# The last line is JSON: {"answers": n, "errors": n, "whole": n}. All but an answer or an error
# of thinwire's own ends the program with a traceback.

import asyncio
import gc
import json
import sys

from thinwire import AsyncClient, Client, Deployment, RetryPolicy, ThinwireError, Timeouts

LIMITS = Timeouts(connect=60, first_token=60, progress=60, liveness=60)  # none runs out
ONCE = RetryPolicy(attempts=1)


class Tally:
    def __init__(self):
        self.answers = self.errors = self.whole = 0

    def answer(self, seed, completion):
        self.answers += 1
        # Every tenth answer is undamaged: it must come out as it went in.
        if seed % 10 == 0:
            self.whole += completion.complete

    def error(self, error):
        self.errors += 1
        assert "sk-fuzz" not in str(error) + repr(error)


def messages(seed):
    return [{"role": "user", "content": str(seed)}]


async def ask_async(base_url, seeds, tally):
    async with AsyncClient("m", deployments(base_url), timeouts=LIMITS, retry=ONCE) as client:
        for seed in seeds:
            try:
                tally.answer(seed, await client.chat(messages(seed)))
            except ThinwireError as error:
                tally.error(error)


def ask_sync(base_url, seeds, tally):
    with Client("m", deployments(base_url), timeouts=LIMITS, retry=ONCE) as client:
        for seed in seeds:
            try:
                tally.answer(seed, client.chat(messages(seed)))
            except ThinwireError as error:
                tally.error(error)


def deployments(base_url):
    return {"m": Deployment(base_url, api_key="sk-fuzz")}


def main(base_url, first, count, kind):
    tally = Tally()
    seeds = range(int(first), int(first) + int(count))
    if kind == "async":
        asyncio.run(ask_async(base_url, seeds, tally))
    else:
        ask_sync(base_url, seeds, tally)
    gc.collect()
    print(json.dumps({"answers": tally.answers, "errors": tally.errors, "whole": tally.whole}))


main(*sys.argv[1:])
