"""A request body that its caller produces while it is sent."""

from thinwire.core._compat import const
from thinwire.core.errors import EncodeError
from thinwire.core.wire.json_encode import JSONEncoder

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any

# Request bodies: what a transport pulls (the contract is in transport.py). A body counts what was
# taken from it, so that a completion can say how much was uploaded.


class Body:
    """Base of request bodies.

    Attributes:
        sent_bytes: bytes pulled so far.
        sent_blocks: pulls that gave bytes.
    """

    def __init__(self) -> None:
        self.sent_bytes = 0
        self.sent_blocks = 0

    def readinto(self, buffer: "bytearray | memoryview") -> "int | None":
        """Fills `buffer`; returns the byte count, 0 at the end, None: `await more()` first."""
        count = self._read(buffer)
        if count:
            self.sent_bytes += count
            self.sent_blocks += 1
        return count

    async def more(self) -> None:
        """Waits until `readinto` has something to say. Only after it returned None."""

    def length(self) -> "int | None":
        """Exact size in bytes, or None when only sending tells."""
        return None

    def close(self) -> None:
        """Frees what the body holds open; harmless when called again."""

    def _read(self, buffer: "bytearray | memoryview") -> "int | None":
        raise NotImplementedError

    def replayable(self) -> bool:
        """Whether what was sent so far can be had again for another attempt."""
        return self.sent_blocks == 0


class JSONBody(Body):
    """A document, encoded while it is pulled.

    Args:
        document: see JSONEncoder.
        sizes: see JSONEncoder.

    Raises (from reading): EncodeError, also when the document is no longer as long as `length`
        said.
    """

    def __init__(
        self, document: "dict[str, object]", sizes: "dict[int, int] | None" = None
    ) -> None:
        super().__init__()
        self._document = document
        self._sizes = {} if sizes is None else sizes
        self._encoder: JSONEncoder | None = None
        self._length: int | None = None

    def length(self) -> "int | None":
        """Size of the encoded document, found by encoding it once without sending it."""
        self._length = JSONEncoder(self._document, self._sizes).count()
        return self._length

    async def more(self) -> None:
        """Waits for a source that is read while it is sent."""
        if self._encoder is not None:
            await self._encoder.more()

    def replayable(self) -> bool:
        """See Body.replayable."""
        return self._encoder is None or self._encoder.replayable

    def close(self) -> None:
        """Closes a source that is open."""
        if self._encoder is not None:
            self._encoder.close()

    def _read(self, buffer: "bytearray | memoryview") -> "int | None":
        if self._encoder is None:
            self._encoder = JSONEncoder(self._document, self._sizes)
        count = self._encoder.readinto(buffer)
        if self._length is not None and count is not None:
            self._check_length(self.sent_bytes + count, count == 0)
        return count

    def _check_length(self, sent: int, ended: bool) -> None:
        # A body of another size than announced would be read as part of the next request.
        if sent > self._length or (ended and sent < self._length):  # type: ignore[operator]
            text = "the request changed while it was sent: %s bytes were announced"
            raise EncodeError(text % self._length, "")


class AsyncBody(Body):
    """Bytes that a caller produces while they are sent; one attempt only.

    Args:
        chunks: an async iterator of bytes. On MicroPython, where `async def` with `yield` is a
            plain generator, a plain iterator of bytes is accepted as well.
    """

    def __init__(self, chunks: "AsyncIterator[bytes]") -> None:
        super().__init__()
        self._is_async = hasattr(chunks, "__aiter__")
        self._chunks: Any = chunks.__aiter__() if self._is_async else iter(chunks)  # type: ignore[call-overload]
        self._chunk: bytes = b""
        self._at = 0
        self._ended = False

    async def more(self) -> None:
        """Waits for the producer's next bytes."""
        self._chunk, self._at = b"", 0
        try:
            if self._is_async:
                self._chunk = await self._chunks.__anext__()
            else:
                self._chunk = next(self._chunks)
        except (StopAsyncIteration, StopIteration):
            self._ended = True

    def _read(self, buffer: "bytearray | memoryview") -> "int | None":
        left = len(self._chunk) - self._at
        if not left:
            return 0 if self._ended else None
        count = min(left, len(buffer))
        view = memoryview(self._chunk)
        memoryview(buffer)[:count] = view[self._at : self._at + count]
        self._at += count
        return count
