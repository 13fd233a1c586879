"""HTTP/1.1, client side, without I/O: one exchange, from a request to the last byte of its answer.

Passive: whoever has a socket subclasses HTTP1Exchange and adds what waits. What it needs of the
socket is `Connection` below; what it does is one loop:

  while True:
      what = exchange.advance()         # writes and reads as much as goes without waiting
      if what == DONE:                  # the head is there: the exchange is the response now
          break
      wait for `what`, until exchange.deadline() at the latest

  TURN   nothing: others may have their turn, since a server that takes all never makes us wait
  READ   for bytes
  WRITE  for room, or for bytes
  MORE   for `request.body.more()`, or for bytes (`listen` takes them)

The server is listened to while the body goes out: it may answer before it has read everything, and
then read no more. An answer that had come when a write failed is that answer, too.

The request is framed in http1_request.py; heads and bodies of responses are read in
http1_response.py.
"""

from thinwire.core._compat import PIECE, const
from thinwire.core.errors import (
    ConnectError,
    ReadError,
    TransportError,
    TransportTimeout,
    WriteError,
)
from thinwire.core.wire.http1_request import framing, request_head
from thinwire.core.wire.http1_response import ResponseHead

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from thinwire.core.request.http_request import Request
    from thinwire.core.wire.http1_request import HTTPChunkWriter
    from thinwire.core.wire.http1_response import BodyReader
else:
    Protocol = object

DONE = const(0)
READ = const(1)
WRITE = const(3)
TURN = const(4)
MORE = const(5)

if TYPE_CHECKING:

    class Connection(Protocol):
        """What a socket has to offer. Nothing of it waits.

        Attributes:
            kept: an earlier exchange was carried by it.
            connect_ms: how long it took to make, TLS left out.
        """

        kept: bool
        connect_ms: int

        def read_some(self, view: memoryview) -> "int | None":
            """Reads what is there: the number of bytes, 0 at the end, None when nothing is.

            Raises:
                ReadError: it is broken, or closed (`closed=True`); what had come was read before.
            """

        def write_some(self, view: memoryview) -> int:
            """Writes what fits: the number of bytes, 0 when nothing does.

            Raises:
                WriteError: it is broken.
                ConnectError: the server could not be proven; see `proven` of HTTP1Exchange.
                ReadError: it is closed (`closed=True`).
            """


