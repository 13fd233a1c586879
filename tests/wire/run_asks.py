# Runs a list of calls: run_asks.py JOBS, a JSON file. Prints each outcome as a line of JSON. The
# same script on each runtime.

import asyncio
import json
import sys

sys.path.insert(0, __file__.rpartition("/")[0])

from ask import ask, ask_blocking


def main(path):
    with open(path) as file:
        plan = json.load(file)
    for job in plan["jobs"]:
        outcome = ask_blocking(job) if plan["blocking"] else asyncio.run(ask(job))
        outcome["name"] = job["name"]
        print(json.dumps(outcome))


main(sys.argv[1])
