"""`thinwire probe`: what a server and its model can do."""

import argparse
import sys

from thinwire.cli import clients

HELP = "find out what a server can do, and print a profile for its Deployment"
DESCRIPTION = """Ask a server half a dozen short questions to find out what works: bodies in
chunks, token counts, tools, parallel tools, JSON schemas, reasoning, keep-alives. What was seen
stands on stderr, and on stdout a profile: a JSON object of Deployment's arguments."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add = parser.add_argument
    add(
        "--api-key-env",
        metavar="NAME",
        help=f"environment variable with the key ({clients.KEY_HELP})",
    )
    add("--dialect", choices=["openai", "anthropic", "responses"], help="what the server speaks")
    add("--json", action="store_true", help="print all that was seen as JSON, too")
    add("url", metavar="URL", help="the API, e.g. http://localhost:8000/v1")
    add("model", metavar="MODEL", help="the server's name for the model")


def run(args: argparse.Namespace) -> int:
    """Probe and print.

    Args:
        args: as declared by `add_arguments`.

    Returns:
        0; 1 after an error, which stands on stderr in one line.
    """
    return clients.reported("probe", lambda: _probe(args))


def _probe(args: argparse.Namespace) -> int:
    from thinwire import Client, Deployment

    variable = clients.key_variable(args.url, args.api_key_env)
    deployment = Deployment(args.url, api_key_env=variable, dialect=args.dialect)
    with Client(args.model, deployment) as client:
        found = client.probe()
    if args.json:
        clients.print_json(vars(found))
        return 0
    for name, value in found.features.items():
        why = found.errors.get(name)
        words = clients.said(value) or "none"
        print(f"{name}: {words}" + (f" ({why})" if why else ""), file=sys.stderr)
    clients.print_json(found.profile)
    return 0
