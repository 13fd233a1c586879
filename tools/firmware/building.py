"""Run the long commands of a build: into a log, with its end shown when one fails."""

import os
import shutil
import subprocess
from pathlib import Path

from micropython_probe import UnavailableError

_LONGEST_S = 900
_SHOWN = 25  # lines of the log

# What our own make was told is not meant for MicroPython's: PORT is a serial port to it.
_OURS = ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "PORT", "BOARD", "MPY_DIR")


def build(
    command: list[str], *, log: Path, cwd: Path | None = None, env: dict[str, str] | None = None
) -> None:
    """Run `command`, its output at the end of `log`.

    Args:
        command: program and arguments.
        log: file to append to.
        cwd: where to run it.
        env: variables to set beside those of this process.

    Raises UnavailableError, with the end of the log, if it fails or takes a quarter of an hour.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in _OURS}
    with log.open("ab") as output:
        try:
            status = subprocess.run(
                command,
                cwd=cwd,
                env={**inherited, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=_LONGEST_S,
                check=False,
            ).returncode
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UnavailableError(str(error)) from error
    if status:
        end = "\n".join(log.read_text("utf-8", "replace").splitlines()[-_SHOWN:])
        raise UnavailableError(f"{command[0]} failed with status {status}; end of {log}:\n{end}")


def jobs() -> str:
    """The option that makes `make` use every processor."""
    return f"-j{os.cpu_count() or 1}"


def require(*programs: str) -> None:
    """Raise UnavailableError that names those of `programs` that are not on PATH."""
    if missing := [name for name in programs if shutil.which(name) is None]:
        raise UnavailableError(f"not installed: {', '.join(missing)}")
