"""What an error leads to, what a call may want otherwise, and when it is tried again."""

from helpers import error_of
from streams import deployments

from thinwire.core.error_kinds import COOLDOWN_ON, FALLBACK_ON, FALLBACK_OPTIONAL, RETRY_ON
from thinwire.core.errors import (
    ConnectError,
    EncodeError,
    ReadError,
    StatusError,
    StreamError,
    TransportTimeout,
    WriteError,
)
from thinwire.core.routing.deployment import Deployment
from thinwire.core.routing.policy import Policy, RetryPolicy, Timeouts

PLACE = "http://h/v1"


def make(**options):
    return Policy(Timeouts(), RetryPolicy(), **options)


def test_the_defaults():
    policy = make()
    assert policy.fallback_on == FALLBACK_ON
    assert (policy.hedge_after, policy.on_interrupt) == (None, None)


def test_no_kind_is_in_both_lists():
    assert not [kind for kind in FALLBACK_OPTIONAL if kind in FALLBACK_ON]
    assert RETRY_ON[: len(COOLDOWN_ON)] == COOLDOWN_ON
    assert FALLBACK_ON[: len(RETRY_ON)] == RETRY_ON


def test_unknown_kinds_are_refused_with_the_known_ones():
    for kinds in (("autth",), FALLBACK_ON + ("",), "auth"):
        error = error_of(ValueError, make, fallback_on=kinds)
        assert "known are connect, " in str(error), error
        assert "content_filter" in str(error), error


def test_every_known_kind_may_be_named():
    kinds = FALLBACK_ON + FALLBACK_OPTIONAL
    assert make(fallback_on=list(kinds)).fallback_on == kinds
    assert make(fallback_on=()).fallback_on == ()


def test_the_obvious_number_is_taken_and_shown():
    policy = make()
    assert repr(policy) == ""
    for kinds in (Policy(5, 3), policy.for_call(5, 3), Policy(call_timeouts=5, call_retry=3)):
        place = Deployment("http://h/v1")
        assert repr(kinds.timeouts_at(place)) == repr(Timeouts(total=5))
        assert repr(kinds.retry_at(place)) == repr(RetryPolicy(attempts=3))
    assert repr(Policy(0.5, 1)) == "%r, %r" % (Timeouts(total=0.5), RetryPolicy(attempts=1))
    place = Deployment("http://h/v1", timeouts=7, retry=4)
    assert (place.timeouts.total, place.retry.attempts) == (7000, 4)
    assert policy.timeouts_at(place) is place.timeouts


def test_limits_of_other_kinds_are_refused_with_the_right_form():
    for wrong in ("5", {"total": 5}, True, False, (), RetryPolicy()):
        for kind, names in (
            (make().for_call, {}),
            (Policy, {}),
            (Deployment, {"base_url": PLACE}),
        ):
            assert "Timeouts(...)" in str(error_of(TypeError, kind, timeouts=wrong, **names))
    for wrong in ("3", 2.5, {"attempts": 3}, True, False, (), Timeouts()):
        for kind, names in (
            (make().for_call, {}),
            (Policy, {}),
            (Deployment, {"base_url": PLACE}),
        ):
            assert "RetryPolicy(...)" in str(error_of(TypeError, kind, retry=wrong, **names))
    error_of(ValueError, Policy, 0)
    error_of(ValueError, Policy, -1)
    error_of(ValueError, Policy, retry=0)
    assert "connect" in str(error_of(TypeError, Timeouts, connect="5"))
    assert "total" in str(error_of(TypeError, Timeouts, total=True))
    error_of(TypeError, RetryPolicy, attempts="2")
    error_of(TypeError, RetryPolicy, base=None)


# Seconds, and whether they can be.
HEDGES = [(0, True), (0.25, True), (3, True), (-0.1, False), (float("nan"), False)]


def test_the_time_after_which_to_hedge():
    for seconds, can_be in HEDGES:
        if not can_be:
            error = error_of(ValueError, make, hedge_after=seconds)
            assert "hedge_after" in str(error)
            error_of(ValueError, make().for_call, hedge_after=seconds)
        else:
            assert make(hedge_after=seconds).hedge_after == seconds
            assert make().for_call(hedge_after=seconds).hedge_after == seconds


def test_unknown_answers_to_an_interruption_are_refused():
    for choice in ("retry", "", True, 1):
        error = error_of(ValueError, make, on_interrupt=choice)
        assert "'raise' or 'restart'" in str(error), error
        error_of(ValueError, make().for_call, on_interrupt=choice)
    for choice in ("raise", "restart", None):
        assert make(on_interrupt=choice).on_interrupt == choice


# What the client says, what the call says, then what counts.
CHOICES = [
    (None, None, None),
    ("restart", None, "restart"),
    (None, "restart", "restart"),
    ("restart", "raise", "raise"),
    ("raise", "restart", "restart"),
]


def test_a_call_may_answer_an_interruption_otherwise():
    for client, call, want in CHOICES:
        got = make(on_interrupt=client).for_call(on_interrupt=call).on_interrupt
        assert got == want, (client, call, got)


def test_a_call_may_hedge_otherwise():
    assert make(hedge_after=2).for_call().hedge_after == 2
    assert make(hedge_after=2).for_call(hedge_after=0).hedge_after == 0


