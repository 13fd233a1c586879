"""Every error a user of thinwire can meet. Single inheritance, few classes (each costs about 108
bytes of RAM on a chip); what a program decides on is in attributes, not in more classes.

  ThinwireError
   |- TransportError        the exchange failed below HTTP
   |   |- ConnectError      no connection: DNS, refused, TLS, certificate
   |   |- WriteError        the request could not be sent whole
   |   |- ReadError         the response broke off or is not HTTP
   |   `- TransportTimeout  a clock ran out; `phase` names it
   |- StatusError           the server said no: `status`, `kind`, `retry_after_ms`, `message`
   |   `- ContextWindowExceeded  the request does not fit into the model
   |- StreamError           the response is not a stream of chunks, or ended before any; or it
   |                        announces a tool call that is not there, see `completion`
   |- StreamInterrupted     it broke after the first delta; `partial` holds what arrived
   |- EncodeError           the request holds a value that JSON cannot carry; `path` says where
   |- OutOfMemory           there was no memory for the call; no server is to blame
   `- AllAttemptsFailed     every deployment of the chain failed; `attempts` lists them
"""

from thinwire.core._compat import WrongValue, const, mend_imports, public
from thinwire.core.error_kinds import NO_WORDS as NO_WORDS
from thinwire.core.error_kinds import RETRY_ON, kind_of_status
from thinwire.core.error_kinds import OutOfMemory as OutOfMemory
from thinwire.core.error_kinds import ThinwireError as ThinwireError
from thinwire.core.error_kinds import without as without

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.answer.completion import Completion
    from thinwire.core.error_kinds import ErrorKind


@public
class TransportError(ThinwireError):
    """The exchange with the server failed below HTTP."""

    kind: "ErrorKind" = "read"


@public
class ConnectError(TransportError):
    """No usable connection: name lookup, refusal, TLS, or a certificate that is not accepted
    (kind "certificate", and then not tried again)."""

    kind: "ErrorKind" = "connect"


@public
class WriteError(TransportError):
    """The connection broke while the request was being sent."""

    kind = "write"


@public
class ReadError(TransportError):
    """The response broke off, or what came is not HTTP (RFC 9112).

    Args:
        message, cause: see ThinwireError.
        closed: see ThinwireError.
    """

    kind = "read"

    def __init__(
        self, message: str, cause: "BaseException | None" = None, closed: bool = False
    ) -> None:
        super().__init__(message, cause)
        self.closed = closed


@public
class TransportTimeout(TransportError):
    """A deadline passed.

    Args:
        message: which clock, its limit, and what had arrived.
        phase: "connect", "upload", "first_token", "progress", "liveness" or "total"; a transport
            says "write", "head" or "read". After "total" nothing is tried again.
    """

    kind = "timeout"

    def __init__(
        self, message: str, phase: str = "", cause: "BaseException | None" = None
    ) -> None:
        super().__init__(message, cause)
        self.phase = phase

    @property
    def retryable(self) -> bool:
        """See ThinwireError."""
        return self.phase != "total"


@public
class StatusError(ThinwireError):
    """The server answered with an error, as a status or as an error object in a stream.

    Args:
        status: HTTP status; for an error object in a 200 stream its numeric code, else 200.
        message: the provider's own words, cut to a line.
        code: the provider's error code or type, "" when it gave none.
        retry_after_ms: see ThinwireError.
        body_snippet: see ThinwireError.

    Attributes:
        kind: see wire/error_words.py.
    """

    _spoken = ("message", "code", "body_snippet")

    def __init__(
        self,
        status: int,
        message: str,
        code: str = "",
        retry_after_ms: "int | None" = None,
        body_snippet: str = "",
    ) -> None:
        super().__init__("status %d: %s" % (status, message) if status != 200 else message)
        self.status = status
        self.code = code
        self.retry_after_ms = retry_after_ms
        self.body_snippet = body_snippet
        self.should_retry = None  # set later: see ThinwireError
        try:
            from thinwire.core.wire.error_words import kind_of

            self.kind = kind_of(status, code, message)
        except MemoryError:
            mend_imports()
            self.kind = kind_of_status(status)
            self.speechless = True

    @property
    def retryable(self) -> bool:
        """See ThinwireError."""
        if self.should_retry is not None and self.kind != "context_length":
            return self.should_retry
        return self.kind in RETRY_ON


@public
class ContextWindowExceeded(StatusError):
    """The request does not fit into the model; shorten it, or name a `context_fallbacks`."""


@public
class StreamError(ThinwireError):
    """A 200 whose body is not a usable stream of chunks; nothing had reached the caller.

    Of kind "tool_calls": the answer came to its end, but announces a tool call, by its
    finish_reason or by its arguments, that nobody can make. What else came may have reached the
    caller.

    Attributes:
        completion: then the Completion, `complete=False`, whose `attempts` are those before; else
            None.
    """

    kind: "ErrorKind" = "stream"
    completion: "Completion | None" = None


@public
class StreamInterrupted(ThinwireError):
    """The stream broke after the first delta had reached the caller.

    Attributes:
        partial: the Completion so far, `complete=False`; its `end` says how it broke off.
    """

    kind = "interrupted"

    def __init__(
        self, message: str, partial: "Completion", cause: "BaseException | None" = None
    ) -> None:
        super().__init__(message, cause)
        self.partial = partial


@public
class EncodeError(ThinwireError, WrongValue):
    """The request holds a value that JSON cannot carry, or (CPython) a header that HTTP cannot. A
    ValueError, too, except on MicroPython.

    Attributes:
        path: where it stands, e.g. "messages[3].content[0].image_url".
    """

    kind = "encode"

    def __init__(self, message: str, path: str, cause: "BaseException | None" = None) -> None:
        super().__init__("%s: %s" % (path, message) if path else message, cause)
        self.path = path


def certificate_error(message: str, cause: "BaseException | None" = None) -> ConnectError:
    """The ConnectError for a server whose certificate is not accepted."""
    error = ConnectError(message, cause)
    error.kind = "certificate"
    return error


def status_error(
    status: int, message: str, code: str = "", retry_after_ms: "int | None" = None
) -> StatusError:
    """The StatusError, or ContextWindowExceeded, that a server's words mean; see StatusError."""
    error = StatusError(status, message, code, retry_after_ms)
    if error.kind != "context_length":
        return error
    return ContextWindowExceeded(status, message, code, retry_after_ms)
