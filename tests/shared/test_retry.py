from thinwire.core.retry import retry_after_ms

# Values of the headers retry-after-ms and retry-after, then the milliseconds.
WAITS = [
    (None, None, None),
    (None, "", None),
    (None, "5", 5000),
    (None, " 5 ", 5000),
    (None, "0", 0),
    (None, "0.5", 500),
    (None, "-1", None),
    (None, "nan", None),
    (None, "inf", None),
    (None, "1e12", None),
    (None, "Wed, 21 Oct 2026 07:28:00 GMT", None),
    ("250", None, 250),
    ("250", "5", 250),
    ("0", "5", 0),
    ("soon", "5", 5000),
    ("-3", "soon", None),
]


def test_the_wait_a_server_asks_for():
    for milliseconds, seconds, want in WAITS:
        got = retry_after_ms(milliseconds, seconds)
        assert got == want, (milliseconds, seconds, got)
