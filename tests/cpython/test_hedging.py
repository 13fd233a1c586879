"""Hedging over real sockets: the first delta wins, the loser is gone, and texts never mix."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.device_calls import call
from support.interpreters import Interpreter
from support.order import given_time, held
from wire import hedging

from thinwire.testing import (
    DONE,
    MockCompletion,
    MockServer,
    RecordedRequest,
    Send,
    Stall,
    cut_reply,
    sse_event,
    stall_reply,
    status_reply,
    text_reply,
)

SLOW, FAST = "slow and steady", "fast and loose"
_SOON = 0.05  # seconds after which the fallback starts
_LONG = 60.0
Run = Callable[..., Any]


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server
        assert server.errors == []


@pytest.fixture
def run(interpreter: Interpreter | None, tmp_path: Path, server: MockServer) -> Run:
    """Calls a function of tests/wire/hedging.py with the server's address, on one runtime.

    It must not take as long as the clocks of the attempts: nobody waits for a loser.
    """

    def run(function: str, *arguments: Any) -> Any:
        start = time.monotonic()
        result = finish(function, *arguments)
        assert time.monotonic() - start < hedging.LIMIT_S / 2
        return result

    def finish(function: str, *arguments: Any) -> Any:
        if interpreter is None:
            return asyncio.run(getattr(hedging, function)(server.base_url, *arguments))
        return call(interpreter, tmp_path, "hedging.py", function, server.base_url, *arguments)

    return run


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """A file in which the client notes what its hook is told, as it comes."""
    file = tmp_path / "told"
    file.touch()
    return file


def answer(text: str, when: Callable[[], bool]) -> MockCompletion:
    """An answer whose only delta comes when something is true."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": "stop"}
    return MockCompletion(
        [], ending=held(when, Send(sse_event({"choices": [choice]})), Send(DONE))
    )


def empty(when: Callable[[], bool]) -> MockCompletion:
    """An answer that ends without a word when something is true, which is a failure."""
    return MockCompletion([], ending=held(when), done=False)


def asked(server: MockServer, model: str) -> list[RecordedRequest]:
    return [request for request in server.requests if request.model == model]


@pytest.mark.parametrize(
    "silence",
    [
        stall_reply("before_head"),
        stall_reply("after_head"),
        stall_reply("comments", interval_ms=10),
        MockCompletion([], ending=[Stall()]),
    ],
    ids=["before the head", "after the head", "comments", "role"],
)
def test_a_fast_fallback_wins(run: Run, server: MockServer, told: Path, silence: Any) -> None:
    server.reply("slow", silence)
    server.reply("fast", text_reply(FAST))
    seen, whole, deployment, attempts, events = run("raced", _SOON, str(told))
    assert seen == whole == FAST
    assert deployment == "fast"
    assert attempts == [["slow", "lost", False], ["fast", "answered", True]]
    assert events == [
        "call_started",
        "attempt_started",
        "attempt_started",
        "attempt_lost",
        "first_token",
        "complete",
        "call_ended",
    ]
    # Its connection is closed at once, not at the end of the program.
    assert [request.wait() for request in asked(server, "slow")] == ["client_gone"]


def test_a_slow_fallback_loses(run: Run, server: MockServer, told: Path) -> None:
    server.reply("slow", answer(SLOW, when=lambda: asked(server, "fast") != []))
    server.reply("fast", stall_reply("before_head"))
    seen, whole, deployment, attempts, _ = run("raced", _SOON, str(told))
    assert seen == whole == SLOW
    assert deployment == "slow"
    assert attempts == [["slow", "answered", False], ["fast", "lost", True]]
    assert [request.wait() for request in asked(server, "fast")] == ["client_gone"]
    assert [request.wait() for request in asked(server, "slow")] == ["complete"]


