"""A MicroPython with a heap of our choice that runs the scripts of chip/."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.device import SCRIPTS

_LONGEST_S = 300


@dataclass(frozen=True)
class Machine:
    """Runs scripts.

    Args:
        interpreter: path of the MicroPython.
        search_path: its MICROPYPATH.
    """

    interpreter: Path
    search_path: str = ".frozen"

    def run(self, kb: int, script: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
        """Run a script.

        Args:
            kb: size of the heap, in KB.
            script: file in chip/.
            arguments: its sys.argv[1:].

        Returns:
            The finished process. One that does not end is a failed one.
        """
        words = [self.interpreter, "-X", f"heapsize={kb}k", SCRIPTS / script, *arguments]
        command = [str(word) for word in words]
        env = {"MICROPYPATH": self.search_path}
        try:
            return subprocess.run(
                command, env=env, capture_output=True, text=True, timeout=_LONGEST_S, check=False
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, 1, "", "it did not end")

    def figures(self, kb: int, script: str, *arguments: object) -> dict[str, float]:
        """What a script measured; RuntimeError, with its output, if it failed."""
        done = self.run(kb, script, *arguments)
        if done.returncode:
            raise RuntimeError(f"{script} failed: {done.stdout}{done.stderr}")
        found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return found

    def prints(self, want: str, kb: int, script: str, *arguments: object) -> bool:
        """Whether a script ends well and prints `want`, and nothing else."""
        done = self.run(kb, script, *arguments)
        return done.returncode == 0 and done.stdout.strip() == want
