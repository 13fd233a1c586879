"""Translates httpx's errors to ours, once, at the edge; httpx2's, which have the same names."""

from collections.abc import Iterator
from contextlib import contextmanager

from thinwire.core.errors import (
    ConnectError,
    EncodeError,
    ReadError,
    ThinwireError,
    TransportError,
    TransportTimeout,
    WriteError,
    certificate_error,
)
from thinwire.core.request.http_request import Body
from thinwire.cpython import words
from thinwire.cpython.httpx.clients import names_of

# Timeouts and the phase they mean; "" for whatever was being done.
_TIMEOUTS = {
    "ConnectTimeout": "connect",
    "PoolTimeout": "connect",
    "WriteTimeout": "write",
    "ReadTimeout": "",
}
_OTHERS: dict[str, type[TransportError]] = {
    "ConnectError": ConnectError,
    "ProxyError": ConnectError,
    "WriteError": WriteError,
}
# Of h11's words: a header that is not well formed, Host missing or given twice.
_CALLERS = ("Illegal header", "Host: header")


@contextmanager
def translated(doing: str, body: Body | None = None) -> Iterator[None]:
    """Raises ours for every error of httpx inside the block; others pass, and what reading `body`
    raised, which is the caller's own.

    Args:
        doing: "head", "read" or "close": the phase of a timeout. Errors of "close" are dropped,
            since the response is of no further use and nothing is lost.
    """
    try:
        yield
    except Exception as error:
        if body is not None and body.failure is error:
            error.__cause__ = body.failure_cause  # httpcore raises everything `from None`
            error.__suppress_context__ = body.failure_cause is not None
            raise
        found = translation(error, doing)
        if found is error:
            raise
        if doing != "close":
            raise found from found.__cause__


def translation(error: Exception, doing: str) -> Exception:
    """What to raise for an error; itself where it is none of httpx's. See `translated`."""
    names = names_of(error)
    if type(error) is RuntimeError and "client has been closed" in str(error):
        # By another thread, after it was chosen: nothing was sent, and a new one is made.
        return ConnectError("the client was closed while a request was about to be sent")
    if not names and not isinstance(error, TimeoutError):
        return error
    if "LocalProtocolError" in names:
        # Its words may quote a header value, and with it a key.
        return _of_the_request(error)
    if names[:1] == ["UnsupportedProtocol"] or "InvalidURL" in names:
        # The caller's mistake, and no server's: not tried again.
        return EncodeError(f"this address cannot be asked: {error}", "")
    found = _ours(error, names, doing)
    found.__cause__ = error
    return found


def _of_the_request(error: Exception) -> ThinwireError:
    # Our own headers were checked when they were given: others come from an own http_client, from
    # its hooks or its auth. What h11 says else is about the state of a connection.
    if any(part in str(error) for part in _CALLERS):
        return EncodeError(
            "the request is not valid HTTP: http_client, or a hook or auth of it, adds a header"
            " that no request may carry",
            "",
        )
    return WriteError("the request is not valid HTTP")


def _ours(error: Exception, names: list[str], doing: str) -> TransportError:
    connecting = "ConnectError" in names
    told = words.describe(error, connecting)
    is_certificate = words.is_certificate(error)
    _bare(error, names)
    if not names:
        return TransportTimeout(told, doing, error)
    for name in names:
        if name in _TIMEOUTS:
            return TransportTimeout(told, _TIMEOUTS[name] or doing, error)
    if is_certificate:
        return certificate_error(told, error)
    for name in names:
        if name in _OTHERS:
            return _OTHERS[name](told, error)
    return ReadError(told, error)


def _bare(error: Exception, names: list[str]) -> None:
    # It is the cause that a user sees: without what led to it inside of httpx and httpcore, five
    # errors for one timeout, and without the request, whose headers hold the key.
    error.__traceback__ = error.__cause__ = error.__context__ = None
    if "RequestError" in names:
        error.request = None  # type: ignore[attr-defined]
