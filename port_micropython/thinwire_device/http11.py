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

_SCRATCH = const(64)  # bytes of a head that are received at a time while the request goes out


class SocketResponse(HTTP1Exchange):
    """An exchange on a raw socket, from its request on; see Response for what it is then.

    Args:
        connection: connected, and not used by anyone else.
        writer: what frames the request.
        request: what to send.
    """

    _connection: "Connection | None"

    def __init__(
        self, connection: "Connection", writer: "HTTPChunkWriter", request: "Request"
    ) -> None:
        connection.careful = True
        super().__init__(
            connection,
            request,
            writer,
            memoryview(bytearray(_SCRATCH)),
            connection.waiter.now_ms,
            connection.pool.limit > 0,
            connection.begun or request.scheme != "https",
        )

    async def send(self, request: "Request") -> None:
        """Sends the request and waits for the head of its response.

        Raises:
            ConnectError, WriteError, ReadError, TransportTimeout, EncodeError: see Transport.send.
        """
        connection: Connection = self._connection  # type: ignore[assignment]
        what = self.advance()
        while what != DONE:
            if what == MORE:
                await self._more(request)
            else:
                await connection.pause()
            what = self.advance()
        # Who refuses may have closed, with our bytes unread.
        connection.careful = self.status >= 400
        if self.coding:
            self.receive = self._compressed  # type: ignore[assignment]
        connection.waiter.reading += 1

    async def _more(self, request: "Request") -> None:
        # Waits for the caller's producer. In a task of its own, or neither a clock nor an `abort`
        # would reach this one meanwhile.
        connection: Connection = self._connection  # type: ignore[assignment]
        body: Body = request.body  # type: ignore[assignment]
        waiter = connection.waiter
        if waiter.blocking:
            await body.more()
            return
        import asyncio

        task = asyncio.create_task(body.more())
        try:
            while not task.done():
                waiter.check(request.deadline(), "write")
                await connection.pause()
                request.check()
                if self.listen():
                    return  # the server has answered, and may not want the rest
            await task
        finally:
            task.cancel()

    def wait(self, deadline_ms: "int | None") -> "Awaitable[None]":
        """See Response.wait; no coroutine is made."""
        connection: Connection = self._connection  # type: ignore[assignment]
        if connection.tries:
            connection.waiter.check(deadline_ms, "read")
        return connection.pause()

    def _compressed(self, buffer: memoryview) -> "int | None":
        # We asked for "identity"; decompressing would take more memory than a chip has.
        raise ReadError("the server compressed its answer (%s) unasked" % self.coding)

    def aclose(self) -> "Coroutine[object, object, None]":
        """See Response.aclose."""
        connection = self._connection
        if connection is not None:
            connection.waiter.reading -= 1
            if self.release() and not connection.ended:
                connection.kept = True
                connection.pool.put(connection)
            else:
                connection.close()
        return nothing()
