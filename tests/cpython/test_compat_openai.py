"""thinwire.compat.openai: programs of the openai package, with the import changed."""

import asyncio
import gc
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from openai_tests.server import serve

from thinwire import Deployment, Timeouts
from thinwire.compat import openai
from thinwire.compat.openai import AsyncOpenAI, OpenAI
from thinwire.compat.openai.types.chat import ChatCompletion, ChatCompletionChunk
from thinwire.testing import (
    MockServer,
    cut_reply,
    json_reply,
    sse_event,
    sse_reply,
    stall_reply,
    status_reply,
    text_reply,
    tool_reply,
)

KEY = "sk-very-secret-key"
HI: list[Any] = [{"role": "user", "content": "hi"}]
TOOLS = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running


@pytest.fixture
def client(server: MockServer) -> Iterator[OpenAI]:
    with OpenAI(api_key=KEY, base_url=server.base_url, max_retries=0) as made:
        yield made


def test_a_whole_answer(client: OpenAI, server: MockServer) -> None:
    server.reply("m", text_reply("Hello there", cached_tokens=3))
    found = client.chat.completions.create(model="m", messages=HI, temperature=0.5)
    assert isinstance(found, ChatCompletion)
    assert found.choices[0].message.content == "Hello there"
    assert found.choices[0].finish_reason == "stop"
    assert found.object == "chat.completion"
    assert found.created == 1700000000
    assert found.usage is not None
    assert found.usage.prompt_tokens_details is not None
    assert found.usage.prompt_tokens_details.cached_tokens == 3
    assert found.choices[0].message.tool_calls is None
    assert found.thinwire.attempts[0].status == 200
    (request,) = server.requests
    assert request.json()["temperature"] == 0.5
    assert request.header("Authorization") == "Bearer " + KEY


def test_a_stream_hands_out_the_servers_own_chunks(client: OpenAI, server: MockServer) -> None:
    server.reply("m", text_reply(tokens=["Hel", "lo"], reasoning="hm"))
    stream = client.chat.completions.create(model="m", messages=HI, stream=True)
    assert stream.response.headers["content-type"].startswith("text/event-stream")
    chunks = list(stream)
    assert all(isinstance(one, ChatCompletionChunk) for one in chunks)
    assert "".join(one.choices[0].delta.content or "" for one in chunks) == "Hello"
    # Fields that openai does not know are there, as its own models have them.
    assert [one.choices[0].delta.reasoning_content for one in chunks[1:2]] == ["hm"]
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert stream.thinwire.usage["total_tokens"] > 0


def test_the_tokens_chunk_comes_to_who_has_asked(client: OpenAI) -> None:
    asked = {"include_usage": True}
    for options, last in (({}, False), ({"stream_options": asked}, True)):
        stream = client.chat.completions.create(model="m", messages=HI, stream=True, **options)
        chunks = list(stream)
        assert (chunks[-1].choices == []) is last
        assert (chunks[-1].usage is not None) is last


def test_a_stream_that_breaks_off_is_an_error(client: OpenAI, server: MockServer) -> None:
    server.reply("m", cut_reply(text="Hello there"))
    seen: list[str | None] = []
    stream = client.chat.completions.create(model="m", messages=HI, stream=True)
    with pytest.raises(openai.APIConnectionError) as caught:
        seen.extend(chunk.choices[0].delta.content for chunk in stream)
    assert "".join(one or "" for one in seen) == "Hello there"
    assert caught.value.partial.content == "Hello there"


def test_a_stream_that_does_not_begin_is_asked_for_again(server: MockServer) -> None:
    server.reply("m", cut_reply("after_head"), status_reply(503), text_reply("Hello"))
    with OpenAI(api_key=KEY, base_url=server.base_url) as client:
        stream = client.chat.completions.create(model="m", messages=HI, stream=True)
        chunks = list(stream)
    assert "".join(one.choices[0].delta.content or "" for one in chunks) == "Hello"
    assert len(stream.thinwire.attempts) == 3


