"""What went wrong below httpx, and what helps: as much as a chip says (thinwire_device/errnos.py).

httpx's own texts are those of the lowest error, or nothing: "ReadError", "All connection attempts
failed", "[SSL: WRONG_VERSION_NUMBER]". Here the lowest error that tells something is found, and
named in the words of somebody who has to mend it; what it said itself stands behind them.
"""

import errno
import socket
import ssl
from collections.abc import Iterator

_NO_TLS = "no TLS spoken there: is it http://, or another port?"
_CLOSED = "the server closed the connection during TLS: is it http://, or another port?"
NO_HTTP = "no HTTP spoken there: is it https://, or another port?"
# Parts of OpenSSL's reasons. The first row that has one counts.
_TLS = (
    (
        _NO_TLS,
        "WRONG_VERSION_NUMBER HTTP_REQUEST UNKNOWN_PROTOCOL PACKET_LENGTH_TOO_LONG"
        " RECORD_LAYER_FAILURE UNEXPECTED_MESSAGE",
    ),
    (
        "no TLS version in common",
        "PROTOCOL_VERSION UNSUPPORTED_PROTOCOL NO_PROTOCOLS_AVAILABLE VERSION_TOO_LOW",
    ),
    ("no TLS cipher or curve in common", "NO_SHARED_CIPHER NO_CIPHERS ILLEGAL_PARAMETER"),
    ("the server does not know this host name", "UNRECOGNIZED_NAME"),
    (
        "the server wants a certificate of the client: give verify= an SSLContext that has one",
        "CERTIFICATE_REQUIRED",
    ),
    ("the server refused the TLS handshake: check host name and port", "ALERT"),
    (_CLOSED, "EOF"),
)
# What OpenSSL, and the verifiers of macOS and Windows, say of a certificate.
_CERTIFICATE = (
    ("local issuer", "pass its CA as add_ca=, or is somebody in between?"),
    ("self-signed", "pass its CA as add_ca=, or is somebody in between?"),
    ("self signed", "pass its CA as add_ca=, or is somebody in between?"),
    ("not trusted", "pass its CA as add_ca=, or is somebody in between?"),
    ("match", "check the host name"),
    ("expired", "its owner must renew it, or is this clock wrong?"),
    ("not yet valid", "is this clock wrong?"),
)
_SYSTEM = {
    errno.ECONNREFUSED: "connection refused: check host and port, nobody listens there",
    errno.ECONNRESET: "the server reset the connection",
    errno.ECONNABORTED: "the connection was aborted",
    errno.EPIPE: "the server closed the connection",
    errno.ETIMEDOUT: "timed out: can this network reach the server?",
    errno.EHOSTUNREACH: "no route to the host: is there a network, and no firewall between?",
    errno.ENETUNREACH: "network unreachable: is there one?",
    errno.ENETDOWN: "the network is down",
    errno.EMFILE: "too many open files and sockets",
    errno.ENFILE: "too many open files and sockets",
    errno.EADDRNOTAVAIL: "no local address or port left",
}
# Of a name lookup (RFC 3493 §6.1).
_LOOKUP = {
    socket.EAI_NONAME: "there is no such name: check the host",
    getattr(socket, "EAI_NODATA", None): "there is no address of this name",
    socket.EAI_AGAIN: "no name server answered: is the network up?",
    socket.EAI_FAIL: "the name server refuses to answer",
}
# What libraries below say themselves: classes of anyio, words of h11 and httpcore.
_BROKEN = ("BrokenResourceError", "ClosedResourceError", "EndOfStream")
_HTTP = (
    ("illegal request line", NO_HTTP),
    ("illegal status line", NO_HTTP),
    ("without sending a response", "the server closed the connection without an answer"),
    ("incomplete", "the connection closed in the middle of the body"),
)


def describe(error: BaseException, connecting: bool) -> str:
    """What went wrong and what to do, for a person.

    Args:
        error: of httpx or httpx2, with what led to it.
        connecting: no connection stood yet.
    """
    said, name = str(error), type(error).__name__
    if name != "ConnectError" or not said:
        said = f"{name}: {said}" if said else name
    for one in _below(error):
        found = _of(one, connecting)
        if found:
            lowest = str(one) or type(one).__name__
            return f"{found} ({lowest})"
    return said


def is_certificate(error: BaseException) -> bool:
    """Whether a certificate that is not accepted led to `error`."""
    return any(isinstance(one, ssl.SSLCertVerificationError) for one in _below(error))


def bare(error: BaseException) -> BaseException:
    """An error, to be the cause of another: without the way it came, which leads through files
    that no user knows."""
    error.__traceback__ = error.__cause__ = error.__context__ = None
    return error


def _below(error: BaseException | None) -> Iterator[BaseException]:
    # The errors that led to one, the lowest first.
    found: list[BaseException] = []
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one is None or one in found:
            continue
        found.append(one)
        waiting += [one.__context__, one.__cause__]
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions
    return reversed(found)


def _of(error: BaseException, connecting: bool) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        text = getattr(error, "verify_message", "") or str(error)
        return f"the server's certificate is refused: {text}{_remedy(text)}"
    if isinstance(error, ssl.SSLError):
        reason = f"{getattr(error, 'reason', '')} {error}".upper()
        found = (told for told, parts in _TLS if any(part in reason for part in parts.split()))
        return next(found, "")
    if isinstance(error, socket.gaierror):
        return _LOOKUP.get(error.errno, "")
    broken = isinstance(error, (ConnectionResetError, BrokenPipeError)) or (
        type(error).__name__ in _BROKEN
    )
    if broken and connecting:
        return _CLOSED
    if isinstance(error, OSError) and error.errno in _SYSTEM:
        return _SYSTEM[error.errno]
    if broken:
        return "the connection broke"
    return next((told for part, told in _HTTP if part in str(error)), "")


def _remedy(text: str) -> str:
    return next((f" ({remedy})" for part, remedy in _CERTIFICATE if part in text), "")
