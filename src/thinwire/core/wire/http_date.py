"""Dates of HTTP (RFC 9110 §5.6.7), in whole seconds: a float of a chip holds seven digits.

Three forms, told apart by their number of words. Whatever is not exactly one of them is no date:
inside, a ValueError says so, as int() does. Beside them, times that are numbers.
"""

from thinwire.core._compat import const, unix_time

LONGEST_MS = 1000000000  # eleven days; whoever asks for more means the same
_WEEKDAYS = "MonTueWedThuFriSatSun"
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_DAY = const(86400)
_YEAR = const(31556952)  # mean length in the Gregorian calendar, seconds
_TO_1970 = const(719469)  # what _days counts to 1970-01-01, before it is subtracted


def http_date(text: str) -> "int | None":
    """Reads a date in any of the three forms of HTTP.

    Args:
        text: "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT" or
            "Sun Nov  6 08:49:37 1994".

    Returns:
        Seconds since 1970-01-01 00:00:00 UTC, or None when the text is no such date.
    """
    words = text.split()
    try:
        if len(words) == 6:  # what every server should send
            weekday, day, month, year, clock, zone = words
            _expect(weekday[3:] == "," and zone == "GMT")
            return _seconds(_number(year, 4), month, _number(day, 2), clock, weekday)
        if len(words) == 5:  # as C's asctime() writes it: the day has one digit or two
            weekday, month, day, clock, year = words
            _expect(len(weekday) == 3 and len(day) < 3)
            return _seconds(_number(year, 4), month, _number(day, len(day)), clock, weekday)
        if len(words) == 4:
            return _rfc_850(words)
    except ValueError:
        pass  # not a number where one has to be, or one that no calendar has
    return None


def calendar_seconds(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0
) -> int:
    """Seconds from 1970-01-01 00:00:00 UTC to a moment of the Gregorian calendar, also in UTC."""
    return _days(year, month, day) * _DAY + hour * 3600 + minute * 60 + second


def _rfc_850(words: "list[str]") -> int:
    _expect(words[0][-4:] == "day," and words[3] == "GMT")
    day, month, year = words[1].split("-")
    # What appears to be more than 50 years ahead is past. Without a clock, now is mid-2024.
    limit = (unix_time() or 1720000000) + 50 * _YEAR
    last = 1970 + limit // _YEAR
    full = last - (last - _number(year, 2)) % 100
    date = _number(day, 2)
    seconds = _seconds(full, month, date, words[2], words[0])
    return seconds if seconds <= limit else _seconds(full - 100, month, date, words[2], words[0])


def _seconds(year: int, name: str, day: int, clock: str, weekday: str) -> int:
    # Which day of the week it says does not matter, as long as it is one.
    _index(_WEEKDAYS, weekday[:3])
    month = _index(_MONTHS, name) + 1
    hour, minute, second = [_number(part, 2) for part in clock.split(":")]
    _expect(0 < day <= _days(year, month + 1, 1) - _days(year, month, 1))
    _expect(hour < 24 and minute < 60 and second <= 60)  # 60 is a leap second
    return calendar_seconds(year, month, day, hour, minute, second)


def _number(text: str, size: int) -> int:
    # int() alone would take signs, underscores and the digits of other scripts as well.
    _expect(len(text) == size and text.encode().isdigit())
    return int(text)


def _index(names: str, name: str) -> int:
    at = names.find(name)
    _expect(len(name) == 3 and at >= 0 and at % 3 == 0)
    return at // 3


def _expect(holds: bool) -> None:
    if not holds:
        raise ValueError


def _days(year: int, month: int, day: int) -> int:
    # A year that begins in March has its leap day at the end, and months of 31, 30, 31, 30 and 31
    # days again and again: 153 days for five of them. Month 13 is the next January.
    if month < 3:
        year -= 1
        month += 12
    leaps = year // 4 - year // 100 + year // 400
    return year * 365 + leaps + (month * 153 - 457) // 5 + day - _TO_1970


def milliseconds(text: str, factor: int) -> "int | None":
    """A number, 0 or more, as milliseconds; None when it is none.

    Args:
        text: digits, and perhaps a fraction.
        factor: milliseconds that 1 stands for.
    """
    # Taken digit by digit: a float would let "inf" and "nan" in, and be inexact on a chip.
    whole, _, fraction = text.partition(".")
    if not (text and is_digits(whole) and is_digits(fraction or "0")):
        return None
    if len(whole) > 10:
        return LONGEST_MS
    thousandths = int((fraction + "000")[:3])
    return min(int(whole) * factor + thousandths * factor // 1000, LONGEST_MS)


def is_digits(text: str) -> bool:
    """Whether `text` is ASCII digits, and at least one."""
    return text.encode("utf-8", "replace").isdigit()
