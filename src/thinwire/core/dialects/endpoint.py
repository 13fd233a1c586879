"""No dialect of its own: requests to any endpoint, whose answers are handed out as bytes. A call
names it (Call.dialect), whatever its deployment speaks.

What arrives stays in the receive buffer until the first delta is in it: so long the attempt may
still be another's. From then on each piece is handed out where it stands.
"""

from thinwire.core._compat import MICROPYTHON, const
from thinwire.core.answer.answer import Answer
from thinwire.core.answer.assembler import CompletionAssembler
from thinwire.core.dialects.authorization import key_header
from thinwire.core.request.http_request import Request

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable

    from thinwire.core.request.endpoint_call import EndpointCall
    from thinwire.core.routing.deployment import URL, Deployment
    from thinwire.core.wire.reserve import Reserve

_DATA = const(b"data:")


def request(
    deployment: "Deployment",
    name: str,
    call: "EndpointCall",
    key: "str | None" = None,
    first_provider: str = "",
) -> Request:
    """The request; see openai.request."""
    headers = [("Accept", "*/*"), ("Accept-Encoding", "identity"), ("User-Agent", "thinwire")]
    if call.media_type:
        headers.append(("Content-Type", call.media_type))
    usual, options = "bearer", deployment.options
    if deployment.dialect == "anthropic":
        headers.append(("anthropic-version", "2023-06-01"))
        usual = "x-api-key"
    given = key_header("" if options is None else options.auth, key, usual)
    for more in (deployment.headers(*given), list(call.extra_headers.items())):
        names = [one.lower() for one, _ in more]
        headers = [pair for pair in headers if pair[0].lower() not in names] + more
    url = deployment.url
    body = call.made(deployment.model or name)
    target, place = _target(url, call.path), url.authority()
    return Request(call.method, url.scheme, url.host, url.port, target, place, headers, body)


def answer(
    deployment: "Deployment", call: "EndpointCall", buffers: "Reserve", buffer: bytearray
) -> Answer:
    """What hands out the answer; see openai.answer."""
    return BytesAnswer(buffers, buffer, call.is_delta)


def _target(url: "URL", path: str) -> str:
    path, mark, query = path.partition("?")
    path = path[1:] if path[:2] == "//" else url.path + path
    if url.query:
        query = url.query + (mark and "&" + query)
    return path + ("?" + query if query else "")


class _Nothing(CompletionAssembler):
    # Of no chunks there is no completion, which would be an empty one.
    def is_empty(self) -> bool:
        return False


class BytesAnswer(Answer):
    """An answer whose events are its bytes, as memoryviews of the receive buffer.

    Args:
        buffers, buffer: see Answer.
        is_delta: see Services.open.
    """

    _from = 0  # in the buffer: where what has not been handed out begins, and
    _size = 0  # how much there is of it
    _told = False  # the first delta has come

    def __init__(
        self,
        buffers: "Reserve",
        buffer: bytearray,
        is_delta: "Callable[[memoryview], bool] | None",
    ) -> None:
        super().__init__(False, buffers, buffer, 1, _Nothing)
        self._is_delta = is_delta

    def tell(self, on_chunk: object) -> None:
        """There are no chunks to tell of."""

    def first_byte(self) -> int:
        """It need not be looked at: whatever comes is the answer, documents and pages as well."""
        return 0

    if not MICROPYTHON or TYPE_CHECKING:  # pragma: no branch

        def release_buffer(self) -> None:
            """See Answer."""
            if self._lent and not self._size:
                lent, self._lent = self._lent, bytearray()
                self._buffers.release(lent)  # type: ignore[union-attr]

    def get_buffer(self) -> memoryview:
        """Where to receive to: behind what is held back."""
        if not self._lent:
            self._lent = self._buffers.acquire()  # type: ignore[union-attr]
        return memoryview(self._lent)[self._size :]

    def buffer_updated(self, count: int, offset: int = 0) -> None:
        """See Answer."""
        if not count:
            self.eof = True
            return
        self.received += count
        if not self._size:
            self._from = offset
        elif offset:
            view, start = memoryview(self._lent), self._size + offset  # type: ignore[arg-type]
            view[self._size : self._size + count] = view[start : start + count]
        self._size += count

    def next_event(self) -> "memoryview | None":  # type: ignore[override]
        """The next piece, which the next `get_buffer` gives away; None when more bytes are
        needed, or at the `end`."""
        size = self._size
        if not size:
            if self.eof:
                self.end = "finish"
            return None
        piece = memoryview(self._lent)[self._from : self._from + size]  # type: ignore[arg-type]
        if not self._told and not self.eof:
            if self._is_delta is not None:
                self._told = self._is_delta(piece)
            else:
                self._told = not self._is_stream() or _has_data(piece)
            if not self._told and size < len(self._lent):  # type: ignore[arg-type]
                if self._from:  # what follows goes behind it
                    memoryview(self._lent)[:size] = piece  # type: ignore[arg-type]
                    self._from = 0
                return None
            self._told = True
        self._size = self._from = 0
        return piece

    def _is_stream(self) -> bool:
        return self.content_type.startswith("text/event-stream")


def _has_data(piece: memoryview) -> bool:
    # Comments and blank lines keep a connection alive, and are no delta.
    data = bytes(piece)
    return data.startswith(_DATA) or b"\n" + _DATA in data or b"\r" + _DATA in data
