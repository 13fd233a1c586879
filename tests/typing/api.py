"""The public API as a type checker sees it. Checked by mypy --strict, never run.

mypy warns of an `ignore` that it does not need: those below say what must be an error.
"""

from collections.abc import Awaitable
from typing import Any, assert_type

import httpx

import thinwire
from thinwire import (
    AsyncClient,
    Base64File,
    ChatStream,
    Client,
    Completion,
    ContentDelta,
    Conversation,
    Deployment,
    Event,
    FlightRecorder,
    JSONLHistory,
    ModelEntry,
    Probe,
    ReasoningDelta,
    Recording,
    StreamComplete,
    SyncChatStream,
    SyncConversation,
    SyncTurn,
    TextFile,
    Timeouts,
    ToolCall,
    ToolCallDelta,
    ToolCallStarted,
    Turn,
    resolve,
)
from thinwire.transport import (
    Abortable,
    HTTPXTransport,
    Request,
    Response,
    Transport,
)

deployments = {
    "fast": Deployment(base_url="https://a.example/v1", api_key="k", model="upstream"),
    "backup": Deployment("https://b.example/v1", extra_headers={"X-Title": "t"}),
}
messages: list[dict[str, object]] = [
    {"role": "user", "content": TextFile("notes.txt")},
    {"role": "user", "content": [{"image_url": {"url": Base64File("a.jpg", "data:image/jpeg,")}}]},
]


async def show(text: str) -> None:
    print(text)


def awaited(text: str) -> Awaitable[None]:
    return show(text)


async def asynchronous() -> None:
    async with AsyncClient("fast", deployments, {"fast": ["backup"]}) as client:
        completion = await client.chat(messages, on_delta=print, temperature=0.2)
        assert_type(completion, Completion)
        assert_type(completion.content, str | None)
        assert_type(completion.tool_calls, list[ToolCall])
        await client.chat(messages, on_delta=show)
        await client.chat(messages, on_delta=awaited, timeouts=Timeouts(total=5))
        async with client.stream(messages, tools=[{"type": "function"}]) as stream:
            assert_type(stream, ChatStream)
            async for event in stream:
                assert_type(event, Event)
                handle(event)
    AsyncClient("fast", deployments, http_client=httpx.AsyncClient(), log=True)


async def by_name() -> None:
    async def token() -> str:
        return "token"

    async with AsyncClient("azure:gpt-5", api_key=token, fallbacks=["openai:gpt-5-mini"]) as one:
        assert_type(await one.chat("Hello", on_delta=print, keep="none"), Completion)
    several: dict[str, Deployment | str] = {
        "fast": "groq:llama-3.3-70b-versatile",
        "big": Deployment(provider="azure", base_url="https://a.example", model="gpt-5"),
        "*": Deployment(provider="openrouter", api_key_env="MINE", auth="bearer"),
    }
    AsyncClient("fast", several, {"fast": ["big"]})
    assert_type(resolve("ollama:llama3.2:latest"), Deployment)
    Client(None, {"*": Deployment(provider="ollama")}).chat("Hello", model="llama3.2")


def synchronous() -> None:
    proxy = HTTPXTransport(proxy="http://proxy.example:3128")
    with Client("fast", Deployment("https://a.example/v1"), transport=proxy) as client:
        assert_type(client.chat(messages, stop=["\n"]), Completion)
        with client.stream(messages, model="backup") as stream:
            assert_type(stream, SyncChatStream)
            for event in stream:
                handle(event)


async def talking(client: AsyncClient) -> None:
    async with Conversation(client, system="Be brief.", max_messages=20, temperature=0.2) as talk:
        assert_type(await talk.send("Hi", session="a", on_delta=awaited), Completion)
        async with talk.stream([{"type": "text", "text": "Hi"}], profile={"id": "b"}) as turn:
            assert_type(turn, Turn)
            async for event in turn:
                handle(event)
            await turn.interrupt(heard_chars=5)
        assert_type(await talk.messages(), list[dict[str, Any]])


def talking_without_a_loop(client: Client) -> None:
    talk = SyncConversation(client, history=JSONLHistory("chats"), model="fast")
    assert_type(talk.send("Hi", max_tokens=5), Completion)
    with talk.stream("Hi") as turn:
        assert_type(turn, SyncTurn)
        for event in turn:
            handle(event)


def asked(client: Client, recorder: FlightRecorder) -> None:
    assert_type(client.names, list[str])
    assert_type(client.models("fast", fallback=["a"]), list[ModelEntry])
    assert_type(client.check(free=True)[0].first_token_ms, int | None)
    assert_type(client.probe("fast"), Probe)
    assert_type(recorder.of(None), Recording | None)
    Client("fast", deployments, recorder=recorder, on_request=print, on_response=print)
    Client("fast", deployments, on_stream_complete=lambda summary: print(summary["event_count"]))
    Client("fast", deployments, recorder=3)  # type: ignore[arg-type]


def handle(event: Event) -> str:
    match event:
        case ContentDelta(text) | ReasoningDelta(text=text):
            return text
        case ToolCallStarted(index, id, name):
            return f"{index} {id} {name}"
        case ToolCallDelta(arguments=arguments):
            return arguments
        case StreamComplete(completion):
            return completion.content or ""
        case _:
            return ""


class OwnTransport(Transport):
    name = "own"

    def __init__(self, inner: Transport) -> None:
        self._inner = inner

    async def send(self, request: Request) -> Response:
        request.headers.append(("X-Own", "1"))
        return await self._inner.send(request)

    async def sleep_ms(self, ms: int, until: Abortable | None = None) -> None:
        await self._inner.sleep_ms(ms, until)

    def now_ms(self) -> int:
        return self._inner.now_ms()

    async def aclose(self) -> None:
        await self._inner.aclose()


def with_own_transport(client: AsyncClient) -> None:
    assert_type(client.transport, Transport)
    AsyncClient("fast", deployments, transport=OwnTransport(client.transport))


def misspelt() -> None:
    print(thinwire.Clint)  # type: ignore[attr-defined]
    print(thinwire.transport.HTTPTransport)  # type: ignore[attr-defined]
    Client("fast", deployments, verfy=False)  # type: ignore[call-arg]
    HTTPXTransport(verfy=False)  # type: ignore[call-arg]
    SyncConversation(Client("fast", deployments), sytem="Hi")  # type: ignore[call-arg]
    with Client("fast", deployments) as client:
        client.chat(messages, temprature=0.2)  # type: ignore[call-overload]
        client.stream(messages, timeouts="5 s")  # type: ignore[call-overload]
