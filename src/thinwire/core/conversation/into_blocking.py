"""An answer to a call with `into=` as it arrives, without an event loop.

Loaded where a Client has one.
"""

from thinwire.core._compat import MICROPYTHON, const, public
from thinwire.core.sync import SyncChatStream

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any, Generic, TypeVar

    from thinwire.core.conversation.into import ParsedStream

    T = TypeVar("T")

    class OfStream(SyncChatStream, Generic[T]): ...

else:
    OfStream, T = (SyncChatStream,), 0


@public
class SyncParsedStream(OfStream[T]):
    """An answer to a call with `into=` as it arrives: an iterator of events; see ParsedStream."""

    _stream: "ParsedStream[T]"

    if not MICROPYTHON or TYPE_CHECKING:  # pragma: no branch (which has no such brackets)

        @classmethod
        def __class_getitem__(cls, kind: object) -> "type[SyncParsedStream[Any]]":
            """The class itself, for annotations such as SyncParsedStream[City]."""
            return cls

    @property
    def parsed(self) -> "T":
        """See ParsedStream.parsed."""
        return self._stream.parsed

    def partial(self) -> "Any":
        """See ParsedStream.partial."""
        return self._stream.partial()
