"""Connections of the httpx transports: reused, proxied, the user's own, one pool for each loop."""

import asyncio
import gc
import os
import ssl
import subprocess
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from support.order import soon
from support.proxy import Proxy

from thinwire import (
    AsyncClient,
    Client,
    ConnectError,
    Deployment,
    ReadError,
    StreamInterrupted,
    ThinwireError,
    Timeouts,
    TransportTimeout,
)
from thinwire.testing import MockServer, cut_reply, stall_reply, status_reply, text_reply
from thinwire.transport import HTTPXTransport

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


@pytest.mark.parametrize("name", ["Host", "hOST"])
def test_an_own_host_is_sent_once(server: MockServer, name: str) -> None:
    models = {"echo": Deployment(server.base_url, extra_headers={name: "other.test"})}
    with Client("echo", models) as client:
        client.chat(MESSAGES)
    hosts = [value for known, value in server.requests[0].headers if known == "host"]
    assert hosts == ["other.test"]


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


# asyncio can close nothing once the loop is closed, and warns when its transports are collected.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_client_that_was_not_closed_serves_the_next_loop(server: MockServer) -> None:
    client = AsyncClient("echo", deployments(server))
    loops: list[weakref.ref[asyncio.AbstractEventLoop]] = []

    async def job() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        assert (await client.chat(MESSAGES)).content == "Hi"

    for _ in range(5):
        asyncio.run(job())
        # The pool of the loop before is gone, that of this one stays until the next is there.
        assert soon(lambda: server.open_connections <= 1)
        gc.collect()  # or a warning of asyncio's comes from inside a loop, and holds its frames
    asyncio.run(client.aclose())
    assert soon(lambda: server.open_connections == 0)
    gc.collect()
    assert [loop for loop in loops if loop() is not None] == []


