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
    """Texts and sources, one behind the other: a source, see request/sources.py.

    Args:
        parts: each a str or a source.
    """

    def __init__(self, parts: "list[Any]") -> None:
        self._parts = parts
        self.replayable = True
        self.stored = True
        for part in parts:
            if not isinstance(part, str):
                self.replayable = self.replayable and part.replayable
                self.stored = self.stored and part.stored

    def open(self) -> "Reader":
        """A reader of all, each opened when it is its turn."""
        return _JoinedReader(self._parts)

    def __repr__(self) -> str:
        return repr(self._parts)


class _JoinedReader(Reader):
    def __init__(self, parts: "list[Any]") -> None:
        self._parts = list(parts)
        self._reader: Readable | None = None

    def read_piece(self) -> "bytes | memoryview | None":
        while self._reader is not None or self._parts:
            if self._reader is None:
                part = self._parts.pop(0)
                self._reader = TextReader(part) if isinstance(part, str) else part.open()
            piece = self._reader.read_piece()
            if piece is None or len(piece):
                return piece
            self._end()
        return b""

    async def more(self) -> None:
        await self._reader.more()  # type: ignore[union-attr]  # it was the one without a piece

    def close(self) -> None:
        self._parts = []
        self._end()

    def _end(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()


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


def system_message(system: object, profile: str, summary: object) -> "dict[str, object] | None":
    """The message in front of a request; None where there is nothing to say.

    Args:
        system: see `settled`.
        profile: a text behind it, "" for none.
        summary: the last of it, a text or a source, "" for none.
    """
    parts: list[Any] = []
    for part in (system, profile, summary):
        if part:
            if parts:
                parts.append(_BETWEEN)
            parts.append(part)
    if not parts:
        return None
    sources = [part for part in parts if not isinstance(part, str)]
    content: object = (
        "".join(parts) if not sources else parts[0] if len(parts) == 1 else Joined(parts)
    )
    return {"role": "system", "content": content}
