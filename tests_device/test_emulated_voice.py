"""A voice assistant on an emulated RP2040: the board's own program, over simulated I2S."""

import sys

import pytest
from emulator.chip import ADDRESS, SCRIPTS, Chip, emulated
from support.interpreters import ROOT

from thinwire.testing import MockCompletion, MockServer, Stall, sound_of, text_reply

pytestmark = emulated
pytest_plugins = ["emulator.fixtures"]

SPEAKING = SCRIPTS / "speaking.py"
PROGRAM = ROOT / "port_micropython/boards/thinwire_board/voice.py"
ENOUGH = 60_000  # bytes of heap that a turn leaves


def source() -> str:
    text = PROGRAM.read_text("utf-8")
    return text.replace("from machine import I2S, Pin\n", "")


@pytest.mark.heavy
def test_a_voice_speaks_and_is_interrupted(chip: Chip, plain_server: MockServer) -> None:
    plain_server.reply("ears", text_reply("What time is it?"), text_reply("Stop it"))
    plain_server.reply("m", text_reply("It is noon. There was a fox."), text_reply("Fine."))
    # Pressed at the end of a second sentence whose sound does not end: 8192 bytes are in I2S.
    story = MockCompletion([{"content": "b" * 125}], ending=(Stall(),))
    plain_server.reply("mouth", text_reply("a" * 250), story, text_reply("Fine."))
    looks = [0, *[1] * 4, 0, 0, 12_000, *[1] * 4, 0]
    base_url = plain_server.base_url.replace("127.0.0.1", ADDRESS)
    got = chip.call(SPEAKING, "speak", base_url, source(), 2, looks)
    assert got["kept"] == ["What time is it?", "It is ", "Stop it", "Fine."]
    sound = sound_of("a" * 250) + sound_of("b" * 125) + sound_of("Fine.")
    assert (got["bytes"], got["sum"]) == (len(sound), sum(sound) & 0xFFFFFF)
    print(f"free heap before and while it speaks: {got['free']}", file=sys.stderr)
    assert got["free"][1] > ENOUGH
    assert plain_server.errors == []
    recording = plain_server.requests[0].form()
    assert isinstance(recording["file"], bytes)
    assert len(recording["file"]) == 44 + 4 * 1024
