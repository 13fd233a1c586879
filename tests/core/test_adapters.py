"""What a client uses that is given no transport and no log of its own."""

import asyncio

import pytest

from thinwire.core.adapters import default_log
from thinwire.core.client import AsyncClient
from thinwire.core.routing.deployment import Deployment
from thinwire.core.sync import Client
from thinwire.core.transport import Transport
from thinwire.cpython.deferred import DeferredTransport
from thinwire.cpython.httpx.transport import AsyncTransport, BlockingTransport

CHECKED = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
CHECKED += ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
DEPLOYMENTS = {"a": Deployment("https://a.test/v1", "sk-key")}


@pytest.mark.parametrize(
    ("kind", "transport"), [(Client, BlockingTransport), (AsyncClient, AsyncTransport)]
)
def test_the_default_transport(
    kind: type[Client] | type[AsyncClient],
    transport: type[Transport],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in CHECKED:
        monkeypatch.delenv(name, raising=False)
    deferred = kind("a", DEPLOYMENTS).transport
    assert type(deferred) is DeferredTransport
    assert deferred.concurrent is transport.concurrent
    assert type(deferred.load()) is transport
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert type(kind("a", DEPLOYMENTS).transport) is transport


def test_closing_clients_that_were_never_used() -> None:
    Client("a", DEPLOYMENTS).close()
    asyncio.run(AsyncClient("a", DEPLOYMENTS).aclose())


def test_the_default_log_takes_events(capsys: pytest.CaptureFixture[str]) -> None:
    Client("a", DEPLOYMENTS, log=True).close()
    default_log()("info", "llm_request", {"llm.model": "a"})
    assert "llm_request" in capsys.readouterr().out


def test_memory_is_no_matter_here() -> None:
    client = Client("m", {"m": Deployment("http://localhost/v1")})
    with pytest.raises(NotImplementedError, match="MicroPython"):
        client.budget()
