# One request sent and one response read, de-framed in place (core/http1.py).

from micropython import const

from thinwire.core.errors import ReadError, WriteError
from thinwire.core.wire.http1_request import request_head
from thinwire.core.wire.http1_response import ResponseHead

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.errors import WriteError
    from thinwire.core.request.http_request import Request
    from thinwire.core.wire.http1_request import HTTPChunkWriter
    from thinwire_device.connection import Connection
    from thinwire_device.pool import Pool
    from thinwire_device.wait import Waiter

_PEEK = const(64)  # bytes read at a time while the writer's buffer is in use
_PIECE = const(256)  # afterwards: body that comes along with the head is held twice for a moment


class Exchange:
    """Sends a request and reads the head of its response.

    Args:
        waiter: how to wait.
        connection: connected, and not used by anyone else.
        writer: its buffer serves both ways: when the head arrives, nothing is left to send.
        request: what to send.

    Attributes:
        heard: a byte of the response has come.
    """

    def __init__(
        self,
        waiter: "Waiter",
        connection: "Connection",
        writer: "HTTPChunkWriter",
        request: "Request",
    ) -> None:
        self._waiter = waiter
        self._connection = connection
        self._writer = writer
        self._request = request
        self._scratch = memoryview(bytearray(_PEEK))
        self._piece = writer.payload[:_PIECE]
        self._head = ResponseHead()
        self._rest = None  # body bytes that came with the head; not None: the head is complete
        self.heard = False

    async def run(self, pool: "Pool") -> "SocketResponse":
        """Does it; `pool` takes the connection afterwards, if it may be used again.

        Raises:
            ConnectError, WriteError, ReadError, TransportTimeout, EncodeError: see Transport.send.
        """
        try:
            await self._upload(pool.limit > 0)
        except WriteError as error:
            await self._early(error)
        tries = 0
        while self._rest is None:
            count = self._connection.read_some(self._piece)
            if count is None:
                deadline = self._request.head_deadline_ms
                await self._waiter.sleep_ms(self._waiter.pause(tries, deadline, "head"))
                tries += 1
            else:
                self._received(count)
                tries = 0
        lasting = self._request.sent_ms is not None and self._head.keep_alive()
        return SocketResponse(self, pool if lasting else None)

    async def _upload(self, lasting: bool) -> None:
        request = self._request
        headers = [("Host", request.authority)]
        if not lasting:
            headers.append(("Connection", "close"))
        headers.extend(request.headers)
        length = -1 if request.body is None else request.length
        self._writer.chunked = length is None
        await self._begin(
            memoryview(request_head(request.method, request.target, headers, length))
        )
        count = -1 if request.body is not None else 0
        while count != 0 and self._rest is None:
            count = request.body.readinto(self._writer.payload)
            if count is None:
                await request.body.more()
            else:
                await self._write(self._writer.frame(count))
            # A server that takes all that is sent never makes us wait: look here, too.
            self._waiter.check(request.head_deadline_ms, "write")
            self._peek()
            if self._waiter.asyncio is not None:
                await self._waiter.asyncio.sleep_ms(0)
        if count == 0:
            request.sent_ms = self._waiter.now_ms()

    async def _begin(self, head: memoryview) -> None:
        sent = 0
        if not self._connection.kept:
            sent = await self._connection.begin(head, self._request.connect_by())
            if self._request.scheme == "https":
                self._request.secured_ms = self._waiter.now_ms()
        await self._write(head[sent:])

    async def _write(self, view: memoryview) -> None:
        at = tries = 0
        while at < len(view) and self._rest is None:
            count = self._connection.write_some(view[at:] if at else view)
            at += count
            if count:
                tries = 0
            else:
                self._peek()
                deadline = self._request.head_deadline_ms
                await self._waiter.sleep_ms(self._waiter.pause(tries, deadline, "write"))
                tries += 1

    def _peek(self) -> None:
        # A server may answer before it has read everything, and then read no more.
        while self._rest is None:
            count = self._connection.read_some(self._scratch)
            if not count:
                return
            self._take(self._scratch[:count])

    async def _early(self, error: "WriteError") -> None:
        # The server may have said why before it closed; if not, the write error stands.
        try:
            while self._rest is None:
                count = self._connection.read_some(self._piece)
                if not count:
                    raise error
                self._received(count)
        except ReadError:
            raise error

    def _received(self, count: int) -> None:
        if count == 0:
            raise ReadError("the server closed the connection without an answer")
        self._take(self._piece[:count])

    def _take(self, view: memoryview) -> None:
        self.heard = True
        rest = self._head.receive(view)
        if rest is not None:
            self._rest = bytes(view[len(view) - rest :])


class SocketResponse:  # a core.transport.Response
    """A response on a raw socket.

    Args:
        exchange: what has read its head.
        pool: where its connection goes once it has been read to its end; None: it is closed.
    """

    def __init__(self, exchange: Exchange, pool: "Pool | None") -> None:
        head = exchange._head
        self.status = head.status
        self._head = head
        self._body = head.body()
        self._waiter = exchange._waiter
        self._connection = exchange._connection
        self._pool = pool
        self._rest = exchange._rest
        encoding = head.header("content-encoding")
        self._compressed = encoding if encoding and encoding.lower() != "identity" else ""

    def header(self, name: str) -> "str | None":
        """See Response.header."""
        return self._head.header(name.lower())

    async def readinto(self, buffer: memoryview, deadline_ms: "int | None") -> int:
        """See Response.readinto."""
        if self._compressed:
            # We asked for "identity"; decompressing would take more memory than a chip has.
            raise ReadError("the server compressed its answer (%s) unasked" % self._compressed)
        if self._waiter.asyncio is not None:  # other tasks have their turn, and no coroutine made
            await self._waiter.asyncio.sleep_ms(0)
        tries = 0
        while not self._body.done or self._rest:
            count = self._next(buffer)
            if count is None:
                await self._waiter.sleep_ms(self._waiter.pause(tries, deadline_ms, "read"))
                tries += 1
            elif count == 0:
                self._body.eof()
            else:
                size = self._body.decode(buffer, count)
                if size:
                    return size
        return 0

    async def aclose(self) -> None:
        """See Response.aclose."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        whole = self._body.done and not self._rest and not self._body.excess
        if self._pool is not None and whole and not connection.ended:
            connection.kept = True
            self._pool.put(connection)
        else:
            connection.close()

    def _next(self, buffer: memoryview) -> "int | None":
        # What came with the head first, then what the socket has.
        if not self._rest:
            return self._connection.read_some(buffer)
        count = min(len(self._rest), len(buffer))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
