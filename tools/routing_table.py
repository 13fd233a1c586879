"""Writes the table of docs/routing.md: what follows each kind of error, asked of the code itself.

python tools/routing_table.py            checks that the page has the table of this code
python tools/routing_table.py --write    writes it there
"""

import sys
from pathlib import Path

from thinwire.core.error_kinds import COOLDOWN_ON, FALLBACK_ON, FALLBACK_OPTIONAL
from thinwire.core.errors import ThinwireError
from thinwire.core.exchange import launch
from thinwire.core.request.call import Call
from thinwire.core.routing import recovery
from thinwire.core.routing.deployment import Deployment
from thinwire.core.routing.health import CooldownPolicy, Health
from thinwire.core.routing.plan import Plan
from thinwire.core.routing.policy import Policy, RetryPolicy, Timeouts
from thinwire.core.routing.router import Router
from thinwire.core.wire.reserve import Reserve
from thinwire.testing import ScriptedTransport

PAGE = Path(__file__).resolve().parent.parent / "docs" / "routing.md"
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->\n"

MEANINGS = {
    "connect": "no connection: name lookup, refusal, TLS (`ConnectError`)",
    "write": "the connection broke during the upload (`WriteError`)",
    "read": "the response broke off or is not HTTP (`ReadError`)",
    "timeout": "a clock ran out (`TransportTimeout`), or status 408",
    "stream": "a 200 that is no stream of chunks, or ends before a delta (`StreamError`)",
    "tool_calls": "a tool call is announced that is not there (`StreamError` with `completion`)",
    "rate_limit": "429, or words to that effect",
    "overloaded": "529, `overloaded_error`",
    "server": "any other 5xx, an error object that says nothing better",
    "conflict": "409",
    "too_early": "425",
    "certificate": "the server's certificate is not accepted (`ConnectError`)",
    "auth": "401, 403",
    "quota": "402, an account without money (`insufficient_quota`)",
    "not_found": "404",
    "model_not_found": "the server does not know the model",
    "too_large": "413",
    "bad_request": "400, 422 and other 4xx",
    "redirect": "3xx; redirects are not followed",
    "context_length": "the request does not fit (`ContextWindowExceeded`)",
    "content_filter": "a content filter refused the request",
    "unsupported": "the deployment, or its wire, cannot do what is asked; nothing was sent",
    "limit": "`max_concurrent` or `requests_per_minute` is reached; nothing was sent",
    "length": "the answer ended for want of tokens, with `divert_on` (`Diverted`)",
    "encode": "the request holds what JSON or HTTP cannot carry (`EncodeError`)",
}
ACTIONS = {
    "retry": "the same again, after a wait",
    "fallback": "the fallback",
    "raise": "the error",
}
HEAD = "| kind | what happened | with a healthy fallback | without | repeated, cools down |\n"


def table() -> str:
    """The table as Markdown."""
    lines = [HEAD, "|---|---|---|---|---|\n"]
    for kind, meaning in MEANINGS.items():
        cools = "yes" if kind in COOLDOWN_ON else "no"
        cells = (f"`{kind}`", meaning, _with_fallback(kind), _step(kind), cools)
        lines.append("| %s |\n" % " | ".join(cells))
    return "".join(lines)


def _with_fallback(kind: str) -> str:
    words = _step(kind, fallbacks={"a": ["b"]})
    if kind in ("context_length", "content_filter"):
        option = "context_fallbacks" if kind == "context_length" else "content_filter_fallbacks"
        return f"{words}; with `{option}`: {_step(kind, **{option: {'a': ['b']}})}"
    if kind in FALLBACK_OPTIONAL:
        return f"{words}, unless `fallback_on` has it"
    return words


def _step(kind: str, **lists: dict[str, list[str]]) -> str:
    # What a plan says to the first failure.
    deployments = {name: Deployment(f"https://{name}.test/v1") for name in "ab"}
    router = Router("a", deployments, **lists)  # type: ignore[arg-type]
    policy = Policy(Timeouts(), RetryPolicy())
    plan = Plan(router, Call([]), None, policy, Health(CooldownPolicy()), 0)
    error = ThinwireError(kind)
    error.kind = kind  # type: ignore[assignment]  # a text of the table
    exchange = launch(ScriptedTransport([]), plan, Reserve(1024))
    recovery.record_failure(plan, exchange, error, 0)
    return ACTIONS[recovery.decide(plan, exchange, error, True, 0, 0.5).action]


def page(text: str) -> str:
    """The page with the table of this code."""
    missing = set(FALLBACK_ON + FALLBACK_OPTIONAL) - set(MEANINGS)
    if missing:
        raise SystemExit(f"no meaning for {sorted(missing)}: add it to MEANINGS")
    start, _, rest = text.partition(BEGIN)
    return start + BEGIN + table() + END + rest.partition(END)[2]


def main(arguments: list[str]) -> int:
    """Checks or writes; returns the exit status."""
    text = PAGE.read_text()
    wanted = page(text)
    if arguments == ["--write"]:
        PAGE.write_text(wanted)
    elif text != wanted:
        print("docs/routing.md is not up to date: python tools/routing_table.py --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