def test_a_prompt_answer_is_not_raced(run: Run, server: MockServer, told: Path) -> None:
    server.reply("slow", text_reply(SLOW))
    assert run("raced", _LONG, str(told))[3] == [["slow", "answered", False]]
    assert asked(server, "fast") == []


def test_after_the_first_delta_no_race_begins(run: Run, server: MockServer, told: Path) -> None:
    def attempt(scale: int) -> None:
        server.clear()
        server.reply("fast", text_reply(FAST))
        tokens = ["slow", " and", " steady"]
        server.reply("slow", text_reply(SLOW, tokens=tokens, delay_ms=150 * scale))
        seen, whole, _, attempts, _ = run("raced", 0.4 * scale, str(told))
        assert seen == whole == SLOW
        assert attempts == [["slow", "answered", False]]

    given_time(attempt)


def test_both_at_once(run: Run, server: MockServer, told: Path) -> None:
    server.reply("slow", stall_reply("before_head"))
    server.reply("fast", text_reply(FAST))
    assert run("raced", 0, str(told))[0] == FAST


def test_the_first_fails_while_both_are_at_work(run: Run, server: MockServer, told: Path) -> None:
    server.reply("slow", empty(when=lambda: asked(server, "fast") != []))
    server.reply("fast", answer(FAST, when=lambda: "attempt_failed" in told.read_text()))
    seen, _, _, attempts, events = run("raced", _SOON, str(told))
    assert seen == FAST
    assert attempts == [["slow", "failed", False], ["fast", "answered", True]]
    assert events.count("attempt_failed") == 1
    assert "fallback" not in events


def test_the_hedge_fails_while_the_first_is_at_work(
    run: Run, server: MockServer, told: Path
) -> None:
    server.reply("slow", answer(SLOW, when=lambda: "attempt_failed" in told.read_text()))
    server.reply("fast", status_reply(503))
    seen, _, _, attempts, _ = run("raced", _SOON, str(told))
    assert seen == SLOW
    assert attempts == [["slow", "answered", False], ["fast", "failed", True]]


def test_both_fail(run: Run, server: MockServer, told: Path) -> None:
    server.reply("slow", empty(when=lambda: "attempt_failed" in told.read_text()))
    server.reply("fast", cut_reply("before_head"))
    error, kind, attempts, _ = run("raced", _SOON, str(told))
    assert error == "AllAttemptsFailed"
    assert kind == "stream"  # more telling than a lost connection
    assert attempts == [["slow", "failed", False], ["fast", "failed", True]]


def test_texts_never_mix(run: Run, server: MockServer) -> None:
    # Both begin at about the same time and go on for a while: now one wins, now the other.
    server.reply("slow", text_reply(SLOW, delay_ms=20))
    server.reply("fast", text_reply(FAST, delay_ms=1))
    texts = run("many", 0.02, 20)
    assert set(texts) <= {SLOW, FAST}
    assert len(texts) == 20
    assert {request.wait() for request in server.requests} <= {"complete", "client_gone"}


def test_races_at_a_time(run: Run, server: MockServer) -> None:
    server.reply("slow", stall_reply("after_head"))
    server.reply("fast", text_reply(FAST, delay_ms=5))
    assert run("at_a_time", _SOON, 8) == [FAST] * 8
    assert {request.wait() for request in asked(server, "slow")} == {"client_gone"}
    assert len(asked(server, "slow")) == 8


@pytest.mark.parametrize("attempts", [1, 2], ids=["before the hedge", "while both work"])
def test_cancelling_a_race_closes_both(run: Run, server: MockServer, attempts: int) -> None:
    server.reply("slow", stall_reply("before_head"))
    server.reply("slower", MockCompletion([], ending=[Stall()]))
    seconds = _LONG if attempts == 1 else _SOON
    assert run("cancelled", seconds, attempts) == "Hi"
    gone = [request for request in server.requests if request.model != "echo"]
    assert {request.wait() for request in gone} <= {"client_gone"}
    assert len(gone) <= 2