def test_a_whole_answer_that_breaks_off_is_asked_for_again(server: MockServer) -> None:
    server.reply("m", cut_reply(text="Hello"), text_reply("Hello there"))
    with OpenAI(api_key=KEY, base_url=server.base_url) as client:
        found = client.chat.completions.create(model="m", messages=HI)
    assert found.choices[0].message.content == "Hello there"


def test_a_fallback_answers(server: MockServer) -> None:
    server.reply("m", status_reply(500))
    backup = Deployment(server.base_url, "other", "echo")
    options: Any = {"deployments": {"backup": backup}, "max_retries": 0}
    for fallbacks in (["backup"], {"m": ["backup"]}):
        with OpenAI(
            api_key=KEY, base_url=server.base_url, fallbacks=fallbacks, **options
        ) as client:
            found = client.chat.completions.create(model="m", messages=HI)
            assert found.thinwire.deployment == "backup"
            assert found.choices[0].message.content == "hi"
            server.reply("m", status_reply(500))
            stream = client.chat.completions.create(model="m", messages=HI, stream=True)
            assert "".join(one.choices[0].delta.content or "" for one in stream) == "hi"
    authorizations = {one.model: one.header("Authorization") for one in server.requests}
    assert authorizations == {"m": "Bearer " + KEY, "echo": "Bearer other"}


def test_a_stream_never_begins_anew_behind_its_chunks(server: MockServer) -> None:
    server.reply("m", cut_reply(text="Hello"))
    backup = Deployment(server.base_url, "k", "echo")
    with OpenAI(
        api_key=KEY,
        base_url=server.base_url,
        deployments={"b": backup},
        fallbacks=["b"],
        on_interrupt="restart",
    ) as client:
        stream = client.chat.completions.create(model="m", messages=HI, stream=True)
        with pytest.raises(openai.APIConnectionError):
            list(stream)


def test_a_fallback_of_another_wire_gives_chunks_all_the_same(server: MockServer) -> None:
    server.reply("m", status_reply(500), status_reply(500))
    server.reply("claude", tool_reply([("look", {"at": 1})], text="So"))
    server.reply("claude", tool_reply([("look", {"at": 1})], text="So"))
    other = Deployment(server.base_url, "k", "claude", dialect="anthropic")
    with OpenAI(
        api_key=KEY,
        base_url=server.base_url,
        max_retries=0,
        deployments={"other": other},
        fallbacks=["other"],
    ) as client:
        asked: Any = {"model": "m", "messages": HI, "tools": TOOLS, "max_tokens": 9}
        found = client.chat.completions.create(**asked)
        usage = {"include_usage": True}
        with client.chat.completions.stream(**asked, stream_options=usage) as stream:
            put_together = stream.get_final_completion()
    for one in (found, put_together):
        assert one.choices[0].message.content == "So"
        assert one.choices[0].finish_reason == "tool_calls"
        (call,) = one.choices[0].message.tool_calls or []
        assert (call.function.name, call.function.arguments) == ("look", '{"at":1}')
        assert one.usage is not None


def test_messages_may_be_made_on_the_way(client: OpenAI, server: MockServer) -> None:
    message = client.chat.completions.create(model="m", messages=HI).choices[0].message
    client.chat.completions.create(model="m", messages=(one for one in [message, *HI]))
    assert [one["role"] for one in server.requests[-1].json()["messages"]] == ["assistant", "user"]


def test_a_client_that_nobody_has_is_closed(server: MockServer) -> None:
    client = OpenAI(api_key=KEY, base_url=server.base_url)
    copied = client.with_options(timeout=5)
    client.chat.completions.create(model="m", messages=HI)
    del client
    copied.chat.completions.create(model="m", messages=HI)
    assert server.connections == 1
    del copied
    gc.collect()
    deadline = time.monotonic() + 5
    while server.open_connections and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.open_connections == 0


def test_threads_may_share_a_client(server: MockServer) -> None:
    def ask(number: int) -> bool:
        text = f"answer {number} " * 5
        message: Any = [{"role": "user", "content": text}]
        if number % 2:
            found = client.chat.completions.create(model="echo", messages=message)
            return found.choices[0].message.content == text
        stream = client.chat.completions.create(model="echo", messages=message, stream=True)
        return "".join(one.choices[0].delta.content or "" for one in stream) == text

    with (
        OpenAI(api_key=KEY, base_url=server.base_url) as client,
        ThreadPoolExecutor(8) as threads,
    ):
        assert all(threads.map(ask, range(40)))


