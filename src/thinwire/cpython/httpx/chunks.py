"""Many HTTP chunks that came in one read, made one. Above, each chunk costs h11 and seven layers
of generators, and servers that stream make one of each event.

Only framing changes, and only what is certain is touched: the body of an HTTP/1.1 response that
is chunked and nothing else. From the first byte that is not as expected, and from the last chunk
on, all is passed as it came: h11 judges it.
"""

import re

_HEAD_LIMIT = 131072  # above h11's
_HEAD_END = re.compile(rb"\n\r?\n")  # as h11 finds it
_INTERIM = re.compile(rb"HTTP/1\.1 1(?!01)\d\d")
_WITH_BODY = re.compile(rb"http/1\.1 (?!1|204|304)\d{3}( |$)")
_SIZE = re.compile(rb"(0{0,4}[1-9a-f][0-9a-f]{0,6})\r\n", re.IGNORECASE)
_NEXT_SIZE = re.compile(rb"\r\n(0{0,4}[1-9a-f][0-9a-f]{0,6})\r\n", re.IGNORECASE)
_PART = re.compile(rb"[0-9a-f]{1,11}\r?", re.IGNORECASE)
_NEXT_PART = re.compile(rb"\r(?:\n(?:[0-9a-f]{1,11}\r?)?)?", re.IGNORECASE)


class ChunkJoiner:
    """Takes the bytes of one response as they come."""

    def __init__(self) -> None:
        self._head: bytes | None = b""  # None: it is over
        self._passes = False
        self._left = 0  # bytes of a chunk that are still to come
        self._first = True
        self._kept = b""  # the start of a size line

    def feed(self, data: bytes) -> bytes:
        """What httpcore is to read in place of `data`; b"" until there is more."""
        if self._passes:
            return data
        if self._head is None:
            return self._body(data)
        whole = self._head + data
        while True:
            end = _HEAD_END.search(whole)
            if end is None:
                self._head = whole
                self._passes = len(whole) > _HEAD_LIMIT
                return data
            head, rest = whole[: end.end()], whole[end.end() :]
            if not _INTERIM.match(head):
                break
            whole = rest
        self._head = None
        if not _is_chunked(head):
            self._passes = True
            return data
        return data[: len(data) - len(rest)] + self._body(rest)

    def _body(self, data: bytes) -> bytes:
        if self._kept:
            data, self._kept = self._kept + data, b""
        at, size = 0, len(data)
        pieces = []
        while at < size:
            if not self._left:
                line = (_SIZE if self._first else _NEXT_SIZE).match(data, at)
                if line is None:
                    break
                self._first = False
                self._left = int(line[1], 16)
                at = line.end()
            end = min(at + self._left, size)
            pieces.append(data[at:end])
            self._left -= end - at
            at = end
        rest = data[at:]
        if rest:
            if (_PART if self._first else _NEXT_PART).fullmatch(rest):
                self._kept, rest = rest, b""
            else:
                self._passes = True
                if not self._first:
                    rest = rest.removeprefix(b"\r\n")
        joined = b"".join(pieces)
        return b"%x\r\n%b\r\n%b" % (len(joined), joined, rest) if joined else rest


def _is_chunked(head: bytes) -> bool:
    status, *lines = head.lower().split(b"\r\n")
    codings = [line for line in lines if line.startswith(b"transfer-encoding")]
    if len(codings) != 1 or not _WITH_BODY.match(status):
        return False
    name, _, value = codings[0].partition(b":")
    odd = any(b"\n" in line or line.startswith((b" ", b"\t")) for line in lines)
    return name == b"transfer-encoding" and value.strip(b" \t") == b"chunked" and not odd
