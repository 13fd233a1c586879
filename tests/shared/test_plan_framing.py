import json

from helpers import error_of, read_all

from thinwire.core.body import AsyncBody
from thinwire.core.errors import AllAttemptsFailed, EncodeError, ReadError, StatusError
from thinwire.core.model import Deployment
from thinwire.core.plan import Call, Plan, RawCall
from thinwire.core.routing import Router

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


def test_a_framing_of_another_name_is_refused():
    error = error_of(ValueError, Deployment, "http://a/v1", framing="content-length")
    assert "framing" in str(error)


def test_a_deployment_with_framing_length_gets_one():
    request = Plan(ROUTER, Call(MESSAGES), "length").next_request()
    assert request.length == len(read_all(request.body))


def test_by_default_the_body_is_chunked():
    assert Plan(ROUTER, Call(MESSAGES), "chunked").next_request().length is None


def test_a_server_that_wants_a_length_is_asked_again_with_one():
    for error in WANTS:
        plan = Plan(ROUTER, Call(MESSAGES), "chunked")
        first = read_all(plan.next_request().body)
        assert plan.failed(error) is None
        assert plan.upcoming() == "chunked"
        request = plan.next_request()
        assert (plan.name, plan.started) == ("chunked", 2)
        assert request.length == len(first)
        assert json.loads(read_all(request.body)) == json.loads(first)


def test_it_is_asked_again_once():
    plan = Plan(ROUTER, Call(MESSAGES), "chunked")
    plan.next_request()
    assert plan.failed(WANTS[0]) is None
    plan.next_request()
    error = plan.failed(StatusError(411, "again"))
    assert isinstance(error, AllAttemptsFailed)
    assert len(error.attempts) == 2


def test_the_chain_goes_on_behind_it():
    plan = Plan(ROUTER, Call(MESSAGES), "chunked")
    plan.next_request()
    assert plan.failed(WANTS[0]) is None
    plan.next_request()
    assert plan.failed(ReadError("cut")) is None
    plan.next_request()
    assert plan.name == "length"


def test_other_errors_ask_for_no_length():
    for error in OTHERS:
        plan = Plan(ROUTER, Call(MESSAGES), "length")
        plan.next_request()
        assert plan.failed(error) is error
    plan = Plan(ROUTER, Call(MESSAGES), "chunked")
    plan.next_request()
    assert plan.failed(OTHERS[1]) is OTHERS[1]


def test_messages_that_were_consumed_are_not_measured():
    plan = Plan(ROUTER, Call(iter(MESSAGES)), "chunked")
    read_all(plan.next_request().body)
    error = plan.failed(StatusError(411, "Length Required"))
    assert isinstance(error, StatusError)


def test_what_cannot_be_measured_is_a_clear_error():
    for call in (Call(iter(MESSAGES)), RawCall(AsyncBody(iter([])))):
        error = error_of(EncodeError, Plan(ROUTER, call, "length").next_request)
        assert "read twice" in error.message
