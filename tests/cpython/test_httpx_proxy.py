"""A proxy that cannot be used is refused when the client is made, without its password."""

import sys
from typing import Any

import httpx
import httpx2
import pytest

from thinwire import AsyncClient, Client, Deployment
from thinwire.cpython.httpx import proxy as checking
from thinwire.testing import MockServer

MODELS = {"m": Deployment("http://127.0.0.1:9/v1")}
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
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setattr(checking, "find_spec", lambda name: None)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize(("proxy", "words"), BAD)
def test_a_proxy_that_cannot_be_used(kind: Any, proxy: str, words: str) -> None:
    with pytest.raises(ValueError, match="proxy=") as caught:
        kind("m", MODELS, proxy=proxy)
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "all_proxy", "http_proxy"])
def test_a_proxy_of_the_environment(kind: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "socks5://user:secret@h:1080")
    with pytest.raises(ValueError, match=f"{name.upper()}=.*pip install socksio") as caught:
        kind("m", MODELS)
    assert "secret" not in str(caught.value)
    kind("m", MODELS, proxy="http://h:3128")  # then the environment does not count
    monkeypatch.setenv(name, "h:3128")
    kind("m", MODELS)


def test_an_own_client_brings_its_own_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://h:1080")
    own = httpx.Client(trust_env=False)
    Client("m", MODELS, http_client=own)
    own.close()


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_proxies_that_can_be_used(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [one.Proxy("http://h:3128") for one in (httpx, httpx2)]
    for proxy in ("http://h:3128", "https://user:pw@[::1]:1", *made):
        kind("m", MODELS, proxy=proxy)
    monkeypatch.setattr(checking, "find_spec", lambda name: sys)
    kind("m", MODELS, proxy="socks5://h:1080")


@pytest.mark.parametrize("module", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_a_proxy_made_by_either_is_asked(module: Any) -> None:
    with MockServer() as server:
        proxy = module.Proxy(server.base_url.removesuffix("/v1"))
        models = {"m": Deployment("http://h.invalid/v1")}
        with Client("m", models, proxy=proxy, retry=1) as client:
            client.chat([{"role": "user", "content": "hi"}])
        assert [one.header("host") for one in server.requests] == ["h.invalid"]
