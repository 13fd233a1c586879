"""Runs the table of faults on every transport, and says what is wrong with what came of it.

Clocks of 0.3 s keep the run short, and a machine that has other things to do lets one pass before
what it waits for could happen. So a turn that time decides has more than one chance: where it came
out wrong it is played again, with little beside it, its clocks and the server's pauses three and
nine times as long. A client that is wrong is wrong each time.
"""

import contextlib
import dataclasses
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from support.fault import stretched
from support.fault_servers import Servers, servers
from support.fault_settings import AGAIN, BACKUP, MODEL, Case
from support.legs import Leg, legs
from support.scripts import run_script

from thinwire.testing import RecordedRequest, text_reply

_LIMIT_S = 600  # a run that hangs ends here, and its last line is missing
_SHARES = 2  # processes for each leg, since most of it is waiting
_RETRY = {"base": 0.02, "cap": 0.05}
_SCALES = (1, 3, 9)
_MOST = 40  # turns of a leg that are played again; where more are wrong, time is not the reason

Results = tuple[list[dict[str, Any]], str]


@dataclasses.dataclass(frozen=True)
class Played:
    """One case on one leg, as it was played last.

    Args:
        case: it, with the scale it was played at.
        outcome: what tests/wire/run_faults.py printed, {} for nothing.
        requests: what each server saw, by its name.
    """

    case: Case
    outcome: dict[str, Any]
    requests: dict[str, list[RecordedRequest]]

    def wrong(self) -> dict[str, Any]:
        """What is not as it must be: name -> (wanted, found)."""
        if not self.outcome:
            return {"an outcome": ("any", "none")}
        pairs = {
            name: (value, self.outcome.get(name)) for name, value in self.case.expected().items()
        }
        # What the hook was told of each attempt is what the completion, or the error, lists.
        if self.outcome["listed"] is not None:
            pairs["listed"] = (self.outcome["attempts"], self.outcome["listed"])
        pairs["requests"] = self._requests()
        return {name: pair for name, pair in pairs.items() if not _alike(*pair)}

    def late_by_ms(self) -> int:
        """How much later it ended than it may, without what the machine held it up; below 0: in
        time."""
        ms: int = self.outcome["ms"] - self.outcome["waited_ms"] - self.case.limit_ms()
        return ms

    def again(self) -> bool:
        """Whether it may be the machine's fault."""
        if not self.outcome:
            return False
        return self.late_by_ms() > 0 or (self.case.timed and bool(self.wrong()))

    def _requests(self) -> tuple[dict[str, int], dict[str, int]]:
        # Each attempt is one request, where somebody is there to get it.
        attempts = Counter(one[0] for one in self.outcome["attempts"])
        wanted = {"backup": attempts[BACKUP]}
        if not self.case.fault.place:
            wanted[self.case.fault.server] = attempts[MODEL]
        return wanted, {server: len(self.requests.get(server, [])) for server in wanted}


def _alike(wanted: object, found: object) -> bool:
    # A wanted "read|write" is either.
    if isinstance(wanted, str) and isinstance(found, str):
        return found in wanted.split("|")
    if isinstance(wanted, list) and isinstance(found, list) and len(found) == len(wanted):
        return all(_alike(one, two) for one, two in zip(wanted, found, strict=True))
    return found == wanted


@dataclasses.dataclass(frozen=True)
class Run:
    """What a leg has done.

    Args:
        played: by name of the case.
        files: open files before and after, of each process.
        output: all that was printed besides.
    """

    played: dict[str, Played]
    files: list[tuple[int, int]]
    output: list[str]

    def again(self) -> list[Case]:
        """What has to be played again."""
        found = [played.case for played in self.played.values() if played.again()]
        return found if len(found) <= _MOST else []


def suits(case: Case, leg: Leg) -> bool:
    """Whether a case is run on a leg: a blocking one does one thing at a time, and one that does
    all but wait as another does meets each fault twice."""
    if leg.few and case.setting.name not in ("alone", "both"):
        return False
    return not (leg.blocking and case.setting.hedge)


@contextlib.contextmanager
def runs(cases: list[Case], folder: Path) -> Iterator[dict[str, Run]]:
    """Runs all cases on all legs at a time; by name of the leg."""
    found = {leg.name: Run({}, [], []) for leg in legs()}
    todo = {leg.name: [case for case in cases if suits(case, leg)] for leg in legs()}
    with servers() as running:
        for scale in _SCALES:
            scaled = {
                name: [dataclasses.replace(case, scale=scale) for case in each]
                for name, each in todo.items()
                if each
            }
            _play(scaled, found, running, folder / f"x{scale}")
            todo = {name: run.again() for name, run in found.items()}
        yield found


def _play(
    todo: dict[str, list[Case]], found: dict[str, Run], running: Servers, folder: Path
) -> None:
    """Plays the cases of each leg, and notes what came of them in `found`."""
    folder.mkdir()
    shares = {
        (leg, share): todo[leg.name][share::_SHARES]
        for leg in legs()
        if leg.name in todo
        for share in range(_SHARES)
    }
    with ThreadPoolExecutor(max(len(shares), 1)) as pool:
        futures = {
            (leg, share): pool.submit(_results, leg, cases, running, folder / f"{share}")
            for (leg, share), cases in shares.items()
            if cases
        }
        done = {key: future.result() for key, future in futures.items()}
    seen = running.requests()
    for (leg, share), (results, output) in done.items():
        run = found[leg.name]
        outcomes = {result["name"]: result for result in results if "name" in result}
        for case in shares[leg, share]:
            requests = seen[_turn(leg, case)]
            run.played[case.name] = Played(case, outcomes.get(case.name, {}), requests)
        run.files.extend(
            (result["before"], result["after"]) for result in results if "before" in result
        )
        if output:
            run.output.append(output)


def _results(leg: Leg, cases: list[Case], running: Servers, folder: Path) -> Results:
    jobs = [_job(leg, case, running) for case in cases]
    first = {**jobs[0], "url": running.running["backup"].base_url, "turn": "first"}
    folder.mkdir(exist_ok=True)
    file = folder / f"{leg.name}.jsonl"
    lines = [json.dumps(line) for line in ({"blocking": leg.blocking, "first": first}, *jobs)]
    file.write_text("\n".join(lines) + "\n")
    printed = file.with_suffix(".txt")
    return run_script(leg.command, "run_faults.py", str(file), printed=printed, limit_s=_LIMIT_S)


def _turn(leg: Leg, case: Case) -> str:
    return f"{leg.name}/{case.name}/x{case.scale}"


def _job(leg: Leg, case: Case, running: Servers) -> dict[str, Any]:
    fault, setting, turn = case.fault, case.setting, _turn(leg, case)
    if not fault.place:
        healthy = [text_reply(AGAIN)] if setting.heals else []
        script = stretched(fault.script, case.scale)
        running.scripts[fault.server].add(turn, script, *healthy)
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
    if case.fault.server.startswith("tls"):
        options["cadata"] = running.ca.hex()  # JSON has no bytes
    return {name: value for name, value in options.items() if value is not None}
