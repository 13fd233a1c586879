"""TLS over httpx: whom the client trusts, and that a key goes to nobody else."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
from thinwire.testing import (
    Cut,
    EndBody,
    MockCompletion,
    MockServer,
    Reply,
    Send,
    Stall,
    text_reply,
)

KEY = "sk-never-to-be-seen"
LIMIT_S = 0.3
ONCE = RetryPolicy(attempts=1)
MESSAGES = [{"role": "user", "content": "Hi"}]


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


def test_a_server_nobody_vouches_for_gets_no_key(server: MockServer) -> None:
    with pytest.raises(ConnectError) as failure:
        ask(server)
    assert "CERTIFICATE_VERIFY_FAILED" in str(failure.value)
    assert KEY not in repr(failure.getrepr(chain=True))
    assert server.requests == []


def test_another_authority_does_not_help(server: MockServer) -> None:
    with pytest.raises(ConnectError):
        ask(server, cadata=authority().pem)
    assert server.requests == []


# Certificates that a server must not get away with.
WRONG = [("example.test", False), ("127.0.0.1", True)]


@pytest.mark.parametrize(("name", "expired"), WRONG)
def test_a_wrong_certificate_is_refused(trusted: Authority, name: str, expired: bool) -> None:
    with MockServer(ssl_context=trusted.server(name, expired=expired)) as server:
        with pytest.raises(ConnectError):
            ask(server, cadata=trusted.pem)
        assert server.requests == []


def test_each_way_to_name_the_authority(
    server: MockServer, trusted: Authority, tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(trusted.pem)
    own = ssl.create_default_context(cadata=trusted.pem.decode())
    ways: list[dict[str, object]] = [
        {"verify": str(file)},
        {"cadata": trusted.pem},
        {"cadata": trusted.der},
        {"ssl_context": own},
        {"insecure": True},
        {"verify": False},
    ]
    for way in ways:
        assert ask(server, **way) == "Hi", way


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


def test_an_unreadable_bundle_is_named_at_once(tmp_path: Path) -> None:
    deployments = {"m": Deployment("https://example.test/v1", KEY)}
    empty = tmp_path / "empty.pem"
    empty.touch()
    for path in (str(tmp_path / "none.pem"), str(empty)):
        with pytest.raises(ValueError, match=r"verify='.*\.pem'"):
            ask_nobody(deployments, path)


def ask_nobody(deployments: dict[str, Deployment], path: str) -> None:
    with Client("m", deployments, verify=path) as client:
        client.chat(MESSAGES)


# TLS's goodbye or none: an answer that was cut is not whole.
@pytest.mark.parametrize("notify", [False, True])
def test_a_cut_is_no_end(server: MockServer, trusted: Authority, notify: bool) -> None:
    server.reply("echo", MockCompletion([{"content": "Hello"}], ending=[Cut(notify=notify)]))
    with pytest.raises(StreamInterrupted) as failure:
        ask(server, cadata=trusted.pem)
    assert failure.value.partial.content == "Hello"
    assert isinstance(failure.value.cause, ReadError)


# An answer that comes while the prompt is being sent, from a server that then reads no more.
REFUSAL = Reply(413, [Send(b"too large"), EndBody(), Stall()], early=70_000)
LARGE = [{"role": "user", "content": "word " * 2_000_000}]


def test_an_early_refusal_arrives(server: MockServer, trusted: Authority) -> None:
    server.reply("echo", REFUSAL)
    with pytest.raises(StatusError) as failure:
        ask(server, LARGE, cadata=trusted.der)
    assert failure.value.status == 413


async def test_an_early_refusal_arrives_async(server: MockServer, trusted: Authority) -> None:
    server.reply("echo", REFUSAL)
    models = {"echo": Deployment(server.base_url)}
    async with AsyncClient("echo", models, cadata=trusted.der) as client:
        with pytest.raises(StatusError) as failure:
            await client.chat(LARGE)
    assert failure.value.status == 413


# A server that says nothing: shaking hands is a part of connecting.
CLOCKS = ["connect", "total"]


@pytest.mark.parametrize("clock", CLOCKS)
def test_a_handshake_that_stalls_ends(mute: dict[str, Deployment], clock: str) -> None:
    limits = Timeouts(**{clock: LIMIT_S})
    with (
        Client("m", mute, timeouts=limits, retry=ONCE) as client,
        pytest.raises(TransportTimeout) as failure,
    ):
        client.chat(MESSAGES)
    assert failure.value.phase == clock


@pytest.mark.parametrize("clock", CLOCKS)
async def test_a_handshake_that_stalls_ends_async(mute: dict[str, Deployment], clock: str) -> None:
    limits = Timeouts(**{clock: LIMIT_S})
    async with AsyncClient("m", mute, timeouts=limits, retry=ONCE) as client:
        with pytest.raises(TransportTimeout) as failure:
            await client.chat(MESSAGES)
    assert failure.value.phase == clock


def test_many_turns_share_a_connection(server: MockServer, trusted: Authority) -> None:
    server.reply("echo", text_reply("Yes"))
    with Client("echo", {"echo": Deployment(server.base_url)}, cadata=trusted.der) as client:
        for _ in range(3):
            assert client.chat(MESSAGES).content == "Yes"
    assert server.connections == 1
