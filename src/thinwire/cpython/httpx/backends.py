"""Network backends of ours, under httpx's clients: what httpx cannot do is done below it.

httpx takes a timeout for each kind of wait, and httpcore fixes it before the first of them: a
server that keeps sending a little, or goes silent after the head, would outlast our clocks. And
httpcore reads nothing while it writes: a server that refuses a request answers 413, or 401, at
once, and stops reading or closes; httpcore writes on until that fails, and asyncio then drops what
the kernel had received.

httpcore's network backend sees every wait and every block. So the one for httpx.Client asks how
much time is left until the moment the caller has named, the one for httpx.AsyncClient (whose waits
asyncio.timeout ends) does not. Both send a small request at once, head and body, so that nothing
is left to fail; both listen while a large body is sent: once the server has answered, the rest
stays here. And what has been received is read, also after a send that failed.
"""

# ruff: noqa: ASYNC109 - the signatures are httpcore's

import asyncio
import os
import selectors
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from contextvars import ContextVar
from functools import partial
from selectors import EVENT_READ, EVENT_WRITE
from typing import TypeVar

import httpcore
import httpx

from thinwire.core.request.http_request import Request
from thinwire.cpython.clock import now_ms, seconds_until
from thinwire.cpython.httpx import sight
from thinwire.cpython.httpx.pools import Sockets
from thinwire.cpython.lookup import Resolver

# Of what httpcore's connections hold; see `drop`. And what its streams are made of.
_INNER, _STREAM, _OF_HTTP11 = "_connection", "_network_stream", "_h11_state"
_RAW = "_stream"

_SIZE = 65536
_MOMENT = 0.001  # seconds
_PIECE = 16384  # bytes written under one timeout: httpcore restarts it for each partial write
_LARGE = 32768  # bytes: below, a block of an async client goes out without listening
# What httpcore writes behind a body; nothing as well when the body waits for its producer.
_ENDS = (b"", b"0\r\n\r\n")

# What waits in the kernel is not sent yet: megabytes of a request there would be taken for sent,
# and the server's clocks begin. Where that cannot be said, the buffer is kept small.
_SOCKET_OPTIONS: "list[httpcore.SOCKET_OPTION]" = [
    (socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, 131072)
    if hasattr(socket, "TCP_NOTSENT_LOWAT")
    else (socket.SOL_SOCKET, socket.SO_SNDBUF, 262144)
]

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


# Told when the system has taken more of the request that this task sends.
progress: ContextVar[Callable[[int], object] | None] = ContextVar("progress", default=None)


def shut_down(stream: object) -> None:
    """Wakes a thread that waits on the socket of a network stream, which `close` would not do."""
    found = stream.get_extra_info("socket") if isinstance(stream, httpcore.NetworkStream) else None
    if isinstance(found, socket.socket):
        with suppress(OSError):  # not connected any more: nobody waits
            socket.socket.shutdown(
                found, socket.SHUT_RDWR
            )  # not TLS's own, which ends its session


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


class Outbox:
    """Holds the head of a request and the first block of its body back, until the request ends
    there or goes on: so a small one is sent at once.

    A server that refuses a request may answer its head, and close. What is sent then meets a reset
    (RFC 9112 §9.6).
    """

    def __init__(self) -> None:
        self._held = b""
        self._writes = 0

    def add(self, data: bytes) -> bytes:
        """Takes what httpcore writes; returns what is to be sent now, b"" for nothing."""
        self._writes += 1
        if self._writes < 3 and data not in _ENDS:
            self._held += data
            return b""
        self._writes = 3
        held, self._held = self._held, b""
        return held + data if held else data

    def end(self) -> bytes:
        """What is left to send before an answer can be read: of a greeting of SOCKS, all of it.
        Whatever is written next is another request."""
        self._writes = 0
        held, self._held = self._held, b""
        return held


# Time, and the backend that holds to it.


def overdue(deadline_ms: int | None) -> bool:
    """Whether the deadline has passed."""
    return deadline_ms is not None and now_ms() >= deadline_ms


