"""Errors of the exoclaw provider are thinwire's and exoclaw.http's, both at once."""

import copy
import pickle
import subprocess
import sys
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from exoclaw.http import (
    HTTPConnectError,
    HTTPError,
    HTTPReadTimeout,
    HTTPStatusError,
    HTTPWriteTimeout,
)
from support.exoclaw_face import HELLO, ask, provider_for, with_fallback

from thinwire import (
    AllAttemptsFailed,
    ConnectError,
    Deployment,
    Diverted,
    EncodeError,
    OpenAIStreamingProvider,
    OutOfMemory,
    StatusError,
    StreamError,
    StreamInterrupted,
    ThinwireError,
    TransportTimeout,
)
from thinwire.compat.exoclaw.errors import also, raised
from thinwire.compat.exoclaw.provider import _RetryableError  # type: ignore[attr-defined]
from thinwire.testing import MockServer, cut_reply, raw_reply, stall_reply, status_reply


def failure(provider: OpenAIStreamingProvider, *args: Any) -> Any:
    with structlog.testing.capture_logs(), pytest.raises(HTTPError) as caught:
        ask(provider, *args)
    return caught.value


def is_exactly(error: object, *kinds: type) -> bool:
    """Whether it is an error of these of exoclaw's classes, and of no other."""
    others = {HTTPConnectError, HTTPReadTimeout, HTTPStatusError, HTTPWriteTimeout} - set(kinds)
    return all(isinstance(error, kind) for kind in kinds) and not isinstance(error, tuple(others))


@pytest.mark.parametrize(
    ("status", "again"), [(401, False), (402, False), (429, True), (500, True)]
)
def test_a_refusal(mock_llm: MockServer, status: int, again: bool) -> None:
    mock_llm.reply("m", status_reply(status, "because"))
    error = failure(provider_for(mock_llm))
    assert is_exactly(error, HTTPStatusError)
    assert isinstance(error, StatusError)
    assert (error.status_code, error.status) == (status, status)
    assert str(error) == f"status {status}: because"
    assert isinstance(error, _RetryableError) == again


def test_no_connection() -> None:
    error = failure(OpenAIStreamingProvider("m", {"m": Deployment("http://127.0.0.1:1/v1")}))
    assert is_exactly(error, HTTPConnectError)
    assert isinstance(error, ConnectError)
    assert isinstance(error, _RetryableError)
    assert not hasattr(error, "status_code")


def test_no_first_token(mock_llm: MockServer) -> None:
    mock_llm.reply("m", stall_reply("after_head"))
    error = failure(provider_for(mock_llm, stream_ttft_timeout=0.2))
    assert is_exactly(error, HTTPReadTimeout)
    assert isinstance(error, TransportTimeout)


@pytest.mark.parametrize(
    ("phase", "kind"),
    [
        ("upload", HTTPWriteTimeout),
        ("write", HTTPWriteTimeout),
        ("connect", HTTPConnectError),
        ("progress", HTTPReadTimeout),
        ("total", HTTPReadTimeout),
    ],
)
def test_a_clock_that_ran_out(phase: str, kind: type) -> None:
    error = raised(TransportTimeout("late", phase))
    assert is_exactly(error, kind)
    assert isinstance(error, TransportTimeout)
    assert error.phase == phase


def test_what_exoclaw_has_no_name_for(mock_llm: MockServer) -> None:
    mock_llm.reply("m", cut_reply("mid_stream", text="half an"), raw_reply(b"no http at all"))
    error = failure(provider_for(mock_llm))
    assert is_exactly(error)
    assert isinstance(error, StreamInterrupted)
    assert error.partial.content == "half an"
    assert is_exactly(failure(provider_for(mock_llm)))
    assert isinstance(raised(StreamError("no stream")), _RetryableError)


def test_a_chain_of_failures_is_what_the_most_telling_one_is(mock_llm: MockServer) -> None:
    mock_llm.reply("*", status_reply(503, "busy"))
    error = failure(with_fallback(mock_llm))
    assert is_exactly(error, HTTPStatusError)
    assert isinstance(error, AllAttemptsFailed)
    assert isinstance(error, _RetryableError)
    assert error.status_code == 503
    assert [one.deployment for one in error.attempts] == ["m", "other"]


