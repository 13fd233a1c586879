"""What comes instead of a stream: error statuses, pages of a proxy, answers in one piece.

An error says what a caller can do: the server's own words, what kind of error they mean, and what
its headers say about trying again.
"""

from thinwire.core._compat import (
    BODY_LIMIT,
    EVENT_LIMIT,
    const,
    loads,
    loads_whole,
    unix_time,
)
from thinwire.core.answer import chunk
from thinwire.core.errors import StatusError, StreamError, TransportError
from thinwire.core.wire.http_date import LONGEST_MS, http_date, milliseconds

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.errors import ThinwireError
    from thinwire.core.transport import Response

_READ = const(1024)


async def error(
    response: "Response", content_type: str, deadline_ms: "int | None", start: bytes = b""
) -> "ThinwireError":
    """What a response means that no answer follows.

    Args:
        content_type: in lower case, "" when the server sent none.
        start: what of the body has been read already.

    Returns:
        StatusError: the status is no success; made from the error body, of which a bounded part
            is read.
        StreamError: a success that is a page for people, e.g. of a login.
    """
    status = response.status
    if 300 <= status < 400:
        return _redirection(response)
    body = bytearray(start)
    message = "the response has no body"
    try:
        await _read(response, BODY_LIMIT, deadline_ms, body)
    except (TransportError, StreamError) as unread:
        if status < 300:
            raise
        message = unread.message  # the status says enough; of the body what came is shown
    from thinwire.core.answer import error_object

    if status < 300:
        kind = content_type or "a page"
        what = error_object.shown(body)
        return StreamError("the answer is %s, not a stream: %s" % (kind, what))
    value: object = None
    begin, end = error_object.in_event(body)
    try:
        value = loads(body, begin, end)
    except ValueError:
        pass  # a page, a text, or nothing
    snippet = chunk.snippet(body)
    if not isinstance(value, (dict, list)):
        value, mark = error_object.shown(body), "%d " % status
        if value.startswith(mark):  # "413 Request Entity Too Large": said once is enough
            value = value[len(mark) :]
    # Nothing is made once the error is: a full heap hides no failure.
    wait, again = retry_after_ms(response), should_retry(response)
    result = error_object.error_of(value, status, wait, snippet or message)
    result.body_snippet = snippet
    result.should_retry = again
    return result


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
    body = bytearray(start)
    await _read(response, EVENT_LIMIT, deadline_ms, body)
    return body


async def readinto(response: "Response", buffer: memoryview, deadline_ms: "int | None") -> int:
    """Reads body bytes to the front of `buffer`; 0 at the end. For what is no stream."""
    count = response.receive(buffer)
    while count is None:
        await response.wait(deadline_ms)
        count = response.receive(buffer)
    start = response.offset
    if start and count:
        buffer[:count] = buffer[start : start + count]
    return count


def document(body: bytearray) -> "dict[str, object]":
    """The JSON object that `body` is.

    Raises:
        StreamError: it is none.
    """
    try:
        value = chunk.unwrapped(loads_whole(body))
    except ValueError:
        raise StreamError("the answer is not JSON: " + chunk.snippet(body))
    if not isinstance(value, dict):
        raise StreamError("the answer is not a JSON object: " + chunk.snippet(body))
    return value


def retry_after_ms(response: "Response") -> "int | None":
    """How long the server asks to wait (RFC 9110 §10.2.3).

    Read from `retry-after-ms`, else from `retry-after`, in seconds or as a date. A date counts
    from the server's own `Date`, so that a wrong clock here does not matter.

    Returns:
        Milliseconds, 0 for a date that has passed; None when there is nothing usable.
    """
    for name, factor in (("retry-after-ms", 1), ("retry-after", 1000)):
        text = (response.header(name) or "").strip()
        found = milliseconds(text, factor)
        if found is not None:
            return found
    then = http_date(text) if text else None
    if then is None:
        return None
    now = http_date(response.header("date") or "") or unix_time()
    return min(max(then - now, 0) * 1000, LONGEST_MS) if now else None


def should_retry(response: "Response") -> "bool | None":
    """What `x-should-retry` says (OpenAI, Anthropic); None when it says nothing."""
    word = (response.header("x-should-retry") or "").strip().lower()
    return word == "true" if word in ("true", "false") else None


def _redirection(response: "Response") -> StatusError:
    # Following would send the key to whoever the answer names, and its path may be a secret of
    # its own (RFC 9110 §15.4): only the origin is told.
    target = (response.header("location") or "").replace("\\", "/")  # as browsers read it
    scheme, mark, rest = target.partition("//")  # RFC 3986 §4.2: //host names one, too
    if scheme and not _is_scheme(scheme):
        mark = ""
    host = rest.split("/")[0].split("?")[0].split("#")[0].split("@")[-1]
    where = scheme + mark + host if mark and host else "another path of the same server"
    message = "redirected to %s; redirects are not followed: correct base_url" % where
    return StatusError(response.status, chunk.one_line(message))


def _is_scheme(text: str) -> bool:
    return text[-1] == ":" and not [c for c in text if c in "/?#"]


async def _read(
    response: "Response", limit: int, deadline_ms: "int | None", body: bytearray
) -> None:
    # Reads into `body`, to the end or to the limit: what came before an error is there, too.
    piece = bytearray(_READ)
    view = memoryview(piece)
    while len(body) <= limit:
        count = await readinto(response, view, deadline_ms)
        if not count:
            return
        body.extend(view[:count])
    if limit == EVENT_LIMIT:
        raise StreamError("the answer is larger than %d bytes" % limit)
