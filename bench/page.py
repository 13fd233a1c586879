"""docs/performance.md: what is between its markers, and its pictures, of the kept run."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import plots
from bench.goals import GOALS
from bench.legs import BARE, LEGS, ROOT
from bench.lines import REACHED, number, shown, spread, unit_of, wanted
from bench.markers import replaced
from bench.measures import MEASURES
from bench.results import Result

DATA = ROOT / "docs" / "performance.json"
PAGE = ROOT / "docs" / "performance.md"
PICTURES = ROOT / "docs" / "performance"
BEGIN = "<!-- bench: written by `make bench` -->"
END = "<!-- bench: end -->"
_OURS = [leg.name for leg in LEGS if leg.ours]
_FLOORS = [leg.name for leg in LEGS if leg.environment is BARE]
_MEASURES = {measure.name: measure for measure in MEASURES}
_COLUMNS = [leg.name for leg in LEGS]
# An idle machine has one program that wants to run: the bench.
_LOADED = 1.5


@dataclass
class Run:
    """A whole run."""

    about: dict[str, Any]
    results: list[Result]

    @classmethod
    def read(cls, path: Path = DATA) -> "Run":
        """The one that was kept."""
        kept = json.loads(path.read_text("utf-8"))
        return cls(kept["about"], [Result.read(result) for result in kept["results"]])

    def keep(self, path: Path = DATA) -> None:
        """Writes it down."""
        kept = {"about": self.about, "results": [result.kept() for result in self.results]}
        path.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")

    def pictures(self) -> dict[str, str]:
        """Name of the file -> SVG."""
        groups: dict[str, list[tuple[Result, str]]] = {}
        for result in self.results:
            measure = _MEASURES[result.name]
            groups.setdefault(measure.group, []).append((result, measure.what))
        ours, floors = set(_OURS), set(_FLOORS)
        return {
            f"{group}.svg": plots.picture(found, ours, floors) for group, found in groups.items()
        }

    def text(self) -> str:
        """What stands between the markers."""
        pictures = [f"![{name[:-4]}](performance/{name})" for name in self.pictures()]
        parts = [self._about(), self._goals(), self._figures(), *pictures, self._trust()]
        return "\n\n".join((*parts, self._versions()))

    def write(self) -> None:
        """Writes page and pictures."""
        PICTURES.mkdir(exist_ok=True)
        for name, svg in self.pictures().items():
            (PICTURES / name).write_text(svg, "utf-8")
        PAGE.write_text(replaced(PAGE.read_text("utf-8"), BEGIN, END, self.text()), "utf-8")

    def _about(self) -> str:
        about = self.about
        cores = f"{about['cores']} cores"
        where = f"{about['cpu']}, {cores}, {about['system']}, CPython {about['python']}"
        how = (
            "client and server each on a core of its own"
            if about["pinned"]
            else "client and server on the same core"
        )
        before, after = about["load"], about["load after"]
        text = (
            f"Measured on {about['date']}: {where}; {how}; load {before} before and {after} after."
        )
        if before > _LOADED:
            text += (
                "\n**Other programs ran beside it: take these figures as provisional**, wall times"
                " above all."
            )
        return text

    def _goals(self) -> str:
        rows = ["| what | leg | beside | ratio | goal | |", "|---|---|---|---|---|---|"]
        found = {result.name: result for result in self.results}
        for goal in GOALS:
            result = found.get(goal.measure)
            unit = _MEASURES[goal.measure].unit
            ratio = result.ratio(goal) if result else None
            reached = REACHED[result.reached(goal) if result else None]
            own = "" if goal.peer or not ratio else f" {unit_of(goal, unit)}"
            shown_ratio = (spread(ratio) + own).rstrip()
            what = ", ".join(filter(None, (goal.measure, goal.also)))
            cells = [what, goal.leg, goal.peer or "-", shown_ratio, wanted(goal, unit)]
            rows.append(_row([*cells, reached]))
        return "\n".join(("### Goals", "", *rows))

    def _figures(self) -> str:
        legs = [leg for leg in _COLUMNS if any(leg in result.values for result in self.results)]
        rows = [_row(["", *legs]), "|---|" + "--:|" * len(legs)]
        for result in self.results:
            cells = [shown(result, leg) if leg in result.values else "-" for leg in legs]
            rows.append(_row([f"{result.name}, {result.unit}", *cells]))
            for name in dict.fromkeys(name for also in result.also.values() for name in also):
                cells = [_also(result, leg, name) for leg in legs]
                rows.append(_row([f"… {name}", *cells]))
        failed = [
            f"{leg} has no figure for {result.name}: {why}."
            for result in self.results
            for leg, why in result.failures.items()
        ]
        note = "Medians; less is better everywhere."
        return "\n".join(("### Figures", "", note, "", *rows, *([""] if failed else []), *failed))

    def _trust(self) -> str:
        rows = [
            "| measure | what | kind | rounds | spread | server busy |",
            "|---|---|---|--:|--:|--:|",
        ]
        for result in self.results:
            measure = _MEASURES[result.name]
            rounds = max(map(len, result.values.values()), default=0)
            cells = [result.name, measure.what, measure.kind, str(rounds), _apart(result)]
            rows.append(_row([*cells, f"{result.server_busy:.0%}"]))
        note = (
            "Spread: half of a leg's samples are that close together, by their median; the median"
            " of all legs."
        )
        return "\n".join(("### How far to trust each", "", note, "", *rows))

    def _versions(self) -> str:
        rows = []
        for environment, found in self.about["versions"].items():
            if found:
                packages = ", ".join(f"{name} {version}" for name, version in found.items())
                rows.append(f"- {environment}: {packages}")
        return "\n".join(("### Versions", "", *rows))


def _also(result: Result, leg: str, name: str) -> str:
    found = result.also.get(leg, {})
    return number(found[name]) if name in found else "-"


def _apart(result: Result) -> str:
    figures = [figure for leg in result.values if (figure := result.figure(leg))]
    shares = sorted((one.high - one.low) / one.middle for one in figures if one.middle > 0)
    return f"{shares[len(shares) // 2]:.0%}" if shares else "-"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
