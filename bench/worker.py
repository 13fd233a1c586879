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
import resource
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from bench import prompts
from bench.crowd import crowd, resident
from bench.peers import Answer, Messages, Note, Tools

Prompt = Callable[[], Messages]


class Worker:
    """One peer; a client for each URL, kept while it is asked."""

    def __init__(self, peer: str) -> None:
        self._module = importlib.import_module(f"bench.peers.{peer}")
        self._blocking: bool = self._module.BLOCKING
        self._runner = asyncio.Runner(loop_factory=getattr(self._module, "LOOP", None))
        self._clients: dict[str, Any] = {}
        self._prompts: dict[str, Prompt] = {}

    def cost(self, url: str, shape: str, turns: int, tools: bool = False) -> dict[str, Any]:
        """CPU and wall seconds of a turn, by `turns` turns one after the other."""
        heard = list[str]()
        ask, prompt = self._client(url).ask, self._prompt(shape)
        given = prompts.TOOLS if tools else None
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        if self._blocking:
            for _ in range(turns):
                answer = ask(prompt(), heard.append, given)
        else:
            answer = self._runner.run(_turns(ask, prompt, heard.append, given, turns))
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        said = digest(answer, heard, turns)
        return {"cpu": cpu / turns, "wall": wall / turns, "said": said}

    def first(self, url: str, shape: str, turns: int) -> dict[str, Any]:
        """Seconds from the call to its first delta, the median of `turns`."""
        ask, prompt, waits = self._client(url).ask, self._prompt(shape), list[float]()
        for _ in range(turns):
            if self._blocking:
                watch = _Watch()
                ask(prompt(), watch.note, None)
            else:
                watch = self._runner.run(_watched(ask, prompt))
            waits.append(watch.first - watch.begun)
        return {"wall": statistics.median(waits)}

    def streams(self, url: str, count: int) -> dict[str, Any]:
        """`count` turns at once, all begun in the same moment by a client that is new."""
        ask, prompt = self._client(url).ask, self._prompt("small")
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        firsts, said = self._runner.run(_together(ask, prompt, count))
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        self._forget()
        first, last = statistics.median(firsts), max(firsts)
        return {"cpu": cpu, "wall": wall, "first": first, "last": last, "said": said}

    def peak(self, url: str, shape: str) -> dict[str, Any]:
        """The most bytes that Python had allocated during one turn beyond what it had before."""
        self._prompt(shape)  # made before anything is counted
        self.cost(url, "small", 1)
        tracemalloc.start()
        try:
            gc.collect()
            before = tracemalloc.get_traced_memory()[0]
            tracemalloc.reset_peak()
            said = self.cost(url, shape, 1)["said"]
            return {"bytes": tracemalloc.get_traced_memory()[1] - before, "said": said}
        finally:
            tracemalloc.stop()

    def idle(self, url: str, few: int, many: int) -> dict[str, Any]:
        """Resident bytes of each open stream that says nothing: of `many`, beyond `few`."""
        ask, prompt = self._client(url).ask, self._prompt("small")
        before, after = self._runner.run(_held(ask, prompt, few, many))
        return {"bytes": (after - before) / (many - few)}

    def crowd(self, url: str, count: int, rate: float, step: float) -> dict[str, float]:
        """What crowd.py says of `count` streams."""
        ask, prompt = self._client(url).ask, self._prompt("small")
        found: dict[str, float] = self._runner.run(crowd(ask, prompt, url, count, rate, step))
        return found

    def construct(self, url: str, count: int) -> dict[str, Any]:
        """CPU seconds of each of `count` more clients."""
        self._client(url)
        peer, made = self._module.Peer, list[Any]()
        gc.collect()
        begun = time.process_time()
        for _ in range(count):
            made.append(peer(url))
        cpu = time.process_time() - begun
        self._close(made)
        return {"cpu": cpu / count}

    def _client(self, url: str) -> Any:
        if url not in self._clients:
            self._clients[url] = self._module.Peer(url)
        return self._clients[url]

    def _prompt(self, shape: str) -> Prompt:
        if shape not in self._prompts:
            url_of = getattr(self._module, "image_url", prompts.image_url)
            self._prompts[shape] = prompts.prompt(shape, url_of)
        return self._prompts[shape]

    def _forget(self) -> None:
        self._close(self._clients.values())
        self._clients.clear()

    def _close(self, clients: Any) -> None:
        for client in clients:
            closing = client.close()
            if not self._blocking:
                self._runner.run(closing)


class _Watch:
    """Runs from when it is made to the first note."""

    def __init__(self) -> None:
        self.first = 0.0
        self.begun = time.perf_counter()

    def note(self, text: str) -> None:
        """A delta is there."""
        if not self.first:
            self.first = time.perf_counter()


async def _turns(ask: Any, prompt: Prompt, note: Note, tools: Tools, turns: int) -> Answer:
    for _ in range(turns):
        answer: Answer = await ask(prompt(), note, tools)
    return answer


async def _watched(ask: Any, prompt: Prompt) -> _Watch:
    watch = _Watch()
    await ask(prompt(), watch.note, None)
    return watch


async def _together(ask: Any, prompt: Prompt, count: int) -> tuple[list[float], str]:
    watches = [_Watch() for _ in range(count)]
    answers = await asyncio.gather(*(ask(prompt(), watch.note, None) for watch in watches))
    said = {digest(answer, [answer.text], 1) for answer in answers}
    firsts = [watch.first - watches[0].begun for watch in watches]
    return firsts, " ".join(sorted(said))


async def _held(ask: Any, prompt: Prompt, *counts: int) -> list[int]:
    # The server says one word to each, and its next one would come much later.
    heard, turns, held = list[str](), list[asyncio.Task[Answer]](), list[int]()
    for count in counts:
        while len(turns) < count:
            turns.append(asyncio.create_task(ask(prompt(), heard.append, None)))
        while len(heard) < count:
            await asyncio.wait(turns, timeout=0.05, return_when=asyncio.FIRST_COMPLETED)
            if ended := [turn for turn in turns if turn.done()]:
                ended[0].result()
                raise ValueError(f"opens only {len(heard) - len(ended)} streams at a time")
        gc.collect()
        held.append(resident())
    for turn in turns:
        turn.cancel()
    await asyncio.gather(*turns, return_exceptions=True)
    return held


def digest(answer: Answer, heard: list[Any], turns: int) -> str:
    """What was said, in short, so that it can be compared with what others were told; ValueError
    where the deltas that were heard are not that."""
    if answer.text is None and answer.arguments is None:
        return ""
    text, arguments = answer
    text = text or ""
    if isinstance(arguments, str):
        arguments = json.loads(arguments)
    if "".join(heard) != text * turns:
        raise ValueError("the deltas are not the text")
    whole = json.dumps([text, arguments], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()[:12]


def main(peer: str, core: str) -> None:
    """Does one task after the other."""
    if core:
        os.sched_setaffinity(0, {int(core)})
    # A thousand streams are more files than many a shell allows.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
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
