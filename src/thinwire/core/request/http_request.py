"""What a transport is given (transport.py holds the contract): one HTTP request, and its body,
which is encoded while the transport pulls it. A body counts what was taken from it, so that a
completion can say how much was uploaded.
"""

from thinwire.core._compat import const, public
from thinwire.core.errors import EncodeError, ReadError, ThinwireError
from thinwire.core.wire.json_encode import JSONEncoder

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable

_STALE_MS = const(500)
_STALE_MOST_MS = const(2000)  # a connection that took longer met a name lookup or a dead address


@public
class Abortable:
    """What one task waits for, and any other may call off.

    Attributes:
        aborted: it was called off.
        wake: whoever is about to wait sets it, and then looks at `aborted`; it is called once,
            from any task or thread, and ends the wait. None: nobody has to be woken.
    """

    aborted = False
    wake: "Callable[[], object] | None" = None

    def abort(self) -> None:
        """Wakes whoever waits, at once. Idempotent."""
        self.aborted = True
        wake, self.wake = self.wake, None
        if wake is not None:
            wake()

    def check(self) -> None:
        """Does nothing unless it was called off.

        Raises:
            ReadError: it was; `closed` is True.
        """
        if self.aborted:
            raise ReadError("the stream was closed", None, True)


@public
class Request(Abortable):
    """One HTTP request; built by the core, a fresh one for each attempt.

    Args:
        method: "POST" or "GET".
        scheme, host, port: where to; an IPv6 host stands without brackets.
        target: request target, path and query.
        authority: value of the Host header.
        headers: list of checked (name, value) pairs, without Host and framing.
        body: what to send, or None.

    Attributes:
        key: the API key that one of its headers holds, or None; never to be shown.
        length: size of the body for Content-Length, found by `first_block` where that is all of
            it; None: it is sent chunked.
        chunked: it is sent chunked, however small it is.
        in_chunks: a transport has begun to send it chunked; set by `first_block`.
        unproven: whether the server takes chunks is not known.
        public_only: only addresses of the public internet may be connected to; see
            providers/public_only.py.
        connect_deadline_ms: when the connection must stand, TLS included.
        upload_ms: the longest time in which nothing more could be handed over, in milliseconds;
            None for no limit.
        head_ms: the longest time from the last byte of the body to the response head, likewise.
        total_deadline_ms: when the whole call must be over; None: whenever it is.
        on_upload: called when more of the request was handed over, and when all was; or None.
        handed_ms: now_ms when bytes were handed over last; None: the upload has not begun, or it
            waits for the caller's own producer. Set by `handed_over`.
        idle_ms: for transports that can only fix one read timeout for a whole response: the
            longest silence to allow after the head, in milliseconds; None for no limit.
        connected_ms: now_ms when the connection stood, name lookup and TCP; None: not yet, or the
            connection was kept from an earlier exchange. Set by the transport.
        secured_ms: now_ms when the TLS handshake was over; None as above, or no TLS.
        sent_ms: now_ms when the last byte of the body was written; None: not yet. Set by `sent`.
    """

    key: "str | None" = None
    length: "int | None" = None
    chunked = False
    in_chunks = False
    unproven = False
    public_only = False
    connect_deadline_ms: "int | None" = None
    upload_ms: "int | None" = None
    head_ms: "int | None" = None
    total_deadline_ms: "int | None" = None
    on_upload: "Callable[[], object] | None" = None
    handed_ms: "int | None" = None
    idle_ms: "int | None" = None
    connected_ms: "int | None" = None
    secured_ms: "int | None" = None
    sent_ms: "int | None" = None

    def __init__(
        self,
        method: str,
        scheme: str,
        host: str,
        port: int,
        target: str,
        authority: str,
        headers: "list[tuple[str, str]]",
        body: "Body | None",
    ) -> None:
        self.method = method
        self.scheme = scheme
        self.host = host
        self.port = port
        self.target = target
        self.authority = authority
        self.headers = headers
        self.body = body

    def first_block(self, buffer: memoryview, ahead: bool = False) -> int:
        """Reads the start of the body, before the head is written: what ends there can be sent
        with its length (RFC 9112 §6.3), which every server knows, and together with the head.

        Args:
            buffer: to read into, as far as there is something to be had now.
            ahead: there is no connection yet. What can be read only once is left alone, since
                there may never be one, and nothing counts as sent.

        Returns:
            Number of bytes.
        """
        body: Body = self.body  # type: ignore[assignment]
        if ahead:
            body.once = False
        size, count = 0, -1
        try:
            while count and size < len(buffer):
                count = body.readinto(buffer[size:])  # type: ignore[assignment]
                size += count or 0
        finally:
            if ahead:
                body.once = True
                body.sent_bytes -= size
        if count == 0 and self.length is None and not self.chunked:
            self.length = size
        self.in_chunks = self.length is None
        return size

    def connect_by(self) -> "int | None":
        """When the connection must stand: one that nobody has time left to use is of no use."""
        return _earlier(self.connect_deadline_ms, self.total_deadline_ms)

    def handed_over(self, now_ms: "int | None") -> None:
        """Takes note that the system took more of the request, or that it could.

        Args:
            now_ms: the time; None: the caller's producer has nothing yet, which is no fault of
                the server.
        """
        self.handed_ms = now_ms
        if self.on_upload is not None:
            self.on_upload()

    def sent(self, now_ms: int) -> None:
        """Takes note that the last byte was handed over."""
        self.sent_ms = now_ms
        if self.on_upload is not None:
            self.on_upload()

    def deadline(self) -> "int | None":
        """When the wait under way must be over, once the connection stands."""
        since, limit, total = self.sent_ms, self.head_ms, self.total_deadline_ms
        if since is None:
            since, limit = self.handed_ms, self.upload_ms
            if since is None:
                return total
        if limit is None or (total is not None and total < since + limit):
            return total
        return since + limit

    def unheard(self, now_ms: int, connect_ms: int) -> bool:
        """Whether the server of a kept connection cannot have taken the request, as far as can be
        known (RFC 9110 §9.2.2): the connection has ended without a byte of an answer before all
        was sent, or so soon afterwards that its end must have been under way.

        Args:
            now_ms: when it ended.
            connect_ms: how long the connection took to make, as a measure of the way.
        """
        sent = self.sent_ms
        return sent is None or now_ms - sent <= min(max(_STALE_MS, 2 * connect_ms), _STALE_MOST_MS)