def test_choices_that_come_mixed(client: OpenAI, server: MockServer) -> None:
    def chunk(index: int, text: str, reason: str | None = None) -> bytes:
        delta = {"content": text} if text else {}
        choice = {"index": index, "delta": delta, "finish_reason": reason}
        return sse_event({"id": "1", "object": "chat.completion.chunk", "choices": [choice]})

    ends = chunk(1, "", "stop"), chunk(0, "", "stop")
    server.reply("m", sse_reply(chunk(1, "b"), chunk(0, "a"), chunk(1, "c"), *ends))
    asked: Any = {"model": "m", "messages": HI, "n": 2}
    with client.chat.completions.stream(**asked) as stream:
        put_together = stream.get_final_completion()
    for found in (client.chat.completions.create(**asked), put_together):
        told = [(one.index, one.message.content, one.finish_reason) for one in found.choices]
        assert told == [(0, "a", "stop"), (1, "bc", "stop")]


def test_an_answer_goes_back_as_it_is(client: OpenAI, server: MockServer) -> None:
    server.reply("m", tool_reply([("look", {})]), text_reply("done"))
    first = client.chat.completions.create(model="m", messages=HI, tools=TOOLS)
    message = first.choices[0].message
    (call,) = message.tool_calls or []
    result = {"role": "tool", "tool_call_id": call.id, "content": "seen"}
    client.chat.completions.create(model="m", messages=[*HI, message, result], tools=TOOLS)
    sent = server.requests[-1].json()["messages"]
    assert sent[1]["tool_calls"][0]["function"] == {"name": "look", "arguments": "{}"}
    assert sent[1]["role"] == "assistant"
    assert not [name for name in sent[1] if name.startswith("_")]


def test_reasoning_goes_back_to_its_server_alone(server: MockServer) -> None:
    server.reply("m", text_reply("so", reasoning="hm"), text_reply("well"), status_reply(500))
    with MockServer() as other:
        elsewhere = Deployment(other.base_url, "k", "echo")
        with OpenAI(
            api_key=KEY,
            base_url=server.base_url,
            max_retries=0,
            deployments={"other": elsewhere},
            fallbacks=["other"],
        ) as client:
            message = client.chat.completions.create(model="m", messages=HI).choices[0].message
            for _ in range(2):
                client.chat.completions.create(model="m", messages=[*HI, message, *HI])
        assert server.requests[1].json()["messages"][1]["reasoning_content"] == "hm"
        assert "reasoning_content" not in other.requests[0].json()["messages"][1]


def test_a_server_that_does_not_stream_is_read_whole(client: OpenAI, server: MockServer) -> None:
    document = {
        "id": "1",
        "object": "chat.completion",
        "created": 5,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "finish_reason": "tool_calls",
                "message": {
                    "role": "assistant",
                    "content": None,
                    "mood": "good",
                    "tool_calls": [
                        {
                            "id": "c",
                            "type": "function",
                            "function": {"name": "look", "arguments": "{}"},
                        }
                    ],
                },
            }
        ],
        "timings": {"ms": 1},
    }
    server.reply("m", json_reply(document), json_reply(document))
    found = client.chat.completions.create(model="m", messages=HI, tools=TOOLS)
    assert found.to_dict() == document
    assert found.timings == {"ms": 1}
    assert found.choices[0].message.mood == "good"
    (chunk,) = client.chat.completions.create(model="m", messages=HI, tools=TOOLS, stream=True)
    assert chunk.choices[0].delta.tool_calls is not None
    assert chunk.choices[0].delta.tool_calls[0].index == 0
    assert chunk.choices[0].finish_reason == "tool_calls"


def test_leaving_a_stream_closes_its_connection(client: OpenAI, server: MockServer) -> None:
    server.reply("m", stall_reply("mid_stream", text="Hello there"))
    with client.chat.completions.create(model="m", messages=HI, stream=True) as stream:
        assert next(stream).choices
    assert server.requests[0].wait() == "client_gone"
    assert list(stream) == []


