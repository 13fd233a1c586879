"""Ten thousand streams at once, and a rate of deltas that is raised until one core is full."""

import asyncio
import gc
import http.client
import os
import resource
import statistics
import time
from array import array
from typing import Any

# What a process needs beside its streams.
_MORE_FILES = 500
_AT_ONCE = 250  # streams that are being opened
_SETTLE_S, _WATCH_S = 1.0, 2.0
# A core is full where this share of it is used, or this share of the deltas does not arrive.
_FULL, _BEHIND = 0.97, 0.97
# Deltas that come in one read are of one moment.
_MOMENT_S = 0.0005


class TooFew(ValueError):
    """The machine allows too few descriptors."""


class _Ears:
    """Hears all streams: when each was heard last, and the gaps since the rate was changed."""

    def __init__(self, count: int) -> None:
        self.last = [0.0] * count
        self.heard = 0
        self.gaps = array("d")
        self.opened = 0

    def note(self, stream: int) -> Any:
        """What is told each delta of a stream."""
        last, clock = self.last, time.perf_counter

        def note(_: str) -> None:
            now = clock()
            gap, last[stream] = now - last[stream], now
            self.heard += 1
            if gap < now:
                if gap > _MOMENT_S:
                    self.gaps.append(gap)
            else:
                self.opened += 1

        return note

    def forget(self) -> None:
        """A new count begins."""
        self.heard, self.gaps = 0, array("d")


async def crowd(ask: Any, prompt: Any, url: str, count: int, rate: float, step: float) -> Any:
    """`count` streams, then `rate` deltas a second for all of them, raised by the factor `step`.

    Returns:
        deltas: a second, where the core was full.
        median, longest: seconds between two deltas of one stream, there.
        cpu: the share of the core that was used.
        whole, bytes: resident, of the process with all streams open, and beyond what it was.
    """
    _allow(count + _MORE_FILES)
    ears, before = _Ears(count), resident()
    turns = await _opened(ask, prompt, ears, count)
    gc.collect()
    whole = resident()
    try:
        while True:
            seen = await _at(url, ears, count, rate)
            if seen["cpu"] > _FULL or seen["deltas"] < _BEHIND * rate:
                return {**seen, "whole": whole, "bytes": whole - before}
            rate *= step
    finally:
        await _pace(url, 0)
        for turn in turns:
            turn.cancel()
        await asyncio.gather(*turns, return_exceptions=True)


def resident() -> int:
    """Bytes of this process that are in memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _allow(files: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard not in (-1, resource.RLIM_INFINITY) and hard < files:
        raise TooFew(f"needs {files} descriptors, and {hard} are allowed")
    if soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))


async def _opened(ask: Any, prompt: Any, ears: _Ears, count: int) -> "list[asyncio.Task[Any]]":
    turns = list[asyncio.Task[Any]]()
    while ears.opened < count:
        while len(turns) < min(count, ears.opened + _AT_ONCE):
            turns.append(asyncio.create_task(ask(prompt(), ears.note(len(turns)), None)))
        await asyncio.sleep(0.005)
        if len(turns) == count and (ended := [turn for turn in turns if turn.done()]):
            ended[0].result()
            raise ValueError(f"opens only {ears.opened} streams at a time")
    return turns


async def _at(url: str, ears: _Ears, count: int, rate: float) -> dict[str, float]:
    await _pace(url, round(count / rate * 1e6))
    await asyncio.sleep(_SETTLE_S)
    ears.forget()
    begun, cpu = time.perf_counter(), time.process_time()
    await asyncio.sleep(_WATCH_S)
    now, cpu = time.perf_counter(), time.process_time() - cpu
    # Who has heard nothing for long is not forgotten.
    silent = now - min(ears.last)
    gaps = ears.gaps or array("d", [silent])
    return {
        "deltas": ears.heard / (now - begun),
        "cpu": cpu / (now - begun),
        "median": statistics.median(gaps),
        "longest": max(silent, *gaps),
    }


async def _pace(url: str, pace_us: int) -> None:
    await asyncio.to_thread(_get, url.split("/")[2], f"/pace/{pace_us}")


def _get(place: str, path: str) -> None:
    connection = http.client.HTTPConnection(place, timeout=10)
    try:
        connection.request("GET", path)
        connection.getresponse().read()
    finally:
        connection.close()
