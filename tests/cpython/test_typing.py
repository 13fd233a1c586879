"""What users write passes mypy --strict and pyright: tests/typing and each example of the pages.

`make lint` runs mypy over tests/typing; an `ignore` there that is not needed is an error to both.
"""

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


def test_programs_under_pyright() -> None:
    check("basedpyright", folder=ROOT)


def test_examples_under_pyright(pages: Path) -> None:
    (pages / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')
    check("basedpyright", "--pythonpath", sys.executable, folder=pages)


def test_examples_under_mypy(pages: Path) -> None:
    check("mypy", "--strict", ".", folder=pages)
