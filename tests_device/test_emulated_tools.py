"""Rounds of tools of real firmware on an emulated RP2040."""

import json
import sys

import pytest
from emulator.chip import ADDRESS, SCRIPTS, Chip, emulated
from support.interpreters import ROOT

from thinwire.testing import MockServer, text_reply, tool_reply

pytestmark = [emulated, pytest.mark.heavy]  # minutes, with the others; voice stands for them
pytest_plugins = ["emulator.fixtures"]

BOARD = ROOT / "port_micropython/boards/thinwire_board"


def test_the_sensor_loop_of_the_boards(chip: Chip, plain_server: MockServer) -> None:
    copied = chip.board.mpremote("fs", "cp", "-r", BOARD, ":")
    assert copied.returncode == 0, copied.stdout
    rounds = [
        tool_reply([("read_sensor", {}), ("set_switch", {"on": True})]),
        tool_reply([("set_switch", {"on": "off"})]),
        text_reply("It was warm, the fan is on."),
    ]
    plain_server.reply("m", *rounds, *rounds)
    base_url = plain_server.base_url.replace("127.0.0.1", ADDRESS)
    got = chip.call(SCRIPTS / "sensing.py", "once", base_url)
    before, first, second = got["free"]
    print(f"free heap before, after a run, after another: {got['free']}", file=sys.stderr)
    assert got["said"] == ["It was warm, the fan is on."] * 2
    assert got["switched"] == [True, True]
    messages = plain_server.requests[2].json()["messages"]
    results = [json.loads(one["content"]) for one in messages if one["role"] == "tool"]
    assert results[:2] == [{"celsius": 27.5}, {"on": True}]
    assert results[2]["error"].startswith("the arguments do not fit: on: ")
    # What is loaded with the first run stays; nothing else does.
    assert before - first < 16_000
    assert first - second < 500
