"""Damaged answers end as an answer or as an error of ours: never otherwise, on any transport.

THINWIRE_FUZZ is the number of answers for each transport, which the default keeps small, and
THINWIRE_FUZZ_SEED the seed of the first; each further one has the next number.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fuzzing import answer
from support.interpreters import ROOT, Interpreter, run_micropython

from thinwire.testing import MockServer

COUNT = int(os.environ.get("THINWIRE_FUZZ", "300"))
FIRST = int(os.environ.get("THINWIRE_FUZZ_SEED", "0"))
SCRIPT = ROOT / "tests/wire/fuzz.py"
KINDS = ("async", "sync")
TIMEOUT = 300 + COUNT  # seconds


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer(keep_bodies=False, keep_limit=0) as running:
        running.reply("*", answer)
        yield running


def judge(output: str) -> None:
    counts = json.loads(output.splitlines()[-1])
    assert counts["answers"] + counts["errors"] == COUNT, counts
    # Of the undamaged tenth, half are streams that end in an error of the server's.
    assert counts["whole"] >= COUNT // 10 // 4, counts
    assert counts["errors"] >= COUNT // 5, counts


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "on", [[], [ROOT / "tests/support/on_sockets.py"]], ids=["httpx", "sockets"]
)
def test_on_cpython(server: MockServer, kind: str, on: list[Path]) -> None:
    command = [sys.executable, "-W", "error", *map(str, on), str(SCRIPT)]
    done = subprocess.run(
        [*command, server.base_url, str(FIRST), str(COUNT), kind],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    judge(done.stdout)


@pytest.mark.parametrize("kind", KINDS)
def test_sockets(micropython: Interpreter, server: MockServer, kind: str) -> None:
    # A heap this small would not survive anything that is kept from one answer to the next.
    arguments = (server.base_url, str(FIRST), str(COUNT), kind)
    done = run_micropython(micropython, SCRIPT, *arguments, heapsize="320k", timeout=TIMEOUT)
    assert done.returncode == 0, done.stdout
    judge(done.stdout)
