# Many turns with random faults on one client: run_soak.py JOB, a JSON file. Prints what is left
# of them as one JSON object. The same script on each runtime.

import asyncio
import gc
import json
import os
import sys

from thinwire import (
    AsyncClient,
    Client,
    ContentDelta,
    CooldownPolicy,
    Deployment,
    RetryPolicy,
    StreamRestarted,
    ThinwireError,
    Timeouts,
)

_MESSAGES = [{"role": "user", "content": "Zürich, 世界 🚀\n" * 20}]
_PATIENT = {"connect": 60, "first_token": 60, "progress": 60, "liveness": 60}
_SHORT = Timeouts(first_token=0.1, progress=0.1, liveness=0.1)  # where the server stalls
_WAYS = ("chat", "unseen", "stream", "restart", "leave")
_ASYNC_WAYS = ("cancel", "hedge")
_ROUNDS = 10
_WARM = 4  # rounds after which memory is watched: caches, free lists and the pool have filled


class Dice:
    """The same numbers on each runtime (a linear congruential generator, from POSIX's rand)."""

    def __init__(self, seed):
        self._state = seed

    def below(self, count):
        self._state = (self._state * 1103515245 + 12345) & 0x7FFFFFFF
        return (self._state >> 8) % count


class Heard:
    """Puts the deltas together, and checks them against the completion."""

    def __init__(self):
        self.text = ""

    def hear(self, event):
        if isinstance(event, ContentDelta):
            self.text += event.text
        elif isinstance(event, StreamRestarted):
            assert event.void_chars == len(self.text), event
            self.text = ""

    def tell(self, text):
        self.text += text


class Soak:
    """Counts what came of each turn.

    Args:
        job: `url`, `dead` (an address where nobody listens), `faults` (how many the server
            knows), `slow` (first and last of those that stall), `seed`, `turns`, `workers` and
            `texts` (what answers may say).
        blocking: for Client.
    """

    def __init__(self, job, blocking):
        self._job = job
        self._ways = _WAYS if blocking else _WAYS + _ASYNC_WAYS
        self.counts = {}
        self.marks = []
        self.files = []

    def arguments(self):
        models = {name: Deployment(self._job["url"], "k") for name in ("m", "backup")}
        models["dead"] = Deployment(self._job["dead"], "k")
        options = {
            "retry": RetryPolicy(attempts=2, base=0),
            "timeouts": Timeouts(**_PATIENT),
            # Left alone, the faulty one would not be asked any more.
            "cooldown": CooldownPolicy(failures=1000000, max_seconds=0),
        }
        return ("m", models, {"m": ["dead", "backup"]}), options

    def deal(self, dice):
        """The next turn: its way, and options of the call."""
        way = self._ways[dice.below(len(self._ways))]
        fault = dice.below(self._job["faults"])
        options = {"extra_headers": {"X-Fault": str(fault)}, "model": "m"}
        first, last = self._job["slow"]
        if first <= fault <= last:
            options["timeouts"] = _SHORT
        if dice.below(20) == 0:
            options["model"] = "dead"
        if way == "hedge":
            options["hedge_after"] = 0.01
        if way == "restart":
            options["on_interrupt"] = "restart"
        return way, options

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def answered(self, heard, completion):
        assert completion.complete, completion
        assert completion.content in self._job["texts"], completion.content
        assert heard is None or heard.text == completion.content, heard.text
        self.count("answer")

    def failed(self, error):
        self.count(error.kind)

    def mark(self, number):
        """Notes after a round, with nothing at work, how much memory is in use."""
        gc.collect()
        if number >= _WARM:
            self.marks.append(memory())


