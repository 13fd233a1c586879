"""What becomes of an answer's text when it is not to be kept in memory: an answer of any length
then takes a few kilobytes (docs/memory.md).
"""

from thinwire.core._compat import claim, const
from thinwire.core.error_kinds import ThinwireError

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal, Protocol

    class Buffer(Protocol):
        """Where a growing text goes."""

        def append(self, __text: str) -> None:
            """Takes the next piece."""

        def value(self) -> str:
            """Everything so far, "" when it is not kept."""

        def pieces(self) -> list[str]:
            """The same in pieces."""

    class Writer(Protocol):
        """An open text file, or what looks like one."""

        def write(self, __text: str) -> object:
            """Takes the next piece."""

    Sink = Callable[[str, str, int], object]
    Keep = Literal["text", "none"] | Writer | Sink


class Keeper:
    """Keeps nothing; see `keep` of AsyncClient.stream.

    Attributes:
        hands_out: whether somebody gets the text while it arrives.
    """

    hands_out = False

    def buffer(self, kind: str, index: int) -> "Buffer":
        """Where a text goes.

        Args:
            kind: "content", "reasoning", "refusal", "audio", "transcript", "arguments" or "image".
            index: of the choice, or for the last two of the tool call or image.
        """
        return _Nothing()


def keeper(keep: object) -> "Keeper | None":
    """The keeper for a `keep` argument; None: everything is kept in memory.

    Raises:
        TypeError: it is nothing to keep text with.
    """
    if keep == "text":
        return None
    if keep == "none":
        return Keeper()
    if callable(keep):
        return _Told(keep)
    if hasattr(keep, "write"):
        return _Written(keep)
    raise TypeError("keep must be 'text', 'none', an open text file or a callable")


class _Told(Keeper):
    hands_out = True

    def __init__(self, sink: "Sink") -> None:
        self._sink = sink

    def buffer(self, kind: str, index: int) -> "Buffer":
        return _Teller(self._sink, kind, index)


class _Written(Keeper):
    # Content goes into a file; what else there is would only spoil it.
    hands_out = True

    def __init__(self, file: "Writer") -> None:
        self._file = file

    def buffer(self, kind: str, index: int) -> "Buffer":
        return _Pen(self._file) if kind == "content" and not index else _Nothing()


class _Nothing:
    def append(self, text: str) -> None:
        pass

    def value(self) -> str:
        return ""

    def pieces(self) -> "list[str]":
        return []

    def __reduce__(self) -> "tuple[object, ...]":
        # A completion may be pickled, or copied; where its text went to stays here.
        return _Nothing, ()


class _Teller(_Nothing):
    def __init__(self, sink: "Sink", kind: str, index: int) -> None:
        self._sink = sink
        self._kind = kind
        self._index = index

    def append(self, text: str) -> None:
        try:
            self._sink(self._kind, text, self._index)
        except ThinwireError as error:  # of another call that it has made
            error.foreign = True
            raise
        except MemoryError as error:
            claim(error)
            raise


class _Pen(_Nothing):
    def __init__(self, file: "Writer") -> None:
        self._file = file

    def append(self, text: str) -> None:
        try:
            self._file.write(text)
        except MemoryError as error:
            claim(error)
            raise
