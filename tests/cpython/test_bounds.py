"""Servers that never stop sending: memory stays bounded, and the call ends in an error of ours."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
from support.interpreters import ROOT, Interpreter, run_micropython

from thinwire.testing import MockReply, MockServer, Repeat, Send

SCRIPT = ROOT / "tests/wire/bounds.py"
LIMIT = 24_000_000  # bytes
KINDS = ("async", "sync")
EVENTS = (("Content-Type", "text/event-stream"),)
LONG = 100 * 1024 * 1024

# What the server sends, and the error it ends in.
ENDLESS = {
    "line": (
        MockReply(headers=EVENTS, steps=[Send(b"data: "), Repeat(b"x" * 65536, 0, LONG // 65536)]),
        "StreamError",
    ),
    "event": (
        MockReply(headers=EVENTS, steps=[Repeat(b"data: " + b"x" * 9999 + b"\n", 0)]),
        "StreamError",
    ),
    "head": (
        MockReply(
            framing="raw",
            steps=[
                Send(b"HTTP/1.1 200 OK\r\n", raw=True),
                Repeat(b"X-Y: " + b"z" * 99 + b"\r\n", 0),
            ],
        ),
        "ReadError",
    ),
    "error-body": (MockReply(status=500, steps=[Repeat(b"x" * 4096, 0)]), "StatusError"),
    "comments": (
        MockReply(headers=EVENTS, steps=[Repeat(b": ping\n\n" * 100, 0)]),
        "TransportTimeout",
    ),
    "document": (
        MockReply(
            headers=(("Content-Type", "application/json"),), steps=[Repeat(b"[" * 65536, 0)]
        ),
        "StreamError",
    ),
}


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        for model, (reply, _) in ENDLESS.items():
            running.reply(model, reply)
        yield running


def judge(output: str, limit: int, small: bool = False) -> None:
    outcome = json.loads(output.splitlines()[-1])
    assert outcome.keys() == ENDLESS.keys()
    for model, (_, error) in ENDLESS.items():
        # A small heap may end before the limit does.
        assert outcome[model][0] in ([error, "OutOfMemory"] if small else [error]), model
    assert all(peak < limit for _, peak in outcome.values()), outcome


@pytest.mark.parametrize("kind", KINDS)
def test_on_cpython(server: MockServer, kind: str) -> None:
    command = [sys.executable, str(SCRIPT), server.base_url, kind, *ENDLESS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    judge(done.stdout, LIMIT)


@pytest.mark.parametrize("kind", KINDS)
def test_in_a_small_heap(micropython: Interpreter, server: MockServer, kind: str) -> None:
    arguments = (server.base_url, kind, *ENDLESS)
    done = run_micropython(micropython, SCRIPT, *arguments, heapsize="320k", timeout=600)
    assert done.returncode == 0, done.stdout
    judge(done.stdout, LIMIT, small=True)
