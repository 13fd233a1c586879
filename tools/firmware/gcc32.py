"""A compiler for 32-bit x86: the machine's gcc, with 32-bit libraries of its own or in .tools.

Programs are linked statically, so that they run without those libraries.
"""

import shlex
from pathlib import Path

from micropython_probe import UnavailableError, run

from firmware import TOOLS
from firmware.archive import from_debian, own_suite
from firmware.building import require
from firmware.caching import cached, digest

_WRAPPER = """\
#!/bin/sh
# gcc for 32 bit, with the libraries beside this file.
exec gcc -m32 -static {options} "$@"
"""


def compiler() -> Path:
    """A command that takes gcc's arguments.

    Raises UnavailableError, with what to install, where there is none.
    """
    require("gcc")
    folder = TOOLS / "firmware" / "gcc32"
    version = run(["gcc", "-dumpfullversion"]).strip()
    cached(folder, digest([Path(__file__)], version), _make)
    return folder / "cc"


def _make(folder: Path) -> None:
    try:
        _write(folder, [])
        _try(folder)
    except UnavailableError:
        _fetch(folder)


def _fetch(folder: Path) -> None:
    major = run(["gcc", "-dumpversion"]).strip().split(".")[0]
    packages = ["libc6-dev-i386", f"lib32gcc-{major}-dev"]
    try:
        suite = own_suite()
        print(f"fetching {', '.join(packages)} from Debian {suite}, for .tools only")
        from_debian(suite, lambda archive: archive.unpack_packages(packages, folder))
        _write(folder, _options(folder / "usr"))
        _try(folder)
    except UnavailableError as problem:
        help_ = "gcc makes no 32-bit programs here; `apt-get install gcc-multilib` helps"
        raise UnavailableError(f"{help_} ({problem})") from problem


def _options(usr: Path) -> list[str]:
    (gcc,) = usr.glob("lib/gcc/*/*")
    # gcc's own search ends before the headers that both word sizes share.
    shared = f"/usr/include/{run(['gcc', '-print-multiarch']).strip()}"
    headers = [shared, f"{usr}/include/x86_64-linux-gnu"]
    return [
        *(
            f"{option}{folder}/"
            for folder in (gcc / "32", usr / "lib32")
            for option in ("-B", "-L")
        ),
        *(word for folder in headers for word in ("-idirafter", folder)),
    ]


def _write(folder: Path, options: list[str]) -> None:
    wrapper = folder / "cc"
    wrapper.write_text(_WRAPPER.format(options=shlex.join(options)))
    wrapper.chmod(0o755)


def _try(folder: Path) -> None:
    source, program = folder / "try.c", folder / "try"
    source.write_text('#include <stdio.h>\nint main(void) { printf("%zu", sizeof(void *)); }\n')
    run([str(folder / "cc"), "-o", str(program), str(source)])
    answer = run([str(program)])
    if answer != "4":
        raise UnavailableError(f"a 32-bit program printed {answer!r}")
