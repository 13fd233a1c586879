import json

from helpers import error_of, read_all
from streams import deployments

from thinwire.core.body import AsyncBody
from thinwire.core.errors import AllAttemptsFailed, ReadError, StatusError
from thinwire.core.plan import Call, Plan, RawCall
from thinwire.core.routing import Router

ROUTER = Router("a", deployments("a", "b", "c"), {"a": ["b", "c"]})


class Messages:
    # A re-iterable, e.g. a conversation in a file.
    def __init__(self, count=2):
        self.count = count

    def __iter__(self):
        return iter([{"role": "user", "content": str(i)} for i in range(self.count)])


class Sized(Messages):
    def __len__(self):
        return self.count


class Rows:
    # The old way to be iterable.
    def __getitem__(self, index):
        if index:
            raise IndexError
        return {"role": "user", "content": "x"}


def sent(call, name="a"):
    return json.loads(read_all(call.body(ROUTER, name)))


MESSAGES = [{"role": "user", "content": "0"}, {"role": "user", "content": "1"}]


def test_messages_may_be_any_iterable():
    for messages in (
        MESSAGES,
        tuple(MESSAGES),
        Messages(),
        Sized(),
        iter(MESSAGES),
        (one for one in MESSAGES),
        map(dict, MESSAGES),
    ):
        got = sent(Call(messages))["messages"]
        assert got == MESSAGES, got
    assert sent(Call(Rows()))["messages"] == [{"role": "user", "content": "x"}]


def test_messages_of_another_type_are_refused():
    for messages in ("Hello", b"Hello", bytearray(b"x"), MESSAGES[0], None, 3):
        error = error_of(TypeError, Call, messages)
        assert "messages must be a list of dicts" in str(error), error


def test_a_header_that_cannot_be_sent_is_refused_at_once():
    error = error_of(ValueError, Call, [], extra_headers={"X-Key": "secret\n"})
    assert "X-Key" in str(error), error
    assert "secret" not in str(error), error
    error_of(ValueError, Call, [], extra_headers={"X Key": "a"})


# Messages and tools, then what the log says about their number.
COUNTS = [
    ([], None, (0, 0)),
    (MESSAGES, [], (2, 0)),
    (tuple(MESSAGES), [{}], (2, 1)),
    (Sized(5), None, (5, 0)),
    (Messages(), None, (-1, 0)),
    (iter(MESSAGES), None, (-1, 0)),
]


def test_messages_are_counted_where_that_takes_no_walk():
    for messages, tools, want in COUNTS:
        got = Call(messages, tools).counts()
        assert got == want, (messages, got)


def test_nothing_is_known_about_a_raw_body():
    assert RawCall(AsyncBody(iter([]))).counts() == (-1, -1)


def test_parameters_that_are_none_are_left_out():
    got = sent(Call([], None, {"temperature": 0, "stop": None, "seed": None}))
    assert got["temperature"] == 0
    assert "stop" not in got
    assert "seed" not in got


def fails(plan, *errors):
    # What a plan says to each error, an attempt at a time; the body of each is read.
    said = []
    for error in errors:
        read_all(plan.next_request().body)
        said.append(plan.failed(error))
    return said


def test_the_chain_is_walked_to_its_end():
    first, second, last = ReadError("1"), StatusError(503, "2"), ReadError("3")
    plan = Plan(ROUTER, Call([]), None)
    said = fails(plan, first, second, last)
    assert said[:2] == [None, None], said
    assert isinstance(said[2], AllAttemptsFailed), said
    assert said[2].attempts == (("a", first), ("b", second), ("c", last))
    assert (said[2].model, said[2].deployment) == ("a", "c")
    assert plan.started == 3


def test_each_error_names_model_and_deployment():
    first, last = ReadError("1"), StatusError(400, "2")
    fails(Plan(ROUTER, Call([]), "a"), first, last)
    assert (first.model, first.deployment) == ("a", "a")
    assert (last.model, last.deployment) == ("a", "b")


def test_a_single_attempt_gives_its_own_error():
    error = StatusError(401, "no")
    assert fails(Plan(ROUTER, Call([]), None), error) == [error]
    error = ReadError("cut")
    assert fails(Plan(ROUTER, Call([]), "c"), error) == [error]


def test_the_chain_ends_at_an_error_that_is_not_retryable():
    said = fails(Plan(ROUTER, Call([]), None), ReadError("1"), StatusError(400, "no"))
    assert said[0] is None
    assert str(said[1]) == "all 2 attempts failed; a: 1; b: status 400: no", said


def test_upcoming_is_the_next_name():
    plan = Plan(ROUTER, Call([]), None)
    names = []
    for _ in range(3):
        plan.next_request()
        names.append(plan.upcoming())
    assert names == ["b", "c", ""], names


def test_consumed_messages_are_not_sent_again_and_the_error_says_so():
    error = ReadError("cut")
    assert fails(Plan(ROUTER, Call(iter(MESSAGES)), None), error) == [error]
    assert str(error) == "cut (not tried elsewhere: the messages can be read only once)"


def test_untouched_messages_are_sent_elsewhere():
    plan = Plan(ROUTER, Call(iter(MESSAGES)), None)
    plan.next_request()
    assert plan.failed(ReadError("refused")) is None
    got = json.loads(read_all(plan.next_request().body))
    assert got["messages"] == MESSAGES, got


def test_the_last_error_says_nothing_about_messages():
    error = ReadError("cut")
    fails(Plan(ROUTER, Call(iter(MESSAGES)), "c"), error)
    assert str(error) == "cut"


def test_a_raw_body_goes_to_one_deployment():
    plan = Plan(ROUTER, RawCall(AsyncBody(iter([]))), None)
    plan.next_request()
    assert plan.upcoming() == ""
    error = ReadError("refused")
    assert plan.failed(error) is error


def test_an_error_before_the_first_request_has_no_body():
    plan = Plan(ROUTER, Call([]), None)
    assert plan.failed(ReadError("early")) is None


def test_the_key_is_taken_out_of_errors():
    for key, want in [("sk-123", "no *** here"), ("no", "no sk-123 here"), (None, None)]:
        declared = deployments("a")
        object_key(declared, key)
        plan = Plan(Router("a", declared), Call([]), None)
        plan.next_request()
        error = ReadError("no sk-123 here")
        plan.hide_key(error)
        assert str(error) == (want or "no sk-123 here"), (key, error)


def object_key(declared, key):
    kind = type(declared["a"])
    declared["a"] = kind("https://a.test/v1", key)


def test_an_unknown_model_is_refused():
    error_of(ValueError, Plan, ROUTER, Call([]), "x")
