"""`make bench` and `make bench-quick`: thinwire beside its peers, in one run."""

import argparse
import sys

from bench import lines
from bench.legs import FOLDER, LEGS, Leg, named
from bench.measures import MEASURES, Measure
from bench.running import cores, runner
from bench.server import NoCompiler, running


def main() -> int:
    """Measure; 1 where there is nothing to measure with."""
    options = _options()
    measures = [measure for measure in MEASURES if _wanted(measure, options.only)]
    try:
        legs = _available(options)
        client_core, server_core = cores()
        with running(FOLDER, server_core) as server, runner(legs, server, client_core) as run:
            print(lines.head())
            for measure in measures:
                result = run.run(measure, options.quick, options.rounds)
                ours = [leg.name for leg in legs if leg.ours]
                print("\n".join(lines.lines(result, ours)), flush=True)
                if options.all:
                    for leg in legs:
                        found = result.figure(leg.name)
                        said = result.failures.get(leg.name, "-")
                        shown = lines.number(found.middle) if found else said
                        details = [sample.details for sample in result.samples.get(leg.name, [])]
                        print("   ", leg.name, shown, details[:1] if details[:1] != [{}] else "")
    except (NoCompiler, ValueError) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="within two minutes")
    parser.add_argument("--only", default="", help="measures with these words, comma-separated")
    parser.add_argument("--legs", default="", help="these, comma-separated")
    parser.add_argument("--without", default="", help="not these, comma-separated")
    parser.add_argument("--rounds", type=int, default=0, help="in place of each measure's own")
    parser.add_argument("--all", action="store_true", help="print the figures of all legs")
    return parser.parse_args()


def _wanted(measure: Measure, only: str) -> bool:
    return not only or any(word.strip() in measure.name for word in only.split(","))


def _available(options: argparse.Namespace) -> list[Leg]:
    legs = named(options.legs.split(",")) if options.legs else list(LEGS)
    without = [leg.name for leg in named(options.without.split(","))] if options.without else []
    if options.quick and not options.legs:
        without.append("litellm")
    found = []
    for leg in legs:
        if leg.name in without:
            continue
        leg.environment.make()
        if leg.available():
            found.append(leg)
    return found


if __name__ == "__main__":
    sys.exit(main())
