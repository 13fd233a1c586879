# What a response says about trying again: how long to wait, and whether it makes sense at all.

from thinwire.core._compat import const, unix_time
from thinwire.core.http_date import http_date

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.transport import Response

_LONGEST = const(1000000000)  # milliseconds, eleven days; whoever asks for more means the same


def retry_after_ms(response: "Response") -> "int | None":
    """How long the server asks to wait (RFC 9110 §10.2.3).

    Read from `retry-after-ms`, else from `retry-after`, in seconds or as a date. A date counts
    from the server's own `Date`, so that a wrong clock here does not matter.

    Returns:
        Milliseconds, 0 for a date that has passed; None when there is nothing usable.
    """
    wait = _number(response.header("retry-after-ms"), 1)
    if wait is None:
        wait = _number(response.header("retry-after"), 1000)
    return _until(response) if wait is None else wait


def should_retry(response: "Response") -> "bool | None":
    """What `x-should-retry` says (OpenAI, Anthropic); None when it says nothing."""
    word = (response.header("x-should-retry") or "").strip().lower()
    return word == "true" if word in ("true", "false") else None


def _number(text: "str | None", factor: int) -> "int | None":
    # Taken digit by digit: a float would let "inf" and "nan" in, and be inexact on a chip.
    whole, _, fraction = (text or "").strip().partition(".")
    if not _is_digits(whole) or not _is_digits(fraction or "0"):
        return None
    if len(whole) > 10:
        return _LONGEST
    thousandths = int((fraction + "000")[:3])
    return min(int(whole) * factor + thousandths * factor // 1000, _LONGEST)


def _is_digits(text: str) -> bool:
    return text.encode("utf-8", "replace").isdigit()


def _until(response: "Response") -> "int | None":
    then = http_date(response.header("retry-after") or "")
    now = http_date(response.header("date") or "") or unix_time()
    if then is None or not now:
        return None
    return min(max(then - now, 0) * 1000, _LONGEST)
