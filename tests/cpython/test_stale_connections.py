"""A kept connection that died meanwhile costs no attempt, and is never taken for an answer."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.device_calls import call
from support.interpreters import Interpreter
from support.raw_requests import RequestEnd
from wire import kept

from thinwire import AsyncClient, Client, Deployment
from thinwire.testing import (
    DONE,
    Cut,
    MockReply,
    MockServer,
    Send,
    Wait,
    cut_reply,
    sse_event,
    status_reply,
    text_reply,
)

Run = Callable[..., Any]
HELLO = text_reply("Hello")
# All of the request is there, and worked on for longer than any way there takes (Request.unheard);
# no byte of an answer, or one, and then the end.
WORKED = MockReply(steps=[Wait(2100), Cut()], framing="raw")
RESET_LATE = MockReply(steps=[Wait(2100), Cut(reset=True)], framing="raw")
BEGUN = MockReply(steps=[Send(b"H"), Cut()], framing="raw")
ANSWER = ["Hello", [["m", "answered"]]]
AFTER_A_LOSS = ["Hello", [["m", "failed"], ["m", "answered"]]]


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        server.reply("backup", text_reply("from the backup"))
        yield server
        assert server.errors == []


@pytest.fixture(params=["turns", "turns_blocking"])
def function(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def run(interpreter: Interpreter | None, tmp_path: Path, server: MockServer, function: str) -> Run:
    """Makes so many turns with one client, on one runtime."""

    def run(*arguments: Any) -> Any:
        if interpreter is not None:
            given = (server.base_url, *arguments)
            return call(interpreter, tmp_path, "kept.py", function, *given)
        result = getattr(kept, function)(server.base_url, *arguments)
        return asyncio.run(result) if asyncio.iscoroutine(result) else result

    return run


def test_connections_are_kept(run: Run, server: MockServer) -> None:
    server.reply("m", HELLO)
    assert run(5) == [ANSWER] * 5
    assert server.connections == 1


@pytest.mark.parametrize("reset", [False, True], ids=["cut", "reset"])
def test_a_dead_one_is_replaced(run: Run, server: MockServer, reset: bool) -> None:
    # It dies when the request is there: nothing of an answer has come, and nobody is to blame.
    server.reply("m", HELLO, cut_reply("before_head", reset=reset), HELLO)
    assert run(3) == [ANSWER, AFTER_A_LOSS, ANSWER]
    assert len(server.requests) == 4
    bodies = {request.body for request in server.requests}
    assert len(bodies) == 1


def test_one_that_hung_up_is_noticed(run: Run, server: MockServer) -> None:
    server.reply("m", text_reply("Hello", hang_up=True))
    found = run(4)
    assert [text for text, _ in found] == ["Hello"] * 4
    assert all(attempts[-1] == ["m", "answered"] for _, attempts in found)
    assert server.connections == 4


@pytest.mark.parametrize("died", [WORKED, RESET_LATE, BEGUN], ids=["worked", "reset", "begun"])
def test_one_that_took_the_request_is_not_asked_again(
    run: Run, server: MockServer, died: MockReply
) -> None:
    server.reply("m", HELLO, died, HELLO)
    assert run(2) == [ANSWER, ["from the backup", [["m", "failed"], ["backup", "answered"]]]]
    assert [request.model for request in server.requests] == ["m", "m", "backup"]


def test_a_server_that_always_cuts_is_given_up(run: Run, server: MockServer) -> None:
    server.reply("m", HELLO, cut_reply("before_head"))
    first, (text, attempts) = run(2)
    assert first == ANSWER
    assert text == "from the backup"
    # The kept connection was free; the new one was the attempt.
    assert attempts == [["m", "failed"], ["m", "failed"], ["backup", "answered"]]


def test_it_leaves_all_attempts_to_others(run: Run, server: MockServer) -> None:
    server.reply("m", HELLO, cut_reply("before_head"), status_reply(503), HELLO)
    found = run(2, 2)
    assert found[1] == ["Hello", [["m", "failed"], ["m", "failed"], ["m", "answered"]]]


def test_a_new_connection_is_no_stale_one(run: Run, server: MockServer) -> None:
    server.reply("m", cut_reply("before_head"))
    assert run(1) == [["from the backup", [["m", "failed"], ["backup", "answered"]]]]


def test_a_broken_answer_is_no_stale_connection(run: Run, server: MockServer) -> None:
    server.reply("m", HELLO, cut_reply("after_head"))
    ok, other = run(2)
    assert ok == ANSWER
    assert other == ["from the backup", [["m", "failed"], ["backup", "answered"]]]


def test_an_unread_answer_is_not_the_next_ones(run: Run, server: MockServer) -> None:
    server.reply("m", cut_reply("mid_stream", text="Half"), HELLO)
    found = run(2)
    assert found[0] == ["from the backup", [["m", "interrupted"], ["backup", "answered"]]]
    assert found[1] == ANSWER


class Impatient:
    """A server that says "408" on its first connection after an answer, unasked, and stays."""

    ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n%s"
    TIMEOUT = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._answered, self._spoken = threading.Event(), threading.Event()
        self.base_url = "http://127.0.0.1:%d/v1" % self._listening.getsockname()[1]
        self.unwanted: bytes | None = None  # what came on the first connection after the 408
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def speak(self) -> None:
        """Sends the 408; it has arrived when this returns."""
        self._answered.set()
        assert self._spoken.wait(30)

    def end(self) -> None:
        self._thread.join(30)
        self._listening.close()

    def _serve(self) -> None:
        events = sse_event({"choices": [{"delta": {"content": "Hi"}, "finish_reason": "stop"}]})
        answer = self.ANSWER % (len(events + DONE), events + DONE)
        first, _ = self._listening.accept()
        with first:
            self._read(first)
            first.sendall(answer)
            assert self._answered.wait(30)
            first.sendall(self.TIMEOUT)
            self._spoken.set()
            second, _ = self._listening.accept()
            with second:
                self._read(second)
                second.sendall(answer)
                try:
                    self.unwanted = first.recv(65536)
                except ConnectionResetError:  # closed, with the 408 unread
                    self.unwanted = b""

    def _read(self, connection: socket.socket) -> None:
        end = RequestEnd()
        while not end.add(connection.recv(65536)):
            pass


@pytest.mark.usefixtures("on_transport")
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_one_that_has_something_to_say_is_not_used(kind: str) -> None:
    server = Impatient()
    models = {"m": Deployment(server.base_url)}
    messages = [{"role": "user", "content": "Hi"}]

    async def turns() -> list[str | None]:
        async with AsyncClient("m", models, retry=1) as client:
            first = (await client.chat(messages)).content
            server.speak()
            return [first, (await client.chat(messages)).content]

    if kind == "async":
        assert asyncio.run(turns()) == ["Hi", "Hi"]
    else:
        with Client("m", models, retry=1) as client:
            assert client.chat(messages).content == "Hi"
            server.speak()
            assert client.chat(messages).content == "Hi"
    server.end()
    assert server.unwanted == b""
