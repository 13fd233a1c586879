"""Every Python example of the README runs, against the mock server instead of the internet."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.interpreters import ROOT, Interpreter, run_micropython

from thinwire.testing import MockServer

README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
CHIP = [block for block in BLOCKS if "sensor.log" in block]
SERVER = [block for block in BLOCKS if "sensor.log" not in block]
ADDRESSES = (
    "https://openrouter.ai/api/v1",
    "https://api.openai.com/v1",
    "http://localhost:8000/v1",
)


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running


def script(folder: Path, block: str, server: MockServer) -> Path:
    """The example as a file, its addresses replaced, beside the files it reads."""
    for address in ADDRESSES:
        block = block.replace(address, server.base_url)
    (folder / "notes.txt").write_text("some notes")
    (folder / "sensor.log").write_text("21.5\n" * 1000)
    (folder / "photo.jpg").write_bytes(bytes(range(256)))
    path = folder / "example.py"
    path.write_text(block, "utf-8")
    return path


def test_the_readme_has_its_examples() -> None:
    assert len(CHIP) == 1
    assert len(SERVER) >= 4
    assert README.index("make demo") < README.index("make test") < README.index("**One LLM")


@pytest.mark.parametrize("block", SERVER, ids=lambda block: block.split("\n\n")[-1][:30])
def test_an_example_for_servers(block: str, server: MockServer, tmp_path: Path) -> None:
    path = script(tmp_path, block, server)
    command = [sys.executable, "-W", "error", str(path)]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert server.errors == []


def test_the_example_for_a_chip(
    micropython: Interpreter, server: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run_micropython(micropython, script(tmp_path, CHIP[0], server), heapsize="320k")
    assert done.returncode == 0, done.stdout
    assert "21.5" in done.stdout
    (request,) = server.requests
    assert request.json()["messages"][0]["content"] == "21.5\n" * 1000
