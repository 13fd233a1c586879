"""`thinwire record`: keep the raw bytes of real exchanges, for `thinwire mock --replay`."""

import argparse
import os
import sys
from pathlib import Path

from thinwire.cli.serving import until_stopped

HELP = "record real exchanges, without secrets"
DESCRIPTION = """Forward requests to a real API until Ctrl-C, and write the raw bytes of its
answers to a file, cut as they arrived, with keys and cookies taken out."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add = parser.add_argument
    add("--to", metavar="FILE", required=True, help="the recording (docs/testing.md)")
    add("--base-url", metavar="URL", help="the API (default: $OPENAI_BASE_URL)")
    add(
        "--add-ca", metavar="FILE", help="CA certificates to trust beside the system's, PEM or DER"
    )
    add("--host", default="127.0.0.1", help="address to listen at (default %(default)s)")
    add("--port", type=int, default=0, help="port; by default a free one")


def run(args: argparse.Namespace) -> int:
    """Record until a signal comes.

    Args:
        args: as declared by `add_arguments`.

    Returns:
        0; 1 when the URL is none, the certificates cannot be read, or it cannot listen at that
        address.

    Raises:
        SystemExit: status 2, without a base URL.
    """
    from thinwire.testing import Recorder

    base_url = args.base_url or os.environ.get("OPENAI_BASE_URL")
    if not base_url:
        args.usage_error("name the API with --base-url or in OPENAI_BASE_URL")
    try:
        add_ca = None if args.add_ca is None else Path(args.add_ca).read_bytes()
        recorder = Recorder(
            str(base_url), args.to, host=args.host, port=args.port, add_ca=add_ca
        ).start()
    except (OSError, OverflowError, ValueError) as error:
        print(f"thinwire record: {error}", file=sys.stderr)
        return 1
    try:
        greeting = f"thinwire record: listening at {recorder.base_url}\nto: {recorder.upstream}\n"
        until_stopped(greeting)
    finally:
        recorder.stop()
    for message in recorder.errors:
        print(f"thinwire record: {message}", file=sys.stderr)
    print(f"thinwire record: {len(recorder.exchanges)} exchanges in {args.to}", file=sys.stderr)
    return 0
