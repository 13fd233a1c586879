"""Runs the table of scenarios through every transport."""

import dataclasses
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from support.legs import Leg, run_everywhere
from support.places import Places
from support.scenarios import PATIENT_MS, SCENARIOS, Scenario

from thinwire.testing import MockServer, RecordedRequest

_NAMES = {f"s{number}": scenario.name for number, scenario in enumerate(SCENARIOS)}


@dataclasses.dataclass(frozen=True)
class Run:
    """What a leg has done.

    Args:
        leg: which.
        outcomes: by name of the scenario (tests/wire/exchange.py).
        requests: what the server saw of it, by name of the scenario.
        counts: how often it saw that.
        files: open files before and after.
        output: all that was printed besides.
    """

    leg: Leg
    outcomes: dict[str, dict[str, Any]]
    requests: dict[str, RecordedRequest]
    counts: dict[str, int]
    files: tuple[int, int]
    output: str


def run_all(folder: Path, places: Places) -> Iterator[Run]:
    """Runs every scenario on every leg."""
    with MockServer() as server:
        for model, scenario in zip(_NAMES, SCENARIOS, strict=True):
            if scenario.reply is not None:
                server.reply(model, scenario.reply)
        here = {**places, "mock": ("127.0.0.1", server.port)}
        jobs = [_job(*each, here) for each in zip(_NAMES, SCENARIOS, strict=True)]
        for leg, results, output in run_everywhere("run_exchanges.py", jobs, folder):
            yield _run(leg, results, output, server.requests)


def _job(model: str, scenario: Scenario, places: Places) -> dict[str, Any]:
    host, port = places[scenario.place]
    return {
        "name": scenario.name,
        "host": host,
        "port": port,
        "path": "/v1/chat/completions",
        "model": model,
        "upload": scenario.upload,
        "headers": [name for name, _ in scenario.headers],
        "connect_ms": scenario.connect_ms,
        "head_ms": scenario.head_ms,
        "read_ms": scenario.read_ms,
        "before": len(scenario.body.encode()) if scenario.read_ms < PATIENT_MS else 0,
        "patient_ms": PATIENT_MS,
        "idle_ms": 60_000,
    }


def _run(
    leg: Leg, results: list[dict[str, Any]], output: str, requests: list[RecordedRequest]
) -> Run:
    mine = [request for request in requests if request.header("x-leg") == leg.name]
    return Run(
        leg,
        {result["name"]: result for result in results if "name" in result},
        {_NAMES[request.model]: request for request in mine},
        Counter(_NAMES[request.model] for request in mine),
        next(((one["before"], one["after"]) for one in results if "before" in one), (0, -1)),
        output,
    )
