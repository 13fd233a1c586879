"""The default transport is loaded with the first call, and does then what it always did."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from thinwire import AsyncClient, Client, ConnectError, Deployment
from thinwire.cpython import deferred
from thinwire.testing import MockServer

HEAVY = ("asyncio", "ssl", "httpx", "urllib.request", "structlog")
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize("kind", ["Client", "AsyncClient"])
def test_a_client_that_is_made_loads_neither_httpx_nor_asyncio(kind: str) -> None:
    program = f"""
import sys
from thinwire import {kind}, Deployment
client = {kind}("m", Deployment("https://a.test/v1", "k"))
print(client.transport.name, client.transport.now_ms() > 0, client.names)
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines() == ["httpx True ['m']", "[]"]


def test_a_client_that_is_closed_unused_loads_nothing_for_it() -> None:
    async def main() -> None:
        async with AsyncClient("m", Deployment("https://a.test/v1", "k")) as client:
            assert "_loaded" not in client.transport.__dict__
        assert "_loaded" not in client.transport.__dict__

    asyncio.run(main())
    with Client("m", Deployment("https://a.test/v1", "k")) as client:
        pass
    assert "_loaded" not in client.transport.__dict__


def test_whatever_comes_first_loads_it() -> None:
    async def main(base_url: str) -> None:
        async with AsyncClient("m", Deployment(base_url)) as client:
            await client.load()
            await client.transport.sleep_ms(0)
            assert (await client.chat("hi")).content == "hi"
        async with AsyncClient("m", Deployment(base_url), hedge_after=0) as client:
            answers = await asyncio.gather(*[client.chat(str(one)) for one in range(8)])
            assert [one.content for one in answers] == list("01234567")
        async with AsyncClient("m", Deployment(base_url)) as client:
            transport = client.transport
            signal = transport.signal()
            task = transport.spawn(signal.wait())  # type: ignore[arg-type]
            signal.set()
            await transport.sleep_ms(1)
            task.cancel()

    with MockServer() as server:
        asyncio.run(main(server.base_url))
        with Client("m", Deployment(server.base_url)) as client:
            assert client.chat("hi").content == "hi"
            assert client.chat("again").content == "again"


def test_variables_that_are_set_after_a_client_was_made_come_too_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with MockServer() as proxy:
        client = Client("m", Deployment("http://h.invalid/v1", allow_insecure_http=True), retry=1)
        monkeypatch.setenv("HTTP_PROXY", proxy.base_url.removesuffix("/v1"))
        with pytest.raises(ConnectError):
            client.chat("hi")
        assert proxy.requests == []


def test_what_is_to_be_checked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert deferred.is_plain()
    certificates = tmp_path / "ca.pem"
    certificates.write_text("# mine\n-----BEGIN CERTIFICATE-----\n")
    (tmp_path / "empty").mkdir()
    for name, value, expected in (
        ("https_proxy", "http://127.0.0.1:9", False),
        ("https_proxy", "", True),
        ("SSL_CERT_FILE", str(certificates), True),
        ("SSL_CERT_FILE", str(tmp_path / "none"), False),
        ("SSL_CERT_FILE", __file__, True),  # it says so above: what is in it shows later
        ("SSL_CERT_FILE", str(Path(deferred.__file__).with_name("words.py")), False),
        ("SSL_CERT_DIR", str(tmp_path), True),
        ("SSL_CERT_DIR", str(tmp_path / "empty"), False),
        ("SSL_CERT_DIR", str(tmp_path / "none"), False),
    ):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            assert deferred.is_plain() is expected, (name, value)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not deferred.is_plain()
