"""One sentence that is said: its sound is asked for at once, heard when the one before is over,
and counted in characters of the text, as far as it was heard.
"""

from thinwire.core._compat import const
from thinwire.core.conversation.voice.beside import Beside
from thinwire.core.conversation.voice.characters import code_at
from thinwire.core.conversation.voice.sentence_splitter import kind_of

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

    from thinwire.core.conversation.voice.speaker import Speaker

_PER_SECOND = const(15)  # characters that are said, in most languages; until it is known better


def plain(text: str) -> str:
    """A sentence without what Markdown adds to it."""
    return text.replace("**", "").replace("`", "").strip().lstrip("#").lstrip()


def is_said(text: str) -> bool:
    """Whether there is a letter or a digit in a text, and not only signs and emoji."""
    data = text.encode()
    for at in range(len(data)):
        byte = data[at]
        if byte < 0x80:
            if byte in b"0123456789" or 97 <= byte | 32 <= 122:
                return True
        elif byte >= 0xC0:
            code = code_at(data, at)
            if not kind_of(code) and not 0x2000 <= code < 0x2C00:
                return True
    return False


class Pace:
    """How many bytes of sound a character takes, as far as it is known.

    Args:
        speaker: see there.
    """

    def __init__(self, speaker: "Speaker") -> None:
        self._bytes = speaker.byte_rate
        self._chars = _PER_SECOND

    def learn(self, count: int, chars: int) -> None:
        """Of a sentence that was said to its end: that of the last ones counts."""
        self._bytes = self._bytes // 2 + count
        self._chars = self._chars // 2 + chars

    def of(self, chars: int) -> int:
        """The bytes that so many characters are likely to take."""
        return self._bytes * chars // max(self._chars, 1)


class Utterance:
    """See the module.

    Args:
        client: asked for the sound.
        speaker: see there.
        piece: of the answer.
        said: what is said of it.
        options: of AsyncClient.speak.
        pace: see there.
        before: the one that is heard before, None for none.

    Attributes:
        silent: characters behind it of which nothing is said.
    """

    def __init__(
        self,
        client: "Any",
        speaker: "Speaker",
        piece: str,
        said: str,
        options: "dict[str, Any]",
        pace: Pace,
        before: "Utterance | None",
    ) -> None:
        self.silent = 0
        self._speaker = speaker
        self._piece = piece
        self._pace = pace
        self._before = before
        self._start = -1  # bytes that the speaker had taken
        self._end = -1
        self._beside = Beside(client.transport, self._said(client, said, options))
        self.wait = self._beside.wait
        self.stop = self._beside.stop

    @property
    def ended(self) -> bool:
        """Whether nothing more of it comes."""
        return self._beside.ended

    @property
    def error(self) -> "Exception | None":
        """Why it cannot be said."""
        return self._beside.error

    @property
    def chars(self) -> int:
        """Characters of the text, what is behind it included."""
        return len(self._piece) + self.silent

    def is_heard(self, played: int) -> bool:
        """Whether all of it has been heard when the speaker has played so many bytes."""
        return 0 <= self._end <= played

    def heard_chars(self, played: int) -> int:
        """How many characters have, up to the end of a word."""
        if self.is_heard(played):
            return self.chars
        heard = played - self._start
        if self._start < 0 or heard <= 0:
            return 0
        piece = self._piece
        taken = (self._speaker.taken if self._end < 0 else self._end) - self._start
        whole = taken if self._end >= 0 else max(taken, self._pace.of(len(piece)))
        count = len(piece) * heard // whole
        return piece.rfind(" ", 0, count + 1) + 1 if piece.find(" ", 0, -1) >= 0 else count

    async def _said(self, client: "Any", said: str, options: "dict[str, Any]") -> None:
        await client.speak(said, self._take, **options)
        self._end = self._speaker.taken
        self._pace.learn(self._end - self._start, len(self._piece))

    async def _take(self, piece: memoryview) -> None:
        before, self._before = self._before, None
        if before is not None:
            await before.wait()
            if before.error is not None:
                raise before.error
        if self._start < 0:
            self._speaker.begin()
            self._start = self._speaker.taken
        await self._speaker.take(piece, self._beside.transport)
