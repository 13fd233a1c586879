"""Runs the table of faults on every transport."""

import contextlib
import dataclasses
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from support.fault_servers import Servers, servers
from support.fault_settings import AGAIN, MODEL, Case
from support.legs import Leg, legs
from support.scripts import run_script

from thinwire.testing import RecordedRequest, text_reply

_LIMIT_S = 180  # a run that hangs ends here, and its last line is missing
_SHARES = 2  # processes for each leg, since most of it is waiting
_RETRY = {"base": 0.02, "cap": 0.05}

Seen = dict[str, dict[str, list[RecordedRequest]]]
Results = tuple[list[dict[str, Any]], str]


@dataclasses.dataclass(frozen=True)
class Run:
    """What a leg has done.

    Args:
        outcomes: by name of the case (tests/wire/run_faults.py).
        requests: what the servers saw, by name of the case and of the server.
        files: open files before and after, of each process.
        output: all that was printed besides.
    """

    outcomes: dict[str, dict[str, Any]]
    requests: Seen
    files: list[tuple[int, int]]
    output: str


def suits(case: Case, leg: Leg) -> bool:
    """Whether a case can be run on a leg: a blocking one does one thing at a time."""
    return not (leg.blocking and case.setting.hedge)


@contextlib.contextmanager
def runs(cases: list[Case], folder: Path) -> Iterator[dict[str, Run]]:
    """Runs all cases on all legs at a time; by name of the leg."""
    with servers() as running, ThreadPoolExecutor(len(legs()) * _SHARES) as pool:
        futures = {
            leg.name: [
                pool.submit(_results, leg, cases[share::_SHARES], running, folder / f"{share}")
                for share in range(_SHARES)
            ]
            for leg in legs()
        }
        done = {name: [future.result() for future in each] for name, each in futures.items()}
        seen = running.requests()
        yield {name: _run(name, cases, seen, results) for name, results in done.items()}


def _results(leg: Leg, cases: list[Case], running: Servers, folder: Path) -> Results:
    jobs = [_job(leg, case, running) for case in cases if suits(case, leg)]
    first = {**jobs[0], "url": running.running["backup"].base_url, "turn": "first"}
    folder.mkdir(exist_ok=True)
    file = folder / f"{leg.name}.jsonl"
    lines = [json.dumps(line) for line in ({"blocking": leg.blocking, "first": first}, *jobs)]
    file.write_text("\n".join(lines) + "\n")
    printed = file.with_suffix(".txt")
    return run_script(leg.command, "run_faults.py", str(file), printed=printed, limit_s=_LIMIT_S)


def _run(leg: str, cases: list[Case], seen: Seen, shares: list[Results]) -> Run:
    results = [result for share, _ in shares for result in share]
    return Run(
        {result["name"]: result for result in results if "name" in result},
        {case.name: seen[_turn(leg, case)] for case in cases},
        [(result["before"], result["after"]) for result in results if "before" in result],
        "".join(output for _, output in shares),
    )


def _turn(leg: str, case: Case) -> str:
    return f"{leg}/{case.name}"


def _job(leg: Leg, case: Case, running: Servers) -> dict[str, Any]:
    fault, setting, turn = case.fault, case.setting, _turn(leg.name, case)
    if not fault.place:
        healthy = [text_reply(AGAIN)] if setting.heals else []
        running.scripts[fault.server].add(turn, fault.script, *healthy)
    return {
        "name": case.name,
        "turn": turn,
        "url": running.url(fault),
        "backup": running.running["backup"].base_url,
        "timeouts": case.timeouts(),
        "retry": {**_RETRY, "attempts": setting.attempts},
        # Small blocks fill the kernel's buffers sooner, and a chip takes its time.
        "upload": max(fault.upload // (1 if leg.block > 1024 else 3), 1),
        "unseen": setting.unseen,
        "options": _options(case, running),
    }


def _options(case: Case, running: Servers) -> dict[str, Any]:
    setting = case.setting
    options: dict[str, Any] = {"hedge_after": case.hedge_after()}
    if setting.backup:
        options["fallbacks"] = {MODEL: ["backup"]}
    if setting.diverted:
        options[case.fault.diverted] = {MODEL: ["backup"]}
    if setting.restart:
        options["on_interrupt"] = "restart"
    if case.fault.server == "tls":
        options["cadata"] = running.ca.hex()  # JSON has no bytes
    return {name: value for name, value in options.items() if value is not None}
