"""A run: every measure, round by round through all legs."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.figures import Figure, beyond, figure, ratio
from bench.legs import Leg
from bench.measures import Measure, Sample
from bench.processes import Failed, Process
from bench.server import Server

FLOOR = "kernel"


@dataclass
class Result:
    """What came of a measure. A leg has samples, one each round, or a word why it has none."""

    measure: Measure
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    server_busy: dict[str, float] = field(default_factory=dict)  # share of the leg's wall time

    def values(self, leg: str) -> list[float]:
        """Its figures, one each round."""
        found = [sample.value for sample in self.samples[leg]]
        if self.measure.unit.endswith("over raw"):
            return beyond(found, [sample.value for sample in self.samples[FLOOR]])
        return found

    def figure(self, leg: str) -> Figure | None:
        """Its figure; None where there is none."""
        return figure(self.values(leg)) if self.samples.get(leg) else None

    def ratio(self, leg: str, peer: str) -> Figure | None:
        """Its ratio to a peer's; None where one of them has no figure."""
        if not self.samples.get(leg) or not self.samples.get(peer):
            return None
        return ratio(self.values(leg), self.values(peer))


class Runner:
    """Keeps a process for each leg while it measures."""

    def __init__(self, legs: Sequence[Leg], server: Server, core: int | None) -> None:
        self._legs, self._server, self._core = list(legs), server, core
        self._processes: dict[str, Process] = {}

    def run(self, measure: Measure, quick: bool, rounds: int = 0) -> Result:
        """All of its rounds, after one that does not count."""
        rounds = rounds or (measure.quick_rounds if quick else measure.rounds)
        result = Result(measure)
        legs = measure.legs(self._legs, quick)
        # The first goes to caches, connections and code that is loaded late.
        warm = 0 if rounds == 1 or measure.fresh else 1
        for number in range(rounds + warm):
            for leg in legs:
                if leg.name in result.failures:
                    continue
                try:
                    sample = self._sample(measure, leg)
                except Failed as problem:
                    result.failures[leg.name] = str(problem)
                    result.samples.pop(leg.name, None)
                    self._drop(leg)
                    continue
                if number >= warm:
                    result.samples.setdefault(leg.name, []).append(sample)
        _check(result)
        return result

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


def _check(result: Result) -> None:
    # A leg that was told less has an easy time: what all were told has to be the same.
    said = {name: samples[0].said for name, samples in result.samples.items() if samples[0].said}
    if len(set(said.values())) > 1:
        raise ValueError(f"{result.measure.name}: not all were told the same: {said}")


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
