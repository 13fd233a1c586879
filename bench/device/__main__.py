"""`make bench-device`: measures every row, prints it, and writes docs/memory.md."""

import argparse
import datetime
import subprocess
import sys
import tempfile
from pathlib import Path

import mip_package
from firmware.chiplike import interpreter
from micropython_probe import UnavailableError

import thinwire
from bench.device import PAGE, ROOT, exoclaw
from bench.device.machine import Machine
from bench.device.page import BEGIN, END, Result, line, table
from bench.device.rows import ROWS, Bench, Figure, Row
from bench.device.servers import Servers, servers
from bench.markers import replaced

_SOURCE = f"{ROOT}/src:{ROOT}/port_micropython:.frozen"


def _bench(built: Path, asked: Servers, folder: Path) -> Bench:
    try:
        rival = exoclaw.staged(built)
    except UnavailableError as problem:
        print(f"exoclaw cannot be had: {problem}", file=sys.stderr)
        rival = None
    mip_package.build(folder / "mpy")
    compiled = Machine(built, f"{folder}/mpy:.frozen")
    return Bench(Machine(built), Machine(built, _SOURCE), compiled, rival, asked, folder)


def _result(row: Row, bench: Bench) -> Result:
    figure: Figure | str
    try:
        figure = row.measure(bench)
    except (UnavailableError, RuntimeError) as problem:
        print(problem, file=sys.stderr)
        figure = "not measured here"
    result = Result(row, figure, _rival(row, bench))
    print(line(result), flush=True)
    return result


def _rival(row: Row, bench: Bench) -> Figure | str:
    if row.rival is None:
        return "-"
    if bench.rival is None:
        return "not measured here"
    try:
        return row.rival(bench.rival, bench.servers)
    except RuntimeError as problem:
        print(problem, file=sys.stderr)
        return "fails"


def _about(built: Path) -> str:
    version = subprocess.run(
        # Not sys.version: a build takes that from the nearest repository, which is ours.
        [built, "-c", "import sys; print('%d.%d.%d' % sys.implementation.version[:3])"],
        env={"MICROPYPATH": ".frozen"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    return (
        f"Measured on {datetime.date.today()}: thinwire {thinwire.__version__}, MicroPython"
        f" {version} with words of 32 bits, {' and '.join(exoclaw.VERSIONS)}.\n"
    )


def main() -> int:
    """Measure; 1 where there is nothing to measure with."""
    parser = argparse.ArgumentParser(prog="bench.device", description=__doc__)
    parser.add_argument("--only", default="", help="rows with these words; the page is left alone")
    wanted = parser.parse_args().only
    try:
        built = interpreter()
    except UnavailableError as problem:
        print(problem, file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as name, servers(Path(name)) as asked:
        bench = _bench(built, asked, Path(name))
        results = [_result(row, bench) for row in ROWS if wanted in row.what]
    if not wanted:
        content = f"{_about(built)}\n{table(results)}"
        PAGE.write_text(replaced(PAGE.read_text("utf-8"), BEGIN, END, content), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
