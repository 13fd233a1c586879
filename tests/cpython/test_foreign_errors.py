"""What a source of the caller's raises is the caller's, also where httpx raises the like."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from thinwire import AsyncClient, Client, Deployment, ReadError, StatusError, TextStream
from thinwire.testing import MockServer, text_reply

CAUSE = OSError(104, "reset")
MINE: list[Exception] = [
    ValueError("mine"),
    TimeoutError("mine"),
    ConnectionResetError(104, "mine"),
    httpx.ReadTimeout("mine"),
    httpx.ConnectError("mine"),
    httpx.WriteError("mine"),
    httpx.LocalProtocolError("mine"),
    httpx.StreamClosed(),
    httpx.InvalidURL("mine"),
    ReadError("of another call"),
    StatusError(503, "of another call"),
]


def fetched(error: Exception) -> Iterator[str]:
    yield "some text" * 10000
    raise error from CAUSE


async def fetched_later(error: Exception) -> AsyncIterator[str]:
    yield "some text" * 10000
    await asyncio.sleep(0)
    raise error from CAUSE


async def produced(error: Exception) -> AsyncIterator[bytes]:
    yield b'{"model": "m",'
    raise error from CAUSE


def sync(models: Any, error: Exception) -> None:
    with Client("m", models, {"m": ["n"]}) as client:
        try:
            client.chat(messages(fetched(error)))
        finally:
            assert_unblamed(client)


def asynchronous(models: Any, error: Exception) -> None:
    asyncio.run(chat(models, fetched(error)))


def later(models: Any, error: Exception) -> None:
    asyncio.run(chat(models, fetched_later(error)))


def raw(models: Any, error: Exception) -> None:
    async def send() -> None:
        async with AsyncClient("m", models) as client:
            await client.send_streaming_body(produced(error))

    asyncio.run(send())


async def chat(models: Any, texts: Any) -> None:
    async with AsyncClient("m", models, {"m": ["n"]}) as client:
        try:
            await client.chat(messages(texts))
        finally:
            assert_unblamed(client)


def messages(texts: Any) -> list[dict[str, object]]:
    return [{"role": "user", "content": TextStream(lambda: texts)}]


def assert_unblamed(client: Any) -> None:
    assert [state.failures for state in client.deployments_state().values()] == [0, 0]


@pytest.mark.parametrize("call", [sync, asynchronous, later, raw])
@pytest.mark.parametrize("mine", MINE, ids=lambda error: type(error).__name__)
def test_what_a_source_raises_comes_out_as_it_is(call: Any, mine: Exception) -> None:
    with MockServer() as server:
        server.reply("m", text_reply("Hi"))
        server.reply("n", text_reply("Hi"))
        models = {name: Deployment(server.base_url) for name in ("m", "n")}
        with pytest.raises(type(mine)) as caught:
            call(models, mine)
        assert len(server.requests) <= 1
    assert caught.value is mine
    assert mine.__cause__ is CAUSE
    shown = "".join(traceback.format_exception(mine))
    assert "in fetched" in shown or "in produced" in shown
    assert "During handling" not in shown
