# HTTP/1.1, client side, without I/O (RFC 9110, RFC 9112): the head of a response. Its body is in
# http1_body.py, the request in http1_request.py. Every limit is explicit; what is ambiguous is
# refused.

from thinwire.core import _errors as errors
from thinwire.core._compat import HEAD_LIMIT, const
from thinwire.core.http1_body import BodyReader, without_cr

_INTERIM_LIMIT = const(8)  # 1xx responses before the final one


class ResponseHead:
    """Status line and headers of the final response, from the bytes as they arrive.

    Attributes:
        status: HTTP status once `receive` has said True.
    """

    def __init__(self) -> None:
        self.status = 0
        self._raw = bytearray()  # in the end without folds, its names in lower case
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
                raise errors.ReadError("response head is larger than %d bytes" % HEAD_LIMIT)
            if end < 0:
                return None
            rest = len(self._raw) - end
            self._parse_status()
            if self.status >= 200:
                self._keep(end)
                return rest
            self._skip_interim(end)

    def header(self, name: str) -> "str | None":
        """Value of the first header of this name, in any case, or None."""
        values = self._values(name.lower())
        return values[0] if values else None

    def keep_alive(self) -> bool:
        """Whether the server lets the connection be used again (RFC 9112 §9.3)."""
        options = [v.strip() for v in ",".join(self._values("connection")).lower().split(",")]
        return "close" not in options and (self._version == b"HTTP/1.1" or "keep-alive" in options)

    def body(self) -> "BodyReader":
        """Reader for the body this head announces (RFC 9112 §6.3).

        Raises:
            ReadError: conflicting or unreadable framing.
        """
        codings = self._values("transfer-encoding")
        lengths = self._values("content-length")
        if self.status in (204, 304):
            return BodyReader(0)
        if codings:
            if lengths or [c.strip().lower() for c in codings] != ["chunked"]:
                raise errors.ReadError("response framing is ambiguous: %s" % ", ".join(codings))
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
            raise errors.ReadError("not an HTTP/1.1 response: %r" % line[:40])
        self.status = int(parts[1])

    def _skip_interim(self, end: int) -> None:
        # 1xx: another head follows (RFC 9110 §15.2). 101 would change the protocol.
        self._interim += 1
        if self.status < 100 or self.status == 101 or self._interim > _INTERIM_LIMIT:
            raise errors.ReadError("unexpected interim response %d" % self.status)
        self._raw = self._raw[end:]

    def _keep(self, size: int) -> None:
        # Kept once, and taken apart line by line: a chip would need room for each further copy.
        self._raw = self._raw[:size]
        for fold in (b"\r\n ", b"\r\n\t", b"\n ", b"\n\t"):  # RFC 9112 §5.2
            if self._raw.find(fold) >= 0:
                self._raw = bytearray(bytes(self._raw).replace(fold, b" "))
        start = self._raw.find(b"\n") + 1
        while start < len(self._raw):
            end = self._raw.find(b"\n", start)
            line = without_cr(bytes(self._raw[start:end]))
            _check_line(line)
            colon = start + max(line.find(b":"), 0)
            self._raw[start:colon] = bytes(self._raw[start:colon]).lower()
            start = end + 1

    def _values(self, name: str) -> "list[str]":
        found = []
        key = b"\n" + name.encode() + b":"
        at = self._raw.find(key)
        while at >= 0:
            end = self._raw.find(b"\n", at + 1)
            value = bytes(self._raw[at + len(key) : end]).strip()
            found.append(_latin1(value))
            at = self._raw.find(key, end)
        return found


def _check_line(line: bytes) -> None:
    # A bare CR or NUL in a value may be read as something else further on (RFC 9110 §5.5).
    name = line[: max(line.find(b":"), 0)]
    if line and (not name or b" " in name or b"\t" in name or b"\r" in line or b"\0" in line):
        raise errors.ReadError("malformed header line in the response: %r" % line[:40])


def _length(values: "list[str]") -> "int | None":
    # Repeated equal values are allowed (RFC 9110 §8.6); anything else is an attack or a fault.
    if not values:
        return None
    parts = [part.strip() for value in values for part in value.split(",")]
    for part in parts:
        if part != parts[0] or not part.encode().isdigit() or len(part) > 15:
            raise errors.ReadError(
                "response has an unusable Content-Length: %r" % ", ".join(parts)[:40]
            )
    return int(parts[0])


def _latin1(value: bytes) -> str:
    # Headers are bytes; read as Latin-1 nothing can fail (MicroPython has no latin-1 codec).
    return "".join([chr(byte) for byte in value])