def test_a_mistake_in_the_request_is_nobodys_answer(mock_llm: MockServer) -> None:
    messages: Any = [{"role": "user", "content": {1}}]
    with pytest.raises(EncodeError) as caught:
        ask(provider_for(mock_llm), messages)
    assert not isinstance(caught.value, HTTPError)


def test_an_error_of_another_call_is_passed_on_as_it_is(mock_llm: MockServer) -> None:
    # Whatever code of the caller's raises inside of a call is the caller's business.
    error = StatusError(401, "of another")

    def messages() -> Iterator[dict[str, object]]:
        yield from HELLO
        raise error

    with pytest.raises(StatusError) as caught:
        ask(provider_for(mock_llm), messages())
    assert caught.value is error
    assert type(error) is StatusError


def test_its_name_and_its_story_are_thinwires(mock_llm: MockServer) -> None:
    mock_llm.reply("m", status_reply(401, "who are you"))
    error = failure(provider_for(mock_llm))
    told = traceback.format_exception_only(error)
    assert told == ["thinwire.StatusError: status 401: who are you\n"]
    assert repr(error) == "StatusError('status 401: who are you')"
    assert error.__cause__ is None


def test_it_can_be_sent_about(mock_llm: MockServer) -> None:
    mock_llm.reply("*", status_reply(503, "busy"))
    for provider in (provider_for(mock_llm), with_fallback(mock_llm)):
        error = failure(provider)
        for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
            assert type(other) is type(error)
            assert (other.status_code, str(other)) == (503, str(error))
            assert other.retryable


def test_each_class_is_made_once(mock_llm: MockServer) -> None:
    mock_llm.reply("m", status_reply(401))
    one, other = failure(provider_for(mock_llm)), failure(provider_for(mock_llm))
    assert type(one) is type(other)
    assert raised(one) is one


ALONE = """
import sys
sys.modules["exoclaw"] = None
from thinwire import StatusError, TransportTimeout
from thinwire.compat.exoclaw.errors import raised
from thinwire.compat.exoclaw.provider import _RetryableError
for error in (StatusError(401, "no"), TransportTimeout("late", "upload")):
    assert raised(error) is error and type(error) in (StatusError, TransportTimeout)
print(_RetryableError.__mro__[1].__name__)
"""


def test_without_exoclaw_they_are_thinwires_alone() -> None:
    command = [sys.executable, "-W", "error", "-c", ALONE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("Exception\n", "")


def kinds(of: type = ThinwireError) -> Iterator[type]:
    for kind in of.__subclasses__():
        if kind.__module__.startswith("thinwire") and HTTPError not in kind.__mro__:
            yield kind
            yield from kinds(kind)


def test_every_error_of_thinwires_can_be_one_of_exoclaws() -> None:
    assert Diverted in kinds()
    for kind in {ThinwireError, *kinds()} - {EncodeError, OutOfMemory}:
        for theirs in (HTTPError, HTTPStatusError, HTTPConnectError):
            for again in (True, False):
                error: Any = kind.__new__(kind, "words")
                ThinwireError.__init__(error, "words")
                error.__dict__.update(kind="server" if again else "auth", should_retry=None)
                error.__dict__.update(phase="" if again else "total", _retryable=again)
                assert isinstance(also(error, theirs), kind)
                assert isinstance(error, theirs)


BROKEN = """
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "exoclaw":
            raise ModuleNotFoundError("No module named 'dependency'", name="dependency")
sys.meta_path.insert(0, Finder())
from thinwire import StatusError
from thinwire.compat.exoclaw.errors import raised
print(type(raised(StatusError(401, "no"))).__mro__[1].__name__)
"""


def test_a_broken_exoclaw_hides_no_error() -> None:
    command = [sys.executable, "-W", "error", "-c", BROKEN]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("ThinwireError\n", "")


def test_they_are_all_thinwires(mock_llm: MockServer) -> None:
    mock_llm.reply("m", status_reply(500), cut_reply("mid_stream"), stall_reply("before_head"))
    for _ in range(3):
        assert isinstance(failure(provider_for(mock_llm, stream_ttft_timeout=0.2)), ThinwireError)
