"""The parent's side of bench/worker.py: a process for each leg, asked in turn."""

import json
import re
import select
import shutil
import subprocess
import tempfile
from typing import IO, Any

from bench.legs import Leg, environ

# Of a single task: the slowest that is known takes one minute.
SECONDS = 300.0
_CALLGRIND = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")


class Failed(Exception):
    """A leg could not do what it was told; the text says why."""


class Process:
    """A leg's process, started with its first task."""

    def __init__(self, leg: Leg, core: int | None) -> None:
        self.leg = leg
        self._where = "" if core is None else str(core)
        self._process: subprocess.Popen[str] | None = None
        self._stderr: IO[str] | None = None

    def do(self, task: str, **arguments: Any) -> dict[str, Any]:
        """What came of it; Failed."""
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps({"do": task, **arguments}) + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            raise Failed(self._last_words()) from None
        if not select.select([process.stdout], [], [], SECONDS)[0]:
            process.kill()
            raise Failed(f"took more than {SECONDS:.0f} s")
        line = process.stdout.readline()
        if not line:
            raise Failed(self._last_words())
        result: dict[str, Any] = json.loads(line)
        if "error" in result:
            raise Failed(result["error"])
        return result

    def instructions(self, task: str, **arguments: Any) -> int:
        """How many a process executes that does this one task, from its start to its end."""
        if shutil.which(_CALLGRIND[0]) is None:
            raise Failed("no valgrind")
        self.end()
        self._started(_CALLGRIND)
        self.do(task, **arguments)
        found = re.search(r"Collected : (\d+)", self.end())
        if found is None:
            raise Failed("valgrind says nothing")
        return int(found[1])

    def program(self, text: str) -> str:
        """What a program prints that runs in the leg's environment, in a process of its own."""
        command = [self.leg.environment.python, "-c", text]
        ran = subprocess.run(command, env=environ(), capture_output=True, text=True)
        if ran.returncode:
            raise Failed((ran.stderr.strip().splitlines() or ["ended"])[-1])
        return ran.stdout

    def end(self) -> str:
        """Ends it; returns what it wrote to stderr."""
        if self._process is None or self._stderr is None:
            return ""
        process, stderr = self._process, self._stderr
        self._process = self._stderr = None
        try:
            process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        with stderr:
            stderr.seek(0)
            return stderr.read()

    def _started(self, prefix: tuple[str, ...] = ()) -> "subprocess.Popen[str]":
        if self._process is None:
            self._stderr = tempfile.TemporaryFile("w+")  # noqa: SIM115 (`end` closes it)
            worker = ["-m", "bench.worker", self.leg.peer, self._where]
            self._process = subprocess.Popen(
                [*prefix, self.leg.environment.python, *worker],
                env=environ(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                text=True,
            )
        return self._process

    def _last_words(self) -> str:
        lines = self.end().strip().splitlines()
        return lines[-1] if lines else "ended"