async def soak(job):
    """All turns, on several tasks of one client."""
    state = Soak(job, False)
    names, options = state.arguments()
    workers = job["workers"]
    dice = [Dice(job["seed"] + number) for number in range(workers)]
    async with AsyncClient(*names, **options) as client:
        for number in range(_ROUNDS):
            share = job["turns"] // workers // _ROUNDS
            await asyncio.gather(*[some(client, state, share, one) for one in dice])
            state.files.append(open_files())
            if hasattr(asyncio, "all_tasks"):
                await client.aclose()  # its pool comes and goes; a chip keeps one connection
            state.mark(number)
        tasks = await tasks_left()
    return state, tasks


async def some(client, state, count, dice):
    for _ in range(count):
        way, options = state.deal(dice)
        try:
            await turn(client, state, way, options, dice)
        except ThinwireError as error:
            state.failed(error)


async def turn(client, state, way, options, dice):
    if way == "cancel":
        await cancel(client.chat(_MESSAGES, **options), dice.below(20))
        state.count("cancelled")
    elif way in ("chat", "unseen"):
        heard = Heard() if way == "chat" else None
        tell = heard.tell if heard else None
        state.answered(heard, await client.chat(_MESSAGES, on_delta=tell, **options))
    else:
        heard = Heard()
        async with client.stream(_MESSAGES, **options) as stream:
            async for event in stream:
                heard.hear(event)
                if way == "leave":
                    state.count("left")
                    return
        state.answered(heard, stream.completion)


async def cancel(coroutine, ms):
    task = asyncio.create_task(quietly(coroutine))
    await asyncio.sleep(ms / 1000)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass


async def quietly(coroutine):
    # A task that ends in an error before anybody waits for it makes MicroPython complain.
    try:
        await coroutine
    except ThinwireError:
        pass


def soak_blocking(job):
    """The same with Client."""
    state = Soak(job, True)
    names, options = state.arguments()
    dice = Dice(job["seed"])
    with Client(*names, **options) as client:
        for number in range(_ROUNDS):
            some_blocking(client, state, job["turns"] // _ROUNDS, dice)
            state.files.append(open_files())
            state.mark(number)
    return state, 0


def some_blocking(client, state, count, dice):
    for _ in range(count):
        way, options = state.deal(dice)
        try:
            turn_blocking(client, state, way, options)
        except ThinwireError as error:
            state.failed(error)


def turn_blocking(client, state, way, options):
    heard = Heard() if way != "unseen" else None
    if way in ("chat", "unseen"):
        tell = heard.tell if heard else None
        state.answered(heard, client.chat(_MESSAGES, on_delta=tell, **options))
        return
    with client.stream(_MESSAGES, **options) as stream:
        for event in stream:
            heard.hear(event)
            if way == "leave":
                state.count("left")
                return
    state.answered(heard, stream.completion)


async def tasks_left():
    """Tasks beside this one that do not end; unknown on MicroPython."""
    if not hasattr(asyncio, "all_tasks"):
        return 0
    for _ in range(1000):  # one that was cancelled needs a turn of the loop, or some
        left = len(asyncio.all_tasks()) - 1
        if not left:
            break
        await asyncio.sleep(0.01)
    return left


def open_files():
    return len(os.listdir("/proc/self/fd"))


def memory():
    """Bytes in use, and those of the largest block that can be had (0: not asked)."""
    if hasattr(gc, "mem_alloc"):
        from thinwire_device.memory_budget import largest_block

        used = gc.mem_alloc()  # first: the last block that is tried may look as if it were in use
        return [used, largest_block()]
    import tracemalloc

    if not tracemalloc.is_tracing():
        tracemalloc.start()
    return [tracemalloc.get_traced_memory()[0], 0]


def main(path):
    with open(path) as file:
        plan = json.load(file)
    before = open_files()
    job = plan["job"]
    state, tasks = soak_blocking(job) if plan["blocking"] else asyncio.run(soak(job))
    left = {"counts": state.counts, "marks": state.marks, "tasks": tasks}
    left["files"] = [before, open_files()]
    left["most_files"] = max(state.files)
    print(json.dumps(left))


main(sys.argv[1])
