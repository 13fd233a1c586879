# What a caller sees of each try.

from thinwire.core.errors import ReadError
from thinwire.core.routing.plan import Attempt


def test_an_attempt_at_work():
    attempt = Attempt(2, "a", "b", 700, True)
    got = (attempt.number, attempt.model, attempt.deployment, attempt.started_ms, attempt.hedge)
    assert got == (2, "a", "b", 700, True), got
    assert (attempt.outcome, attempt.error, attempt.status) == ("", None, 0)
    assert (attempt.ms, attempt.sent_bytes) == (0, 0)
    assert Attempt(1, "a", "a", 0).hedge is False


def test_the_first_outcome_counts():
    attempt = Attempt(1, "a", "b", 700)
    error = ReadError("cut")
    attempt.ended("failed", 1000, error)
    attempt.ended("cancelled", 5000)
    attempt.ended("answered", 6000, ReadError("other"))
    assert (attempt.outcome, attempt.error, attempt.ms) == ("failed", error, 300)


# How it ended (or not), then what it prints as.
SHOWN = [
    (None, "Attempt(1, 'b', 'at work', 0 ms, 0 bytes sent)"),
    (("answered", 1500), "Attempt(1, 'b', 'answered', 500 ms, 0 bytes sent)"),
    (("lost", 1200), "Attempt(1, 'b', 'lost', 200 ms, 0 bytes sent)"),
    (
        ("failed", 1001, ReadError("cut")),
        "Attempt(1, 'b', 'failed: cut', 1 ms, 0 bytes sent)",
    ),
]


def test_an_attempt_prints_what_became_of_it():
    for end, want in SHOWN:
        attempt = Attempt(1, "a", "b", 1000)
        if end is not None:
            attempt.ended(*end)
        assert repr(attempt) == want, repr(attempt)