def test_a_call_leaves_the_clients_policy_as_it_is():
    policy = make(hedge_after=2, on_interrupt="raise", fallback_on=("auth",))
    own = policy.for_call(Timeouts(), RetryPolicy(), 3, "restart")
    assert (policy.hedge_after, policy.on_interrupt) == (2, "raise")
    assert own.fallback_on == ("auth",)


def test_the_nearest_limits_and_retries_count():
    clients, places, calls = [(Timeouts(), RetryPolicy()) for _ in range(3)]
    plain = deployments("a")["a"]
    own = Deployment("https://a.test/v1", timeouts=places[0], retry=places[1])
    policy = Policy(*clients)
    for one, place, want in [
        (policy, plain, clients),
        (policy, own, places),
        (policy.for_call(), own, places),
        (policy.for_call(*calls), own, calls),
        (policy.for_call(*calls), plain, calls),
    ]:
        assert one.timeouts_at(place) is want[0]
        assert one.retry_at(place) is want[1]


def status(code, words="no", hint=None):
    error = StatusError(code, words)
    error.should_retry = hint
    return error


# An error, whether it is tried again, and whether it leads to the fallback.
ERRORS = [
    (ConnectError("x"), True, True),
    (WriteError("x"), True, True),
    (ReadError("x"), True, True),
    (StreamError("x"), True, True),
    (TransportTimeout("x", "first_token"), True, True),
    (TransportTimeout("x", "progress"), True, True),
    (TransportTimeout("x", "total"), False, False),
    (EncodeError("x", ""), False, False),
    (status(408), True, True),
    (status(409), True, True),
    (status(425), True, True),
    (status(429), True, True),
    (status(500), True, True),
    (status(503), True, True),
    (status(529), True, True),
    (status(301), False, False),
    (status(400), False, False),
    (status(401), False, False),
    (status(402), False, False),
    (status(403), False, False),
    (status(404), False, False),
    (status(413), False, False),
    (status(429, "insufficient_quota"), False, True),
    (status(400, "context_length_exceeded"), False, False),
    (status(400, "content_filter"), False, False),
    (status(400, hint=True), True, True),
    (status(503, hint=False), False, True),
    (status(401, hint=False), False, False),
]


def test_what_an_error_leads_to():
    policy = make()
    for error, again, onward in ERRORS:
        assert error.retryable is again, error
        assert policy.falls_back(error) is onward, error


def test_kinds_that_a_caller_adds_or_takes_away():
    for error in (status(401), status(404), status(413), status(402)):
        assert make(fallback_on=FALLBACK_ON + (error.kind,)).falls_back(error), error
        assert not error.retryable, error
    assert not make(fallback_on=("auth",)).falls_back(ReadError("x"))
    assert not make(fallback_on=("timeout",)).falls_back(TransportTimeout("x", "total"))


def test_a_call_that_wants_nothing_otherwise_has_the_clients_policy():
    policy = make(hedge_after=2)
    assert policy.for_call() is policy


def test_what_a_call_wants_is_kept():
    limits, retry = Timeouts(), RetryPolicy()
    policy = make().for_call(limits, retry).for_call(on_interrupt="raise")
    place = deployments("a")["a"]
    assert policy.timeouts_at(place) is limits
    assert policy.retry_at(place) is retry


def test_limits_print_as_they_are_written():
    want = "Timeouts(connect=10, first_token=15, progress=60, liveness=60, total=None, upload=30)"
    assert repr(Timeouts()) == want, repr(Timeouts())
    want = "Timeouts(connect=None, first_token=0.5, progress=60, liveness=60, total=90, upload=30)"
    assert repr(Timeouts(None, 0.5, total=90)) == want
    assert "True or False" in str(error_of(TypeError, RetryPolicy, retry_empty=1))
    got = repr(RetryPolicy(attempts=3, jitter="none"))
    want = (
        "RetryPolicy(attempts=3, base=0.5, cap=8, multiplier=2, jitter='none', max_retry_after=60)"
    )
    assert got == want, got


LIMITS = ("connect", "first_token", "progress", "liveness", "total")


def timeouts(**seconds):
    # Only the limits that are named.
    values = dict.fromkeys(LIMITS)
    values.update(seconds)
    return Timeouts(**values)


def test_the_default_limits():
    limits = Timeouts()
    got = [getattr(limits, name) for name in LIMITS]
    assert got == [10000, 15000, 60000, 60000, None]


def test_seconds_become_milliseconds():
    for seconds, want in [(1, 1000), (0.25, 250), (0.0001, 1), (None, None), (float("inf"), None)]:
        assert timeouts(total=seconds).total == want


def test_impossible_limits_are_refused_by_name():
    for name in LIMITS:
        for seconds in (0, -1, -0.5, float("nan"), -float("inf")):
            error = error_of(ValueError, timeouts, **{name: seconds})
            assert name in str(error)


def test_the_longest_silence_inside_a_stream():
    for seconds, want in [
        ({}, None),
        ({"progress": 3}, 3000),
        ({"liveness": 2}, 2000),
        ({"progress": 3, "liveness": 2}, 2000),
        ({"first_token": 1, "total": 1}, None),
    ]:
        assert timeouts(**seconds).idle_ms() == want


# How often and when one deployment is tried again.


def test_the_defaults_of_a_retry():
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
