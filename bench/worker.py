"""The process in which one peer runs, in the peer's environment: it reads tasks as JSON lines from
stdin and answers with JSON lines. Only this process is measured.

    python -m bench.worker PEER CORE < tasks
"""

import asyncio
import gc
import hashlib
import importlib
import json
import os
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from functools import cache
from typing import Any

from bench.peers import Answer, Messages
from bench.prompts import SHAPES, TOOLS


class Worker:
    """One peer; a client for each URL, kept while it is asked."""

    def __init__(self, peer: str) -> None:
        self._module = importlib.import_module(f"bench.peers.{peer}")
        self._runner = asyncio.Runner()
        self._clients: dict[str, Any] = {}

    def cost(self, url: str, shape: str, turns: int, tools: bool = False) -> dict[str, Any]:
        """CPU and wall seconds of a turn, by `turns` turns one after the other."""
        heard = list[str]()
        ask, prompt = self._client(url).ask, _prompt(shape)
        given = TOOLS if tools else None
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        if self._module.BLOCKING:
            for _ in range(turns):
                answer = ask(prompt, heard.append, given)
        else:
            answer = self._runner.run(_turns(ask, prompt, heard.append, given, turns))
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        said = _digest(answer, heard, turns)
        return {"cpu": cpu / turns, "wall": wall / turns, "said": said}

    def first(self, url: str, shape: str, turns: int) -> dict[str, Any]:
        """Seconds from the call to its first delta, the median of `turns`."""
        ask, prompt, waits = self._client(url).ask, _prompt(shape), list[float]()
        for _ in range(turns):
            if self._module.BLOCKING:
                watch = _Watch()
                ask(prompt, watch.note, None)
            else:
                watch = self._runner.run(_watched(ask, prompt))
            waits.append(watch.first - watch.begun)
        return {"wall": statistics.median(waits)}

    def streams(self, url: str, count: int) -> dict[str, Any]:
        """`count` turns at once, all begun in the same moment."""
        ask, prompt = self._client(url).ask, _prompt("small")
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        firsts, said = self._runner.run(_together(ask, prompt, count))
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        self._forget()
        return {
            "cpu": cpu,
            "wall": wall,
            "first": statistics.median(firsts),
            "last": max(firsts),
            "said": said,
        }

    def peak(self, url: str, shape: str) -> dict[str, Any]:
        """The most bytes that Python had allocated during one turn beyond what it had before."""
        prompt = _prompt(shape)
        self.cost(url, "small", 1)
        tracemalloc.start()
        try:
            gc.collect()
            before = tracemalloc.get_traced_memory()[0]
            tracemalloc.reset_peak()
            self._one(url, prompt)
            return {"bytes": tracemalloc.get_traced_memory()[1] - before}
        finally:
            tracemalloc.stop()

    def idle(self, url: str, count: int) -> dict[str, Any]:
        """Resident bytes for each of `count` streams that are open and say nothing."""
        self.cost(url, "small", 1)
        gc.collect()
        before = _resident()
        after = self._runner.run(_held(self._client(url).ask, _prompt("small"), count))
        return {"bytes": (after - before) / count}

    def construct(self, url: str, count: int) -> dict[str, Any]:
        """CPU seconds of the first client, and of each of `count` more."""
        begun = time.process_time()
        self._client(url)
        first, peer = time.process_time() - begun, self._module.Peer
        made = list[Any]()
        begun = time.process_time()
        for _ in range(count):
            made.append(peer(url))
        return {"first": first, "cpu": (time.process_time() - begun) / count}

    def _client(self, url: str) -> Any:
        if url not in self._clients:
            self._clients[url] = self._module.Peer(url)
        return self._clients[url]

    def _one(self, url: str, prompt: Messages) -> Answer:
        asked = self._client(url).ask(prompt, _ignore, None)
        answer: Answer = asked if self._module.BLOCKING else self._runner.run(asked)
        return answer

    def _forget(self) -> None:
        for client in self._clients.values():
            closing = client.close()
            if not self._module.BLOCKING:
                self._runner.run(closing)
        self._clients.clear()


@cache
def _prompt(shape: str) -> Messages:
    return SHAPES[shape]()


def _ignore(text: str) -> None:
    pass


async def _turns(ask: Any, prompt: Messages, note: Any, tools: Any, turns: int) -> Answer:
    for _ in range(turns):
        answer = await ask(prompt, note, tools)
    return answer  # type: ignore[no-any-return]


class _Watch:
    """Runs from when it is made to the first note."""

    def __init__(self) -> None:
        self.first = 0.0
        self.begun = time.perf_counter()

    def note(self, text: str) -> None:
        """A delta is there."""
        if not self.first:
            self.first = time.perf_counter()


async def _watched(ask: Any, prompt: Messages) -> _Watch:
    watch = _Watch()
    await ask(prompt, watch.note, None)
    return watch


async def _together(ask: Any, prompt: Messages, count: int) -> tuple[list[float], str]:
    watches = [_Watch() for _ in range(count)]
    answers = await asyncio.gather(*(ask(prompt, watch.note, None) for watch in watches))
    said = {_digest(answer, [answer.text], 1) for answer in answers}
    firsts = [watch.first - watches[0].begun for watch in watches]
    return firsts, " ".join(sorted(said))


async def _held(ask: Any, prompt: Messages, count: int) -> int:
    # The server says one word to each, then nothing until it ends the answer.
    heard, all_heard = list[str](), asyncio.Event()

    def note(text: str) -> None:
        heard.append(text)
        if len(heard) == count:
            all_heard.set()

    turns = asyncio.gather(*(ask(prompt, note, None) for _ in range(count)))
    await all_heard.wait()
    gc.collect()
    resident = _resident()
    await turns
    return resident


def _resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _digest(answer: Answer, heard: list[Any], turns: int) -> str:
    """What was said, in short, so that it can be compared with what others were told."""
    if answer.text is None and answer.arguments is None:
        return ""
    arguments = answer.arguments
    if isinstance(arguments, str):
        arguments = json.loads(arguments)
    text = answer.text or ""
    if text and "".join(heard) != text * turns:
        raise ValueError("the deltas are not the text")
    whole = json.dumps([text, arguments], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()[:12]


def main(peer: str, core: str) -> None:
    """Does one task after the other."""
    if core:
        os.sched_setaffinity(0, {int(core)})
    # What a library prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker(peer)
    for line in sys.stdin:
        task = json.loads(line)
        do: Callable[..., dict[str, Any]] = getattr(worker, task.pop("do"))
        try:
            result = do(**task)
        except Exception as error:  # whatever a client raises is what became of the task
            result = {"error": f"{type(error).__name__}: {error}"[:300]}
        answers.write(json.dumps(result) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
