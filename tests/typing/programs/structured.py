"""Answers of a type: what `into=` gives, to a type checker."""

from dataclasses import dataclass
from typing import Any, TypedDict, assert_type

from thinwire import (
    AsyncClient,
    ChatStream,
    Client,
    Completion,
    ParsedCompletion,
    ParsedStream,
    ParseError,
    StreamComplete,
    SyncParsedStream,
)


@dataclass
class City:
    name: str
    people: int


class Row(TypedDict):
    id: int


async def later(client: AsyncClient) -> ParsedCompletion[City]:
    found = await client.chat("Which is the largest?", into=City, temperature=0)
    assert_type(found, ParsedCompletion[City])
    assert_type(found.parsed, City)
    assert_type(found.all_parsed, list[City])
    assert_type(found.content, str | None)
    assert_type((await client.chat("And?", into=Row)).parsed, Row)
    assert_type((await client.chat("And?", into=list[City])).parsed, list[City])
    assert_type((await client.chat("And?", into=int)).parsed, int)
    assert_type((await client.chat("And?", into={"type": "object"})).parsed, Any)
    assert_type(await client.chat("And?"), Completion)
    assert_type(await client.chat("And?", into=None), Completion)
    assert_type(client.stream("And?"), ChatStream)
    async with client.stream("Which?", into=City, model="m") as stream:
        assert_type(stream, ParsedStream[City])
        async for event in stream:
            if isinstance(event, StreamComplete):
                print(event.completion.content)
            print(stream.partial())
        assert_type(stream.parsed, City)
    return found


def now(client: Client) -> City | None:
    try:
        found = client.chat("Which is the largest?", into=City, on_delta=print)
    except ParseError as error:
        assert_type(error.completion, Completion)
        print(error.reason, error.path, error.text)
        return None
    assert_type(found.parsed, City)
    with client.stream("Which?", into=City) as stream:
        assert_type(stream, SyncParsedStream[City])
        for _ in stream:
            print(stream.partial())
        assert_type(stream.parsed, City)
    client.chat("Which?", into=City, temprature=0)  # type: ignore[call-overload]
    return found.parsed
