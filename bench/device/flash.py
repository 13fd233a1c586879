"""What thinwire needs of a chip's flash: bytecode and data of the frozen modules."""

import os
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

from firmware import TOOLS
from firmware.compiler import arm_compiler
from firmware.emulated import firmware
from firmware.tree import tree
from micropython_probe import run
from size import compile_for_device, device_files

from bench.device import ROOT

_BUILD = TOOLS / "firmware" / "emulated-build"
_FLAGS = ("C_DEFINES", "C_INCLUDES", "C_FLAGS")
_WITHOUT = 'include("$(MPY_DIR)/extmod/asyncio")\n'
_WITH = _WITHOUT + f'include("{ROOT}/manifest.py")\n'


def mpy_bytes() -> int:
    """Bytes of all .mpy files, as they would be copied onto a board."""
    with tempfile.TemporaryDirectory() as folder:
        files = device_files()
        return sum(compile_for_device(source, name, Path(folder)) for source, name in files)


def frozen_bytes() -> int:
    """Bytes that freezing adds to the firmware of an RP2040: asyncio with thinwire, less asyncio.

    Raises UnavailableError where that firmware cannot be built.
    """
    firmware()  # its configuration is what the frozen modules are compiled for
    return _size(_WITH) - _size(_WITHOUT)


def _size(manifest: str) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "manifest.py").write_text(manifest)
        (folder / "genhdr").symlink_to(_BUILD / "genhdr")
        _freeze(folder)
        return _compiled(folder)


def _freeze(folder: Path) -> None:
    micropython = tree()
    places = {
        "MPY_DIR": micropython,
        "MPY_LIB_DIR": "",
        "PORT_DIR": micropython / "ports/rp2",
    }
    command = [sys.executable, str(micropython / "tools/makemanifest.py")]
    command += ["-o", str(folder / "frozen.c"), "-b", str(folder)]
    command += [word for name, path in places.items() for word in ("-v", f"{name}={path}")]
    run([*command, str(folder / "manifest.py")])


def _compiled(folder: Path) -> int:
    env = {**os.environ, **arm_compiler()}
    source, result = str(folder / "frozen.c"), str(folder / "frozen.o")
    run([_tool("gcc", env), *_flags(), "-c", source, "-o", result], env=env)
    text, data = run([_tool("size", env), result], env=env).splitlines()[1].split()[:2]
    return int(text) + int(data)


def _tool(name: str, env: dict[str, str]) -> str:
    return shutil.which(f"arm-none-eabi-{name}", path=env["PATH"]) or f"arm-none-eabi-{name}"


def _flags() -> list[str]:
    # What cmake compiles the firmware's C with, one line for each kind of option.
    listed = (_BUILD / "CMakeFiles/firmware.dir/flags.make").read_text()
    lines = dict(line.split(" = ", 1) for line in listed.splitlines() if " = " in line)
    return [word for kind in _FLAGS for word in shlex.split(lines[kind])]
