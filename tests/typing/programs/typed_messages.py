"""Messages, tools and parameters in types of one's own."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, NotRequired, TypedDict

from thinwire import AsyncClient, Client, Completion, Deployment


class Message(TypedDict):
    role: Literal["system", "user", "assistant", "tool"]
    content: str | None
    tool_call_id: NotRequired[str]


class Function(TypedDict):
    name: str
    parameters: dict[str, Any]


class Tool(TypedDict):
    type: Literal["function"]
    function: Function


def ask(client: Client, messages: Sequence[Message], tools: list[Tool]) -> Completion:
    return client.chat(messages, tools=tools)


async def ask_later(client: AsyncClient, messages: list[Message]) -> Completion:
    headers: Mapping[str, str] = {"X-Title": "t"}
    extra: Mapping[str, Any] = MappingProxyType({"top_k": 4})
    return await client.chat(tuple(messages), extra_headers=headers, extra_body=extra)


def with_options(client: Client, messages: list[dict[str, str]], **options: Any) -> Completion:
    completion: Completion = client.chat(messages, **options)
    return completion


async def one_more(messages: list[Message], completion: Completion) -> None:
    messages.append({"role": "assistant", "content": completion.content})
    places: Mapping[str, Deployment] = {"m": Deployment("http://localhost:8000/v1")}
    lists: Mapping[str, list[str]] = {"m": []}
    async with AsyncClient("m", places, lists) as client:
        await ask_later(client, messages)