def test_an_option_that_is_none_is_none(client: OpenAI, server: MockServer) -> None:
    options: Any = {"extra_headers": {"X-A": None}, "extra_query": None, "extra_body": None}
    client.chat.completions.create(model="m", messages=HI, timeout=None, stop=None, **options)
    assert server.requests[0].header("X-A") is None
    assert "stop" not in server.requests[0].json()


def test_each_clock_is_a_wait(server: MockServer) -> None:
    server.reply("m", stall_reply("after_head"))
    with OpenAI(api_key=KEY, base_url=server.base_url, max_retries=0) as client:
        quick = client.with_options(timeout=0.1)
        with pytest.raises(openai.APITimeoutError) as caught:
            quick.chat.completions.create(model="m", messages=HI)
        assert isinstance(caught.value, openai.APIConnectionError)
        assert "first_token" in str(caught.value)
        server.reply("m", stall_reply("after_head"))
        limit = httpx.Timeout(5, read=0.1)
        with pytest.raises(openai.APITimeoutError):
            client.chat.completions.create(model="m", messages=HI, timeout=limit)
        server.reply("m", stall_reply("after_head"))
        ours = Timeouts(first_token=0.1)
        with pytest.raises(openai.APITimeoutError):
            client.chat.completions.create(model="m", messages=HI, timeouts=ours)


def test_headers_query_and_body_of_a_call(client: OpenAI, server: MockServer) -> None:
    made = client.copy(
        default_headers={"X-A": "1", "X-B": "1"}, default_query={"q": ["x", "y"], "v": True}
    )
    made.organization, made.project = "org", "proj"
    made.chat.completions.create(
        model="m",
        messages=HI,
        extra_headers={"x-b": "2"},
        extra_query={"z": {"k": 1}},
        extra_body={"mine": [1]},
        stop=openai.NOT_GIVEN,
        seed=openai.omit,
    )
    (request,) = server.requests
    assert (request.header("X-A"), request.header("X-B")) == ("1", "2")
    assert request.header("OpenAI-Organization") == "org"
    assert request.header("OpenAI-Project") == "proj"
    assert request.path.endswith("/chat/completions?q%5B%5D=x&q%5B%5D=y&v=true&z%5Bk%5D=1")
    body = request.json()
    assert body["mine"] == [1]
    assert "stop" not in body
    assert "seed" not in body


def test_the_key_may_be_left_out_or_given_by_a_function(
    client: OpenAI, server: MockServer
) -> None:
    nobody = {"Authorization": openai.Omit()}
    client.chat.completions.create(model="m", messages=HI, extra_headers=nobody)
    assert server.requests[-1].header("Authorization") is None
    given = iter(["one", "two"])
    made = client.copy(api_key=lambda: next(given))
    for expected in ("one", "two"):
        made.chat.completions.create(model="m", messages=HI)
        assert server.requests[-1].header("Authorization") == "Bearer " + expected


def test_the_environment_says_who_is_asked(
    server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(openai.OpenAIError, match="OPENAI_API_KEY"):
        OpenAI()
    with pytest.raises(ValueError, match="allow_insecure_http"):
        OpenAI(api_key=KEY, base_url="http://192.168.0.9/v1")
    OpenAI(api_key=KEY, base_url="http://192.168.0.9/v1", allow_insecure_http=True).close()
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    monkeypatch.setenv("OPENAI_ORG_ID", "o")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "p")
    with OpenAI() as client:
        assert str(client.base_url) == server.base_url + "/"
        client.chat.completions.create(model="m", messages=HI)
    assert server.requests[0].header("OpenAI-Organization") == "o"


