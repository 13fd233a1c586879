# A request body that its caller produces while it is sent.

from thinwire.core._compat import const
from thinwire.core.body import Body

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any


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
