"""What kind of error it is, in one word, and what each kind leads to.

The status says half of it: 400 is a prompt that is too long, an unknown model or an empty
account, depending on the server, and 429 may mean "in a second" or "never, pay first". The rest
is in a code or in the words; tests/shared/test_error_kinds.py holds what servers really wrote, and
where it was seen.

Servers write rate_limit_exceeded, RateLimitReached or "rate limit": without case, spaces and
marks these are one word. Plain searches: MicroPython's `re` lacks half of its syntax. Words stand
in texts, not in tuples, and are taken apart only after an error: that costs less flash.

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
    from typing import Literal

    from thinwire.core.routing.plan import Attempt

    Kind = Literal[
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
        "auth",
        "quota",
        "not_found",
        "model_not_found",
        "too_large",
        "bad_request",
        "redirect",
        "context_length",
        "content_filter",
    ]
    # Those, and what no server is asked again for.
    ErrorKind = Kind | Literal["error", "encode", "interrupted", "memory"]
    Words = tuple[tuple[Kind, str], ...]

# Below HTTP: each may go better the next time.
_EXCHANGE: "tuple[Kind, ...]" = ("connect", "write", "read", "timeout", "stream")
_BUSY: "tuple[Kind, ...]" = ("rate_limit", "overloaded", "server")
# 409 and 425 (RFC 8470) speak of this moment, not of the deployment.
_MOMENT: "tuple[Kind, ...]" = ("conflict", "too_early")

RETRY_ON = _EXCHANGE + _BUSY + _MOMENT
FALLBACK_ON: "tuple[Kind, ...]" = RETRY_ON + ("certificate",)
COOLDOWN_ON = _EXCHANGE + _BUSY
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

# The first kind that has a word in the error wins. Money comes twice: limits per minute are often
# announced together with an invitation to pay (Groq, Gemini), and are no matter of money.
_TELLING: "Words" = (
    (
        "quota",
        "insufficientquota insufficientcredit insufficientbalance creditbalance spendinglimit"
        " keylimitexceeded billinghardlimit billingerror",
    ),
    ("rate_limit", "ratelimit toomanyrequests throttl tokensperm"),
    ("quota", "currentquota"),
    (
        "context_length",
        "contextlengthexceeded contextwindowexceeded contextsizehas availablecontextsize"
        " maximumcontextlengthis maximummodellength maximumpromptlength promptistoolong"
        " inputistoolong inputtokencount tokenslimitreached inputstokens+"
        " lengthofthemessages",
    ),
    (
        "content_filter",
        "contentfilter contentpolicy responsibleai safetypolicy safetyfilter safety:"
        " datainspection wasflagged contentexistsrisk usageguidelines",
    ),
    ("model_not_found", "modelnotfound modelnotexist notavalidmodel invalidmodel"),
    ("auth", "incorrectapikey invalidapikey apikeynotvalid"),
)

# A context window, and that it is too small; who is missing where a 404 says so.
_LIMITS: "Words" = (("context_length", "contextlength contextwindow contextsize contextlimit"),)
_EXCEEDED: "Words" = (("context_length", "exceed maximum greaterthan overflow toolong"),)
_MODELS: "Words" = (("model_not_found", "model deployment endpoints"),)

# Words of codes, for where there is no status but the 200 of the stream.
_CODES: "Words" = (
    ("auth", "authentication unauthorized permission"),
    ("not_found", "notfound"),
    ("timeout", "timeout"),
    ("bad_request", "invalidrequest badrequest"),
)


def kind_of(status: int, code: str, message: str) -> "Kind":
    """What kind of error a server reports.

    Args:
        status: HTTP status; 200 for an error object in a stream.
        code: the provider's code or type, "" when it gave none.
        message: the provider's words.

    Returns:
        "auth", "rate_limit", "quota", "bad_request", "context_length", "content_filter",
        "model_not_found", "not_found", "too_large", "timeout", "conflict", "too_early",
        "overloaded", "server" or "redirect".
    """
    kind = kind_of_status(status)
    if kind in ("redirect", "quota"):
        return kind
    code = _squeezed(code) + ":"
    text = code + _squeezed(message)
    found = _first(_TELLING, text)
    if found:
        return found
    if kind in ("server", "rate_limit") and "overloaded" in text:
        return "overloaded"
    if status < 500:
        kind = _of_request(status, text) or kind
    if status == 200:
        kind = _first(_CODES, code) or kind
    return kind


def kind_of_status(status: int) -> "Kind":
    """What an HTTP status says alone; see `kind_of`."""
    for known, kind in _STATUSES:
        if status == known:
            return kind
    if 300 <= status < 400:
        return "redirect"
    return "bad_request" if 400 <= status < 500 else "server"


def _of_request(status: int, text: str) -> "Kind | None":
    # What is wrong with the request in the words of a server we do not know. A 500 is not asked:
    # it may quote what the user wrote about context windows and models.
    if _first(_LIMITS, text) and _first(_EXCEEDED, text):
        return "context_length"
    if status == 404 and _first(_MODELS, text):
        return "model_not_found"
    return "model_not_found" if "model" in text and "doesnotexist" in text else None


def _first(table: "Words", text: str) -> "Kind | None":
    # The kind of the first row that has a word in `text`, None for none.
    for kind, words in table:
        for word in words.split():
            if word in text:
                return kind
    return None


def _squeezed(text: str) -> str:
    for mark in " _-`'\"":
        text = text.replace(mark, "")
    return text.lower()


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


_claimed: "list[BaseException | None]" = [None]


def claim(error: MemoryError) -> None:
    """Takes note that code of the caller's raised `error`, which ends the call as it is.

    Other errors carry `foreign` for that; a built-in one cannot. It takes no memory.
    """
    _claimed[0] = error


def is_claimed(error: BaseException) -> bool:
    """Whether code of the caller's raised it; forgets it then, or its traceback would stay."""
    found = _claimed[0] is error
    _claimed[0] = None
    return found
