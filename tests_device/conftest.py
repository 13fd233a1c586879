"""The board that the tests of this folder talk to."""

import os
import sys
from collections.abc import Iterator
from subprocess import PIPE, STDOUT, CompletedProcess, run

import pytest
from bridge import Mpremote, board
from support.interpreters import interpreter_id, parameters, required


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run on the real board if there is one, else on every interpreter that setup found."""
    if "device" in metafunc.fixturenames:
        found = [None] if os.environ.get("DEVICE") else parameters()
        metafunc.parametrize("device", found, ids=interpreter_id, indirect=True, scope="module")


@pytest.fixture(scope="module")
def device(request: pytest.FixtureRequest) -> Iterator[str]:
    """What `mpremote connect` takes."""
    emulator = None if os.environ.get("DEVICE") else required(request.param)
    with board(emulator) as name:
        yield name


@pytest.fixture
def mpremote(device: str) -> Mpremote:
    """Run one mpremote command on the board: mpremote("exec", "print(1)")."""

    def command(*words: object, timeout: float = 60) -> CompletedProcess[str]:
        line = [sys.executable, "-m", "mpremote", "connect", device, *map(str, words)]
        return run(line, stdout=PIPE, stderr=STDOUT, text=True, timeout=timeout, check=False)

    return command
