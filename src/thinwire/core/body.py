# Request bodies: what a transport pulls (the contract is in transport.py). A body counts what was
# taken from it, so that a completion can say how much was uploaded.

from thinwire.core.json_encode import JSONEncoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any


class Body:
    """Base of request bodies.

    Attributes:
        sent_bytes: bytes pulled since the last rewind.
        sent_blocks: pulls that gave bytes since the last rewind.
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

    def rewind(self) -> bool:
        """Back to the start for another attempt; False when what was sent cannot be had again."""
        fresh = self._restart()
        self.sent_bytes = self.sent_blocks = 0
        return fresh

    def close(self) -> None:
        """Frees what the body holds open; harmless when called again."""

    def _read(self, buffer: "bytearray | memoryview") -> "int | None":
        raise NotImplementedError

    def _restart(self) -> bool:
        return self.sent_blocks == 0


class JSONBody(Body):
    """A document, encoded while it is pulled.

    Args:
        document: see JSONEncoder.
    """

    def __init__(self, document: "dict[str, object]") -> None:
        super().__init__()
        self._document = document
        self._encoder: JSONEncoder | None = None

    def length(self) -> "int | None":
        """Size of the encoded document, found by encoding it once without sending it."""
        return JSONEncoder(self._document).count()

    def close(self) -> None:
        """Closes a source that is open."""
        if self._encoder is not None:
            self._encoder.close()

    def _read(self, buffer: "bytearray | memoryview") -> "int | None":
        if self._encoder is None:
            self._encoder = JSONEncoder(self._document)
        return self._encoder.readinto(buffer)

    def _restart(self) -> bool:
        self.close()
        encoder, self._encoder = self._encoder, None
        return encoder is None or encoder.replayable


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