def test_a_raw_response_has_its_headers(client: OpenAI, server: MockServer) -> None:
    headers = [("x-request-id", "req-1"), ("x-ratelimit-remaining-requests", "7")]
    server.reply("m", text_reply("one", headers=headers), text_reply("two", headers=headers))
    raw = client.chat.completions.with_raw_response.create(model="m", messages=HI)
    assert raw.headers["x-ratelimit-remaining-requests"] == "7"
    assert (raw.status_code, raw.request_id, raw.retries_taken) == (200, "req-1", 0)
    assert raw.parse().choices[0].message.content == "one"
    assert raw.parse()._request_id == "req-1"  # noqa: SLF001 - a name of openai's
    assert raw.json()["choices"][0]["message"]["content"] == "one"
    raw = client.chat.completions.with_raw_response.create(model="m", messages=HI, stream=True)
    assert raw.headers["x-request-id"] == "req-1"
    assert "".join(one.choices[0].delta.content or "" for one in raw.parse()) == "two"


def test_a_streaming_response_is_read_line_by_line(client: OpenAI) -> None:
    chats = client.chat.completions.with_streaming_response
    with chats.create(model="m", messages=HI) as response:
        assert response.headers["content-type"]
        assert '"hi"' in "".join(response.iter_lines())
        assert response.parse().choices[0].message.content == "hi"
    assert response.is_closed
    with chats.create(model="m", messages=HI, stream=True) as response:
        lines = list(response.iter_lines())
    assert lines[-1] == "data: [DONE]"
    assert lines[0].startswith('data: {"id":')


def test_a_client_of_httpx_carries_the_requests(server: MockServer) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer " + KEY
        return httpx.Response(200, json={"object": "list", "data": [{"id": "m"}]})

    http_client = httpx.Client(transport=httpx.MockTransport(answer))
    with OpenAI(api_key=KEY, base_url="https://there.test/v1", http_client=http_client) as client:
        assert [one.id for one in client.models.list()] == ["m"]
    assert http_client.is_closed  # as the package does


def test_models_and_embeddings_and_any_path() -> None:
    with OpenAI(api_key=KEY, base_url=serve(), max_retries=0) as client:
        page = client.models.list()
        assert [one.id for one in page] == [one.id for one in page.data] == ["m"]
        assert page.has_next_page() is False
        assert client.models.retrieve("m").owned_by == "o"
        assert client.models.delete("m").deleted is True
        found = client.embeddings.create(model="m", input=["a"])
        assert found.data[0].embedding == [0.5, 1.5]
        raw = client.embeddings.with_raw_response.create(model="m", input="a")
        assert raw.parse().model == "m"
        assert client.get("/models/m", cast_to=object)["id"] == "m"
        assert client.get("models/m", cast_to=openai.types.Model).id == "m"
        assert client.post("/embeddings", cast_to=httpx.Response, body={}).status_code == 200
        assert client.get("/models/m", cast_to=bytes).startswith(b"{")
        with pytest.raises(openai.NotFoundError):
            client.post("/nowhere", cast_to=str, body={})
        with pytest.raises(ValueError, match="non-empty"):
            client.models.retrieve("")


def test_chats_that_a_server_keeps() -> None:
    address = serve()

    async def program() -> None:
        async with AsyncOpenAI(
            api_key=KEY, base_url=address, http_client=openai.DefaultAioHttpClient()
        ) as client:
            chats = client.chat.completions
            assert (await chats.retrieve("a")).id == "chatcmpl-1"
            assert [one.id async for one in chats.list(limit=1)] == ["chatcmpl-1"]
            assert (await chats.list()).has_next_page() is False
            assert (await chats.delete("a")).deleted

    asyncio.run(program())
    with OpenAI(api_key=KEY, base_url=address) as client:
        chats = client.chat.completions
        assert chats.update("a", metadata={"k": "v"}).choices[0].message.content == "hello"
        page = chats.list(metadata={"k": "v"})
        assert [one.id for one in page] == ["chatcmpl-1"]
        with pytest.raises(RuntimeError, match="next page"):
            page.get_next_page()
        assert chats.with_raw_response.retrieve("a").parse().id == "chatcmpl-1"
        with pytest.raises(ValueError, match="completion_id"):
            chats.retrieve("")


def test_a_list_of_models_is_the_servers_own(server: MockServer) -> None:
    with MockServer() as other:
        options: Any = {"deployments": {"a": Deployment(other.base_url, "k")}}
        with OpenAI(api_key=KEY, base_url=server.base_url, fallbacks=["a"], **options) as client:
            assert client.models.list().data
        assert (len(server.requests), len(other.requests)) == (1, 0)
        with OpenAI(**options) as client:  # which needs no key of its own
            assert client.models.list().data
            assert client.chat.completions.create(model="a", messages=HI).choices
        assert len(other.requests) == 2


