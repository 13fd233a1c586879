"""What users write passes mypy --strict and pyright: tests/typing and each example of the pages.

`make lint` runs mypy over tests/typing; an `ignore` there that is not needed is an error to both.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.examples import examples
from support.interpreters import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """A folder with the examples of README.md and docs/, one file each."""
    for example in examples():
        (tmp_path / f"{example.name}.py").write_text(example.text, "utf-8")
    return tmp_path


def check(*command: str, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_all_of_it_under_pyright(pages: Path) -> None:
    # One run for both: reading the library takes longer than what is looked at.
    shutil.copytree(ROOT / "tests/typing", pages / "programs")
    rules = {"typeCheckingMode": "strict", "reportUnnecessaryTypeIgnoreComment": True}
    (pages / "pyrightconfig.json").write_text(json.dumps(rules))
    check("basedpyright", "--pythonpath", sys.executable, folder=pages)


def test_examples_under_mypy(pages: Path) -> None:
    # From the project's folder, where `make lint` has left what it knows of the library.
    check("mypy", "--strict", str(pages), folder=ROOT)
