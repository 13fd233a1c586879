"""Each transport on each runtime, in a process of its own: what runs the scripts of tests/wire."""

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import STDOUT
from typing import Any

from support.interpreters import ROOT, SEARCH_PATH, Interpreter, interpreters

_LIMIT = 60  # seconds: a run that hangs ends here, and its last line is missing


@dataclasses.dataclass(frozen=True)
class Leg:
    """One transport on one runtime.

    Args:
        name: for the reader.
        command: what runs a script.
        blocking: the sync transport.
        block: size of the blocks it promises.
        few: what is shared with another leg need not all be run again, but in `make test-all`.
    """

    name: str
    command: tuple[str, ...]
    blocking: bool
    block: int
    few: bool = False


def legs() -> list[Leg]:
    """Every transport on every runtime there is."""
    # -W error: a socket left to the garbage collector is a fault as well.
    newest, full = interpreters()[-1:], bool(os.environ.get("THINWIRE_FULL"))
    command = sys.executable, "-W", "error"
    sockets = *command, str(ROOT / "tests/support/on_sockets.py")
    python = [
        Leg(f"{name}-{_kind(blocking)}", command, blocking, block, blocking and not full)
        for name, command, block in (("httpx", command, 65536), ("sockets", sockets, 65535))
        for blocking in (False, True)
    ]
    return python + [
        dataclasses.replace(leg, few=found not in newest and not full)
        for found in interpreters()
        for leg in device_legs(found)
    ]


def device_legs(found: Interpreter, heapsize: str | None = None) -> list[Leg]:
    """The device's transport on one interpreter, for asyncio and blocking."""
    command = (found.path, *(("-X", f"heapsize={heapsize}") if heapsize else ()))
    return [
        Leg(f"{found.name}-{found.version}-{_kind(blocking)}", command, blocking, 1024)
        for blocking in (False, True)
    ]


def run_jobs(
    leg: Leg, script: str, jobs: list[dict[str, Any]], folder: Path
) -> tuple[list[dict[str, Any]], str]:
    """Runs a script of tests/wire with a file of jobs.

    Returns:
        The JSON objects it printed, and everything else it printed.
    """
    file = folder / f"{leg.name}.json"
    file.write_text(json.dumps({"leg": leg.name, "blocking": leg.blocking, "jobs": jobs}))
    command = [*leg.command, str(ROOT / "tests/wire" / script), str(file)]
    printed = folder / f"{leg.name}.txt"
    with printed.open("wb") as stream, contextlib.suppress(subprocess.TimeoutExpired):
        # What hangs is killed; how far it got is in the file.
        subprocess.run(
            command, env=_environment(), timeout=_LIMIT, stdout=stream, stderr=STDOUT, check=False
        )
    # Not splitlines: U+2028 inside a string would end a line.
    lines = printed.read_text("utf-8", "replace").strip("\n").split("\n")
    results = [json.loads(line) for line in lines if line.startswith('{"')]
    return results, "\n".join(line for line in lines if not line.startswith('{"'))


def run_everywhere(
    script: str, jobs: list[dict[str, Any]], folder: Path
) -> list[tuple[Leg, list[dict[str, Any]], str]]:
    """Runs the same jobs on all legs at a time, since most of it is waiting."""
    with ThreadPoolExecutor(len(legs())) as pool:
        found = pool.map(lambda leg: run_jobs(leg, script, jobs, folder), legs())
    return [(leg, *rest) for leg, rest in zip(legs(), found, strict=True)]


def _environment() -> dict[str, str]:
    return {**os.environ, "MICROPYPATH": SEARCH_PATH, "NO_PROXY": "*"}


def _kind(blocking: bool) -> str:
    return "blocking" if blocking else "asyncio"
