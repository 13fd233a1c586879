"""A request whose body its caller produces while it is sent."""

from thinwire.core._compat import claim, const
from thinwire.core.request.call import Call
from thinwire.core.request.http_request import Body

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any


class RawCall(Call):
    """A call whose body the caller builds; sent once, to one deployment.

    Args:
        blocks: see ProducedBody.
    """

    portable = False

    def __init__(self, blocks: "AsyncIterator[bytes]") -> None:
        super().__init__(())
        self.body = ProducedBody(blocks)

    def counts(self) -> "tuple[int, int]":
        """What the caller's own JSON holds nobody has looked at."""
        return -1, -1


class ProducedBody(Body):
    """Bytes that a caller produces while they are sent; one attempt only.

    Args:
        blocks: an async iterator of bytes. On MicroPython, where `async def` with `yield` is a
            plain generator, a plain iterator of bytes is accepted as well.
    """

    def __init__(self, blocks: "AsyncIterator[bytes]") -> None:
        super().__init__()
        self._begin(blocks)

    def _begin(self, blocks: "Any") -> None:
        self._is_async = hasattr(blocks, "__aiter__")
        self._blocks: Any = blocks.__aiter__() if self._is_async else iter(blocks)
        self._block: bytes = b""
        self._at = 0
        self._ended = False

    async def more(self) -> None:
        """Waits for the producer's next bytes."""
        self._block, self._at = b"", 0
        try:
            if self._is_async:
                self._block = await self._blocks.__anext__()
            else:
                self._block = next(self._blocks)
        except (StopAsyncIteration, StopIteration):
            self._ended = True
        except Exception as error:
            self.failed(error)
            if isinstance(error, MemoryError):
                claim(error)
            raise

    def _read(self, buffer: "bytearray | memoryview") -> "int | None":
        left = len(self._block) - self._at
        if not left:
            return 0 if self._ended else None
        count = min(left, len(buffer))
        view = memoryview(self._block)
        memoryview(buffer)[:count] = view[self._at : self._at + count]
        self._at += count
        return count
