"""Bodies of any bytes that can be produced anew, for each attempt; loaded for those."""

from thinwire.core._compat import const
from thinwire.core.request.raw_call import ProducedBody

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

_PIECE = const(4096)


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
