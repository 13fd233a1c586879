"""A client among other tasks on MicroPython: waiting, cancelling, producing."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.device_calls import call
from support.interpreters import Interpreter
from support.order import held, marking

from thinwire.testing import (
    DONE,
    MockReply,
    MockServer,
    RecordedRequest,
    Send,
    sse_event,
    stall_reply,
    text_reply,
)


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server
        assert server.errors == []


def chunk(text: str, end: str | None = None) -> Send:
    return Send(
        sse_event({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": end}]})
    )


@pytest.fixture
def run(micropython: Interpreter, tmp_path: Path, server: MockServer) -> Any:
    """Call a function of tests/wire/tasks.py with the server's address."""

    def run(function: str, *arguments: Any) -> Any:
        return call(micropython, tmp_path, "tasks.py", function, server.base_url, *arguments)

    return run


def test_other_tasks_run_while_a_call_waits(run: Any) -> None:
    ticks, error, needed_ms = run("ticks_beside")
    assert error == "TransportTimeout"
    assert ticks * 60 >= needed_ms  # it asks for one each 10 ms


def test_streams_at_a_time_do_not_mix(run: Any, server: MockServer) -> None:
    def echo(request: RecordedRequest) -> MockReply:
        # Nobody's answer goes on before all have begun.
        said = request.json()["messages"][0]["content"]
        begun.append(said)
        middle = len(said) // 2
        first, last = chunk(said[:middle]), chunk(said[middle:], "stop")
        steps = itertools.chain([first], held(lambda: len(begun) == 4, last, Send(DONE)))
        return MockReply(steps=steps, headers=[("Content-Type", "text/event-stream")])

    begun: list[str] = []
    server.reply("slow", echo)
    answers, order = run("several", 4)
    assert answers == [f"this is number {number}" for number in range(4)]
    assert sorted(order) != order  # they really ran at a time
    assert server.connections == 4


def test_on_delta_plain_and_async(run: Any, server: MockServer) -> None:
    server.reply("echo", text_reply("one two"))
    assert run("heard") == ["one", " two"] * 2


def test_an_error_of_on_delta_is_the_callers(run: Any, server: MockServer) -> None:
    assert run("raised") == "Hi"
    assert server.requests[0].wait() in ("client_gone", "complete")


@pytest.mark.parametrize("where", ["before_head", "after_head", "mid_stream"])
def test_cancelling_closes_the_socket(
    run: Any, server: MockServer, tmp_path: Path, where: Any
) -> None:
    mark = tmp_path / "mark"
    server.reply("slow", marking(stall_reply(where), mark))
    assert run("cancelled", "slow", 5, str(mark)) == [0, "Hi"]
    cancelled = [request for request in server.requests if request.model == "slow"]
    assert {request.wait() for request in cancelled} == {"client_gone"}


def test_leaving_a_stream_closes_the_socket(run: Any, server: MockServer) -> None:
    assert run("left_early") == "Hello"
    assert server.requests[0].wait() == "client_gone"


def test_a_body_is_sent_while_it_is_made(run: Any, server: MockServer) -> None:
    answer = run("produced", 100)
    assert answer == "".join(f"{number} " for number in range(100))
    assert server.requests[0].framing == "chunked"
    assert server.requests[0].block_count == 102
