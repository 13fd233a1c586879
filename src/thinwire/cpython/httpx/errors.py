"""Translates httpx's errors to ours, once, at the edge; httpx2's, which have the same names."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from thinwire.core.errors import (
    ConnectError,
    ReadError,
    ThinwireError,
    TransportError,
    TransportTimeout,
    WriteError,
    certificate_error,
)
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
    except Exception as error:
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
    if not names:
        return TransportTimeout(words, doing, error)
    for name in names:
        if name in _TIMEOUTS:
            return TransportTimeout(words, _TIMEOUTS[name] or doing, error)
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return certificate_error(words, error)
        cause = cause.__cause__ or cause.__context__
    for name in names:
        if name in _OTHERS:
            return _OTHERS[name](words, error)
    return ReadError(words, error)