def test_a_list_goes_on_until_its_end() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        after = request.url.params.get("after", "0")
        more = int(after) < 2
        entry = {"id": str(int(after) + 1)}
        return httpx.Response(200, json={"data": [entry], "has_more": more})

    http_client = httpx.Client(transport=httpx.MockTransport(answer))
    with OpenAI(api_key=KEY, base_url="https://there.test/v1", http_client=http_client) as client:
        found = [one.id for one in client.chat.completions.list()]
    assert found == ["1", "2", "3"]


def test_embeddings_are_decoded_unless_the_program_chose(server: MockServer) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.read())
        entry = {"object": "embedding", "index": 0, "embedding": "AAAAPwAAwD8="}
        return httpx.Response(200, json={"object": "list", "model": "m", "data": [entry]})

    asked: list[bytes] = []
    http_client = httpx.Client(transport=httpx.MockTransport(answer))
    with OpenAI(api_key=KEY, base_url="https://there.test/v1", http_client=http_client) as client:
        found = client.embeddings.create(model="m", input="a")
        assert found.data[0].embedding == [0.5, 1.5]
        found = client.embeddings.create(model="m", input="a", encoding_format="base64")
        assert found.data[0].embedding == "AAAAPwAAwD8="
    assert b'"encoding_format":"base64"' in asked[0]


def test_responses_are_asked_as_they_are(client: OpenAI, server: MockServer) -> None:
    server.reply("m", text_reply("Hello"), text_reply("Hello"), text_reply("Hello", done=False))
    events = list(client.responses.create(model="m", input="hi", stream=True))
    assert events[-1].type == "response.completed"
    assert events[-1].response.output_text == "Hello"
    deltas = [one.delta for one in events if one.type == "response.output_text.delta"]
    assert "".join(deltas) == "Hello"


def test_a_whole_response() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        part = {"type": "output_text", "text": "Hello"}
        item = {"type": "message", "role": "assistant", "content": [part]}
        return httpx.Response(200, json={"id": "r", "object": "response", "output": [item]})

    http_client = httpx.Client(transport=httpx.MockTransport(answer))
    with OpenAI(api_key=KEY, base_url="https://there.test/v1", http_client=http_client) as client:
        found = client.responses.create(model="m", input="hi")
    assert (found.output_text, found.id, found.error) == ("Hello", "r", None)


def test_events_of_a_response_that_does_not_end_are_an_error() -> None:
    events = b'data: {"type":"response.output_text.delta","delta":"Hel"}\n\n'
    error = b'data: {"type":"error","message":"no","code":"x"}\n\n'

    def answer(request: httpx.Request) -> httpx.Response:
        kind = {"content-type": "text/event-stream"}
        return httpx.Response(200, headers=kind, content=contents.pop(0))

    contents = [events, events + error]
    http_client = httpx.Client(transport=httpx.MockTransport(answer))
    with OpenAI(api_key=KEY, base_url="https://there.test/v1", http_client=http_client) as client:
        for kind in (openai.APIConnectionError, openai.APIError):
            seen: list[str] = []
            stream = client.responses.create(model="m", input="hi", stream=True)
            with pytest.raises(kind):
                seen.extend(one.delta for one in stream)
            assert seen == ["Hel"]


def test_what_is_not_here_says_what_to_do(client: OpenAI) -> None:
    with pytest.raises(AttributeError, match=r"client\.post"):
        client.images  # noqa: B018
    with pytest.raises(AttributeError, match="nothing"):
        client.nothing  # noqa: B018
    with pytest.raises(TypeError, match="parse"):
        client.chat.completions.create(model="m", messages=HI, response_format=ChatCompletion)
    with pytest.raises(TypeError, match="max_retries"):
        OpenAI(api_key=KEY, max_retries=None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="no option"):
        OpenAI(api_key=KEY, max_retrys=3)


