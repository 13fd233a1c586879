"""Judges the face for exoclaw by the tests of exoclaw-provider-openai itself, from its source
distribution, which is fetched from PyPI by its hash.

    python tools/exoclaw_own_tests.py       also `make test-exoclaw`

  swapped      its tests, with the package's name replaced in their imports, and nothing else
  installed    its tests as they are, after `thinwire.compat.exoclaw.install()`
  MicroPython  its tests for MicroPython as they are, after the same line, on each interpreter
  README       its example is the one of docs/migrating/exoclaw.md, but for the import
"""

import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAME, VERSION = "exoclaw-provider-openai", "0.4.3"
HASH = "sha256:84f596a34b4fb33b2571659f40d7836c6888a04da31393c2936048c1faeb9321"
PACKAGE, FACE = "exoclaw_provider_openai", "thinwire.compat.exoclaw"
PAGE = ROOT / "docs" / "migrating" / "exoclaw.md"
INTERPRETERS = ROOT / ".tools" / "micropython" / "interpreters.json"

# Its workspace runs `async def` tests by pytest-asyncio's auto mode.
CONFTEST = """
import asyncio, inspect, pytest
%s
@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    function = pyfuncitem.obj
    if inspect.iscoroutinefunction(function):
        wanted = inspect.signature(function).parameters
        asyncio.run(function(**{name: pyfuncitem.funcargs[name] for name in wanted}))
        return True
"""
INSTALL = f"import {FACE}\n{FACE}.install()\n"
RUN_ALL = """
import sys
sys.path.insert(0, sys.argv[1])
import test_imports
names = sorted(name for name in dir(test_imports) if name.startswith("test_"))
for name in names:
    getattr(test_imports, name)()
print(len(names), "passed")
"""


def fetch(folder: Path) -> Path:
    """Fetches and unpacks the source distribution; raises CalledProcessError if pip cannot, or
    if it is another one."""
    wanted = folder / "requirements.txt"
    wanted.write_text(f"{NAME}=={VERSION} --hash={HASH}\n")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    pip += ["--no-build-isolation", "--require-hashes", "-r", str(wanted), "--dest", str(folder)]
    subprocess.run(pip, check=True)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".tar.gz")


def run_pytest(folder: Path, tests: str, first: str) -> bool:
    """Runs a file of tests, given as text, by pytest in a folder of its own."""
    folder.mkdir()
    (folder / "test_provider_openai.py").write_text(tests)
    (folder / "conftest.py").write_text(CONFTEST % first)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", "."]
    return subprocess.run([*command, "."], cwd=folder, check=False).returncode == 0


def run_micropython(folder: Path, tests: Path) -> bool:
    """Runs the tests for MicroPython on each interpreter that `make setup` has found."""
    script = folder / "run_all.py"
    script.write_text(INSTALL + RUN_ALL)
    path = f"{ROOT}/src:{ROOT}/port_micropython:.frozen"
    good = True
    for one in json.loads(INTERPRETERS.read_text()):
        print(f"MicroPython {one['version']}: ", end="", flush=True)
        command = [one["path"], str(script), str(tests)]
        done = subprocess.run(command, env={**os.environ, "MICROPYPATH": path}, check=False)
        good = good and done.returncode == 0
    return good


def example(text: str) -> str:
    """The first example of a page that makes a provider, from there on."""
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)
    (block, *_) = [one for one in blocks if "zai-direct/glm-5.1" in one]
    return "provider = " + str(block).partition("provider = ")[2]


def main() -> int:
    """Runs all of it; 0 if all of it passed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = fetch(folder)
        tests = (source / "tests/test_provider_openai.py").read_text("utf-8")
        swapped = re.sub(rf"^from {PACKAGE}\b", f"from {FACE}", tests, flags=re.M)
        good = [
            run_pytest(folder / "swapped", swapped, ""),
            run_pytest(folder / "installed", tests, INSTALL),
            run_micropython(folder, source / "tests/micro"),
            example((source / "README.md").read_text("utf-8")) == example(PAGE.read_text("utf-8")),
        ]
    for what, passed in zip(("swapped", "installed", "MicroPython", "README"), good, strict=True):
        print(f"{what}: {'passed' if passed else 'FAILED'}")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
