"""What an endpoint has answered: the status, the headers, and the body while it arrives."""

from thinwire.core._compat import EVENT_LIMIT, const, loads_whole, public
from thinwire.core.errors import StreamError
from thinwire.core.wire.redaction import secrets

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Self

    from thinwire.core.exchange import Exchange
    from thinwire.core.routing.plan import Attempt
    from thinwire.core.stream import ChatStream

_SHOWN = const(80)  # characters


async def opened(stream: "ChatStream") -> "Reply":
    """The reply of a call of an endpoint, once the first of its body is there, or its end.

    Args:
        stream: has not been read.

    Raises:
        ThinwireError: no deployment answered.
    """
    reply = Reply(stream)
    try:
        await reply._advance()  # noqa: SLF001 - its other half
    except BaseException:
        await stream.aclose()
        raise
    return reply


@public
class Reply:
    """An answer whose body arrives while it is read. Read it to its end, or close it: `async with`
    does.

    Until a part of the body has been handed out, an answer that breaks off is asked for again as
    the client's retries and fallbacks say; `read` and `json` therefore never see half of one.

    Attributes:
        status: HTTP status, 200 to 299.
        headers: names in lower case -> value: all of them, unless the client's `keep_headers`
            names some; on a chip only those. See `header`.
        content_type: of the body, in lower case, "" when the server says none.
        deployment: name of the deployment that answered.
        attempts: list of Attempt, the last one is this answer's.
    """

    def __init__(self, stream: "ChatStream") -> None:
        self._stream = stream
        self._piece = memoryview(b"")
        self._ended = False

    @property
    def status(self) -> int:
        """See Reply."""
        return self._attempt().status

    @property
    def headers(self) -> "dict[str, str]":
        """See Reply."""
        return self._attempt().headers

    def header(self, name: str) -> "str | None":
        """Value of a header, in any case; None if there is none. On a chip, which keeps none that
        nobody asked it to, only until the body has been read to its end."""
        response = self._exchange().response
        found = self.headers.get(name.lower())
        return response.header(name) if found is None and response is not None else found

    @property
    def content_type(self) -> str:
        """See Reply."""
        return self._exchange().answer.content_type

    @property
    def deployment(self) -> str:
        """See Reply."""
        return self._attempt().deployment

    @property
    def attempts(self) -> "list[Attempt]":
        """See Reply."""
        return list(self._stream._plan.attempts)  # noqa: SLF001 - a stream is what a reply is made of

    async def next_piece(self) -> memoryview:
        """The next bytes of the body, as they have arrived; empty at its end. They are there until
        the next one is asked for."""
        self._stream._seen = True  # noqa: SLF001
        if not self._piece:
            await self._advance()
        piece, self._piece = self._piece, memoryview(b"")
        return piece

    async def readinto(self, buffer: "bytearray | memoryview") -> int:
        """Reads the next bytes of the body to the front of `buffer`.

        Returns:
            How many, at least one; 0 at the end of the body.

        Raises:
            StreamInterrupted: the body was cut off, or a clock ran out.
            StreamError: the reply was closed.
        """
        self._stream._seen = True  # noqa: SLF001
        if not self._piece:
            await self._advance()
        piece = self._piece
        count = min(len(piece), len(buffer))
        memoryview(buffer)[:count] = piece[:count]
        self._piece = piece[count:]
        return count

    async def read(self, limit: int = EVENT_LIMIT) -> bytes:
        """The rest of the body, which is closed then.

        Args:
            limit: the most that is kept in memory, in bytes.

        Raises:
            StreamError: it is longer.
        """
        body = bytearray()
        try:
            attempt = self._attempt()
            while self._piece or not self._ended:
                if not self._piece:
                    await self._advance()
                    if attempt is not self._attempt():  # it broke off, and begins anew
                        attempt = self._attempt()
                        body = bytearray()
                if len(body) + len(self._piece) > limit:
                    raise StreamError("the answer is larger than %d bytes" % limit)
                body.extend(self._piece)
                self._piece = memoryview(b"")
        finally:
            await self.aclose()
        return bytes(body)

    async def json(self, limit: int = EVENT_LIMIT) -> object:
        """The rest of the body as parsed JSON.

        Raises:
            StreamError: it is none, or longer than `limit` bytes.
        """
        body = await self.read(limit)
        try:
            return loads_whole(body)
        except ValueError:
            raise self.wrong("the answer is not JSON", body)

    def wrong(self, words: str, body: object) -> StreamError:
        """The error that says what is wrong with an answer, and how it begins: servers may repeat
        a key wherever they like."""
        request = self._exchange().request
        error = StreamError("%r" % (body,))
        for secret in secrets(request.headers, request.target.partition("?")[2], request.key):  # type: ignore[union-attr]
            error.hide(secret)
        return StreamError("%s: %s" % (words, error.message[:_SHOWN]))

    def aclose(self) -> "Coroutine[object, object, None]":
        """Releases the connection, once it is awaited. Idempotent."""
        return self._stream.aclose()

    async def __aenter__(self) -> "Self":
        return self

    def __aexit__(
        self, kind: object = None, error: object = None, trace: object = None
    ) -> "Coroutine[object, object, None]":
        return self.aclose()

    def __aiter__(self) -> "Reply":
        return self

    async def __anext__(self) -> memoryview:
        piece = await self.next_piece()
        if not piece:
            raise StopAsyncIteration
        return piece

    def __repr__(self) -> str:
        return "Reply(%d, %r, of %r)" % (self.status, self.content_type, self.deployment)

    async def _advance(self) -> None:
        # The next piece, or the end, where there is none at hand.
        if self._ended:
            return
        try:
            found = await self._stream.__anext__()
        except MemoryError as error:
            raise self._stream.out_of_memory(error)
        except StopAsyncIteration:  # which must not look like the end of the body
            raise StreamError("the reply was closed before its end")
        if isinstance(found, memoryview):
            self._piece = found
        else:
            self._ended = True
            await self._stream.aclose()

    def _exchange(self) -> "Exchange":
        return self._stream._exchange  # type: ignore[return-value]  # noqa: SLF001

    def _attempt(self) -> "Attempt":
        return self._exchange().attempt
