"""Firmware for the emulated RP2040: sockets over PPP, TLS, thinwire frozen in."""

import shutil
import sys
from pathlib import Path

from firmware import BOARDS, TOOLS
from firmware.building import build, jobs
from firmware.caching import cached, digest
from firmware.compiler import arm_compiler
from firmware.frozen import frozen_files
from firmware.tree import tree

BOARD = BOARDS / "EMULATED_PICO"
_BUILD = TOOLS / "firmware" / "emulated-build"


def firmware() -> Path:
    """The path of firmware.bin, built only if anything it is made from has changed.

    Raises UnavailableError, with the end of the build's log, where it cannot be built.
    """
    here = Path(__file__).parent
    scripts = [here / f"{name}.py" for name in ("emulated", "tree", "compiler")]
    configuration = digest([*scripts, BOARD])
    cached(_BUILD, configuration, _configure)
    key = digest(frozen_files(), configuration)
    return cached(TOOLS / "firmware" / "emulated", key, _make) / "firmware.bin"


def _configure(folder: Path) -> None:
    micropython, tools = tree(), arm_compiler()
    empty = folder / "empty"
    empty.mkdir()
    # There is no C++ in MicroPython, but the linker wants a library, and Debian's weighs 1.5 GB.
    log = folder / "log"
    build(["arm-none-eabi-ar", "rc", str(empty / "libstdc++.a")], log=log, env=tools)
    settings = {
        "MICROPY_BOARD": BOARD.name,
        "MICROPY_BOARD_DIR": BOARD,
        "MICROPY_FROZEN_MANIFEST": BOARD / "manifest.py",
        # The SDK's own operator new wants a header of it.
        "CMAKE_CXX_FLAGS": "-DPICO_CXX_DISABLE_ALLOCATION_OVERRIDES=1",
        "CMAKE_EXE_LINKER_FLAGS": f"-L{empty}",
        "PICO_SDK_PATH_OVERRIDE": micropython / "lib/pico-sdk",
        "PICO_BUILD_DOCS": "0",
        "PICO_CLIB": "newlib",  # Debian's SDK would take picolibc
        "PICO_NO_PICOTOOL": "1",
        "PICO_COMPILER": "pico_arm_cortex_m0plus_gcc",
        "Python3_EXECUTABLE": sys.executable,
    }
    words = [f"-D{name}={value}" for name, value in settings.items()]
    source = str(micropython / "ports/rp2")
    build(["cmake", "-S", source, "-B", str(folder), *words], log=log, env=tools)


def _make(folder: Path) -> None:
    print("building the firmware of the emulated RP2040")
    build(["make", jobs(), "-C", str(_BUILD)], log=_BUILD / "log", env=arm_compiler())
    for name in ("firmware.bin", "firmware.elf.map"):
        shutil.copy(_BUILD / name, folder / name)
