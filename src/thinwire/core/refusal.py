# What comes instead of a stream: error statuses, pages of a proxy, answers in one piece of JSON.

from thinwire.core import _errors as errors
from thinwire.core import chunk
from thinwire.core._compat import BODY_LIMIT, EVENT_LIMIT, const, decode, loads
from thinwire.core.retry_after import retry_after_ms, should_retry

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.errors import StatusError, ThinwireError
    from thinwire.core.transport import Response

_SNIPPET = const(200)  # characters of an unexpected body that an error shows
_READ = const(1024)


async def error(
    response: "Response", content_type: str, deadline_ms: "int | None"
) -> "ThinwireError":
    """What a response means that no answer follows.

    Args:
        content_type: in lower case, "" when the server sent none.

    Returns:
        StatusError: the status is not 200; made from the error body, of which a bounded part is
            read.
        StreamError: a 200 that is a page for people, e.g. of a login.
    """
    if response.status != 200:
        return await _status_error(response, deadline_ms)
    body = await _read(response, BODY_LIMIT, deadline_ms)
    words = "the answer is %s, not a stream: %s" % (content_type, snippet(body))
    return errors.StreamError(words)


async def read_whole(
    response: "Response", deadline_ms: "int | None", start: bytes = b""
) -> bytearray:
    """The whole body.

    Args:
        start: what of it has been read already.

    Raises:
        StreamError: it is larger than an event may be.
        TransportError: it was cut off.
    """
    return await _read(response, EVENT_LIMIT, deadline_ms, bytearray(start))


def document(body: bytearray) -> "dict[str, object]":
    """The JSON object that `body` is.

    Raises:
        StreamError: it is none.
    """
    try:
        value = chunk.unwrapped(chunk.whole(body))
    except ValueError:
        raise errors.StreamError("the answer is not JSON: " + snippet(body))
    if not isinstance(value, dict):
        raise errors.StreamError("the answer is not a JSON object: " + snippet(body))
    return value


def _redirection(response: "Response") -> "StatusError":
    # Following would send the key to whoever the answer names, and its path may be a secret of
    # its own (RFC 9110 §15.4): only the origin is told.
    target = response.header("location") or ""
    scheme, mark, rest = target.partition("://")
    host = rest.split("/")[0].split("?")[0].split("#")[0].split("@")[-1]
    where = scheme + mark + host if mark else "another path of the same server"
    words = "redirected to %s; redirects are not followed: correct base_url" % where
    return errors.StatusError(response.status, chunk.one_line(words))


async def _status_error(response: "Response", deadline_ms: "int | None") -> "StatusError":
    if 300 <= response.status < 400:
        return _redirection(response)
    body = bytearray()
    words = "the response has no body"
    try:
        await _read(response, BODY_LIMIT, deadline_ms, body)
    except (errors.TransportError, errors.StreamError) as unread:
        words = unread.message  # the status says enough; of the body what came is shown
    try:
        value = chunk.mapping(chunk.unwrapped(loads(body, 0, len(body))))
    except ValueError:
        value = {}
    start = snippet(body)
    found = value.get("error") or value
    words = _said_elsewhere(value) or start or words
    result = chunk.error_from(found, response.status, retry_after_ms(response), words)
    result.body_snippet = start
    result.should_retry = should_retry(response)
    return result


def _said_elsewhere(value: "dict[str, object]") -> str:
    # Words outside of an error object: FastAPI's `detail`, a text or a list of complaints, and the
    # `errors` of gateways.
    return chunk.text(value.get("detail"), "msg") or chunk.text(value.get("errors"), "message")


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
        try:
            body.extend(view[:count])
        except MemoryError:  # see SSEParser: a chip's heap may have no block of this size
            raise errors.StreamError("no memory for an answer of %d bytes" % (len(body) + count))
    if limit == EVENT_LIMIT:
        raise errors.StreamError("the answer is larger than %d bytes" % limit)
    return body


def snippet(body: bytearray) -> str:
    """Start of an unexpected body, for a person to read."""
    return chunk.one_line(decode(body, 0, min(len(body), 4 * _SNIPPET)), _SNIPPET)
