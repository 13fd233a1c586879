"""One exchange between a client and a real server, byte by byte as it happens.

Plain asyncio streams and not httpx: only the bytes as they came, framing and all, are worth
keeping. h11 says where an answer ends, as real servers may keep the connection open. The request
goes on as it was framed, since that may be what the server stumbles over.
"""

import asyncio
import ssl
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import h11

from thinwire.cpython.trust import shared_context
from thinwire.testing.recording.exchange import Arrival, Ending
from thinwire.testing.server.peer import READ_SIZE, ClientGone, Peer
from thinwire.testing.server.request import RecordedRequest

# Of one connection only (RFC 9110 §7.6.1), or said anew by us.
_NOT_PASSED = """connection keep-alive proxy-connection te trailer transfer-encoding upgrade
content-length host expect accept-encoding""".split()


class Upstream:
    """The real server.

    Args:
        base_url: http or https.
        ssl_context: for https.

    Raises:
        ValueError: the URL is neither.
    """

    def __init__(self, base_url: str, ssl_context: ssl.SSLContext | None) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"not a base URL: {base_url.partition('?')[0]!r}")
        secure = parts.scheme == "https"
        self.host = parts.hostname
        self.port = parts.port or (443 if secure else 80)
        self.authority = parts.netloc.rpartition("@")[2]
        self.shown = f"{parts.scheme}://{self.authority}{parts.path}"
        self._path = parts.path.rstrip("/")
        self._query = parts.query
        self._context = (ssl_context or shared_context()) if secure else None

    def target(self, path: str) -> str:
        """Request target for a path that the client asked for."""
        joined = self._path + path
        if not self._query:
            return joined
        return joined + ("&" if "?" in joined else "?") + self._query

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A new connection; OSError when there is none."""
        return await asyncio.open_connection(
            self.host, self.port, ssl=self._context, limit=READ_SIZE
        )


class Relay:
    """One request on its way to the server, and the answer on its way back.

    Args:
        upstream: the server.
        peer: the client.
        keep: told how the answer ended, once; before the client has the last of it, so that it
            is on the disk when the client goes on.

    Attributes:
        arrivals: what came so far.
    """

    def __init__(self, upstream: Upstream, peer: Peer, keep: Callable[[Ending], None]) -> None:
        self._upstream = upstream
        self._peer = peer
        self._keep = keep
        self._ended = False
        self._parser = h11.Connection(h11.CLIENT)
        self._writer: asyncio.StreamWriter | None = None
        self._start = 0.0
        self.arrivals: list[Arrival] = []

    async def run(self, request: RecordedRequest) -> None:
        """Carry the exchange out.

        Raises:
            OSError: the server cannot be reached or takes no request.
        """
        reader, self._writer = await self._upstream.connect()
        self._writer.write(self._bytes_of(request))
        # What is said before all was sent is heard, and what is said before a reset.
        sent = asyncio.ensure_future(self._sent(self._writer))
        gone = asyncio.ensure_future(self._peer.until_gone())
        try:
            await self._answer(reader, gone)
        except ClientGone:
            self._end("client_gone")
        finally:
            gone.cancel()
            sent.cancel()
            await asyncio.gather(gone, sent, return_exceptions=True)

    def close(self) -> None:
        """Close the server's connection."""
        if self._writer is not None:
            self._writer.transport.abort()

    async def _sent(self, writer: asyncio.StreamWriter) -> None:
        await writer.drain()
        self._start = time.monotonic()

    def _bytes_of(self, request: RecordedRequest) -> bytes:
        headers = [pair for pair in request.headers if pair[0] not in _NOT_PASSED]
        headers = [("host", self._upstream.authority), *headers, ("connection", "close")]
        # What is compressed cannot be read, nor its secrets found.
        headers += [("accept-encoding", "identity")]
        body = request.body or b""
        sizes = [len(body)] if body else []
        if request.framing == "chunked":
            headers.append(("transfer-encoding", "chunked"))
            sizes = request.block_sizes
        elif request.framing == "content-length":
            headers.append(("content-length", str(len(body))))
        target = self._upstream.target(request.path)
        parts = [
            self._parser.send(h11.Request(method=request.method, target=target, headers=headers))
        ]
        start = 0
        for size in sizes:
            parts.append(self._parser.send(h11.Data(data=body[start : start + size])))
            start += size
        parts.append(self._parser.send(h11.EndOfMessage()))
        return b"".join(part or b"" for part in parts)

    async def _answer(self, reader: asyncio.StreamReader, gone: "asyncio.Future[None]") -> None:
        # Each turn reads bytes, so it ends with the answer or with either connection.
        while not self._ended:
            read = asyncio.ensure_future(reader.read(READ_SIZE))
            both: set[asyncio.Future[Any]] = {read, gone}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if not read.done():
                read.cancel()
                raise ClientGone
            if read.exception() is not None:
                self._end("reset")
                self._peer.cut(reset=True)
                return
            data = read.result()
            if data:
                after = time.monotonic() - self._start if self._start else 0.0
                at_ms = round(after * 1000, 3)
                self.arrivals.append(Arrival(at_ms, data))
            if self._is_end(data):
                self._end("whole")
            elif not data:
                self._end("eof")
            if data:
                await self._peer.send(data)

    def _end(self, ending: Ending) -> None:
        if not self._ended:
            self._ended = True
            self._keep(ending)

    def _is_end(self, data: bytes) -> bool:
        # What h11 does not take for HTTP has no end but that of the connection.
        try:
            self._parser.receive_data(data)
            event = self._parser.next_event()
            while event is not h11.NEED_DATA and event is not h11.PAUSED:
                if isinstance(event, h11.EndOfMessage):
                    return True
                event = self._parser.next_event()
        except h11.RemoteProtocolError:
            pass
        return False
