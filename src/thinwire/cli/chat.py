"""`thinwire chat`: one question, one answer, streamed to the terminal."""

import argparse
import os
import sys
from typing import TextIO

from thinwire.cli import clients

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thinwire import Event

HELP = "ask a model and print its answer as it arrives"
DESCRIPTION = "Ask a model and print its answer as it arrives."
_OPENAI = "https://api.openai.com/v1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add = parser.add_argument
    add("--base-url", metavar="URL", help=f"the API (default: $OPENAI_BASE_URL or {_OPENAI})")
    add("--model", metavar="M", help="model to ask (default: $OPENAI_MODEL)")
    add(
        "--api-key-env",
        metavar="NAME",
        help=f"environment variable with the API key ({clients.KEY_HELP})",
    )
    add("--system", metavar="S", help="system message")
    add("--reasoning", action="store_true", help="print the model's reasoning to stderr")
    add("prompt", metavar="PROMPT", nargs="*", help="the question; - reads it from stdin")


def run(args: argparse.Namespace) -> int:
    """Ask and print.

    Args:
        args: as declared by `add_arguments`.

    Returns:
        0; 1 after an error, which stands on stderr in one line.

    Raises:
        SystemExit: status 2, without a model or a prompt.
    """
    from thinwire import Client, Deployment, ThinwireError

    base_url = args.base_url or os.environ.get("OPENAI_BASE_URL") or _OPENAI
    model = str(args.model or os.environ.get("OPENAI_MODEL") or "")
    if not model:
        args.usage_error("name a model with --model or in OPENAI_MODEL")
    screen, key = _Screen(args.reasoning), None
    try:
        key = os.environ.get(clients.key_variable(base_url, args.api_key_env) or "") or None
        messages = _messages(args)
        with Client(model, {model: Deployment(base_url, key)}) as client:
            with client.stream(messages) as stream:
                try:
                    for event in stream:
                        screen.show(event)
                finally:
                    screen.end_line()  # before the message of any error
            if stream.completion.finish_reason not in ("stop", None):
                reason = stream.completion.finish_reason
                print(f"thinwire: finish_reason {reason!r}", file=sys.stderr)
    except (ThinwireError, ValueError) as error:
        message = " ".join(str(error).split()) or type(error).__name__
        # Providers repeat a wrong key in their message.
        print(f"thinwire: {message.replace(key, '***') if key else message}", file=sys.stderr)
        return 1
    return 0


def _messages(args: argparse.Namespace) -> list[dict[str, object]]:
    from_stdin = args.prompt == ["-"] or (not args.prompt and not sys.stdin.isatty())
    where = "stdin" if from_stdin else "the prompt"
    try:
        prompt = sys.stdin.read() if from_stdin else " ".join(args.prompt)
        f"{prompt}{args.system}".encode()  # Python lets bytes that are no text pass as surrogates
    except UnicodeError:
        raise ValueError(
            f"{where} is no text in UTF-8, or in the terminal's own encoding"
        ) from None
    if not prompt.strip():
        args.usage_error("give a prompt, or - to read it from stdin")
    asked: dict[str, object] = {"role": "user", "content": prompt}
    return [{"role": "system", "content": args.system}, asked] if args.system else [asked]


class _Screen:
    # Text goes to stdout, reasoning to stderr; a line of the one is ended before the other.
    def __init__(self, reasoning: bool) -> None:
        self._reasoning = reasoning
        self._line: TextIO | None = None

    def show(self, event: "Event") -> None:
        from thinwire import ContentDelta, ReasoningDelta, RefusalDelta

        if isinstance(event, (ContentDelta, RefusalDelta)):
            self._write(sys.stdout, event.text)
        elif isinstance(event, ReasoningDelta) and self._reasoning:
            self._write(sys.stderr, event.text)

    def end_line(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.write("\n")
            line.flush()

    def _write(self, stream: TextIO, text: str) -> None:
        if self._line is not stream:
            self.end_line()
        self._line = stream
        # A terminal that is not UTF-8 shows "?" for what it lacks: better than a traceback.
        encoding = stream.encoding or "utf-8"
        stream.write(text.encode(encoding, "replace").decode(encoding))
        stream.flush()
