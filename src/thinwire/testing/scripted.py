"""A transport without sockets: it answers with the pieces it was given. Runs on both runtimes."""

from thinwire import TransportTimeout
from thinwire.core._compat import public
from thinwire.core.request.http_request import Abortable, Request
from thinwire.core.transport import Response, Transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    Piece = bytes | int | Exception


@public
class ScriptedReply:
    """What one attempt gets.

    Args:
        pieces: in order: bytes that one read returns, an int of milliseconds that pass first, an
            exception to raise.
        status: HTTP status.
        headers: lower-case names.
        framed: see Response.framed.
    """

    def __init__(
        self,
        pieces: "list[Piece]",
        status: int = 200,
        headers: "dict[str, str] | None" = None,
        framed: bool = True,
    ) -> None:
        self.pieces = pieces
        self.framed = framed
        self.status = status
        self.headers = {"content-type": "text/event-stream"} if headers is None else headers


@public
class ScriptedTransport(Transport):
    """Plays replies in order, on a clock of its own that only moves when the script says so.

    Args:
        replies: for each attempt a ScriptedReply, or an exception that `send` raises.

    Attributes:
        requests: the requests that were sent.
        sent: the whole body of each, as bytes.
        open_responses: responses handed out and not closed yet.
        closed: whether `aclose` was called.
    """

    name = "scripted"

    def __init__(self, replies: "list[ScriptedReply | Exception]") -> None:
        self._replies = list(replies)
        self._now = 0
        self.requests: list[Request] = []
        self.sent: list[bytes] = []
        self.open_responses = 0
        self.closed = False

    async def send(self, request: Request) -> Response:
        """See Transport.send."""
        request.check()
        self.requests.append(request)
        body = request.body
        sent = bytearray()
        buffer = bytearray(64)
        count = body.readinto(buffer) if body is not None else 0
        while count != 0:
            if count is None:
                await body.more()  # type: ignore[union-attr]
            else:
                sent.extend(memoryview(buffer)[:count])
                request.handed_over(self._now)
            count = body.readinto(buffer)  # type: ignore[union-attr]
        self.sent.append(bytes(sent))
        if request.sent_ms is None:
            request.sent(self._now)
        if not self._replies:
            raise IndexError("the script has no reply for attempt %d" % len(self.requests))
        reply = self._replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        self.open_responses += 1
        return _ScriptedResponse(self, reply)

    def advance(self, ms: int) -> None:
        """Moves the clock, as time that the caller takes would."""
        self._now += ms

    async def sleep_ms(self, ms: int, until: "Abortable | None" = None) -> None:
        """Moves the clock."""
        self._now += ms

    def now_ms(self) -> int:
        """The script's clock; starts at 0."""
        return self._now

    async def aclose(self) -> None:
        """See Transport.aclose."""
        self.closed = True


class _ScriptedResponse(Response):
    def __init__(self, transport: ScriptedTransport, reply: ScriptedReply) -> None:
        self._transport = transport
        self._pieces = list(reply.pieces)
        self._headers = reply.headers
        self._closed = False
        self.status = reply.status
        self.framed = reply.framed

    def header(self, name: str) -> "str | None":
        return self._headers.get(name.lower())

    def all_headers(self) -> "list[tuple[str, str]]":
        return list(self._headers.items())

    def receive(self, buffer: memoryview) -> "int | None":
        while self._pieces:
            piece = self._pieces[0]
            if isinstance(piece, int):
                return None
            self._pieces.pop(0)
            if isinstance(piece, Exception):
                raise piece
            if piece:
                count = min(len(piece), len(buffer))
                buffer[:count] = piece[:count]
                if count < len(piece):
                    self._pieces.insert(0, piece[count:])
                return count
        return 0

    async def wait(self, deadline_ms: "int | None") -> None:
        ms = self._pieces[0] if self._pieces else None
        if isinstance(ms, int):
            now = self._transport.now_ms()
            self._pieces.pop(0)
            if deadline_ms is not None and now + ms >= deadline_ms:
                await self._transport.sleep_ms(max(deadline_ms - now, 0))
                raise TransportTimeout("the deadline passed", "read")
            await self._transport.sleep_ms(ms)

    async def aclose(self) -> None:
        self._transport.open_responses -= 0 if self._closed else 1
        self._closed = True
