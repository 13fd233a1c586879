"""`thinwire models`: what models a server has."""

import argparse

from thinwire.cli import clients

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thinwire import ModelEntry

HELP = "list the models of a server"
DESCRIPTION = """List the models of a server, as it lists them: of a provider (its key is in the
environment), a URL, or a model of a configuration."""
_FIELDS = ("context_length", "tools", "vision", "reasoning")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    clients.add_arguments(parser)
    parser.add_argument(
        "name",
        metavar="NAME",
        nargs="?",
        default="",
        help="a provider, e.g. openrouter; with --config a model of it (default: all servers)",
    )


def run(args: argparse.Namespace) -> int:
    """Ask and print.

    Args:
        args: as declared by `add_arguments`.

    Returns:
        0; 1 after an error, which stands on stderr in one line.
    """
    return clients.reported("models", lambda: _list(args))


def _list(args: argparse.Namespace) -> int:
    found: dict[str, list[ModelEntry]] = {}
    with clients.client_of(args, args.name) as client:
        router = client._router  # noqa: SLF001 - its other half
        names: list[str | None] = [args.name] if args.name else [*client.names] or [None]
        for name in names:
            star = router.star if name is None else None
            server = str((star or router.deployment(router.name(name))).url)
            if server not in found:
                found[server] = client.models(name, fallback=())
    if args.json:
        clients.print_json(
            [
                {"server": server, **vars(one)}
                for server, entries in found.items()
                for one in entries
            ]
        )
        return 0
    for server, entries in found.items():
        if len(found) > 1:
            print(f"{server}:")
        rows = [
            [one.id, *(clients.said(getattr(one, field)) for field in _FIELDS)] for one in entries
        ]
        clients.print_table(["id", "context", "tools", "vision", "reasoning"], rows)
    return 0
