"""What the tests need of a MicroPython interpreter, and how to find out whether one has it."""

import dataclasses
import json
import subprocess
from pathlib import Path

# 1.24 is the first release whose `tls` and asyncio have everything the socket transport uses.
MINIMUM = (1, 24)

# One line that fails on a build without sockets or TLS, and says which version it is otherwise.
_QUESTION = (
    "import sys, json, tls, asyncio, socket; print(json.dumps(list(sys.implementation.version)))"
)


class UnavailableError(Exception):
    """This way of getting an interpreter does not work on this machine; the text says why."""


@dataclasses.dataclass(frozen=True)
class Interpreter:
    """A MicroPython executable that has passed `probe`."""

    name: str
    path: str
    version: str


def probe(name: str, path: Path) -> Interpreter:
    """Run `path` once and return it as an Interpreter called `name`.

    Raises UnavailableError if it does not start, lacks tls, asyncio or socket, or is too old.
    """
    version = _version_parts(path)
    if tuple(version[:2]) < MINIMUM:
        raise UnavailableError(f"{path} is older than 1.24: {version}")
    number = ".".join(str(part) for part in version[:3])
    suffix = f"-{version[3]}" if len(version) > 3 and version[3] else ""
    return Interpreter(name, str(path), number + suffix)


def _version_parts(path: Path) -> list[int | str]:
    # The default search path contains folders of the user's home: only what is built in counts.
    answer = run([str(path), "-c", _QUESTION], env={"MICROPYPATH": ".frozen"}, timeout=30)
    try:
        parts: list[int | str] = json.loads(answer)
    except ValueError as error:
        raise UnavailableError(f"{path} is not MicroPython: it printed {answer!r}") from error
    return parts


def run(command: list[str], *, timeout: float = 300, env: dict[str, str] | None = None) -> str:
    """Run `command` and return what it printed.

    `env` replaces the environment when given. Raises UnavailableError, with the end of the
    command's own messages, if it cannot be started, fails, or takes longer than `timeout` s.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=env)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(str(error)) from error
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip()[-600:]
        raise UnavailableError(f"{command[0]} failed with status {done.returncode}: {last}")
    return done.stdout
