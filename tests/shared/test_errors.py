from thinwire.core import errors
from thinwire.core.errors import (
    AllAttemptsFailed,
    ConnectError,
    EncodeError,
    ReadError,
    StatusError,
    StreamError,
    StreamInterrupted,
    ThinwireError,
    TransportError,
    TransportTimeout,
    WriteError,
)

# Status, code and message, then kind and whether another deployment may do better.
STATUSES = [
    (400, "", "no", "bad_request", False),
    (401, "", "no", "auth", False),
    (402, "", "no", "quota", False),
    (403, "", "no", "auth", False),
    (404, "", "no", "not_found", False),
    (408, "", "no", "timeout", True),
    (409, "", "no", "bad_request", True),
    (413, "", "no", "too_large", False),
    (418, "", "no", "bad_request", False),
    (422, "", "no", "bad_request", False),
    (425, "", "no", "bad_request", True),
    (429, "", "no", "rate_limit", True),
    (500, "", "no", "server", True),
    (503, "", "no", "server", True),
    (529, "", "no", "server", True),
    (302, "", "no", "redirect", False),
    (204, "", "no", "server", True),
    (200, "", "boom", "server", True),
    (400, "context_length_exceeded", "too long", "context_length", False),
    (400, "", "This model's Maximum Context Length is 8192", "context_length", False),
    (413, "", "exceeds the context window", "context_length", False),
    (200, "", "exceeds the available context size", "context_length", False),
    (500, "", "context window", "server", True),
    (400, "content_filter", "no", "content_filter", False),
    (500, "", "content_policy_violation", "content_filter", False),
]


def test_the_kind_of_a_status_and_whether_to_go_on():
    for status, code, message, kind, retryable in STATUSES:
        error = StatusError(status, message, code)
        got = (error.kind, error.retryable)
        assert got == (kind, retryable), (status, code, message, got)


def test_a_status_error_says_its_status_unless_it_came_in_a_stream():
    assert str(StatusError(429, "slow down")) == "status 429: slow down"
    assert str(StatusError(200, "boom")) == "boom"


RETRYABLE = [
    (TransportError("m"), True),
    (ConnectError("m"), True),
    (WriteError("m"), True),
    (ReadError("m"), True),
    (TransportTimeout("m", "progress"), True),
    (TransportTimeout("m", "total"), False),
    (StreamError("m"), True),
    (StreamInterrupted("m", None, ReadError("r")), False),
    (EncodeError("m", "messages[0]"), False),
    (AllAttemptsFailed((("a", ReadError("r")),)), False),
]


def test_which_errors_are_retryable():
    for error, want in RETRYABLE:
        assert error.retryable is want, error
        assert isinstance(error, ThinwireError), error


def test_an_error_says_its_message_and_keeps_its_cause():
    cause = OSError("lower")
    error = ReadError("cut", cause)
    assert (str(error), error.message, error.cause) == ("cut", "cut", cause)
    assert (error.model, error.deployment) == ("", "")
    assert repr(error) == "ReadError('cut')", repr(error)


def test_a_secret_can_be_taken_out_of_what_an_error_says():
    error = StatusError(401, "bad key: sk-1", "sk-1", body_snippet='{"key": "sk-1"}')
    error.hide("sk-1")
    for words in (str(error), repr(error), error.message, error.code, error.body_snippet):
        assert "sk-1" not in words, words
    assert error.body_snippet == '{"key": "***"}'


def test_an_encode_error_names_the_path():
    assert str(EncodeError("m", "messages[0]")) == "messages[0]: m"
    assert str(EncodeError("m", "")) == "m"


def test_all_attempts_failed_lists_them():
    first, last = StatusError(429, "slow"), ReadError("cut")
    error = AllAttemptsFailed((("a", first), ("b", last)))
    assert str(error) == "all 2 attempts failed; a: status 429: slow; b: cut", str(error)
    assert error.attempts == (("a", first), ("b", last))
    assert error.last is last
    assert error.cause is last


def test_there_are_few_error_classes():
    found = [value for value in vars_of(errors) if is_error(value)]
    assert len(found) <= 12, found


def vars_of(module):
    return [getattr(module, name) for name in dir(module)]


def is_error(value):
    return isinstance(value, type) and issubclass(value, ThinwireError)
