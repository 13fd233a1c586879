"""Every Python example of the README and of docs/ runs, against the mock server."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.examples import Example, examples
from support.interpreters import ROOT, Interpreter, run_micropython

from thinwire.testing import MockServer

README = (ROOT / "README.md").read_text("utf-8")
EXAMPLES = examples()
CHIP = [example for example in EXAMPLES if "sensor.log" in example.text]
# Those of docs/curl.md ask real addresses: tests/cpython/test_curl_page.py has them; those of
# docs/endpoints.md ask for more than chats: tests/cpython/test_endpoints.py.
SERVER = [
    example
    for example in EXAMPLES
    if "sensor.log" not in example.text and not example.name.startswith(("curl_", "endpoints_"))
]
ADDRESSES = (
    "https://openrouter.ai/api/v1",
    "https://api.openai.com/v1",
    "http://localhost:8000/v1",
)

# The presets' addresses are replaced as well, and each has its key.
PRESETS = """\
import os
import re
from thinwire.core.providers import presets
server = %r
presets._TEXT = re.sub('"base_url":"http[^"]*"', '"base_url":"' + server + '"', presets._TEXT)
for line in presets.names():
    for key in presets.named(line)["keys"]:
        os.environ[key] = "k"
os.environ["AZURE_OPENAI_ENDPOINT"] = server.rpartition("/")[0]
"""


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
    models = {"m": {"base_url": server.base_url}}
    (folder / "config.json").write_text(json.dumps({"models": models}))
    path = folder / "example.py"
    path.write_text(block, "utf-8")
    return path


def test_the_readme_has_its_examples() -> None:
    assert len(CHIP) == 1
    assert len(SERVER) >= 4
    assert README.index("make demo") < README.index("make test") < README.index("**One LLM")


def test_the_demo_works_on_both_runtimes() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples/demo.py")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    runtimes = [line.partition("  ")[0] for line in done.stdout.splitlines() if "backup" in line]
    assert "CPython" in str(runtimes), done.stdout
    assert "MicroPython" in str(runtimes), done.stdout


def test_the_first_example_works_as_it_is_written(tmp_path: Path) -> None:
    # Nothing is replaced but the port, which may be taken here.
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
    shell, first, output = re.findall(
        r"^```(?:sh|python|text)\n(.*?)^```",
        README[README.index("pip install .") - 9 :],
        re.M | re.S,
    )[:3]
    assert "thinwire mock --port 8000" in shell
    assert len(first.splitlines()) == 10
    path = tmp_path / "first.py"
    path.write_text(first.replace("8000", port))
    command = [sys.executable, "-m", "thinwire", "mock", "--port", port, "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as mock:
        try:
            assert mock.stdout is not None
            assert mock.stdout.readline().startswith("thinwire mock: listening")
            done = subprocess.run(
                [sys.executable, "-W", "error", str(path)],
                env={**os.environ, "NO_PROXY": "*"},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        finally:
            mock.terminate()
    assert (done.stdout, done.stderr) == (output, "")


@pytest.mark.parametrize("example", SERVER, ids=lambda example: example.name)
def test_an_example_for_servers(example: Example, server: MockServer, tmp_path: Path) -> None:
    path = script(tmp_path, PRESETS % server.base_url + example.text, server)
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
    done = run_micropython(micropython, script(tmp_path, CHIP[0].text, server), heapsize="320k")
    assert done.returncode == 0, done.stdout
    assert "21.5" in done.stdout
    (request,) = server.requests
    assert request.json()["messages"][0]["content"] == "21.5\n" * 1000
