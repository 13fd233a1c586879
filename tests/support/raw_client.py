"""A client of bare sockets: what it sends and reads is exactly what a test says."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager

TIMEOUT = 10.0  # seconds; only a broken server makes anybody wait for it
_READS = 100_000


@contextmanager
def connect(port: int) -> Iterator[socket.socket]:
    """A connection to loopback, closed at the end."""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT) as connection:
        yield connection


def post(model: str, *, headers: str = "", version: str = "1.1", **fields: object) -> bytes:
    """A whole request to /v1/chat/completions; it streams unless `fields` say otherwise."""
    payload = {"model": model, "messages": [], "stream": True, **fields}
    body = json.dumps(payload).encode()
    head = f"POST /v1/chat/completions HTTP/{version}\r\nHost: a\r\n{headers}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def read_until(connection: socket.socket, end: bytes) -> bytes:
    """All bytes up to and with `end`; fails when the server closes before."""
    data = b""
    for _ in range(_READS):
        data += _receive(connection)
        if data.endswith(end):
            return data
    raise AssertionError(f"{end!r} did not come: {data[-200:]!r}")


def read_rest(connection: socket.socket) -> bytes:
    """All bytes until the server closes."""
    data = b""
    for _ in range(_READS):
        piece = connection.recv(65536)
        if not piece:
            return data
        data += piece
    raise AssertionError("the server never closed")


def _receive(connection: socket.socket) -> bytes:
    # One byte at a time never reads past the end that was asked for.
    piece = connection.recv(1)
    assert piece, "the server closed too early"
    return piece
