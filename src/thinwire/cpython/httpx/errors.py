"""Translates httpx's errors to ours, once, at the edge; httpx2's, which have the same names."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from thinwire.core.errors import (
    ConnectError,
    ReadError,
    TransportError,
    TransportTimeout,
    WriteError,
    certificate_error,
)
from thinwire.core.request.http_request import Body
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
    "UnsupportedProtocol": ConnectError,
    "InvalidURL": ConnectError,
    "WriteError": WriteError,
}


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
        names = names_of(error)
        if not names and not isinstance(error, TimeoutError):
            raise
        if doing == "close":
            return
        if "LocalProtocolError" in names:
            # Its words may quote a header value, and with it a key.
            raise WriteError("the request is not valid HTTP") from None
        raise _ours(error, names, doing) from error


def _ours(error: Exception, names: list[str], doing: str) -> TransportError:
    words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    is_certificate = _is_of_certificate(error)
    _bare(error, names)
    if not names:
        return TransportTimeout(words, doing, error)
    for name in names:
        if name in _TIMEOUTS:
            return TransportTimeout(words, _TIMEOUTS[name] or doing, error)
    if is_certificate:
        return certificate_error(words, error)
    for name in names:
        if name in _OTHERS:
            return _OTHERS[name](words, error)
    return ReadError(words, error)


def _is_of_certificate(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error is not None


def _bare(error: Exception, names: list[str]) -> None:
    # It is the cause that a user sees: without what led to it inside of httpx and httpcore, five
    # errors for one timeout, and without the request, whose headers hold the key.
    error.__traceback__ = error.__cause__ = error.__context__ = None
    if "RequestError" in names:
        error.request = None  # type: ignore[attr-defined]
