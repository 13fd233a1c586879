"""A request whose body its caller produces while it is sent."""

from thinwire.core._compat import claim, const
from thinwire.core.request.call import Call
from thinwire.core.request.http_request import Body

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from typing import Any

_PIECE = const(4096)


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


def blocks_of(file: "Any", own: bool) -> "Any":
    """The blocks of an open file; what is none comes back as it is.

    Args:
        own: whether to close it at the end.
    """
    return _pieces(file, own) if hasattr(file, "readinto") else file


def _pieces(file: "Any", own: bool) -> "Iterator[memoryview]":
    try:
        buffer = memoryview(bytearray(_PIECE))
        count = file.readinto(buffer)
        while count:
            yield buffer[:count]
            count = file.readinto(buffer)
    finally:
        if own:
            file.close()


class FreshBody(ProducedBody):
    """Bytes that a caller can produce anew, for each attempt.

    Args:
        factory: gives an iterator of bytes, plain or async, or an open file, which is closed;
            called when they are wanted.
        beside: whether two attempts may read at a time.
    """

    def __init__(self, factory: "Callable[[], object]", beside: bool = True) -> None:
        super().__init__(iter(()))  # type: ignore[arg-type]
        self._factory = factory
        self._beside = beside
        self._open = False

    async def more(self) -> None:
        """Waits for the producer's next bytes."""
        if not self._open:
            self._open = True
            try:
                self._begin(blocks_of(self._factory(), True))
            except Exception as error:
                self.failed(error)
                raise
        await super().more()

    def replayable(self) -> bool:
        """See Body."""
        return True

    def repeatable(self) -> bool:
        """See JSONBody; for an attempt beside this one."""
        return self._beside

    def close(self) -> None:
        """Ends the producer: what is read next is its beginning again."""
        if self._open and hasattr(self._blocks, "close"):
            self._blocks.close()
        self._open = False
        self._begin(iter(()))
