"""A plan: what a caller sees of each try, and how its bodies are framed."""

import json

from helpers import error_of, read_all
from streams import ONCE, Tried

from thinwire.core.errors import EncodeError, ReadError, StatusError, TransportTimeout, WriteError
from thinwire.core.request.call import Call
from thinwire.core.request.raw_call import RawCall
from thinwire.core.routing import recovery
from thinwire.core.routing.all_failed import AllAttemptsFailed
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
    "auto",
    {
        "auto": Deployment("http://a/v1"),
        "length": Deployment("http://b/v1", framing="length"),
        "chunked": Deployment("http://c/v1", framing="chunked"),
        "both": Deployment("http://d/v1"),
    },
    {"both": ["auto"]},
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


def test_by_default_the_first_block_decides():
    _, request = begun(plan_of(Call(MESSAGES), "auto"))
    assert (request.length, request.chunked) == (None, False)


def test_a_server_that_wants_a_length_is_asked_again_with_one():
    for error in WANTS:
        plan = plan_of(Call(MESSAGES), "auto")
        first, step = failed(plan, error)
        assert (step.action, step.wait_ms) == ("retry", 0)
        attempt, request = begun(plan)
        assert (attempt.deployment, attempt.number) == ("auto", 2)
        assert request.length == len(first)
        assert json.loads(read_all(request.body)) == json.loads(first)


def test_it_is_remembered_for_later_calls():
    health = Health(CooldownPolicy())
    failed(plan_of(Call(MESSAGES), "auto", health), WANTS[0])
    assert begun(plan_of(Call(MESSAGES), "auto", health))[1].length is not None


def test_it_is_asked_again_once():
    plan = plan_of(Call(MESSAGES), "auto")
    failed(plan, WANTS[0])
    _, step = failed(plan, StatusError(411, "again"))
    assert step.action == "raise"


def test_the_chain_goes_on_behind_it():
    plan = plan_of(Call(MESSAGES), "both")
    failed(plan, WANTS[0])
    assert failed(plan, ReadError("cut"))[1].action == "fallback"
    assert begun(plan)[0].deployment == "auto"


def test_other_errors_ask_for_no_length():
    for model, error in [("length", OTHERS[0]), ("length", OTHERS[1]), ("auto", OTHERS[1])]:
        assert failed(plan_of(Call(MESSAGES), model), error)[1].error is error


def test_messages_that_were_consumed_are_not_measured():
    _, step = failed(plan_of(Call(iter(MESSAGES)), "auto"), StatusError(411, "Length Required"))
    assert isinstance(step.error, StatusError)


def test_what_cannot_be_measured_is_a_clear_error():
    for call in (Call(iter(MESSAGES)), RawCall(iter([]))):
        plan = plan_of(call, "length")
        attempt = plan.begin(0)
        deployment = plan.router.deployment(attempt.deployment)
        error = error_of(EncodeError, plan.request, attempt, deployment)
        assert "read twice" in error.message


def in_chunks(plan, error, **attributes):
    # An attempt that a transport has sent in chunks, and what its failure leads to.
    tried = Tried(plan, 0)
    tried.request.in_chunks = tried.request.length is None
    for name, value in attributes.items():
        setattr(tried.request, name, value)
    read_all(tried.request.body)
    return tried, follow(plan, tried, error)


def follow(plan, tried, error):
    recovery.record_failure(plan, tried, error, 0)
    decision = recovery.decide(plan, tried, error, True, 0, 0)
    plan.left = decision.left
    if decision.free:
        tried.attempt.free = True
        plan.tries[tried.attempt.deployment] -= 1
    return decision


def dropped(kind=ReadError, **attributes):
    error = kind("the server closed the connection without an answer")
    error.unanswered = True
    for name, value in attributes.items():
        setattr(error, name, value)
    return error


# What may mean that a server reads no chunks, and what does not.
PUZZLED = [
    dropped(),
    dropped(WriteError),
    StatusError(400, "Request body is empty"),
    StatusError(422, "Field required"),
    StatusError(400, "Expecting value: line 1 column 1 (char 0)"),
    StatusError(400, "EOF while parsing a value at line 1 column 0"),
    StatusError(400, "bad request", body_snippet="<p>no Content-Length"),
]
SURE = [
    dropped(unanswered=False),
    StatusError(400, "temperature must be a number"),
    StatusError(404, "empty"),
    StatusError(500, "empty"),
    StatusError(400, "context_length_exceeded: prompt must not be empty"),
    TransportTimeout("x", "first_token"),
]


