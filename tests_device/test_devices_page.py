"""Every command of docs/devices.md, in its order: on the unix port, or as far as make shows it."""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import device_errors
import pytest
from bridge import Mpremote
from support.interpreters import ROOT

from thinwire.testing import MockServer, text_reply

PAGE = (ROOT / "docs/devices.md").read_text("utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
LINES = [line.partition("  #")[0].strip() for block in BLOCKS for line in block.splitlines()]
MAKE = [line for line in LINES if line.startswith("make ")]
STUBS = ROOT / "tests/micropython/board_stubs"

# What is not run here, and why.
ELSEWHERE = {
    ". .venv/bin/activate": "of the shell",
    "pip install esptool": "a test fetches nothing; test_flash.py has a stand-in for it",
    "mpremote mip install github:OWNER/thinwire": "a test fetches nothing",
    "mpremote repl": "interactive: test_board_examples.py types into main.py",
}
RUN = [line for line in LINES if line.startswith(("mpremote ", "cp ")) and line not in ELSEWHERE]
# A folder of the real board is /lib; of this one, it is in the folder that stands for its flash.
LIB = "import os, sys; sys.path.append(os.getcwd() + '/lib')"
FAILURES_THAT_ARE_FINE = ("mpremote mkdir ", "mpremote reset")


def test_every_command_is_run_or_said_not_to_be() -> None:
    assert [line for line in LINES if line not in (*MAKE, *RUN, *ELSEWHERE)] == []
    assert set(ELSEWHERE) <= set(LINES)
    assert len(RUN) >= 14
    assert len(MAKE) >= 7


@pytest.mark.parametrize("line", MAKE)
def test_make_knows_the_target(line: str) -> None:
    command = ["make", "-n", "--no-print-directory", *shlex.split(line)[1:]]
    env = {**os.environ, "MAKEFLAGS": ""}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for word in shlex.split(line)[2:]:  # every setting is used
        assert word.partition("=")[2] in done.stdout or word in ("ERASE=1", "DEVICE=/dev/ttyACM0")


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder like this repository, to work in as the page does.

    thinwire's files are as many, but short: 400 KB over a slow line would take minutes, and what
    is imported here is found elsewhere. That the files are enough, test_readme_files.py shows.
    """
    folders = ("src/thinwire/core", "src/thinwire/compat", "port_micropython/thinwire_device")
    for name in folders:
        shutil.copytree(ROOT / name, tmp_path / name, copy_function=_first_line, ignore=_UNWANTED)
    for name in ("__init__.py", "parts.py", "sse.py", "transport.py"):
        _first_line(str(ROOT / "src/thinwire" / name), str(tmp_path / "src/thinwire" / name))
    for name in ("examples", "port_micropython/boards", "package.json"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "photo.jpg").write_bytes(b"a picture")
    monkeypatch.chdir(tmp_path)
    return tmp_path


_UNWANTED = shutil.ignore_patterns("__pycache__")


def _first_line(source: str, target: str) -> str:
    Path(target).write_text(Path(source).read_text("utf-8").partition("\n")[0] + "\n", "utf-8")
    return target


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        running.reply("m", text_reply("Hello from the page"))
        yield running


@pytest.mark.newest
@pytest.mark.skipif(bool(os.environ.get("DEVICE")), reason="would rewrite a real board")
def test_the_page_from_top_to_bottom(mpremote: Mpremote, clone: Path, server: MockServer) -> None:
    for stub in sorted(STUBS.glob("*.py")):
        assert mpremote("fs", "cp", stub, f":{stub.name}").returncode == 0
    assert mpremote("exec", LIB).returncode == 0
    said = {}
    for line in RUN:
        said[line] = _do(line, mpremote, clone, server)
    assert said["mpremote run examples/chip_chat.py"].startswith("Hello from the page\n")
    assert len(server.requests) == 1
    _check_flash(mpremote)


def _do(line: str, mpremote: Mpremote, clone: Path, server: MockServer) -> str:
    program, *words = shlex.split(line)
    if program == "cp":
        shutil.copy(words[0], words[1])
        _edit(clone / words[1], server)
        return ""
    done = mpremote(*words)
    assert done.returncode == 0 or line.startswith(FAILURES_THAT_ARE_FINE), (
        f"{line}: {done.stdout}"
    )
    return done.stdout


def _edit(config: Path, server: MockServer) -> None:
    # What the page asks its reader to do.
    settings = json.loads(config.read_text())
    config.write_text(json.dumps({**settings, "base_url": server.base_url, "model": "m"}))


def _check_flash(mpremote: Mpremote) -> None:
    """What the commands have left on the board."""
    there = mpremote("exec", "import os, json; print(json.dumps(os.listdir()))").stdout
    assert {"boot.py", "main.py", "config.json", "settings.json", "lib"} <= set(json.loads(there))
    assert "photo.jpg" in json.loads(there)
    lib = mpremote("exec", "import os, json; print(json.dumps(os.listdir('lib')))").stdout
    assert set(json.loads(lib)) == {"thinwire", "thinwire_device", "thinwire_board"}
    listed = json.loads((ROOT / "package.json").read_text())["urls"]
    looks = f"import os; [os.stat('lib/' + name) for name, _ in {listed!r}]"
    found = mpremote("exec", looks)
    assert found.returncode == 0, found.stdout


def test_a_folder_that_is_mounted_has_thinwire(mpremote: Mpremote) -> None:
    # What `make device-shell` mounts; its prompt is for people, so something else is run.
    look = "import sys; sys.path[:0] = ('src', 'port_micropython'); import thinwire;"
    look += "import thinwire_device as d; print(thinwire.__file__, d.__file__)"
    done = mpremote("mount", ROOT, "exec", look)
    assert done.returncode == 0, done.stdout
    found = done.stdout.splitlines()[-1].split()
    assert found == ["src/thinwire/__init__.py", "port_micropython/thinwire_device/__init__.py"]


def test_the_errors_on_the_page_are_those_of_the_code() -> None:
    # `python tools/device_errors.py` writes them anew.
    assert device_errors.page() == PAGE


def test_every_table_of_errors_is_read() -> None:
    values = device_errors.constants(device_errors.ERRNOS.read_text("utf-8"))
    tables = [name for name, value in values.items() if isinstance(value, str) and "\n" in value]
    assert set(tables) == set(device_errors._NUMBERS)
    page = "\n".join(device_errors.rows(values))
    assert "| ESP32 | 118 |" in page
    assert "“expired”" in page


def test_a_page_without_its_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="markers"):
        device_errors.replaced("nothing", "x")
