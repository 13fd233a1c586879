# The receive buffers of a client. On a chip one is allocated when the client is made, before the
# heap fragments, and serves one answer after the other.

from thinwire.core._compat import BUFFER


class Buffers:
    """Lends buffers; several answers at a time get one each.

    Args:
        size: of each, in bytes.
    """

    def __init__(self, size: int = BUFFER) -> None:
        self.size = size
        self._spare: bytearray | None = bytearray(size)

    def take(self) -> bytearray:
        """A buffer of nobody else's."""
        spare, self._spare = self._spare, None
        return bytearray(self.size) if spare is None else spare

    def give(self, buffer: bytearray) -> None:
        """Takes back what `take` gave."""
        self._spare = buffer
