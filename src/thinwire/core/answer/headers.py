"""What of a response's headers a caller can read: the request's id for a support case, and how
much of a rate limit is left for pacing. Loaded where headers are kept, which on a chip nobody
does who did not ask for it.

Rate limits have no standard (draft-ietf-httpapi-ratelimit-headers is none yet), but names with the
same words in any order:

  x-ratelimit-remaining-tokens               OpenAI, Azure, Groq; others with -minute, -day behind
  anthropic-ratelimit-tokens-remaining       Anthropic, also with input- and output- before tokens
  x-ratelimit-remaining                      OpenRouter and most gateways: requests

So they are read word by word. Of several windows the shortest counts.
"""

from thinwire.core._compat import const, unix_time
from thinwire.core.wire.http_date import calendar_seconds, http_date

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.routing.plan import Attempt
    from thinwire.core.transport import Response

_REQUEST_IDS = tuple(
    "x-request-id request-id apim-request-id x-ms-request-id x-amzn-requestid cf-ray".split()
)
_IDS = ("retry-after", "retry-after-ms") + _REQUEST_IDS
_REQUESTS = ("requests", "request", "req")
_TOKENS = ("tokens", "token")
_PARTS = ("limit", "remaining", "reset")
_WINDOWS = ("", "second", "minute", "hour", "day", "week", "month")
_UNITS = (("ms", 1), ("s", 1000), ("m", 60000), ("h", 3600000), ("d", 86400000))
_DIGITS = "0123456789."
_OTHER = const(10)  # a limit of a part of the tokens, of a project: any other counts first


def checked(keep: object) -> "str | tuple[str, ...]":
    """The client's `keep_headers`: "all", or names, which come back in lower case.

    Raises:
        TypeError: it is neither.
    """
    if keep == "all":
        return "all"
    if isinstance(keep, (list, tuple)) and not [one for one in keep if not isinstance(one, str)]:
        return tuple([name.lower() for name in keep])
    raise TypeError('keep_headers must be a tuple of header names, or "all"')


def take(response: "Response", keep: "str | tuple[str, ...]", attempt: "Attempt") -> int:
    """Keeps headers of an attempt's response.

    Args:
        keep: "all", "known" for ids and limits, or names in lower case.

    Returns:
        See spent_ms.
    """
    found: dict[str, str] = {}
    limited = False
    if isinstance(keep, tuple):
        for name in keep:
            value = response.header(name)
            if value is not None:
                found[name] = value
                limited = limited or "ratelimit" in name
    elif hasattr(response, "all_headers"):  # a transport of the caller's may have none
        for name, value in response.all_headers():
            limits = "ratelimit" in name
            if limits or name in _IDS or keep == "all":
                found[name] = found[name] + ", " + value if name in found else value
                limited = limited or limits
    if not found:
        return 0
    attempt.headers = found
    for name in _REQUEST_IDS:
        if found.get(name):
            attempt.request_id = found[name]
            break
    if not limited:
        return 0
    attempt.rate_limits = rate_limits(found, http_date(response.header("date") or ""))
    return spent_ms(attempt.rate_limits)


def rate_limits(
    headers: "dict[str, str]", now: "int | None" = None
) -> "dict[str, dict[str, int | None]]":
    """What headers say of the limits on requests and tokens; see Completion.

    Args:
        headers: with names in lower case.
        now: the server's clock, seconds since 1970; None: ours.
    """
    groups: dict[tuple[str, int], dict[str, int | None]] = {}
    for name, value in headers.items():
        kind, part, rank = _meaning(name)
        if part:
            number = _reset_ms(value.strip(), now) if part == "reset" else _count(value.strip())
            if number is not None:
                empty: dict[str, int | None] = {"limit": None, "remaining": None, "reset_ms": None}
                group = groups.setdefault((kind, rank), empty)
                group["reset_ms" if part == "reset" else part] = number
    result: dict[str, dict[str, int | None]] = {}
    for kind, rank in sorted(groups):
        if kind not in result:
            result[kind] = groups[(kind, rank)]
    return result


def spent_ms(limits: "dict[str, dict[str, int | None]]") -> int:
    """How long nothing is left of a limit, in milliseconds; 0 where something is, or nobody says.

    Args:
        limits: see rate_limits.
    """
    waits = [0]
    for group in limits.values():
        if group["remaining"] == 0 and group["limit"] != 0:
            waits.append(group["reset_ms"] or 0)
    return max(waits)


def _meaning(name: str) -> "tuple[str, str, int]":
    # Of a header's name: "requests" or "tokens", its part ("" for none) and how far it is from the
    # plain limit.
    kind, part, rank = "", "", 0
    if "ratelimit" not in name:
        return kind, part, rank
    before = True
    for word in name.split("-"):
        if word.startswith("ratelimit"):
            before = False
            if word != "ratelimit":  # Mistral's ratelimitbysize
                kind = "tokens"
        elif before:
            pass  # x, anthropic: whose it is
        elif word in _REQUESTS:
            kind = "requests"
        elif word in _TOKENS:
            kind = "tokens"
        elif word in _PARTS and not part:
            part = word
        elif word in _WINDOWS:
            rank += _WINDOWS.index(word)
        else:
            rank += _OTHER
    return kind or "requests", part, rank


def _count(text: str) -> "int | None":
    whole = text.partition(".")[0]
    return int(whole) if len(whole) < 16 and whole.encode().isdigit() else None


def _reset_ms(text: str, now: "int | None") -> "int | None":
    # A duration with units ("6m0.5s"), seconds, a time since 1970 in seconds or milliseconds, or a
    # date, of RFC 3339 or of HTTP.
    then = http_date(text) or _rfc_3339(text)
    if then is None:
        ms = _thousandths(text)
        if ms is None:
            return _duration_ms(text)
        if ms < 1000000000000:
            return ms
        then = ms // 1000 if ms < 100000000000000 else ms // 1000000
    now = now or unix_time()
    return max(then - now, 0) * 1000 if now else None


def _thousandths(text: str) -> "int | None":
    # A decimal number times 1000; digit by digit, since a float of a chip is not exact.
    whole, _, fraction = text.partition(".")
    if len(whole) > 15 or not (whole + (fraction or "0")).encode().isdigit() or not whole:
        return None
    return int(whole) * 1000 + int((fraction + "000")[:3])


def _duration_ms(text: str) -> "int | None":
    total, at = 0, 0
    while at < len(text):
        start = at
        while at < len(text) and text[at] in _DIGITS:
            at += 1
        number = _thousandths(text[start:at])
        start = at
        while at < len(text) and text[at] not in _DIGITS:
            at += 1
        factor = dict(_UNITS).get(text[start:at].strip())
        if number is None or factor is None:
            return None
        total += number * factor // 1000
    return total if text else None


def _rfc_3339(text: str) -> "int | None":
    # In UTC, as all send it; fractions of a second do not matter.
    date, mark, clock = text.upper().partition("T")
    if not mark or clock[-1:] != "Z":
        return None
    try:
        year, month, day = [int(part) for part in date.split("-")]
        hour, minute, second = [int(part) for part in clock[:-1].partition(".")[0].split(":")]
        return calendar_seconds(year, month, day, hour, minute, second)
    except ValueError:
        return None
