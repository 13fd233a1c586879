"""Names that nobody looks up in time: the sync client's clocks hold all the same."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from thinwire import Client, ConnectError, Deployment, Timeouts, TransportTimeout
from thinwire.cpython.lookup import Resolver
from thinwire.testing import MockServer

MESSAGES = [{"role": "user", "content": "Hi"}]
NAME = "slow.internal"


class Names:
    """A name server that answers when it is told to.

    Attributes:
        asked: how often it was.
    """

    def __init__(self, ask: Any) -> None:
        self._ask = ask
        self._answers = threading.Event()
        self.asked = 0
        self.error: Exception | None = None

    def answer(self) -> None:
        self._answers.set()

    def getaddrinfo(self, host: str, port: int, *also: Any, **how: Any) -> Any:
        if host != NAME or how.get("flags") == socket.AI_NUMERICHOST:
            return self._ask(host, port, *also, **how)
        self.asked += 1
        assert self._answers.wait(60)
        if self.error is not None:
            raise self.error
        return self._ask("127.0.0.1", port, **how)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    names = Names(socket.getaddrinfo)
    monkeypatch.setattr(socket, "getaddrinfo", names.getaddrinfo)
    yield names
    names.answer()


def client_of(server: MockServer, **options: Any) -> Client:
    port = server.base_url.partition("127.0.0.1:")[2]
    return Client("echo", {"echo": Deployment(f"http://{NAME}:{port}")}, **options)


@pytest.mark.parametrize("clock", ["connect", "total"])
def test_a_lookup_ends_at_the_clock(mock_llm: MockServer, names: Names, clock: str) -> None:
    limits = Timeouts(**{clock: 0.2})
    with client_of(mock_llm, timeouts=limits, retry=1) as client:
        with pytest.raises(TransportTimeout) as failure:
            client.chat(MESSAGES)
        assert failure.value.phase == clock
        with pytest.raises(TransportTimeout):
            client.chat(MESSAGES)
        assert names.asked == 1  # not a thread for each attempt
    names.answer()


def test_afterwards_all_is_well(mock_llm: MockServer, names: Names) -> None:
    with client_of(mock_llm, timeouts=Timeouts(connect=0.2), retry=1) as client:
        with pytest.raises(TransportTimeout):
            client.chat(MESSAGES)
        names.answer()
    with client_of(mock_llm) as client:
        for _ in range(3):
            assert client.chat(MESSAGES).content == "Hi"
    assert names.asked == 2


def test_a_name_that_is_none(mock_llm: MockServer, names: Names) -> None:
    names.answer()
    for error in (socket.gaierror(-2, "no such name"), UnicodeError("label too long")):
        names.error = error
        with client_of(mock_llm, retry=1) as client, pytest.raises(ConnectError) as failure:
            client.chat(MESSAGES)
        assert f"cannot resolve {NAME}" in str(failure.value)


def test_a_lookup_that_came_late_is_taken(names: Names) -> None:
    resolver = Resolver()
    with pytest.raises(TransportTimeout):
        resolver.look_up(NAME, 80, 0.01)
    names.answer()
    for name in (NAME, "127.0.0.1"):
        assert [found[-1] for found in resolver.look_up(name, 80, None)] == [("127.0.0.1", 80)]
    assert names.asked <= 2
