from thinwire.core import errors
from thinwire.core._compat import MICROPYTHON
from thinwire.core.errors import (
    ConnectError,
    ContextWindowExceeded,
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

# Status, code and message, then kind and whether the same deployment may do better later. Which
# words mean which kind: wire/test_error_words.py.
STATUSES = [
    (400, "", "no", "bad_request", False),
    (401, "", "no", "auth", False),
    (402, "", "no", "quota", False),
    (403, "", "no", "auth", False),
    (404, "", "no", "not_found", False),
    (404, "model_not_found", "no", "model_not_found", False),
    (408, "", "no", "timeout", True),
    (409, "", "no", "conflict", True),
    (413, "", "no", "too_large", False),
    (418, "", "no", "bad_request", False),
    (422, "", "no", "bad_request", False),
    (425, "", "no", "too_early", True),
    (429, "", "no", "rate_limit", True),
    (429, "insufficient_quota", "no", "quota", False),
    (500, "", "no", "server", True),
    (503, "", "no", "server", True),
    (504, "", "no", "server", True),
    (529, "", "no", "overloaded", True),
    (302, "", "no", "redirect", False),
    (204, "", "no", "server", True),
    (200, "", "boom", "server", True),
    (200, "rate_limit_exceeded", "boom", "rate_limit", True),
    (200, "invalid_api_key", "boom", "auth", False),
    (400, "context_length_exceeded", "too long", "context_length", False),
    (400, "content_filter", "no", "content_filter", False),
    (500, "", "content_policy_violation", "content_filter", False),
]


def test_the_kind_of_a_status_and_whether_to_try_again():
    for status, code, message, kind, retryable in STATUSES:
        error = StatusError(status, message, code)
        got = (error.kind, error.retryable)
        assert got == (kind, retryable), (status, code, message, got)


def test_the_server_may_know_better_whether_to_try_again():
    for status in (400, 503):
        for advice in (True, False):
            error = StatusError(status, "no")
            error.should_retry = advice
            assert error.retryable is advice, (status, advice)


def test_a_context_that_is_too_small_has_its_own_class():
    error = errors.status_error(400, "too long", "context_length_exceeded", 5)
    assert isinstance(error, ContextWindowExceeded), error
    got = (error.status, error.code, error.retry_after_ms, error.message)
    assert got == (400, "context_length_exceeded", 5, "status 400: too long"), got
    other = errors.status_error(429, "slow down", "c", 5)
    assert type(other) is StatusError, other
    assert (other.status, other.code, other.retry_after_ms) == (429, "c", 5)


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


def test_there_are_few_error_classes():
    found = [value for value in vars_of(errors) if is_error(value)]
    assert len(found) <= 13, found


def vars_of(module):
    return [getattr(module, name) for name in dir(module)]


def is_error(value):
    return isinstance(value, type) and issubclass(value, ThinwireError)


def test_a_certificate_that_is_refused_is_not_tried_again():
    error = errors.certificate_error("refused", OSError(1))
    assert isinstance(error, errors.ConnectError)
    assert (error.kind, error.retryable) == ("certificate", False)
    assert errors.ConnectError("x").retryable


# Words, and what is left of them without "sk-secret".
CUT = [
    ("a sk-secret b", "a *** b"),
    ("a sk-secret...", "a ***..."),
    ("a sk-secr...", "a ***..."),
    ("a sk-s...", "a ***..."),
    ("a sk-...", "a sk-..."),
    ("a sk-secr", "a sk-secr"),
    ("...", "..."),
]


def test_a_secret_that_was_cut_off_is_hidden_too():
    for words, want in CUT:
        assert errors.without(words, "sk-secret") == want, words


def test_an_encode_error_is_a_wrong_value_where_a_class_can_have_two_bases():
    assert isinstance(EncodeError("m", "messages[0]"), ValueError) is not MICROPYTHON
