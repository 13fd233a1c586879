"""`python -m firmware`: what the Makefile's targets for firmware run."""

import argparse
import sys
from pathlib import Path

from micropython_probe import UnavailableError

from firmware import chiplike, emulated, port


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="firmware", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    board = commands.add_parser("board", help="for a board, from a MicroPython tree")
    board.add_argument("--port", default="")
    board.add_argument("--board", default="")
    board.add_argument("--mpy-dir", default="")
    commands.add_parser("emulated", help="for the emulated RP2040, from nothing")
    unix = commands.add_parser("chiplike", help="MicroPython for this machine, like a chip's")
    unix.add_argument("--settrace", action="store_true", help="with sys.settrace")
    return parser.parse_args()


def _build(given: argparse.Namespace) -> Path:
    if given.command == "board":
        return port.firmware(given.port, given.board, given.mpy_dir)
    if given.command == "emulated":
        return emulated.firmware()
    return chiplike.interpreter(settrace=given.settrace)


def main() -> int:
    """Build what was asked for and say where it is; 1 if it cannot be built."""
    try:
        print(_build(_arguments()))
    except UnavailableError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
