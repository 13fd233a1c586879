"""An agent with ten tools, its conversation in a file: memory does not grow with the turns. With
thinwire compiled onto the same heap; tests_device/test_agent_heap.py has it frozen, in 192 KB.
"""

from pathlib import Path

import pytest
from support.agent import calls, serve
from support.device_calls import call
from support.interpreters import Interpreter

TURNS = 40
HEAP = "512k"
_GROWTH = 50  # bytes for each turn; the smallest object has 32


@pytest.mark.parametrize("kept", [pytest.param("file", marks=pytest.mark.heavy), "conversation"])
@pytest.mark.parametrize(
    "blocking",
    [False, pytest.param(True, marks=pytest.mark.heavy)],
    ids=["asyncio", "blocking"],
)
def test_an_agent_lives_on(
    micropython: Interpreter,
    tmp_path: Path,
    blocking: bool,
    kept: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    with serve() as server:
        arguments = (server.base_url, TURNS, blocking, 1000, kept)
        result = call(micropython, tmp_path, "agent.py", "agent", *arguments, heapsize=HEAP)
        assert server.errors == []
    assert result["wrong"] == []
    assert result["calls"] == calls(TURNS)
    used = [mark[0] for mark in result["marks"]]
    assert used[-1] - used[0] < _GROWTH * TURNS, result["marks"]