def test_a_server_that_may_read_no_chunks_is_tried_with_a_length_once():
    for error in PUZZLED:
        health = Health(CooldownPolicy(1))
        plan = plan_of(Call(MESSAGES), "auto", health)
        _, step = in_chunks(plan, error)
        assert (step.action, step.wait_ms, step.free) == ("retry", 0, True), error
        assert health.state("auto", 0).failures == 0
        tried, step = in_chunks(plan, error)
        assert tried.request.length is not None
        assert (step.action, step.free, step.error) == ("raise", False, error)
        # That was not it: the next call goes in chunks again, and is not tried twice.
        assert health.needs_length == []
        tried, step = in_chunks(plan_of(Call(MESSAGES), "auto", health), error)
        assert (tried.request.length, step.action) == (None, "raise"), error


def test_other_failures_of_a_request_in_chunks_are_what_they_are():
    for error in SURE:
        assert not in_chunks(plan_of(Call(MESSAGES), "auto"), error)[1].free, error


def test_only_a_request_in_chunks_that_may_have_a_length_is_tried_with_one():
    for model, attributes in [
        ("auto", {"in_chunks": False}),  # a transport that has not said how it sends
        ("auto", {"length": 5}),
        ("auto", {"unproven": False}),
        ("chunked", {}),
        ("length", {}),
    ]:
        assert not in_chunks(plan_of(Call(MESSAGES), model), dropped(), **attributes)[1].free
    stale = in_chunks(plan_of(Call(MESSAGES), "auto"), dropped(stale=True))[0].attempt
    assert stale.free  # as a connection that had ended, and in chunks again
    assert not in_chunks(plan_of(Call(iter(MESSAGES)), "auto"), dropped())[1].free


def test_a_server_that_was_right_about_it_is_remembered():
    for end in (None, StatusError(401, "no"), StatusError(500, "no")):
        health = Health(CooldownPolicy())
        plan = plan_of(Call(MESSAGES), "auto", health)
        in_chunks(plan, dropped())
        tried = Tried(plan, 0)
        if end is None:
            plan.answered(tried.attempt, "", 0)
        else:
            follow(plan, tried, end)
        assert health.needs_length == ["auto"], end
        assert begun(plan_of(Call(MESSAGES), "auto", health))[1].length is not None


def test_of_several_calls_at_a_time_each_is_tried_with_a_length():
    for error in [WANTS[0]] + PUZZLED:
        health = Health(CooldownPolicy())
        plans = [plan_of(Call(MESSAGES), "auto", health) for _ in range(3)]
        tried = [Tried(plan, 0) for plan in plans]
        for one in tried:
            one.request.in_chunks = True
        for plan, one in zip(plans, tried):
            assert follow(plan, one, error).free, error
            assert begun(plan)[1].length is not None


def test_chunks_that_are_forced_stay_chunks():
    plan = plan_of(Call(MESSAGES), "chunked")
    _, step = failed(plan, WANTS[0])
    assert (step.action, step.error) == ("raise", WANTS[0])
    assert begun(plan_of(Call(MESSAGES), "chunked", plan.health))[1].chunked


def test_what_was_free_leaves_no_trace_in_what_is_raised():
    for first in (WANTS[0], dropped(), dropped(stale=True)):
        for last in (StatusError(404, "no"), TransportTimeout("x", "first_token"), ReadError("x")):
            plan = plan_of(Call(MESSAGES), "auto")
            in_chunks(plan, first)
            assert in_chunks(plan, last, unproven=False)[1].error is last


def test_several_attempts_that_count_and_one_that_does_not():
    plan = plan_of(Call(MESSAGES), "both")
    in_chunks(plan, StatusError(411, "length, please"))
    assert in_chunks(plan, dropped())[1].action == "fallback"
    last = TransportTimeout("too late", "first_token")
    error = in_chunks(plan, last)[1].error
    assert isinstance(error, AllAttemptsFailed)
    assert (error.last, error.kind, error.retryable) == (last, "timeout", True)
    assert [one.free for one in error.attempts] == [True, False, False]
    assert str(error).startswith("all 2 attempts failed; "), error
    assert "length, please" not in str(error)
