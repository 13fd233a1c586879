"""What is printed while it runs: a line for each leg of ours and each goal."""

from collections.abc import Iterable, Sequence

from bench.figures import Figure
from bench.goals import Goal, goals, usual_peer
from bench.results import Result

_HEAD = ("measure", "leg", "thinwire", "peer", "", "ratio", "goal", "")
_WIDTHS = (37, 26, 18, 8, 8, 21, 9, 0)
REACHED = {True: "reached", False: "NOT reached", None: "not measured"}


def head() -> str:
    """The first line."""
    return _row(_HEAD)


def lines(result: Result, ours: Iterable[str]) -> list[str]:
    """Those of a result."""
    found = []
    for leg in ours:
        if leg in result.values or leg in result.failures:
            wanted = goals(result.name, leg) or [Goal(result.name, leg, usual_peer(leg), 0)]
            found += [_line(result, goal) for goal in wanted]
    return found


def every_leg(result: Result) -> list[str]:
    """The figures of all legs."""
    found = [f"  {result.seconds:.1f} s, server busy {result.server_busy:.0%}"]
    for leg in (*result.values, *result.failures):
        also = result.also.get(leg, {})
        more = "".join(f"  {name} {number(value)}" for name, value in also.items())
        found.append(f"  {leg:26}{shown(result, leg)}{more}")
    return found


def number(value: float) -> str:
    """Three digits that count."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def spread(found: Figure | None) -> str:
    """A figure, and where half of its samples are."""
    if found is None:
        return "-"
    return f"{number(found.middle)} ({number(found.low)} to {number(found.high)})"


def shown(result: Result, leg: str) -> str:
    """A leg's figure, or why it has none."""
    found = result.figure(leg)
    return result.failures.get(leg, "-") if found is None else number(found.middle)


def wanted(goal: Goal, unit: str) -> str:
    """What is to be reached."""
    if not goal.most:
        return ""
    return f"<= {goal.most}" if goal.peer else f"<= {goal.most} {unit_of(goal, unit)}".rstrip()


def unit_of(goal: Goal, unit: str) -> str:
    """Of the figure that is meant, where that of the measure is `unit`."""
    return goal.unit if goal.also else unit


def _line(result: Result, goal: Goal) -> str:
    found = result.ratio(goal)
    cells = [
        ", ".join(filter(None, (result.name, goal.also))),
        goal.leg,
        spread(found) if goal.also else f"{shown(result, goal.leg)} {result.unit}",
        goal.peer,
        shown(result, goal.peer) if goal.peer else "",
        spread(found) if goal.peer else "",
        wanted(goal, result.unit),
        REACHED[result.reached(goal)] if goal.most else "",
    ]
    return _row(cells)


def _row(cells: Sequence[str]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True)]
    return " ".join(padded).rstrip()
