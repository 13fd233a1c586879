from thinwire.core.errors import (
    ReadError,
    StatusError,
    StreamError,
    ThinwireError,
    TransportTimeout,
)
from thinwire.core.routing.all_failed import AllAttemptsFailed, most_telling
from thinwire.core.routing.plan import Attempt


def attempt(number, deployment, error=None, outcome="failed"):
    one = Attempt(number, "m", deployment, 0)
    one.sent_bytes = 10 * number
    one.ended(outcome, 5, error)
    return one


RETRYABLE = [
    (AllAttemptsFailed((attempt(1, "a", ReadError("r")),)), True),
    (AllAttemptsFailed((attempt(1, "a", StatusError(400, "r")),)), False),
]


def test_whether_another_try_may_help_is_what_the_last_error_says():
    for error, want in RETRYABLE:
        assert error.retryable is want, error
        assert isinstance(error, ThinwireError), error


def test_all_attempts_failed_lists_them():
    first, second = StatusError(429, "slow"), ReadError("cut")
    attempts = (attempt(1, "a", first), attempt(2, "b", second), attempt(3, "c", None, "lost"))
    error = AllAttemptsFailed(attempts)
    want = (
        "all 3 attempts failed; a: status 429: slow (5 ms, 10 bytes sent);"
        " b: cut (5 ms, 20 bytes sent); c: lost"
    )
    assert str(error) == want, str(error)
    assert error.attempts is attempts
    assert error.last is error.cause is first
    assert (error.kind, error.retryable) == ("rate_limit", True)


CUT, CUT_AGAIN, EMPTY = ReadError("cut"), TransportTimeout("late"), StreamError("no event")
SLOW, BUSY, REFUSED = StatusError(429, "slow"), StatusError(503, "no"), StatusError(401, "key")

# Errors in the order they came, then the one that helps most.
TELLING = [
    ([CUT], CUT),
    ([CUT, CUT_AGAIN], CUT_AGAIN),
    ([EMPTY, CUT], EMPTY),
    ([SLOW, EMPTY], SLOW),
    ([SLOW, BUSY, CUT], BUSY),
    ([REFUSED, SLOW, BUSY], REFUSED),
]


def test_the_most_telling_error():
    for found, want in TELLING:
        assert most_telling(found) is want, found
