# How a call that stalls ends, and how long another task was kept waiting meanwhile. Runs on
# MicroPython (tests/micropython/test_stalls.py).

import asyncio
import binascii
import gc
import time

from thinwire import AsyncClient, Deployment, RetryPolicy, ThinwireError, Timeouts

_KIB = "0123456789abcdef" * 64
_MESSAGES = [{"role": "user", "content": "Hi"}]
_TICK_MS = 5


class Ticker:
    """A task that wants to run every 5 ms, and notes the longest it had to wait."""

    def __init__(self):
        self.count = self.longest = 0
        self._task = asyncio.create_task(self._tick())

    async def _tick(self):
        last = time.ticks_ms()
        while True:
            await asyncio.sleep_ms(_TICK_MS)
            now = time.ticks_ms()
            self.longest = max(self.longest, time.ticks_diff(now, last))
            self.count += 1
            last = now

    def stop(self):
        self._task.cancel()


def client_for(url, options):
    if "cadata" in options:  # JSON has no bytes
        options["cadata"] = binascii.unhexlify(options["cadata"])
    models = {name: Deployment(url, "k") for name in ("echo", "m")}
    return AsyncClient("m", models, retry=RetryPolicy(attempts=1), **options)


async def stalled(url, options, clock, seconds, kib, warm):
    """[error, its clock, milliseconds, ticks, longest time between two].

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
        start = time.ticks_ms()
        try:
            await client.chat(messages, timeouts=limits)
        except ThinwireError as error:
            took = time.ticks_diff(time.ticks_ms(), start)
            ticker.stop()
            broken = getattr(error, "partial", None) is not None
            cause = error.cause if broken else error
            phase = getattr(cause, "phase", "")
            return [type(cause).__name__, phase, took, ticker.count, ticker.longest]
    return ["none", "", 0, 0, 0]
