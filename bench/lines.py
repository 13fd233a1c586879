"""What is printed while it runs: one line for each leg of ours and each goal."""

from bench.figures import Figure
from bench.goals import USUAL_PEER, Goal, goals
from bench.running import Result

HEAD = ("measure", "leg", "thinwire", "peer", "", "ratio", "goal", "")
WIDTHS = (22, 26, 16, 9, 14, 18, 8, 0)


def head() -> str:
    """The first line."""
    return _row(HEAD)


def lines(result: Result, ours: list[str]) -> list[str]:
    """Those of a result."""
    found = []
    for leg in ours:
        name = result.measure.name
        for goal in goals(name, leg) or [Goal(name, leg, USUAL_PEER, 0)]:
            if leg in result.samples or leg in result.failures:
                found.append(_line(result, goal))
    return found


def number(value: float) -> str:
    """Three digits that count."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value >= 0.001 or value <= 0 else f"{value:.2g}"


def verdict(goal: Goal, reached: float | None) -> str:
    """Whether it is."""
    if not goal.most:
        return ""
    if reached is None:
        return "not measured"
    return "reached" if reached <= goal.most else "NOT reached"


def _line(result: Result, goal: Goal) -> str:
    name, unit = result.measure.name, result.measure.unit
    mine, theirs = result.figure(goal.leg), result.figure(goal.peer)
    by = result.ratio(goal.leg, goal.peer) if goal.peer else mine
    shown = _shown(result, goal.leg, mine)
    other = _shown(result, goal.peer, theirs) if goal.peer else ""
    told = _spread(by) if goal.peer else ""
    wanted = (f"<= {goal.most}" + ("" if goal.peer else f" {unit}")) if goal.most else ""
    reached = verdict(goal, by.middle if by else None)
    return _row((name, goal.leg, f"{shown} {unit}", goal.peer, other, told, wanted, reached))


def _shown(result: Result, leg: str, found: Figure | None) -> str:
    if found is None:
        return result.failures.get(leg, "-")
    return number(found.middle)


def _spread(found: Figure | None) -> str:
    if found is None:
        return "-"
    return f"{number(found.middle)} ({number(found.low)}-{number(found.high)})"


def _row(cells: tuple[str, ...]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)]
    return " ".join(padded).rstrip()
