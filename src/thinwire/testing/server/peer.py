"""One TCP or TLS connection as the mock server sees it: bytes in, bytes out, gone or not.

All that depends on asyncio's transports is in this file.
"""

import asyncio
import socket
import struct

READ_SIZE = 1 << 18

# What a client sends while it is being answered is held up to this size; then we stop reading,
# as a busy server does.
_HELD = 1 << 20


class ClientGone(Exception):
    """The client closed the connection or lost it."""


class Peer:
    """The client at the other end.

    Args:
        reader: of asyncio.
        writer: of asyncio.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._held = bytearray()
        # drain() then waits until the last byte is with the kernel: a cut right after a write
        # must not take the written bytes with it. (TLS transports of asyncio take 0 for "always
        # full"; what they have encrypted goes on to the kernel at once.)
        secure = writer.get_extra_info("sslcontext") is not None
        writer.transport.set_write_buffer_limits(high=int(secure), low=0)

    async def receive(self) -> bytes:
        """Some bytes, b"" at the end.

        Raises:
            ClientGone: the connection broke.
        """
        if self._held:
            held, self._held = bytes(self._held), bytearray()
            return held
        return await self._read()

    def give_back(self, data: bytes) -> None:
        """Have the next `receive` return `data` first."""
        self._held[:0] = data

    async def send(self, data: bytes) -> None:
        """Hand `data` to the kernel in one write.

        Raises:
            ClientGone: the connection broke.
        """
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as error:
            raise ClientGone from error
        # drain() returns at once while the kernel takes all: others want to be served, too.
        await asyncio.sleep(0)

    async def pause(self, seconds: float) -> None:
        """Wait, and notice when the client leaves meanwhile.

        Raises:
            ClientGone: it did.
        """
        try:
            await asyncio.wait_for(self.until_gone(), seconds)
        except TimeoutError:
            return

    async def until_gone(self) -> None:
        """Wait for the client to leave; always raises ClientGone."""
        while len(self._held) < _HELD:
            data = await self._read()
            if not data:
                raise ClientGone
            self._held += data
        await asyncio.Event().wait()  # full: nothing tells us any more, stop() cancels this

    async def deaf(self) -> None:
        """Read no more and wait; `stop` cancels this."""
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.Event().wait()

    async def linger(self) -> None:
        """Read what still comes and drop it, until the client has left.

        Closing with unread bytes would make the kernel send a reset, and that can destroy the
        reply before the client has read it (RFC 9112 §9.6).
        """
        self._held.clear()
        if self._writer.can_write_eof():
            self._writer.write_eof()
        while await self._read():
            pass

    def cut(self, *, reset: bool = False, notify: bool = False) -> None:
        """Close now: by FIN, by TCP reset, or with TLS's goodbye first."""
        if notify:
            self._writer.close()
            return
        if reset:
            connected = self._writer.get_extra_info("socket")
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def drop(self) -> None:
        """Close without a word and wait until it is closed."""
        self.cut()
        await self.close()

    async def close(self) -> None:
        """Close and wait until it is closed; fine to call at any time."""
        try:
            self._writer.close()
            await self._writer.wait_closed()
        except OSError:  # it was lost before, or says goodbye badly: closed all the same
            pass

    async def _read(self) -> bytes:
        try:
            return await self._reader.read(READ_SIZE)
        except OSError as error:
            raise ClientGone from error
