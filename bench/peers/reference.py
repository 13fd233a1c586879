"""A bare asyncio protocol without timeouts, errors or limits: what is physically within reach.

The request is json.dumps in one piece, the answer is read chunk by chunk as it arrives, and an
idle connection serves the next turn.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from bench.peers import KEY, PATH, Answer, Messages, Note, Tools
from bench.peers.by_hand import Collector, body

BLOCKING = False
_SCAN: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]


class _Connection(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self._rest, self._in_body = transport, b"", False

    def turn(self, request: bytes, collector: Collector) -> "asyncio.Future[None]":
        self._collector, self._in_body = collector, False
        self._done = asyncio.get_running_loop().create_future()
        self.transport.write(request)  # type: ignore[attr-defined]
        return self._done

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        at = 0
        if not self._in_body:
            at = data.find(b"\r\n\r\n") + 4
            if at < 4:
                self._rest = data
                return
            if not data.startswith(b"HTTP/1.1 200"):
                self._done.set_exception(ValueError(data))
                return
            self._in_body = True
        # Each HTTP chunk of the server is one event, which is all that this reader can do.
        chunk, size = self._collector.chunk, len(data)
        while True:
            line = data.find(b"\r\n", at)
            if line < 0:
                break
            length = int(data[at:line], 16)
            start, end = line + 2, line + 2 + length
            if end + 2 > size:
                break
            if length == 0:
                self._rest = b""
                self._done.set_result(None)
                return
            if data[start + 6] == 0x7B:  # or it is [DONE]
                chunk(_SCAN(data[start:end].decode(), 6)[0])
            at = end + 2
        self._rest = data[at:]

    def connection_lost(self, error: Exception | None) -> None:
        if hasattr(self, "_done") and not self._done.done():
            self._done.set_exception(error or ConnectionError("closed"))


class Peer:
    """A pool of connections."""

    def __init__(self, base_url: str) -> None:
        url = urlsplit(base_url + PATH)
        self._at, self._idle = (url.hostname or "", url.port or 80), list[_Connection]()
        self._head = (
            f"POST {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nAuthorization: Bearer {KEY}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()

    async def ask(self, messages: Messages, note: Note, tools: Tools) -> Answer:
        if self._idle:
            connection = self._idle.pop()
        else:
            loop = asyncio.get_running_loop()
            _, connection = await loop.create_connection(_Connection, *self._at)
        sent = json.dumps(body(messages, tools), ensure_ascii=False).encode()
        collector = Collector(note)
        await connection.turn(b"%b%d\r\n\r\n%b" % (self._head, len(sent), sent), collector)
        self._idle.append(connection)
        return collector.answer()

    async def close(self) -> None:
        for connection in self._idle:
            connection.transport.close()