def test_no_key_is_told(client: OpenAI, server: MockServer) -> None:
    server.reply("m", status_reply(401, f"Incorrect API key provided: {KEY}"))
    with pytest.raises(openai.AuthenticationError) as caught:
        client.chat.completions.create(model="m", messages=HI)
    error = caught.value
    told = [
        repr(client),
        repr(error),
        str(error.body),
        error.response.text,
        repr(error.request.headers),
        repr(error.thinwire),
        repr(client.chat.completions),
    ]
    assert KEY not in "".join(told)
    raw = client.chat.completions.with_raw_response.create(model="echo", messages=HI)
    assert KEY not in repr(raw.http_request.headers)


def test_azure_asks_deployments_by_date(server: MockServer) -> None:
    resource = server.base_url.removesuffix("/v1")
    options: Any = {"azure_endpoint": resource, "api_version": "2024-10-21", "max_retries": 0}
    with openai.AzureOpenAI(api_key=KEY, **options) as client:
        assert str(client.base_url) == resource + "/openai/"
        client.chat.completions.create(model="gpt", messages=HI)
    expected = "/openai/deployments/gpt/chat/completions?api-version=2024-10-21"
    assert server.requests[-1].path == expected
    assert server.requests[-1].header("api-key") == KEY
    assert server.requests[-1].header("Authorization") is None
    with openai.AzureOpenAI(
        azure_ad_token_provider=lambda: "token", azure_deployment="mine", **options
    ) as client:
        client.chat.completions.create(model="gpt", messages=HI)
    assert "/deployments/mine/" in server.requests[-1].path
    assert server.requests[-1].header("Authorization") == "Bearer token"


def test_azure_with_asyncio(server: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_VERSION", "v")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", server.base_url.removesuffix("/v1"))

    async def program() -> None:
        async with openai.AsyncAzureOpenAI() as client:
            found = await client.chat.completions.create(model="gpt", messages=HI)
            assert found.choices[0].message.content == "hi"

    asyncio.run(program())
    assert server.requests[0].path == "/openai/deployments/gpt/chat/completions?api-version=v"


def test_azure_needs_an_address_a_date_and_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_OPENAI_API_KEY", "OPENAI_API_VERSION", "AZURE_OPENAI_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(openai.OpenAIError, match="Missing credentials"):
        openai.AzureOpenAI(azure_endpoint="https://me.example", api_version="v")
    with pytest.raises(ValueError, match="api_version"):
        openai.AzureOpenAI(azure_endpoint="https://me.example", api_key="k")
    with pytest.raises(ValueError, match="azure_endpoint"):
        openai.AzureOpenAI(api_version="v", api_key="k")


async def _async_program(server: MockServer) -> None:
    async with AsyncOpenAI(api_key=KEY, base_url=server.base_url, max_retries=0) as client:
        whole, streamed = await asyncio.gather(
            client.chat.completions.create(model="m", messages=HI),
            client.chat.completions.create(model="m", messages=HI, stream=True),
        )
        assert whole.choices[0].message.content == "hi"
        assert "".join([one.choices[0].delta.content or "" async for one in streamed]) == "hi"
        assert "echo" in [one.id async for one in client.models.list()]
        assert (await client.models.list()).data[0].id == "echo"
        raw = await client.chat.completions.with_raw_response.create(model="m", messages=HI)
        assert raw.parse().choices[0].message.content == "hi"
        lines = []
        chats = client.chat.completions.with_streaming_response
        async with chats.create(model="m", messages=HI, stream=True) as response:
            lines = [line async for line in response.iter_lines()]
        assert lines[-1] == "data: [DONE]"
        async with client.chat.completions.stream(model="m", messages=HI) as events:
            kinds = [one.type async for one in events]
            final = await events.get_final_completion()
        assert kinds[-2:] == ["content.done", "chunk"]
        assert final.choices[0].message.content == "hi"
        found = [
            one.type
            async for one in await client.responses.create(model="m", input="hi", stream=True)
        ]
        assert found[-1] == "response.completed"
        with pytest.raises(openai.NotFoundError):
            await client.embeddings.create(model="m", input="a")
        assert (await client.get("/models", cast_to=object))["object"] == "list"
        server.reply("cut", cut_reply(text="Hello"))
        with pytest.raises(openai.APIConnectionError):
            async for _ in await client.chat.completions.create(
                model="cut", messages=HI, stream=True
            ):
                pass
        server.reply("bad", status_reply(404))
        with pytest.raises(openai.NotFoundError):
            await client.chat.completions.create(model="bad", messages=HI, stream=True)
        parsed = await client.chat.completions.parse(model="m", messages=HI)
        assert parsed.choices[0].message.parsed is None


