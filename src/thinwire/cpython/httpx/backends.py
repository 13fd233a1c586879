"""Network backends of ours, under httpx's clients: what httpx cannot do is done below it.

httpx takes a timeout for each kind of wait, and httpcore fixes it before the first of them: a
server that keeps sending a little, or goes silent after the head, would outlast our clocks. And
httpcore reads nothing while it writes: a server that refuses a large prompt answers 413 at once,
and stops reading or closes; httpcore writes on until that fails, and asyncio then drops what it
had received.

httpcore's network backend sees every wait and every block. So the one for httpx.Client asks how
much time is left until the moment the caller has named, the one for httpx.AsyncClient (whose waits
asyncio.timeout ends) does not, and both listen while a large body is sent: once the server has
answered, the rest stays here.
"""

# ruff: noqa: ASYNC109 - the signatures are httpcore's

import asyncio
import selectors
import ssl
import threading
import time
from collections.abc import Iterable
from selectors import EVENT_READ, EVENT_WRITE
from typing import TypeVar

import httpcore
import httpx

from thinwire.cpython.httpx import sight
from thinwire.cpython.httpx.lookup import Resolver
from thinwire.cpython.httpx.pools import Sockets

# Of what httpcore's connections hold; see `drop`.
_INNER, _STREAM, _OF_HTTP11 = "_connection", "_network_stream", "_h11_state"

_SIZE = 65536
_MOMENT = 0.001  # seconds
_PIECE = 16384  # bytes written under one timeout: httpcore restarts it for each partial write
_LARGE = 32768  # bytes: below, a block of an async client goes out without listening

_Client = TypeVar("_Client", httpx.Client, httpx.AsyncClient)


def with_backend(client: _Client, backend: object) -> _Client:
    """`client`, new and ours, whose sockets come from `backend`; those to proxies as well.

    httpcore takes a backend as an argument, httpx hands none through: hence the private names.
    Where a version of httpx has others, the client works on with httpx's own timeouts;
    tests/cpython/test_transport_conformance.py would notice.
    """
    for transport in (client._transport, *client._mounts.values()):
        pool = getattr(transport, "_pool", None)
        if hasattr(pool, "_network_backend"):
            pool._network_backend = backend  # type: ignore[union-attr]
    return client


async def drop(client: httpx.AsyncClient, stream: object) -> None:
    """Closes the connection of `client` that `stream` belongs to, and frees its place in the pool.

    httpcore 1.0 loses sight of a connection whose request is cancelled when it has just been made,
    or in the middle of closing: it is neither idle nor closed, and keeps its place for ever.
    One of HTTP/2 (a user's own client may have any) carries other streams as well, and is left.
    """
    for transport in (client._transport, *client._mounts.values()):
        for connection in getattr(getattr(transport, "_pool", None), "connections", ()):
            inner = getattr(connection, _INNER, None)
            if hasattr(inner, _OF_HTTP11) and getattr(inner, _STREAM, None) is stream:
                await connection.aclose()


def answered(data: bytes | bytearray) -> bool:
    """Whether `data`, from the start of a response, has the beginning of a final head.

    Interim heads (RFC 9110 §15.2) may come while a request is being sent, and change nothing.
    """
    while data[9:10] == b"1":
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return False
        data = data[end + 4 :]
    return len(data) >= 10


# Time, and the backend that holds to it.


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
        sockets: where each is added.
    """

    def __init__(self, deadlines: Deadlines, sockets: Sockets) -> None:
        self._deadlines = deadlines
        self._sockets = sockets
        self._resolver = Resolver()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: "Iterable[httpcore.SOCKET_OPTION] | None" = None,
    ) -> httpcore.NetworkStream:
        """Connects to the first address that answers; each gets a fair share of the time left."""
        left = seconds_until(self._deadlines.connect_ms)
        addresses = self._resolver.look_up(host, port, left)
        failure: Exception | None = None
        for number, address in enumerate(addresses):
            left = seconds_until(self._deadlines.connect_ms)
            share = None if left is None else left / (len(addresses) - number)
            begun = now_ms()
            try:
                stream = super().connect_tcp(address, port, share, local_address, socket_options)
                self._sockets.add(stream)
                took = now_ms() - begun
                return _DeadlineStream(stream, self._deadlines, self._sockets, took)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError(f"{host} has no address")


class _DeadlineStream(httpcore.NetworkStream):
    def __init__(
        self,
        stream: httpcore.NetworkStream,
        deadlines: Deadlines,
        sockets: Sockets,
        connect_ms: int,
    ) -> None:
        self._stream = stream
        self._deadlines = deadlines
        self._sockets = sockets
        self._connect_ms = connect_ms
        self._heard = bytearray()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._heard:
            heard, self._heard = bytes(self._heard), bytearray()
            return heard
        data = self._stream.read(max_bytes, seconds_until(self._deadlines.wait_ms))
        sight.heard(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        sight.carried(self._connect_ms)
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
        sight.heard(data)
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
        secured = self._stream.start_tls(ssl_context, server_hostname, left)
        self._sockets.add(secured)
        return _DeadlineStream(secured, self._deadlines, self._sockets, self._connect_ms)

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


# The backend that listens while it writes.


class ListeningBackend(httpcore.AnyIOBackend):
    """Sockets that notice an early answer.

    Args:
        sockets: where each is added.
    """

    def __init__(self, sockets: Sockets) -> None:
        self._sockets = sockets

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: "Iterable[httpcore.SOCKET_OPTION] | None" = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connects, as httpcore does."""
        begun = now_ms()
        stream = await super().connect_tcp(host, port, timeout, local_address, socket_options)
        self._sockets.add(stream)
        return _ListeningStream(stream, now_ms() - begun)


class _ListeningStream(httpcore.AsyncNetworkStream):
    def __init__(self, stream: httpcore.AsyncNetworkStream, connect_ms: int) -> None:
        self._stream = stream
        self._connect_ms = connect_ms
        self._listening: asyncio.Task[None] | None = None
        self._heard = bytearray()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        listening, self._listening = self._listening, None
        if listening is not None:
            await listening
        if self._heard:
            heard, self._heard = bytes(self._heard), bytearray()
            return heard
        data = await self._stream.read(max_bytes, timeout)
        sight.heard(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        sight.carried(self._connect_ms)
        if len(buffer) < _LARGE:
            await self._stream.write(buffer, timeout)
            return
        self._listening = self._listening or asyncio.create_task(self._listen())
        writing = asyncio.create_task(self._write(buffer, timeout))
        try:
            await asyncio.wait((writing, self._listening), return_when=asyncio.FIRST_COMPLETED)
            if self._listening.done():
                # httpcore goes on to read the response.
                raise httpcore.WriteError("the server has answered or gone")
            await writing
        finally:
            await _end(writing)

    async def _write(self, buffer: bytes, timeout: float | None) -> None:
        if self._stream.get_extra_info("is_readable"):
            await asyncio.sleep(0)  # a failed write would cost what is there: have it read first
        await self._stream.write(buffer, timeout)

    async def _listen(self) -> None:
        while not answered(self._heard):
            data = await self._stream.read(_SIZE)
            if not data:
                return
            sight.heard(data)
            self._heard += data

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            secured = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            # httpcore 1.0 closes after an error, but leaks the socket of a cancelled handshake.
            await self._stream.aclose()
            raise
        return _ListeningStream(secured, self._connect_ms)

    async def aclose(self) -> None:
        listening, self._listening = self._listening, None
        if listening is not None:
            await _end(listening)
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
