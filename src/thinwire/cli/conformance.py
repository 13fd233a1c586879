"""`thinwire conformance`: hostile but real servers, played to any client."""

import argparse
import contextlib
import datetime
import functools
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thinwire.conformance.report import Column
    from thinwire.conformance.targets import Target
    from thinwire.testing import Scenario

HELP = "play hostile but real servers to clients, and compare what they make of it"
DESCRIPTION = """Play scenarios to clients and print a table. Without a client, all adapters that
come with thinwire are run. Exit status 1 when a client fails a scenario."""
_ADAPTERS = (
    "thinwire, thinwire-sync, thinwire-sockets, thinwire-sockets-sync, exoclaw, openai,"
    " openai-stream, httpx"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    each = functools.partial(parser.add_argument, action="append", default=[])
    each("--adapter", metavar="NAME", help=f"{_ADAPTERS}, or module:function, FILE.py")
    each("--target", metavar="URL", help="adapter behind a URL (docs/testing.md)")
    each("--micropython", metavar="PATH", help="run thinwire on this interpreter")
    each("--scenario", metavar="GLOB", help="only scenarios of such a name")
    each("--file", metavar="FILE", help="scenarios of a file in place of thinwire's own")
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address of the mock server (default %(default)s)")
    add("--json", action="store_true", help="print JSON instead of a table")
    add("--markdown", metavar="FILE", help="write the table as a page, too")
    add("--no-fail", action="store_true", help="exit with 0 whatever the outcome")


def run(args: argparse.Namespace) -> int:
    """Play, and print the table.

    Args:
        args: as declared by `add_arguments`.

    Returns:
        0; 1 when a client failed, is not there, or a file is not right.
    """
    from thinwire.conformance import report

    try:
        scenarios = _scenarios(args)
        columns = _columns(args, scenarios)
    except (OSError, ValueError) as error:
        print(f"thinwire conformance: {error}", file=sys.stderr)
        return 1
    table = report.as_json(columns) if args.json else report.as_text(scenarios, columns)
    sys.stdout.write(table.encode("utf-8", "backslashreplace").decode())
    if args.markdown:
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        page = report.as_markdown(scenarios, columns, today)
        Path(args.markdown).write_text(page, "utf-8")
    # What was named and is not there has not passed either.
    absent = [column for column in columns if not column.verdicts]
    failed = any(column.failures for column in columns) or bool(args.adapter and absent)
    return 1 if failed and not args.no_fail else 0


def _scenarios(args: argparse.Namespace) -> "list[Scenario]":
    from thinwire.conformance.library import chosen, load_all
    from thinwire.testing import load_scenarios

    own = [scenario for file in args.file for scenario in load_scenarios(file)]
    found = chosen(own if args.file else load_all(), args.scenario)
    if not found:
        raise ValueError(f"no scenario is called {' or '.join(args.scenario)}")
    return found


def _columns(args: argparse.Namespace, scenarios: "Sequence[Scenario]") -> "list[Column]":
    from thinwire.conformance.registry import ADAPTERS
    from thinwire.conformance.report import NOT_INSTALLED, Column

    chosen = args.adapter or ([] if args.target or args.micropython else list(ADAPTERS))
    missing = [name for name in chosen if name in ADAPTERS and not ADAPTERS[name].installed]
    with contextlib.ExitStack() as closing:
        targets = []
        for target in _targets(args, [name for name in chosen if name not in missing]):
            closing.callback(target.close)
            targets.append(target)
        with ThreadPoolExecutor(len(targets) or 1) as pool:
            played = list(pool.map(lambda target: _play(target, scenarios, args.host), targets))
    return [*played, *(Column(name, NOT_INSTALLED) for name in missing)]


def _targets(args: argparse.Namespace, names: "Sequence[str]") -> "Iterator[Target]":
    from thinwire.conformance.registry import micropython_targets, python_target
    from thinwire.conformance.targets import URLTarget

    yield from (python_target(name) for name in names)
    for path in args.micropython:
        yield from micropython_targets(path)
    yield from (URLTarget(url) for url in args.target)


def _play(target: "Target", scenarios: "Sequence[Scenario]", host: str) -> "Column":
    # The scenarios, to one client; OSError when its adapter does not start.
    from thinwire.conformance.report import Column
    from thinwire.conformance.runner import ScenarioRunner

    with ScenarioRunner(target, host=host) as runner:
        version = target.version()
        verdicts = [runner.run(scenario) for scenario in scenarios]
    return Column(target.name, version, {verdict.scenario: verdict for verdict in verdicts})
