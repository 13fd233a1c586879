"""Requests of the exoclaw provider by a client that is no httpx one: any exoclaw ClientProto."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import httpx
import pytest
import structlog
from exoclaw.http import HTTPClient, HTTPConnectError, HTTPReadTimeout, HTTPWriteTimeout
from exoclaw.providers.types import LLMResponse
from support.exoclaw_face import HELLO, KEY, ask, provider_for, with_fallback
from support.order import given_time, soon

from thinwire import (
    AllAttemptsFailed,
    ConnectError,
    Deployment,
    EncodeError,
    OpenAIStreamingProvider,
    ReadError,
    StatusError,
    StreamInterrupted,
    TransportTimeout,
    WriteError,
)
from thinwire.compat.exoclaw.client_transport import ClientTransport
from thinwire.testing import (
    MockServer,
    cut_reply,
    json_reply,
    raw_reply,
    stall_reply,
    status_reply,
    text_reply,
    tool_reply,
)

T = TypeVar("T")


class Traced:
    """A client that adds a header of its own to what exoclaw's client sends.

    Attributes:
        open: exchanges that are under way.
        timeouts: what each was given, in seconds.
    """

    def __init__(self) -> None:
        self._client = HTTPClient(timeout=20.0)
        self.open = 0
        self.timeouts: list[object] = []
        self.closed = False

    async def aclose(self) -> None:
        self.closed = True
        await self._client.aclose()

    @contextlib.asynccontextmanager
    async def stream_post(
        self, url: str, *, headers: dict[str, str], content: Any, **more: Any
    ) -> AsyncIterator[Any]:
        self.timeouts.append(more["timeout"])
        self.open += 1
        try:
            async with self._client.stream_post(
                url, headers={**headers, "X-Trace": "1"}, content=content, **more
            ) as response:
                yield response
        finally:
            self.open -= 1


def used(use: Callable[[Traced], Awaitable[T]]) -> T:
    """The result of `use`, with a client that has to be left as it was."""

    async def main() -> T:
        client = Traced()
        try:
            return await use(client)
        finally:
            assert client.open == 0
            assert not client.closed
            await client.aclose()

    return asyncio.run(main())


def asked(server: MockServer, *args: Any, make: Any = provider_for, **options: Any) -> Any:
    """What the provider answers over a client of its own."""
    chat = {name: options.pop(name) for name in ("on_delta", "model") if name in options}

    async def use(client: Traced) -> LLMResponse:
        provider = make(server, client=client, **options)
        try:
            return await provider.chat(*(args or (HELLO,)), **chat)  # type: ignore[no-any-return]
        finally:
            await provider.close()
            assert set(client.timeouts) <= {options.get("request_timeout", 120.0)}

    return used(use)


def test_an_answer_by_a_client_of_ones_own(mock_llm: MockServer) -> None:
    mock_llm.reply("m", tool_reply([("look", {"a": 1})], text="Grüße 🚀"))
    heard: list[str] = []
    response = asked(mock_llm, on_delta=heard.append)
    assert (response.content, "".join(heard)) == ("Grüße 🚀", "Grüße 🚀")
    assert response.tool_calls[0].arguments == {"a": 1}
    (request,) = mock_llm.requests
    assert request.header("x-trace") == "1"
    assert request.header("authorization") == "Bearer " + KEY
    assert request.json()["messages"] == HELLO


def test_a_body_and_an_answer_of_many_blocks(mock_llm: MockServer) -> None:
    text = 'Grüße, 世界 "🚀"!\n' * 3_000
    mock_llm.reply("m", text_reply(text))
    messages: list[dict[str, object]] = [{"role": "user", "content": text}]
    assert asked(mock_llm, messages).content == text
    assert mock_llm.requests[0].json()["messages"] == messages


def test_an_answer_of_one_document(mock_llm: MockServer) -> None:
    message = {"role": "assistant", "content": "whole"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    mock_llm.reply("m", json_reply({"choices": [choice]}))
    assert asked(mock_llm).content == "whole"


def test_a_refusal_is_told_with_its_words_and_its_headers(mock_llm: MockServer) -> None:
    mock_llm.reply("m", status_reply(429, "slow down", headers=[("Retry-After", "7")]))
    with pytest.raises(StatusError, match="429: slow down") as caught:
        asked(mock_llm)
    assert caught.value.retry_after_ms == 7000


def test_a_fallback_is_tried(mock_llm: MockServer) -> None:
    mock_llm.reply("m", status_reply(503))
    mock_llm.reply("other", text_reply("here"))
    with structlog.testing.capture_logs():
        assert asked(mock_llm, make=with_fallback).content == "here"


def test_a_cut_answer_is_never_a_response(mock_llm: MockServer) -> None:
    mock_llm.reply("m", cut_reply("mid_stream", text="half an"))
    with pytest.raises(StreamInterrupted) as caught:
        asked(mock_llm)
    assert caught.value.partial.content == "half an"


def test_no_answer_at_all(mock_llm: MockServer) -> None:
    mock_llm.reply("m", raw_reply(b""))
    with pytest.raises(ReadError):
        asked(mock_llm)


def test_a_server_that_is_not_there() -> None:
    def make(server: None, **options: Any) -> OpenAIStreamingProvider:
        place = {"m": Deployment("http://127.0.0.1:1/v1")}
        return OpenAIStreamingProvider("m", place, **options)

    with pytest.raises(ConnectError):
        asked(None, make=make)  # type: ignore[arg-type]


@pytest.mark.parametrize("where", ["before_head", "after_head"])
def test_a_first_token_that_does_not_come(mock_llm: MockServer, where: Any) -> None:
    mock_llm.reply("m", stall_reply(where))

    def attempt(scale: int) -> None:
        with pytest.raises(TransportTimeout, match="no first token within"):
            asked(mock_llm, stream_ttft_timeout=0.2 * scale)

    given_time(attempt)


def test_silence_in_an_answer_ends_it(mock_llm: MockServer) -> None:
    mock_llm.reply("m", stall_reply("mid_stream"))

    def attempt(scale: int) -> None:
        with pytest.raises(StreamInterrupted, match="within"):
            asked(mock_llm, request_timeout=0.25 * scale)

    given_time(attempt)


def test_what_json_cannot_carry(mock_llm: MockServer) -> None:
    messages: list[dict[str, object]] = [{"role": "user", "content": "x" * 100_000, "b": {1, 2}}]
    with pytest.raises(EncodeError, match=r"messages\[0\]\.b"):
        asked(mock_llm, messages)


def test_a_body_that_the_caller_builds(mock_llm: MockServer) -> None:
    mock_llm.reply("m", text_reply("heard you"))

    async def blocks() -> AsyncIterator[bytes]:
        for piece in (b'{"model":"m",', b'"stream":true,"audio":"', b"A" * 200_000, b'"}'):
            await asyncio.sleep(0)
            yield piece

    def send(client: Traced) -> Awaitable[str]:
        return provider_for(mock_llm, client=client).send_streaming_body("m", blocks())

    assert used(send) == "heard you"
    assert mock_llm.requests[0].body_size > 200_000


def test_a_call_that_is_cancelled_leaves_nothing_behind(mock_llm: MockServer) -> None:
    mock_llm.reply("m", stall_reply("mid_stream"))

    async def use(client: Traced) -> None:
        heard = asyncio.Event()

        async def on_delta(text: str) -> None:
            heard.set()

        provider = provider_for(mock_llm, client=client)
        call = asyncio.create_task(provider.chat(HELLO, on_delta=on_delta))
        await asyncio.wait_for(heard.wait(), 10)
        assert client.open == 1
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    used(use)
    assert soon(lambda: mock_llm.open_connections == 0)


def test_many_calls_at_once(mock_llm: MockServer) -> None:
    async def use(client: Traced) -> list[str | None]:
        provider = provider_for(mock_llm, "echo", client=client)
        said = [[{"role": "user", "content": f"number {number}"}] for number in range(30)]
        answers = await asyncio.gather(*[provider.chat(one) for one in said])
        return [one.content for one in answers]

    assert used(use) == [f"number {number}" for number in range(30)]


class Failing:
    """A client that fails in the way that it is told to.

    Args:
        error: raised.
        pulled: whether it takes the body before.
        answered: whether an answer has begun before.
    """

    def __init__(self, error: Exception, pulled: bool, answered: bool = False) -> None:
        self._error = error
        self._pulled = pulled
        self._answered = answered
        self.status_code = 200
        self.headers = {"Content-Type": "text/event-stream"}

    async def aclose(self) -> None: ...

    @contextlib.asynccontextmanager
    async def stream_post(self, url: str, *, content: Any, **more: Any) -> AsyncIterator[Any]:
        if self._pulled:
            await content.__anext__()
        if not self._answered:
            raise self._error
        yield self

    async def aiter_lines(self) -> AsyncIterator[str]:
        yield 'data: {"choices": [{"delta": {"content": "half"}}]}'
        yield ""
        raise self._error


FAILURES: list[tuple[Exception, bool, type[Exception]]] = [
    (HTTPConnectError("refused"), False, ConnectError),
    (OSError("no route"), False, ConnectError),
    (HTTPReadTimeout("late"), True, TransportTimeout),
    (TimeoutError("late"), True, TransportTimeout),
    (HTTPWriteTimeout("late"), True, TransportTimeout),
    (OSError("reset"), True, WriteError),
    (RuntimeError("a mistake"), True, WriteError),
]


@pytest.mark.parametrize(("error", "pulled", "kind"), FAILURES)
def test_what_a_client_raises_is_told_as_one_of_ours(
    error: Exception, pulled: bool, kind: type[Exception]
) -> None:
    place = Deployment("http://127.0.0.1:1/v1", KEY)
    client = Failing(error, pulled)
    with pytest.raises(kind, match=f"{error}") as caught:
        ask(OpenAIStreamingProvider("m", {"m": place}, client=client))
    assert caught.value.cause is error  # type: ignore[attr-defined]


def test_what_a_client_raises_in_an_answer() -> None:
    place = {"m": Deployment("http://127.0.0.1:1/v1")}
    client = Failing(OSError("reset"), True, True)
    with pytest.raises(StreamInterrupted, match="reset") as caught:
        ask(OpenAIStreamingProvider("m", place, client=client))
    assert caught.value.partial.content == "half"


def test_failures_of_a_chain(mock_llm: MockServer) -> None:
    client = Failing(OSError("no route"), False)
    with structlog.testing.capture_logs(), pytest.raises(AllAttemptsFailed) as caught:
        ask(with_fallback(mock_llm, client=client))
    assert [one.deployment for one in caught.value.attempts] == ["m", "other"]


def test_a_subclass_of_exoclaws_own_client_is_asked_itself(mock_llm: MockServer) -> None:
    kind = type(HTTPClient())

    class Counting(kind):  # type: ignore[misc, valid-type]
        count = 0

        def stream_post(self, *args: Any, **options: Any) -> Any:
            self.count += 1
            return super().stream_post(*args, **options)

    async def main() -> int:
        client = Counting()
        assert (await provider_for(mock_llm, client=client).chat(HELLO)).content == "hello"
        await client.aclose()
        return client.count

    assert asyncio.run(main()) == 1


def test_private_addresses_cannot_be_ruled_out_with_it() -> None:
    place = {"m": Deployment("https://a.example/v1", "k", allow_private=False)}
    with pytest.raises(ValueError, match="looks names up itself"):
        OpenAIStreamingProvider("m", place, client=Traced())


def test_an_own_httpx_client_takes_the_shorter_way(mock_llm: MockServer) -> None:
    async def main() -> None:
        async with httpx.AsyncClient() as client:
            provider = provider_for(mock_llm, client=client)
            assert not isinstance(provider._client.transport, ClientTransport)  # noqa: SLF001

    asyncio.run(main())
