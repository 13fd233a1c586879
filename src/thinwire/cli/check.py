"""`thinwire check`: whether deployments work."""

import argparse
import sys

from thinwire.cli import clients

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thinwire import Check

HELP = "check that deployments are reachable and authorised, and their models there"
DESCRIPTION = """Check deployments: is somebody there, is the key accepted, is the model there,
and how soon does it speak? The last costs a token or a few; --free leaves it out. Exit status 1
when something is wrong."""
_FIELDS = ("reachable", "authorised", "present", "first_token_ms")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    clients.add_arguments(parser)
    parser.add_argument("--free", action="store_true", help="spend nothing")
    parser.add_argument(
        "names",
        metavar="NAME",
        nargs="*",
        help="provider:model; with --config models of it (default: all)",
    )


def run(args: argparse.Namespace) -> int:
    """Check and print.

    Args:
        args: as declared by `add_arguments`.

    Returns:
        0; 1 when something is wrong, or after an error, which stands on stderr in one line.
    """
    return clients.reported("check", lambda: _check(args))


def _check(args: argparse.Namespace) -> int:
    found: list[Check] = []
    if args.config or args.base_url or not args.names:
        with clients.client_of(args) as client:
            if not (args.names or client.names):
                raise ValueError("no model is declared there: name one")
            found = client.check(args.names or None, free=args.free)
    else:
        for name in args.names:
            with clients.client_of(args, name) as client:
                found += client.check(free=args.free)
    if args.json:
        fields = ("name", "model", *_FIELDS, "ok")
        shown = [{field: getattr(one, field) for field in fields} for one in found]
        for one, line in zip(found, shown, strict=True):
            line["error"] = None if one.error is None else str(one.error)
        clients.print_json(shown)
    else:
        rows = [
            [one.name, *(clients.said(getattr(one, field)) for field in _FIELDS)] for one in found
        ]
        clients.print_table(["name", "reachable", "authorised", "model", "first token ms"], rows)
        for one in found:
            if one.error is not None:
                print(f"{one.name}: {' '.join(str(one.error).split())}", file=sys.stderr)
    return 0 if all(one.ok for one in found) else 1
