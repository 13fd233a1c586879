# `thinwire chat`: one question, one answer, streamed to the terminal.

import argparse
import os
import sys
from typing import TextIO

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thinwire import Client, Completion, Event

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_OPENAI = "https://api.openai.com/v1"


def add_parser(commands: "Commands") -> None:
    """Declare the command's arguments."""
    parser = commands.add_parser(
        "chat",
        help="ask a model and print its answer as it arrives",
        description="Ask a model and print its answer as it arrives.",
    )
    add = parser.add_argument
    add("--base-url", metavar="URL", help=f"the API (default: $OPENAI_BASE_URL or {_OPENAI})")
    add("--model", metavar="M", help="model to ask (default: $OPENAI_MODEL)")
    add(
        "--api-key-env",
        metavar="NAME",
        default="OPENAI_API_KEY",
        help="environment variable with the API key (default: %(default)s)",
    )
    add("--system", metavar="S", help="system message")
    add("--reasoning", action="store_true", help="print the model's reasoning to stderr")
    add("prompt", metavar="PROMPT", nargs="*", help="the question; - reads it from stdin")
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    """Ask and print.

    Args:
        args: as declared by `add_parser`.

    Returns:
        0; 1 after an error, which stands on stderr in one line.

    Raises:
        SystemExit: status 2, without a model or a prompt.
    """
    from thinwire import ThinwireError

    key = os.environ.get(args.api_key_env) or None
    model, messages = _model(args), _messages(args)
    try:
        with _client(args, model, key) as client:
            _print_answer(client, messages, args.reasoning)
    except BrokenPipeError:
        _silence_stdout()
        return 1
    except (ThinwireError, ValueError, OSError) as error:
        print(f"thinwire: {_one_line(error, key)}", file=sys.stderr)
        return 1
    return 0


def _model(args: argparse.Namespace) -> str:
    model = args.model or os.environ.get("OPENAI_MODEL")
    if not model:
        args.usage_error("name a model with --model or in OPENAI_MODEL")
    return str(model)


def _messages(args: argparse.Namespace) -> list[dict[str, object]]:
    prompt = _prompt(args)
    if not prompt.strip():
        args.usage_error("give a prompt, or - to read it from stdin")
    asked: dict[str, object] = {"role": "user", "content": prompt}
    return [{"role": "system", "content": args.system}, asked] if args.system else [asked]


def _prompt(args: argparse.Namespace) -> str:
    from_stdin = args.prompt == ["-"] or (not args.prompt and not sys.stdin.isatty())
    return sys.stdin.read() if from_stdin else " ".join(args.prompt)


def _client(args: argparse.Namespace, model: str, key: str | None) -> "Client":
    from thinwire import Client, Deployment

    base_url = args.base_url or os.environ.get("OPENAI_BASE_URL") or _OPENAI
    return Client(default_model=model, deployments={model: Deployment(base_url, key)})


def _print_answer(client: "Client", messages: list[dict[str, object]], reasoning: bool) -> None:
    screen = _Screen(reasoning)
    with client.stream(messages) as stream:
        try:
            for event in stream:
                screen.show(event)
        finally:
            screen.end_line()  # before the message of any error
    _remark(stream.completion)


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


def _remark(completion: "Completion") -> None:
    if completion.finish_reason not in ("stop", None):
        print(f"thinwire: finish_reason {completion.finish_reason!r}", file=sys.stderr)


def _one_line(error: Exception, key: str | None) -> str:
    # Providers repeat a wrong key in their message.
    text = " ".join(str(error).split()) or type(error).__name__
    return text.replace(key, "***") if key else text


def _silence_stdout() -> None:
    # Python flushes stdout once more at exit, and would complain about the closed pipe there.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