def test_the_same_with_asyncio(server: MockServer) -> None:
    asyncio.run(_async_program(server))


def test_calls_at_once_do_not_mix(server: MockServer) -> None:
    async def one(client: AsyncOpenAI, number: int) -> None:
        text = f"answer {number} " * 5
        message: Any = [{"role": "user", "content": text}]
        if number % 2:
            found = await client.chat.completions.create(model="echo", messages=message)
            assert found.choices[0].message.content == text
            return
        stream = await client.chat.completions.create(model="echo", messages=message, stream=True)
        pieces = [one.choices[0].delta.content or "" async for one in stream]
        assert "".join(pieces) == text

    async def all_of_them() -> None:
        async with AsyncOpenAI(api_key=KEY, base_url=server.base_url) as client:
            await asyncio.gather(*(one(client, number) for number in range(40)))

    asyncio.run(all_of_them())


def test_a_race_hands_out_the_chunks_of_its_winner(server: MockServer) -> None:
    async def program() -> None:
        server.reply("slow", text_reply("slow", delay_ms=2000))
        server.reply("quick", text_reply("quick one"))
        other = Deployment(server.base_url, "k", "quick")
        async with AsyncOpenAI(
            api_key=KEY,
            base_url=server.base_url,
            deployments={"other": other},
            fallbacks=["other"],
            hedge_after=0.05,
        ) as client:
            stream = await client.chat.completions.create(model="slow", messages=HI, stream=True)
            chunks = [one async for one in stream]
        assert "".join(one.choices[0].delta.content or "" for one in chunks) == "quick one"
        assert len({one.id for one in chunks}) == 1

    asyncio.run(program())


def test_a_cancelled_stream_closes_its_connection(server: MockServer) -> None:
    server.reply("m", stall_reply("mid_stream", text="Hello"))

    async def program() -> None:
        async with AsyncOpenAI(api_key=KEY, base_url=server.base_url) as client:

            async def read() -> None:
                async for _ in await client.chat.completions.create(
                    model="m", messages=HI, stream=True
                ):
                    begun.set()

            begun = asyncio.Event()
            task = asyncio.create_task(read())
            await asyncio.wait_for(begun.wait(), 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(program())
    assert server.requests[0].wait() == "client_gone"


def test_a_stream_may_be_closed_from_another_task(server: MockServer) -> None:
    server.reply("m", stall_reply("mid_stream", text="Hello"))

    async def program() -> None:
        async with AsyncOpenAI(api_key=KEY, base_url=server.base_url) as client:
            stream = await client.chat.completions.create(model="m", messages=HI, stream=True)

            async def read() -> int:
                return len([one async for one in stream])

            task = asyncio.create_task(read())
            await asyncio.sleep(0.05)
            await stream.close()
            assert await asyncio.wait_for(task, 10) >= 1

    asyncio.run(program())


def test_odd_chunks_do_no_harm(client: OpenAI, server: MockServer) -> None:
    server.reply(
        "m",
        sse_reply(
            b'data: {"choices":null}\n\n',
            b'data: {"id":"1","choices":[{"index":0,"delta":null}]}\n\n',
            b'data: {"id":"1","choices":[{"index":0,"delta":{"content":"a"}}],"x":{"y":1}}\n\n',
            b'data: {"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n',
            b"data: [DONE]\n\n",
        ),
    )
    chunks = list(client.chat.completions.create(model="m", messages=HI, stream=True))
    assert [one.choices[0].delta.content for one in chunks] == [None, "a", None]
    assert chunks[1].x == {"y": 1}
    assert chunks[1].object == "chat.completion.chunk"
