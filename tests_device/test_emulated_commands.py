"""What a maker does with mpremote, on real firmware: copy, mount, run the examples as they are."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from emulator.chip import ADDRESS, Chip, emulated
from support.certificates import Authority
from support.interpreters import ROOT

from thinwire.testing import MockServer, text_reply

pytestmark = emulated
pytest_plugins = ["emulator.fixtures"]

CHAT = ROOT / "examples/chip_chat.py"
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
HTTPS = 443
README_HOST = "openrouter.ai"

# The example trusts the roots that are frozen in: ours takes their places, in memory.
OWN_ROOT = """
import thinwire_device.roots as roots
with open("ca.der", "rb") as file:
    own = file.read()
roots.ROOTS = tuple([(name, own) for name, _ in roots.ROOTS])
"""


@pytest.fixture
def readme_server(chip: Chip, trusted: Authority) -> Iterator[MockServer]:
    """Stands where the README's example expects a server."""
    with MockServer(ssl_context=trusted.server(README_HOST)) as server:
        chip.board.redirected[HTTPS] = server.port
        yield server
        del chip.board.redirected[HTTPS]


def copy(chip: Chip, folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    done = chip.board.mpremote("fs", "cp", folder / name, f":{name}")
    assert done.returncode == 0, done.stdout


@pytest.mark.heavy
def test_a_file_goes_there_and_back(chip: Chip, tmp_path: Path) -> None:
    content = bytes(range(256)) * 64
    copy(chip, tmp_path, "there.bin", content)
    done = chip.board.mpremote("fs", "cp", ":there.bin", tmp_path / "back.bin")
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "back.bin").read_bytes() == content
    assert chip.board.mpremote("fs", "rm", ":there.bin").returncode == 0


def test_a_mounted_folder_is_imported_from(chip: Chip, tmp_path: Path) -> None:
    (tmp_path / "mounted.py").write_text("import thinwire\nFOUND = thinwire.__version__\n")
    done = chip.board.mpremote("mount", tmp_path, "exec", "import mounted; print(mounted.FOUND)")
    assert done.returncode == 0, done.stdout
    version = re.search(r'__version__ = "(.*)"', (ROOT / "src/thinwire/__init__.py").read_text())
    assert version is not None
    assert done.stdout.splitlines()[-1] == version[1]


@pytest.mark.heavy
def test_the_example_of_a_chat(chip: Chip, plain_server: MockServer, tmp_path: Path) -> None:
    plain_server.reply("m", text_reply("Grüße vom Server"))
    base_url = plain_server.base_url.replace("127.0.0.1", ADDRESS)
    settings = {"base_url": base_url, "model": "m", "prompt": "hi"}  # by http goes no key
    copy(chip, tmp_path, "settings.json", json.dumps(settings).encode())
    done = chip.online("run", CHAT)
    assert done.returncode == 0, done.stdout
    said = done.stdout.splitlines()
    assert said[0] == "Grüße vom Server"
    assert said[1].startswith("first token after ")
    (request,) = plain_server.requests
    assert request.json()["messages"] == [{"role": "user", "content": "hi"}]


def test_the_readme_example_word_for_word(
    chip: Chip, readme_server: MockServer, trusted: Authority, tmp_path: Path
) -> None:
    (block,) = [block for block in BLOCKS if "sensor.log" in block]
    assert f"https://{README_HOST}/" in block
    log = "21.5\n" * 400
    copy(chip, tmp_path, "ca.der", trusted.der)
    copy(chip, tmp_path, "sensor.log", log.encode())
    (tmp_path / "example.py").write_text(block)
    done = chip.online("exec", OWN_ROOT, "run", tmp_path / "example.py")
    assert done.returncode == 0, done.stdout
    (request,) = readme_server.requests
    assert request.json()["messages"] == [{"role": "user", "content": log}]
    assert done.stdout.replace("\r\n", "\n").strip() == log.strip()


def test_the_built_in_roots_refuse_our_server(
    chip: Chip, readme_server: MockServer, tmp_path: Path
) -> None:
    (block,) = [block for block in BLOCKS if "sensor.log" in block]
    (tmp_path / "example.py").write_text(block)
    copy(chip, tmp_path, "sensor.log", b"21.5\n")
    done = chip.online("run", tmp_path / "example.py")
    assert done.returncode == 1
    assert "certificate is refused" in done.stdout
    assert readme_server.requests == []
