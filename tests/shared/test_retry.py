# How often and when one deployment is tried again.

from helpers import error_of

from thinwire.core.routing.policy import RetryPolicy


def test_the_defaults():
    retry = RetryPolicy()
    got = (retry.attempts, retry.base, retry.cap, retry.multiplier, retry.max_retry_after)
    assert got == (2, 0.5, 8, 2, 60), got
    assert retry.jitter == "full"


# Arguments that make no sense, and a word of the error.
IMPOSSIBLE = [
    ({"attempts": 0}, "attempts"),
    ({"attempts": -1}, "attempts"),
    ({"base": -0.1}, "waits"),
    ({"cap": -1}, "waits"),
    ({"max_retry_after": -1}, "waits"),
    ({"multiplier": 0.9}, "multiplier"),
    ({"attempts": float("nan")}, "attempts"),
    ({"base": float("nan")}, "waits"),
    ({"cap": float("nan")}, "waits"),
    ({"max_retry_after": float("nan")}, "waits"),
    ({"multiplier": float("nan")}, "multiplier"),
    ({"jitter": "some"}, "jitter"),
    ({"jitter": None}, "jitter"),
]


def test_impossible_values_are_refused():
    for arguments, word in IMPOSSIBLE:
        error = error_of(ValueError, RetryPolicy, **arguments)
        assert word in str(error), (arguments, error)


def test_values_at_the_limits_are_taken():
    retry = RetryPolicy(attempts=1, base=0, cap=0, multiplier=1, max_retry_after=0)
    assert retry.backoff_ms(3, 0.999) == 0


# Jitter, attempts so far, then milliseconds for the fractions 0, 0.5 and 0.999.
BACKOFF = [
    ("none", 1, (500, 500, 500)),
    ("none", 2, (1000, 1000, 1000)),
    ("none", 3, (2000, 2000, 2000)),
    ("none", 5, (8000, 8000, 8000)),
    ("none", 6, (8000, 8000, 8000)),
    ("equal", 1, (250, 375, 499)),
    ("equal", 2, (500, 750, 999)),
    ("equal", 9, (4000, 6000, 7996)),
    ("full", 1, (0, 250, 499)),
    ("full", 2, (0, 500, 999)),
    ("full", 9, (0, 4000, 7992)),
]


def test_the_wait_grows_up_to_the_cap():
    for jitter, tries, want in BACKOFF:
        retry = RetryPolicy(jitter=jitter)
        got = tuple([retry.backoff_ms(tries, fraction) for fraction in (0, 0.5, 0.999)])
        assert got == want, (jitter, tries, got)


# Base, multiplier and cap, then the waits after one to four attempts.
GROWTH = [
    ((0.1, 3, 8), [100, 300, 900, 2700]),
    ((1, 1, 8), [1000, 1000, 1000, 1000]),
    ((0, 2, 8), [0, 0, 0, 0]),
    ((20, 2, 8), [8000, 8000, 8000, 8000]),
    ((1, 10, 5), [1000, 5000, 5000, 5000]),
]


def test_base_multiplier_and_cap():
    for (base, multiplier, cap), want in GROWTH:
        retry = RetryPolicy(base=base, multiplier=multiplier, cap=cap, jitter="none")
        got = [retry.backoff_ms(tries, 0) for tries in (1, 2, 3, 4)]
        # A chip has floats of 32 bits: a millisecond may be lost.
        assert all(abs(one - other) <= 1 for one, other in zip(got, want)), (base, got)


def test_many_attempts_overflow_nothing():
    retry = RetryPolicy(multiplier=1000, jitter="none")
    assert retry.backoff_ms(5000, 0) == 8000


# Attempts so far (of three), what the server asked for, then the wait.
WAITS = [
    (1, None, 500),
    (2, None, 1000),
    (3, None, None),
    (4, None, None),
    (1, 0, 0),
    (1, 2500, 2500),
    (1, 60000, 60000),
    (1, 60001, None),
    (3, 0, None),
]


def test_the_server_says_how_long_to_wait():
    retry = RetryPolicy(attempts=3, jitter="none")
    for tries, asked, want in WAITS:
        got = retry.wait_ms(tries, 0.5, asked)
        assert got == want, (tries, asked, got)


def test_what_a_server_asks_for_has_no_jitter():
    retry = RetryPolicy(jitter="full")
    assert [retry.wait_ms(1, fraction, 700) for fraction in (0, 0.999)] == [700, 700]


def test_one_attempt_is_no_retry():
    assert RetryPolicy(attempts=1).wait_ms(1, 0, None) is None
