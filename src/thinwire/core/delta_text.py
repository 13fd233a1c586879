# One text of an answer, delta by delta. Some servers cut it between the two halves of an astral
# character, each half an escape of its own (\\ud83d in one delta, \\ude00 in the next): a half is
# held back until the other has come, so that no delta and no answer ever holds half a character.

from thinwire.core._compat import TextBuffer, has_half
from thinwire.core.utf8 import join_pairs, text

_REPLACEMENT = "\ufffd"


class DeltaText:
    """Text that grows delta by delta."""

    def __init__(self) -> None:
        self._buffer = TextBuffer()
        self._half = ""

    def add(self, words: str) -> str:
        """Takes the text of a delta; returns what of it can be handed out, "" for nothing."""
        if words and (self._half or has_half(words)):
            words = self._whole(words)
        if words:
            self._buffer.append(words)
        return words

    def end(self) -> str:
        """Nothing follows; returns what stands for a half that was never completed, or ""."""
        if not self._half:
            return ""
        self._half = ""
        self._buffer.append(_REPLACEMENT)
        return _REPLACEMENT

    def value(self) -> str:
        """Everything handed out so far."""
        return self._buffer.value()

    def _whole(self, words: str) -> str:
        data = (self._half + words).encode("utf-8", "surrogatepass")
        joined = join_pairs(data, False, True)
        cut = len(joined)
        if cut >= 3 and joined[cut - 3] == 0xED and 0xA0 <= joined[cut - 2] < 0xB0:
            cut -= 3
        self._half = text(joined[cut:])
        return text(joined[:cut])
