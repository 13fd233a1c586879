"""One HTTP/1.1 exchange on a connection: the request is sent, the response read and de-framed in
place (thinwire/core/wire/http1_request.py and http1_response.py).

The server is listened to while the body goes out: it may answer before it has read everything, and
then read no more.
"""

from micropython import const

from thinwire.core._compat import nothing
from thinwire.core.errors import ReadError, WriteError
from thinwire.core.wire.http1_request import framing, request_head
from thinwire.core.wire.http1_response import ResponseHead
from thinwire_device.connection import clear

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine

    from thinwire.core.request.http_request import Body, Request
    from thinwire.core.wire.http1_request import HTTPChunkWriter
    from thinwire_device.connection import Connection
    from thinwire_device.pool import Pool
    from thinwire_device.wait import Waiter

_PEEK = const(64)  # bytes read at a time while the writer's buffer is in use
_PIECE = const(256)  # afterwards: body that comes along with the head is held twice for a moment


class HTTP11Exchange:
    """Sends a request and reads the head of its response.

    Args:
        waiter: how to wait.
        connection: connected, and not used by anyone else.
        writer: its buffer serves both ways: when the head arrives, nothing is left to send.
        request: what to send.

    Attributes:
        response_begun: a byte of the response has come.
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
        self._head = ResponseHead()
        # Body bytes that came with the head; not None: the head is complete.
        self._rest: bytes | None = None
        self._whole = False  # the first block is all of the body
        self.response_begun = False

    async def run(self, pool: "Pool") -> "SocketResponse":
        """Sends the request and waits for the head of its response.

        Args:
            pool: where the connection goes once the response is read, if it may be used again.

        Raises:
            ConnectError, WriteError, ReadError, TransportTimeout, EncodeError: see Transport.send.
        """
        try:
            await self._upload(pool.limit > 0)
        except WriteError as error:
            # The server may have said why before it closed; if not, the write error stands.
            try:
                self._peek()
            except Exception:
                raise error
            if self._rest is None:
                raise error
        piece = self._writer.payload[:_PIECE]
        clear(piece)
        tries = 0
        while self._rest is None:
            count = self._connection.read_some(piece, True)
            if count is None:
                deadline = self._request.deadline()
                await self._waiter.sleep_ms(self._waiter.pause(tries, deadline, "head"))
                tries += 1
            elif count == 0:
                raise ReadError("the server closed the connection without an answer")
            else:
                self._received(piece[:count])
                tries = 0
        lasting = self._request.sent_ms is not None and self._head.keep_alive()
        return SocketResponse(
            self._waiter, self._connection, pool if lasting else None, self._head, self._rest
        )

    async def _upload(self, lasting: bool) -> None:
        request, connection, body = self._request, self._connection, self._request.body
        headers = []
        if not any(name.lower() == "host" for name, _ in request.headers):
            headers.append(("Host", request.authority))
        if not lasting:
            headers.append(("Connection", "close"))
        headers.extend(request.headers)
        head = request_head(request.method, request.target, headers)
        begun = connection.kept
        if not begun and request.scheme == "https":
            # Nothing of the body is read before the server is proven: there may be another try.
            sent = await connection.begin(memoryview(head), request.connect_by())
            request.secured_ms = self._waiter.now_ms()
            request.handed_over(request.secured_ms)
            head = head[sent:]
            begun = True
        piece = self._first(head)
        if not begun:
            sent = await connection.begin(piece, request.connect_by())
            request.handed_over(self._waiter.now_ms())
            piece = piece[sent:]
        await self._write(piece)
        whole = self._whole
        while body is not None and not whole and self._rest is None:
            count = body.readinto(self._writer.payload)
            request.handed_over(self._waiter.now_ms())  # what that took was the caller's own time
            if count is None:
                await self._more(body)
            else:
                await self._write(self._writer.frame(count))
                whole = count == 0
            # A server that takes all that is sent never makes us wait: look here, too.
            self._waiter.check(request.deadline(), "write")
            self._peek()
            if not self._waiter.blocking:
                await self._waiter.sleep_ms(0)
        if whole:
            request.sent(self._waiter.now_ms())

    def _first(self, head: bytes) -> memoryview:
        # The head with the first block of the body, which decides how it is framed.
        request, writer = self._request, self._writer
        if request.body is None:
            self._whole = True
            return memoryview(head + framing(-1))
        place = writer.behind(head)
        count = request.first_block(place)
        self._whole = count == request.length and count < len(place)
        request.handed_over(self._waiter.now_ms())  # what that took was the caller's own time
        writer.chunked = request.length is None
        if not place:
            return memoryview(head + framing(request.length))
        return writer.first(head, count, request.length)

    async def _more(self, body: "Body") -> None:
        # Waits for the caller's producer, whose time is not the server's. In a task of its own,
        # or neither a clock nor an `abort` would reach this one meanwhile.
        request, waiter = self._request, self._waiter
        if waiter.blocking:
            await body.more()
            return
        import asyncio

        request.handed_over(None)
        task = asyncio.create_task(body.more())
        tries = 0
        try:
            while not task.done():
                await waiter.sleep_ms(waiter.pause(tries, request.deadline(), "write"))
                request.check()
                self._peek()
                if self._rest is not None:
                    return  # the server has answered, and may not want the rest
                tries += 1
            await task
        finally:
            task.cancel()
            request.handed_over(waiter.now_ms())

    async def _write(self, view: memoryview) -> None:
        at = tries = 0
        while at < len(view) and self._rest is None:
            count = self._connection.write_some(view[at:] if at else view)
            at += count
            if count:
                tries = 0
                self._request.handed_over(self._waiter.now_ms())
            else:
                self._peek()
                deadline = self._request.deadline()
                await self._waiter.sleep_ms(self._waiter.pause(tries, deadline, "write"))
                tries += 1

    def _peek(self) -> None:
        # Takes what has come of the head, without waiting.
        while self._rest is None:
            count = self._connection.read_some(self._scratch, True)
            if not count:
                return
            self._received(self._scratch[:count])

    def _received(self, view: memoryview) -> None:
        self.response_begun = True
        rest = self._head.receive(view)
        if rest is not None:
            self._rest = bytes(view[len(view) - rest :])
        clear(view)


class SocketResponse:
    """A response on a raw socket; see Response.

    Args:
        waiter: how to wait.
        connection: what its body comes from.
        pool: where the connection goes once the body has been read to its end; None: it is closed.
        head: has been read.
        rest: body bytes that came with the head.

    Raises:
        ReadError: the head does not say where the body ends, or says it twice.
    """

    def __init__(
        self,
        waiter: "Waiter",
        connection: "Connection",
        pool: "Pool | None",
        head: ResponseHead,
        rest: bytes,
    ) -> None:
        self.status = head.status
        self._waiter = waiter
        self._connection: Connection | None = connection
        self._pool = pool
        self._head = head
        self._body = head.body()
        self.framed = self._body.framed
        self._rest = rest
        encoding = head.header("content-encoding")
        self._compressed = encoding if encoding and encoding.lower() != "identity" else ""
        self._tries = -1  # how often there was nothing; before that, others have their turn
        self.offset = 0
        waiter.reading += 1

    def header(self, name: str) -> "str | None":
        """See Response.header."""
        return self._head.header(name.lower())

    def all_headers(self) -> "list[tuple[str, str]]":
        """See Response.all_headers."""
        return self._head.all_headers()

    def receive(self, buffer: memoryview) -> "int | None":
        """See Response.receive."""
        connection = self._connection
        if connection is None:
            raise ReadError("the response is closed", None, True)
        if self._compressed:
            # We asked for "identity"; decompressing would take more memory than a chip has.
            raise ReadError("the server compressed its answer (%s) unasked" % self._compressed)
        if self._tries < 0 and not self._waiter.blocking:
            return None  # other tasks have their turn
        refused = self.status >= 400  # who refuses may have closed, with our bytes unread
        if refused:
            clear(buffer)
        while not self._body.done or self._rest:
            if not self._rest:
                count = connection.read_some(buffer, refused)
            else:
                count = min(len(self._rest), len(buffer))
                buffer[:count] = self._rest[:count]
                self._rest = self._rest[count:]
            if count is None:
                return None
            if count == 0:
                self._body.eof()
            else:
                size = self._body.decode(buffer, count)
                if size:
                    self._tries = -1
                    return size
                if refused:
                    clear(buffer)
        return 0

    def wait(self, deadline_ms: "int | None") -> "Awaitable[None]":
        """See Response.wait; no coroutine is made."""
        tries, self._tries = self._tries, self._tries + 1
        waiter = self._waiter
        return waiter.sleep_ms(0 if tries < 0 else waiter.pause(tries, deadline_ms, "read"))

    def aclose(self) -> "Coroutine[object, object, None]":
        """See Response.aclose."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._waiter.reading -= 1
            whole = self._body.done and not self._rest and not self._body.excess
            if self._pool is not None and whole and not connection.ended:
                connection.kept = True
                self._pool.put(connection)
            else:
                connection.close()
        return nothing()
