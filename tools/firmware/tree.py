"""MicroPython's sources, with those of the libraries that a build takes from beside it."""

import os
from pathlib import Path

from firmware import TOOLS
from firmware.archive import Archive, from_debian
from firmware.building import build, jobs, require
from firmware.caching import cached, digest

# Debian's stable release: MicroPython 1.25 with the libraries it wants, none of which moves.
SUITE = "trixie"

# Debian's MicroPython comes without them; where each belongs, and where it is unpacked.
_LIBRARIES = {
    "lwip": "lwip",
    "mbedtls": "mbedtls",
    "tinyusb": "packages/usr/src/tinyusb",
    "pico-sdk": "packages/usr/src/pico-sdk",
}


def tree() -> Path:
    """A MicroPython tree in .tools with its mpy-cross built, fetched if it is not there.

    micropython-lib is in no archive of Debian: the tree has none.

    Raises UnavailableError where it cannot be had.
    """
    require("make", "gcc", "tar")
    made_by = digest([Path(__file__)])
    return cached(TOOLS / "firmware" / "tree", made_by, _make) / "micropython"


def _make(folder: Path) -> None:
    print(f"fetching the sources of MicroPython from Debian {SUITE}")
    from_debian(SUITE, lambda archive: _fetch(archive, folder))
    micropython = folder / "micropython"
    for name, place in _LIBRARIES.items():
        _replace(micropython / "lib" / name, folder / place)
    # The rp2 port asks for these files to see whether the submodules are there.
    for name in ("micropython-lib", "pico-sdk"):
        (micropython / "lib" / name / "README.md").touch()
    build(["make", jobs(), "-C", str(micropython / "mpy-cross")], log=folder / "log")


def _fetch(archive: Archive, folder: Path) -> None:
    archive.unpack_sources(["micropython", "lwip", "mbedtls"], folder)
    archive.unpack_packages(["pico-sdk-source", "tinyusb-source"], folder / "packages")


def _replace(empty: Path, source: Path) -> None:
    empty.rmdir()
    empty.symlink_to(os.path.relpath(source, empty.parent))
