"""Answers that a server compressed though we ask for identity: inflated while they are read, never
more than the reader has room for, so that a small body cannot take much memory (RFC 9110 §8.4.1).
"""

import zlib

from thinwire.core.errors import ReadError

_GZIP = ("gzip", "x-gzip")
_GZIP_BITS = zlib.MAX_WBITS | 16


class Inflater:
    """Inflates one body.

    Args:
        coding: of the response's Content-Encoding.
    """

    def __init__(self, coding: str) -> None:
        self._coding = coding.strip().lower()
        self._begun = False
        self._pending = b""  # came, and is not inflated yet
        self._inflating = zlib.decompressobj(_GZIP_BITS) if self._coding in _GZIP else None

    def check(self) -> None:
        """Refuses what cannot be inflated.

        Raises:
            ReadError: the coding is another than gzip and deflate.
        """
        if self._coding not in (*_GZIP, "deflate"):
            raise ReadError(f"the server compressed its answer ({self._coding}) unasked")

    def feed(self, piece: bytes) -> None:
        """Takes a piece of the body, once `readinto` has returned 0."""
        self._begun = self._begun or bool(piece)
        self._pending += piece

    def readinto(self, buffer: memoryview) -> int:
        """Fills `buffer` as far as it goes; returns the number of bytes, 0 when more is needed.

        Raises:
            ReadError: the body is not what it says it is.
        """
        try:
            found = self._inflate(len(buffer))
        except zlib.error as error:
            raise ReadError(
                f"the server's {self._coding} cannot be read: {error}", error
            ) from None
        buffer[: len(found)] = found
        return len(found)

    def end(self) -> None:
        """Takes note that the body is over.

        Raises:
            ReadError: it was cut off.
        """
        if self._begun and (self._inflating is None or not self._inflating.eof):
            raise ReadError(f"the server's {self._coding} was cut off")

    def _inflate(self, room: int) -> bytes:
        if self._inflating is None:
            if len(self._pending) < 2:
                return b""
            # Some servers send deflate without the zlib format around it (RFC 9110 §8.4.1.2).
            first, second = self._pending[:2]
            zlibs = first & 15 == 8 and (first << 8 | second) % 31 == 0
            self._inflating = zlib.decompressobj(zlib.MAX_WBITS if zlibs else -zlib.MAX_WBITS)
        found = b""
        while not found:
            if self._inflating.eof:
                if self._pending == b"\x1f":
                    return b""
                # A gzip file may have several members (RFC 1952 §2.2); what else follows is none.
                if self._coding not in _GZIP or not self._pending.startswith(b"\x1f\x8b"):
                    self._pending = b""
                    return b""
                self._inflating = zlib.decompressobj(_GZIP_BITS)
            before = self._pending
            found = self._inflating.decompress(before, room)
            self._pending = self._inflating.unused_data or self._inflating.unconsumed_tail
            if not found and not self._inflating.eof:
                return b""
        return found
