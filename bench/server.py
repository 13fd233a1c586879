"""The server, server.c, compiled and started."""

import http.client
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOURCE = Path(__file__).with_name("server.c")


class NoCompiler(Exception):
    """There is no C compiler."""


def built(folder: Path) -> Path:
    """The program, compiled into `folder` unless it is there already; NoCompiler."""
    program = folder / "server"
    if program.exists() and program.stat().st_mtime >= SOURCE.stat().st_mtime:
        return program
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None:
        raise NoCompiler("the bench needs a C compiler (cc, gcc or clang) for its server")
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f"server.{os.getpid()}"
    subprocess.run([compiler, "-O2", "-Wall", "-Wextra", "-o", fresh, SOURCE], check=True)
    return fresh.replace(program)


class Server:
    """One that runs."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self.port, self._pid = port, process.pid

    def url(self, kind: str, deltas: int, interval_us: int = 0, wait_us: int = 0) -> str:
        """The base URL under which such answers are given; see server.c."""
        return f"http://127.0.0.1:{self.port}/{kind}-{deltas}-{interval_us}-{wait_us}/v1"

    def stats(self) -> dict[str, int]:
        """How many connections, requests and bytes of bodies it has seen."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/stats")
            return json.load(connection.getresponse())  # type: ignore[no-any-return]
        finally:
            connection.close()

    def cpu(self) -> float:
        """CPU seconds that it has used."""
        return int(Path(f"/proc/{self._pid}/schedstat").read_text().split()[0]) / 1e9


@contextmanager
def running(folder: Path, core: int | None = None) -> Iterator[Server]:
    """A server, on `core` where one is given."""
    with subprocess.Popen(
        [built(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if core is not None:
            os.sched_setaffinity(process.pid, {core})
        assert process.stdout is not None
        yield Server(process, int(process.stdout.readline()))
        process.terminate()
