from thinwire.core.wire import http_date as module
from thinwire.core.wire.http_date import calendar_seconds, http_date

# RFC 9110 §5.6.7 gives the first three as the same moment.
DATES = [
    ("Sun, 06 Nov 1994 08:49:37 GMT", 784111777),
    ("Sunday, 06-Nov-94 08:49:37 GMT", 784111777),
    ("Sun Nov  6 08:49:37 1994", 784111777),
    ("Sun Nov 06 08:49:37 1994", 784111777),
    ("Sun Nov 16 08:49:37 1994", 784975777),
    ("  Sun, 06 Nov 1994 08:49:37 GMT ", 784111777),
    ("Mon, 06 Nov 1994 08:49:37 GMT", 784111777),  # not a Monday: the date is what counts
    ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
    ("Wed, 31 Dec 1969 23:59:59 GMT", -1),
    ("Tue, 19 Jan 2038 03:14:08 GMT", 2147483648),
    ("Thu, 29 Feb 2024 12:00:00 GMT", 1709208000),
    ("Tue, 29 Feb 2000 00:00:00 GMT", 951782400),
    ("Sat, 31 Dec 2016 23:59:60 GMT", 1483228800),  # a leap second
    ("Fri, 31 Dec 9999 23:59:59 GMT", 253402300799),
]


def test_dates_in_all_three_forms():
    for text, want in DATES:
        got = http_date(text)
        assert got == want, (text, got)
        assert isinstance(got, int), text


NO_DATES = [
    "",
    " ",
    "5",
    "soon",
    "GMT",
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 06 Nov 1994 08:49:37 UTC",
    "Sun, 06 Nov 1994 08:49:37 +0000",
    "Sun, 06 Nov 1994 08:49:37 GMT x",
    "Sun 06 Nov 1994 08:49:37 GMT",
    "Son, 06 Nov 1994 08:49:37 GMT",
    "unM, 06 Nov 1994 08:49:37 GMT",
    "Sunday, 06 Nov 1994 08:49:37 GMT",
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun, 006 Nov 1994 08:49:37 GMT",
    "Sun, 00 Nov 1994 08:49:37 GMT",
    "Sun, 31 Nov 1994 08:49:37 GMT",
    "Wed, 29 Feb 2023 08:49:37 GMT",
    "Thu, 29 Feb 1900 08:49:37 GMT",
    "Sun, 32 Dec 1994 08:49:37 GMT",
    "Sun, 06 nov 1994 08:49:37 GMT",
    "Sun, 06 ovD 1994 08:49:37 GMT",
    "Sun, 06 No 1994 08:49:37 GMT",
    "Sun, 06 11 1994 08:49:37 GMT",
    "Sun, 06 Nov 94 08:49:37 GMT",
    "Sun, 06 Nov 19940 08:49:37 GMT",
    "Sun, 06 Nov -994 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:00:00 GMT",
    "Sun, 06 Nov 1994 08:60:37 GMT",
    "Sun, 06 Nov 1994 08:49:61 GMT",
    "Sun, 06 Nov 1994 08:49 GMT",
    "Sun, 06 Nov 1994 08:49:37:00 GMT",
    "Sun, 06 Nov 1994 8:49:37 GMT",
    "Sun, 06 Nov 1994 +8:49:37 GMT",
    "Sun, 06 Nov 1994 0_:49:37 GMT",
    "Sun, 06 Nov 1994 ::: GMT",
    "Sun, \u0660\u0666 Nov 1994 08:49:37 GMT",
    "Sun, \xb2\xb3 Nov 1994 08:49:37 GMT",
    "Sunday, 06-Nov-1994 08:49:37 GMT",
    "Sunday, 06-Nov 08:49:37 GMT",
    "Sunday, 06-Nov-94-01 08:49:37 GMT",
    "Sunday, 06-Nov-94 08:49:37 CET",
    "Sunday 06-Nov-94 08:49:37 GMT",
    "Son-day, 06-Nov-94 08:49:37 GMT",
    "Sun, 06-Nov-94 08:49:37 GMT",
    "Sunday Nov 6 08:49:37 1994",
    "Sun Nov 006 08:49:37 1994",
    "Sun Nov 6 08:49:37 94",
    "Sun Nov 6 1994 08:49:37",
    "1994-11-06T08:49:37Z",
    "\x00" * 29,
    "Sun, " * 1000,
    "9" * 5000,
]


def test_what_is_no_date_is_none():
    for text in NO_DATES:
        assert http_date(text) is None, text


def test_no_piece_of_a_date_is_one():
    for text in ("Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"):
        for end in range(len(text)):
            assert http_date(text[:end]) is None, text[:end]
            changed = text[:end] + "\u20ac" + text[end + 1 :]
            assert http_date(changed) is None or end < len("Sun"), changed


# The year of a wall clock that shows July, two digits, then the year of the November that they
# mean: at most 50 years ahead.
YEARS = [
    (2026, 26, 2026),
    (2026, 0, 2000),
    (2026, 75, 2075),
    (2026, 76, 1976),
    (2026, 77, 1977),
    (2026, 99, 1999),
    (2049, 98, 2098),
    (2049, 99, 1999),
    (2099, 1, 2101),
    (2099, 48, 2148),
    (2099, 49, 2049),
    (0, 26, 2026),  # no clock
    (0, 73, 2073),
    (0, 74, 1974),
]


def test_two_digits_of_a_year_that_seems_far_ahead_are_past():
    real = module.unix_time
    try:
        for year, digits, want in YEARS:
            now = calendar_seconds(year, 7, 1) if year else 0
            module.unix_time = lambda now=now: now
            got = http_date("Sunday, 06-Nov-%02d 08:49:37 GMT" % digits)
            assert got == calendar_seconds(want, 11, 6, 8, 49, 37), (year, digits, got)
    finally:
        module.unix_time = real


def test_a_calendar_without_a_gap():
    # Day by day through 400 years, the whole cycle of leap years.
    lengths = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    seconds = calendar_seconds(1900, 1, 1)
    assert seconds == -2208988800
    for year in range(1900, 2300):
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        for month in range(1, 13):
            for day in (1, lengths[month - 1] + (leap and month == 2)):
                want = seconds + (day - 1) * 86400
                assert calendar_seconds(year, month, day) == want, (year, month, day)
            seconds = want + 86400


def test_a_moment_of_a_day():
    assert calendar_seconds(1970, 1, 2, 3, 4, 5) == 86400 + 3 * 3600 + 4 * 60 + 5
