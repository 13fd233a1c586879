"""A prompt of any size on a line of any speed: the clocks of the answer begin with the last byte
of the request, and an upload that goes on is never cut."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from support.device_calls import call
from support.interpreters import Interpreter
from support.raw_requests import RequestEnd
from wire import uploads

ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n'
    b"data: [DONE]\n\n"
)
PIECE = 4096
Gate = Callable[[int], None]


@contextmanager
def server(gate: Gate) -> Iterator[tuple[str, list[bool]]]:
    """Reads requests in small pieces; `gate` is called before each with the number of bytes so
    far. The list has an entry for each request, True once it was read to its end."""
    whole: list[bool] = []

    def serve(listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with connection, suppress(OSError):
                    answer(connection)

    def answer(connection: socket.socket) -> None:
        whole.append(False)
        count, end = 0, RequestEnd()
        while not end.whole:
            gate(count)
            piece = connection.recv(PIECE)
            if not piece:
                return
            count += len(piece)
            end.add(piece)
        whole[-1] = True
        connection.sendall(ANSWER)

    listening = socket.socket()
    # The windows are small, so that what is read decides what can be sent.
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE)
    listening.bind(("127.0.0.1", 0))
    listening.listen(4)
    thread = threading.Thread(target=serve, args=(listening,), daemon=True)
    thread.start()
    try:
        yield "http://127.0.0.1:%d/v1" % listening.getsockname()[1], whole
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


@pytest.fixture(params=["async", "blocking"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def run(interpreter: Interpreter | None, tmp_path: Path, kind: str) -> Callable[..., Any]:
    def run(*arguments: Any) -> Any:
        given = (*arguments, kind == "blocking")
        if interpreter is not None:
            return call(interpreter, tmp_path, "uploads.py", "ask", *given)
        return uploads.ask(*given)

    return run


def test_an_upload_that_takes_longer_than_the_answer_may(run: Callable[..., Any]) -> None:
    slow = threading.Event()

    def gate(count: int) -> None:
        # A second in all, which is more than the answer has.
        if count % (8 * PIECE) < PIECE:
            slow.wait(0.05)

    with server(gate) as (url, whole):
        said = run(url, 800_000, {"first_token": 0.9, "liveness": 0.9})
    assert said == ["Hi", "", 1], said
    assert whole == [True]


def test_a_server_that_stops_reading(run: Callable[..., Any]) -> None:
    stopped = threading.Event()

    def gate(count: int) -> None:
        if count > 100_000:
            stopped.wait(20)

    with server(gate) as (url, whole):
        try:
            text, error, attempts = run(url, 3_000_000, {"upload": 0.5, "first_token": 0.1})
        finally:
            stopped.set()
    assert whole[:1] == [False]
    assert (text, attempts) == (None, 1)
    assert "no room for more of the request within 0.5 s" in error
    assert " bytes sent" in error


def test_a_producer_may_take_its_time(run: Callable[..., Any], kind: str) -> None:
    with server(lambda count: None) as (url, whole):
        limits = {"upload": 0.3, "first_token": 20, "liveness": 20}
        said = run(url, 0, limits)
    assert said == ["Hi", "", 1], said
    assert whole == [True]


def test_a_silent_server_is_told_from_a_slow_line(run: Callable[..., Any]) -> None:
    ended = threading.Event()

    def gate(count: int) -> None:
        if count > 100_000:
            ended.wait(20)

    # All but what the kernels hold is read: the server has most of it, and says nothing.
    with server(gate) as (url, _):
        try:
            said = run(url, 150_000, {"upload": 20, "first_token": 0.5})
        finally:
            ended.set()
    assert said[0] is None
    assert "no first token within 0.5 s" in said[1]
