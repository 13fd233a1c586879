"""An HTTP/1.1 exchange on a chip: thinwire/core/wire/http1.py, and how it waits."""

from micropython import const

from thinwire.core._compat import nothing
from thinwire.core.errors import ReadError
from thinwire.core.wire.http1 import DONE, MORE, HTTP1Exchange

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine

    from thinwire.core.request.http_request import Body, Request
    from thinwire.core.wire.http1_request import HTTPChunkWriter
    from thinwire_device.connection import Connection
    from thinwire_device.pool import Pool
    from thinwire_device.wait import Waiter

_SCRATCH = const(64)  # bytes of a head that are received at a time while the request goes out


class SocketResponse(HTTP1Exchange):
    """An exchange on a raw socket, from its request on; see Response for what it is then.

    Args:
        waiter: how to wait.
        connection: connected, and not used by anyone else.
        writer: what frames the request.
        request: what to send.
        pool: where the connection goes once the response is read, if it may be used again.
    """

    def __init__(
        self,
        waiter: "Waiter",
        connection: "Connection",
        writer: "HTTPChunkWriter",
        request: "Request",
        pool: "Pool",
    ) -> None:
        self._waiter = waiter
        self._pool = pool
        self._socket: Connection | None = connection
        connection.careful = True
        super().__init__(
            connection,
            request,
            writer,
            memoryview(bytearray(_SCRATCH)),
            waiter.now_ms,
            pool.limit > 0,
            connection.begun or request.scheme != "https",
        )

    async def send(self, request: "Request") -> None:
        """Sends the request and waits for the head of its response.

        Raises:
            ConnectError, WriteError, ReadError, TransportTimeout, EncodeError: see Transport.send.
        """
        waiter, connection = self._waiter, self._socket
        what = self.advance()
        while what != DONE:
            if what == MORE:
                await self._more(request)
            else:
                await waiter.sleep_ms(connection.pause())  # type: ignore[union-attr]
            what = self.advance()
        # Who refuses may have closed, with our bytes unread.
        connection.careful = self.status >= 400  # type: ignore[union-attr]
        if self.coding:
            self.receive = self._compressed  # type: ignore[assignment]
        waiter.reading += 1

    async def _more(self, request: "Request") -> None:
        # Waits for the caller's producer. In a task of its own, or neither a clock nor an `abort`
        # would reach this one meanwhile.
        waiter, connection = self._waiter, self._socket
        body: Body = request.body  # type: ignore[assignment]
        if waiter.blocking:
            await body.more()
            return
        import asyncio

        task = asyncio.create_task(body.more())
        try:
            while not task.done():
                waiter.check(request.deadline(), "write")
                await waiter.sleep_ms(connection.pause())  # type: ignore[union-attr]
                request.check()
                if self.listen():
                    return  # the server has answered, and may not want the rest
            await task
        finally:
            task.cancel()

    def wait(self, deadline_ms: "int | None") -> "Awaitable[None]":
        """See Response.wait; no coroutine is made."""
        connection, waiter = self._socket, self._waiter
        if connection is None:
            return waiter.sleep_ms(0)
        if connection.tries:
            waiter.check(deadline_ms, "read")
        return waiter.sleep_ms(connection.pause())

    async def readinto(self, buffer: memoryview, deadline_ms: "int | None") -> int:
        """See Response.readinto."""
        count = self.receive(buffer)
        while count is None:
            await self.wait(deadline_ms)
            count = self.receive(buffer)
        if self.offset and count:
            buffer[:count] = buffer[self.offset : self.offset + count]
        return count

    def _compressed(self, buffer: memoryview) -> "int | None":
        # We asked for "identity"; decompressing would take more memory than a chip has.
        raise ReadError("the server compressed its answer (%s) unasked" % self.coding)

    def aclose(self) -> "Coroutine[object, object, None]":
        """See Response.aclose."""
        connection, self._socket = self._socket, None
        if connection is not None:
            self._waiter.reading -= 1
            if self.release() and not connection.ended:
                connection.kept = True
                self._pool.put(connection)
            else:
                connection.close()
        return nothing()
