"""Where a conversation is kept between its turns: in memory here, on disk in jsonl_history.py, in
a database in thinwire/cpython/sqlite_history.py.

A history is whatever has the four methods of `History`; they may be async in one of your own. What
is appended at once is a turn, and is kept as a whole or not at all.
"""

from thinwire.core._compat import const, public

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable, Mapping, Sequence
    from typing import Any, Protocol

    Message = Mapping[str, Any]
    Maybe = None | Awaitable[None]

    class History(Protocol):
        """What a Conversation asks of a history."""

        def read(
            self, session: str
        ) -> Iterable[dict[str, Any]] | Awaitable[Iterable[dict[str, Any]]]: ...

        def append(self, session: str, messages: list[dict[str, Any]]) -> Maybe: ...

        def replace(self, session: str, messages: Iterable[dict[str, Any]]) -> Maybe: ...

        def delete(self, session: str) -> Maybe: ...


@public
class MemoryHistory:
    """Keeps conversations as long as the program runs; the messages are kept as they are given,
    not copied.

    Args:
        max_sessions: of how many sessions; the one longest unused is forgotten (on a chip, where
            dicts have no order, any). None for any number.
        max_messages: of how many messages of a session; the oldest turns are forgotten, as wholes.
            None for any number.
    """

    def __init__(
        self, max_sessions: "int | None" = None, max_messages: "int | None" = None
    ) -> None:
        self._sessions: dict[str, tuple[Any, ...]] = {}
        self._max_sessions = max_sessions
        self._max_messages = max_messages

    def read(self, session: str) -> "Sequence[dict[str, Any]]":
        """The messages of a session, none if it is not known. What comes later is not in it."""
        return self._sessions.get(session, ())

    def append(self, session: str, messages: "Iterable[Message]") -> None:
        """Adds the messages of a turn."""
        self.replace(session, self._sessions.get(session, ()) + tuple(messages))

    def replace(self, session: str, messages: "Iterable[Message]") -> None:
        """Puts other messages in the place of all."""
        kept = tuple(messages)
        if self._max_messages is not None and len(kept) > self._max_messages:
            start = len(kept) - self._max_messages
            while start < len(kept) and kept[start].get("role") != "user":
                start += 1
            kept = kept[start:]
        self._sessions.pop(session, None)
        self._sessions[session] = kept
        if self._max_sessions is not None and len(self._sessions) > self._max_sessions:
            self._sessions.pop(next(iter(self._sessions)), None)

    def delete(self, session: str) -> None:
        """Forgets a session; harmless when it is not known."""
        self._sessions.pop(session, None)
