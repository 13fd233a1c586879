"""Stalls on MicroPython, on plain TCP and on TLS: they end in time, and other tasks go on."""

import ast
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.certificates import Authority, authority
from support.device_calls import call
from support.interpreters import ROOT, Interpreter
from support.places import places

from thinwire.testing import (
    Head,
    MockCompletion,
    MockReply,
    MockServer,
    Repeat,
    Send,
    Stall,
    stall_reply,
    text_reply,
)

LIMIT_S = 0.4
GRACE_MS = 1000
# Measured: 5 to 17 ms, of which 5 are the ticker's own; up to 76 ms where a flood keeps the parser
# busy. A busy machine is no reason to fail (what it does meanwhile is not counted), a transport
# that blocks until its clock is one.
GAP_MS = 250
MEAN_MS = 40  # between two ticks, all in all
_EVENTS = (("Content-Type", "text/event-stream"),)


@dataclass(frozen=True)
class Case:
    """One stall.

    Args:
        script: of the server.
        clock: that ends it.
        kib: of prompt; 0 for a few words.
    """

    script: Any
    clock: str = "first_token"
    kib: int = 0


CASES = {
    "before the head": Case(stall_reply("before_head")),
    "inside the head": Case(MockReply(framing="raw", steps=[Send(b"HTTP/1.1 200 O"), Stall()])),
    "after the head": Case(stall_reply("after_head")),
    "only comments": Case(stall_reply("comments", interval_ms=20)),
    "a flood of comments": Case(MockReply(headers=_EVENTS, steps=[Repeat(b": ping\n\n" * 99, 0)])),
    "a drip": Case(text_reply("Hello there", pieces=1, gap_ms=10)),
    "in an error body": Case(MockReply(500, [Head(), Repeat(b"x", 20)])),
    "no bytes": Case(stall_reply("after_head"), "liveness"),
    "no time": Case(stall_reply("before_head"), "total"),
    "in the middle": Case(MockCompletion([{"content": "Hi"}], ending=[Stall()]), "progress"),
    "comments in the middle": Case(
        MockCompletion([{"content": "Hi"}], ending=[Repeat(b": ping\n\n", 20)]), "progress"
    ),
    "in the upload": Case(stall_reply("mid_upload"), "upload", kib=4096),
}


@pytest.fixture(scope="module")
def trusted() -> Authority:
    return authority()


@contextlib.contextmanager
def serving(case: Case, trusted: Authority, tls: bool) -> Iterator[MockServer]:
    with MockServer(ssl_context=trusted.server("127.0.0.1") if tls else None) as server:
        server.reply("m", case.script)
        if case.kib:  # the model's name may come last, which is too late for an early answer
            server.reply("*", case.script)
        yield server


def judge(result: list[Any], clock: str, error: str, name: str) -> None:
    found, phase, took, needed, ticks, longest = result
    print(f"{name}: {took} ms, of them {needed} its own, {ticks} ticks, {longest} ms apart")
    assert found == error
    if error == "TransportTimeout":
        assert phase == clock
    assert took >= LIMIT_S * 900
    assert needed <= LIMIT_S * 1000 + GRACE_MS
    assert longest <= GAP_MS
    assert ticks * MEAN_MS >= needed


@pytest.mark.parametrize("tls", [False, True], ids=["tcp", "tls"])
@pytest.mark.parametrize("name", CASES)
def test_a_stall_ends_in_time(
    micropython: Interpreter, tmp_path: Path, trusted: Authority, name: str, tls: bool
) -> None:
    case = CASES[name]
    options = {"cadata": trusted.der.hex()} if tls else {}
    with serving(case, trusted, tls) as server:
        arguments = (server.base_url, options, case.clock, LIMIT_S, case.kib, not case.kib)
        result = call(micropython, tmp_path, "stalls.py", "stalled", *arguments)
    error = "StatusError" if "error body" in name else "TransportTimeout"
    judge(result, case.clock, error, f"{micropython.name} {name}")


@pytest.mark.parametrize("clock", ["connect", "total"])
@pytest.mark.parametrize("where", ["http full", "https mute"])
def test_connecting_ends_in_time(
    micropython: Interpreter, tmp_path: Path, trusted: Authority, where: str, clock: str
) -> None:
    scheme, place = where.split()
    with places() as nobody:
        url = "{}://{}:{}/v1".format(scheme, *nobody[place])
        options = {"cadata": trusted.der.hex()}
        arguments = (url, options, clock, LIMIT_S, 0, False)
        result = call(micropython, tmp_path, "stalls.py", "stalled", *arguments)
    judge(result, clock, "TransportTimeout", f"{micropython.name} {where} {clock}")


def test_nothing_uses_wait_for() -> None:
    # It loses cancellations and exceptions on MicroPython (docs/micropython.md).
    folders = ("src/thinwire/core", "port_micropython/thinwire_device")
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    assert len(files) > 40
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            named = getattr(node, "attr", None) or getattr(node, "id", None)
            assert named not in ("wait_for", "wait_for_ms"), file
