"""Connections of the httpx transports: reused, proxied, the user's own, one pool for each loop."""

import asyncio
import gc
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from support.proxy import Proxy

from thinwire import AsyncClient, Client, Deployment
from thinwire.testing import MockServer, stall_reply, status_reply, text_reply

MESSAGES = [{"role": "user", "content": "Hi"}]
TURNS = 20
PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' own surroundings have no say."""
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server
        assert server.errors == []


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy() as proxy:
        yield proxy


def deployments(server: MockServer) -> dict[str, Deployment]:
    return {"echo": Deployment(server.base_url, "k")}


async def seen(server: MockServer) -> None:
    for _ in range(6000):
        if server.requests:
            return
        await asyncio.sleep(0.01)


async def test_twenty_turns_share_a_connection(server: MockServer) -> None:
    async with AsyncClient("echo", deployments(server)) as client:
        for _ in range(TURNS):
            assert (await client.chat(MESSAGES)).content == "Hi"
    assert server.connections == 1


def test_twenty_sync_turns_share_a_connection(server: MockServer) -> None:
    with Client("echo", deployments(server)) as client:
        for _ in range(TURNS):
            assert client.chat(MESSAGES).content == "Hi"
    assert server.connections == 1


async def test_streams_at_a_time_have_a_connection_each(server: MockServer) -> None:
    async with AsyncClient("echo", deployments(server)) as client:
        answers = await asyncio.gather(*(client.chat(MESSAGES) for _ in range(TURNS)))
    assert {answer.content for answer in answers} == {"Hi"}
    assert server.connections <= TURNS


def test_an_error_does_not_cost_the_connection(server: MockServer) -> None:
    server.reply("echo", status_reply(429), text_reply("Yes"))
    models = {"echo": deployments(server)["echo"], "again": deployments(server)["echo"]}
    server.reply("again", text_reply("Yes"))
    with Client("echo", models, {"echo": ["again"]}) as client:
        assert client.chat(MESSAGES).content == "Yes"


def test_leaving_early_closes_the_connection(server: MockServer) -> None:
    server.reply("echo", stall_reply("mid_stream"))
    with Client("echo", deployments(server)) as client:
        with client.stream(MESSAGES) as stream:
            next(iter(stream))
        assert server.requests[0].wait() == "client_gone"


@pytest.mark.parametrize("where", ["before_head", "after_head", "mid_stream"])
async def test_cancelling_closes_the_connection(server: MockServer, where: Any) -> None:
    server.reply("stall", stall_reply(where))
    models = {**deployments(server), "stall": deployments(server)["echo"]}
    async with AsyncClient("echo", models) as client:
        call = asyncio.create_task(client.chat(MESSAGES, model="stall"))
        await seen(server)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert server.requests[0].wait() == "client_gone"
        assert (await client.chat(MESSAGES)).content == "Hi"


def test_one_client_serves_two_loops_one_after_the_other(server: MockServer) -> None:
    client = AsyncClient("echo", deployments(server))

    async def turn() -> str | None:
        async with client:
            return (await client.chat(MESSAGES)).content

    assert [asyncio.run(turn()), asyncio.run(turn())] == ["Hi", "Hi"]
    assert server.connections == 2


# asyncio can close nothing once the loop is closed, and warns when the sockets are collected.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_client_that_was_not_closed_serves_the_next_loop(server: MockServer) -> None:
    client = AsyncClient("echo", deployments(server))
    for _ in range(3):
        assert asyncio.run(client.chat(MESSAGES)).content == "Hi"
    asyncio.run(client.aclose())
    del client
    gc.collect()


# What a client is given, or what the environment says.
@pytest.mark.parametrize("named", ["option", "environment"])
def test_a_proxy_is_used(
    server: MockServer, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    if named == "environment":
        monkeypatch.setenv("http_proxy", proxy.url)
    option = proxy.url if named == "option" else None
    with Client("echo", deployments(server), proxy=option) as client:
        assert client.chat(MESSAGES).content == "Hi"
    assert proxy.targets == [f"{server.base_url}/chat/completions"]


async def test_a_proxy_is_used_by_the_async_client(server: MockServer, proxy: Proxy) -> None:
    async with AsyncClient("echo", deployments(server), proxy=proxy.url) as client:
        assert (await client.chat(MESSAGES)).content == "Hi"
    assert len(proxy.targets) == 1


def test_an_own_client_is_used_and_left_open(server: MockServer) -> None:
    with httpx.Client(headers={"X-Own": "yes"}) as own:
        with Client("echo", deployments(server), http_client=own) as client:
            assert client.chat(MESSAGES).content == "Hi"
        assert not own.is_closed
    assert server.requests[0].header("x-own") == "yes"


async def test_an_own_async_client_is_used_and_left_open(server: MockServer) -> None:
    async with httpx.AsyncClient(headers={"X-Own": "yes"}) as own:
        async with AsyncClient("echo", deployments(server), http_client=own) as client:
            assert (await client.chat(MESSAGES)).content == "Hi"
        assert not own.is_closed
    assert server.requests[0].header("x-own") == "yes"


# Options that say two things at a time.
CLASHES: list[dict[str, object]] = [
    {"http_client": httpx.Client, "proxy": "http://127.0.0.1:1"},
    {"http_client": httpx.Client, "insecure": True},
    {"http_client": httpx.Client, "cadata": b"x"},
    {"ssl_context": object(), "verify": "ca.pem"},
    {"ssl_context": object(), "cadata": b"x"},
]


@pytest.mark.parametrize("options", CLASHES, ids=lambda options: "-".join(options))
def test_options_that_exclude_each_other(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="drop"):
        Client("m", {"m": Deployment("http://127.0.0.1:1/v1")}, **options)  # type: ignore[arg-type]
