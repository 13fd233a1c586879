"""The files that mip, MicroPython's package installer, puts onto a board.

    python tools/mip_package.py                  writes package.json: the sources, from this folder
    python tools/mip_package.py --build FOLDER   compiles them; FOLDER gets .mpy and a package.json

What the files are, manifest.py says: with all of its options, for they lie in a file system, and
take no RAM. Addresses in a package.json are relative to it: mpremote
knows that, and so does the mip of newer firmware (1.29; 1.25 does not, for which there is --base).
"""

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from size import ROOT, compile_for_device, every_file

import thinwire

PACKAGE = ROOT / "package.json"
Package = dict[str, object]


def package(files: Iterable[tuple[str, str]]) -> Package:
    """What mip reads.

    Args:
        files: where each goes on the board, under its lib folder, and the address it comes from.
    """
    urls = sorted([target, source] for target, source in files)
    return {"urls": urls, "deps": [], "version": thinwire.__version__}


def sources() -> Package:
    """The package of the sources, with addresses relative to this repository."""
    return package((name, path.relative_to(ROOT).as_posix()) for path, name in every_file())


def build(folder: Path, base: str = "") -> Package:
    """Compile all files into a folder, and write their package.json.

    Args:
        folder: made if it is not there; files of an earlier build are overwritten.
        base: what to put before the addresses: where the folder will be found, with its slash.

    Returns:
        The package. Raises subprocess.CalledProcessError if a file does not compile.
    """
    files = []
    for source, name in every_file():
        target = name.removesuffix(".py") + ".mpy"
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        compile_for_device(source, name, folder)
        (folder / "out.mpy").replace(folder / target)
        files.append((target, base + target))
    found = package(files)
    (folder / "package.json").write_text(text(found))
    return found


def text(found: Package) -> str:
    """A package as the file has it."""
    return json.dumps(found, indent=2) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write what was asked for, and say where it is."""
    parser = argparse.ArgumentParser(prog="mip_package", description=__doc__)
    parser.add_argument("--build", type=Path, help="folder for the compiled files")
    parser.add_argument("--base", default="", help="address of that folder, with its slash")
    given = parser.parse_args(arguments)
    if given.build:
        build(given.build, given.base)
        print(given.build / "package.json")
    else:
        PACKAGE.write_text(text(sources()))
        print(PACKAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
