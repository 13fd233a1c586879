"""Runs the tests of core, of the adapters and of the tools on every other CPython that is found.

    python tools/every_python.py

The classifiers of pyproject.toml say which versions there should be, FREE_THREADED which builds
without the GIL. Those that are neither on the PATH nor kept by pyenv are named at the end, loudly:
they were not tested. Each gets an environment of its own in .tools/pythons.

Not everything that tests need has a wheel for each free-threaded build. What has none is left out
there, and so are the files of tests that need it; both are named. PYTHON_GIL=0 keeps the GIL off
whatever an extension module asks for.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / ".tools" / "pythons"
MARK = "Programming Language :: Python :: 3."
TESTS = ("tests/shared", "tests/core", "tests/cpython")
FREE_THREADED = ("3.13t", "3.14t")
# Of a test file that cannot be read, as pytest names it.
_UNREADABLE = re.compile(r"^ERROR (\S+\.py)(?: - .*)?$", re.MULTILINE)


def versions() -> list[str]:
    """What pyproject.toml promises, as "3.11"."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return ["3." + line.removeprefix(MARK) for line in project["classifiers"] if MARK in line]


def found(version: str) -> str | None:
    """The interpreter of a version, None where there is none that runs."""
    # pyenv's commands on the PATH run only the versions that were chosen; it may have others.
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    free = version.endswith("t")
    # A build without the GIL may go by the plain name as well.
    is_it = f"import sysconfig as s; exit(bool(s.get_config_var('Py_GIL_DISABLED')) != {free})"
    folders = pyenv.glob(f"{version.removesuffix('t')}.*")
    ours = [one for one in sorted(folders) if one.name.endswith("t") == free]
    kept = [str(folder / "bin" / "python") for folder in ours]
    for path in [shutil.which(f"python{version}"), *kept]:
        if path and not subprocess.run([path, "-c", is_it], capture_output=True).returncode:
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
    if not version.endswith("t"):
        subprocess.run([*pip, "--editable", ".", "--group", "dev"], cwd=ROOT, check=True)
        return inside
    subprocess.run([*pip, "--editable", "."], cwd=ROOT, check=True)
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    left_out = []
    for wanted in groups["dev"]:
        name = re.split(r"[<>=;\[]", wanted)[0].strip()
        # Any version that has a wheel is better than none.
        for requirement in (wanted, name):
            command = [*pip, "--only-binary", ":all:", requirement]
            if not subprocess.run(command, cwd=ROOT, capture_output=True).returncode:
                break
        else:
            left_out.append(name)
    if left_out:
        print(f"CPython {version}: NO WHEEL, LEFT OUT: {', '.join(left_out)}", flush=True)
    return inside


def passes(version: str, python: Path) -> bool:
    """Whether the tests pass there."""
    command = [str(python), "-m", "pytest", "-q", *TESTS]
    environ = dict(os.environ)
    if version.endswith("t"):
        environ["PYTHON_GIL"] = "0"
        collect = [*command, "--collect-only"]
        ran = subprocess.run(collect, cwd=ROOT, env=environ, capture_output=True, text=True)
        unreadable = sorted(set(_UNREADABLE.findall(ran.stdout)))
        print("".join(f"CPython {version}: NOT TESTED: {file}\n" for file in unreadable), end="")
        command += [f"--ignore={file}" for file in unreadable]
    command += ["-n", os.environ.get("WORKERS", "3"), "--dist", "loadfile"]
    return subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode == 0


def main() -> int:
    """Tests all; 1 if a test failed."""
    own = "%d.%d" % sys.version_info[:2]
    wanted = [version for version in versions() if version != own]
    others = {version: found(version) for version in (*wanted, *FREE_THREADED)}
    failed = []
    for version, python in others.items():
        if python is not None:
            print(f"== CPython {version}: {python}", flush=True)
            if not passes(version, environment(version, python)):
                failed.append(version)
    for version, python in others.items():
        state = "NOT FOUND, NOT TESTED" if python is None else "passed"
        print(f"CPython {version}: {'FAILED' if version in failed else state}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
