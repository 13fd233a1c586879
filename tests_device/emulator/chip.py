"""What tests do with an emulated board: scripts that have the network, and their results."""

import datetime
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.device_calls import result_of, script

from emulator.board import EmulatedBoard
from emulator.ppp import GATEWAY

SCRIPTS = Path(__file__).resolve().parents[1] / "emulated"
ADDRESS = ".".join(map(str, GATEWAY))

# A name: servers are verified by names. Any other would lead to the same place.
NAME = "api.example"


# Building the firmware takes a minute and a half the first time: not a part of every run.
emulated = pytest.mark.skipif(
    not os.environ.get("EMULATED"), reason="real firmware: `make test-emulated` runs this"
)


class Chip:
    """A running board with link.py on it.

    Args:
        board: it.
        folder: where scripts may be written.
    """

    def __init__(self, board: EmulatedBoard, folder: Path) -> None:
        self.board = board
        self._folder = folder
        copied = board.mpremote("fs", "cp", SCRIPTS / "link.py", ":link.py")
        assert copied.returncode == 0, copied.stdout

    def online(self, *words: object, timeout: float = 120) -> "subprocess.CompletedProcess[str]":
        """Commands of mpremote with the network up; each starts in a fresh MicroPython."""
        up = f"import link; link.up({_now()})"
        try:
            return self.board.mpremote("exec", up, *words, timeout=timeout)
        finally:
            self.board.mpremote("resume", "exec", "import link; link.down()")

    def call(self, file: str | Path, function: str, *arguments: Any, timeout: float = 120) -> Any:
        """The result of a function of a file, of this folder's or of tests/wire.

        Args:
            file: its name; a path for one that is not in tests/wire.
            function: its name, plain or async.
            arguments: anything whose repr() is Python.
            timeout: seconds.
        """
        path = self._folder / "call.py"
        path.write_text(script(str(file), function, *arguments), "utf-8")
        done = self.online("run", path, timeout=timeout)
        return result_of(done.returncode, done.stdout)


def _now() -> tuple[int, ...]:
    # As RTC.datetime() takes it. Without a clock no certificate is valid yet.
    now = datetime.datetime.now(datetime.timezone.utc)
    return (now.year, now.month, now.day, now.weekday(), now.hour, now.minute, now.second, 0)
