"""The network backend under httpx.AsyncClient (backends.py says why there is one): it reads ahead,
and listens while it writes.
"""

# ruff: noqa: ASYNC109 - the signatures are httpcore's

import asyncio
import os
import select
import socket
import ssl
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable

import anyio
import httpcore
import httpx

from thinwire.core.providers.public_only import require
from thinwire.cpython.clock import now_ms, seconds_until
from thinwire.cpython.httpx.backends import SIZE, SOCKET_OPTIONS, Outbox, answered
from thinwire.cpython.httpx.chunks import ChunkJoiner
from thinwire.cpython.httpx.pools import Line

_RAW, _TRANSPORT = "_stream", "_transport"  # what httpcore's and anyio's streams are made of
_AHEAD = 262144  # bytes that are read before somebody wants them
_LARGE = 32768  # bytes: below, a block goes out without listening


class _Local(threading.local):
    def __init__(self) -> None:
        self.scratch = memoryview(bytearray(SIZE))


_local = _Local()


class _Pipe(asyncio.BufferedProtocol):
    # Takes the place of anyio's protocol on one of asyncio's transports, for a stream that has
    # just been made, and for TLS above it.
    #
    # Reads ahead, within a bound: anyio's asks the selector twice for each read. Has a buffer to
    # read into, where asyncio would take 256 KiB for a moment each time. Sends past the
    # transport, which closes after a send that failed, and drops what the kernel holds: the answer
    # of a server that has refused the request. Here nothing is raised, either, since TLS would not
    # read any more: `failed` says it.

    failed = False
    told: Callable[[int], object] | None = None  # when the system has taken more

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._socket: socket.socket = transport.get_extra_info("socket")
        self._one = asyncio.Lock()  # TLS may have something to say while a block goes out
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._paused = False
        self._over: Exception | None = None
        self._came = asyncio.Event()
        transport.set_protocol(self)
        transport.resume_reading()

    def get_buffer(self, sizehint: int) -> memoryview:
        return _local.scratch  # a loop fills it and says so at once

    def buffer_updated(self, count: int) -> None:
        self._pieces.append(bytes(_local.scratch[:count]))
        self._size += count
        if self._size >= _AHEAD:
            self._paused = True
            self._transport.pause_reading()
        self._came.set()

    def eof_received(self) -> bool:
        self._over = anyio.EndOfStream()
        self._came.set()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        if self._over is None:
            self._over = anyio.BrokenResourceError()
            self._over.__cause__ = error
        self._came.set()

    def has_come(self) -> bool:
        """Whether there is something to read, or the end."""
        if self._came.is_set() or self._socket.fileno() < 0:
            return True
        asked = select.poll()
        asked.register(self._socket.fileno(), select.POLLIN)
        return bool(asked.poll(0))

    async def receive(self, max_bytes: int = SIZE) -> bytes:
        """What arrived at a time; it may be more than is asked for, which nobody minds."""
        while not self._pieces:
            if self._over is not None:
                raise self._over
            self._came.clear()
            await self._came.wait()
        data = self._pieces.popleft()
        self._size -= len(data)
        if not self._pieces and self._over is None:
            self._came.clear()
            if self._paused:
                self._paused = False
                self._transport.resume_reading()
        return data

    async def send(self, item: bytes) -> None:
        async with self._one:
            if len(item) >= _LARGE:  # a server that takes all never makes us wait
                await asyncio.sleep(0)
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
        line: what they carry.
    """

    def __init__(self, line: "Line[httpx.AsyncClient]") -> None:
        self._line = line

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: "Iterable[httpcore.SOCKET_OPTION] | None" = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connects, as httpcore does; where only public addresses may be, to one of those that
        were looked at, and each gets a fair share of the time left."""
        begun, sight = now_ms(), self._line.sight
        own = [*(socket_options or ()), *SOCKET_OPTIONS]
        hosts = [host]
        if sight.request is not None and sight.request.public_only:
            hosts = await _public(host, port)
        failure: Exception | None = None
        for number, one in enumerate(hosts):
            if len(hosts) > 1:
                left = seconds_until(sight.connect_by())
                timeout = None if left is None else left / (len(hosts) - number)
            try:
                stream = await super().connect_tcp(one, port, timeout, local_address, own)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
                continue
            self._line.sockets.add(stream)
            return _ListeningStream(stream, self._line, now_ms() - begun, _pipe(stream))
        raise failure or httpcore.ConnectError(f"{host} has no address")


async def _public(host: str, port: int) -> list[str]:
    # The addresses of a host, if all are public.
    try:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(error) from error
    addresses = [str(address[0]) for *_, address in found]
    require(host, addresses)
    return addresses


def _pipe(stream: httpcore.AsyncNetworkStream) -> _Pipe | None:
    # What carries a new stream; None where httpcore and anyio do, as on Windows, where a socket is
    # no file.
    inner = getattr(stream, _RAW, None)
    transport = getattr(inner, _TRANSPORT, None)
    if inner is None or transport is None or sys.platform == "win32":
        return None
    pipe = _Pipe(transport)
    inner.send, inner.receive = pipe.send, pipe.receive
    return pipe


class _ListeningStream(httpcore.AsyncNetworkStream):
    def __init__(
        self,
        stream: httpcore.AsyncNetworkStream,
        line: "Line[httpx.AsyncClient]",
        connect_ms: int,
        pipe: _Pipe | None,
        secured: bool = False,
    ) -> None:
        self._stream = stream
        self._line = line
        self._connect_ms = connect_ms
        self._pipe = pipe
        self._plain = None if secured else pipe  # which needs nothing of anyio's
        self._outbox = Outbox()
        self._chunks = ChunkJoiner()
        self._listening: asyncio.Task[None] | None = None
        self._heard = bytearray()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = self._outbox.end()
        if left:
            await self._send(left, timeout)
        listening, self._listening = self._listening, None
        if listening is not None:
            await listening
        while True:
            heard, self._heard = bytes(self._heard), bytearray()
            if not heard:
                heard = await self._read(max_bytes, timeout)
                self._line.sight.received |= bool(heard)
            data = self._chunks.feed(heard)
            if data or not heard:
                return data

    async def _read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._plain is None:
            return await self._stream.read(max_bytes, timeout)
        try:
            return await self._plain.receive()
        except anyio.EndOfStream:
            return b""
        except anyio.BrokenResourceError as error:
            raise httpcore.ReadError(error) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._line.sight.connect_ms = self._connect_ms
        self._chunks = ChunkJoiner()
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
        pipe = self._pipe
        if pipe is None:
            await self._stream.write(data, timeout)
            return
        pipe.told = self._line.sight.handed_over
        try:
            if self._plain is not None:
                await pipe.send(data)
            else:
                await self._stream.write(data, timeout)
        finally:
            pipe.told = None
        if pipe.failed:
            # httpcore goes on to read: the server may have said why it has closed.
            raise httpcore.WriteError("the connection is closed")

    async def _listen(self) -> None:
        while not answered(self._heard):
            data = await self._read(SIZE)
            if not data:
                return
            self._line.sight.received = True
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
        return _ListeningStream(secured, self._line, self._connect_ms, self._pipe, True)

    async def aclose(self) -> None:
        listening, self._listening = self._listening, None
        if listening is not None:
            await _end(listening)
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> object:
        if info == "is_readable" and self._pipe is not None:
            return self._pipe.has_come()
        return self._stream.get_extra_info(info)


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
