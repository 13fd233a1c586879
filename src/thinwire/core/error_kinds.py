"""What kind of error it is, in one word, and what each kind leads to.

The status says half of it; the other half, which is in codes and words, is in
wire/error_words.py.

docs/routing.md shows what follows as a table, generated from the tuples here.

  RETRY_ON           the same deployment once more, after a wait (routing/policy.py)
  FALLBACK_ON        the next deployment of the chain; a caller may ask for more kinds
  FALLBACK_OPTIONAL  those: mistakes that another deployment may not share
  COOLDOWN_ON        repeated, the deployment is left alone for a while (routing/health.py)

Errors of kind "context_length" and "content_filter" go to lists of their own (routing/router.py).

Here as well: what all errors have in common, and the one that a client makes before it needs it.
The others are in errors.py, which the first call loads.
"""

from thinwire.core._compat import LackOfMemory, PortableError, const, public

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal

    from thinwire.core.routing.plan import Attempt

    Kind = Literal[
        "connect",
        "write",
        "read",
        "timeout",
        "stream",
        "tool_calls",
        "rate_limit",
        "overloaded",
        "server",
        "conflict",
        "too_early",
        "certificate",
        "auth",
        "quota",
        "not_found",
        "model_not_found",
        "too_large",
        "bad_request",
        "redirect",
        "context_length",
        "content_filter",
        "unsupported",
        "limit",
        "length",
    ]
    # Those, and what no server is asked again for.
    ErrorKind = (
        Kind
        | Literal["error", "encode", "interrupted", "memory", "address", "max_rounds", "parse"]
    )

# Each tuple is written out: what is added up on import lies in the RAM of a chip, and not in its
# flash. Below HTTP each may go better the next time; 409 and 425 (RFC 8470) speak of this moment,
# not of the deployment.
COOLDOWN_ON: "tuple[Kind, ...]" = (
    "connect",
    "write",
    "read",
    "timeout",
    "stream",
    "rate_limit",
    "overloaded",
    "server",
)
RETRY_ON: "tuple[Kind, ...]" = (
    "connect",
    "write",
    "read",
    "timeout",
    "stream",
    "rate_limit",
    "overloaded",
    "server",
    "conflict",
    "too_early",
)
# And: the answer was whole, and is paid for: another model may do better, the same hardly. Or
# nothing was sent: this deployment cannot do what is asked, or has all that it may have at a time.
FALLBACK_ON: "tuple[Kind, ...]" = (
    "connect",
    "write",
    "read",
    "timeout",
    "stream",
    "rate_limit",
    "overloaded",
    "server",
    "conflict",
    "too_early",
    "certificate",
    "tool_calls",
    "unsupported",
    "limit",
    "length",
)
FALLBACK_OPTIONAL: "tuple[Kind, ...]" = (
    "auth",
    "quota",
    "not_found",
    "model_not_found",
    "too_large",
    "bad_request",
    "redirect",
    "context_length",
    "content_filter",
)

_STATUSES: "tuple[tuple[int, Kind], ...]" = (
    (401, "auth"),
    (402, "quota"),
    (403, "auth"),
    (404, "not_found"),
    (408, "timeout"),
    (409, "conflict"),
    (413, "too_large"),
    (425, "too_early"),
    (429, "rate_limit"),
    (529, "overloaded"),
)


def kind_of_status(status: int) -> "Kind":
    """What an HTTP status says alone; "bad_request" and "server" for any other."""
    for known, kind in _STATUSES:
        if status == known:
            return kind
    if 300 <= status < 400:
        return "redirect"
    return "bad_request" if 400 <= status < 500 else "server"


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
            of the answer came, or a key had expired; the request is then tried again at once.
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
        messages: of run_tools and stream_tools: what whole rounds had added before; else ().
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
    messages: "Sequence[dict[str, Any]]" = ()
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
        if self.status:
            try:
                self.message = "status %d: %s" % (self.status, NO_WORDS)
            except MemoryError:
                pass  # `status` has it

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        return "%s(%r)" % (type(self).__name__, self.message)


@public
class OutOfMemory(ThinwireError, LackOfMemory):
    """There was not enough memory for the request, its answer, or to say what failed.

    Never tried again, and never held against a server. A MemoryError, too, except on MicroPython.
    A client makes one before it needs it, since raising it must take no memory.
    """

    kind = "memory"


def without(text: str, secret: str) -> str:
    """`text` with `***` in place of a secret, also of one that was cut off at their end."""
    text = text.replace(secret, "***")
    if text.endswith("..."):
        for size in range(len(secret) - 1, 3, -1):
            if text[:-3].endswith(secret[:size]):
                return text[: -3 - size] + "***..."
    return text
