"""The `thinwire` command."""

import argparse
import io
import os
import sys
from collections.abc import Sequence

from thinwire import __version__
from thinwire.cli import (
    chat,
    check,
    config,
    conformance,
    mock,
    models,
    probe,
    providers,
    record,
)

# A new command is a module with HELP, DESCRIPTION, `add_arguments` and `run`, named here.
_COMMANDS = (chat, providers, models, check, probe, config, mock, record, conformance)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: arguments without the program's name; by default those of the process.

    Returns:
        The exit status: 0, or 1 when the command failed or its output cannot be written, or 130
        when it was interrupted.

    Raises:
        SystemExit: status 2 on bad usage, 0 after --help and --version.
    """
    _open_what_is_closed()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # "?" for what a terminal lacks: no traceback
    try:
        try:
            return _run(argv)
        finally:
            sys.stdout.flush()  # what cannot be written shows here, and not after the last line
    except OSError as error:
        # Python flushes stdout once more at exit, and would complain there again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # who closes a pipe knows
            print(f"thinwire: {error}", file=sys.stderr)
        return 1


def _open_what_is_closed() -> None:
    # A stream that is closed when the process starts (`<&-`, a service, pythonw) is None.
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115 - for good
            setattr(sys, name, stream)


def _run(argv: Sequence[str] | None) -> int:
    parser = argparse.ArgumentParser(prog="thinwire", description="One LLM client, two runtimes.")
    parser.add_argument("--version", action="version", version=f"thinwire {__version__}")
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in _COMMANDS:
        name = command.__name__.rpartition(".")[2]
        own = commands.add_parser(name, help=command.HELP, description=command.DESCRIPTION)
        command.add_arguments(own)
        own.set_defaults(run=command.run, usage_error=own.error)
    args = parser.parse_args(argv)
    if args.run is None:
        parser.print_help()
        return 0
    try:
        status: int = args.run(args)
    except KeyboardInterrupt:
        return 130
    return status
