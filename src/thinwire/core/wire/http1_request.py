"""HTTP/1.1, client side, without I/O (RFC 9110, RFC 9112): how a request is framed. The
rest is in http1.py.

A head is checked before it is written: a header that could smuggle another one is refused, never
mended. The body goes out in HTTP chunks, framed in the buffer that it was read into:

  buffer  |...size CR LF|......payload......|CR LF|
           _PREFIX bytes

or as it is, when its length was announced. Its first block is read before the head is written, and
sent with it: whether it is all of the body decides what the head says.

  buffer  |...head, framing, size CR LF|......payload......|CR LF|
           length of the head + _ROOM
"""

from thinwire.core._compat import AtOnce, const

_PREFIX = const(6)  # room in front of an HTTP chunk: up to four hex digits, CR, LF
_ROOM = const(36)  # the same, and in front of that what says how the body is framed
_TOKEN = "!#$%&'*+-.^_`|~"
_FRAMING = ("content-length", "transfer-encoding")


def check_header(name: str, value: str) -> None:
    """Refuses a header that could not be sent, or would smuggle another (RFC 9110 §5.5).

    Raises:
        ValueError: naming the header, never its value.
    """
    if not isinstance(name, str):
        raise ValueError("header name %r is %s, not str" % (name, type(name).__name__))
    for c in name:
        if not ("a" <= c <= "z" or "A" <= c <= "Z" or "0" <= c <= "9" or c in _TOKEN):
            raise ValueError("header name %r has a character no header name may have" % name)
    if not name:
        raise ValueError("header name is empty")
    if name.lower() in _FRAMING:
        raise ValueError(
            "header %r is thinwire's own, which knows how long the request is: take it out;"
            ' Deployment(framing="length") sends a Content-Length' % name
        )
    if not isinstance(value, str):
        raise ValueError("value of header %r is %s, not str" % (name, type(value).__name__))
    if value != value.strip():
        raise ValueError(
            "value of header %r begins or ends with white space, which no header may carry"
            " (pasted, or the line end of a key read from a file?): strip it" % name
        )
    for c in value:
        if (c < " " and c != "\t") or c > "~":
            raise ValueError("value of header %r has a character no header may carry" % name)


def check_headers(pairs: "list[tuple[str, str]]") -> None:
    """Refuses headers of which one could not be sent, or comes twice: names compare without case.

    Raises:
        ValueError: see check_header.
    """
    names = []
    for name, value in pairs:
        check_header(name, value)
        if name.lower() in names:
            raise ValueError("header %r is given twice" % name)
        names.append(name.lower())


def request_head(method: str, target: str, headers: "list[tuple[str, str]]") -> bytes:
    """Head of a request, but for its end: `framing` follows.

    Args:
        method: e.g. "POST".
        target: request target, e.g. "/v1/chat/completions".
        headers: checked pairs, Host among them; no framing headers.

    Raises:
        ValueError: a header that cannot be sent.
    """
    lines = ["%s %s HTTP/1.1" % (method, target)]
    for name, value in headers:
        line = "%s: %s" % (name, value)
        if AtOnce is None or not AtOnce.field(line):
            check_header(name, value)
        lines.append(line)
    lines.append("")
    return "\r\n".join(lines).encode()


def framing(length: "int | None") -> bytes:
    """The end of a head: how the body is framed, and the empty line.

    Args:
        length: size of the body in bytes, None for one in HTTP chunks, -1 for no body.
    """
    if length is None:
        return b"Transfer-Encoding: chunked\r\n\r\n"
    return b"Content-Length: %d\r\n\r\n" % length if length >= 0 else b"\r\n"


class HTTPChunkWriter:
    """Frames a request body from one reused buffer (RFC 9112 §7.1).

    Args:
        size: bytes of body in one HTTP chunk, at most 65535.
        chunked: False for a body whose Content-Length was sent; may be set for each body.

    The body is read into `payload`; `frame(n)` gives what to send for n bytes of it. Its first
    block is read into `behind(head)`; `first(head, n, length)` gives what to send of both.
    """

    def __init__(self, size: int, chunked: bool = True) -> None:
        self._buffer = bytearray(_PREFIX + size + 2)
        self._view = memoryview(self._buffer)
        self.chunked = chunked
        self.payload = self._view[_PREFIX : _PREFIX + size]
        self._known: object = None  # what the head below is of
        self._head = b""

    def head(
        self,
        method: str,
        target: str,
        authority: str,
        headers: "list[tuple[str, str]]",
        first: "list[tuple[str, str]] | None",
        lasting: bool,
    ) -> bytes:
        """See request_head; the one before, where it is the same and there is room to keep it.

        Args:
            authority: value of the Host header, unless it is among the others.
            first: headers that are sent in front of them.
            lasting: whether the connection may be kept; else the server is told to close it.
        """
        if AtOnce is not None:  # pragma: no branch
            if (method, target, authority, headers, first, lasting) == self._known:
                return self._head
        pairs = [("Host", authority)]
        for name, _ in headers:
            if name.lower() == "host":
                pairs = []
        if not lasting:
            pairs.append(("Connection", "close"))
        if first:
            pairs.extend(first)
        pairs.extend(headers)
        head = request_head(method, target, pairs)
        if AtOnce is not None:  # pragma: no branch
            self._head = head
            self._known = (method, target, authority, list(headers), first, lasting)
        return head

    def behind(self, head: bytes) -> memoryview:
        """Where the first block goes; empty when there is no room behind the head."""
        return self.payload[len(head) + _ROOM - _PREFIX :]

    def first(self, head: bytes, count: int, length: "int | None") -> memoryview:
        """The bytes to send for a head and `count` bytes `behind` it.

        Args:
            head: see request_head.
            length: see framing.
        """
        start = len(head) + _ROOM
        end = start + count
        if length is None and count:
            start = self._before(start, b"%x\r\n" % count)
            self._buffer[end : end + 2] = b"\r\n"
            end += 2
        start = self._before(self._before(start, framing(length)), head)
        return self._view[start:end]

    def _before(self, at: int, data: bytes) -> int:
        start = at - len(data)
        self._buffer[start:at] = data
        return start

    def frame(self, count: int) -> memoryview:
        """The bytes to send for `count` bytes in `payload`; for 0 what ends the body."""
        if not self.chunked:
            return self._view[_PREFIX : _PREFIX + count]
        start = self._before(_PREFIX, b"%x\r\n" % count)
        end = _PREFIX + count + 2
        self._buffer[end - 2 : end] = b"\r\n"
        return self._view[start:end]
