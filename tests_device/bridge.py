"""A board for mpremote: a real one if $DEVICE names it, else MicroPython's unix port on a pty."""

import contextlib
import os
import pty
import subprocess
import tempfile
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

from support.interpreters import SEARCH_PATH, Interpreter

# Runs one mpremote command on the board and returns the finished process.
Mpremote = Callable[..., "subprocess.CompletedProcess[str]"]

RAW_REPL = Path(__file__).with_name("rawrepl.py")


@contextlib.contextmanager
def board(interpreter: Interpreter | None) -> Iterator[str]:
    """Give a board to talk to.

    Args:
        interpreter: plays the board where $DEVICE is not set; may be None where it is.

    Yields:
        What `mpremote connect` takes.
    """
    if device := os.environ.get("DEVICE"):
        yield device
        return
    if interpreter is None:
        raise ValueError("neither $DEVICE nor an interpreter")
    with (
        tempfile.TemporaryDirectory() as flash,
        _terminal() as (board_end, name),
        _running(interpreter, board_end, flash),
    ):
        yield f"port:{name}"


@contextlib.contextmanager
def _terminal() -> Iterator[tuple[int, str]]:
    """A raw pseudo terminal: the board's end, and the name of the host's end."""
    board_end, host_end = pty.openpty()
    tty.setraw(host_end)
    try:
        # The host's end stays open here as well, or the board would see a hang-up between two
        # runs of mpremote.
        yield board_end, os.ttyname(host_end)
    finally:
        os.close(board_end)
        os.close(host_end)


@contextlib.contextmanager
def _running(interpreter: Interpreter, board_end: int, flash: str) -> Iterator[None]:
    # The core and the port are on the search path, as they are in a firmware that has them frozen.
    process = subprocess.Popen(
        [interpreter.path, str(RAW_REPL)],
        stdin=board_end,
        stdout=board_end,
        stderr=board_end,
        cwd=flash,
        env={**os.environ, "MICROPYPATH": SEARCH_PATH},
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()
