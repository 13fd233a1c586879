"""A loop of tools for a Client: the same one, of which each step blocks."""

from thinwire.core._compat import const, public
from thinwire.core.sync import SyncChatStream

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any, Self

    from thinwire.core.conversation.tool_loop import LoopEvent, ToolLoop


@public
class SyncToolLoop(SyncChatStream):
    """Rounds of tools as they go: an iterator of events, StreamComplete last; see ToolLoop.

    The calls of an answer are run after it, one by one. An async function is refused with
    TypeError as soon as it waits.
    """

    _stream: "ToolLoop"  # type: ignore[assignment]  # it is read as a ChatStream is

    if TYPE_CHECKING:

        def __init__(self, stream: ToolLoop) -> None: ...

        def __iter__(self) -> Self: ...

        def __next__(self) -> LoopEvent: ...  # type: ignore[override]

    @property
    def messages(self) -> "list[dict[str, Any]]":
        """See ToolLoop."""
        return self._stream.messages

    @property
    def rounds(self) -> int:
        """See ToolLoop."""
        return self._stream.rounds

    @property
    def usage(self) -> "dict[str, Any]":
        """See ToolLoop."""
        return self._stream.usage
