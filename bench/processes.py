"""The parent's side of bench/worker.py: a process for each leg, asked in turn."""

import json
import select
import subprocess
import tempfile
from typing import Any

from bench.legs import Leg, environ

# Of a single task: the slowest that is known takes one minute.
SECONDS = 300.0


class Failed(Exception):
    """A leg could not do what it was told; the text says why."""


class Process:
    """A leg's process."""

    def __init__(self, leg: Leg, core: int | None, prefix: tuple[str, ...] = ()) -> None:
        self.leg = leg
        where = "" if core is None else str(core)
        self._stderr = tempfile.TemporaryFile("w+")  # noqa: SIM115 (`end` closes it)
        self._process = subprocess.Popen(
            [*prefix, leg.environment.python, "-m", "bench.worker", leg.peer, where],
            env=environ(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
        )

    def do(self, task: str, **arguments: Any) -> dict[str, Any]:
        """What came of it; Failed."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(json.dumps({"do": task, **arguments}) + "\n")
            stdin.flush()
        except BrokenPipeError:
            raise Failed(self._last_words()) from None
        if not select.select([stdout], [], [], SECONDS)[0]:
            self._process.kill()
            raise Failed(f"took more than {SECONDS:.0f} s")
        line = stdout.readline()
        if not line:
            raise Failed(self._last_words())
        result: dict[str, Any] = json.loads(line)
        if "error" in result:
            raise Failed(result["error"])
        return result

    def end(self) -> str:
        """Ends it; returns what it wrote to stderr."""
        try:
            self._process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        with self._stderr:
            self._stderr.seek(0)
            return self._stderr.read()

    def _last_words(self) -> str:
        lines = self.end().strip().splitlines()
        return lines[-1] if lines else "ended"
