# The transport of a chip: one raw socket per exchange, the request pulled through one reused
# buffer, the response de-framed in place (core/http1.py). Never blocks past a deadline.

from thinwire.core.errors import ReadError, WriteError
from thinwire.core.http1 import ChunkWriter, ResponseHead, request_head
from thinwire.core.transport import Request, Response, Transport
from thinwire_device.connection import TLS, Connection
from thinwire_device.wait import Waiter

_BLOCK = 1024  # bytes of body in one http chunk
_PEEK = 64  # bytes read at a time while the writer's buffer is in use
_OTHERS = ("ssl_context", "proxy", "http_client")


def from_options(blocking: bool, options: "dict[str, object]") -> "SocketTransport":
    """The transport for a client's options; see BaseClient.

    Raises:
        ValueError: an option that only CPython has, or a CA file that cannot be read.
    """
    for name in _OTHERS:
        if options.get(name) is not None:
            raise ValueError("%s is for CPython: on MicroPython pass cadata or insecure" % name)
    verify = options.get("verify", True)
    cadata = options.get("cadata")
    if isinstance(verify, str):
        cadata = _read_file(verify)
    insecure = bool(options.get("insecure")) or verify is False
    return SocketTransport(blocking, cadata, insecure)


def _read_file(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ValueError("verify=%r: cannot read the CA certificate: %s" % (path, error))


class SocketTransport(Transport):
    """HTTP/1.1 over a raw socket.

    Args:
        blocking: for Client; else for asyncio, and other tasks run while this one waits.
        cadata: CA certificate for https, DER.
        insecure: accept any certificate.
        block: bytes of body per http chunk, and of the send buffer.
    """

    name = "socket"

    def __init__(
        self,
        blocking: bool = False,
        cadata: "bytes | None" = None,
        insecure: bool = False,
        block: int = _BLOCK,
    ) -> None:
        self._waiter = Waiter(blocking)
        self._tls = TLS(cadata, insecure)
        self._block = block
        # Allocated once, before the heap fragments; a second exchange at a time makes its own.
        self._spare = ChunkWriter(block)

    async def send(self, request: Request) -> Response:
        """See Transport.send."""
        tls = self._tls if request.scheme == "https" else None
        connection = Connection(self._waiter)
        writer, self._spare = self._spare or ChunkWriter(self._block), None
        try:
            await connection.open(request.host, request.port, tls, request.connect_by())
            return await _Exchange(self._waiter, connection, writer, request).run()
        except BaseException:
            connection.close()
            raise
        finally:
            self._spare = writer

    async def sleep_ms(self, ms: int) -> None:
        """See Transport.sleep_ms."""
        await self._waiter.sleep_ms(ms)

    def now_ms(self) -> int:
        """See Transport.now_ms."""
        return self._waiter.now_ms()

    async def aclose(self) -> None:
        """Nothing to do: each exchange closes its own connection."""


class _Exchange:
    # One request sent and one response head read. The writer's buffer serves both ways: when the
    # head arrives, nothing is left to send.
    def __init__(
        self, waiter: Waiter, connection: Connection, writer: ChunkWriter, request: Request
    ) -> None:
        self._waiter = waiter
        self._connection = connection
        self._writer = writer
        self._request = request
        self._scratch = memoryview(bytearray(_PEEK))
        self._head = ResponseHead()
        self._rest = None  # body bytes that came with the head; not None: the head is complete

    async def run(self) -> "SocketResponse":
        try:
            await self._upload()
        except WriteError as error:
            await self._early(error)
        tries = 0
        while self._rest is None:
            count = self._connection.read_some(self._writer.payload)
            if count is None:
                deadline = self._request.head_deadline_ms
                tries = await self._waiter.again(tries, deadline, "head")
            else:
                self._received(count)
                tries = 0
        return SocketResponse(self._waiter, self._connection, self._head, self._rest)

    async def _upload(self) -> None:
        request = self._request
        headers = [("Host", request.authority), ("Connection", "close")]
        headers.extend(request.headers)
        length = -1 if request.body is None else request.length
        self._writer.chunked = length is None
        head = memoryview(request_head(request.method, request.target, headers, length))
        sent = await self._connection.begin(head, request.connect_by())
        await self._write(head[sent:])
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
            await self._waiter.breathe()

    async def _write(self, view: memoryview) -> None:
        at = tries = 0
        while at < len(view) and self._rest is None:
            count = self._connection.write_some(view[at:])
            at += count
            if count:
                tries = 0
            else:
                self._peek()
                deadline = self._request.head_deadline_ms
                tries = await self._waiter.again(tries, deadline, "write")

    def _peek(self) -> None:
        # A server may answer before it has read everything, and then read no more.
        while self._rest is None:
            count = self._connection.read_some(self._scratch)
            if not count:
                return
            self._take(self._scratch[:count])

    async def _early(self, error: WriteError) -> None:
        # The server may have said why before it closed; if not, the write error stands.
        try:
            while self._rest is None:
                count = self._connection.read_some(self._writer.payload)
                if not count:
                    raise error
                self._received(count)
        except ReadError:
            raise error

    def _received(self, count: int) -> None:
        if count == 0:
            raise ReadError("the server closed the connection without an answer")
        self._take(self._writer.payload[:count])

    def _take(self, view: memoryview) -> None:
        rest = self._head.receive(view)
        if rest is not None:
            self._rest = bytes(view[len(view) - rest :])


class SocketResponse(Response):
    """A response on a raw socket; its connection ends with it."""

    def __init__(
        self, waiter: Waiter, connection: Connection, head: ResponseHead, rest: bytes
    ) -> None:
        self.status = head.status
        self._head = head
        self._body = head.body()
        self._waiter = waiter
        self._connection = connection
        self._rest = rest
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
        await self._waiter.breathe()
        tries = 0
        while not self._body.done or self._rest:
            count = self._next(buffer)
            if count is None:
                tries = await self._waiter.again(tries, deadline_ms, "read")
            elif count == 0:
                self._body.eof()
            else:
                size = self._body.decode(buffer[:count])
                if size:
                    return size
        return 0

    async def aclose(self) -> None:
        """See Response.aclose."""
        self._connection.close()

    def _next(self, buffer: memoryview) -> "int | None":
        # What came with the head first, then what the socket has.
        if not self._rest:
            return self._connection.read_some(buffer)
        count = min(len(self._rest), len(buffer))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
