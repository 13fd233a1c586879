"""Cancelling at any await closes the socket and frees its place; the client goes on."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.device_calls import call
from support.interpreters import Interpreter
from support.order import marking
from support.places import places
from wire import cancelling

from thinwire.testing import (
    DONE,
    Head,
    MockCompletion,
    MockReply,
    MockServer,
    Send,
    Stall,
    sse_event,
    stall_reply,
    status_reply,
    text_reply,
)

TIMES = 3
Run = Callable[..., Any]

_LAST = sse_event(
    {"choices": [{"index": 0, "delta": {"content": "Hello"}, "finish_reason": "stop"}]}
)

# Where the turn is when it is cancelled: the script of the server, and which turn.
ANSWERED = {
    "before the head": (stall_reply("before_head"), "chat"),
    "after the head": (stall_reply("after_head"), "chat"),
    "among comments": (stall_reply("comments", interval_ms=10), "chat"),
    "in the middle": (stall_reply("mid_stream"), "chat"),
    "in an error body": (MockReply(500, [Head(), Send(b"{"), Stall()]), "chat"),
    "in a document": (
        MockReply(200, [Send(b"{"), Stall()], [("Content-Type", "application/json")]),
        "chat",
    ),
    "in the last bytes": (MockCompletion([], ending=[Send(_LAST + DONE), Stall()]), "chat"),
    "in a callback": (MockCompletion([], ending=[Send(_LAST), Stall()]), "callback"),
    "in a race": (stall_reply("before_head"), "race"),
}
UNANSWERED = {
    "connecting": ("http", "full", "chat"),
    "in the handshake": ("https", "mute", "chat"),
    "sending": ("http", "mute", "upload"),
}


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        server.reply("backup", stall_reply("after_head"))
        yield server


@pytest.fixture
def run(interpreter: Interpreter | None, tmp_path: Path, server: MockServer) -> Run:
    """Calls a function of tests/wire/cancelling.py with the server's address, on one runtime."""

    def run(function: str, *arguments: Any) -> Any:
        if interpreter is not None:
            given = (server.base_url, *arguments)
            return call(interpreter, tmp_path, "cancelling.py", function, *given)
        result = getattr(cancelling, function)(server.base_url, *arguments)
        return asyncio.run(result) if asyncio.iscoroutine(result) else result

    return run


def check(result: Any) -> None:
    raised, files, answers = result
    assert raised == ["CancelledError"] * TIMES
    assert files <= 0
    assert answers == ["Hi"] * 20


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """A file that tells the client, in another process, how far the turn is."""
    file = tmp_path / "mark"
    file.touch()
    return file


@pytest.mark.parametrize("where", ANSWERED)
def test_an_answer(run: Run, server: MockServer, mark: Path, where: str) -> None:
    script, kind = ANSWERED[where]
    # A race has begun when the second is asked.
    last = "backup" if kind == "race" else "m"
    server.clear()
    for model, reply in {"m": script, "backup": stall_reply("after_head")}.items():
        server.reply(model, marking(reply, mark) if model == last else reply)
    options = {"fallbacks": {"m": ["backup"]}} if kind == "race" else {}
    check(run("cancelled", server.base_url, kind, TIMES, options, str(mark)))
    left = [one.wait() for one in server.requests if one.model != "echo"]
    assert set(left) == {"client_gone"}
    assert server.errors == []


@pytest.mark.parametrize("where", UNANSWERED)
def test_no_answer(run: Run, where: str) -> None:
    scheme, place, kind = UNANSWERED[where]
    with places() as nobody:
        url = "{}://{}:{}/v1".format(scheme, *nobody[place])
        check(run("cancelled", url, kind, TIMES, {"verify": False}))


def test_between_two_attempts(run: Run, server: MockServer, mark: Path) -> None:
    server.reply("m", status_reply(503))
    check(run("between", server.base_url, TIMES, str(mark)))
    # The second may have been cancelled before its answer came; only the third came to the wait.
    asked = [one for one in server.requests if one.model == "m"]
    assert asked[-1].wait() == "complete"
    assert len(asked) <= TIMES


def test_waiting_for_the_callers_own_bytes(run: Run, server: MockServer) -> None:
    check(run("cancelled", server.base_url, "producer", TIMES, {}))
    assert {one.wait() for one in server.requests} == {"complete", "client_gone"}


def test_several_loops(run: Run, server: MockServer) -> None:
    server.reply("m", stall_reply("mid_stream"))
    assert run("loops", server.base_url, 3) == ["CancelledError", "Hi"] * 3
    assert server.errors == []


@pytest.mark.parametrize("where", ANSWERED)
def test_a_pool_of_one_has_its_place_back(server: MockServer, mark: Path, where: str) -> None:
    script, kind = ANSWERED[where]
    server.clear()
    server.reply("m", marking(script, mark))
    server.reply("backup", text_reply("unused"))

    async def run() -> Any:
        async with httpx.AsyncClient(limits=httpx.Limits(max_connections=1)) as own:
            options = {"http_client": own}
            if kind == "race":
                options["fallbacks"] = {"m": ["backup"]}
            url = server.base_url
            return await cancelling.cancelled(url, url, kind, TIMES, options, str(mark))

    check(asyncio.run(run()))


def test_at_each_step(run: Run, server: MockServer) -> None:
    # From the first wait to the last: some of them last one round of the loop.
    server.reply("m", text_reply("Hello there"))
    raised, files, answers = run("at_each_step", server.base_url, 100)
    assert set(raised) <= {"CancelledError", "nothing"}
    assert raised[0] == "CancelledError"
    assert files <= 1
    assert answers == ["Hi"] * 20
    assert server.errors == []


def test_at_each_step_of_new_connections(server: MockServer) -> None:
    server.reply("m", text_reply("Hello there"))
    assert asyncio.run(cancelling.pooled(server.base_url, 40)) == (0, "Hi")
