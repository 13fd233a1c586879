"""Where a request ends: for servers of bare sockets, which read as a test says."""

import re

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)\r\n")
_LAST_CHUNK = b"0\r\n\r\n"


class RequestEnd:
    """Told of each piece that a server reads.

    Attributes:
        head: the head with its empty line, b"" until it is there.
        count: bytes of the body so far, as they came.
        whole: whether the request has come to its end, by length or by its last chunk.
    """

    def __init__(self) -> None:
        self.head = b""
        self.count = 0
        self.whole = False
        self._begun = b""
        self._tail = b""

    def add(self, piece: bytes) -> bool:
        """Takes what was read; returns `whole`. Fails where the client has ended before."""
        assert piece, "the client has left"
        if not self.head:
            self._begun += piece
            head, mark, piece = self._begun.partition(b"\r\n\r\n")
            if not mark:
                return False
            self.head = head + mark
        self.count += len(piece)
        self._tail = (self._tail + piece)[-len(_LAST_CHUNK) :]
        length = _LENGTH.search(self.head)
        if length is None:
            self.whole = self._tail == _LAST_CHUNK
        else:
            self.whole = self.count >= int(length[1])
        return self.whole
