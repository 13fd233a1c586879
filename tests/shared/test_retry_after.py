from thinwire.core.answer import error_response as module
from thinwire.core.answer.error_response import retry_after_ms, should_retry

DATE = "Wed, 21 Oct 2026 07:28:00 GMT"
SECONDS = 1792567680  # the same, since 1970
LONGEST = 1000000000


class Head:
    # As much of a response as has to do with headers.
    def __init__(self, headers):
        self.headers = headers

    def header(self, name):
        return self.headers.get(name)


def wait(now=0, **headers):
    # `now` is the clock here, 0 when it is not set. Underscores stand for the dashes of names.
    real, module.unix_time = module.unix_time, lambda: now
    try:
        return retry_after_ms(Head({name.replace("_", "-"): headers[name] for name in headers}))
    finally:
        module.unix_time = real


# A value, what it means in retry-after and in retry-after-ms.
NUMBERS = [
    ("", None, None),
    ("0", 0, 0),
    ("5", 5000, 5),
    (" 5 ", 5000, 5),
    ("\t5", 5000, 5),
    ("007", 7000, 7),
    ("0.5", 500, 0),
    ("1.5", 1500, 1),
    ("1.", 1000, 1),
    ("0.0001", 0, 0),
    ("1.23456789", 1234, 1),
    ("86400", 86400000, 86400),
    ("16777217", LONGEST, 16777217),  # more digits than a chip's float has
    ("1000000", LONGEST, 1000000),
    ("1000001", LONGEST, 1000001),
    ("1000000001", LONGEST, LONGEST),
    ("9" * 10, LONGEST, LONGEST),
    ("9" * 11, LONGEST, LONGEST),
    ("9" * 5000, LONGEST, LONGEST),
    ("-1", None, None),
    ("+5", None, None),
    ("-0", None, None),
    (".5", None, None),
    ("1.5.2", None, None),
    ("1.x", None, None),
    ("1e3", None, None),
    ("0x10", None, None),
    ("1_000", None, None),
    ("nan", None, None),
    ("inf", None, None),
    ("-inf", None, None),
    ("soon", None, None),
    ("5 s", None, None),
    ("5, 10", None, None),
    ("\xb2", None, None),
    ("\u0665", None, None),
]


def test_numbers():
    for value, seconds, milliseconds in NUMBERS:
        got = wait(retry_after=value)
        assert got == seconds, (value, got)
        got = wait(retry_after_ms=value)
        assert got == milliseconds, (value, got)


BOTH = [
    ({}, None),
    ({"retry_after": "2", "retry_after_ms": "150"}, 150),
    ({"retry_after": "2", "retry_after_ms": "0"}, 0),
    ({"retry_after": "2", "retry_after_ms": "soon"}, 2000),
    ({"retry_after": "soon", "retry_after_ms": "-3"}, None),
    ({"retry_after": DATE, "retry_after_ms": "150"}, 150),
    ({"retry_after_ms": DATE}, None),
]


def test_milliseconds_come_first():
    for headers, want in BOTH:
        got = wait(**headers)
        assert got == want, (headers, got)


# The server's own date, the clock here, then the wait until DATE.
CLOCKS = [
    ("Wed, 21 Oct 2026 07:27:30 GMT", 0, 30000),
    ("Wed, 21 Oct 2026 07:27:30 GMT", SECONDS + 5000, 30000),
    ("Wednesday, 21-Oct-26 07:27:30 GMT", 0, 30000),
    ("Wed Oct 21 07:27:30 2026", 0, 30000),
    (DATE, 0, 0),
    ("Wed, 21 Oct 2026 08:28:00 GMT", 0, 0),
    ("Sun, 06 Nov 1994 08:49:37 GMT", 0, LONGEST),
    (None, SECONDS - 20, 20000),
    (None, SECONDS, 0),
    (None, SECONDS + 1, 0),
    (None, 0, None),
    ("yesterday", SECONDS - 20, 20000),
    ("yesterday", 0, None),
]


def test_a_date_counts_from_the_servers_clock_else_from_ours():
    for date, now, want in CLOCKS:
        headers = {"retry_after": DATE}
        if date is not None:
            headers["date"] = date
        got = wait(now, **headers)
        assert got == want, (date, now, got)


def test_the_servers_date_alone_asks_for_nothing():
    assert wait(SECONDS, date=DATE) is None


ADVICE = [
    (None, None),
    ("", None),
    ("true", True),
    ("false", False),
    ("True", True),
    (" FALSE ", False),
    ("yes", None),
    ("1", None),
    ("true, false", None),
]


def test_what_a_server_says_about_trying_again():
    for value, want in ADVICE:
        got = should_retry(Head({} if value is None else {"x-should-retry": value}))
        assert got is want, (value, got)
