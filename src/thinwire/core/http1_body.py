# The body of an HTTP/1.1 response, without I/O (RFC 9112 §6, §7): de-framed where it was received.
#
#   length                     all that is announced               -> done
#   close                      all there is until the end          -> done at eof
#   size -> data -> after -> size ... -> size 0 -> trailer         -> done

from thinwire.core.errors import ReadError

_LINE_LIMIT = 4096  # bytes of one chunk-size or trailer line
_TRAILER_LIMIT = 32768  # bytes of all trailer lines
_SIZE_DIGITS = 16  # of a chunk size, leading zeros included

_LENGTH, _SIZE, _DATA, _AFTER, _TRAILER, _CLOSE, _DONE = range(7)


class BodyReader:
    """De-frames a response body in place.

    Args:
        length: bytes announced, None when the end of the connection ends the body.
        chunked: the body is chunked; `length` is then None.

    Attributes:
        done: the body has come to its end.
        excess: bytes arrived behind the end; the connection cannot be used again.
    """

    def __init__(self, length: "int | None", chunked: bool = False) -> None:
        self.excess = False
        self._left = length or 0
        self._state = _SIZE if chunked else _CLOSE if length is None else _LENGTH
        self._line = bytearray()
        self.done = length == 0
        if self.done:
            self._state = _DONE

    def decode(self, view: memoryview) -> int:
        """Turns received bytes into body bytes at the front of `view`; returns their number.

        Raises:
            ReadError: the framing is broken.
        """
        count = len(view)
        if self._state == _CLOSE:
            return count
        at = out = 0
        while at < count:
            if self._state == _DATA or self._state == _LENGTH:
                size = min(self._left, count - at)
                if at != out:
                    view[out : out + size] = view[at : at + size]
                at += size
                out += size
                self._took(size)
            elif self._state == _DONE:
                self.excess = True
                break
            else:
                at = self._framing(view, at, count)
        return out

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

    def _took(self, size: int) -> None:
        self._left -= size
        if self._left == 0:
            if self._state == _DATA:
                self._state = _AFTER
            else:
                self._state = _DONE
                self.done = True

    def _framing(self, view: memoryview, at: int, count: int) -> int:
        # Collects one line (size, the empty one behind data, trailer); returns where it stopped.
        while at < count:
            byte = view[at]
            at += 1
            if byte == 10:
                self._end_of_line(bytes(self._line))
                self._line[:] = b""
                break
            self._line.append(byte)
            if len(self._line) > _LINE_LIMIT:
                raise ReadError("a line of the chunked framing is too long")
        return at

    def _end_of_line(self, line: bytes) -> None:
        # Only trailers may end with LF alone: around data that could as well be a wrong size.
        if self._state == _SIZE:
            self._left = _chunk_size(line)
            self._state = _DATA if self._left else _TRAILER
        elif self._state == _AFTER:
            if line != b"\r":
                raise ReadError("chunked framing is broken: %r after a chunk" % line[:20])
            self._state = _SIZE
        elif without_cr(line):
            self._left += len(line)  # trailers say nothing we need, but they must end
            if self._left > _TRAILER_LIMIT:
                raise ReadError("trailers are larger than %d bytes" % _TRAILER_LIMIT)
        else:
            self._state = _DONE
            self.done = True


def _chunk_size(line: bytes) -> int:
    digits = without_cr(line).split(b";", 1)[0].strip(b" \t")
    if line[-1:] != b"\r" or not 0 < len(digits) <= _SIZE_DIGITS:
        raise ReadError("chunked framing is broken: size %r" % line[:20])
    size = 0
    for byte in digits.lower():
        value = b"0123456789abcdef".find(bytes((byte,)))
        if value < 0:
            raise ReadError("chunked framing is broken: size %r" % line[:20])
        size = size * 16 + value
    return size


def without_cr(line: bytes) -> bytes:
    """A line without the CR of its line end; LF alone may end a line too (RFC 9112 §2.2)."""
    return line[:-1] if line[-1:] == b"\r" else line
