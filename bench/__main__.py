"""`make bench` and `make bench-quick`: thinwire beside its peers, in one run."""

import argparse
import subprocess
import sys
from pathlib import Path

from bench import lines, machine
from bench.legs import FOLDER, LEGS, Leg, named
from bench.measures import MEASURES, Measure
from bench.page import Run
from bench.running import cores, runner
from bench.server import NoCompiler, running


def main() -> int:
    """Measure; 1 where there is nothing to measure with."""
    options = _options()
    if options.page:
        Run.read().write()
        return 0
    try:
        run = _run(options, _available(options))
    except (NoCompiler, ValueError) as problem:
        print(problem, file=sys.stderr)
        return 1
    if options.json:
        run.keep(options.json)
    if not (options.quick or options.only or options.legs or options.rounds):
        run.keep()
        run.write()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    add = parser.add_argument
    add("--quick", action="store_true", help="within two minutes; no page is written")
    add("--only", default="", help="measures with these words, comma-separated; no page either")
    add("--legs", default="", help="these, comma-separated; no page either")
    add("--without", default="", help="not these, comma-separated")
    add("--rounds", type=int, default=0, help="in place of each measure's own; no page either")
    add("--all", action="store_true", help="print the figures of all legs")
    add("--json", type=Path, help="write the figures there")
    add(
        "--page", action="store_true", help="only write the page, from the figures of the last run"
    )
    return parser.parse_args()


def _run(options: argparse.Namespace, legs: list[Leg]) -> Run:
    client_core, server_core = cores()
    about = machine.about(legs, pinned=client_core is not None)
    results = []
    with running(FOLDER, server_core) as server, runner(legs, server, client_core) as measuring:
        print(lines.head())
        for measure in _wanted(options):
            result = measuring.run(measure, options.quick, options.rounds)
            results.append(result)
            found = lines.lines(result, [leg.name for leg in legs if leg.ours])
            found += lines.every_leg(result) if options.all else []
            if found:
                print("\n".join(found), flush=True)
    return Run({**about, "load after": machine.load()}, results)


def _wanted(options: argparse.Namespace) -> list[Measure]:
    words = [word.strip() for word in options.only.split(",")]
    found = [measure for measure in MEASURES if any(word in measure.name for word in words)]
    if options.quick and not options.rounds:
        return [measure for measure in found if measure.quick_rounds]
    return found


def _available(options: argparse.Namespace) -> list[Leg]:
    legs = named(options.legs.split(",")) if options.legs else LEGS
    without = [leg.name for leg in named(options.without.split(","))] if options.without else []
    if options.quick and not options.legs:
        without.append("litellm")
    found = []
    for leg in legs:
        if leg.name in without:
            continue
        try:
            leg.environment.make()
        except subprocess.CalledProcessError as problem:
            print(f"{leg.name} cannot be had here: {problem}", file=sys.stderr)
            continue
        if leg.available():
            found.append(leg)
    return found


if __name__ == "__main__":
    sys.exit(main())
