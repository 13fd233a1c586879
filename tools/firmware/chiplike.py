"""MicroPython's unix port, built like a chip's: the bench measures memory with it.

Words of 32 bits, floats of 32 bits, MicroPython's own TLS configuration with its buffers on the
garbage-collected heap, the chips' way to poll, thinwire frozen in
(port_micropython/boards/CHIPLIKE).
"""

import shutil
from pathlib import Path

from micropython_probe import run

from firmware import BOARDS, TOOLS
from firmware.building import build, jobs
from firmware.caching import cached, digest
from firmware.frozen import frozen_files
from firmware.gcc32 import compiler
from firmware.tree import tree

VARIANT = BOARDS / "CHIPLIKE"


def interpreter(*, settrace: bool = False) -> Path:
    """The path of the interpreter, built only if anything it is made from has changed.

    Args:
        settrace: with sys.settrace, for line coverage; it costs memory and time.

    Raises UnavailableError, with the end of the build's log, where it cannot be built.
    """
    name = "settrace" if settrace else "plain"
    here = Path(__file__).parent
    scripts = [here / f"{script}.py" for script in ("chiplike", "tree", "gcc32")]
    configuration = digest([*scripts, VARIANT])
    objects = cached(TOOLS / "chiplike" / f"{name}-build", configuration, lambda folder: None)

    def make(folder: Path) -> None:
        print(f"building the chip-like MicroPython ({name})")
        _build(objects, settrace)
        shutil.copy(objects / "build/micropython", folder / "micropython")
        run([str(folder / "micropython"), "-c", "import tls, asyncio, thinwire"], env=_FROZEN)

    key = digest(frozen_files(), configuration)
    return cached(TOOLS / "chiplike" / name, key, make) / "micropython"


# The default search path contains folders of the user's home.
_FROZEN = {"MICROPYPATH": ".frozen"}


def _build(objects: Path, settrace: bool) -> None:
    settings = {
        "VARIANT_DIR": VARIANT,
        "BUILD": objects / "build",
        "CC": compiler(),
        "CFLAGS_EXTRA": "-DMICROPY_PY_SYS_SETTRACE=1" if settrace else "",
    }
    words = [f"{name}={value}" for name, value in settings.items()]
    unix = str(tree() / "ports/unix")
    build(["make", jobs(), "-C", unix, *words], log=objects / "log")
