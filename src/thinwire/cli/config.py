"""`thinwire config check FILE`: whether a configuration is right, and what it comes to."""

import argparse
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thinwire.core.providers.config import Config

HELP = "check a configuration"
DESCRIPTION = "Check a configuration: all that is wrong with it, or what it comes to."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    words = "Check a file: print all that is wrong with it, or what its models are."
    check = actions.add_parser("check", help="check a file", description=words)
    check.add_argument("file", metavar="FILE", help="of JSON, or of TOML if it ends in .toml")


def run(args: argparse.Namespace) -> int:
    """Check and print.

    Args:
        args: as declared by `add_arguments`.

    Returns:
        0; 1 where something is wrong, which stands on stderr, one line each.
    """
    from thinwire import ConfigError
    from thinwire.core.providers.config import Config

    try:
        config = Config(args.file)
        config.arguments()
    except ConfigError as error:
        print(f"thinwire: {error}", file=sys.stderr)
        return 1
    print(f"{args.file} is right")
    _show(config)
    return 0


def _show(config: "Config") -> None:
    from thinwire.core.providers.schema import Unset

    rows = []
    for name, deployment in sorted(config.deployments.items()):
        key = deployment.api_key
        state = f"no key: {key.name} is not set" if isinstance(key, Unset) else ""
        mark = "*" if name == config.default_model else " "
        rows.append((f"{mark} {name}", deployment.model or "-", str(deployment.url), state))
    widths = [max([len(row[column]) for row in rows], default=0) for column in range(3)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        print("  ".join([*cells, row[3]]).rstrip())
    if config.default_model is None:
        print("no default_model: each call has to name one")
