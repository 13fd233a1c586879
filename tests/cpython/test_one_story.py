"""What a user sees of an error is short: the error, its cause, and the way to the caller."""

import asyncio
import socket
import traceback
from collections.abc import Callable
from typing import Any

import httpx
import httpx2
import pytest

from thinwire import (
    AllAttemptsFailed,
    AsyncClient,
    Client,
    ConnectError,
    Deployment,
    EncodeError,
    ReadError,
    RetryPolicy,
    StatusError,
    StreamInterrupted,
    TextFile,
    ThinwireError,
    Timeouts,
    TransportTimeout,
)
from thinwire.testing import MockServer, cut_reply, stall_reply, status_reply

HELLO: list[dict[str, object]] = [{"role": "user", "content": "hi"}]
MISSING: list[dict[str, object]] = [{"role": "user", "content": TextFile("/nowhere/to/be")}]
SHORT = Timeouts(connect=5, first_token=0.2, progress=0.2, liveness=0.2)


def sync(client: dict[str, Any], **arguments: Any) -> None:
    with Client("m", **client) as made:
        made.chat(**arguments)


def asynchronous(client: dict[str, Any], **arguments: Any) -> None:
    async def chat() -> None:
        async with AsyncClient("m", **client) as made:
            await made.chat(**arguments)

    asyncio.run(chat())


def streamed(client: dict[str, Any], **arguments: Any) -> None:
    with Client("m", **client) as made, made.stream(**arguments) as stream:
        for _ in stream:
            pass


REFUSED: list[Any] = []
CASES = [
    ("refused", REFUSED, 1, HELLO, ConnectError, httpx.ConnectError),
    ("refused, several times", REFUSED, 3, HELLO, AllAttemptsFailed, httpx.ConnectError),
    ("silence", [stall_reply("before_head")], 1, HELLO, TransportTimeout, Exception),
    ("a pause", [stall_reply("mid_stream")], 1, HELLO, StreamInterrupted, Exception),
    ("a cut", [cut_reply("before_head")], 1, HELLO, ReadError, httpx.RemoteProtocolError),
    ("a cut later", [cut_reply()], 1, HELLO, StreamInterrupted, httpx.RemoteProtocolError),
    ("a status", [status_reply(401)], 1, HELLO, StatusError, type(None)),
    ("statuses", [status_reply(503)] * 2, 2, HELLO, AllAttemptsFailed, type(None)),
    ("a file", [status_reply(503)], 1, MISSING, EncodeError, FileNotFoundError),
]


@pytest.mark.parametrize("call", [sync, asynchronous, streamed])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_an_error_is_one_short_story(
    call: Callable[..., None], case: tuple[Any, ...], on_transport: str
) -> None:
    _, replies, attempts, messages, kind, cause = case
    with MockServer() as server:
        server.reply("m", *replies)
        base_url = server.base_url if replies else f"http://127.0.0.1:{closed_port()}/v1"
        options = {
            "deployments": {"m": Deployment(base_url)},
            "timeouts": SHORT,
            "retry": RetryPolicy(attempts=attempts, base=0),
            "on_interrupt": "raise",
        }
        with pytest.raises(ThinwireError) as caught:
            call(options, messages=messages)
    error = caught.value
    assert type(error) is kind
    if on_transport == "httpx" or cause in (type(None), FileNotFoundError):
        assert isinstance(error.__cause__, cause)
    shown = "".join(traceback.format_exception(error))
    assert "During handling" not in shown
    assert shown.count("direct cause") == (error.__cause__ is not None), shown
    assert shown.count("Traceback (most recent call last)") == 1 + (kind is EncodeError), shown
    files = [line for line in shown.splitlines() if line.lstrip().startswith("File ")]
    assert len(files) < 25, shown
    assert "httpcore" not in "".join(files), shown


@pytest.mark.parametrize("module", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_the_cause_holds_no_request(module: Any) -> None:
    base_url = f"http://127.0.0.1:{closed_port()}/v1"
    with module.Client() as own, pytest.raises(ConnectError) as caught:
        sync(
            {"deployments": {"m": Deployment(base_url, "secret-key")}, "http_client": own},
            messages=HELLO,
            retry=1,
        )
    cause = caught.value.__cause__
    assert isinstance(cause, module.ConnectError)
    with pytest.raises(RuntimeError, match="has not been set"):
        _ = cause.request
    assert cause.__cause__ is cause.__context__ is None


def closed_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port
