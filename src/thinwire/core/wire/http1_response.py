"""HTTP/1.1, client side, without I/O (RFC 9110, RFC 9112): the way back. The request is in
http1_request.py. Every limit is explicit; what is ambiguous is refused.

`ResponseHead` takes the bytes as they arrive until the head of the final response is whole; heads
of interim responses (1xx) are skipped on the way. What stands behind it belongs to the body.

`BodyReader` takes the body, and turns each buffer of received bytes into body bytes where they
stand: framing is cut out in place, byte by byte, so that no line of it has to be kept. Its states
are told by the head's framing (RFC 9112 §6, §7):

  length                     all that is announced               -> done
  close                      all there is until the end          -> done at eof
  size -> data -> after -> size ... -> size 0 -> trailer         -> done
"""

from thinwire.core._compat import HEAD_LIMIT, MICROPYTHON, const, fields_are_plain, whole_chunks
from thinwire.core.errors import ReadError

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Iterator

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

_LF = const(10)
_CR = const(13)
_SEMICOLON = const(59)


class ResponseHead:
    """Status line and headers of the final response, from the bytes as they arrive.

    Attributes:
        status: HTTP status, once `receive` has returned a number.
    """

    def __init__(self) -> None:
        self.status = 0
        self._raw = bytearray()  # in the end without folds
        self._lower = self._raw  # the same with its names in lower case, where that is another
        self._interim = 0
        self._version = b""

    def receive(self, data: memoryview) -> "int | None":
        """Takes bytes; None: more are needed; else how many bytes at the end of `data` are body.

        Raises:
            ReadError: not HTTP/1.x, a head beyond the limit, or an ambiguous one.
        """
        self._raw.extend(data)
        while True:
            end = self._end_of_head()
            if (end if end >= 0 else len(self._raw)) > HEAD_LIMIT:
                raise ReadError("response head is larger than %d bytes" % HEAD_LIMIT)
            if end < 0:
                return None
            rest = len(self._raw) - end
            self._parse_status()
            if self.status >= 200:
                self._keep(end)
                return rest
            # 1xx: another head follows (RFC 9110 §15.2). 101 would change the protocol.
            self._interim += 1
            if self.status < 100 or self.status == 101 or self._interim > _INTERIM_LIMIT:
                raise ReadError("unexpected interim response %d" % self.status)
            self._raw = self._raw[end:]

    def begins_well(self) -> bool:
        """Whether what has come may be HTTP."""
        return bytes(self._raw[:5]) == b"HTTP/"[: len(self._raw)]

    def header(self, name: str) -> "str | None":
        """Value of the first header of this name, in any case, or None."""
        for value in self._values(name.lower()):
            return value
        return None

    def all_headers(self) -> "list[tuple[str, str]]":
        """Names in lower case and values, as they came."""
        found = []
        for line in bytes(self._raw).split(b"\n")[1:]:
            name, colon, value = line.partition(b":")
            if colon:
                found.append((_latin1(name.lower()), _latin1(value.strip())))
        return found

    def keep_alive(self) -> bool:
        """Whether the server lets the connection be used again (RFC 9112 §9.3)."""
        options = [v.strip() for v in ",".join(self._values("connection")).lower().split(",")]
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
            if lengths or [c.strip().lower() for c in codings] != ["chunked"]:
                raise ReadError("response framing is ambiguous: %s" % ", ".join(codings))
            return BodyReader(None, True)
        return BodyReader(_length(lengths))

    def _end_of_head(self) -> int:
        # A line may end with LF alone (RFC 9112 §2.2), each as it likes.
        crlf = self._raw.find(b"\n\r\n")
        lf = self._raw.find(b"\n\n")
        if crlf >= 0 and (lf < 0 or crlf < lf):
            return crlf + 3
        return lf + 2 if lf >= 0 else -1

    def _parse_status(self) -> None:
        line = bytes(self._raw[: self._raw.find(b"\n")]).rstrip(b"\r")
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
        self._raw = self._raw[:size]
        for fold in (b"\r\n ", b"\r\n\t", b"\n ", b"\n\t"):  # RFC 9112 §5.2
            if self._raw.find(fold) >= 0:
                self._raw = bytearray(bytes(self._raw).replace(fold, b" "))
        start = self._raw.find(b"\n") + 1
        if fields_are_plain is not None and fields_are_plain(self._raw, start):
            self._lower = self._raw.lower()
            return
        self._lower = self._raw
        while start < len(self._raw):
            end = self._raw.find(b"\n", start)
            line = bytes(self._raw[start:end])
            if line[-1:] == b"\r":  # LF alone may end a line, too (RFC 9112 §2.2)
                line = line[:-1]
            colon = max(line.find(b":"), 0)
            name = line[:colon]
            # A bare CR or NUL in a value may be read as something else further on (RFC 9110 §5.5).
            if line and (
                not name or b" " in name or b"\t" in name or b"\r" in line or b"\0" in line
            ):
                raise ReadError("malformed header line in the response: %r" % line[:40])
            self._raw[start : start + colon] = name.lower()
            start = end + 1

    def _values(self, name: str) -> "Iterator[str]":
        key = b"\n" + name.encode() + b":"
        at = self._lower.find(key)
        while at >= 0:
            end = self._raw.find(b"\n", at + 1)
            yield _latin1(bytes(memoryview(self._raw)[at + len(key) : end]).strip())
            at = self._lower.find(key, end)


def _length(values: "list[str]") -> "int | None":
    # Repeated equal values are allowed (RFC 9110 §8.6); anything else is an attack or a fault.
    if not values:
        return None
    parts = [part.strip() for value in values for part in value.split(",")]
    for part in parts:
        if part != parts[0] or not part.encode().isdigit() or len(part) > 15:
            raise ReadError("response has an unusable Content-Length: %r" % ", ".join(parts)[:40])
    return int(parts[0])


def _latin1(value: bytes) -> str:
    # Headers are bytes; read as Latin-1 nothing can fail. MicroPython has no codec for it, and a
    # list of 8,000 characters found no room in a heap that was nearly full: as UTF-8, which makes
    # two bytes of each that is not ASCII, the text takes one block about as long as the header.
    if MICROPYTHON and not TYPE_CHECKING:  # pragma: no cover (MicroPython)
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
        at_once = whole_chunks is not None
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
                at, begin, end = whole_chunks(view, at, count, out)
                if not out:
                    self.offset = begin
                out = end
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
