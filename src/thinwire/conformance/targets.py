"""Where a client under test is: in a process that speaks JSON lines, or behind a URL."""

import contextlib
import queue
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from typing import IO, Any, Protocol

import httpx

from thinwire.conformance.outcome import Outcome, request_line, value_of

# Wires beside that of chat completions: an adapter speaks those that it does not lack.
WIRES = frozenset({"anthropic", "responses"})
_START = 60.0  # seconds a process has to import its client; a loaded machine needs some


class Target(Protocol):
    """A client under test."""

    name: str
    lacks: frozenset[str]  # what it does without on purpose: see Scenario.needs

    def version(self) -> str:
        """Version of the client, for the reader."""

    def run(self, call: Mapping[str, Any], limit: float) -> Outcome:
        """Have the client make the call {"base_url", "model", "request"} within `limit` s."""

    def close(self) -> None:
        """End it."""


class ProcessTarget:
    """An adapter in a process of its own, which is killed when it hangs.

    The process prints one line {"version": ...}, then for each line on its stdin one outcome.

    Args:
        name: of the adapter.
        command: what to start.
        env: its environment; None for ours.
        lacks: see `Target`.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        env: Mapping[str, str] | None = None,
        lacks: frozenset[str] = frozenset(),
    ) -> None:
        self.name = name
        self.lacks = lacks
        self._command = list(command)
        self._env = None if env is None else dict(env)
        self._process: _Process | None = None
        self._version = ""

    def version(self) -> str:
        """What the process said; OSError when it does not start."""
        self._started()
        return self._version

    def run(self, call: Mapping[str, Any], limit: float) -> Outcome:
        """See Target.run; a process that dies or hangs is started anew for the next call."""
        try:
            answer = self._started().ask(call, limit)
        except TimeoutError:
            self.close()
            return Outcome(complete=False, hung=limit)
        except (OSError, ValueError) as error:
            self.close()
            return Outcome.failed(error)
        return Outcome.of(answer)

    def close(self) -> None:
        """Kill the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()

    def _started(self) -> "_Process":
        if self._process is None:
            try:
                self._process = _Process(self._command, self._env)
                self._version = str(self._process.read(_START).get("version", ""))
            except (OSError, ValueError) as error:
                self.close()
                raise OSError(f"the adapter does not start: {error}") from error
        return self._process


class _Process:
    # Reads in a thread: a pipe has no timeout of its own on every platform.
    def __init__(self, command: list[str], env: dict[str, str] | None) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (`kill` closes it)
        pipe = subprocess.PIPE
        try:
            self._process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=self._errors, env=env
            )
        except OSError:
            self._errors.close()
            raise
        assert self._process.stdout is not None
        self._lines: queue.Queue[bytes] = queue.Queue()
        self._thread = threading.Thread(target=self._read_all, args=(self._process.stdout,))
        self._thread.start()

    def ask(self, value: Any, limit: float) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(request_line(value))
        self._process.stdin.flush()
        return self.read(limit)

    def read(self, limit: float) -> Any:
        try:
            line = self._lines.get(timeout=limit)
        except queue.Empty:
            raise TimeoutError(f"no line within {limit:g} s") from None
        if not line:
            self._errors.seek(0)
            lines = self._errors.read().decode("utf-8", "replace").split("\n")
            last = next((line.strip() for line in reversed(lines) if line.strip()), "no message")
            raise OSError(f"the adapter has ended: {last}")
        return value_of(line)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._thread.join()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            with contextlib.suppress(OSError):  # what was still to be written
                if stream is not None:
                    stream.close()

    def _read_all(self, stdout: IO[bytes]) -> None:
        for line in stdout:
            self._lines.put(line)
        self._lines.put(b"")


class URLTarget:
    """An adapter behind a URL: it is POSTed the call as JSON and answers the outcome as JSON.

    Args:
        url: of the adapter.
    """

    lacks = WIRES

    def __init__(self, url: str) -> None:
        self.name = url
        self._client = httpx.Client(trust_env=False)

    def version(self) -> str:
        """Not told: the URL answers calls only."""
        return ""

    def run(self, call: Mapping[str, Any], limit: float) -> Outcome:
        """See Target.run."""
        headers = {"Content-Type": "application/json"}
        body = request_line(call)
        try:
            answer = self._client.post(self.name, content=body, headers=headers, timeout=limit)
            answer.raise_for_status()
            return Outcome.of(value_of(answer.content))
        except httpx.TimeoutException:
            return Outcome(complete=False, hung=limit)
        except (httpx.HTTPError, ValueError, TypeError) as error:
            return Outcome.failed(error)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()
