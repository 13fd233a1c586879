"""The shared tests on MicroPython built like a chip: words and floats of 32 bits, a chip's TLS."""

import json
from pathlib import Path

import pytest
from emulator.chip import emulated
from firmware import chiplike
from support.interpreters import ROOT, Interpreter, run_micropython

RUNNER = ROOT / "tests/micropython/runner.py"
TESTS = ROOT / "tests/shared"
SHARED = sorted(TESTS.rglob("test_*.py"))
# Streams that are cut at each byte are heavy here: with each change the newest has them.
CUT = ("test_stream.py", "test_stream_endings.py", "test_responses_answer.py")
CUT += ("test_anthropic_answer.py", "test_think_tags.py")


@pytest.fixture(scope="module")
def chip() -> Interpreter:
    path = chiplike.interpreter()
    return Interpreter("chiplike", str(path), "1.25.0")


@emulated
@pytest.mark.parametrize(
    "path",
    [pytest.param(one, marks=pytest.mark.heavy if one.name in CUT else ()) for one in SHARED],
    ids=[one.relative_to(TESTS).as_posix() for one in SHARED],
)
def test_shared(chip: Interpreter, path: Path) -> None:
    done = run_micropython(chip, RUNNER, path)
    assert done.returncode == 0, done.stdout
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["failed"] == []
    assert result["passed"] > 0
