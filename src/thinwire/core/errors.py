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
   |- StreamError           the response is not a stream of chunks, or ended before any
   |- StreamInterrupted     it broke after the first delta; `partial` holds what arrived
   |- EncodeError           the request holds a value that JSON cannot carry; `path` says where
   `- AllAttemptsFailed     every deployment of the chain failed; `attempts` lists them
"""

from thinwire.core._compat import PortableError, WrongValue, const, public
from thinwire.core.error_kinds import RETRY_ON, kind_of, kind_of_status

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.answer.completion import Completion
    from thinwire.core.error_kinds import ErrorKind
    from thinwire.core.routing.plan import Attempt

NO_WORDS = "no memory was left for its words"


@public
class ThinwireError(PortableError):
    """Base of all errors thinwire raises for what happens on the wire or in a request.

    Args:
        message: what happened and what to do, free of keys and of message content.

    Attributes:
        kind: what went wrong, in one word; the same words as in `fallback_on`.
        model: public name of the model that was asked for, "" when none was.
        deployment: name of the deployment that was tried, "" when none was.
        cause: the lower error, where there was one. On CPython `__cause__` is the lowest: what
            httpx or the system raised, None where nothing below thinwire failed.
        stale: whether a connection kept from an earlier exchange turned out dead before any byte
            of the answer came; the same request is then tried again at once.
        unanswered: whether the connection ended before any byte of the answer came.
        closed: somebody called the exchange off, from another task; see transport.Response.
        phase: which clock ran out, "" when none did; see TransportTimeout.
        status: HTTP status, 0 when there was no response.
        retry_after_ms: how long the server asked to wait, in milliseconds, or None.
        should_retry: what the server says about trying again (`x-should-retry`), None when it
            says nothing.
        body_snippet: start of the response body, "" when there was none.
        headers, request_id, rate_limits: of the response, as a Completion has them; of the last
            one where there were several.
        speechless: there was no memory for its words, or to go on after it: nothing was.
        foreign: code of the caller's raised it (a source, a hook): it is passed on as it is.
    """

    # What only some errors know, so that whoever decides can ask any of them.
    kind: "ErrorKind" = "error"
    closed = False
    phase = ""
    status = 0
    retry_after_ms: "int | None" = None
    should_retry: "bool | None" = None
    body_snippet = ""
    headers: "dict[str, str]" = {}  # never filled: an own one takes its place
    request_id = ""
    rate_limits: "dict[str, dict[str, int | None]]" = {}
    _spoken: "tuple[str, ...]" = ("message",)

    def __init__(self, message: str, cause: "BaseException | None" = None) -> None:
        super().__init__(message)
        self.message = message
        self.cause = cause
        self.model = ""
        self.deployment = ""
        # Here, so that to set them later takes no memory.
        self.stale = False
        self.unanswered = False
        self.speechless = False
        self.foreign = False
        if isinstance(cause, ThinwireError) and cause.headers:
            self.answered_by(cause)

    def answered_by(self, response: "Attempt | ThinwireError") -> None:
        """Takes over what is known of a response's headers."""
        self.headers = response.headers
        self.request_id = response.request_id
        self.rate_limits = response.rate_limits

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later at the same deployment."""
        return self.kind in RETRY_ON

    def hide(self, secret: str) -> None:
        """Takes `secret` out of what the error and its cause say: some servers repeat the key that
        they refuse, and what is no HTTP is quoted in the words of an HTTP library.
        """
        for name in self._spoken:
            text = getattr(self, name)
            if text:
                setattr(self, name, without(text, secret))
        self.args = (self.message,)
        cause = self.cause
        if isinstance(cause, ThinwireError):
            cause.hide(secret)
        elif cause is not None:
            said = "%r %s" % (cause, cause)
            if without(said, secret) != said:
                self.cause = None  # whoever made it may keep its words anywhere

    def silence(self) -> None:
        """Leaves nothing of its words, for want of the memory to look for secrets in them."""
        self.speechless = True
        for name in self._spoken:
            setattr(self, name, "")
        self.message = NO_WORDS

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        return "%s(%r)" % (type(self).__name__, self.message)


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
        kind: see error_kinds.py.
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
            self.kind = kind_of(status, code, message)
        except MemoryError:
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
    """A 200 whose body is not a usable stream of chunks; nothing had reached the caller."""

    kind = "stream"


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
    """The request holds a value that JSON cannot carry. A ValueError, too, except on MicroPython.

    Attributes:
        path: where it stands, e.g. "messages[3].content[0].image_url".
    """

    kind = "encode"

    def __init__(self, message: str, path: str, cause: "BaseException | None" = None) -> None:
        super().__init__("%s: %s" % (path, message) if path else message, cause)
        self.path = path


@public
class AllAttemptsFailed(ThinwireError):
    """No attempt brought an answer; `kind` and `retryable` are those of `last`.

    Attributes:
        attempts: tuple of Attempt, in the order they began.
        last: the most telling of their errors: what a server said before what became of a
            connection, and the later of two; of those that count (Attempt.free).
    """

    def __init__(self, attempts: "tuple[Attempt, ...]") -> None:
        counted = [one for one in attempts if not one.free]
        last = most_telling([one.error for one in counted if one.error is not None])
        lines = []
        for one in counted:
            said = one.outcome
            if one.error is not None:
                said = "%s (%d ms, %d bytes sent)" % (one.error, one.ms, one.sent_bytes)
            lines.append("%s: %s" % (one.deployment, said))
        super().__init__("all %d attempts failed; %s" % (len(counted), "; ".join(lines)), last)
        self.attempts = attempts
        self.last = last
        self.kind = last.kind
        # The last word on it: a clock of the whole call, or a server's x-should-retry.
        self._retryable = last.retryable

    @property
    def retryable(self) -> bool:
        """See ThinwireError."""
        return self._retryable


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


def without(text: str, secret: str) -> str:
    """`text` with `***` in place of a secret, also of one that was cut off at their end."""
    text = text.replace(secret, "***")
    if text.endswith("..."):
        for size in range(len(secret) - 1, 3, -1):
            if text[:-3].endswith(secret[:size]):
                return text[: -3 - size] + "***..."
    return text


def most_telling(errors: "list[ThinwireError]") -> ThinwireError:
    """The error that helps most to understand why a call failed."""
    best = errors[0]
    for error in errors[1:]:
        if _weight(error) >= _weight(best):
            best = error
    return best


def _weight(error: ThinwireError) -> int:
    # A refusal has to be mended, a rate limit waited for; a lost connection says least.
    if isinstance(error, StatusError):
        return 2 if error.kind in RETRY_ON else 3
    return 1 if error.kind == "stream" else 0
