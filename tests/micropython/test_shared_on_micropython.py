"""Every file of tests/shared, on every MicroPython that setup found."""

import json
from pathlib import Path

import pytest
from support.interpreters import (
    ROOT,
    Interpreter,
    interpreters,
    required,
    run_micropython,
)

RUNNER = Path(__file__).with_name("runner.py")
TESTS = ROOT / "tests/shared"
SHARED = sorted(TESTS.rglob("test_*.py"))
# They cut each stream everywhere, which takes 5 s and more. For each change the newest
# interpreter does that; all do, and the one built like a chip, in `make test-all`.
CUT = ("test_stream.py", "test_stream_endings.py")
CUT += ("test_responses_answer.py", "test_anthropic_answer.py")
LONG = [path for path in SHARED if path.name in CUT]
SHORT = [path for path in SHARED if path not in LONG]


def relative(path: Path) -> str:
    return path.relative_to(TESTS).as_posix()


def check(interpreter: Interpreter, path: Path) -> None:
    done = run_micropython(interpreter, RUNNER, path)
    assert done.returncode == 0, done.stdout
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["failed"] == []
    assert result["passed"] > 0


def test_there_are_shared_tests() -> None:
    assert len(LONG) == len(CUT)
    assert SHORT


# The emulated board runs them on the older one.
@pytest.mark.newest
@pytest.mark.parametrize("path", SHORT, ids=relative)
def test_shared(micropython: Interpreter, path: Path) -> None:
    check(micropython, path)


@pytest.mark.parametrize("path", LONG, ids=relative)
def test_each_cut_on_the_newest(path: Path) -> None:
    found = interpreters()
    check(required(found[-1] if found else None), path)


@pytest.mark.heavy
@pytest.mark.parametrize("path", LONG, ids=relative)
def test_each_cut_on_all(micropython: Interpreter, path: Path) -> None:
    check(micropython, path)


# What the runner must report as failed: the end of the name, then the file.
BROKEN = [
    ("::test_a", "def test_a():\n    assert 1 == 2\n"),
    ("::test_a", "async def test_a():\n    assert 1 == 2\n"),
    ("::test_a", "def test_a():\n    raise SystemExit(0)\n"),
    ("::test_a", "def test_a():\n    raise MemoryError\n"),
    ("test_broken.py", "import no_such_module\n"),
    ("test_broken.py", "def test_a(:\n"),
    ("test_broken.py", "def tset_a():\n    pass\n"),
]


@pytest.mark.parametrize(("name", "source"), BROKEN)
def test_the_runner_reports(
    micropython: Interpreter, tmp_path: Path, name: str, source: str
) -> None:
    file = tmp_path / "test_broken.py"
    file.write_text(source)
    done = run_micropython(micropython, RUNNER, file)
    assert done.returncode == 1, done.stdout
    (failed,) = json.loads(done.stdout.splitlines()[-1])["failed"]
    assert failed.endswith(name)


def test_the_runner_counts_and_goes_on(micropython: Interpreter, tmp_path: Path) -> None:
    file = tmp_path / "test_mixed.py"
    file.write_text(
        "def test_a():\n    assert False\n\n"
        "async def test_b():\n    pass\n\n"
        "def test_c():\n    pass\n"
    )
    done = run_micropython(micropython, RUNNER, file)
    result = json.loads(done.stdout.splitlines()[-1])
    assert result == {"passed": 2, "failed": [f"{file}::test_a"]}
    assert "AssertionError" in done.stdout


def test_the_runner_takes_two_files_of_one_name(micropython: Interpreter, tmp_path: Path) -> None:
    files = [tmp_path / room / "test_a.py" for room in ("x", "y")]
    for file, verdict in zip(files, ("True", "False"), strict=True):
        file.parent.mkdir()
        file.write_text(f"def test_a():\n    assert {verdict}\n")
    done = run_micropython(micropython, RUNNER, *files)
    result = json.loads(done.stdout.splitlines()[-1])
    assert result == {"passed": 1, "failed": [f"{files[1]}::test_a"]}


def test_the_runner_fails_without_files(micropython: Interpreter) -> None:
    assert run_micropython(micropython, RUNNER).returncode == 1
