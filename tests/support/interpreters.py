"""The MicroPython interpreters that setup found, and how to run a script on one."""

import dataclasses
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
LISTING = ROOT / ".tools" / "micropython" / "interpreters.json"
MISSING = "no MicroPython interpreter: run `make setup`, which says how to get one"

# What a device finds: the core and the port as if frozen, and the shared tests. The default path
# would add folders of the user's home.
SEARCH_PATH = ":".join(
    [
        *(
            str(ROOT / folder)
            for folder in ("src", "port_micropython", "tests/shared", "tests/wire")
        ),
        ".frozen",
    ]
)


@dataclasses.dataclass(frozen=True)
class Interpreter:
    """One entry of the listing that setup writes."""

    name: str
    path: str
    version: str


def interpreters() -> list[Interpreter]:
    """All interpreters that setup found, empty if it found none or has not run."""
    if not LISTING.exists():
        return []
    return [Interpreter(**entry) for entry in json.loads(LISTING.read_text("utf-8"))]


def parameters() -> list[Any]:
    """What to parametrise a test with: every interpreter, or one None if there is none.

    The None is skipped, with the reason, except in CI: there `required` makes it fail.
    """
    found = interpreters()
    if found or os.environ.get("CI"):
        return found or [None]
    return [pytest.param(None, marks=pytest.mark.skip(reason=MISSING))]


def required(found: Interpreter | None) -> Interpreter:
    """Return `found`; the test fails if it is None."""
    if found is None:
        pytest.fail(MISSING)
    return found


def interpreter_id(found: Interpreter | str | None) -> str:
    """What names the interpreter, or what CPython's transport is, in the name of a test."""
    if isinstance(found, str):
        return found
    return f"{found.name}-{found.version}" if found else "none"


def run_micropython(
    interpreter: Interpreter,
    script: str | Path,
    *arguments: str | Path,
    heapsize: str | None = None,
    timeout: float = 600,
    env: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a script on MicroPython with core, port and shared tests on its search path.

    Args:
        interpreter: one of `interpreters()`.
        script: path of the script.
        arguments: its sys.argv[1:].
        heapsize: size of the whole heap, e.g. "64k"; the interpreter's own default if None.
        timeout: seconds after which subprocess.TimeoutExpired is raised.
        env: variables to set beside those of this process.

    Returns:
        The finished process; standard error, where tracebacks go, is part of its stdout.
    """
    options = ["-X", f"heapsize={heapsize}"] if heapsize else []
    return subprocess.run(
        [interpreter.path, *options, str(script), *(str(one) for one in arguments)],
        env={**os.environ, "MICROPYPATH": SEARCH_PATH, **(env or {})},
        timeout=timeout,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
