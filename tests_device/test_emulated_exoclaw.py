"""The exoclaw face in real firmware on an emulated RP2040: a streamed turn, a tool call, errors;
and exoclaw's own agent loop above it.
"""

import sys
from pathlib import Path

import pytest
from emulator.chip import ADDRESS, SCRIPTS, Chip, emulated
from size import compile_for_device
from support.exoclaw_files import staged

from thinwire.testing import (
    MockReply,
    MockServer,
    RecordedRequest,
    status_reply,
    text_reply,
    tool_reply,
)

pytestmark = [emulated, pytest.mark.heavy]  # minutes, with the others; voice stands for them
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


def packed(folder: Path) -> Path:
    """exoclaw, compiled, as one file for emulated/unpack.py: many small ones take minutes."""
    sources, archive = staged(folder / "exoclaw"), folder / "packed"
    with archive.open("wb") as data:
        for path in sorted(sources.rglob("*.py")):
            name = path.relative_to(sources).as_posix()
            size = compile_for_device(path, name, folder)
            data.write(f"lib/{name.removesuffix('.py')}.mpy {size}\n".encode())
            data.write((folder / "out.mpy").read_bytes())
    return archive


def say_tool_result(request: RecordedRequest) -> MockReply:
    return text_reply("The tool said " + request.json()["messages"][-1]["content"])(request)


@pytest.mark.heavy
def test_the_agent_loop_of_exoclaw_calls_a_tool(
    chip: Chip, plain_server: MockServer, tmp_path: Path
) -> None:
    copied = chip.board.mpremote("fs", "cp", packed(tmp_path), ":packed", timeout=600)
    assert copied.returncode == 0, copied.stdout
    assert chip.call(SCRIPTS / "unpack.py", "unpack", "packed", timeout=600) > 20
    plain_server.reply("m", tool_reply([("add", {"a": 2, "b": 40})]), say_tool_result)
    url = url_of(plain_server)
    answer, heard, roles, free = chip.call(FILE, "agent_turn", url, timeout=600)
    print(f"free beside the agent loop: {free}", file=sys.stderr)
    assert answer == "The tool said 42"
    assert heard == [
        "The",
        " tool",
        " said",
        " 42",
        [["stream_end", True], ["stream_final", True]],
    ]
    assert roles == ["system", "user", "assistant", "tool", "assistant"]
    first, second = [request.json() for request in plain_server.requests]
    assert first["user"] == second["user"] == "cli:direct"
    assert free > ENOUGH // 2
