"""Network backends of ours, under httpx's clients: what httpx cannot do is done below it.

httpx takes a timeout for each kind of wait, and httpcore fixes it before the first of them: a
server that keeps sending a little, or goes silent after the head, would outlast our clocks. And
httpcore reads nothing while it writes: a server that refuses a request answers 413, or 401, at
once, and stops reading or closes; httpcore writes on until that fails, and asyncio then drops what
the kernel had received.

httpcore's network backend sees every wait and every block. So the one for httpx.Client asks how
much time is left until the moment the caller has named, the one for httpx.AsyncClient (whose waits
waits.py ends) does not. Both send a small request at once, head and body, so that nothing
is left to fail; both listen while a large body is sent: once the server has answered, the rest
stays here. And what has been received is read, also after a send that failed.
"""

import selectors
import socket
import ssl
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ, EVENT_WRITE
from typing import TypeVar

import httpcore
import httpx

from thinwire.core.providers.public_only import require
from thinwire.cpython.clock import now_ms, seconds_until
from thinwire.cpython.httpx.chunks import ChunkJoiner
from thinwire.cpython.httpx.pools import Line
from thinwire.cpython.lookup import Resolver

# Of what httpcore's connections hold; see `drop`.
_INNER, _STREAM, _OF_HTTP11 = "_connection", "_network_stream", "_h11_state"

SIZE = 65536
_MOMENT = 0.001  # seconds
_PIECE = 16384  # bytes written under one timeout: httpcore restarts it for each partial write
# What httpcore writes behind a body; nothing as well when the body waits for its producer.
_ENDS = (b"", b"0\r\n\r\n")
_WHOLE = 65536  # bytes of a block of a body that goes on

# What waits in the kernel is not sent yet: megabytes of a request there would be taken for sent,
# and the server's clocks begin. Where that cannot be said, the buffer is kept small.
SOCKET_OPTIONS: "list[httpcore.SOCKET_OPTION]" = [
    (socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, 131072)
    if hasattr(socket, "TCP_NOTSENT_LOWAT")
    else (socket.SOL_SOCKET, socket.SO_SNDBUF, 262144)
]

_Client = TypeVar("_Client", httpx.Client, httpx.AsyncClient)


class _NoCookies(httpx.Cookies):
    # For who never has any: httpx would look for some in each answer.
    def extract_cookies(self, response: httpx.Response) -> None:
        pass


def with_backend(client: _Client, backend: object) -> _Client:
    """`client`, new and ours, whose sockets come from `backend`; those to proxies as well.

    httpcore takes a backend as an argument, httpx hands none through: hence the private names.
    Where a version of httpx has others, the client works on with httpx's own timeouts;
    tests/cpython/test_transport_conformance.py would notice.
    """
    client._cookies = _NoCookies()
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
        # Behind a whole block there is more: to hold that back would take its size twice.
        if self._writes < 3 and len(data) < _WHOLE and data not in _ENDS:
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


class DeadlineBackend(httpcore.SyncBackend):
    """Sockets that hold to deadlines; the timeouts httpcore gives them do not count.

    Args:
        line: what they carry.
        resolver: looks up names.
    """

    def __init__(self, line: "Line[httpx.Client]", resolver: Resolver) -> None:
        self._line = line
        self._resolver = resolver

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: "Iterable[httpcore.SOCKET_OPTION] | None" = None,
    ) -> httpcore.NetworkStream:
        """Connects to the first address that answers; each gets a fair share of the time left."""
        sight = self._line.sight
        left = seconds_until(sight.connect_by())
        found = self._resolver.look_up(host, port, left)
        addresses = [str(address[0]) for *_, address in found]
        if sight.request is not None and sight.request.public_only:
            require(host, addresses)
        failure: Exception | None = None
        for number, address in enumerate(addresses):
            left = seconds_until(sight.connect_by())
            share = None if left is None else left / (len(addresses) - number)
            begun = now_ms()
            try:
                own = [*(socket_options or ()), *SOCKET_OPTIONS]
                stream = super().connect_tcp(address, port, share, local_address, own)
                self._line.sockets.add(stream)
                return _DeadlineStream(stream, self._line, now_ms() - begun)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError(f"{host} has no address")


class _DeadlineStream(httpcore.NetworkStream):
    def __init__(
        self,
        stream: httpcore.NetworkStream,
        line: "Line[httpx.Client]",
        connect_ms: int,
    ) -> None:
        self._stream = stream
        self._line = line
        self._connect_ms = connect_ms
        self._outbox = Outbox()
        self._chunks = ChunkJoiner()
        self._heard = bytearray()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._send(self._outbox.end())
        while True:
            heard, self._heard = bytes(self._heard), bytearray()
            if not heard:
                self._can_be_woken()
                sight = self._line.sight
                heard = self._stream.read(max_bytes, seconds_until(sight.wait_until()))
                sight.received |= bool(heard)
            data = self._chunks.feed(heard)
            if data or not heard:
                return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._line.sight.connect_ms = self._connect_ms
        self._chunks = ChunkJoiner()
        self._send(self._outbox.add(buffer))

    def _send(self, data: bytes) -> None:
        view = memoryview(data)
        for start in range(0, len(view), _PIECE):
            self._can_be_woken()
            self._wait_for_room()
            piece = view[start : start + _PIECE]
            left = seconds_until(self._line.sight.wait_until())
            self._stream.write(piece, left)  # type: ignore[arg-type]
            self._line.sight.handed_over(now_ms())

    def _can_be_woken(self) -> None:
        # In this order: `abort` does the same the other way round, from another thread.
        request = self._line.sight.request
        if request is not None:
            request.wake = partial(shut_down, self._stream)
            request.check()

    def _wait_for_room(self) -> None:
        # Until the socket takes more, or the server has answered and may never take it.
        with selectors.DefaultSelector() as selector:
            selector.register(self._stream.get_extra_info("socket"), EVENT_READ | EVENT_WRITE)
            while True:
                ready = selector.select(seconds_until(self._line.sight.wait_until()))
                # A server that takes all that is sent never makes us wait: hence both questions.
                if not ready or overdue(self._line.sight.wait_until()):
                    raise httpcore.WriteTimeout("the deadline passed")
                if ready[0][1] & EVENT_WRITE:
                    return
                self._listen()

    def _listen(self) -> None:
        # What TLS has to say for itself is no data, and may come at any time.
        try:
            data = self._stream.read(SIZE, _MOMENT)
        except httpcore.ReadTimeout:
            return
        self._line.sight.received |= bool(data)
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
        left = seconds_until(self._line.sight.connect_by())
        secured = self._stream.start_tls(ssl_context, server_hostname, left)
        self._line.sockets.add(secured)
        return _DeadlineStream(secured, self._line, self._connect_ms)

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)
