"""TLS on CPython: whom the client trusts, and that a key goes to nobody else."""

import os
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import certifi
import pytest
from support.certificates import Authority, authority
from support.places import places

from thinwire import (
    AsyncClient,
    Client,
    ConnectError,
    Deployment,
    ReadError,
    RetryPolicy,
    StatusError,
    StreamInterrupted,
    Timeouts,
    TransportTimeout,
)
from thinwire.cpython import trust
from thinwire.testing import (
    Cut,
    EndBody,
    MockCompletion,
    MockReply,
    MockServer,
    Send,
    Stall,
    text_reply,
)

KEY = "sk-never-to-be-seen"
LIMIT_S = 0.3
ONCE = RetryPolicy(attempts=1)
MESSAGES = [{"role": "user", "content": "Hi"}]
BOTH = pytest.mark.usefixtures("on_transport")


@pytest.fixture(scope="module")
def trusted() -> Authority:
    return authority()


@pytest.fixture
def server(trusted: Authority) -> Iterator[MockServer]:
    with MockServer(ssl_context=trusted.server("127.0.0.1")) as server:
        yield server


@pytest.fixture
def mute() -> Iterator[dict[str, Deployment]]:
    """A model at a server that accepts, and is silent."""
    with places() as nobody:
        host, port = nobody["mute"]
        yield {"m": Deployment(f"https://{host}:{port}/v1", KEY)}


def ask(server: MockServer, messages: Any = MESSAGES, **options: Any) -> str | None:
    deployments = {"echo": Deployment(server.base_url, KEY)}
    with Client("echo", deployments, **options) as client:
        return client.chat(messages).content


@BOTH
def test_a_server_nobody_vouches_for_gets_no_key(server: MockServer) -> None:
    with pytest.raises(ConnectError) as failure:
        ask(server)
    assert "CERTIFICATE_VERIFY_FAILED" in str(failure.value)
    assert KEY not in repr(failure.getrepr(chain=True))
    assert server.requests == []


@BOTH
def test_another_authority_does_not_help(server: MockServer) -> None:
    with pytest.raises(ConnectError):
        ask(server, cadata=authority().pem)
    assert server.requests == []


# Certificates that a server must not get away with.
WRONG = [("example.test", False), ("127.0.0.1", True)]


@BOTH
@pytest.mark.parametrize(("name", "expired"), WRONG)
def test_a_wrong_certificate_is_refused(trusted: Authority, name: str, expired: bool) -> None:
    with MockServer(ssl_context=trusted.server(name, expired=expired)) as server:
        with pytest.raises(ConnectError):
            ask(server, cadata=trusted.pem)
        assert server.requests == []


