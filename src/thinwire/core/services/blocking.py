"""A reply for a Client: the same one, of which each method blocks."""

from thinwire.core._compat import EVENT_LIMIT, const, public
from thinwire.core.sync import run

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Self

    from thinwire.core.routing.plan import Attempt
    from thinwire.core.services.reply import Reply


@public
class SyncReply:
    """An answer whose body arrives while it is read; see Reply."""

    def __init__(self, reply: "Reply") -> None:
        self._reply = reply

    @property
    def status(self) -> int:
        """See Reply."""
        return self._reply.status

    @property
    def headers(self) -> "dict[str, str]":
        """See Reply."""
        return self._reply.headers

    def header(self, name: str) -> "str | None":
        """See Reply."""
        return self._reply.header(name)

    @property
    def content_type(self) -> str:
        """See Reply."""
        return self._reply.content_type

    @property
    def deployment(self) -> str:
        """See Reply."""
        return self._reply.deployment

    @property
    def attempts(self) -> "list[Attempt]":
        """See Reply."""
        return self._reply.attempts

    def next_piece(self) -> memoryview:
        """See Reply."""
        return run(self._reply.next_piece())  # type: ignore[return-value]

    def readinto(self, buffer: "bytearray | memoryview") -> int:
        """See Reply."""
        return run(self._reply.readinto(buffer))  # type: ignore[return-value]

    def read(self, limit: int = EVENT_LIMIT) -> bytes:
        """See Reply."""
        return run(self._reply.read(limit))  # type: ignore[return-value]

    def json(self, limit: int = EVENT_LIMIT) -> object:
        """See Reply."""
        return run(self._reply.json(limit))

    def close(self) -> None:
        """Releases the connection. Idempotent."""
        run(self._reply.aclose())

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, kind: object = None, error: object = None, trace: object = None) -> None:
        self.close()

    def __iter__(self) -> "Self":
        return self

    def __next__(self) -> memoryview:
        piece = self.next_piece()
        if not piece:
            raise StopIteration
        return piece

    def __repr__(self) -> str:
        return repr(self._reply)
