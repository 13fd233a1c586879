"""Conversations of real firmware on an emulated RP2040: their history is on its flash."""

import sys

import pytest
from emulator.chip import ADDRESS, SCRIPTS, Chip, emulated
from support.interpreters import ROOT

from thinwire.testing import MockServer, status_reply, text_reply

pytestmark = [emulated, pytest.mark.heavy]  # minutes, with the others; voice stands for them
pytest_plugins = ["emulator.fixtures"]

TALKING = SCRIPTS / "talking.py"
BOARD = ROOT / "port_micropython/boards/thinwire_board"


def plain(server: MockServer) -> str:
    return server.base_url.replace("127.0.0.1", ADDRESS)


def test_a_turn_is_interrupted(chip: Chip, plain_server: MockServer) -> None:
    plain_server.reply("m", text_reply("Grüße from here"))
    got = chip.call(TALKING, "interrupted", plain(plain_server))
    print(f"free heap without, with a conversation, in a turn: {got['free']}", file=sys.stderr)
    assert [one["content"] for one in got["kept"]] == [
        *("one", "Grüße from here"),
        *("two", "Grüß"),
        *("three", "Grüße from here"),
    ]
    assert got["kept"][3]["_interrupted"] is True
    sent = plain_server.requests[-1].json()["messages"]
    assert sent[0] == {"role": "system", "content": "Be brief."}
    assert sent[4] == {"role": "assistant", "content": "Grüß"}
    assert got["free"][0] - got["free"][1] < 16_000


def test_the_chat_of_the_boards(chip: Chip, plain_server: MockServer) -> None:
    copied = chip.board.mpremote("fs", "cp", "-r", BOARD, ":")
    assert copied.returncode == 0, copied.stdout
    replies = [text_reply("one"), status_reply(400), text_reply("two"), text_reply("three")]
    plain_server.reply("m", *replies)
    kept = chip.call(TALKING, "chat", plain(plain_server), "/new", "1", "failing", "2", "3")
    assert kept == ["1", "one", "2", "two", "3", "three"]
    # After a reset it goes on, and as much is sent as max_messages says.
    kept = chip.call(TALKING, "chat", plain(plain_server), "4")
    assert kept == ["1", "one", "2", "two", "3", "three", "4", "three"]
    sent = plain_server.requests[-1].json()["messages"]
    assert [one["content"] for one in sent] == ["Be brief.", "3", "three", "4"]
