"""What a call in another process ends in comes back: no pool breaks or hangs over an error."""

import asyncio
import multiprocessing
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import httpx
import pytest

from thinwire import (
    AllAttemptsFailed,
    AsyncClient,
    Client,
    Completion,
    ConnectError,
    Deployment,
    RetryPolicy,
    StatusError,
    StreamInterrupted,
)
from thinwire.testing import MockServer, cut_reply, status_reply, tool_reply

KEY = "sk-a-secret-key-0123"
HELLO = [{"role": "user", "content": "hi"}]
LIMIT_S = 60


def ask(base_url: str, model: str, asynchronous: bool = False) -> Completion:
    """In another process: one call."""
    if asynchronous:

        async def chat() -> Completion:
            async with AsyncClient(model, {model: Deployment(base_url, KEY)}) as client:
                return await client.chat(HELLO)

        return asyncio.run(chat())
    retry = RetryPolicy(attempts=2, base=0)
    names = {model: Deployment(base_url, KEY)}
    with Client(model, names, retry=retry, on_interrupt="raise") as client:
        return client.chat(HELLO)


def through_executor(*arguments: Any) -> Any:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(ask, *arguments).result(LIMIT_S)


def through_pool(*arguments: Any) -> Any:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply_async(ask, arguments).get(LIMIT_S)


@pytest.mark.parametrize("through", [through_executor, through_pool])
def test_what_a_call_in_another_process_raises(through: Callable[..., Any]) -> None:
    with MockServer() as server:
        server.reply("refused", status_reply(401))
        server.reply("busy", status_reply(503), status_reply(429))
        server.reply("cut", cut_reply("mid_stream", text="Hello"))
        server.reply("good", tool_reply([("f", {"a": 1})]))
        with pytest.raises(StatusError) as refused:
            through(server.base_url, "refused")
        with pytest.raises(AllAttemptsFailed) as busy:
            through(server.base_url, "busy")
        with pytest.raises(StreamInterrupted) as cut:
            through(server.base_url, "cut")
        with pytest.raises(AllAttemptsFailed) as nobody:
            through("http://127.0.0.1:9/v1", "nobody", True)
        good = through(server.base_url, "good")
    assert (refused.value.status, refused.value.deployment) == (401, "refused")
    assert isinstance(nobody.value.last, ConnectError)
    assert [one.status for one in busy.value.attempts] == [503, 429]
    assert cut.value.partial.content
    assert not cut.value.partial.complete
    assert good.complete
    assert good.tool_calls[0].arguments == {"a": 1}
    assert good.attempts[0].outcome == "answered"


@pytest.mark.usefixtures("on_transport")
def test_no_key_travels_with_a_cause() -> None:
    client = Client("m", {"m": Deployment("http://127.0.0.1:9", KEY)})
    with client, pytest.raises(ConnectError) as caught:
        client.chat(HELLO, retry=RetryPolicy(attempts=1))
    assert KEY.encode() not in pickle.dumps(caught.value)
    assert isinstance(caught.value.__cause__, (httpx.ConnectError, ConnectionRefusedError))