def _earlier(one: "int | None", other: "int | None") -> "int | None":
    return other if one is None or (other is not None and other < one) else one


class Body:
    """Base of request bodies.

    Attributes:
        sent_bytes: bytes pulled so far.
        sent_blocks: pulls that gave bytes.
        once: whether what can be read only once may be read.
        failure: what reading it raised: no error of the exchange, whatever its class.
        failure_cause: its `__cause__`, which libraries on its way may take away.
    """

    once = True

    def __init__(self) -> None:
        self.sent_bytes = 0
        self.sent_blocks = 0
        # Here, so that to set them later takes no memory.
        self.failure: Exception | None = None
        self.failure_cause: BaseException | None = None

    def readinto(self, buffer: "bytearray | memoryview") -> "int | None":
        """Fills `buffer`; returns the byte count, 0 at the end, None: `await more()` first."""
        try:
            count = self._read(buffer)
        except Exception as error:
            self.failed(error)
            raise
        if count:
            self.sent_bytes += count
            self.sent_blocks += 1
        return count

    async def more(self) -> None:
        """Waits until `readinto` has something to say. Only after it returned None."""

    def length(self) -> "int | None":
        """Exact size in bytes, or None when only sending tells."""
        return None

    def close(self) -> None:
        """Frees what the body holds open; harmless when called again."""

    def _read(self, buffer: "bytearray | memoryview") -> "int | None":
        raise NotImplementedError

    def failed(self, error: Exception) -> None:
        """Takes note that code of the caller's, which produces the body, has raised `error`."""
        self.failure = error
        self.failure_cause = getattr(error, "__cause__", None)
        if isinstance(error, ThinwireError) and not isinstance(error, EncodeError):
            error.foreign = True

    def replayable(self) -> bool:
        """Whether what was sent so far can be had again for another attempt."""
        return self.sent_blocks == 0

    def rewind(self) -> bool:
        """Begins anew, where the same request has to be sent once more within one exchange.

        Returns:
            False where what was sent cannot be had again; then nothing has changed.
        """
        if not self.replayable():
            return False
        self.close()
        self.sent_bytes = self.sent_blocks = 0
        self.ended = False
        return True


class JSONBody(Body):
    """A document, encoded while it is pulled.

    Args:
        document: see JSONEncoder.
        sizes: see JSONEncoder.

    Raises (from reading): EncodeError, also when the document is no longer as long as `length`
        said.
    """

    def __init__(
        self, document: "dict[str, object]", sizes: "dict[str, int] | None" = None
    ) -> None:
        super().__init__()
        self._document = document
        self._sizes = {} if sizes is None else sizes
        self._encoder: JSONEncoder | None = None
        self._length: int | None = None
        # As far as it was encoded before it was closed. From the start: to gain an attribute takes
        # memory, which there may be none of when a failure closes it.
        self._replayable = True

    def length(self) -> "int | None":
        """Size of the encoded document, found by encoding it once without sending it; None, with
        all left alone, when it can be read only once.
        """
        try:
            self._length = JSONEncoder(self._document, self._sizes, False).count()
        except Exception as error:
            self.failed(error)
            raise
        return self._length

    def repeatable(self) -> bool:
        """Whether all of the document can be read again; found without opening its sources.

        Raises:
            EncodeError: the document holds what JSON cannot carry.
        """
        try:
            return JSONEncoder(self._document, None, False, False).count() is not None
        except Exception as error:
            self.failed(error)
            raise

    async def more(self) -> None:
        """Waits for a source that is read while it is sent."""
        if self._encoder is not None:
            try:
                await self._encoder.more()
            except Exception as error:
                self.failed(error)
                raise

    def replayable(self) -> bool:
        """See Body.replayable."""
        return self._replayable if self._encoder is None else self._encoder.replayable

    def close(self) -> None:
        """Closes a source that is open; nothing is kept of what was encoded."""
        encoder = self._encoder
        if encoder is not None:
            self._replayable = encoder.replayable
            self._encoder = None
            encoder.close()

    def _read(self, buffer: "bytearray | memoryview") -> "int | None":
        if self._encoder is None:
            self._encoder = JSONEncoder(self._document, self._sizes, self.once)
        self._encoder.once = self.once
        count = self._encoder.readinto(buffer)
        if self._length is not None and count is not None:
            # A body of another size than announced would be read as part of the next request.
            sent = self.sent_bytes + count
            if sent > self._length or (count == 0 and sent < self._length):
                text = "the request changed while it was sent: %s bytes were announced"
                raise EncodeError(text % self._length, "")
        return count
