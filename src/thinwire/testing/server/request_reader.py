"""Requests are read by h11, an HTTP parser that shares no line with ours.

What it accepts from our own client, other servers accept too. h11 is installed with httpx.
"""

import hashlib

import h11

from thinwire.testing.server.peer import ClientGone, Peer
from thinwire.testing.server.request import RecordedRequest


class RequestReader:
    """Reads one request from a connection.

    Args:
        peer: the client.
        connection_id: for the record.
        max_body: bytes of the body held; what is beyond is hashed and counted only.
    """

    def __init__(self, peer: Peer, connection_id: int, max_body: int) -> None:
        self._peer = peer
        self._connection_id = connection_id
        self._max_body = max_body
        self._parser = h11.Connection(h11.SERVER)
        self._hash = hashlib.sha256()
        self._block = 0
        self.body = bytearray()
        self.keep_alive = False
        self.knows_chunks = True

    async def head(self) -> RecordedRequest | None:
        """The request without its body; None when the client closed instead.

        Raises:
            h11.RemoteProtocolError: what came is not HTTP.
            ClientGone: the connection broke.
        """
        event = await self._next_event()
        if not isinstance(event, h11.Request):
            return None
        headers = [(name.decode(), value.decode("latin-1")) for name, value in event.headers]
        request = RecordedRequest(
            event.method.decode(), event.target.decode(), headers, self._connection_id
        )
        wanted = (request.header("connection") or "").lower()
        self.knows_chunks = event.http_version != b"1.0"
        self.keep_alive = self.knows_chunks and "close" not in wanted
        return request

    async def allow_body(self) -> None:
        """Answer `Expect: 100-continue`, if the request said it (RFC 9110 §10.1.1)."""
        if self._parser.they_are_waiting_for_100_continue:
            await self._peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    async def more_body(self, request: RecordedRequest) -> bool:
        """Read some of the body and count it in `request`.

        Returns:
            False at the end of the body.

        Raises:
            h11.RemoteProtocolError: the framing is broken.
            ClientGone: the client left in the middle of it.
        """
        event = await self._next_event()
        if not isinstance(event, h11.Data):
            request.body_whole = True
            self._peer.give_back(self._parser.trailing_data[0])
            return False
        self._hash.update(event.data)
        request.body_size += len(event.data)
        if request.body_size <= self._max_body:
            self.body += event.data
        self._block += len(event.data)
        if event.chunk_end and request.framing == "chunked":
            request.block_sizes.append(self._block)
            self._block = 0
        return True

    def settle(self, request: RecordedRequest) -> None:
        """Put what was read of the body into `request`."""
        request.body = None if request.body_size > self._max_body else bytes(self.body)
        request.body_sha256 = self._hash.hexdigest()
        self.body = bytearray()

    async def _next_event(self) -> object:
        # Each turn reads bytes, so it ends with the request or with the connection.
        while True:
            event = self._parser.next_event()
            if event is not h11.NEED_DATA:
                return event
            data = await self._peer.receive()
            if not data and self._parser.their_state is not h11.IDLE:
                raise ClientGone
            self._parser.receive_data(data)
