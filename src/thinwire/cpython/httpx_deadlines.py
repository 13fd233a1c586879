"""Deadlines for httpx.Client: every wait of a socket ends at the moment the caller has named.

httpx takes a timeout for each kind of wait, and httpcore fixes it before the first of them: a
server that keeps sending a little, or goes silent after the head, would outlast the clocks of
core/clocks.py. httpcore's network backend sees every wait; this one asks how much time is left.
It also notices an answer that comes before the request has been sent (httpx_early.py).
"""

import selectors
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from selectors import EVENT_READ, EVENT_WRITE

import httpcore
import httpx

from thinwire.cpython.httpx_backend import with_backend
from thinwire.cpython.httpx_early import answered

_SIZE = 65536
_MOMENT = 0.001  # seconds
_PIECE = 16384  # bytes written under one timeout: httpcore restarts it for each partial write


def now_ms() -> int:
    """Monotonic time in milliseconds."""
    return time.monotonic_ns() // 1_000_000


def seconds_until(deadline_ms: int | None) -> float | None:
    """Time left; an overdue deadline still gets a moment, since 0 would mean "do not wait"."""
    return None if deadline_ms is None else max(deadline_ms - now_ms(), 1) / 1000


def overdue(deadline_ms: int | None) -> bool:
    """Whether the deadline has passed."""
    return deadline_ms is not None and now_ms() >= deadline_ms


class Deadlines(threading.local):
    """The deadlines of the exchange that this thread is in.

    Attributes:
        connect_ms: when the connection must stand, TLS included.
        wait_ms: when the wait under way must be over.
    """

    connect_ms: int | None = None
    wait_ms: int | None = None


class DeadlineBackend(httpcore.SyncBackend):
    """Sockets that hold to deadlines; the timeouts httpcore gives them do not count.

    Args:
        deadlines: what to hold to.
    """

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: "Iterable[httpcore.SOCKET_OPTION] | None" = None,
    ) -> httpcore.NetworkStream:
        """Connects to the first address that answers; each gets a fair share of the time left."""
        addresses = _resolve(host, port)
        failure: Exception | None = None
        for number, address in enumerate(addresses):
            left = seconds_until(self._deadlines.connect_ms)
            share = None if left is None else left / (len(addresses) - number)
            try:
                stream = super().connect_tcp(address, port, share, local_address, socket_options)
                return _Stream(stream, self._deadlines)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError(f"{host} has no address")


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, deadlines: Deadlines) -> None:
        self._stream = stream
        self._deadlines = deadlines
        self._heard = bytearray()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._heard:
            heard, self._heard = bytes(self._heard), bytearray()
            return heard
        return self._stream.read(max_bytes, seconds_until(self._deadlines.wait_ms))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        view = memoryview(buffer)
        for start in range(0, len(view), _PIECE):
            self._wait_for_room()
            piece = view[start : start + _PIECE]
            left = seconds_until(self._deadlines.wait_ms)
            self._stream.write(piece, left)  # type: ignore[arg-type]

    def _wait_for_room(self) -> None:
        # Until the socket takes more, or the server has answered and may never take it.
        with selectors.DefaultSelector() as selector:
            selector.register(self._stream.get_extra_info("socket"), EVENT_READ | EVENT_WRITE)
            while True:
                ready = selector.select(seconds_until(self._deadlines.wait_ms))
                # A server that takes all that is sent never makes us wait: hence both questions.
                if not ready or overdue(self._deadlines.wait_ms):
                    raise httpcore.WriteTimeout("the deadline passed")
                if ready[0][1] & EVENT_WRITE:
                    return
                self._listen()

    def _listen(self) -> None:
        # What TLS has to say for itself is no data, and may come at any time.
        try:
            data = self._stream.read(_SIZE, _MOMENT)
        except httpcore.ReadTimeout:
            return
        self._heard += data
        if not data or answered(self._heard):
            # httpcore goes on to read the response.
            raise httpcore.WriteError("the server has answered or gone")

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = seconds_until(self._deadlines.connect_ms)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadlines)

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def hold(client: httpx.Client, deadlines: Deadlines) -> httpx.Client:
    """Makes `client`, new and ours, hold to `deadlines`; proxies included."""
    return with_backend(client, DeadlineBackend(deadlines))


def _resolve(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # UnicodeError: a label that is empty or too long
        raise httpcore.ConnectError(f"cannot resolve {host}: {error}") from error
    return [str(address[0]) for *_, address in found]