class HTTP1Exchange:
    """Sends a request, reads the head of its response, and then is that response.

    Args:
        connection: what carries it.
        request: what to send.
        writer: what frames it; free for others once the head is there.
        scratch: where the head is received while the writer's buffer is in use.
        now_ms: the clock.
        lasting: whether the connection may be kept; else the server is told to close it.
        proven: whether the server is. False where TLS does its handshake inside the first write:
            until that takes something, nothing of the body is read, for there may be another try.
        target: in place of the request's, for a proxy.
        headers: sent in front of the request's, for a proxy.

    Attributes:
        heard: a byte of the response has come.
        status, framed: see Response, once `advance` has returned DONE.
        coding: value of Content-Encoding in lower case, likewise; "" for none.
        offset: see Response.
    """

    status: int
    framed: bool
    coding: str
    offset = 0

    def __init__(
        self,
        connection: "Connection",
        request: "Request",
        writer: "HTTPChunkWriter",
        scratch: memoryview,
        now_ms: "Callable[[], int]",
        lasting: bool = True,
        proven: bool = True,
        target: str = "",
        headers: "list[tuple[str, str]] | None" = None,
    ) -> None:
        self._connection: Connection | None = connection
        self._request = request
        self._writer: HTTPChunkWriter | None = writer
        self._scratch: memoryview | None = scratch
        self._now_ms = now_ms
        self._lasting = lasting
        self._proven = proven
        pairs = [] if headers is None else headers
        if not any(name.lower() == "host" for name, _ in request.headers):
            pairs = pairs + [("Host", request.authority)]
        if not lasting:
            pairs = pairs + [("Connection", "close")]
        self._out = request_head(request.method, target or request.target, pairs + request.headers)
        self._piece: memoryview | None = None  # what of a block is still to be written
        self._whole = False  # and there is no other behind it
        self._head = ResponseHead()
        self._body: BodyReader | None = None
        self._rest: "bytes | None" = None  # body bytes that came with the head
        self.heard = False
        request.handed_over(now_ms())

    # Until the head is there.

    def advance(self) -> int:
        """Writes and reads as much as goes without waiting.

        Returns:
            DONE, or what to wait for: see the head of this file.

        Raises:
            ConnectError, WriteError, ReadError: with `unanswered` and `stale` as Transport has it.
            TransportTimeout: the deadline has passed, and there is nothing to be done.
            EncodeError, or whatever reading the request's body raises.
        """
        request = self._request
        request.check()
        if self._body is not None:  # `listen` has had it all
            return DONE
        try:
            what = READ
            if request.sent_ms is None:
                what = self._upload()
            if what == READ and self.listen():
                what = DONE
        except TransportError as error:
            if not error.foreign:  # the caller's producer may have asked a server itself
                if isinstance(error, WriteError) and self._answered():
                    return DONE
                self._judge(error)
            raise
        if what != DONE:
            deadline = self.deadline()
            if deadline is not None and self._now_ms() >= deadline:
                phase = "head" if request.sent_ms is not None else "write"
                raise TransportTimeout("the deadline passed", phase if self._proven else "connect")
        return what

    def deadline(self) -> "int | None":
        """When the wait under way must be over."""
        request = self._request
        return request.deadline() if self._proven else request.connect_by()

    def listen(self) -> bool:
        """Takes what has come of the head; returns whether it is whole.

        Raises:
            ReadError: the connection ended before it, or it is none of HTTP/1.1.
        """
        head, view = self._head, self._scratch
        try:
            while self._body is None:
                count = self._connection.read_some(view)  # type: ignore[union-attr, arg-type]
                if count is None:
                    return False
                if count == 0:
                    raise ReadError("the server closed the connection without an answer")
                self.heard = True
                rest = head.receive(view[:count])  # type: ignore[index]
                if rest is not None:
                    self._rest = bytes(view[count - rest : count])  # type: ignore[index]
                    self._opened(head)
        except TransportError as error:
            self._judge(error)
            raise
        return True

    def _opened(self, head: ResponseHead) -> None:
        self._body = head.body()
        self.status, self.framed = head.status, self._body.framed
        coding = (head.header("content-encoding") or "").lower()
        self.coding = "" if coding == "identity" else coding
        if self._request.sent_ms is None or not head.keep_alive():
            self._lasting = False
        # What an answer that may last for minutes does not need.
        self._writer = self._piece = self._scratch = None
        self._out = b""

    def _upload(self) -> int:
        # Until the connection takes no more, or a block has gone.
        request, connection = self._request, self._connection
        if self._piece is None:
            self._piece = self._first(self._out) if self._proven else memoryview(self._out)
        elif request.handed_ms is None:  # the caller's producer has had its time
            request.handed_over(self._now_ms())
        while len(self._piece):
            count = connection.write_some(self._piece)  # type: ignore[union-attr]
            if not count:
                return DONE if self._proven and self.listen() else WRITE
            request.handed_over(self._now_ms())
            if self._proven:
                self._piece = self._piece[count:]
            else:
                self._proven = True
                request.secured_ms = request.handed_ms
                self._piece = self._first(self._out[count:])
        if self._whole:
            request.sent(self._now_ms())
            # Nothing is left to send: the buffer serves both ways.
            self._scratch = self._writer.payload[:PIECE]  # type: ignore[union-attr]
            return READ
        if self.listen():
            return DONE
        writer = self._writer
        count = request.body.readinto(writer.payload)  # type: ignore[union-attr]
        request.handed_over(self._now_ms())  # what that took was the caller's own time
        if count is None:
            request.handed_over(None)
            return MORE
        self._piece = writer.frame(count)  # type: ignore[union-attr]
        self._whole = count == 0
        return TURN

    def _first(self, head: bytes) -> memoryview:
        # The head with the first block of the body, which decides how it is framed.
        request, writer = self._request, self._writer
        if request.body is None:
            self._whole = True
            return memoryview(head + framing(-1))
        place = writer.behind(head)  # type: ignore[union-attr]
        count = request.first_block(place)
        self._whole = count == request.length and count < len(place)
        request.handed_over(self._now_ms())  # what that took was the caller's own time
        writer.chunked = request.length is None  # type: ignore[union-attr]
        if not place:
            return memoryview(head + framing(request.length))
        return writer.first(head, count, request.length)  # type: ignore[union-attr]

    def _answered(self) -> bool:
        # After a write that failed: the server may have said why before it closed.
        try:
            return self.listen()
        except TransportError:
            return False

    def _judge(self, error: TransportError) -> None:
        if self.heard or error.closed or isinstance(error, (ConnectError, TransportTimeout)):
            return
        error.unanswered = True
        connection = self._connection
        kept, way = connection.kept, connection.connect_ms  # type: ignore[union-attr]
        error.stale = kept and self._request.unheard(self._now_ms(), way)

    # Once it is.

    def header(self, name: str) -> "str | None":
        """See Response.header."""
        return self._head.header(name)

    def all_headers(self) -> "list[tuple[str, str]]":
        """See Response.all_headers."""
        return self._head.all_headers()

    def receive(self, view: memoryview) -> "int | None":
        """See Response.receive."""
        body = self._body
        while True:
            if self._connection is None:
                raise ReadError("the response is closed", None, True)
            rest = self._rest
            if rest:
                count = min(len(rest), len(view))
                view[:count] = rest[:count]
                self._rest = rest[count:]
            elif body.done:  # type: ignore[union-attr]
                return 0
            else:
                count = self._connection.read_some(view)  # type: ignore[assignment]
                if count is None:
                    return None
                if count == 0:
                    body.eof()  # type: ignore[union-attr]
                    return 0
            size = body.decode(view, count)  # type: ignore[union-attr]
            if size:
                self.offset = body.offset  # type: ignore[union-attr]
                return size

    def release(self) -> bool:
        """Ends the exchange: nothing can be received any more. Idempotent.

        Returns:
            Whether the connection may carry another one, as far as HTTP is concerned.
        """
        body = self._body
        held, self._connection = self._connection, None
        if held is None or body is None or not (self._lasting and self.framed):
            return False
        return body.done and not self._rest and not body.excess
