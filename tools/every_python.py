"""Runs the tests of core, of the adapters and of the tools on every other CPython that is found.

    python tools/every_python.py

The classifiers of pyproject.toml say which versions there should be. Those that are neither on the
PATH nor kept by pyenv are named at the end, loudly: they were not tested. Each gets an environment
of its own in .tools/pythons.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / ".tools" / "pythons"
MARK = "Programming Language :: Python :: 3."
TESTS = ("tests/shared", "tests/core", "tests/cpython")


def versions() -> list[str]:
    """What pyproject.toml promises, as "3.11"."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return ["3." + line.removeprefix(MARK) for line in project["classifiers"] if MARK in line]


def found(version: str) -> str | None:
    """The interpreter of a version, None where there is none that runs."""
    # pyenv's commands on the PATH run only the versions that were chosen; it may have others.
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    kept = [str(path) for path in sorted(pyenv.glob(f"{version}.*/bin/python"))]
    for path in [shutil.which(f"python{version}"), *kept]:
        if path and not subprocess.run([path, "-c", ""], capture_output=True).returncode:
            return path
    return None


def environment(version: str, python: str) -> Path:
    """An environment with thinwire and what its tests need; returns its interpreter."""
    folder = PLACE / version
    inside = folder / "bin" / "python"
    pip = [str(inside), "-m", "pip", "install", "-qq"]
    if not inside.exists():
        subprocess.run([python, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([*pip, "--upgrade", "pip>=25.1"], check=True)
    subprocess.run([*pip, "--editable", ".", "--group", "dev"], cwd=ROOT, check=True)
    return inside


def passes(python: Path) -> bool:
    """Whether the tests pass there."""
    parallel = ("-n", os.environ.get("WORKERS", "3"), "--dist", "loadfile")
    command = [str(python), "-m", "pytest", "-q", *parallel, *TESTS]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def main() -> int:
    """Tests all; 1 if a test failed."""
    own = "%d.%d" % sys.version_info[:2]
    others = {version: found(version) for version in versions() if version != own}
    failed = []
    for version, python in others.items():
        if python is not None:
            print(f"== CPython {version}: {python}", flush=True)
            if not passes(environment(version, python)):
                failed.append(version)
    for version, python in others.items():
        state = "NOT FOUND, NOT TESTED" if python is None else "passed"
        print(f"CPython {version}: {'FAILED' if version in failed else state}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
