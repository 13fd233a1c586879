"""Runs a script of tests/wire in a process of its own, on any runtime."""

import contextlib
import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from support.interpreters import ROOT, SEARCH_PATH


def run_script(
    command: Sequence[str], script: str, *arguments: str, printed: Path, limit_s: float
) -> tuple[list[dict[str, Any]], str]:
    """Runs it; what hangs is killed, and how far it got is in `printed`.

    Args:
        command: what runs scripts.
        script: file of tests/wire.
        arguments: its sys.argv[1:].
        printed: file that takes what it prints.
        limit_s: seconds it may take.

    Returns:
        The JSON objects it printed, and everything else it printed.
    """
    line = [*command, str(ROOT / "tests/wire" / script), *arguments]
    with printed.open("wb") as stream, contextlib.suppress(subprocess.TimeoutExpired):
        subprocess.run(
            line,
            env={**os.environ, "MICROPYPATH": SEARCH_PATH, "NO_PROXY": "*"},
            timeout=limit_s,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            check=False,
        )
    # Not splitlines: U+2028 inside a string would end a line.
    lines = printed.read_text("utf-8", "replace").strip("\n").split("\n")
    results = [json.loads(line) for line in lines if line.startswith('{"')]
    return results, "\n".join(line for line in lines if not line.startswith('{"'))
