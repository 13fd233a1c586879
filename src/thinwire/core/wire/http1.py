"""HTTP/1.1, client side, without I/O (RFC 9110, RFC 9112): one exchange, from a request to the
last byte of its answer. How a request is framed is in http1_request.py.

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

`ResponseHead` takes the bytes as they arrive until the head of the final response is whole; heads
of interim responses (1xx) are skipped on the way. What stands behind it belongs to the body.
Every limit is explicit; what is ambiguous is refused.

`BodyReader` takes the body, and turns each buffer of received bytes into body bytes where they
stand: framing is cut out in place, byte by byte, so that no line of it has to be kept. Its states
are told by the head's framing (RFC 9112 §6, §7):

  length                     all that is announced               -> done
  close                      all there is until the end          -> done at eof
  size -> data -> after -> size ... -> size 0 -> trailer         -> done
"""

from thinwire.core._compat import HEAD_LIMIT, PIECE, AtOnce, const
from thinwire.core.errors import ReadError, TransportTimeout, WriteError
from thinwire.core.wire.http1_request import framing

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Iterator
    from typing import Protocol

    from thinwire.core.errors import TransportError
    from thinwire.core.request.http_request import Request
    from thinwire.core.wire.http1_request import HTTPChunkWriter

DONE = const(0)
READ = const(1)
WRITE = const(3)
TURN = const(4)
MORE = const(5)

_INTERIM_LIMIT = const(8)  # 1xx responses before the final one
_LINE_LIMIT = const(4096)  # bytes of one chunk-size or trailer line
_TRAILER_LIMIT = const(32768)  # bytes of all trailer lines
_SIZE_DIGITS = const(16)  # of a chunk size, leading zeros included

# States of a body.
_LENGTH = const(0)
_SIZE = const(1)
_DATA = const(2)
_AFTER = const(3)
_TRAILER = const(4)
_CLOSE = const(5)
_DONE = const(6)
# Parts of a size line: digits may follow, or not.
_BLANK = const(0)
_BEHIND = const(1)
_EXTENSION = const(2)

