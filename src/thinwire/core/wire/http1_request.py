"""HTTP/1.1, client side, without I/O (RFC 9110, RFC 9112): the way out. The response is in
http1_response.py.

A head is checked before it is written: a header that could smuggle another one is refused, never
mended. The body goes out in HTTP chunks, framed in the buffer that it was read into:

  buffer  |...size CR LF|......payload......|CR LF|
           _PREFIX bytes

or as it is, when its length was announced.
"""

from thinwire.core._compat import const

_PREFIX = const(6)  # room in front of an HTTP chunk: up to four hex digits, CR, LF
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


def request_head(
    method: str, target: str, headers: "list[tuple[str, str]]", length: "int | None"
) -> bytes:
    """Head of a request, ready to send.

    Args:
        method: e.g. "POST".
        target: request target, e.g. "/v1/chat/completions".
        headers: checked pairs, Host among them; no framing headers.
        length: size of the body in bytes, None for one in HTTP chunks, -1 for no body.

    Raises:
        ValueError: a header that cannot be sent.
    """
    lines = ["%s %s HTTP/1.1" % (method, target)]
    for name, value in headers:
        check_header(name, value)
        lines.append("%s: %s" % (name, value))
    if length is None:
        lines.append("Transfer-Encoding: chunked")
    elif length >= 0:
        lines.append("Content-Length: %d" % length)
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class HTTPChunkWriter:
    """Frames a request body from one reused buffer (RFC 9112 §7.1).

    Args:
        size: bytes of body in one HTTP chunk, at most 65535.
        chunked: False for a body whose Content-Length was sent; may be set for each body.

    The body is read into `payload`; `frame(n)` gives what to send for n bytes of it.
    """

    def __init__(self, size: int, chunked: bool = True) -> None:
        self._buffer = bytearray(_PREFIX + size + 2)
        self._view = memoryview(self._buffer)
        self.chunked = chunked
        self.payload = self._view[_PREFIX : _PREFIX + size]

    def frame(self, count: int) -> memoryview:
        """The bytes to send for `count` bytes in `payload`; for 0 what ends the body."""
        if not self.chunked:
            return self._view[_PREFIX : _PREFIX + count]
        size = b"%x\r\n" % count
        start = _PREFIX - len(size)
        end = _PREFIX + count + 2
        self._buffer[start:_PREFIX] = size
        self._buffer[end - 2 : end] = b"\r\n"
        return self._view[start:end]