FORKING = """
import asyncio, os, sys
from thinwire import AsyncClient, Client, Deployment

def turns(who):
    for number in range(10):
        text = f"{who} {number}"
        found = client.chat([{"role": "user", "content": text}])
        if kind is AsyncClient:
            found = loop.run_until_complete(found)
        assert found.content == text, (found.content, text)

kind = {"sync": Client, "async": AsyncClient}[sys.argv[2]]
client = kind("echo", {"echo": Deployment(sys.argv[1])}, retry=1)
loop = asyncio.new_event_loop()
turns("before")
child = os.fork()
if not child:
    loop = asyncio.new_event_loop()  # the parent's waits for the parent's sockets
turns("parent" if child else "child")
if not child:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print("well")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_parent_and_child_do_not_read_each_others_answers(
    server: MockServer, tmp_path: Path, kind: str
) -> None:
    script = tmp_path / "forking.py"
    script.write_text(FORKING)
    command = [sys.executable, "-W", "ignore", str(script), server.base_url, kind]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "well", done.stderr
    by_text = {
        request.json()["messages"][0]["content"]: request.connection_id
        for request in server.requests
    }
    of_child = {number for text, number in by_text.items() if text.startswith("child")}
    others = {number for text, number in by_text.items() if not text.startswith("child")}
    assert of_child
    assert not of_child & others


def test_a_proxy_is_used(server: MockServer, proxy: Proxy) -> None:
    with Client("echo", deployments(server), transport=HTTPXTransport(proxy=proxy.url)) as client:
        assert client.chat(MESSAGES).content == "Hi"
    assert proxy.targets == [f"{server.base_url}/chat/completions"]


async def test_a_proxy_is_used_by_the_async_client(server: MockServer, proxy: Proxy) -> None:
    async with AsyncClient(
        "echo", deployments(server), transport=HTTPXTransport(proxy=proxy.url)
    ) as client:
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


LARGE = [{"role": "user", "content": "word " * 3000}]
CLIENTS = (Client, AsyncClient)
OWN_FAULTS = [
    (cut_reply("before_head"), ReadError),
    (cut_reply("mid_stream"), ReadError),
    (stall_reply("before_head"), TransportTimeout),
    (stall_reply("mid_stream"), TransportTimeout),
]

# Options that say two things at a time.
CLASHES: list[dict[str, object]] = [
    {"http_client": httpx.Client, "proxy": "http://127.0.0.1:1"},
    {"http_client": httpx.Client, "verify": False},
    {"http_client": httpx.Client, "cadata": b"x"},
    {"http_client": httpx.Client, "add_ca": b"x"},
    {"http_client": httpx.Client, "verify": b"x"},
    {"http_client": httpx.Client, "idle_s": 5},
    {"verify": ssl.create_default_context(), "cadata": b"x"},
]


# What is no client of the kind that is needed; "" stands for all kinds.
NO_CLIENTS: list[tuple[object, type[Any]]] = [
    (httpx.Client(), AsyncClient),
    (httpx2.Client(), AsyncClient),
    (httpx.AsyncClient(), Client),
    (httpx2.AsyncClient(), Client),
    *[(other, kind) for other in ("http", 5, httpx.Client, object()) for kind in CLIENTS],
]


@pytest.mark.parametrize(("given", "kind"), NO_CLIENTS)
def test_another_http_client_is_refused(given: object, kind: type[Any]) -> None:
    with pytest.raises(TypeError, match=rf"http_client of {kind.__name__} takes an httpx\."):
        kind("m", {"m": Deployment("http://127.0.0.1:1/v1")}, http_client=given)


@pytest.mark.parametrize("proxy", [5, b"http://h", ["http://h"]])
def test_a_proxy_is_a_url(proxy: object) -> None:
    with pytest.raises(TypeError, match="proxy takes a URL"):
        HTTPXTransport(proxy=proxy)


@pytest.mark.parametrize("kind", CLIENTS)
@pytest.mark.parametrize("other", CLIENTS)
def test_options_belong_to_one_client(kind: type[Any], other: type[Any]) -> None:
    options = HTTPXTransport(idle_s=5)
    kind("m", Deployment("http://127.0.0.1:1/v1"), transport=options)
    with pytest.raises(ValueError, match="belongs to a client already"):
        other("m", Deployment("http://127.0.0.1:1/v1"), transport=options)


@pytest.mark.parametrize("idle_s", [-1, "5", True, float("nan")])
def test_an_idle_time_is_a_number(idle_s: Any) -> None:
    with pytest.raises(ValueError, match="idle_s"):
        HTTPXTransport(idle_s=idle_s)


@pytest.mark.parametrize("httpx_or_2", [httpx, httpx2])
class TestOwn:
    """An own client of httpx or httpx2."""

    def test_its_settings_count(self, server: MockServer, httpx_or_2: Any) -> None:
        with httpx_or_2.Client(headers={"X-Own": "yes"}, timeout=0.001) as own:
            with Client("echo", deployments(server), http_client=own) as client:
                for _ in range(3):
                    assert client.chat(LARGE).content == LARGE[0]["content"]
            assert not own.is_closed
        assert {request.header("x-own") for request in server.requests} == {"yes"}
        assert server.connections == 1

    async def test_its_settings_count_async(self, server: MockServer, httpx_or_2: Any) -> None:
        async with httpx_or_2.AsyncClient(headers={"X-Own": "yes"}, timeout=0.001) as own:
            async with AsyncClient("echo", deployments(server), http_client=own) as client:
                for _ in range(3):
                    assert (await client.chat(LARGE)).content == LARGE[0]["content"]
            assert not own.is_closed
        assert {request.header("x-own") for request in server.requests} == {"yes"}
        assert server.connections == 1

    @pytest.mark.parametrize(("where", "error"), OWN_FAULTS)
    def test_its_errors_are_ours(
        self, server: MockServer, httpx_or_2: Any, where: Any, error: type[ThinwireError]
    ) -> None:
        server.reply("echo", where)
        limits = Timeouts(first_token=0.3, progress=0.3)
        with httpx_or_2.Client() as own:
            options: Any = {"http_client": own, "timeouts": limits, "retry": 1}
            with (
                Client("echo", deployments(server), **options) as client,
                pytest.raises(ThinwireError) as failure,
            ):
                client.chat(MESSAGES, on_delta=lambda text: None)
        assert error_below(failure.value) is error

    @pytest.mark.parametrize(("where", "error"), OWN_FAULTS)
    async def test_its_errors_are_ours_async(
        self, server: MockServer, httpx_or_2: Any, where: Any, error: type[ThinwireError]
    ) -> None:
        server.reply("echo", where)
        limits = Timeouts(first_token=0.3, progress=0.3)
        async with httpx_or_2.AsyncClient() as own:
            options: Any = {"http_client": own, "timeouts": limits, "retry": 1}
            async with AsyncClient("echo", deployments(server), **options) as client:
                with pytest.raises(ThinwireError) as failure:
                    await client.chat(MESSAGES, on_delta=lambda text: None)
        assert error_below(failure.value) is error

    async def test_nobody_listens(self, httpx_or_2: Any) -> None:
        nobody = {"m": Deployment("http://127.0.0.1:1/v1")}
        async with httpx_or_2.AsyncClient() as own:
            with pytest.raises(ConnectError):
                await AsyncClient("m", nobody, http_client=own, retry=1).chat(MESSAGES)
        with httpx_or_2.Client() as blocking, pytest.raises(ConnectError):
            Client("m", nobody, http_client=blocking, retry=1).chat(MESSAGES)

    async def test_it_is_closed(self, server: MockServer, httpx_or_2: Any) -> None:
        own, blocking = httpx_or_2.AsyncClient(), httpx_or_2.Client()
        await own.aclose()
        blocking.close()
        with pytest.raises(ConnectError, match="http_client is closed"):
            await AsyncClient("echo", deployments(server), http_client=own, retry=1).chat(MESSAGES)
        with pytest.raises(ConnectError, match="http_client is closed"):
            Client("echo", deployments(server), http_client=blocking, retry=1).chat(MESSAGES)
        assert server.requests == []

    async def test_what_nobody_sees_is_not_sent_again(
        self, server: MockServer, httpx_or_2: Any
    ) -> None:
        # Of a kept connection of the user's nobody can tell whether a byte of an answer came.
        server.reply("echo", text_reply("Yes"), cut_reply("before_head"))
        async with httpx_or_2.AsyncClient() as own:
            client = AsyncClient("echo", deployments(server), http_client=own, retry=1)
            await client.chat(MESSAGES)
            with pytest.raises(ReadError):
                await client.chat(MESSAGES)
        assert len(server.requests) == 2


def error_below(error: ThinwireError) -> type[BaseException]:
    """The class of what a transport raised."""
    return type(error.cause if isinstance(error, StreamInterrupted) else error)


@pytest.mark.parametrize("options", CLASHES, ids=lambda options: "-".join(options))
def test_options_that_exclude_each_other(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="drop"):
        HTTPXTransport(**options)  # type: ignore[arg-type]