@BOTH
def test_each_way_to_name_the_authority(
    server: MockServer, trusted: Authority, tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(trusted.pem)
    own = ssl.create_default_context(cadata=trusted.pem.decode())
    commented = "# Größte CA\n".encode() + trusted.pem + b"\n# the end\n"
    ways: list[dict[str, object]] = [
        {"verify": str(file)},
        {"verify": file},
        {"verify": trusted.pem},
        {"verify": trusted.der},
        {"verify": own},
        {"cadata": commented},
        {"cadata": trusted.pem.decode()},
        {"cadata": [authority().der, trusted.pem]},
        {"add_ca": trusted.pem},
        {"add_ca": [authority().pem, trusted.der]},
        {"cadata": trusted.pem},
        {"cadata": trusted.der},
        {"verify": False},
    ]
    for way in ways:
        assert ask(server, **way) == "Hi", way


@BOTH
def test_the_environment_names_the_authority(
    server: MockServer, trusted: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(trusted.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    assert ask(server) == "Hi"
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(ConnectError):
        ask(server)


@BOTH
async def test_the_async_client_spells_it_alike(server: MockServer, trusted: Authority) -> None:
    for way in ({"verify": trusted.der}, {"cadata": trusted.pem}, {"add_ca": trusted.pem}):
        options: Any = way
        models = {"echo": Deployment(server.base_url, KEY)}
        async with AsyncClient("echo", models, **options) as client:
            assert (await client.chat(MESSAGES)).content == "Hi", way


def test_a_folder_in_the_environment(
    server: MockServer, trusted: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    with pytest.raises(ValueError, match="SSL_CERT_DIR="):
        Client("m", {"m": Deployment("https://example.test/v1")})
    (tmp_path / "some.pem").write_bytes(trusted.pem)  # by no name that OpenSSL looks for
    monkeypatch.setenv("SSL_CERT_DIR", f"{tmp_path / 'none'}{os.pathsep}{tmp_path}")
    with pytest.raises(ConnectError):
        ask(server)


@BOTH
@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_the_environment_is_checked_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, kind: type[Any]
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with pytest.raises(ValueError, match="SSL_CERT_FILE="):
        kind("m", {"m": Deployment("https://example.test/v1")})
    # Whoever says otherwise is not held up by it.
    kind("m", {"m": Deployment("https://example.test/v1")}, verify=False)


def test_the_store_is_the_systems(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def count(context: ssl.SSLContext) -> int:
        return context.cert_store_stats()["x509"]

    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    # What OpenSSL finds by itself, or where it finds nothing: certifi.
    system = ssl.create_default_context()
    if count(system):
        assert count(trust.system_context()) == count(system)
    nowhere = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    paths = ssl.get_default_verify_paths()._replace(capath=None)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    real = ssl.create_default_context
    monkeypatch.setattr(ssl, "create_default_context", lambda **by: real(**by) if by else nowhere)
    assert count(trust.system_context()) == count(real(cafile=certifi.where())) > 0


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_where_the_system_verifies_it_does(
    monkeypatch: pytest.MonkeyPatch, platform: str, trusted: Authority
) -> None:
    class Verifier(ssl.SSLContext):
        pass

    stand_in: Any = ModuleType("truststore")
    stand_in.SSLContext = Verifier
    monkeypatch.setitem(sys.modules, "truststore", stand_in)
    monkeypatch.setattr(sys, "platform", platform)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    assert isinstance(trust.system_context(), Verifier)
    added = trust.context_for(add_ca=trusted.pem)
    assert isinstance(added, Verifier)
    assert added.cert_store_stats()["x509"] == 1


@pytest.mark.parametrize(
    "given", [b"no certificate", b"-----BEGIN CERTIFICATE-----\nxx", "-----BEGIN"]
)
@pytest.mark.parametrize("name", ["cadata", "add_ca"])
def test_what_is_no_certificate_is_shown_at_once(name: str, given: Any) -> None:
    options: Any = {name: given}
    with pytest.raises(ValueError, match=r"b'.*cannot load CA certificates"):
        Client("m", {"m": Deployment("https://example.test/v1")}, **options)


def test_an_unreadable_bundle_is_named_at_once(tmp_path: Path) -> None:
    deployments = {"m": Deployment("https://example.test/v1", KEY)}
    empty = tmp_path / "empty.pem"
    empty.touch()
    for path in (str(tmp_path / "none.pem"), str(empty)):
        with pytest.raises(ValueError, match=r"verify='.*\.pem'"):
            Client("m", deployments, verify=path)


# TLS's goodbye or none: an answer that was cut is not whole.
@BOTH
@pytest.mark.parametrize("notify", [False, True])
def test_a_cut_is_no_end(server: MockServer, trusted: Authority, notify: bool) -> None:
    server.reply("echo", MockCompletion([{"content": "Hello"}], ending=[Cut(notify=notify)]))
    with pytest.raises(StreamInterrupted) as failure:
        ask(server, cadata=trusted.pem)
    assert failure.value.partial.content == "Hello"
    assert isinstance(failure.value.cause, ReadError)


# An answer that comes while the prompt is being sent, from a server that then reads no more.
REFUSAL = MockReply(413, [Send(b"too large"), EndBody(), Stall()], early=70_000)
LARGE = [{"role": "user", "content": "word " * 2_000_000}]


@BOTH
def test_an_early_refusal_arrives(server: MockServer, trusted: Authority) -> None:
    server.reply("echo", REFUSAL)
    with pytest.raises(StatusError) as failure:
        ask(server, LARGE, cadata=trusted.der)
    assert failure.value.status == 413


@BOTH
async def test_an_early_refusal_arrives_async(server: MockServer, trusted: Authority) -> None:
    server.reply("echo", REFUSAL)
    models = {"echo": Deployment(server.base_url)}
    async with AsyncClient("echo", models, cadata=trusted.der) as client:
        with pytest.raises(StatusError) as failure:
            await client.chat(LARGE)
    assert failure.value.status == 413


# A server that says nothing: shaking hands is a part of connecting.
CLOCKS = ["connect", "total"]


@BOTH
@pytest.mark.parametrize("clock", CLOCKS)
def test_a_handshake_that_stalls_ends(mute: dict[str, Deployment], clock: str) -> None:
    limits = Timeouts(**{clock: LIMIT_S})
    with (
        Client("m", mute, timeouts=limits, retry=ONCE) as client,
        pytest.raises(TransportTimeout) as failure,
    ):
        client.chat(MESSAGES)
    assert failure.value.phase == clock


@BOTH
@pytest.mark.parametrize("clock", CLOCKS)
async def test_a_handshake_that_stalls_ends_async(mute: dict[str, Deployment], clock: str) -> None:
    limits = Timeouts(**{clock: LIMIT_S})
    async with AsyncClient("m", mute, timeouts=limits, retry=ONCE) as client:
        with pytest.raises(TransportTimeout) as failure:
            await client.chat(MESSAGES)
    assert failure.value.phase == clock


@BOTH
def test_many_turns_share_a_connection(server: MockServer, trusted: Authority) -> None:
    server.reply("echo", text_reply("Yes"))
    with Client("echo", {"echo": Deployment(server.base_url)}, cadata=trusted.der) as client:
        for _ in range(3):
            assert client.chat(MESSAGES).content == "Yes"
    assert server.connections == 1
