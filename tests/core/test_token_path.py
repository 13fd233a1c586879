"""How far a token goes: the Python calls, and the modules that they are in, from the bytes to the
caller. Neither C functions nor what the transport and the caller do themselves are counted."""

import asyncio
import sys
from types import FrameType
from typing import Any

import pytest

from thinwire import AsyncClient, Deployment
from thinwire.testing import ScriptedReply, ScriptedTransport

MODULES = 8
TOKENS = (100, 200)
HELLO = [{"role": "user", "content": "Hi"}]
TOKEN = (
    b'data: {"id":"x","choices":[{"index":0,"delta":{"content":"t%d"},"finish_reason":null}]}\n\n'
)
END = b'data: {"id":"x","choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


class Calls:
    """Counts the calls in thinwire's core while it is the profiler.

    Args:
        further: the token behind which the modules are looked at.
    """

    def __init__(self, further: int) -> None:
        self.further = further
        self.tokens = 0
        self.count = 0
        self.modules: set[str] = set()

    def __call__(self, frame: FrameType, event: str, arg: object) -> None:
        name = frame.f_globals.get("__name__", "")
        if event == "call" and name.startswith("thinwire.core."):
            self.count += 1
            if self.tokens == self.further:
                self.modules.add(name)

    def token(self, event: object) -> None:
        self.tokens += 1


async def hear(client: AsyncClient, told: Any) -> None:
    await client.chat(HELLO, on_delta=told)


async def iterate(client: AsyncClient, told: Any) -> None:
    async with client.stream(HELLO) as stream:
        async for event in stream:
            told(event)


def counted(way: Any, pieces: list[Any], kind: Any = ScriptedTransport, further: int = 0) -> Calls:
    transport = kind([ScriptedReply([*pieces, END])])
    client = AsyncClient("m", {"m": Deployment("https://a.test/v1")}, transport=transport)
    calls = Calls(further)

    async def run() -> None:
        sys.setprofile(calls)
        try:
            await way(client, calls.token)
        finally:
            sys.setprofile(None)

    asyncio.run(run())
    return calls


def alone(tokens: int) -> list[Any]:
    return [piece for number in range(tokens) for piece in (TOKEN % number, 1)]


def together(tokens: int) -> list[Any]:
    return [b"".join([TOKEN % number for number in range(tokens)])]


@pytest.mark.parametrize(
    ("way", "pieces", "most"),
    [(hear, alone, 23), (iterate, alone, 26), (hear, together, 5), (iterate, together, 8)],
)
def test_a_further_token_takes_few_calls(way: Any, pieces: Any, most: int) -> None:
    few, many = [counted(way, pieces(tokens)) for tokens in TOKENS]
    each = (many.count - few.count) / (TOKENS[1] - TOKENS[0])
    assert each <= most, each


@pytest.mark.parametrize("way", [hear, iterate])
def test_a_further_token_goes_through_few_modules(way: Any) -> None:
    calls = counted(way, alone(50), further=25)
    assert len(calls.modules) <= MODULES, calls.modules


class Hasty(ScriptedTransport):
    """Nothing of it waits."""

    async def sleep_ms(self, ms: int, until: Any = None) -> None:
        raise AssertionError("it waited")


@pytest.mark.parametrize("way", [hear, iterate])
def test_what_has_arrived_is_handed_on_without_a_wait(way: Any) -> None:
    counted(way, together(1000), kind=Hasty)
