"""Proxies: refused when the client is made where they cannot be used, without their passwords; of
the environment by the rules of thinwire/cpython/proxies.py."""

import asyncio
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import httpx2
import pytest
from support.order import soon

from thinwire import AsyncClient, Client, ConnectError, Deployment
from thinwire.cpython import proxies
from thinwire.cpython.httpx import proxy as checking
from thinwire.testing import MockServer
from thinwire.transport import HTTPXTransport

MODELS = {"m": Deployment("http://127.0.0.1:9/v1")}
ELSEWHERE = {"m": Deployment("http://h.invalid/v1", allow_insecure_http=True)}
QUESTION = [{"role": "user", "content": "hi"}]
BAD = [
    ("http://user:secret@h:99999", "http://***@h:99999: a port is a number"),
    ("http://h:x", "no URL that can be used"),
    ("http://h:-1", "a port is a number"),
    ("http://h:0", "a port is a number"),
    ("h:3128", "begins with http://"),
    ("ftp://h", "begins with http://, https://, socks5://, socks5h://"),
    ("http://", "names no host"),
    ("http://user:secret@[::1", "no URL that can be used"),
    ("socks5://user:secret@h:1080", "pip install socksio"),
    ("socks5h://h", "pip install socksio"),
]


@pytest.fixture(autouse=True)
def without_socksio(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setattr(checking, "find_spec", lambda name: None)


def asked(client: Any, *models: str) -> str:
    """What the client, which is closed then, gets for an answer from each; all get the same."""

    async def ask() -> set[str]:
        async with client:
            return {(await client.chat(QUESTION, model=one)).content for one in models or ("m",)}

    if isinstance(client, AsyncClient):
        (found,) = asyncio.run(ask())
        return found
    with client:
        (found,) = {client.chat(QUESTION, model=one).content for one in models or ("m",)}
    return str(found)


@contextmanager
def nobody() -> Iterator[int]:
    """A port where nobody listens."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        yield place.getsockname()[1]


@pytest.mark.parametrize(("proxy", "words"), BAD)
def test_a_proxy_that_cannot_be_used(proxy: str, words: str) -> None:
    with pytest.raises(ValueError, match="proxy=") as caught:
        HTTPXTransport(proxy=proxy)
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "all_proxy", "http_proxy"])
def test_a_proxy_of_the_environment(kind: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "socks5://user:secret@h:1080")
    with pytest.raises(ValueError, match=f"^{name}=.*pip install socksio") as caught:
        kind("m", MODELS)
    assert "secret" not in str(caught.value)
    HTTPXTransport(proxy="http://h:3128")  # then the environment does not count
    monkeypatch.setenv(name, "h:3128")
    kind("m", MODELS)


def test_an_own_client_brings_its_own_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://h:1080")
    own = httpx.Client(trust_env=False)
    Client("m", MODELS, http_client=own)
    own.close()


def test_an_own_client_reads_the_environment_by_its_own_rules(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with MockServer() as server, MockServer() as proxy:
        monkeypatch.setenv("http_proxy", proxy.base_url.removesuffix("/v1"))
        models = {"m": Deployment(server.base_url)}
        with httpx.Client() as own:
            assert asked(Client("m", models, http_client=own, retry=1)) == "hi"
        assert [len(proxy.requests), len(server.requests)] == [1, 0]


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_the_environment_is_read_when_the_client_is_made(
    kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MockServer() as proxy:
        monkeypatch.setenv("http_proxy", proxy.base_url.removesuffix("/v1"))
        client = kind("m", ELSEWHERE, retry=1)
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        monkeypatch.setenv("NO_PROXY", "*")
        assert asked(client) == "hi"
        assert [one.header("host") for one in proxy.requests] == ["h.invalid"]


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize(
    "without", ["127.0.0.1,[::1]", "::1/128,fd00:1:2:3::/64", "", "nonsense:"]
)
def test_this_machine_is_never_asked_through_a_proxy(
    kind: Any, without: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # orbstack/orbstack#2456, MoonshotAI/kimi-cli#1959, basicmachines-co/basic-memory#1541
    monkeypatch.setenv("all_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", without)
    with MockServer() as server:
        assert asked(kind("m", {"m": Deployment(server.base_url)}, retry=1)) == "hi"


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_one_client_asks_with_and_without_a_proxy(
    kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MockServer() as server, MockServer() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.base_url.removesuffix("/v1"))
        models = {**ELSEWHERE, "here": Deployment(server.base_url)}
        assert asked(kind("m", models, retry=1), "m", "here", "m", "here") == "hi"
        assert [len(proxy.requests), len(server.requests)] == [2, 2]
        assert [proxy.connections, server.connections] == [1, 1]
        assert soon(lambda: proxy.open_connections + server.open_connections == 0)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize("given", ["HTTP_PROXY", "proxy"])
def test_who_cannot_be_reached_through_a_proxy_is_told_with_it(
    kind: Any, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with nobody() as port:
        url = f"http://user:secret@127.0.0.1:{port}"
        if given == "HTTP_PROXY":
            monkeypatch.setenv(given, url)
        client = kind(
            "m",
            ELSEWHERE,
            retry=1,
            transport=HTTPXTransport(proxy=url if given == "proxy" else None),
        )
        with pytest.raises(ConnectError, match=rf"{given}=http://\*\*\*@127.0.0.1:") as caught:
            asked(client)
    assert "secret" not in str(caught.value)


def test_the_systems_settings_count_where_no_variable_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with MockServer() as proxy:
        found = {"http": proxy.base_url.removesuffix("/v1")}
        monkeypatch.setattr(proxies, "getproxies", lambda: found)
        assert asked(Client("m", ELSEWHERE, retry=1, transport=HTTPXTransport())) == "hi"
        assert len(proxy.requests) == 1


def test_proxies_that_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [one.Proxy("http://h:3128") for one in (httpx, httpx2)]
    for proxy in ("http://h:3128", "https://user:pw@[::1]:1", *made):
        HTTPXTransport(proxy=proxy)
    monkeypatch.setattr(checking, "find_spec", lambda name: sys)
    HTTPXTransport(proxy="socks5://h:1080")


@pytest.mark.parametrize("module", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_a_proxy_made_by_either_is_asked(module: Any) -> None:
    with MockServer() as server:
        proxy = module.Proxy(server.base_url.removesuffix("/v1"))
        models = {"m": Deployment("http://h.invalid/v1", allow_insecure_http=True)}
        with Client("m", models, transport=HTTPXTransport(proxy=proxy), retry=1) as client:
            client.chat([{"role": "user", "content": "hi"}])
        assert [one.header("host") for one in server.requests] == ["h.invalid"]
