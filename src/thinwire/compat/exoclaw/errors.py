"""Errors that are also exoclaw's: a program that catches `exoclaw.http.HTTPStatusError` goes on
doing so.

On CPython what is raised is both, thinwire's class and exoclaw's. A class of MicroPython's cannot
have two built-in bases, which is what two exceptions are: there a program that has loaded
exoclaw.http gets exoclaw's class, with thinwire's error in `cause`.

The classes are made when the first such error is raised, for who has exoclaw.
"""

from thinwire.compat.exoclaw.types import exoclaw_types, of_exoclaw
from thinwire.core._compat import MICROPYTHON, const
from thinwire.core.error_kinds import ThinwireError
from thinwire.core.errors import (
    ConnectError,
    EncodeError,
    OutOfMemory,
    StatusError,
    TransportTimeout,
)

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

_made: "dict[object, type[ThinwireError]]" = {}
_retryable: "list[type[Exception]]" = []


def raised(error: ThinwireError) -> Exception:
    """The error to raise in place of one of a call's: its own self, but of exoclaw's class, too.

    Args:
        error: as the client raised it.

    Returns:
        ContextWindowExceededError for a prompt that is too large; else see above.
    """
    if error.foreign:  # of another call, which code of the caller's has made
        return error
    cause: ThinwireError = getattr(error, "last", error)
    if isinstance(cause, StatusError) and cause.kind == "context_length":
        return exoclaw_types().ContextWindowExceededError(str(error))  # type: ignore[no-any-return]
    try:
        http = of_exoclaw("exoclaw.http")
    except ImportError:
        http = None  # it is broken; that the call has failed is what matters
    if http is None or isinstance(error, (EncodeError, OutOfMemory)):
        return error
    theirs = _kind(http, cause)
    if MICROPYTHON and not TYPE_CHECKING:  # pragma: no cover (MicroPython)
        told = (cause.status, str(error)) if theirs is http.HTTPStatusError else (str(error),)
        other = theirs(*told)
        other.cause = error
        return other
    return also(error, theirs)


def _kind(http: "Any", cause: ThinwireError) -> "Any":
    if isinstance(cause, StatusError):
        return http.HTTPStatusError
    if isinstance(cause, ConnectError) or cause.phase == "connect":
        return http.HTTPConnectError
    if isinstance(cause, TransportTimeout):
        late = cause.phase in ("upload", "write")
        return http.HTTPWriteTimeout if late else http.HTTPReadTimeout
    return http.HTTPError


def also(error: ThinwireError, theirs: "type[Exception]") -> ThinwireError:
    """Makes `error` one of the class `theirs`, too; returns it (CPython)."""
    ours = type(error)
    if not isinstance(error, theirs):
        bases: tuple[type, ...] = (ours, theirs)
        if error.retryable:
            # What is one already, and no more, is that by this class.
            again = retryable_error()
            bases = (ours, again) if issubclass(again, theirs) else (ours, theirs, again)
        if bases not in _made:
            own: dict[str, object] = {"__reduce__": _reduced, "__module__": ours.__module__}
            if theirs.__name__ == "HTTPStatusError":
                own["status_code"] = property(_status)
            _made[bases] = type(ours.__name__, bases, own)
        error.__class__ = _made[bases]
    return error


def _status(error: "Any") -> int:
    return getattr(error, "last", error).status  # type: ignore[no-any-return]


def _reduced(error: "Any") -> "tuple[object, ...]":
    # The class has no name that a pickle could find it by.
    plain = error.__copy__()
    plain.__class__ = type(error).__bases__[0]
    return raised, (plain,)


def retryable_error() -> "type[Exception]":
    """exoclaw-provider-openai's `_RetryableError`: which errors another attempt may not meet."""
    if not _retryable:
        http = of_exoclaw("exoclaw.http")
        base = Exception if http is None else http.HTTPError
        _retryable.append(type("_RetryableError", (base,), {}))
    return _retryable[0]
