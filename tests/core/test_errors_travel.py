"""Errors and completions are pickled and copied with all that they say."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from thinwire import (
    AllAttemptsFailed,
    Client,
    ConnectError,
    ContextWindowExceeded,
    CooldownPolicy,
    Deployment,
    EncodeError,
    ReadError,
    RetryPolicy,
    StatusError,
    StreamError,
    StreamInterrupted,
    ThinwireError,
    Timeouts,
    TransportTimeout,
    WriteError,
)
from thinwire.core.errors import certificate_error
from thinwire.core.routing.plan import Attempt
from thinwire.testing import ScriptedReply, ScriptedTransport

HELLO = [{"role": "user", "content": "hi"}]
ANSWER = b"""data: {"choices": [{"index": 0, "delta": {"content": "Hello there", "tool_calls": [
data: {"index": 0, "id": "call_1", "function": {"name": "f", "arguments": "{}"}}]},
data: "finish_reason": "stop"}]}

data: [DONE]

"""


class TwoArguments(Exception):
    """Of a stranger; it pickles, and then cannot be made."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one)


def failed_attempt(error: ThinwireError) -> Attempt:
    attempt = Attempt(1, "m", "d", 0)
    attempt.ended("failed", 5, error)
    return attempt


def client() -> Client:
    transport = ScriptedTransport([ScriptedReply([ANSWER]) for _ in range(3)])
    return Client("m", {"m": Deployment("https://a.test/v1")}, transport=transport)


def without_its_call() -> StreamError:
    body = b'data: {"choices": [{"delta": {"content": "a"}, "finish_reason": "tool_calls"}]}\n\n'
    transport = ScriptedTransport([ScriptedReply([body])])
    asking = Client("m", {"m": Deployment("https://a.test/v1")}, transport=transport)
    with pytest.raises(StreamError) as caught:
        asking.chat(HELLO)
    assert caught.value.completion is not None
    return caught.value


def made() -> list[ThinwireError]:
    refused = StatusError(429, "slow", "rate_limit_exceeded", 1500, '{"error": "slow"}')
    refused.should_retry = True
    refused.model, refused.deployment = "m", "d"
    cut = ReadError("cut", OSError(104, "reset"))
    cut.stale = True
    return [
        ThinwireError("plain"),
        refused,
        ContextWindowExceeded(400, "too long", "context_length_exceeded"),
        ConnectError("no", ConnectionRefusedError(111, "refused")),
        certificate_error("who?", OSError(1)),
        WriteError("broken"),
        cut,
        TransportTimeout("late", "total", TimeoutError()),
        StreamError("no event"),
        without_its_call(),
        EncodeError("set is not JSON", "messages[0].content", ValueError("x")),
        AllAttemptsFailed((failed_attempt(refused), failed_attempt(cut))),
        StreamInterrupted("it broke off", client().chat(HELLO), cut),
        ReadError("cut", httpx.ReadError("cut")),
        ReadError("cut", TwoArguments("one", "two")),
    ]


def pickled(value: Any) -> Any:
    for protocol in range(2, pickle.HIGHEST_PROTOCOL):
        pickle.loads(pickle.dumps(value, protocol))
    return pickle.loads(pickle.dumps(value))


def facts(value: Any) -> Any:
    """All that something says, for comparing two."""
    if isinstance(value, (str, int, float, type(None))):
        return value
    if isinstance(value, (list, tuple)):
        return [facts(one) for one in value]
    if isinstance(value, dict):
        return {name: facts(one) for name, one in value.items()}
    if isinstance(value, BaseException) and not isinstance(value, ThinwireError):
        return repr(value)
    if hasattr(value, "value"):  # a text, in however many pieces
        return value.value()
    return type(value).__name__, facts(vars(value)), str(value)


@pytest.mark.parametrize("carry", [pickled, copy.copy, copy.deepcopy])
@pytest.mark.parametrize("error", made(), ids=lambda error: type(error).__name__)
def test_an_error_travels_with_its_fields(
    carry: Callable[[Any], Any], error: ThinwireError
) -> None:
    there = carry(error)
    assert type(there) is type(error)
    got, want = facts(there), facts(error)
    if isinstance(error.cause, TwoArguments) and carry is not copy.copy:
        assert repr(error.cause) in got[1].pop("cause")
        want[1].pop("cause")
    assert got == want
    assert (there.args, there.retryable, there.kind) == (error.args, error.retryable, error.kind)


def test_what_led_to_an_error_is_there_once_more() -> None:
    cause = ConnectionRefusedError(111, "refused")
    error = AllAttemptsFailed((failed_attempt(ConnectError("no", cause)),))
    there = pickled(error)
    assert repr(there.__cause__) == repr(cause)
    assert there.last is there.attempts[0].error is there.cause


def test_a_subclass_of_a_user_travels() -> None:
    there = pickled(Own("name", 3))
    assert (there.name, there.count, str(there)) == ("name", 3, "own: name")


class Own(ThinwireError):
    def __init__(self, name: str, count: int) -> None:
        super().__init__("own: " + name)
        self.name = name
        self.count = count


@pytest.mark.parametrize("carry", [pickled, copy.copy, copy.deepcopy])
def test_a_completion_whose_text_went_elsewhere(
    carry: Callable[[Any], Any], tmp_path: Any
) -> None:
    path = tmp_path / "answer.txt"
    with path.open("w") as file:
        there = carry(client().chat(HELLO, on_delta=file.write, keep="none"))
    assert (there.content, there.complete, path.read_text()) == (None, True, "Hello there")


def test_events_travel() -> None:
    with client().stream(HELLO) as stream:
        for event in stream:
            assert facts(pickled(event)) == facts(event)


def test_what_a_client_is_made_of_travels() -> None:
    deployment = Deployment("https://a.test/v1", "sk-a", timeouts=Timeouts(total=5))
    for carry in (pickled, copy.copy, copy.deepcopy):
        there = carry(deployment)
        assert (repr(there), there.api_key) == (repr(deployment), "sk-a")
        assert str(there.url) == "https://a.test/v1"
        for one in (Timeouts(total=5), RetryPolicy(attempts=3), CooldownPolicy(2)):
            assert repr(carry(one)) == repr(one)
