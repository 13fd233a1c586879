"""A voice assistant in a heap of 192 KB: on the MicroPython that is built like a chip's (words of
32 bits, thinwire frozen), more sound than its heap has.
"""

from pathlib import Path

import pytest
from emulator.chip import SCRIPTS, emulated
from firmware import chiplike
from support.device_calls import result_of, script
from support.interpreters import ROOT, Interpreter, run_micropython

from thinwire.testing import MockServer, text_reply

pytestmark = emulated

PROGRAM = ROOT / "port_micropython/boards/thinwire_board/voice.py"
SENTENCE = "This is a sentence of some length, number one. "
SHORT, LONG = 2, 200
HEAP = "192k"
ENOUGH = 70_000  # bytes that are free while it speaks; two buffers of I2S take 16 KB of them
GROWTH = 100  # bytes for each sentence more, of which 47 are its text


@pytest.fixture(scope="module")
def interpreter() -> Interpreter:
    return Interpreter("chiplike", str(chiplike.interpreter()), "1.25.0")


def spoken(interpreter: Interpreter, folder: Path, sentences: int) -> tuple[int, int]:
    """Bytes that were heard of an answer, and the least heap that was free."""
    path = folder / "speak.py"
    source = PROGRAM.read_text("utf-8").replace("from machine import I2S, Pin\n", "")
    with MockServer() as server:
        server.reply("ears", text_reply("Tell me a story"))
        server.reply("m", text_reply(SENTENCE * sentences))
        path.write_text(
            script(str(SCRIPTS / "speaking.py"), "counted", server.base_url, source), "utf-8"
        )
        env = {"MICROPYPATH": ".frozen"}
        done = run_micropython(interpreter, path, heapsize=HEAP, env=env)
        assert server.errors == []
    heard, free = result_of(done.returncode, done.stdout)
    return heard, free


def test_a_long_answer_takes_no_more_than_a_short_one(
    interpreter: Interpreter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    short, before = spoken(interpreter, tmp_path, SHORT)
    long, after = spoken(interpreter, tmp_path, LONG)
    assert (short, long) == tuple(32 * len(SENTENCE.strip()) * count for count in (SHORT, LONG))
    assert long > 256 * 1024
    assert after > ENOUGH
    assert before - after < GROWTH * LONG
