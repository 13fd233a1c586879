"""What a transport is given (transport.py holds the contract): one HTTP request, and its body,
which is encoded while the transport pulls it. A body counts what was taken from it, so that a
completion can say how much was uploaded.
"""

from thinwire.core._compat import const, public
from thinwire.core.errors import EncodeError, ThinwireError
from thinwire.core.wire.json_encode import JSONEncoder

_STALE_MS = const(500)
_STALE_MOST_MS = const(2000)  # a connection that took longer met a name lookup or a dead address


@public
class Request:
    """One HTTP request; built by the core, a fresh one for each attempt.

    Args:
        method: "POST" or "GET".
        scheme, host, port: where to; an IPv6 host stands without brackets.
        target: request target, path and query.
        authority: value of the Host header.
        headers: list of checked (name, value) pairs, without Host and framing.
        body: what to send, or None.

    Attributes:
        length: size of the body for Content-Length; None: it is sent chunked.
        connect_deadline_ms: when the connection must stand, TLS included.
        head_deadline_ms: when the response head must have arrived, the upload included.
        idle_ms: for transports that can only fix one read timeout for a whole response: the
            longest silence to allow after the head, in milliseconds; None for no limit.
        connected_ms: now_ms when the connection stood, name lookup and TCP; None: not yet, or the
            connection was kept from an earlier exchange. Set by the transport.
        secured_ms: now_ms when the TLS handshake was over; None as above, or no TLS.
        sent_ms: now_ms when the last byte of the body was written; None: not yet.
    """

    length: "int | None" = None
    connect_deadline_ms: "int | None" = None
    head_deadline_ms: "int | None" = None
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

    def connect_by(self) -> "int | None":
        """When the connection must stand: one that nobody has time left to use is of no use."""
        connect, head = self.connect_deadline_ms, self.head_deadline_ms
        return head if connect is None or (head is not None and head < connect) else connect

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


class Body:
    """Base of request bodies.

    Attributes:
        sent_bytes: bytes pulled so far.
        sent_blocks: pulls that gave bytes.
        failure: what reading it raised: no error of the exchange, whatever its class.
        failure_cause: its `__cause__`, which libraries on its way may take away.
    """

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
        return self._encoder is None or self._encoder.replayable

    def close(self) -> None:
        """Closes a source that is open."""
        if self._encoder is not None:
            self._encoder.close()

    def _read(self, buffer: "bytearray | memoryview") -> "int | None":
        if self._encoder is None:
            self._encoder = JSONEncoder(self._document, self._sizes)
        count = self._encoder.readinto(buffer)
        if self._length is not None and count is not None:
            # A body of another size than announced would be read as part of the next request.
            sent = self.sent_bytes + count
            if sent > self._length or (count == 0 and sent < self._length):
                text = "the request changed while it was sent: %s bytes were announced"
                raise EncodeError(text % self._length, "")
        return count
