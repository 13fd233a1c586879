# What an error leads to, and what a call may want otherwise.

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
from thinwire.core.routing.clocks import Timeouts
from thinwire.core.routing.deployment import Deployment
from thinwire.core.routing.policy import Policy, RetryPolicy


def make(**options):
    return Policy(Timeouts(), RetryPolicy(), **options)


def test_the_defaults():
    policy = make()
    assert policy.fallback_on == FALLBACK_ON
    assert (policy.hedge_ms, policy.on_interrupt) == (None, None)


def test_no_kind_is_in_both_lists():
    assert not [kind for kind in FALLBACK_OPTIONAL if kind in FALLBACK_ON]
    assert not [kind for kind in COOLDOWN_ON if kind not in RETRY_ON]


def test_unknown_kinds_are_refused_with_the_known_ones():
    for kinds in (("autth",), FALLBACK_ON + ("",), "auth"):
        error = error_of(ValueError, make, fallback_on=kinds)
        assert "known are connect, " in str(error), error
        assert "content_filter" in str(error), error


def test_every_known_kind_may_be_named():
    kinds = FALLBACK_ON + FALLBACK_OPTIONAL
    assert make(fallback_on=list(kinds)).fallback_on == kinds
    assert make(fallback_on=()).fallback_on == ()


# Seconds, then milliseconds; None for a ValueError.
HEDGES = [(0, 0), (0.25, 250), (3, 3000), (-0.1, None), (float("nan"), None)]


def test_the_time_after_which_to_hedge():
    for seconds, want in HEDGES:
        if want is None:
            error = error_of(ValueError, make, hedge_after=seconds)
            assert "hedge_after" in str(error)
            error_of(ValueError, make().for_call, hedge_after=seconds)
        else:
            assert make(hedge_after=seconds).hedge_ms == want, seconds
            assert make().for_call(hedge_after=seconds).hedge_ms == want, seconds


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
    assert make(hedge_after=2).for_call().hedge_ms == 2000
    assert make(hedge_after=2).for_call(hedge_after=0).hedge_ms == 0


def test_a_call_leaves_the_clients_policy_as_it_is():
    policy = make(hedge_after=2, on_interrupt="raise", fallback_on=("auth",))
    own = policy.for_call(Timeouts(), RetryPolicy(), 3, "restart")
    assert (policy.hedge_ms, policy.on_interrupt) == (2000, "raise")
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
        assert policy.retries(error) is again, error
        assert policy.falls_back(error) is onward, error


def test_kinds_that_a_caller_adds_or_takes_away():
    for error in (status(401), status(404), status(413), status(402)):
        assert make(fallback_on=FALLBACK_ON + (error.kind,)).falls_back(error), error
        assert not make(fallback_on=FALLBACK_ON + (error.kind,)).retries(error), error
    assert not make(fallback_on=("auth",)).falls_back(ReadError("x"))
    assert not make(fallback_on=("timeout",)).falls_back(TransportTimeout("x", "total"))


# What the client says, what the call says, whether they can be told; then what counts, or "".
TELLING = [
    (None, None, True, "restart"),
    (None, None, False, "raise"),
    (None, "raise", True, "raise"),
    (None, "restart", True, "restart"),
    (None, "restart", False, ""),
    ("restart", None, True, "restart"),
    ("restart", None, False, "raise"),
    ("restart", "raise", False, "raise"),
    ("raise", None, True, "raise"),
    ("raise", "restart", True, "restart"),
    ("raise", "restart", False, ""),
]


def test_text_is_void_only_for_those_who_are_told():
    for client, call, told, want in TELLING:
        policy = make(on_interrupt=client).for_call(on_interrupt=call)
        if want:
            policy.restart_only_if(told)
            assert policy.on_interrupt == want, (client, call, told, policy.on_interrupt)
        else:
            error = error_of(ValueError, policy.restart_only_if, told)
            assert "on_restart" in str(error), error
