"""A full heap keeps a conversation whole: on the chip-like MicroPython each allocation of a turn
fails, one turn after the other. The history is as it was or has the turn, the caller is told, and
the next turn of the session begins.

`make test` takes a sample, THINWIRE_FULL each allocation.
"""

import os
from pathlib import Path

import pytest
from emulator.chip import emulated
from firmware import chiplike
from support.device_calls import result_of, script
from support.interpreters import Interpreter, run_micropython

from thinwire.testing import MockServer, text_reply

FULL = bool(os.environ.get("THINWIRE_FULL"))
STEP = 1 if FULL else 37
ALWAYS = 10**6  # allocations in a row that fail
HEAP = "400k"
LIMIT_S = 900


@pytest.fixture(scope="module")
def chip() -> Interpreter:
    return Interpreter("chiplike", str(chiplike.interpreter()), "1.25.0")


@emulated
@pytest.mark.parametrize("times", [1, ALWAYS], ids=["one fails", "all fail from one on"])
@pytest.mark.parametrize("kept", ["in memory", "in a file"])
def test_a_full_heap_keeps_a_conversation_whole(
    chip: Interpreter, tmp_path: Path, kept: str, times: int
) -> None:
    folder = str(tmp_path / "chats") if kept == "in a file" else ""
    with MockServer() as server:
        server.reply("m", text_reply("answer text here"))
        arguments = (server.base_url, folder, times, 1, STEP)
        path = tmp_path / "turns.py"
        path.write_text(script("talk_heap.py", "turns", *arguments), "utf-8")
        frozen = {"MICROPYPATH": ".frozen"}
        done = run_micropython(chip, path, heapsize=HEAP, timeout=LIMIT_S, env=frozen)
        count, seen, wrong = result_of(done.returncode, done.stdout)
        assert server.errors == []
    print(count, seen)
    assert wrong == []
    assert set(seen) <= {"answer", "OutOfMemory", "MemoryError"}
    assert seen["answer"] >= 3
    assert count > 3000 / STEP
