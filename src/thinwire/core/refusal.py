# What comes instead of a stream: error statuses, pages of a proxy, answers in one piece of JSON.

from thinwire.core import chunk
from thinwire.core._compat import BODY_LIMIT, EVENT_LIMIT, TYPE_CHECKING, decode, loads
from thinwire.core.errors import StatusError, StreamError, TransportError
from thinwire.core.retry import retry_after_ms

if TYPE_CHECKING:
    from thinwire.core.transport import Response

_SNIPPET = 200  # characters of an unexpected body that an error shows
_READ = 1024


async def check(response: "Response", deadline_ms: "int | None") -> bool:
    """Looks at a response head.

    Returns:
        True when the body is to be read as a stream, False when it is one JSON document.

    Raises:
        StatusError: the status is not 200; made from the error body, of which a bounded part is
            read.
        StreamError: a 200 that says it is neither, e.g. a login page.
    """
    if response.status != 200:
        raise await _status_error(response, deadline_ms)
    kind = (response.header("content-type") or "").lower()
    if "json" in kind and "event-stream" not in kind:
        return False
    if "html" in kind:
        body = await _read(response, BODY_LIMIT, deadline_ms)
        raise StreamError("the answer is %s, not a stream: %s" % (kind, snippet(body)))
    return True


async def read_whole(response: "Response", deadline_ms: "int | None") -> bytearray:
    """The whole body.

    Raises:
        StreamError: it is larger than an event may be.
        TransportError: it was cut off.
    """
    return await _read(response, EVENT_LIMIT, deadline_ms)


def document(body: bytearray) -> "dict[str, object]":
    """The JSON object that `body` is.

    Raises:
        StreamError: it is none.
    """
    try:
        value = chunk.unwrapped(chunk.whole(body))
    except ValueError:
        raise StreamError("the answer is not JSON: " + snippet(body))
    if not isinstance(value, dict):
        raise StreamError("the answer is not a JSON object: " + snippet(body))
    return value


async def _status_error(response: "Response", deadline_ms: "int | None") -> StatusError:
    body = bytearray()
    try:
        await _read(response, BODY_LIMIT, deadline_ms, body)
    except (TransportError, StreamError):
        pass  # the status says enough; of the body what came is shown
    try:
        value = chunk.mapping(chunk.unwrapped(loads(body, 0, len(body))))
    except ValueError:
        value = {}
    wait = retry_after_ms(response.header("retry-after-ms"), response.header("retry-after"))
    start = snippet(body)
    words = start or "the response has no body"
    error = chunk.error_from(value.get("error") or value, response.status, wait, words)
    error.body_snippet = start
    return error


async def _read(
    response: "Response", limit: int, deadline_ms: "int | None", body: "bytearray | None" = None
) -> bytearray:
    # Reads to the end or to the limit. `body` lets the caller keep what came before an error.
    body = bytearray() if body is None else body
    piece = bytearray(_READ)
    view = memoryview(piece)
    while len(body) <= limit:
        count = await response.readinto(view, deadline_ms)
        if not count:
            return body
        body.extend(view[:count])
    if limit == EVENT_LIMIT:
        raise StreamError("the answer is larger than %d bytes" % limit)
    return body


def snippet(body: bytearray) -> str:
    """Start of an unexpected body, for a person to read."""
    return chunk.one_line(decode(body, 0, min(len(body), 4 * _SNIPPET)), _SNIPPET)
