"""Clients with something of one's own."""

from typing import Any, assert_type

from thinwire import AsyncClient, Client, Completion, Deployment

PLACES = {"m": Deployment("http://localhost:8000/v1")}


class Counting(Client):
    def __init__(self, model: str = "m") -> None:
        super().__init__(model, PLACES)
        self.calls = 0

    def ask(self, text: str, **options: Any) -> Completion:
        self.calls += 1
        # Options of any kind may hold `into`, and with it another type of answer.
        completion: Completion = self.chat([{"role": "user", "content": text}], **options)
        return completion


class Later(AsyncClient):
    def __init__(self) -> None:
        super().__init__("m", PLACES)
        self.calls = 0

    async def ask(self, text: str) -> str | None:
        self.calls += 1
        return (await self.chat([{"role": "user", "content": text}])).content


def now() -> None:
    with Counting() as client:
        assert_type(client, Counting)
        print(client.ask("hi", temperature=0.2).content, client.calls)


async def later() -> None:
    async with Later() as client:
        assert_type(client, Later)
        print(await client.ask("hi"), client.calls)
