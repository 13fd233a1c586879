# Every error a user of thinwire can meet. Single inheritance, few classes (each costs about 108
# bytes of RAM on a chip); what a program decides on is in attributes, not in more classes.
#
#   ThinwireError
#    |- TransportError        the exchange failed below HTTP
#    |   |- ConnectError      no connection: DNS, refused, TLS, certificate
#    |   |- WriteError        the request could not be sent whole
#    |   |- ReadError         the response broke off or is not HTTP
#    |   `- TransportTimeout  a clock ran out; `phase` names it
#    |- StatusError           the server said no: `status`, `kind`, `retry_after_ms`, `message`
#    |- StreamError           the response is not a stream of chunks, or ended before any
#    |- StreamInterrupted     it broke after the first delta; `partial` holds what arrived
#    |- EncodeError           the request holds a value that JSON cannot carry; `path` says where
#    `- AllAttemptsFailed     every deployment of the chain failed; `attempts` lists them

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thinwire.core.completion import Completion

# Client errors after which another deployment may do better (425: RFC 8470); 5xx always may.
_RETRYABLE_STATUSES = (408, 409, 425, 429)

_KINDS = (
    (400, "bad_request"),
    (401, "auth"),
    (402, "quota"),
    (403, "auth"),
    (404, "not_found"),
    (408, "timeout"),
    (413, "too_large"),
    (422, "bad_request"),
    (429, "rate_limit"),
)


class ThinwireError(Exception):
    """Base of all errors thinwire raises for what happens on the wire or in a request.

    Args:
        message: what happened and what to do, free of keys and of message content.

    Attributes:
        retryable: whether the same request may succeed elsewhere or later.
        model: public name of the model that was asked for, "" when none was.
        deployment: name of the deployment that was tried, "" when none was.
        cause: the lower error, where there was one.
    """

    retryable = False

    def __init__(self, message: str, cause: "BaseException | None" = None) -> None:
        super().__init__(message)
        self.message = message
        self.cause = cause
        self.model = ""
        self.deployment = ""

    def hide(self, secret: str) -> None:
        """Takes `secret` out of the message: some servers repeat the key they refuse."""
        self.message = self.message.replace(secret, "***")

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        return "%s(%r)" % (type(self).__name__, self.message)


class TransportError(ThinwireError):
    """The exchange with the server failed below HTTP."""

    retryable = True


class ConnectError(TransportError):
    """No usable connection: name lookup, refusal, TLS or certificate."""


class WriteError(TransportError):
    """The connection broke while the request was being sent."""


class ReadError(TransportError):
    """The response broke off, or what came is not HTTP (RFC 9112)."""


class TransportTimeout(TransportError):
    """A deadline passed.

    Args:
        message: which clock, its limit, and what had arrived.
        phase: "connect", "write", "head", "first_token", "progress", "liveness" or "total".
            After "total" nothing is tried again.
    """

    def __init__(
        self, message: str, phase: str = "", cause: "BaseException | None" = None
    ) -> None:
        super().__init__(message, cause)
        self.phase = phase
        self.retryable = phase != "total"


class StatusError(ThinwireError):
    """The server answered with an error, as a status or as an error object in a stream.

    Args:
        status: HTTP status; for an error object in a 200 stream its numeric code, else 200.
        message: the provider's own words, cut to a line.
        code: the provider's error code or type, "" when it gave none.
        retry_after_ms: how long the server asked to wait, in milliseconds, or None.
        body_snippet: start of the body, for a person to read.

    Attributes:
        kind: "auth", "rate_limit", "quota", "bad_request", "context_length", "content_filter",
            "not_found", "too_large", "timeout", "server" or "redirect".
    """

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
        self.kind = _kind(status, code, message)
        self.retryable = self.kind not in ("context_length", "content_filter") and (
            status in _RETRYABLE_STATUSES or status >= 500 or self.kind == "server"
        )

    def hide(self, secret: str) -> None:
        """See ThinwireError.hide."""
        super().hide(secret)
        self.code = self.code.replace(secret, "***")
        self.body_snippet = self.body_snippet.replace(secret, "***")


class StreamError(ThinwireError):
    """A 200 whose body is not a usable stream of chunks; nothing had reached the caller."""

    retryable = True


class StreamInterrupted(ThinwireError):
    """The stream broke after the first delta had reached the caller.

    Attributes:
        partial: the Completion so far, `complete=False`; its `end` says how it broke off.
    """

    def __init__(self, message: str, partial: "Completion", cause: BaseException) -> None:
        super().__init__(message, cause)
        self.partial = partial


class EncodeError(ThinwireError):
    """The request holds a value that JSON cannot carry.

    Attributes:
        path: where it stands, e.g. "messages[3].content[0].image_url".
    """

    def __init__(self, message: str, path: str, cause: "BaseException | None" = None) -> None:
        super().__init__("%s: %s" % (path, message) if path else message, cause)
        self.path = path


class AllAttemptsFailed(ThinwireError):
    """No deployment of the chain answered.

    Attributes:
        attempts: tuple of (deployment name, error), in the order they were tried.
        last: the error of the last attempt.
    """

    def __init__(self, attempts: "tuple[tuple[str, ThinwireError], ...]") -> None:
        lines = ["%s: %s" % (name, error) for name, error in attempts]
        super().__init__(
            "all %d attempts failed; %s" % (len(attempts), "; ".join(lines)), attempts[-1][1]
        )
        self.attempts = attempts
        self.last = attempts[-1][1]


def _kind(status: int, code: str, message: str) -> str:
    text = (code + " " + message).lower()
    if status < 500 and _means_context_overflow(text):
        return "context_length"
    if "content_filter" in text or "content_policy" in text:
        return "content_filter"
    for known, kind in _KINDS:
        if status == known:
            return kind
    if 300 <= status < 400:
        return "redirect"
    return "bad_request" if 400 <= status < 500 else "server"


def _means_context_overflow(text: str) -> bool:
    return (
        "context_length_exceeded" in text
        or "context window" in text
        or "maximum context length" in text
        or "context size" in text
    )
