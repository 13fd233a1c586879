"""The compiler for Arm chips without an operating system: the machine's own, or one in .tools."""

import os
import shutil
from pathlib import Path

from micropython_probe import UnavailableError, run

from firmware import TOOLS
from firmware.archive import from_debian, own_suite
from firmware.building import require
from firmware.caching import cached, digest

_GCC = "arm-none-eabi-gcc"
_PACKAGES = ("gcc-arm-none-eabi", "libnewlib-arm-none-eabi")

# The RP2040 and the RP2350. Libraries for the other processors are most of 800 MB.
_PROCESSORS = ("nofp", "v6-m", "v8-m.main", "v8-m.main+fp")

_HELP = """no compiler for Arm chips could be had: {reason}
As root, `apt-get install --no-install-recommends {packages}` helps on Debian and Ubuntu;
elsewhere, put a toolchain with {gcc} and newlib on PATH."""


def arm_compiler() -> dict[str, str]:
    """Variables that put the cross compiler and cmake on PATH; both are fetched if not there.

    Raises UnavailableError, with what to install, where they cannot be had.
    """
    require("make", "gcc", "g++")
    wanted = [] if shutil.which(_GCC) else list(_PACKAGES)
    wanted += [] if shutil.which("cmake") else ["cmake"]
    if not wanted:
        return {}
    try:
        return _variables(_fetched(wanted))
    except UnavailableError as problem:
        return _installed(wanted, problem)


def _fetched(packages: list[str]) -> Path:
    def make(folder: Path) -> None:
        print(f"fetching {', '.join(packages)} from Debian {suite}, for .tools only")
        from_debian(suite, lambda archive: archive.unpack_missing(packages, folder))
        _make_relocatable(folder / "usr/lib")
        _try(folder)

    suite = own_suite()
    key = digest([Path(__file__)], suite, *packages)
    return cached(TOOLS / "firmware" / "compiler", key, make)


def _make_relocatable(lib: Path) -> None:
    arm = lib / "arm-none-eabi"
    if not arm.exists():
        return
    # Debian's gcc knows newlib by absolute paths. Where that fails it looks beside itself, under
    # the names that its makers have for these two folders.
    (arm / "include").symlink_to("../../include/newlib")
    (arm / "lib").symlink_to("newlib")
    for folder in (*lib.glob("gcc/arm-none-eabi/*"), arm / "newlib"):
        for unwanted in (folder / "arm", *(folder / "thumb").glob("*")):
            if unwanted.name not in _PROCESSORS:
                shutil.rmtree(unwanted, ignore_errors=True)


def _try(folder: Path) -> None:
    program = folder / "try.c"
    program.write_text("#include <string.h>\nint main(void) { return strlen(__FILE__); }\n")
    options = ["-mcpu=cortex-m0plus", "-mthumb", "--specs=nosys.specs", "-o", str(folder / "try")]
    path = _variables(folder)
    gcc = shutil.which(_GCC, path=path["PATH"]) or _GCC
    run([gcc, *options, str(program)], env={**os.environ, **path})
    run(["cmake", "--version"], env={**os.environ, **path})


def _variables(folder: Path) -> dict[str, str]:
    libraries = [str(path) for path in folder.glob("usr/lib/*-linux-gnu*")]
    before = [os.environ["LD_LIBRARY_PATH"]] if "LD_LIBRARY_PATH" in os.environ else []
    return {
        "PATH": f"{folder}/usr/bin:{os.environ['PATH']}",
        **({"LD_LIBRARY_PATH": ":".join([*libraries, *before])} if libraries else {}),
    }


def _installed(packages: list[str], problem: UnavailableError) -> dict[str, str]:
    """What is left where nothing can be fetched: install for everybody, if we may."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        run(["apt-get", "-qq", "update"])
        run(["apt-get", "-qq", "-y", "install", "--no-install-recommends", *packages])
        return {}
    help_ = _HELP.format(reason=problem, packages=" ".join(packages), gcc=_GCC)
    raise UnavailableError(help_) from problem
