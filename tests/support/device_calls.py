"""Calls of a function of tests/wire on MicroPython, each as one script that any board takes."""

import json
from pathlib import Path
from typing import Any

from support.interpreters import ROOT, Interpreter, run_micropython

_CALL = """
import asyncio, json
result = {function}(*{arguments!r})
if hasattr(result, "send"):
    result = asyncio.run(result)
print(json.dumps(result))
"""


def script(file: str, function: str, *arguments: Any) -> str:
    """Source that calls a function of a file of tests/wire and prints its result as JSON."""
    source = (ROOT / "tests/wire" / file).read_text("utf-8")
    return source + _CALL.format(function=function, arguments=arguments)


def result_of(status: int, output: str) -> Any:
    """The result that a script has printed; the test fails if it ended in any other way."""
    assert status == 0, output
    return json.loads(output.strip().split("\n")[-1])


def call(
    interpreter: Interpreter,
    folder: Path,
    file: str,
    function: str,
    *arguments: Any,
    heapsize: str | None = None,
) -> Any:
    """Calls a function of a file of tests/wire on an interpreter; returns its result."""
    path = folder / f"{function}.py"
    path.write_text(script(file, function, *arguments), "utf-8")
    done = run_micropython(interpreter, path, heapsize=heapsize)
    return result_of(done.returncode, done.stdout)
