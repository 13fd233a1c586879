# Runs a list of exchanges through one transport: run_exchanges.py JOBS, a JSON file. Prints lines
# of JSON: each outcome as it comes, at last how many files were open before and after. The same
# script on each runtime.

import asyncio
import json
import os
import sys

sys.path.insert(0, __file__.rpartition("/")[0])

from exchange import exchange

from thinwire.core import adapters
from thinwire.core.sync import run


def open_files():
    return len(os.listdir("/proc/self/fd"))


async def exchanges(blocking, leg, jobs):
    transport = adapters.default_transport(blocking, True, None, None, None)
    for job in jobs:
        print(json.dumps(await exchange(transport, job, leg)))
    await transport.aclose()
    await transport.aclose()


def perform(blocking, leg, jobs):
    work = exchanges(blocking, leg, jobs)
    if blocking:
        run(work)
    else:
        asyncio.run(work)


def main(path):
    with open(path) as file:
        plan = json.load(file)
    blocking, leg, jobs = plan["blocking"], plan["leg"], plan["jobs"]
    perform(blocking, leg, jobs[:1])  # what is opened once for good: loops, modules
    before = open_files()
    perform(blocking, leg, jobs)
    print(json.dumps({"before": before, "after": open_files()}))


main(sys.argv[1])
