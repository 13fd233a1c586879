"""The table in docs/memory.md."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.device.rows import Figure, Row

BEGIN = "<!-- bench-device: written by `make bench-device` -->"
END = "<!-- bench-device: end -->"
_HEAD = "| what, in bytes | budget | measured | | exoclaw-provider-openai |\n|---|---|---|---|---|"


@dataclass(frozen=True)
class Result:
    """What came of a row; a str says why there is no figure."""

    row: Row
    figure: Figure | str
    rival: Figure | str


def line(result: Result) -> str:
    """One line of the table."""
    cells = [
        result.row.what,
        _budget(result.row),
        _shown(result.figure),
        _verdict(result.row, result.figure),
        _shown(result.rival),
    ]
    return f"| {' | '.join(cells)} |"


def table(results: Sequence[Result]) -> str:
    """The whole table."""
    return "\n".join([_HEAD, *map(line, results)])


def _budget(row: Row) -> str:
    if row.budget is None:
        return "-"
    return f"{'≥' if row.at_least else '≤'} {row.budget:,}"


def _shown(figure: Figure | str) -> str:
    if isinstance(figure, str):
        return figure
    return "fails on any heap tried" if figure is None else f"{round(figure):,}"


def _verdict(row: Row, figure: Figure | str) -> str:
    if row.budget is None or isinstance(figure, str):
        return "-"
    if row.reached(figure):
        return "reached"
    return f"not reached: {_shown(figure)}"
