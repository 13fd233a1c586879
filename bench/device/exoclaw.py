"""exoclaw-provider-openai on the same MicroPython: from source, as its makers put it on a board.

It comes from PyPI, wheels only, and is unpacked, never installed: nothing of it runs on CPython.
"""

import sys
import zipfile
from pathlib import Path

from firmware import TOOLS
from firmware.caching import cached, digest
from micropython_probe import run

from bench.device import KB
from bench.device.bisecting import smallest
from bench.device.machine import Machine
from bench.device.servers import Servers

VERSIONS = ("exoclaw-provider-openai==0.4.3", "exoclaw==0.32.0")
_AMPLE = 1024  # KB
_LOW = 16
_HIGH = 8192


def staged(interpreter: Path) -> Machine:
    """`interpreter` with exoclaw's files to import from.

    Raises UnavailableError where they cannot be fetched.
    """
    key = digest([Path(__file__)], *VERSIONS)
    folder = cached(TOOLS / "bench" / "exoclaw", key, _make)
    return Machine(interpreter, f"{folder}/lib:.frozen")


def _make(folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    run([*pip, "--only-binary", ":all:", "--dest", str(folder), *VERSIONS])
    lib = folder / "lib"
    for wheel in folder.glob("*.whl"):
        zipfile.ZipFile(wheel).extractall(lib)
    _fit(lib)


def _fit(lib: Path) -> None:
    # As its README tells to: its own typing and dataclasses at the top, no files for CPython.
    for module in (lib / "exoclaw/_mp_lib").glob("*.py"):
        module.rename(lib / module.name)
    for unwanted in lib.rglob("_cpython.py"):
        unwanted.unlink()
    (lib / "__future__.py").write_text("annotations = None\n")  # of micropython-lib
    # Importing the package would import its agent, which a chat needs nothing of and which wants
    # more of micropython-lib: without it the figures are better than they would be.
    (lib / "exoclaw/__init__.py").write_text("")


def standing(machine: Machine) -> dict[str, float]:
    """Bytes in use after the import, and with a provider."""
    return machine.figures(_AMPLE, "exoclaw_ram.py")


def plain_chat(machine: Machine, servers: Servers) -> int | None:
    """Bytes of the smallest heap for a chat of 20 tokens, None: none of 8 MB."""
    return _smallest("20 stop", machine, servers.plain, "tokens-20")


def large_prompt(machine: Machine, servers: Servers) -> int | None:
    """The same for a message of 1 MB from a file."""
    return _smallest("1 stop", machine, servers.plain, "short", servers.prompt)


def long_answer(machine: Machine, servers: Servers) -> int | None:
    """The same for an answer of 10 000 tokens, None: none of 8 MB."""
    return _smallest("10000 stop", machine, servers.plain, "tokens-10000")


def _smallest(want: str, machine: Machine, *arguments: object) -> int | None:
    found = smallest(
        lambda kb: machine.prints(want, kb, "exoclaw_chat.py", *arguments), _LOW, _HIGH, tries=2
    )
    return None if found is None else found * KB
