"""A run: every measure, round by round through all legs."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bench.legs import Leg
from bench.measures import Measure, Sample
from bench.processes import Failed, Process
from bench.results import Result
from bench.server import Server


class Runner:
    """Keeps a process for each leg while it measures."""

    def __init__(self, legs: Sequence[Leg], server: Server, core: int | None) -> None:
        self._legs, self._server, self._core = list(legs), server, core
        self._processes: dict[str, Process] = {}

    def run(self, measure: Measure, quick: bool, rounds: int = 0) -> Result:
        """All of its rounds; ValueError where not all legs were told the same."""
        rounds = rounds or (measure.quick_rounds if quick else measure.rounds)
        samples: dict[str, list[Sample]] = {}
        failures: dict[str, str] = {}
        begun, served = time.monotonic(), self._server.cpu()
        # A first round goes to caches, connections and code that is loaded late.
        for number in range(-1 if measure.warm else 0, rounds):
            for leg in measure.legs(self._legs, quick):
                if leg.name in failures:
                    continue
                try:
                    sample = self._sample(measure, leg)
                except Failed as problem:
                    failures[leg.name] = str(problem)
                    samples.pop(leg.name, None)
                    self._drop(leg)
                else:
                    if number >= 0:
                        samples.setdefault(leg.name, []).append(sample)
        _check(measure, samples)
        seconds, served = time.monotonic() - begun, self._server.cpu() - served
        return Result.of(measure, samples, failures, seconds, served)

    def end(self) -> None:
        """Ends all processes."""
        for process in self._processes.values():
            process.end()
        self._processes.clear()

    def _sample(self, measure: Measure, leg: Leg) -> Sample:
        if measure.fresh:
            self._drop(leg)
        if leg.name not in self._processes:
            self._processes[leg.name] = Process(leg, self._core)
        return measure.take(self._processes[leg.name], self._server)

    def _drop(self, leg: Leg) -> None:
        if leg.name in self._processes:
            self._processes.pop(leg.name).end()


def _check(measure: Measure, samples: dict[str, list[Sample]]) -> None:
    # A leg that was told less has an easy time.
    said = {name: found[0].said for name, found in samples.items() if found[0].said}
    if len(set(said.values())) > 1:
        raise ValueError(f"{measure.name}: not all were told the same: {said}")


@contextmanager
def runner(legs: Sequence[Leg], server: Server, core: int | None) -> Iterator[Runner]:
    """A Runner, ended at the end."""
    made = Runner(legs, server, core)
    try:
        yield made
    finally:
        made.end()


def cores() -> tuple[int | None, int | None]:
    """The client's and the server's; None where there is but one."""
    found = sorted(os.sched_getaffinity(0))
    return (found[-1], found[0]) if len(found) > 1 else (None, None)
