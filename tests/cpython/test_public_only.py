"""allow_private=False: names that lead elsewhere than a moment ago, over each transport."""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from thinwire import AsyncClient, Client, ConnectError, Deployment
from thinwire.core.providers import public_only
from thinwire.testing import MockServer
from thinwire.testing.scripted import ScriptedTransport
from thinwire.transport import HTTPXTransport, SocketTransport

HELLO = [{"role": "user", "content": "Hi"}]
NAME = "stranger.example"
HERE, ELSEWHERE = "127.0.0.1", "127.0.0.2"  # where the server is; where nobody is
STRICT: Any = {"allow_private": False, "allow_insecure_http": True}
WAYS = [(kind, own) for kind in (Client, AsyncClient) for own in (HTTPXTransport, SocketTransport)]


class Liar:
    """A resolver whose answers are another each time; the last one stays."""

    def __init__(self) -> None:
        self._ask = socket.getaddrinfo
        self.answers: list[list[str]] = []
        self.asked = 0

    def getaddrinfo(self, host: Any, port: Any, *also: Any, **how: Any) -> Any:
        if host not in (NAME, NAME.encode()) or how.get("flags") == socket.AI_NUMERICHOST:
            return self._ask(host, port, *also, **how)
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return [one for address in answer for one in self._ask(address, port, *also, **how)]


@pytest.fixture
def liar(monkeypatch: pytest.MonkeyPatch) -> Liar:
    found = Liar()
    monkeypatch.setattr(socket, "getaddrinfo", found.getaddrinfo)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    return found


@pytest.fixture
def here_is_public(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_only, "is_public", lambda address: address in (HERE, ELSEWHERE))


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running


def deployment(server: MockServer, **options: Any) -> Deployment:
    port = server.base_url.partition(f"{HERE}:")[2]
    return Deployment(f"http://{NAME}:{port}", "sk-1", **{"allow_insecure_http": True, **options})


def ask(client: Any, *models: str) -> list[Any]:
    """What each call comes to: a text, or an error. The client is closed then."""
    found: list[Any] = []

    async def run() -> None:
        async with client:
            for model in models:
                try:
                    found.append((await client.chat(HELLO, model=model)).content)
                except ConnectError as error:
                    found.append(error)

    if isinstance(client, AsyncClient):
        asyncio.run(run())
        return found
    with client:
        for model in models:
            try:
                found.append(client.chat(HELLO, model=model).content)
            except ConnectError as error:
                found.append(error)
    return found


@pytest.mark.parametrize(("kind", "own"), WAYS)
def test_the_address_that_was_checked_is_connected_to(
    kind: Any, own: Any, server: MockServer, liar: Liar, here_is_public: None
) -> None:
    liar.answers = [[HERE], ["127.0.0.3"]]
    client = kind("echo", deployment(server, **STRICT), transport=own(), retry=1)
    assert ask(client, "echo") == ["Hi"]
    assert (liar.asked, len(server.requests)) == (1, 1)


@pytest.mark.parametrize(("kind", "own"), WAYS)
def test_each_of_several_addresses_is_tried(
    kind: Any, own: Any, server: MockServer, liar: Liar, here_is_public: None
) -> None:
    liar.answers = [[ELSEWHERE, HERE], ["127.0.0.3"]]
    client = kind("echo", deployment(server, **STRICT), transport=own(), retry=1)
    assert ask(client, "echo") == ["Hi"]
    assert liar.asked == 1
    liar.answers = [[ELSEWHERE]]
    client = kind("echo", deployment(server, **STRICT), transport=own(), retry=1)
    (error,) = ask(client, "echo")
    assert (error.kind, len(server.requests)) == ("connect", 1)


@pytest.mark.parametrize(("kind", "own"), WAYS)
@pytest.mark.parametrize(
    "answer", ["127.0.0.1", "10.0.0.1", "8.8.8.8 127.0.0.1", "::1", "169.254.169.254"]
)
def test_a_name_that_leads_inside_is_refused(
    kind: Any, own: Any, answer: str, server: MockServer, liar: Liar
) -> None:
    liar.answers = [answer.split()]
    models = {"echo": deployment(server, **STRICT), "other": Deployment(server.base_url)}
    client = kind("echo", models, {"echo": ["other"]}, transport=own(), retry=3)
    (error,) = ask(client, "echo")
    assert (error.kind, error.retryable) == ("address", False)
    assert "allow_private=False" in str(error)
    assert answer not in str(error)
    assert (liar.asked, len(server.requests)) == (1, 0)
    assert client.deployments_state()["echo"].failures == 0


@pytest.mark.parametrize(("kind", "own"), WAYS)
def test_a_connection_of_others_is_not_taken(
    kind: Any, own: Any, server: MockServer, liar: Liar
) -> None:
    liar.answers = [[HERE]]
    models = {"echo": deployment(server), "strict": deployment(server, model="echo", **STRICT)}
    client = kind("echo", models, transport=own(), retry=1)
    first, second = ask(client, "echo", "strict")
    assert first == "Hi"
    assert second.kind == "address"


@pytest.mark.parametrize(("kind", "own"), WAYS)
def test_it_cannot_be_had_with_a_proxy(
    kind: Any, own: Any, server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = deployment(server, **STRICT)
    with pytest.raises(ValueError, match="allow_private=False cannot be had with proxy="):
        kind("echo", strict, transport=own(proxy="http://10.0.0.1:3128"))
    kind("echo", deployment(server), transport=own(proxy="http://10.0.0.1:3128"))
    monkeypatch.setenv("HTTP_PROXY", "http://user:secret@10.0.0.1:3128")
    with pytest.raises(ValueError, match="with HTTP_PROXY=") as raised:
        kind("echo", strict, transport=own())
    assert "secret" not in str(raised.value)
    monkeypatch.setenv("NO_PROXY", NAME)
    kind("echo", strict, transport=own())


def test_it_cannot_be_had_with_what_looks_names_up_itself(
    server: MockServer, tmp_path: Any
) -> None:
    strict = {"a": Deployment(server.base_url), "echo": deployment(server, **STRICT)}
    with pytest.raises(ValueError, match="with http_client="), httpx.Client() as own:
        Client("a", strict, http_client=own)
    with pytest.raises(ValueError, match="with an own transport"):
        Client("a", strict, transport=ScriptedTransport([]))
    with pytest.raises(ValueError, match="with uds="):
        Client("a", strict, transport=SocketTransport(uds=tmp_path / "s"))


@pytest.mark.parametrize(("kind", "own"), WAYS)
def test_a_name_that_there_is_not(
    kind: Any, own: Any, server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def getaddrinfo(host: Any, *also: Any, **how: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    strict = deployment(server, **STRICT)
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    (error,) = ask(kind("echo", strict, transport=own(), retry=1), "echo")
    assert error.kind == "connect", error
