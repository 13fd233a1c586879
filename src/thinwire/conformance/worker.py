"""The process of a Python adapter: `python -m thinwire.conformance.worker SPEC`.

SPEC is "module:function" or "path/to/file.py:function" (by default the function is `run`).
"""

import asyncio
import contextlib
import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import IO, Any

from thinwire.conformance.outcome import Outcome, line_of, value_of

Run = Callable[..., Any]


def load_adapter(spec: str) -> Run:
    """The adapter that `spec` names.

    Raises:
        ImportError, AttributeError: there is none.
    """
    place, _, name = spec.rpartition(":")
    if not (place and name.isidentifier()):  # not every colon: a Windows path has one, too
        place, name = spec, "run"
    if not place.endswith(".py"):
        module = importlib.import_module(place)
    else:
        found = importlib.util.spec_from_file_location("conformance_adapter", place)
        if found is None or found.loader is None:
            raise ImportError(f"not a Python file: {place}")
        module = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
    run: Run = getattr(module, name)
    return run


def call(run: Run, base_url: str, model: str, request: dict[str, Any]) -> Outcome:
    """Have the adapter make one call; what it raises is the outcome, too."""
    try:
        result = run(base_url, model, request)
        if inspect.iscoroutine(result):
            result = asyncio.run(result)
        return Outcome.of(result)
    except Exception as error:  # whatever a client raises is what we are here to see
        return Outcome.failed(error)


def serve(run: Run, versions: str, lines: IO[bytes], out: IO[bytes]) -> None:
    """Answer each line of `lines` with one line."""
    out.write(line_of({"version": versions}))
    out.flush()
    for line in lines:
        given = value_of(line)
        outcome = call(run, given["base_url"], given["model"], given["request"])
        out.write(line_of(outcome.as_dict()))
        out.flush()


def main(spec: str, packages: list[str]) -> None:
    """Serve the adapter `spec` on stdin and stdout, and tell the versions of `packages`."""
    # A client that prints must not print into the answers.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    versions = []
    for name in packages:
        with contextlib.suppress(PackageNotFoundError):
            versions.append(f"{name} {version(name)}")
    serve(load_adapter(spec), ", ".join(versions), sys.stdin.buffer, out)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main(sys.argv[1], sys.argv[2:])
