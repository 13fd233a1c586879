"""An agent with ten tools and 200 turns in a heap of 192 KB: on the MicroPython that is built like
a chip's (words of 32 bits, thinwire frozen), its conversation in a file.
"""

import os
from pathlib import Path
from typing import Any

import pytest
from emulator.chip import emulated
from firmware import chiplike
from support.agent import calls, serve
from support.device_calls import result_of, script
from support.interpreters import Interpreter, run_micropython

# Each leg of 200 turns takes most of a minute: with each change one lives on for a fifth of that.
FULL = bool(os.environ.get("THINWIRE_FULL"))
TURNS = 200 if FULL else 40
HEAP = "192k"
# Bytes of a file that a tool hands back. A conversation has all of it in a line of its history.
NOTES = {"file": 50_000, "conversation": 1000}
GROWTH = 2000  # bytes, ten for each turn
LIMIT_S = 900


@pytest.fixture(scope="module")
def chip() -> Interpreter:
    return Interpreter("chiplike", str(chiplike.interpreter()), "1.25.0")


def legs() -> list[Any]:
    found = []
    for blocking in (False, True):
        for kept in NOTES:
            light = kept == "conversation" and not blocking
            name = f"{'blocking' if blocking else 'asyncio'}-{kept}"
            marks = () if light else pytest.mark.heavy
            found.append(pytest.param(blocking, kept, id=name, marks=marks))
    return found


@emulated
@pytest.mark.parametrize(("blocking", "kept"), legs())
def test_an_agent_lives_on(
    chip: Interpreter, tmp_path: Path, blocking: bool, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with serve() as server:
        path = tmp_path / "agent.py"
        arguments = (server.base_url, TURNS, blocking, NOTES[kept], kept)
        path.write_text(script("agent.py", "agent", *arguments), "utf-8")
        done = run_micropython(
            chip, path, heapsize=HEAP, timeout=LIMIT_S, env={"MICROPYPATH": ".frozen"}
        )
        result = result_of(done.returncode, done.stdout)
        assert server.errors == []
    assert result["wrong"] == []
    assert result["calls"] == calls(TURNS)
    used, largest = zip(*result["marks"], strict=True)
    print(f"used {used[0]} to {max(used)}, in one piece {min(largest)}, on disk {result['size']}")
    assert used[-1] - used[0] < GROWTH, result["marks"]
