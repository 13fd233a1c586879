"""Closing a stream from another task, or thread: whoever reads is woken, nothing is sent again, no
connection is left, and no text goes astray."""

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.device_calls import call
from support.interpreters import Interpreter
from support.order import marking, soon
from support.places import places
from wire import cancelling

from thinwire import Client, Deployment, RetryPolicy, Timeouts
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

SEED = int(os.environ.get("THINWIRE_CLOSING_SEED", "1"))
ROUNDS = 500 if os.environ.get("THINWIRE_FULL") else 100
TIMES = 3
Run = Callable[..., Any]

_LAST = sse_event(
    {"choices": [{"index": 0, "delta": {"content": "Hello"}, "finish_reason": "stop"}]}
)
_JSON = [("Content-Type", "application/json")]

# Where the stream is when it is closed: the script of the server, and which stream.
ANSWERED = {
    "before the head": (stall_reply("before_head"), "chat"),
    "after the head": (stall_reply("after_head"), "chat"),
    "among comments": (stall_reply("comments", interval_ms=10), "chat"),
    "in the middle": (stall_reply("mid_stream"), "chat"),
    "in an error body": (MockReply(500, [Head(), Send(b"{"), Stall()]), "chat"),
    "in a document": (MockReply(200, [Send(b"{"), Stall()], _JSON), "chat"),
    "in a race": (stall_reply("before_head"), "race"),
}
UNANSWERED = {
    "connecting": ("http", "full", "chat"),
    "in the handshake": ("https", "mute", "chat"),
    "sending": ("http", "mute", "upload"),
    "waiting for the caller's own text": ("http", "mute", "producer"),
}


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def run(interpreter: Interpreter | None, tmp_path: Path, server: MockServer) -> Run:
    """Calls a function of tests/wire/cancelling.py with the server's address, on one runtime."""

    def run(function: str, *arguments: Any) -> Any:
        if interpreter is not None:
            given = (server.base_url, *arguments)
            return call(interpreter, tmp_path, "cancelling.py", function, *given)
        return asyncio.run(getattr(cancelling, function)(server.base_url, *arguments))

    return run


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """A file that tells the client, in another process, how far the stream is."""
    file = tmp_path / "mark"
    file.touch()
    return file


def check(result: Any) -> None:
    became, files, answers = result
    assert became == [["end", "closed", False, "closed", []]] * TIMES
    assert files <= 0
    assert answers == ["Hi"] * 20


@pytest.mark.parametrize("where", ANSWERED)
def test_an_answer(run: Run, server: MockServer, mark: Path, where: str) -> None:
    script, kind = ANSWERED[where]
    last = "backup" if kind == "race" else "m"
    for model, reply in {"m": script, "backup": stall_reply("after_head")}.items():
        server.reply(model, marking(reply, mark) if model == last else reply)
    options = {"fallbacks": {"m": ["backup"]}} if kind == "race" else {}
    check(run("closed", server.base_url, kind, TIMES, options, str(mark)))
    asked = [one for one in server.requests if one.model == "m"]
    assert len(asked) <= TIMES  # nothing is sent again
    assert {one.wait() for one in asked} == {"client_gone"}
    assert server.errors == []


@pytest.mark.parametrize("where", UNANSWERED)
def test_no_answer(run: Run, where: str) -> None:
    scheme, place, kind = UNANSWERED[where]
    with places() as nobody:
        url = "{}://{}:{}/v1".format(scheme, *nobody[place])
        check(run("closed", url, kind, TIMES, {"verify": False}))


def test_between_two_attempts(run: Run, server: MockServer, mark: Path) -> None:
    server.reply("m", status_reply(503))
    check(run("closed_between", server.base_url, TIMES, str(mark)))
    assert len([one for one in server.requests if one.model == "m"]) <= TIMES


