"""What a client lays by for when memory is short: receive buffers, and the error that says so."""

from thinwire.core._compat import MICROPYTHON, const
from thinwire.core.error_kinds import OutOfMemory

_NO_MEMORY = const(
    "out of memory: client.budget() says what is free, and docs/memory.md what helps"
)
_FEW = const(4)  # answers that keep their buffers while they wait


class Reserve:
    """Receive buffers, and the error for when there is no memory for a new one.

    On a chip one buffer is allocated when the client is made, before the heap fragments, and
    serves one answer after the other; several at a time get one each. Elsewhere, where more than
    a few have one, an answer gives it back while it waits, so that a few serve thousands.

    Args:
        size: of each buffer, in bytes.

    Attributes:
        crowded: more than a few are lent.
    """

    crowded = False

    def __init__(self, size: int) -> None:
        self.size = size
        self._spares = [bytearray(size)]
        if not MICROPYTHON:  # pragma: no branch
            # By their ids: threads that add to a number, and take from it, would lose count.
            self._lent: set[int] = set()
        self._lack: OutOfMemory = OutOfMemory(_NO_MEMORY)
        self._lack_used = False

    def out_of_memory(self, error: "BaseException | None" = None) -> OutOfMemory:
        """The error for a MemoryError: a new one that has its words or, where there is no memory
        for that, the one that was laid by."""
        if isinstance(error, OutOfMemory):
            return error
        try:
            said = str(error or "")
            return OutOfMemory(_NO_MEMORY + (said and " (%s)" % said), error)
        except MemoryError:
            self._lack_used = True
            return self._lack

    def acquire(self) -> bytearray:
        """A buffer of nobody else's."""
        if self._lack_used:  # MicroPython would add to its traceback each time
            self._lack = OutOfMemory(_NO_MEMORY)
            self._lack_used = False
        try:  # in one step: other threads may be here, too
            buffer = self._spares.pop()
        except IndexError:
            buffer = bytearray(self.size)
        if not MICROPYTHON:  # pragma: no branch
            self._lent.add(id(buffer))
            self.crowded = len(self._lent) > _FEW
        return buffer

    def release(self, buffer: bytearray) -> None:
        """Takes back what `acquire` gave."""
        if not MICROPYTHON:  # pragma: no branch
            if id(buffer) not in self._lent:
                return  # or two would be lent it
            self._lent.discard(id(buffer))  # first, since another thread may be lent it at once
            self.crowded = len(self._lent) > _FEW
        if not self._spares:
            self._spares.append(buffer)
