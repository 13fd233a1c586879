"""The fixture of thinwire.testing in somebody's own tests."""

from collections.abc import Iterator

import pytest

from thinwire import Client, Deployment
from thinwire.testing import MockServer, ScriptedTransport, status_reply, text_reply


@pytest.fixture
def client(mock_llm: MockServer) -> Iterator[Client]:
    with Client("m", {"m": Deployment(mock_llm.base_url)}) as opened:
        yield opened


def test_hello(client: Client, mock_llm: MockServer) -> None:
    mock_llm.reply("m", status_reply(429))
    mock_llm.reply("m", text_reply("Hello"))
    assert client.chat([{"role": "user", "content": "hi"}]).content == "Hello"
    assert mock_llm.requests[0].json()["messages"][0]["content"] == "hi"


def test_without_sockets() -> None:
    transport = ScriptedTransport([])
    Client("m", {"m": Deployment("https://a.example/v1")}, transport=transport).close()
