# The process of a Python adapter: `python -m thinwire.conformance.worker SPEC`, where SPEC is
# "module:function" or "path/to/file.py:function" (by default the function is `run`).

import asyncio
import contextlib
import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import IO, Any

from thinwire.conformance.lines import line_of, value_of
from thinwire.conformance.outcome import Outcome

Run = Callable[..., Any]


def load(spec: str) -> Run:
    """The adapter that `spec` names.

    Raises:
        ImportError, AttributeError: there is none.
    """
    place, _, name = spec.rpartition(":") if _names_function(spec) else (spec, "", "run")
    module = _from_file(place) if place.endswith(".py") else importlib.import_module(place)
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
    versions = [f"{name} {version(name)}" for name in packages if _installed(name)]
    serve(load(spec), ", ".join(versions), sys.stdin.buffer, out)


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def _names_function(spec: str) -> bool:
    # Not every colon: a Windows path has one, too.
    return spec.rpartition(":")[2].isidentifier() and ":" in spec


def _from_file(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location("conformance_adapter", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"not a Python file: {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main(sys.argv[1], sys.argv[2:])
