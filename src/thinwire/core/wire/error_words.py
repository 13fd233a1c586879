"""What kind of error a server means: its status, its code and its words together.

A status alone says half of it: 400 is a prompt that is too long, an unknown model or an empty
account, depending on the server, and 429 may mean "in a second" or "never, pay first". The rest
is in a code or in the words; tests/shared/wire/test_error_words.py holds what servers really
wrote, and where it was seen.

Servers write rate_limit_exceeded, RateLimitReached or "rate limit": without case, spaces and
marks these are one word. Plain searches: MicroPython's `re` lacks half of its syntax. Words stand
in texts, not in tuples, and are taken apart only after an error: that costs less flash.

Loaded with the first error of a server.
"""

from thinwire.core._compat import const
from thinwire.core.error_kinds import kind_of_status

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.error_kinds import Kind

    Words = tuple[tuple[Kind, str], ...]

# The first kind that has a word in the error wins. Money comes twice: limits per minute are often
# announced together with an invitation to pay (Groq, Gemini), and are no matter of money. What is
# escaped is Zhipu's: no balance, a rate limit, too many visitors.
_TELLING: "Words" = (
    (
        "quota",
        "insufficientquota insufficientcredit insufficientbalance creditbalance spendinglimit"
        " keylimitexceeded billinghardlimit billingerror \u4f59\u989d\u4e0d\u8db3",
    ),
    (
        "rate_limit",
        "ratelimit toomanyrequests throttl tokensperm \u901f\u7387\u9650\u5236",
    ),
    ("quota", "currentquota"),
    (
        "context_length",
        "contextlengthexceeded contextwindowexceeded contextsizehas availablecontextsize"
        " maximumcontextlengthis maximummodellength maximumpromptlength promptistoolong"
        " inputistoolong inputtokencount tokenslimitreached inputstokens+ allmessagesistoolong"
        " lengthofthemessages inputsmusthavelessthan inputlengthexceeds promptexceedsmaxlength"
        " promptlengthexceeds rangeofinputlength modeltokenlimit prompttokencount"
        " lengthofprompttokens maxprompttokensexceeded tokensinthepromptcannotexceed",
    ),
    (
        "content_filter",
        "contentfilter contentpolicy responsibleai safetypolicy safetyfilter safety:"
        " datainspection wasflagged contentexistsrisk usageguidelines",
    ),
    (
        "model_not_found",
        "modelnotfound modelnotexist modelnotavailable notavalidmodel invalidmodel",
    ),
    ("auth", "incorrectapikey invalidapikey apikeynotvalid"),
)

# A context window, and that it is too small; who is missing where a 404 says so; a key that is not
# accepted, whatever the status. A 500 may quote what the user wrote: these words are not for it.
_LIMITS: "Words" = (
    ("context_length", "contextlength contextwindow contextsize contextlimit inputlength"),
)
_EXCEEDED: "Words" = (
    ("context_length", "exceed maximum greaterthan longerthan overflow toolong"),
)
_MODELS: "Words" = (("model_not_found", "model deployment endpoints"),)
_KEYS: "Words" = (("auth", "authenticationerror authenticationfail loginfail noconnecteddb"),)

# Words of codes, for where there is no status but the 200 of the stream.
_CODES: "Words" = (
    ("auth", "authentication authorized permission"),
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
    if kind in ("server", "rate_limit") and ("overloaded" in text or "\u8bbf\u95ee\u91cf" in text):
        return "overloaded"
    if status < 500:
        kind = _of_request(status, text) or kind
    if status == 200:
        kind = _first(_CODES, code) or kind
    return kind


def _of_request(status: int, text: str) -> "Kind | None":
    # What is wrong with the request in the words of a server we do not know. A 500 is not asked:
    # it may quote what the user wrote about context windows and models.
    if _first(_LIMITS, text) and _first(_EXCEEDED, text):
        return "context_length"
    if status == 404 and _first(_MODELS, text):
        return "model_not_found"
    if "model" in text and "doesnotexist" in text:
        return "model_not_found"
    return _first(_KEYS, text) if kind_of_status(status) in ("bad_request", "server") else None


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
