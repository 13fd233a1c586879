"""From samples to figures: medians, and ratios of what was measured in the same round."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """What came of some samples."""

    middle: float
    low: float
    high: float


def figure(values: Sequence[float]) -> Figure:
    """Their median, and between which two half of them are (all, where there are but three)."""
    if not values:
        raise ValueError("no samples")
    ordered = sorted(values)
    cut = len(ordered) // 4
    return Figure(median(ordered), ordered[cut], ordered[-1 - cut])


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Figure:
    """Ours by theirs, round by round: what slows a whole round down is not in it."""
    return figure([a / b for a, b in zip(ours, theirs, strict=True)])


def beyond(values: Sequence[float], floor: Sequence[float]) -> list[float]:
    """Each without the floor's of the same round."""
    return [a - b for a, b in zip(values, floor, strict=True)]
