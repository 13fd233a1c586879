"""The mock server's faults while a request is still being sent."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from support.raw_client import connect

from thinwire.testing import MockServer, Stall, cut_reply, script_from, stall_reply, text_reply

_HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n"
_START = _HEAD + b'{"model": "m", "stream": true, "messages": ["'
_BLOCK = b"x" * 65536
_MOST = 64 * 2**20  # bytes: no kernel holds so many


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


def fill(connection: socket.socket) -> int:
    """Sends until nothing more is taken; how much that was."""
    sent = 0
    connection.settimeout(0.5)
    while sent < _MOST:
        try:
            sent += connection.send(_BLOCK)
        except TimeoutError:
            return sent
    return sent


@pytest.mark.parametrize("model", ["m", "*"])
def test_a_stall_reads_no_further(server: MockServer, model: str) -> None:
    server.reply(model, stall_reply("mid_upload"))
    with connect(server.port) as connection:
        connection.sendall(_START)
        (request,) = server.wait_for_requests(1)
        assert fill(connection) < _MOST
    assert not request.body_whole
    server.stop()
    assert request.wait() == "stopped"


@pytest.mark.parametrize("reset", [False, True])
def test_a_cut_ends_the_upload(server: MockServer, reset: bool) -> None:
    server.reply("m", cut_reply("mid_upload", reset=reset))
    with connect(server.port) as connection:
        connection.sendall(_START)
        (request,) = server.wait_for_requests(1)
        assert request.wait() == "cut"
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            fill(connection)


def test_a_stall_may_be_deaf_in_a_file() -> None:
    steps: Any = script_from([{"stall": "deaf"}, {"stall": True}])
    assert list(steps.steps) == [Stall(deaf=True), Stall()]


def test_no_write_waits_for_an_acknowledgement(server: MockServer) -> None:
    # Nagle's algorithm would hold each back for 40 ms on a connection that is used again.
    server.reply("m", text_reply("word " * 100))
    accepted: list[int] = []
    seen = socket.socket.setsockopt

    def listen(self: socket.socket, *arguments: Any) -> None:
        accepted.append(arguments[1])
        seen(self, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "setsockopt", listen)
        with connect(server.port) as connection:
            connection.sendall(b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(1)
    assert socket.TCP_NODELAY in accepted
