# How a call that stalls ends, and how long another task was kept waiting meanwhile. Runs on
# MicroPython (tests/micropython/test_stalls.py).

import asyncio
import binascii
import gc
import time

from slowness import waited_ms

from thinwire import AsyncClient, Deployment, RetryPolicy, ThinwireError, Timeouts

_KIB = "0123456789abcdef" * 64
_MESSAGES = [{"role": "user", "content": "Hi"}]
_TICK_MS = 5


class Stopwatch:
    """Milliseconds since it was started or read, without those for which this process was ready
    and the machine did something else."""

    def __init__(self):
        self._ticks, self._waited = time.ticks_ms(), waited_ms()

    def read(self):
        ticks, waited = time.ticks_ms(), waited_ms()
        passed = time.ticks_diff(ticks, self._ticks) - (waited - self._waited)
        self._ticks, self._waited = ticks, waited
        return passed


class Ticker:
    """A task that wants to run every 5 ms, and notes the longest it was kept from it."""

    def __init__(self):
        self.count = self.longest = 0
        self._task = asyncio.create_task(self._tick())

    async def _tick(self):
        watch = Stopwatch()
        while True:
            await asyncio.sleep_ms(_TICK_MS)
            self.longest = max(self.longest, watch.read())
            self.count += 1

    def stop(self):
        self._task.cancel()


def client_for(url, options):
    if "cadata" in options:  # JSON has no bytes
        options["cadata"] = binascii.unhexlify(options["cadata"])
    models = {name: Deployment(url, "k") for name in ("echo", "m")}
    return AsyncClient("m", models, retry=RetryPolicy(attempts=1), **options)


async def stalled(url, options, clock, seconds, kib, warm):
    """[error, its clock, milliseconds, those without what the machine did meanwhile, ticks,
    longest time between two].

    Args:
        clock, seconds: what is to run out.
        kib: size of the prompt.
        warm: a healthy turn comes first, whose connection is kept: name lookup and handshake may
            block, and are not what is measured.
    """
    limits = Timeouts(**{clock: seconds})
    messages = [{"role": "user", "content": _KIB}] * kib if kib else _MESSAGES
    async with client_for(url, options) as client:
        if warm:
            await client.chat(_MESSAGES, model="echo")
        gc.collect()
        ticker = Ticker()
        start, watch = time.ticks_ms(), Stopwatch()
        try:
            await client.chat(messages, timeouts=limits)
        except ThinwireError as error:
            took, needed = time.ticks_diff(time.ticks_ms(), start), watch.read()
            ticker.stop()
            broken = getattr(error, "partial", None) is not None
            cause = error.cause if broken else error
            phase = getattr(cause, "phase", "")
            return [type(cause).__name__, phase, took, needed, ticker.count, ticker.longest]
    return ["none", "", 0, 0, 0, 0]