class Deadlines(threading.local):
    """The deadlines of the exchange that this thread is in.

    Attributes:
        request: what is being sent, None once its response is being read.
        read_ms: when the read under way must be over.
    """

    request: Request | None = None
    read_ms: int | None = None

    def connect_ms(self) -> int | None:
        """When the connection must stand, TLS included."""
        return None if self.request is None else self.request.connect_by()

    def wait_ms(self) -> int | None:
        """When the wait under way must be over."""
        return self.read_ms if self.request is None else self.request.deadline()


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
        left = seconds_until(self._deadlines.connect_ms())
        found = self._resolver.look_up(host, port, left)
        addresses = [str(address[0]) for *_, address in found]
        failure: Exception | None = None
        for number, address in enumerate(addresses):
            left = seconds_until(self._deadlines.connect_ms())
            share = None if left is None else left / (len(addresses) - number)
            begun = now_ms()
            try:
                own = [*(socket_options or ()), *_SOCKET_OPTIONS]
                stream = super().connect_tcp(address, port, share, local_address, own)
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
        self._outbox = Outbox()
        self._heard = bytearray()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._send(self._outbox.end())
        if self._heard:
            heard, self._heard = bytes(self._heard), bytearray()
            return heard
        self._can_be_woken()
        data = self._stream.read(max_bytes, seconds_until(self._deadlines.wait_ms()))
        sight.heard(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        sight.carried(self._connect_ms)
        self._send(self._outbox.add(buffer))

    def _send(self, data: bytes) -> None:
        view = memoryview(data)
        for start in range(0, len(view), _PIECE):
            self._can_be_woken()
            self._wait_for_room()
            piece = view[start : start + _PIECE]
            left = seconds_until(self._deadlines.wait_ms())
            self._stream.write(piece, left)  # type: ignore[arg-type]
            if self._deadlines.request is not None:
                self._deadlines.request.handed_over(now_ms())

    def _can_be_woken(self) -> None:
        # In this order: `abort` does the same the other way round, from another thread.
        request = self._deadlines.request
        if request is not None:
            request.wake = partial(shut_down, self._stream)
            request.check()

    def _wait_for_room(self) -> None:
        # Until the socket takes more, or the server has answered and may never take it.
        with selectors.DefaultSelector() as selector:
            selector.register(self._stream.get_extra_info("socket"), EVENT_READ | EVENT_WRITE)
            while True:
                ready = selector.select(seconds_until(self._deadlines.wait_ms()))
                # A server that takes all that is sent never makes us wait: hence both questions.
                if not ready or overdue(self._deadlines.wait_ms()):
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
        self._can_be_woken()
        left = seconds_until(self._deadlines.connect_ms())
        secured = self._stream.start_tls(ssl_context, server_hostname, left)
        self._sockets.add(secured)
        return _DeadlineStream(secured, self._deadlines, self._sockets, self._connect_ms)

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


# The backend that listens while it writes.


class _Sender:
    # Sends on a socket of asyncio's, past its transport. That one closes after a send that failed,
    # and drops what the kernel holds: the answer of a server that has refused the request. Here
    # nothing is raised, either, since TLS would not read any more: `failed` says it.

    failed = False
    told: Callable[[int], object] | None = None  # when the system has taken more

    def __init__(self, raw: socket.socket) -> None:
        self._socket = raw
        self._one = asyncio.Lock()  # TLS may have something to say while a block goes out

    async def send(self, item: bytes) -> None:
        async with self._one:
            await asyncio.sleep(0)  # a server that takes all never makes us wait
            view = memoryview(item)
            while view and not self.failed:
                try:
                    view = view[os.write(self._socket.fileno(), view) :]
                except BlockingIOError:
                    await self._room()
                except OSError:
                    self.failed = True
                else:
                    if self.told is not None:
                        self.told(now_ms())

    async def _room(self) -> None:
        # A copy, since asyncio lets nobody wait for a socket that a transport has.
        loop, room, raw = asyncio.get_running_loop(), asyncio.Event(), self._socket
        with socket.fromfd(raw.fileno(), raw.family, raw.type) as copy:
            loop.add_writer(copy, room.set)
            try:
                await room.wait()
            finally:
                loop.remove_writer(copy)


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
        own = [*(socket_options or ()), *_SOCKET_OPTIONS]
        stream = await super().connect_tcp(host, port, timeout, local_address, own)
        self._sockets.add(stream)
        return _ListeningStream(stream, now_ms() - begun, _sender(stream))


def _sender(stream: httpcore.AsyncNetworkStream) -> _Sender | None:
    # What sends for a new stream, and for TLS above it; None where httpcore and anyio do, as on
    # Windows, where a socket is no file.
    inner = getattr(stream, _RAW, None)
    raw = stream.get_extra_info("socket")
    if inner is None or raw is None or sys.platform == "win32":
        return None
    sender = _Sender(raw)
    inner.send = sender.send
    return sender


class _ListeningStream(httpcore.AsyncNetworkStream):
    def __init__(
        self, stream: httpcore.AsyncNetworkStream, connect_ms: int, sender: _Sender | None
    ) -> None:
        self._stream = stream
        self._connect_ms = connect_ms
        self._sender = sender
        self._outbox = Outbox()
        self._listening: asyncio.Task[None] | None = None
        self._heard = bytearray()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = self._outbox.end()
        if left:
            await self._send(left, timeout)
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
        data = self._outbox.add(buffer)
        if len(data) < _LARGE:
            await self._send(data, timeout)
            return
        self._listening = self._listening or asyncio.create_task(self._listen())
        writing = asyncio.create_task(self._send(data, timeout))
        try:
            await asyncio.wait((writing, self._listening), return_when=asyncio.FIRST_COMPLETED)
            if self._listening.done():
                # httpcore goes on to read the response.
                raise httpcore.WriteError("the server has answered or gone")
            await writing
        finally:
            await _end(writing)

    async def _send(self, data: bytes, timeout: float | None) -> None:
        sender = self._sender
        if sender is None:
            await self._stream.write(data, timeout)
            return
        sender.told = progress.get()
        try:
            await self._stream.write(data, timeout)
        finally:
            sender.told = None
        if sender.failed:
            # httpcore goes on to read: the server may have said why it has closed.
            raise httpcore.WriteError("the connection is closed")

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
        return _ListeningStream(secured, self._connect_ms, self._sender)

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
