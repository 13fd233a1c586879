# The body of an HTTP/1.1 response, without I/O (RFC 9112 §6, §7): de-framed where it was received.
#
#   length                     all that is announced               -> done
#   close                      all there is until the end          -> done at eof
#   size -> data -> after -> size ... -> size 0 -> trailer         -> done

from thinwire.core import _errors as errors
from thinwire.core._compat import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.errors import ReadError

_LINE_LIMIT = const(4096)  # bytes of one chunk-size or trailer line
_TRAILER_LIMIT = const(32768)  # bytes of all trailer lines
_SIZE_DIGITS = const(16)  # of a chunk size, leading zeros included

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

_LF, _CR, _SEMICOLON = 10, 13, 59


class BodyReader:
    """De-frames a response body in place, without allocating for its framing.

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
        self._line = 0  # bytes of the line of framing that is being read
        self._cr = False  # the last of them was CR
        self._part = _BLANK  # of a size line
        self._digits = 0
        self.done = length == 0
        if self.done:
            self._state = _DONE

    def decode(self, view: memoryview, count: int = -1) -> int:
        """Turns received bytes into body bytes at the front of `view`; returns their number.

        Args:
            count: how many bytes of `view` were received; all of them when negative.

        Raises:
            ReadError: the framing is broken.
        """
        if count < 0:
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
            raise errors.ReadError(
                "the connection closed with %d bytes of the body missing" % self._left
            )
        if self._state not in (_CLOSE, _DONE):
            raise errors.ReadError("the connection closed in the middle of a chunked body")
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
        # One line (size, the empty one behind data, trailer), as far as it has come; returns where
        # it stopped. Byte by byte: there are few of them, and no line has to be kept.
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
                raise errors.ReadError("a line of the chunked framing is too long")
            if self._state == _SIZE:
                self._size_byte(byte)
            self._cr = byte == _CR
        return at

    def _size_byte(self, byte: int) -> None:
        # blank* digit+ blank* (";" anything)*, and CR only at the end of the line.
        if self._part == _EXTENSION or (byte == _CR and not self._cr):
            return
        if self._cr:
            raise _broken("a CR inside a size")
        if byte == _SEMICOLON:
            self._part = _EXTENSION
        elif byte in b" \t":
            self._part = _BEHIND if self._digits else _BLANK
        else:
            value = _digit(byte)
            if value < 0 or self._part == _BEHIND or self._digits == _SIZE_DIGITS:
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
                raise errors.ReadError("trailers are larger than %d bytes" % _TRAILER_LIMIT)
        else:
            self._state = _DONE
            self.done = True


def _digit(byte: int) -> int:
    # The value of a hexadecimal digit, -1 for anything else.
    if 48 <= byte <= 57:
        return byte - 48
    byte |= 32  # lower case
    return byte - 87 if 97 <= byte <= 102 else -1


def _broken(what: str) -> "ReadError":
    return errors.ReadError("chunked framing is broken: " + what)


def without_cr(line: bytes) -> bytes:
    """A line without the CR of its line end; LF alone may end a line too (RFC 9112 §2.2)."""
    return line[:-1] if line[-1:] == b"\r" else line
