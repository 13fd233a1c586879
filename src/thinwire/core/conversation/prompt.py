"""The system message of a turn: the prompt, what a profile adds to it, and what is left of
messages that were summed up. A prompt in a file is read anew for each request, while it is sent:
it may be edited while the program runs, and it is in memory in small pieces only.
"""

from thinwire.core._compat import const, import_module
from thinwire.core.wire.json_encode import Reader, TextReader

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

    from thinwire.core.wire.json_encode import Readable

_BETWEEN = "\n\n"


class Joined:
    """A source, and a text behind it: a source, see request/sources.py.

    Args:
        source: what stands in front.
        text: what follows.
    """

    def __init__(self, source: "Any", text: str) -> None:
        self._source = source
        self._text = text
        self.replayable: bool = source.replayable
        self.stored: bool = source.stored

    def open(self) -> "Reader":
        """A reader of both. Raises OSError when the source cannot be opened."""
        return _JoinedReader(self._source.open(), self._text)

    def __repr__(self) -> str:
        return repr(self._source)


class _JoinedReader(Reader):
    def __init__(self, first: "Readable", text: str) -> None:
        self._first: Readable | None = first
        self._then = TextReader(text)

    def read_piece(self) -> "bytes | memoryview | None":
        if self._first is not None:
            piece = self._first.read_piece()
            if piece is None or len(piece):
                return piece
            self.close()
        return self._then.read_piece()

    async def more(self) -> None:
        await self._first.more()  # type: ignore[union-attr]  # it was the one without a piece

    def close(self) -> None:
        first, self._first = self._first, None
        if first is not None:
            first.close()


def settled(system: object) -> object:
    """What a conversation was given as its prompt, as a str or a source; None for none.

    Args:
        system: a str, a source, or the path of a UTF-8 file as an object (a str is a prompt).

    Raises:
        TypeError: it is none of these.
    """
    if hasattr(system, "__fspath__"):
        return import_module("thinwire.core.request.sources").TextFile(system)
    is_source = hasattr(system, "open") and hasattr(system, "replayable")
    if system is None or isinstance(system, str) or is_source:
        return system
    raise TypeError("system is a str, a path or a TextFile, not %r" % (system,))


def profile_text(profile: object) -> str:
    """What a profile adds to the prompt.

    Args:
        profile: the text; a dict that has it as "system_prompt"; None for nothing.

    Raises:
        TypeError: it is none of these.
    """
    if hasattr(profile, "get"):
        profile = profile.get("system_prompt")
    if profile is None or isinstance(profile, str):
        return profile or ""
    raise TypeError('profile is a str, or a dict with "system_prompt", not %r' % (profile,))


def system_message(system: "Any", profile: str, summary: str) -> "dict[str, object] | None":
    """The message in front of a request; None where there is nothing to say.

    Args:
        system: see `settled`.
        profile, summary: texts behind it, "" for none.
    """
    rest = _BETWEEN.join([text for text in (profile, summary) if text])
    if not system or isinstance(system, str):
        content: Any = _BETWEEN.join([text for text in (system, rest) if text])
    else:
        content = Joined(system, _BETWEEN + rest) if rest else system
    return {"role": "system", "content": content} if content else None
