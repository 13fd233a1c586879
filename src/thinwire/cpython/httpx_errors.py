"""Translates httpx's errors to ours, once, at the edge."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from thinwire.core.errors import (
    ConnectError,
    ReadError,
    ThinwireError,
    TransportError,
    TransportTimeout,
    WriteError,
    certificate_error,
)

# Timeouts and the phase they mean; "" for whatever was being done.
_TIMEOUTS: tuple[tuple[type[Exception], str], ...] = (
    (httpx.ConnectTimeout, "connect"),
    (httpx.PoolTimeout, "connect"),
    (httpx.WriteTimeout, "write"),
    (httpx.ReadTimeout, ""),
    (TimeoutError, ""),
)
_OTHERS: tuple[tuple[type[Exception], type[TransportError]], ...] = (
    (httpx.ConnectError, ConnectError),
    (httpx.ProxyError, ConnectError),
    (httpx.UnsupportedProtocol, ConnectError),
    (httpx.InvalidURL, ConnectError),
    (httpx.WriteError, WriteError),
)


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Raises ours for every error of httpx inside the block; others pass.

    Args:
        doing: "head", "read" or "close": the phase of a timeout. Errors of "close" are dropped,
            since the response is of no further use and nothing is lost.
    """
    try:
        yield
    except ThinwireError:
        raise
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, TimeoutError) as error:
        if doing != "close":
            raise _ours(error, doing) from _cause(error)


def _ours(error: Exception, doing: str) -> TransportError:
    words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    for kind, phase in _TIMEOUTS:
        if isinstance(error, kind):
            return TransportTimeout(words, phase or doing, error)
    if _refuses_certificate(error):
        return certificate_error(words, error)
    for kind, ours in _OTHERS:
        if isinstance(error, kind):
            return ours(words, error)
    if isinstance(error, httpx.LocalProtocolError):
        # Its words may quote a header value, and with it a key.
        return WriteError("the request is not valid HTTP")
    return ReadError(words, error)


def _refuses_certificate(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error is not None


def _cause(error: Exception) -> Exception | None:
    return None if isinstance(error, httpx.LocalProtocolError) else error
