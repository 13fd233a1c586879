"""What came of a measure, as it is kept in docs/performance.json."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from bench.figures import Figure, beyond, figure, ratio
from bench.goals import Goal
from bench.measures import Measure, Sample

FLOOR = "kernel"
_DIGITS = 4


@dataclass
class Result:
    """The figures of each leg, one a round; or a word why it has none."""

    name: str
    unit: str
    values: dict[str, list[float]]
    failures: dict[str, str] = field(default_factory=dict)
    also: dict[str, dict[str, float]] = field(default_factory=dict)  # leg -> name -> median
    seconds: float = 0
    server_busy: float = 0  # share of them

    @classmethod
    def of(
        cls,
        measure: Measure,
        samples: Mapping[str, Sequence[Sample]],
        failures: dict[str, str],
        seconds: float,
        served: float,
    ) -> "Result":
        """From what was taken."""
        values = {leg: [one.value for one in found] for leg, found in samples.items()}
        if measure.unit.endswith("over raw"):
            floor = values.get(FLOOR)
            if floor is None:
                raise ValueError(f"{measure.name} needs the leg {FLOOR}")
            values = {leg: beyond(found, floor) for leg, found in values.items() if leg != FLOOR}
        also = {
            leg: {name: _short(median(one.also[name] for one in found)) for name in found[0].also}
            for leg, found in samples.items()
        }
        short = {leg: [_short(value) for value in found] for leg, found in values.items()}
        told = {leg: names for leg, names in also.items() if names}
        busy = round(served / seconds, 3)
        return cls(measure.name, measure.unit, short, failures, told, round(seconds, 1), busy)

    @classmethod
    def read(cls, kept: dict[str, Any]) -> "Result":
        """From what `kept` gave."""
        return cls(**kept)

    def kept(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    def figure(self, leg: str, also: str = "") -> Figure | None:
        """Its figure, or the one beside it that has a name; None where there is none."""
        if also:
            beside = self.also.get(leg, {})
            return figure([beside[also]]) if also in beside else None
        return figure(self.values[leg]) if leg in self.values else None

    def ratio(self, goal: Goal) -> Figure | None:
        """The ratio to the peer, without a peer the figure itself; None where one is missing."""
        leg, peer = goal.leg, goal.peer
        if not peer:
            return self.figure(leg, goal.also)
        if leg not in self.values or peer not in self.values:
            return None
        return ratio(self.values[leg], self.values[peer])

    def reached(self, goal: Goal) -> bool | None:
        """Whether it is; None where it was not measured."""
        found = self.ratio(goal)
        return None if found is None else found.middle <= goal.most


def _short(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
