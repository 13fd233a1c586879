# What a server says about trying again.


def retry_after_ms(milliseconds: "str | None", seconds: "str | None") -> "int | None":
    """How long to wait, from the headers `retry-after-ms` and `retry-after` (RFC 9110 §10.2.3).

    Args:
        milliseconds: value of `retry-after-ms`, preferred.
        seconds: value of `retry-after`; only its form in seconds is understood here.

    Returns:
        Milliseconds, or None when neither header is a usable number.
    """
    for text, factor in ((milliseconds, 1), (seconds, 1000)):
        wait = _number(text)
        if wait is not None:
            return int(wait * factor)
    return None


def _number(text: "str | None") -> "float | None":
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value < 1e9 else None
