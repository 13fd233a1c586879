"""Plays a reply: its steps become bytes on the connection, in exactly the writes it asks for.

head     status line, headers and the framing header; written once, before the first byte
body     every `Send` framed (RFC 9112 §7.1), as one HTTP chunk or several
end      the last HTTP chunk, for "chunked"; nothing for the other framings
wire     the bytes cut into `pieces`, or joined until something has to be seen in between
"""

import asyncio
import itertools
from collections.abc import Iterable, Iterator
from http import HTTPStatus

from thinwire.testing.replies.reply import Headers, MockReply, has_header
from thinwire.testing.replies.steps import Cut, EndBody, Head, Interim, Repeat, Send, Stall, Wait
from thinwire.testing.server.peer import Peer
from thinwire.testing.server.request import RequestOutcome


class Player:
    """Plays one reply to one client.

    Args:
        peer: the client.
        reply: what to play.
        keep_alive: whether the connection may serve another request; `keep_alive` afterwards
            says whether it really can.
    """

    def __init__(self, peer: Peer, reply: MockReply, keep_alive: bool) -> None:
        self._peer = peer
        self._reply = reply
        self._chunked = reply.framing == "chunked"
        self._head_due = reply.framing != "raw"
        self._end_due = True
        self._gathered = bytearray()
        self._sizes = _sizes(reply.pieces)
        closing = any(
            name.lower() == "connection" and "close" in value for name, value in reply.headers
        )
        self.keep_alive = keep_alive and reply.framing in ("chunked", "length") and not closing

    async def play(self) -> RequestOutcome:
        """Play it.

        Returns:
            "complete", or "cut" when a `Cut` ended it.

        Raises:
            ClientGone: the client left before the end.
        """
        for step in self._reply.steps:
            match step:
                case Send():
                    await self._send(step)
                case Repeat():
                    for _ in itertools.count() if step.times is None else range(step.times):
                        await self._send(Send(step.data))
                        await self._flush()
                        await self._peer.pause(step.every_ms / 1000)
                case Head():
                    await self._head()
                case Interim():
                    await self._put(_head_bytes(step.status, step.headers))
                case EndBody():
                    await self._end(step)
                case Wait():
                    await self._flush()
                    await self._peer.pause(step.ms / 1000)
                case Stall():
                    await self._flush()
                    await (self._peer.deaf() if step.deaf else self._peer.until_gone())
                case Cut():
                    await self._flush()
                    self._hang_up(step)
                    return "cut"
        await self._end(EndBody())
        await self._flush()
        if self._reply.hang_up:
            self._hang_up(Cut(notify=True))
        return "complete"

    async def _send(self, step: Send) -> None:
        if step.raw:
            await self._put(step.data)
            return
        await self._head()
        largest = self._reply.http_chunk or max(len(step.data), 1)
        for start in range(0, len(step.data), largest):
            data = step.data[start : start + largest]
            await self._put(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    async def _head(self) -> None:
        if not self._head_due:
            return
        self._head_due = False
        reply = self._reply
        headers = list(reply.headers)
        if self._chunked and not has_header(headers, "transfer-encoding"):
            headers.append(("Transfer-Encoding", "chunked"))
        if reply.framing == "length" and not has_header(headers, "content-length"):
            headers.append(("Content-Length", str(reply.body_length())))
        if not self.keep_alive and not has_header(headers, "connection"):
            headers.append(("Connection", "close"))
        interim = b"".join(_head_bytes(status, ()) for status in reply.interim)
        await self._put(interim + _head_bytes(reply.status, headers))

    async def _end(self, step: EndBody) -> None:
        await self._head()
        if self._chunked and self._end_due:
            await self._put(b"0\r\n" + _header_lines(step.trailers) + b"\r\n")
        self._end_due = False

    async def _put(self, data: bytes) -> None:
        self._gathered += data
        if not self._reply.joined:
            await self._flush()

    async def _flush(self) -> None:
        data, self._gathered = bytes(self._gathered), bytearray()
        if self._reply.pieces is None:
            if data:
                await self._peer.send(data)
            return
        start = 0
        while start < len(data):
            size = next(self._sizes)
            await self._peer.send(data[start : start + size])
            await asyncio.sleep(self._reply.gap_ms / 1000)
            start += size

    def _hang_up(self, cut: Cut) -> None:
        self.keep_alive = False
        self._peer.cut(reset=cut.reset, notify=cut.notify)


def _sizes(pieces: int | Iterable[int] | None) -> Iterator[int]:
    # The cycle goes on from one write to the next, so pieces end anywhere in an event.
    sizes = (pieces,) if isinstance(pieces, int) else tuple(pieces or (1,))
    if not sizes or min(sizes) < 1:
        raise ValueError("pieces are sizes of at least one byte")
    return itertools.cycle(sizes)


def _head_bytes(status: int, headers: Headers) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:  # 529 and other statuses of single services have no phrase
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode() + _header_lines(headers) + b"\r\n"


def _header_lines(headers: Headers) -> bytes:
    return b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in headers)
