"""`thinwire mock`: the mock server for programs in other languages, processes and boards."""

import argparse
import contextlib
import sys

from thinwire.cli.serving import until_stopped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thinwire.testing import RecordedRequest

_KEPT = 1000  # records for /_mock/requests

HELP = "serve a mock OpenAI-compatible API"
DESCRIPTION = """Serve a mock OpenAI-compatible API until Ctrl-C. The model's name chooses the
behaviour; any other name says back the last user message, or, asked for an answer that fits a JSON
schema, a value of it."""
_SCENARIO = "scenarios (docs/testing.md): each is the behaviour of the model of its name"
_REPLAY = "a recording (thinwire record): each exchange answers to the model it was made with"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen at (default %(default)s)")
    add("--port", type=int, default=0, help="port; by default a free one")
    add("--reply-text", metavar="TEXT", help="the answer, in place of what the user said")
    add("--delay-ms", type=float, default=20, help="pause before each token (%(default)s)")
    add("--scenario", metavar="FILE", action="append", default=[], help=_SCENARIO)
    add("--replay", metavar="FILE", action="append", default=[], help=_REPLAY)
    add("--speed", type=float, default=0, help="pauses of a replay: 1 as recorded, 0 none (0)")
    add("--strict", action="store_true", help="check chat completions as strictly as OpenAI does")
    add("--quiet", action="store_true", help="do not log requests to stderr")


def run(args: argparse.Namespace) -> int:
    """Serve until a signal comes.

    Args:
        args: as declared by `add_arguments`.

    Returns:
        0; 1 when a file is not right, or it cannot listen at that address.
    """
    from thinwire.testing import BUILTIN_MODELS, MockServer, text_reply

    default = None
    if args.reply_text is not None:
        default = text_reply(args.reply_text, delay_ms=args.delay_ms)
    server = MockServer(
        host=args.host,
        port=args.port,
        keep_bodies=False,  # nobody can ask for them: /_mock/requests tells their hashes
        keep_requests=_KEPT,
        default=default,
        delay_ms=args.delay_ms,
        strict=args.strict or None,
        finished=None if args.quiet else _log,
    )
    try:
        for path in [*args.scenario, *args.replay]:
            server.load(path, speed=args.speed)
    except (OSError, ValueError) as error:
        print(f"thinwire mock: {error}", file=sys.stderr)
        return 1
    try:
        server.start()
    except (OSError, OverflowError) as error:
        print(f"thinwire mock: cannot listen: {error}", file=sys.stderr)
        return 1
    try:
        models = " ".join([*server.models, *BUILTIN_MODELS])
        until_stopped(f"thinwire mock: listening at {server.base_url}\nmodels: {models}\n")
    finally:
        server.stop()
    return 0


def _log(request: "RecordedRequest") -> None:
    body = f"{request.body_size} B {request.framing}"
    if request.framing == "chunked":
        body += f" in {request.block_count} blocks"
    line = f"{request.method} {request.path} model={request.model!r} {body}"
    with contextlib.suppress(OSError):  # nobody reads the log: no reason to stop serving
        print(f"{line} -> {request.status} {request.outcome}", file=sys.stderr, flush=True)
