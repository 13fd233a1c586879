"""Which client a command asks: of a configuration, a URL, a provider, or the environment."""

import argparse
import json
import os
import sys
from collections.abc import Callable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thinwire import Client

_KEY = "OPENAI_API_KEY"
KEY_HELP = f"default: the provider's own; {_KEY} for this machine and $OPENAI_BASE_URL"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what says whom to ask."""
    add = parser.add_argument
    add("--config", metavar="FILE", help="a configuration; its models are asked")
    add("--base-url", metavar="URL", help="an API, with --model where a model is needed")
    add("--model", metavar="M", help="the server's name for the model at --base-url")
    add(
        "--api-key-env",
        metavar="NAME",
        help=f"environment variable with the key ({KEY_HELP})",
    )
    add("--json", action="store_true", help="print JSON")


def client_of(args: argparse.Namespace, name: str = "") -> "Client":
    """The client that the arguments speak of.

    Args:
        args: see `add_arguments`.
        name: where neither a configuration nor a URL is given: a provider's name, or
            "provider:model"; "" for what the environment says.

    Raises:
        ValueError, TypeError, OSError: what is said is not right, or too little.
    """
    from thinwire import Client, Deployment

    if args.config:
        return Client.from_config(args.config)
    if args.base_url:
        variable = key_variable(args.base_url, args.api_key_env)
        model = args.model or "model"
        return Client(model, Deployment(args.base_url, api_key_env=variable))
    if name:
        provider, _, model = name.partition(":")
        deployment = Deployment(
            provider=provider, model=model or None, api_key_env=args.api_key_env
        )
        return Client(name, deployment)
    return Client()


def key_variable(url: str, named: str | None) -> str | None:
    """The variable that holds the key for a URL: none of a company's keys goes to another.

    Args:
        url: base URL of an API.
        named: what the user has named, if anything.

    Returns:
        None where there is none to be named: of a provider's server thinwire knows it.
    """
    from thinwire.core.providers.addresses import kind
    from thinwire.core.routing.deployment import URL

    mine = url == os.environ.get("OPENAI_BASE_URL") or kind(URL(url).host) == "loopback"
    return named or (_KEY if mine and os.environ.get(_KEY) else None)


def reported(command: str, act: Callable[[], int]) -> int:
    """What `act` returns, or 1 after an error, which stands on stderr in one line."""
    from thinwire import ThinwireError

    try:
        return act()
    except (ThinwireError, ValueError, TypeError, OSError) as error:
        words = " ".join(str(error).split()) or type(error).__name__
        print(f"thinwire {command}: {words}", file=sys.stderr)
        return 1


def print_json(value: object) -> None:
    """Print a value as JSON."""
    print(json.dumps(value, indent=1))


def print_table(head: list[str], rows: list[list[str]]) -> None:
    """Print rows of words below one another."""
    lines = [[printable(word) for word in row] for row in (head, *rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    for line in lines:
        print(
            "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip()
        )


def printable(word: str) -> str:
    """A server's word as a terminal may have it: what would move its cursor, or colour it, is
    shown in Python's spelling."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in word)


def said(value: object) -> str:
    """A value in a table."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)
