"""Building firmware: what is said when something is missing, and what board manifests freeze."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from emulator.chip import emulated
from firmware import BOARDS
from firmware.caching import cached, digest
from firmware.port import firmware
from firmware.tree import tree
from micropython_probe import UnavailableError

REAL_BOARDS = {
    "ESP32_GENERIC": "esp32",
    "ESP32_GENERIC_S3": "esp32",
    "RPI_PICO_W": "rp2",
    "RPI_PICO2_W": "rp2",
}
LIBRARY = {"ntptime": "micropython", "ssl": "python-stdlib", "logging": "python-stdlib"}


@pytest.fixture
def small_tree(tmp_path: Path) -> Path:
    """As much of a MicroPython tree as is looked at before anything is built."""
    for port, board in (("rp2", "RPI_PICO_W"), ("esp32", "ESP32_GENERIC")):
        folder = tmp_path / "ports" / port / "boards" / board
        folder.mkdir(parents=True)
        (folder / "mpconfigboard.h").touch()
    (tmp_path / "py").mkdir()
    header = "#define MICROPY_VERSION_MAJOR 1\n#define MICROPY_VERSION_MINOR 26\n"
    (tmp_path / "py/mpconfig.h").write_text(header)
    return tmp_path


MISSING = [
    ("", "RPI_PICO_W", True, "PORT is not set; choose for instance rp2, esp32"),
    ("stm32", "RPI_PICO_W", True, "PORT=stm32 is none of the ports"),
    ("rp2", "RPI_PICO_W", False, "MPY_DIR says where MicroPython's sources are"),
    ("rp2", "", True, "BOARD is not set; choose for instance RPI_PICO_W"),
    ("rp2", "pico_w", True, "BOARD=pico_w is none of the boards of rp2; choose"),
    ("esp32", "ESP32_GENERIC", True, "idf.py is not on PATH"),
]


@pytest.mark.parametrize(("port", "board", "with_tree", "said"), MISSING)
def test_what_is_missing_is_said(
    port: str,
    board: str,
    with_tree: bool,
    said: str,
    small_tree: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("firmware.port.require", lambda *names: None)
    monkeypatch.setattr("shutil.which", lambda name, **_: None)
    with pytest.raises(UnavailableError) as caught:
        firmware(port, board, str(small_tree) if with_tree else "")
    assert str(caught.value).startswith(said)


def test_a_folder_that_is_no_tree_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="is not a tree of MicroPython's sources"):
        firmware("rp2", "RPI_PICO_W", str(tmp_path))


def test_a_tree_that_is_too_old_is_refused(small_tree: Path) -> None:
    header = small_tree / "py/mpconfig.h"
    header.write_text(header.read_text().replace("26", "23"))
    with pytest.raises(UnavailableError, match=r"1\.24 is needed"):
        firmware("rp2", "RPI_PICO_W", str(small_tree))


def test_a_cached_folder_is_made_again_when_its_key_changes(tmp_path: Path) -> None:
    source = tmp_path / "source"
    made = []
    for content in ("a", "a", "b"):
        source.write_text(content)
        cached(tmp_path / "made", digest([source]), lambda folder: made.append(folder.name))
    assert len(made) == 2


def test_a_cached_folder_that_failed_is_made_again(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise UnavailableError("no")

    with pytest.raises(UnavailableError):
        cached(tmp_path / "made", "key", fail)
    found = cached(tmp_path / "made", "key", lambda folder: (folder / "whole").touch())
    assert sorted(path.name for path in found.iterdir()) == ["made-from", "whole"]


# From here on with MicroPython's own tool, and thus its sources.


def micropython_tool() -> ModuleType:
    path = tree() / "tools/manifestfile.py"
    spec = importlib.util.spec_from_file_location("manifestfile", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def frozen(board: str, library: Path, options: str = "") -> list[Any]:
    """The files that a manifest gets which includes ours for that board, with `options`."""
    tool = micropython_tool()
    port = tree() / "ports" / REAL_BOARDS[board]
    places = {"MPY_DIR": tree(), "MPY_LIB_DIR": library, "PORT_DIR": port, "BOARD_DIR": ""}
    manifest = tool.ManifestFile(
        tool.MODE_FREEZE, {name: str(place) for name, place in places.items()}
    )
    manifest.execute(f"include('{BOARDS / board}/manifest.py', {options})")
    files: list[Any] = manifest.files()
    return files


def library(folder: Path) -> Path:
    """A micropython-lib that has every package a board of the tree asks for, and what we like."""
    manifests = (tree() / "ports").glob("*/boards/**/manifest.py")
    asked = {
        name for path in manifests for name in re.findall(r'require\("(.*?)"', path.read_text())
    }
    for name in asked | LIBRARY.keys():
        package = folder / LIBRARY.get(name, "micropython") / name
        package.mkdir(parents=True)
        (package / f"{name}.py").touch()
        (package / "manifest.py").write_text(f'metadata(version="1")\nmodule("{name}.py")\n')
    return folder


@emulated
@pytest.mark.parametrize("board", REAL_BOARDS)
def test_a_board_freezes_its_own_thinwire_and_the_library(board: str, tmp_path: Path) -> None:
    files = frozen(board, library(tmp_path))
    names = [file.target_path for file in files]
    assert len(names) == len(set(names))
    ours = [file for file in files if file.target_path.startswith("thinwire")]
    assert {"thinwire/__init__.py", "thinwire/core/client.py"} <= {one.target_path for one in ours}
    assert "thinwire_device/socket_transport.py" in names
    assert {one.opt for one in ours} == {3}
    assert {"bundle-networking.py", "neopixel.py", "asyncio/core.py"} <= set(names)
    assert {f"{name}.py" for name in LIBRARY} <= set(names)


@emulated
@pytest.mark.parametrize("board", REAL_BOARDS)
def test_a_tree_without_micropython_lib_breaks_nothing(board: str, tmp_path: Path) -> None:
    names = [file.target_path for file in frozen(board, tmp_path)]
    assert len(names) == len(set(names))
    assert {"asyncio/core.py", "thinwire/core/client.py"} <= set(names)
    assert "logging.py" not in names


@emulated
@pytest.mark.parametrize("board", REAL_BOARDS)
def test_a_board_leaves_out_what_it_is_told_to(board: str, tmp_path: Path) -> None:
    whole, less = (frozen(board, tmp_path, options) for options in ("", "roots=False"))
    left_out = {file.target_path for file in whole} - {file.target_path for file in less}
    assert left_out == {"thinwire_device/roots.py"}


_REFUSED = r"thinwire has no option rots=: .*, files, hedge, .*, roots, sentences, sse"


@emulated
@pytest.mark.parametrize("board", REAL_BOARDS)
def test_a_board_refuses_an_option_that_does_not_exist(board: str, tmp_path: Path) -> None:
    with pytest.raises(Exception, match=_REFUSED):
        frozen(board, tmp_path, "rots=False")


# Of a port's makefile, what runs the manifest.
_MAKEFILE = """all: ; {python} {tree}/tools/makemanifest.py -o $(BUILD)/frozen.c -b $(BUILD) \
  -v MPY_DIR={tree} -v MPY_LIB_DIR= -v PORT_DIR={tree}/ports/rp2 $(FROZEN_MANIFEST)
"""


@emulated
def test_a_build_shows_that_an_option_does_not_exist(
    small_tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (small_tree / "mpy-cross").mkdir()
    (small_tree / "mpy-cross/Makefile").write_text("all:\n")
    makefile = _MAKEFILE.format(python=sys.executable, tree=tree())
    (small_tree / "ports/rp2/Makefile").write_text(makefile)
    (tmp_path / "own/RPI_PICO_W").mkdir(parents=True)
    including = f"include('{BOARDS}/RPI_PICO_W/manifest.py', rots=False)\n"
    (tmp_path / "own/RPI_PICO_W/manifest.py").write_text(including)
    monkeypatch.setattr("firmware.port.BOARDS", tmp_path / "own")
    monkeypatch.setattr("firmware.port.TOOLS", tmp_path / "tools")
    monkeypatch.setattr("firmware.port.arm_compiler", dict)
    with pytest.raises(UnavailableError, match=_REFUSED):
        firmware("rp2", "RPI_PICO_W", str(small_tree))
