# What is read piece by piece while it is sent: the base of all readers, and that of long texts.
# Apart from sources.py, since a long text alone shall not load that.

from thinwire.core._compat import PIECE, escape, text_end, text_piece, text_units


class Reader:
    """Reads one source once.

    Attributes:
        size: bytes of the source, None when only reading tells. A source whose size changes from
            one attempt to the next is refused.
    """

    size: "int | None" = None

    def read_piece(self) -> "bytes | memoryview | None":
        """The next bytes between the quotes; empty at the end, None: `await more()` first."""
        raise NotImplementedError

    async def more(self) -> None:
        """Waits until `read_piece` has something to say. Only after it returned None."""

    def close(self) -> None:
        """Frees what the reader holds; harmless when called again."""


class TextReader(Reader):
    # A str that is too long to escape in one go.
    def __init__(self, text: str) -> None:
        self._units = text_units(text)
        self._at = 0

    def read_piece(self) -> "bytes | memoryview":
        start = self._at
        self._at = text_end(self._units, start, PIECE)
        return escape(text_piece(self._units, start, self._at))
