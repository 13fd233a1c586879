r"""One text of an answer, delta by delta. Some servers cut it between the two halves of an astral
character, each half an escape of its own (\\ud83d in one delta, \\ude00 in the next): a half is
held back until the other has come, so that no delta and no answer ever holds half a character.
"""

from thinwire.core._compat import TextBuffer, const, has_half

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.answer.keep import Buffer

_REPLACEMENT = "\ufffd"


class DeltaText:
    """Text that grows delta by delta.

    Args:
        buffer: where it is kept; None: in memory.

    Attributes:
        chars: number of characters so far.
    """

    def __init__(self, buffer: "Buffer | None" = None) -> None:
        self._buffer = buffer or TextBuffer()
        self._half = ""
        self.chars = 0

    def add(self, words: str) -> str:
        """Takes the text of a delta; returns what of it can be handed out, "" for nothing."""
        if words and (self._half or has_half(words)):
            words = self._whole(words)
        if words:
            self._keep(words)
        return words

    def add_whole(self, words: str) -> str:
        """The same for text that has no half of a character."""
        if self._half:
            return self.add(words)
        self._keep(words)
        return words

    def end(self) -> str:
        """Nothing follows; returns what stands for a half that was never completed, or ""."""
        if not self._half:
            return ""
        self._half = ""
        self._keep(_REPLACEMENT)
        return _REPLACEMENT

    def value(self) -> str:
        """Everything handed out so far, as far as it is kept."""
        return self._buffer.value()

    def pieces(self) -> "list[str]":
        """The same in pieces, which are not put together."""
        return self._buffer.pieces()

    def move_to(self, buffer: "Buffer") -> None:
        """Keeps it elsewhere from now on, what there is so far included."""
        words = self._buffer.value()
        self._buffer = buffer
        if words:
            buffer.append(words)

    def _keep(self, words: str) -> None:
        self._buffer.append(words)
        self.chars += len(words)

    def _whole(self, words: str) -> str:
        from thinwire.core.utf8 import join_pairs, text  # few servers cut there

        data = (self._half + words).encode("utf-8", "surrogatepass")
        joined = join_pairs(data, False, True)
        cut = len(joined)
        if cut >= 3 and joined[cut - 3] == 0xED and 0xA0 <= joined[cut - 2] < 0xB0:
            cut -= 3
        self._half = text(joined[cut:])
        return text(joined[:cut])
