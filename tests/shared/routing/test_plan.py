"""A plan: what a caller sees of each try, and how its bodies are framed."""

import json

from helpers import error_of, read_all
from streams import ONCE, Tried

from thinwire.core.errors import EncodeError, ReadError, StatusError
from thinwire.core.request.call import Call
from thinwire.core.request.raw_call import RawCall
from thinwire.core.routing import recovery
from thinwire.core.routing.deployment import Deployment
from thinwire.core.routing.health import CooldownPolicy, Health
from thinwire.core.routing.plan import Attempt, Plan
from thinwire.core.routing.policy import Policy, Timeouts
from thinwire.core.routing.router import Router


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


MESSAGES = [{"role": "user", "content": "é"}]

ROUTER = Router(
    "chunked",
    {
        "chunked": Deployment("http://a/v1"),
        "length": Deployment("http://b/v1", framing="length"),
    },
    {"chunked": ["length"]},
)

# Errors of servers that want a Content-Length, and of others.
WANTS = (
    StatusError(411, "Length Required"),
    StatusError(501, "Transfer-Encoding is not supported"),
    StatusError(501, "no", body_snippet="<p>transfer-encoding: chunked"),
)

OTHERS = (StatusError(501, "not implemented"), StatusError(400, "transfer-encoding"))


def plan_of(call, model, health=None):
    policy = Policy(Timeouts(), ONCE)
    return Plan(ROUTER, call, model, policy, health or Health(CooldownPolicy()), 0)


def begun(plan):
    tried = Tried(plan, 0)
    return tried.attempt, tried.request


def failed(plan, error):
    # An attempt whose whole body is sent; returns its body and the decision.
    tried = Tried(plan, 0)
    sent = read_all(tried.request.body)
    recovery.record_failure(plan, tried, error, 0)
    decision = recovery.decide(plan, tried, error, True, 0, 0)
    plan.left = decision.left
    if decision.free:
        plan.tries[tried.attempt.deployment] -= 1
    return sent, decision


def test_a_framing_of_another_name_is_refused():
    error = error_of(ValueError, Deployment, "http://a/v1", framing="content-length")
    assert "framing" in str(error)


def test_a_deployment_with_framing_length_gets_one():
    _, request = begun(plan_of(Call(MESSAGES), "length"))
    assert request.length == len(read_all(request.body))


def test_by_default_the_body_is_chunked():
    assert begun(plan_of(Call(MESSAGES), "chunked"))[1].length is None


def test_a_server_that_wants_a_length_is_asked_again_with_one():
    for error in WANTS:
        plan = plan_of(Call(MESSAGES), "chunked")
        first, step = failed(plan, error)
        assert (step.action, step.wait_ms) == ("retry", 0)
        attempt, request = begun(plan)
        assert (attempt.deployment, attempt.number) == ("chunked", 2)
        assert request.length == len(first)
        assert json.loads(read_all(request.body)) == json.loads(first)


def test_it_is_remembered_for_later_calls():
    health = Health(CooldownPolicy())
    failed(plan_of(Call(MESSAGES), "chunked", health), WANTS[0])
    assert begun(plan_of(Call(MESSAGES), "chunked", health))[1].length is not None


def test_it_is_asked_again_once():
    plan = plan_of(Call(MESSAGES), "chunked")
    failed(plan, WANTS[0])
    _, step = failed(plan, StatusError(411, "again"))
    assert step.action == "raise"


def test_the_chain_goes_on_behind_it():
    plan = plan_of(Call(MESSAGES), "chunked")
    failed(plan, WANTS[0])
    assert failed(plan, ReadError("cut"))[1].action == "fallback"
    assert begun(plan)[0].deployment == "length"


def test_other_errors_ask_for_no_length():
    for model, error in [("length", OTHERS[0]), ("length", OTHERS[1]), ("chunked", OTHERS[1])]:
        assert failed(plan_of(Call(MESSAGES), model), error)[1].error is error


def test_messages_that_were_consumed_are_not_measured():
    _, step = failed(plan_of(Call(iter(MESSAGES)), "chunked"), StatusError(411, "Length Required"))
    assert isinstance(step.error, StatusError)


def test_what_cannot_be_measured_is_a_clear_error():
    for call in (Call(iter(MESSAGES)), RawCall(iter([]))):
        plan = plan_of(call, "length")
        error = error_of(EncodeError, plan.request, plan.begin(0))
        assert "read twice" in error.message
