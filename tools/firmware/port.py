"""Firmware for a board of the user's, from a MicroPython tree of the user's."""

import difflib
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from micropython_probe import UnavailableError

from firmware import BOARDS, TOOLS
from firmware.building import build, jobs, require
from firmware.compiler import arm_compiler

PORTS = ("rp2", "esp32")
_OLDEST = (1, 24)
_RESULTS = ("firmware.uf2", "firmware.bin")

_NO_TREE = """MPY_DIR says where MicroPython's sources are, 1.24 or newer:
  git clone --depth 1 --branch v1.26.1 <the address of micropython's repository>
  make -C micropython/ports/{port} BOARD={board} submodules
  make firmware PORT={port} BOARD={board} MPY_DIR=micropython"""

_NO_IDF = """idf.py is not on PATH: install the ESP-IDF that this MicroPython wants
(its ports/esp32/README.md says which), and source its export.sh in this shell."""

# For boards that have no manifest of ours.
_MANIFEST = "include({shared!r}, board={board!r})\n"


def firmware(port: str, board: str, mpy_dir: str) -> Path:
    """Build the firmware of a board with thinwire frozen in.

    Args:
        port: "rp2" or "esp32".
        board: name of a folder of the port's boards, e.g. "RPI_PICO_W".
        mpy_dir: the MicroPython tree; nothing but its mpy-cross is built inside it.

    Returns:
        What to put onto the board.

    Raises UnavailableError, with what to do, where something is missing or the build fails.
    """
    _choose(port, PORTS, "PORT", "ports")
    if not mpy_dir:
        raise UnavailableError(_NO_TREE.format(port=port, board=board or "RPI_PICO_W"))
    tree = Path(mpy_dir).resolve()
    _check(tree)
    boards = tree / "ports" / port / "boards"
    known = sorted(path.parent.name for path in boards.glob("*/mpconfigboard.h"))
    _choose(board, known, "BOARD", f"boards of {port}")
    tools = _toolchain(port)
    folder = TOOLS / "firmware" / f"{port}-{board}"
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "log"
    build(["make", jobs(), "-C", str(tree / "mpy-cross")], log=log, env=tools)
    manifest = _manifest(boards, board, folder)
    words = [f"BOARD={board}", f"BUILD={folder}/build", f"FROZEN_MANIFEST={manifest}"]
    build(["make", jobs(), "-C", str(boards.parent), *words], log=log, env=tools)
    return next(path for name in _RESULTS if (path := folder / "build" / name).exists())


def _choose(given: str, known: Iterable[str], variable: str, what: str) -> None:
    if given in (known := list(known)):
        return
    close = difflib.get_close_matches(given.upper(), known, cutoff=0.5) or known
    said = f"{variable}={given} is none of the {what}" if given else f"{variable} is not set"
    raise UnavailableError(f"{said}; choose for instance {', '.join(close[:8])}")


def _check(tree: Path) -> None:
    header = tree / "py" / "mpconfig.h"
    if not header.exists():
        raise UnavailableError(f"MPY_DIR={tree} is not a tree of MicroPython's sources")
    found = re.findall(r"define MICROPY_VERSION_(?:MAJOR|MINOR) (\d+)", header.read_text())
    version = tuple(int(number) for number in found)
    if version < _OLDEST:
        raise UnavailableError(f"the MicroPython in {tree} is {version}: 1.24 is needed")


def _toolchain(port: str) -> dict[str, str]:
    if port == "rp2":
        return arm_compiler()
    require("make", "cmake")
    if shutil.which("idf.py") is None:
        raise UnavailableError(_NO_IDF)
    return {}


def _manifest(boards: Path, board: str, folder: Path) -> Path:
    """Ours for that board, else one that adds thinwire to the board's own."""
    ours = BOARDS / board / "manifest.py"
    if ours.exists():
        return ours
    own = boards / board / "manifest.py"
    usual = own if own.exists() else boards / "manifest.py"
    path = folder / "manifest.py"
    path.write_text(_MANIFEST.format(shared=str(BOARDS / "manifest.py"), board=str(usual)))
    return path
