"""Calls over TLS from MicroPython, and what must come of them."""

import contextlib
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.certificates import Authority, authority
from support.legs import Leg, run_jobs
from support.places import places

from thinwire.testing import (
    Cut,
    MockCompletion,
    MockServer,
    cut_reply,
    stall_reply,
    status_reply,
    text_reply,
)

LONG = "Grüße " * 5_000
_LIMIT_S = 0.4
_STALL = {"error": "TransportTimeout"}
_REFUSED = {"error": "ConnectError"}

SCRIPTS = {
    "echo": None,
    "long": text_reply("word " * 500),
    "until-close": text_reply("Hello", framing="close"),
    "cut": MockCompletion([{"content": "Hello"}], ending=[Cut()]),
    "goodbye": MockCompletion([{"content": "Hello"}], ending=[Cut(notify=True)]),
    "before-head": stall_reply("before_head"),
    "after-head": stall_reply("after_head"),
    "mid-stream": stall_reply("mid_stream"),
    "comments": stall_reply("comments", interval_ms=40),
    "429": status_reply(429),
    "cut-before-head": cut_reply("before_head"),
}


@dataclass(frozen=True)
class Turn:
    """One call.

    Args:
        name: of the turn.
        server: which of `servers`.
        want: what the outcome must hold.
        trust: "file" or "bytes" for the right CA, else options of the client.
        models: asked for, the others are fallbacks.
        timeouts: of the client.
        said: the message.
    """

    name: str
    server: str
    want: Mapping[str, Any]
    trust: str | Mapping[str, Any] = "file"
    models: tuple[str, ...] = ("echo",)
    timeouts: Mapping[str, float] = field(default_factory=dict)
    said: str = "Hi"


def _good(name: str, server: str = "right", content: str = "Hi", **more: Any) -> Turn:
    return Turn(name, server, {"content": content, "complete": True}, **more)


def _stall(name: str, server: str, model: str, clock: str) -> Turn:
    want = {**_STALL, "phase": clock}
    return Turn(name, server, want, models=(model,), timeouts={clock: _LIMIT_S})


def _broken(model: str, cause: str, **timeouts: float) -> Turn:
    want = {"error": "StreamInterrupted", "cause": cause}
    limits = timeouts or {"liveness": 10}
    return Turn(f"broken: {model}", "right", want, models=(model,), timeouts=limits)


def _refused(name: str, server: str, trust: Any = "file", **want: Any) -> Turn:
    return Turn(name, server, {**_REFUSED, **want}, trust)


TURNS = [
    _good("CA from a file"),
    _good("CA as bytes", trust="bytes"),
    _good("by name", "by name"),
    _good("verify=False", "unknown CA", trust={"verify": False}),
    _good("TLS 1.2", "TLS 1.2"),
    _good("long both ways", content="word " * 500, models=("long",), said=LONG),
    # The server says goodbye in TLS and may leave TCP open: [DONE] is what counts.
    _good("until close", content="Hello", models=("until-close",)),
    _good("rescue after 429", models=("429", "echo")),
    _good("rescue after a cut", models=("cut-before-head", "echo")),
    _refused("built-in roots", "unknown CA", {}),
    _refused("no certificate", "untouched", {"cadata": b"no certificate"}),
    _refused("unknown CA", "unknown CA"),
    _refused("wrong name", "wrong name"),
    _refused("expired", "expired"),
    _refused("no TLS at all", "plain"),
    _broken("cut", "ReadError"),
    _broken("goodbye", "ReadError"),
    _broken("mid-stream", "TransportTimeout", progress=_LIMIT_S),
    _stall("silent", "right", "before-head", "first_token"),
    _stall("silent after the head", "right", "after-head", "first_token"),
    _stall("only comments", "right", "comments", "first_token"),
    # A server that says nothing in the handshake: shaking hands is a part of connecting.
    _stall("mute, connect", "mute", "echo", "connect"),
    _stall("mute, total", "mute", "echo", "total"),
]

# A chip's configuration of mbedTLS has no TLS 1.3, and the PyPI build shares it.
TLS_1_3 = _good("TLS 1.3", "TLS 1.3")


@dataclass(frozen=True)
class Servers:
    """Servers with each kind of certificate, and their addresses."""

    running: Mapping[str, MockServer]
    urls: Mapping[str, str]


@contextlib.contextmanager
def servers(trusted: Authority) -> Iterator[Servers]:
    """One server of each kind, with the scripts."""
    contexts: dict[str, ssl.SSLContext | None] = {
        "right": trusted.server("127.0.0.1", "localhost"),
        "untouched": trusted.server("127.0.0.1"),
        "unknown CA": authority().server("127.0.0.1"),
        "wrong name": trusted.server("example.test"),
        "expired": trusted.server("127.0.0.1", expired=True),
        "TLS 1.2": _only(trusted.server("127.0.0.1"), ssl.TLSVersion.TLSv1_2),
        "TLS 1.3": _only(trusted.server("127.0.0.1"), ssl.TLSVersion.TLSv1_3),
        "plain": None,
    }
    with contextlib.ExitStack() as stack:
        running = {
            name: stack.enter_context(MockServer(ssl_context=context))
            for name, context in contexts.items()
        }
        for model, script in SCRIPTS.items():
            if script is not None:
                running["right"].reply(model, script)
        urls = {name: server.base_url for name, server in running.items()}
        urls["by name"] = urls["right"].replace("127.0.0.1", "localhost")
        urls["plain"] = urls["plain"].replace("http:", "https:")
        host, port = stack.enter_context(places())["mute"]
        urls["mute"] = f"https://{host}:{port}/v1"
        yield Servers(running, urls)


def run_turns(
    leg: Leg, servers: Servers, trusted: Authority, folder: Path
) -> tuple[dict[str, Any], str]:
    """Outcomes by name of the turn, and what else was printed."""
    turns = [*TURNS, TLS_1_3]
    file = folder / "ca.der"
    file.write_bytes(trusted.der)
    jobs = [_job(turn, servers.urls[turn.server], file) for turn in turns]
    results, output = run_jobs(leg, "run_asks.py", jobs, folder)
    return {result["name"]: result for result in results}, output


def _job(turn: Turn, url: str, ca: Path) -> dict[str, Any]:
    ways: dict[str, dict[str, Any]] = {
        "file": {"verify": str(ca)},
        "bytes": {"cadata": ca.read_bytes()},
    }
    options = dict(ways[turn.trust] if isinstance(turn.trust, str) else turn.trust)
    if "cadata" in options:  # JSON has no bytes
        options["cadata"] = options["cadata"].hex()
    first, *others = turn.models
    return {
        "name": turn.name,
        "model": first,
        "models": {model: (url, model) for model in turn.models},
        "fallbacks": {first: others} if others else None,
        "options": options,
        "timeouts": dict(turn.timeouts),
        "messages": [{"role": "user", "content": turn.said}],
    }


def _only(context: ssl.SSLContext, version: ssl.TLSVersion) -> ssl.SSLContext:
    context.minimum_version = context.maximum_version = version
    return context
