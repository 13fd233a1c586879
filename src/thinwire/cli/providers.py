"""`thinwire providers`: what is known of who serves models."""

import argparse
import os

from thinwire.core.providers import presets

HELP = "list the presets: who serves models, and how"
DESCRIPTION = """List what thinwire knows of companies and programs that serve models. A "*" stands
behind those whose key the environment has. With a name: all that is known of it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="one preset, with all it says")


def run(args: argparse.Namespace) -> int:
    """Print the table, or one preset.

    Args:
        args: as declared by `add_arguments`.

    Returns:
        0.

    Raises:
        SystemExit: status 2, for a name that is none.
    """
    if args.name is None:
        _print_table()
        return 0
    preset = presets.named(args.name)
    if not preset:
        args.usage_error(f"{args.name!r} is no preset: known are {', '.join(presets.names())}")
    for field, value in preset.items():
        print(f"{field:16} {', '.join(map(str, value)) if isinstance(value, list) else value}")
    return 0


def _print_table() -> None:
    rows = [("NAME", "WIRE", "KEY", "BASE URL")]
    for name in presets.names():
        preset = presets.named(name)
        found = [key for key in preset["keys"] if os.environ.get(key, "").strip()]
        key = found[0] + " *" if found else (preset["keys"] or ["-"])[0]
        base = preset.get("base_url") or "$" + preset["base_url_env"]
        rows.append((name, preset.get("dialect", "openai"), key, base))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        print("  ".join(cells).rstrip())