def test_at_each_step(run: Run, server: MockServer) -> None:
    server.reply("m", text_reply("Hello"))
    became, files, answers = run("closed_at_each_step", server.base_url, 120)
    assert {said for said, _ in became} == {"end"}
    assert {end for _, end in became} <= {"closed", "finish"}
    assert became[0] == ["end", "closed"]
    assert files <= 1
    assert answers == ["Hi"] * 20


def test_no_text_goes_astray(run: Run, server: MockServer) -> None:
    for model in ("aaaa", "bbbb"):
        server.reply(model, text_reply(tokens=[model * 5] * 20, delay_ms=1))
    assert run("mixed", server.base_url, ROUNDS, SEED) == [], f"THINWIRE_CLOSING_SEED={SEED}"


def test_what_was_torn_is_not_called_whole(run: Run, server: MockServer, mark: Path) -> None:
    server.reply("m", marking(stall_reply("mid_stream", text="Hel"), mark))
    said = run("torn", server.base_url, str(mark))
    again = ["Hel", False, "cancelled"]
    assert said == ["cancelled", again, again, "cancelled", "end"]


# A blocking client, closed by another thread.


def closing_thread(stream: Any, ready: Callable[[], bool]) -> threading.Thread:
    def close() -> None:
        assert soon(ready)
        stream.close()

    thread = threading.Thread(target=close)
    thread.start()
    return thread


BLOCKED = {name: where for name, where in ANSWERED.items() if where[1] == "chat"}


@pytest.mark.parametrize("where", BLOCKED)
@pytest.mark.usefixtures("on_transport")
def test_another_thread_closes(server: MockServer, where: str) -> None:
    server.reply("m", BLOCKED[where][0])
    with Client("m", {"m": Deployment(server.base_url, "k")}) as client:
        for _ in range(TIMES):
            asked = len(server.requests)
            stream = client.stream(cancelling.MESSAGES)
            thread = closing_thread(stream, lambda asked=asked: len(server.requests) > asked)  # type: ignore[misc]
            events = list(stream)
            thread.join(60)
            assert (stream.end, stream.completion.complete) == ("closed", False), events
    assert len(server.requests) == TIMES
    assert {one.wait() for one in server.requests} == {"client_gone"}


def test_another_thread_closes_while_it_waits_for_the_next_attempt(server: MockServer) -> None:
    server.reply("m", status_reply(503))
    waits = threading.Event()

    def tell(name: str, fields: dict[str, object]) -> None:
        if name == "retry_scheduled":
            waits.set()

    retry = RetryPolicy(attempts=2, base=600, cap=600, jitter="none")
    models = {"m": Deployment(server.base_url, "k")}
    with Client("m", models, retry=retry, on_event=tell) as client:
        stream = client.stream(cancelling.MESSAGES)
        thread = closing_thread(stream, waits.is_set)
        assert list(stream) == []
        thread.join(60)
    assert stream.end == "closed"
    assert len(server.requests) == 1


@pytest.mark.usefixtures("on_transport")
def test_another_thread_closes_while_it_sends() -> None:
    with places() as nobody:
        url = "http://{}:{}/v1".format(*nobody["mute"])
        sent: list[object] = []
        models = {"m": Deployment(url, "k", timeouts=Timeouts(upload=600))}
        client = Client("m", models, on_event=lambda name, _: sent.append(name))
        stream = client.stream([{"role": "user", "content": "x" * 20_000_000}])
        thread = closing_thread(stream, lambda: "upload" in sent)
        assert list(stream) == []
        thread.join(60)
    assert stream.end == "closed"


def test_the_last_bytes(server: MockServer) -> None:
    server.reply("m", MockCompletion([], ending=[Send(_LAST + DONE), Stall()]))

    async def main() -> str:
        async with cancelling.a_client(server.base_url, server.base_url) as client:
            stream = client.stream(cancelling.MESSAGES)
            events = [await anext(stream) for _ in range(2)]
            reading = asyncio.create_task(cancelling.read(stream))
            await asyncio.sleep(0)
            await stream.aclose()
            assert await reading == "end"
            assert stream.completion.complete
            assert events
        return stream.end

    assert asyncio.run(main()) == "finish"
