"""The exoclaw face in real firmware on an emulated RP2040: a streamed turn, a tool call, errors."""

import sys

from emulator.chip import ADDRESS, Chip, emulated

from thinwire.testing import MockServer, status_reply, tool_reply

pytestmark = emulated
pytest_plugins = ["emulator.fixtures"]

FILE = "exoclaw_turns.py"
CALL = [["call_1", "look", {"a": 1}]]
ENOUGH = 110_000  # bytes of heap that a turn leaves to the program around it


def url_of(server: MockServer) -> str:
    return server.base_url.replace("127.0.0.1", ADDRESS)


def test_answers_calls_rescues_and_errors(chip: Chip, plain_server: MockServer) -> None:
    plain_server.reply("m", tool_reply([("look", {"a": 1})], text="Let me look"))
    plain_server.reply("busy", status_reply(503))
    plain_server.reply("full", status_reply(400, "context_length_exceeded"))
    plain_server.reply("refused", status_reply(401, "who are you"))
    found = chip.call(FILE, "outcomes", url_of(plain_server))
    streamed, heard, rescued, full, refused = found
    assert streamed[:3] == rescued[:3] == ["Let me look", CALL, "tool_calls"]
    assert heard == ["Let", " me", " look"]
    assert full[0] == "ContextWindowExceededError"
    assert refused == ["StatusError", "status 401: who are you", True]
    assert plain_server.requests[0].json()["messages"] == [{"role": "user", "content": "hello"}]


def test_it_is_frozen_and_leaves_a_heap(chip: Chip, plain_server: MockServer) -> None:
    found = chip.call(FILE, "standing", url_of(plain_server))
    # A file of the flash would have a path that starts with a slash, or with lib.
    assert found["file"] == "thinwire/compat/exoclaw/provider.py"
    print(f"free: {found}", file=sys.stderr)
    assert found["after a turn"] > ENOUGH