_LAST = const(b"0\r\n\r\n")
_LF = const(10)
_CR = const(13)
_SEMICOLON = const(59)


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
        eager: whether an answer is looked for as soon as all was sent, without a wait before.
            False where whoever waits is told of what has come already, and a look costs a call of
            the system.
    """

    status: int
    framed: bool
    coding: str
    offset = 0
    eager = True

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
        # What of a block is still to be written. As bytes: the head, before it is known how the
        # body is framed.
        self._piece: bytes | memoryview | None = writer.head(
            request.method,
            target or request.target,
            request.authority,
            request.headers,
            headers,
            lasting,
        )
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
        if request.aborted:
            request.check()
        if self._body is not None:  # `listen` has had it all
            return DONE
        what, look = READ, True
        if request.sent_ms is None:
            what, look = self._upload(), self.eager
        if what == READ and look and self.listen():
            what = DONE
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
                    self._body = head.body()
                    self.status, self.framed = head.status, self._body.framed
                    coding = (head.header("content-encoding") or "").lower()
                    self.coding = "" if coding == "identity" else coding
                    if self._request.sent_ms is None or not head.keep_alive():
                        self._lasting = False
                    # What an answer that may last for minutes does not need.
                    self._writer = self._piece = self._scratch = None
        except ReadError as error:
            self._judge(error)
            raise
        return True

    def _upload(self) -> int:
        # Until the connection takes no more, or a block has gone.
        request, connection = self._request, self._connection
        if request.handed_ms is None:  # the caller's producer has had its time
            request.handed_over(self._now_ms())
        if self._proven and isinstance(self._piece, bytes):
            self._piece = self._first(self._piece)
        while self._piece:
            try:
                count = connection.write_some(self._piece)  # type: ignore[union-attr, arg-type]
            except WriteError as error:
                try:  # the server may have said why before it closed; if not, the error stands
                    if self.listen():
                        return DONE
                except ReadError:
                    pass
                self._judge(error)
                raise error
            if not count:
                return DONE if self._proven and self.listen() else WRITE
            now = self._now_ms()
            request.handed_over(now)
            self._piece = self._piece[count:]
            if not self._proven:
                self._proven = True
                request.secured_ms = now
                self._piece = self._first(self._piece)  # type: ignore[arg-type]
        if self._whole:
            request.sent(request.handed_ms)  # type: ignore[arg-type]
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

    def _judge(self, error: "TransportError") -> None:
        if not (self.heard or error.closed):
            error.unanswered = True
            connection: Connection = self._connection  # type: ignore[assignment]
            if connection.kept:
                error.stale = self._request.unheard(self._now_ms(), connection.connect_ms)

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
                view[:count] = rest if count == len(rest) else rest[:count]
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


class ResponseHead:
    """Status line and headers of the final response, from the bytes as they arrive.

    Attributes:
        status: HTTP status, once `receive` has returned a number.
        raw: what has come; in the end without folds.
    """

    def __init__(self) -> None:
        self.status = 0
        self.raw: bytearray | bytes = bytearray()
        self._interim = 0
        self._version = b""

    def receive(self, data: memoryview) -> "int | None":
        """Takes bytes; None: more are needed; else how many bytes at the end of `data` are body.

        Raises:
            ReadError: not HTTP/1.x, a head beyond the limit, or an ambiguous one.
        """
        if AtOnce is not None and not self.raw:
            found = AtOnce.head(data)
            if found is not None and found.end() <= HEAD_LIMIT:
                self._take(found)
                return len(data) - found.end()
        self.raw.extend(data)  # type: ignore[union-attr]
        while True:
            end = self._end_of_head()
            if (end if end >= 0 else len(self.raw)) > HEAD_LIMIT:
                raise ReadError("response head is larger than %d bytes" % HEAD_LIMIT)
            if end < 0:
                return None
            rest = len(self.raw) - end
            self._parse_status()
            if self.status >= 200:
                self._keep(end)
                return rest
            # 1xx: another head follows (RFC 9110 §15.2). 101 would change the protocol.
            self._interim += 1
            if self.status < 100 or self.status == 101 or self._interim > _INTERIM_LIMIT:
                raise ReadError("unexpected interim response %d" % self.status)
            self.raw = self.raw[end:]

    def header(self, name: str) -> "str | None":
        """Value of the first header of this name, in any case, or None."""
        if AtOnce is not None and self._first is not None:
            return self._first.get(name.lower())
        for value in self._values(name.lower()):
            return value
        return None

    def all_headers(self) -> "list[tuple[str, str]]":
        """Names in lower case and values, as they came."""
        if AtOnce is not None and self._pairs is not None:
            return self._pairs
        found = []
        for line in bytes(self.raw).split(b"\n")[1:]:
            name, colon, value = line.partition(b":")
            if colon:
                found.append((_latin1(name.lower()), _latin1(value.strip())))
        return found

    def keep_alive(self) -> bool:
        """Whether the server lets the connection be used again (RFC 9112 §9.3)."""
        # No white space belongs to an option (RFC 9110 §5.6.2).
        said = ",".join(self._values("connection")).lower()
        if not said:
            return self._version == b"HTTP/1.1"
        options = said.replace(" ", "").replace("\t", "").split(",")
        return "close" not in options and (self._version == b"HTTP/1.1" or "keep-alive" in options)

    def body(self) -> "BodyReader":
        """Reader for the body this head announces (RFC 9112 §6.3).

        Raises:
            ReadError: conflicting or unreadable framing.
        """
        codings = list(self._values("transfer-encoding"))
        lengths = list(self._values("content-length"))
        if self.status in (204, 304):
            return BodyReader(0)
        if codings:
            if lengths or ",".join(codings).lower() != "chunked":
                raise ReadError("response framing is ambiguous: %s" % ", ".join(codings))
            return BodyReader(None, True)
        return BodyReader(_length(lengths))

    def _end_of_head(self) -> int:
        # A line may end with LF alone (RFC 9112 §2.2), each as it likes.
        crlf = self.raw.find(b"\n\r\n")
        lf = self.raw.find(b"\n\n")
        if crlf >= 0 and (lf < 0 or crlf < lf):
            return crlf + 3
        return lf + 2 if lf >= 0 else -1

    def _parse_status(self) -> None:
        line = bytes(self.raw[: self.raw.find(b"\n")]).rstrip(b"\r")
        parts = line.split(b" ", 2)
        self._version = parts[0]
        if (
            len(parts) < 2
            or parts[0] not in (b"HTTP/1.1", b"HTTP/1.0")
            or len(parts[1]) != 3
            or not parts[1].isdigit()
        ):
            raise ReadError("not an HTTP/1.1 response: %r" % line[:40])
        self.status = int(parts[1])

    def _keep(self, size: int) -> None:
        # Kept once, and taken apart line by line: a chip would need room for each further copy.
        self.raw = self.raw[:size]
        if AtOnce is not None:
            found = AtOnce.head(self.raw)
            if found is not None:
                self._take(found)
                return
        for fold in (b"\r\n ", b"\r\n\t", b"\n ", b"\n\t"):  # RFC 9112 §5.2
            if self.raw.find(fold) >= 0:
                self.raw = bytearray(bytes(self.raw).replace(fold, b" "))
        start = self.raw.find(b"\n") + 1
        while start < len(self.raw):
            end = self.raw.find(b"\n", start)
            line = bytes(self.raw[start:end])
            if line[-1:] == b"\r":  # LF alone may end a line, too (RFC 9112 §2.2)
                line = line[:-1]
            colon = max(line.find(b":"), 0)
            name = line[:colon]
            # A bare CR or NUL in a value may be read as something else further on (RFC 9110 §5.5).
            if line and (
                not name or b" " in name or b"\t" in name or b"\r" in line or b"\0" in line
            ):
                raise ReadError("malformed header line in the response: %r" % line[:40])
            self.raw[start : start + colon] = name.lower()  # type: ignore[index]
            start = end + 1

    if AtOnce is not None or TYPE_CHECKING:  # pragma: no branch (there byte by byte)
        # All headers, where they are plain, and the first of each name.
        _pairs: "list[tuple[str, str]] | None" = None
        _first: "dict[str, str] | None" = None

        def _take(self, found: "re.Match[bytes]") -> None:
            # A head that is plain, which nearly all are.
            self._version, status, lines = found.groups()
            self.raw = found[0]
            self.status = int(status)
            self._pairs = AtOnce.pairs(lines)
            self._first = dict(self._pairs[::-1])

    def _values(self, name: str) -> "Iterable[str]":
        if AtOnce is not None and self._first is not None:
            value = self._first.get(name)
            if value is None or len(self._first) == len(self._pairs):  # type: ignore[arg-type]
                return () if value is None else (value,)
            return [value for known, value in self._pairs if known == name]  # type: ignore[union-attr]
        return self._found(b"\n" + name.encode() + b":")

    def _found(self, key: bytes) -> "Iterator[str]":
        at = self.raw.find(key)
        while at >= 0:
            end = self.raw.find(b"\n", at + 1)
            yield _latin1(bytes(memoryview(self.raw)[at + len(key) : end]).strip())
            at = self.raw.find(key, end)


def _length(values: "list[str]") -> "int | None":
    # Repeated equal values are allowed (RFC 9110 §8.6); anything else is an attack or a fault.
    if not values:
        return None
    given = ",".join(values)
    first = given.split(",")[0].strip()
    for part in given.split(","):
        if part.strip() != first or not first.encode().isdigit() or len(first) > 15:
            raise ReadError("response has an unusable Content-Length: %r" % given[:40])
    return int(first)


def _latin1(value: bytes) -> str:
    # Headers are bytes; read as Latin-1 nothing can fail. MicroPython has no codec for it, and a
    # list of 8,000 characters found no room in a heap that was nearly full: as UTF-8, which makes
    # two bytes of each that is not ASCII, the text takes one block about as long as the header.
    if AtOnce is None and not TYPE_CHECKING:  # pragma: no cover (MicroPython)
        above = 0
        for byte in value:
            above += byte > 127
        if above:
            text = bytearray(len(value) + above)
            at = 0
            for byte in value:
                if byte > 127:
                    text[at] = 0xC0 | byte >> 6
                    byte = 0x80 | byte & 0x3F
                    at += 1
                text[at] = byte
                at += 1
            value = text
        return str(value, "utf-8")
    return str(value, "latin-1")


class BodyReader:
    """De-frames a response body in place, without allocating for its framing.

    Args:
        length: bytes announced, None when the end of the connection ends the body.
        chunked: the body is chunked; `length` is then None.

    Attributes:
        done: the body has come to its end.
        framed: chunks or a length say where that is, and not the end of the connection.
        offset: where in its `view` the body bytes of the last `decode` begin.
        excess: bytes arrived behind the end; the connection cannot be used again.
    """

    def __init__(self, length: "int | None", chunked: bool = False) -> None:
        self.excess = False
        self.offset = 0
        self.done = length == 0
        self.framed = chunked or length is not None
        self._state = _SIZE if chunked else _CLOSE if length is None else _LENGTH
        if self.done:
            self._state = _DONE
        self._left = length or 0  # bytes of data to come; of trailers, those that came
        self._line = 0  # bytes of the line of framing that is being read
        self._cr = False  # the last of them was CR
        self._part = _BLANK  # of a size line
        self._digits = 0

    def decode(self, view: memoryview, count: int = -1) -> int:
        """Turns received bytes into body bytes, at `offset` of `view`; returns their number.

        The first of them stay where they are, behind their framing; what follows is moved up to
        them. So a chip moves nothing where a read holds one HTTP chunk (each move takes 48 bytes).

        Args:
            view: where they were received.
            count: how many bytes of `view` were received; all of them when negative.

        Raises:
            ReadError: the framing is broken.
        """
        if count < 0:
            count = len(view)
        self.offset = 0
        if self._state == _CLOSE:
            return count
        at = out = 0
        at_once = AtOnce is not None
        while at < count:
            if self._state == _DATA or self._state == _LENGTH:
                size = min(self._left, count - at)
                if not out:
                    self.offset = out = at
                else:
                    view[out : out + size] = view[at : at + size]
                at += size
                out += size
                self._left -= size
                if self._left == 0:
                    self.done = self._state == _LENGTH
                    self._state = _DONE if self.done else _AFTER
            elif self._state == _DONE:
                self.excess = True
                break
            elif at_once and self._state == _SIZE and not self._line:
                at_once = False  # what is left behind them is no whole chunk
                at, begin, end = AtOnce.chunks(view, at, count, out)
                if not out:
                    self.offset = begin
                out = end
                if view[at:count] == _LAST:
                    self._state, self.done, at = _DONE, True, count
            else:
                at = self._framing(view, at, count)
        return out - self.offset

    def eof(self) -> None:
        """The connection has ended.

        Raises:
            ReadError: before the body did (RFC 9112 §8).
        """
        if self._state == _LENGTH:
            raise ReadError("the connection closed with %d bytes of the body missing" % self._left)
        if self._state not in (_CLOSE, _DONE):
            raise ReadError("the connection closed in the middle of a chunked body")
        self.done = True

    def _framing(self, view: memoryview, at: int, count: int) -> int:
        # One line (size, the empty one behind data, trailer), as far as it has come; returns where
        # it stopped.
        while at < count:
            byte = view[at]
            at += 1
            if byte == _LF:
                self._end_of_line()
                self._line = 0
                self._cr = False
                break
            self._line += 1
            if self._line > _LINE_LIMIT:
                raise ReadError("a line of the chunked framing is too long")
            if self._state == _SIZE and self._part != _EXTENSION:
                self._size_byte(byte)
            self._cr = byte == _CR
        return at

    def _size_byte(self, byte: int) -> None:
        # blank* digit+ blank* (";" anything)*, and CR only at the end of the line.
        if self._cr:
            raise _broken("a CR inside a size")
        if byte == _CR:
            return
        if byte == _SEMICOLON:
            self._part = _EXTENSION
        elif byte in b" \t":
            self._part = _BEHIND if self._digits else _BLANK
        else:
            if 48 <= byte <= 57:  # 0 to 9
                value = byte - 48
            elif 97 <= byte | 32 <= 102:  # A to F, a to f
                value = (byte | 32) - 87
            else:
                raise _broken("no size")
            if self._part == _BEHIND or self._digits == _SIZE_DIGITS:
                raise _broken("no size")
            self._digits += 1
            self._left = self._left * 16 + value

    def _end_of_line(self) -> None:
        # Only trailers may end with LF alone: around data that could as well be a wrong size.
        if self._state == _SIZE:
            if not self._digits or not self._cr:
                raise _broken("no size")
            self._digits = 0
            self._part = _BLANK
            self._state = _DATA if self._left else _TRAILER
        elif self._state == _AFTER:
            if self._line != 1 or not self._cr:
                raise _broken("no line end after a chunk")
            self._state = _SIZE
        elif self._line > self._cr:
            self._left += self._line  # trailers say nothing we need, but they must end
            if self._left > _TRAILER_LIMIT:
                raise ReadError("trailers are larger than %d bytes" % _TRAILER_LIMIT)
        else:
            self._state = _DONE
            self.done = True


def _broken(what: str) -> "ReadError":
    return ReadError("chunked framing is broken: " + what)
