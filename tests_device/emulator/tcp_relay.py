"""One TCP connection of the chip, carried on by a socket of this computer.

The line loses nothing, but lwIP drops what it has no memory for: so what we send is kept until it
is acknowledged, and sent again when nothing moves (RFC 9293, without what needs a real network).

    opening ----> open ----> over         by the end of both directions, a reset, or `abandon`
       |                      ^
       +--- nobody there -----+
"""

import asyncio
import socket
import struct
from collections.abc import Callable

from emulator.packets import ACK, FIN, PSH, RST, SYN, Segment, largest_segment, say_largest

_WINDOW = 16384  # bytes we let the chip send ahead
_AHEAD = 65536  # bytes of the server that we keep for the chip
_AGAIN_S = 1.0
_LARGEST = 1460
_FIRST = 1000  # our first sequence number
_NOT_SENT, _SENT, _ACKNOWLEDGED = range(3)  # what has become of our FIN


class Relay(asyncio.Protocol):
    """The chip's peer in one connection.

    Args:
        opening: the chip's SYN.
        send: called with each segment for the chip.
        on_over: called once, when it is over.
    """

    def __init__(
        self, opening: Segment, send: Callable[[Segment], None], on_over: Callable[[], None]
    ) -> None:
        self._ports = (opening.target_port, opening.source_port)
        self._send = send
        self._on_over = on_over
        self._over = False
        self._server: asyncio.Transport | None = None
        self._expected = opening.sequence + 1  # the chip's next byte
        self._chip_ended = self._server_ended = False
        self._kept = bytearray()  # from the server, not acknowledged by the chip
        self._base = _FIRST  # the number of its first byte
        self._sent = 0  # so many bytes of it are on their way
        self._fin = _NOT_SENT
        self._room = opening.window
        self._largest = min(largest_segment(opening.options), _LARGEST)
        self._timer: asyncio.TimerHandle | None = None

    # What the server does.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It has taken the connection: so do we."""
        assert isinstance(transport, asyncio.Transport)
        self._server = transport
        transport.set_write_buffer_limits(high=_WINDOW // 2)
        self._segment(SYN | ACK, options=say_largest(_LARGEST))
        self._base += 1

    def data_received(self, data: bytes) -> None:
        """It has said something."""
        self._kept += data
        if self._server and len(self._kept) > _AHEAD:
            self._server.pause_reading()
        self._push()

    def eof_received(self) -> bool:
        """It says no more, but still listens."""
        self._server_ended = True
        self._push()
        return True

    def resume_writing(self) -> None:
        """It reads again: the window that we announce had become small."""
        self._segment(ACK)

    def connection_lost(self, error: Exception | None) -> None:
        """It has gone."""
        if not self._over:
            self._segment(RST | ACK)
            self._finish()

    def refuse(self) -> None:
        """Nobody listens at that port."""
        self._base = 0
        self._segment(RST | ACK)
        self._finish()

    # What the chip does.

    def abandon(self) -> None:
        """It is gone: the server sees a reset."""
        if self._server and not self._over:
            reset_by_closing(self._server)
            self._server.abort()
        self._finish()

    def receive(self, segment: Segment) -> None:
        """Takes a segment."""
        if segment.flags & RST:
            self.abandon()
        elif self._server and not segment.flags & SYN:  # else: the answer is on its way
            self._take_acknowledgement(segment)
            if segment.data or segment.flags & FIN:
                self._take_data(self._server, segment)
            self._push()
            if self._chip_ended and self._fin == _ACKNOWLEDGED:
                self._server.close()
                self._finish()

    def _take_acknowledgement(self, segment: Segment) -> None:
        count = segment.acknowledged - self._base & 0xFFFFFFFF
        if count > self._sent + (self._fin == _SENT):
            return  # an old one
        self._room = segment.window
        if not count:
            return
        if count > self._sent:
            self._fin = _ACKNOWLEDGED
        del self._kept[:count]
        self._sent -= min(count, self._sent)
        self._base += count
        self._set_timer()
        if self._server and len(self._kept) <= _AHEAD:
            self._server.resume_reading()

    def _take_data(self, server: asyncio.Transport, segment: Segment) -> None:
        # Otherwise something was dropped before it, or it comes a second time.
        if segment.sequence == self._expected & 0xFFFFFFFF:
            self._expected += len(segment.data)
            server.write(segment.data)
            if segment.flags & FIN and not self._chip_ended:
                self._expected += 1
                self._chip_ended = True
                server.write_eof()
        self._segment(ACK)

    # What we send.

    def _push(self) -> None:
        while self._sent < min(self._room, len(self._kept)):
            end = min(self._sent + self._largest, self._room, len(self._kept))
            data = bytes(self._kept[self._sent : end])
            self._segment(ACK | PSH, data)
            self._sent = end
        if self._server_ended and self._sent == len(self._kept) and self._fin == _NOT_SENT:
            self._segment(ACK | FIN)
            self._fin = _SENT
        if self._timer is None:
            self._set_timer()

    def _push_again(self) -> None:
        """Nothing has moved for a second."""
        self._timer = None
        self._room = max(self._room, 1)  # asks a chip that had no room
        self._sent = 0
        if self._fin == _SENT:
            self._fin = _NOT_SENT
        self._push()

    def _set_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
        waiting = not self._over and (self._kept or self._fin == _SENT)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_AGAIN_S, self._push_again) if waiting else None

    def _segment(self, flags: int, data: bytes = b"", options: bytes = b"") -> None:
        number = self._base + self._sent + (self._fin == _SENT)
        unread = self._server.get_write_buffer_size() if self._server else 0
        room = max(0, _WINDOW - unread)
        self._send(Segment(*self._ports, number, self._expected, flags, room, data, options))

    def _finish(self) -> None:
        if not self._over:
            self._over = True
            self._set_timer()
            self._on_over()


def reset_by_closing(transport: asyncio.BaseTransport) -> None:
    """Make the end of a connection a reset: without a linger time nothing is said goodbye to."""
    linger = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
