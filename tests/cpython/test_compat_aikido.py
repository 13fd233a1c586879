"""The face for aikido against real servers. Its published transcripts are retold here in other
words: a text, a call, two calls whose pieces alternate, thinking, images in three shapes, a retry,
an error in the middle, a content filter in two shapes.
"""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import pytest
from support.order import held, soon
from support.page_examples import run

import thinwire
from thinwire.compat.aikido import (
    AikidoError,
    Client,
    Collect,
    Complete,
    CompleteWithRetry,
    DefaultStreamingRetryPolicy,
    ErrAuth,
    ErrCanceled,
    ErrContentFiltered,
    ErrInvalidRequest,
    ErrRateLimited,
    ErrServerError,
    Event,
    EventEnd,
    EventKind,
    ImagePart,
    IsContentFilter,
    IsTransientServerError,
    Message,
    NewClient,
    Options,
    Request,
    ThinkingByBudget,
    ThinkingByEffort,
    ToolCall,
    ToolDef,
    Usage,
    collect,
    collect_with_retry,
)
from thinwire.testing import (
    DONE,
    MockReply,
    MockServer,
    Send,
    cut_reply,
    error_chunk_reply,
    json_reply,
    sse_event,
    sse_reply,
    stall_reply,
    status_reply,
    text_reply,
    tool_reply,
)

KEY = "sk-aikido-secret"
PIXEL = base64.b64encode(b"\x89PNG" + bytes(range(60))).decode()
T = TypeVar("T")


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running


def using(server: MockServer, use: Callable[[Client], Awaitable[T]], **options: Any) -> T:
    async def main() -> T:
        async with Client(api_key=KEY, base_url=server.base_url, **options) as client:
            return await use(client)

    return asyncio.run(main())


def hello(**fields: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": "Hello"}], **fields}


def events_of(
    server: MockServer, request: Any = None, reply: Any = None, **options: Any
) -> list[Event]:
    """The events of one answer; END is last, and there is one."""
    if reply is not None:
        server.reply("m", reply)

    async def use(client: Client) -> list[Event]:
        return [event async for event in client.stream(request or hello())]

    events = using(server, use, **options)
    kinds = [event.kind for event in events]
    assert kinds[-1] == "end"
    assert kinds.count(EventEnd) == 1
    assert kinds.count(EventKind.ERROR) <= 1
    return events


def text_of(events: list[Event], kind: EventKind = EventKind.TEXT_DELTA) -> str:
    return "".join(event.text for event in events if event.kind == kind)


def kinds_of(events: list[Event]) -> list[str]:
    return [event.kind.value for event in events if event.kind != EventKind.TEXT_DELTA]


def chunks(*deltas: dict[str, Any], end: str | None = "stop", **last: Any) -> MockReply:
    """A stream of these deltas; `last` are further fields of the last chunk."""
    sent = [sse_event({"choices": [{"index": 0, "delta": delta}]}) for delta in deltas]
    if end is not None:
        choice = {"index": 0, "delta": {}, "finish_reason": end}
        sent.append(sse_event({"choices": [choice], **last}))
    return sse_reply(*sent, DONE)


def piece(index: int, arguments: str, id: str = "", name: str = "") -> dict[str, Any]:
    function = {"arguments": arguments, **({"name": name} if name else {})}
    return {"tool_calls": [{"index": index, "function": function, **({"id": id} if id else {})}]}


# The page's programs.


def run_example(number: int, server: MockServer) -> None:
    run("migrating/aikido", number, {"https://openrouter.ai/api/v1": server.base_url})


def test_the_program_of_the_page(server: MockServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.reply("anthropic/claude-sonnet-4.5", text_reply("Hello there"), status_reply(401))
    run_example(1, server)
    request = server.requests[0]
    assert request.header("http-referer") == "https://example.com"
    assert request.header("x-title") == "Demo"
    assert request.json()["provider"] == {"order": ["anthropic"], "allow_fallbacks": False}
    run_example(1, server)
    out = capsys.readouterr().out
    assert out.startswith("Hello there [stop]\nfailed: status 401")
    assert out.endswith(" [error]\n")


def test_the_tool_loop_of_the_page(server: MockServer, capsys: pytest.CaptureFixture[str]) -> None:
    call = tool_reply([("read_file", {"path": "a.md"})])
    server.reply("anthropic/claude-sonnet-4.5", call, text_reply("It is empty."))
    run_example(2, server)
    assert capsys.readouterr().out == "It is empty.\n"
    sent = server.requests[1].json()["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "tool"]
    assert sent[1]["content"] == ""
    assert sent[1]["tool_calls"][0]["id"] == sent[2]["tool_call_id"] == "call_1"


def test_the_image_of_the_page(
    server: MockServer, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + PIXEL}}
    server.reply("google/gemini-2.5-flash-image", chunks({"images": [image]}))
    run_example(3, server)
    assert (tmp_path / "cat_0.png").read_bytes() == base64.b64decode(PIXEL)
    sent = server.requests[0].json()
    assert sent["image_config"] == {"aspect_ratio": "16:9"}
    assert sent["modalities"] == ["image", "text"]


# Answers.


def test_a_text_then_its_usage_then_the_end(server: MockServer) -> None:
    usage = {
        "prompt_tokens": 18,
        "completion_tokens": 4,
        "prompt_tokens_details": {"cached_tokens": 7, "cache_write_tokens": 5},
        "cost": 0.00012,
    }
    events = events_of(server, reply=chunks({"content": "Hi, "}, {"content": "you."}, usage=usage))
    assert text_of(events) == "Hi, you."
    assert kinds_of(events) == ["usage", "end"]
    assert events[-2].usage == Usage(18, 4, 7, 5, 0.00012)
    assert events[-1].finish_reason == "stop"
    assert events[-1].message == Message("assistant", "Hi, you.", tool_calls=[])


def test_usage_under_its_older_names_and_none_at_all(server: MockServer) -> None:
    old = {
        "prompt_tokens": 3,
        "completion_tokens": 2,
        "cache_read_input_tokens": 1,
        "cache_creation_input_tokens": 2,
    }
    server.reply("m", chunks({"content": "Hi"}, usage=old), text_reply("Hi", usage=False))
    assert events_of(server)[-2].usage == Usage(3, 2, 1, 2, 0.0)
    assert kinds_of(events_of(server)) == ["end"]


def test_comments_are_no_events(server: MockServer) -> None:
    hi = sse_event({"choices": [{"delta": {"content": "Hi"}}]})
    end = sse_event({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    reply = sse_reply(b": OPENROUTER PROCESSING\n\n", hi, b": more\n\n", end, DONE)
    assert text_of(events_of(server, reply=reply)) == "Hi"


def test_a_call_is_one_event_once_it_is_whole(server: MockServer) -> None:
    reply = tool_reply([("read_file", {"path": "README.md"})], text="Let me look.", fragment=3)
    events = events_of(server, reply=reply)
    assert text_of(events) == "Let me look."
    assert kinds_of(events) == ["tool_call", "usage", "end"]
    call = next(event.tool for event in events if event.tool)
    assert call == ToolCall("call_1", "read_file", '{"path":"README.md"}')
    assert events[-1].finish_reason == "tool_calls"


@dataclass(frozen=True)
class Then:
    """Steps, and others that are looked at only when their time has come."""

    first: list[Any]
    rest: Any

    def __iter__(self) -> Iterator[Any]:
        yield from self.first
        yield from self.rest


def test_a_call_is_told_while_the_next_one_is_still_coming(server: MockServer) -> None:
    seen: list[str] = []
    call = [piece(0, '{"a": 1}', "call_a", "first"), piece(1, '{"b"', "call_b", "second")]
    sent = [Send(sse_event({"choices": [{"index": 0, "delta": one}]})) for one in call]
    rest = [
        sse_event({"choices": [{"index": 0, "delta": piece(1, ": 2}")}]}),
        sse_event({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}),
        DONE,
    ]
    told = held(lambda: "first" in seen, *[Send(one) for one in rest])
    server.reply("m", MockReply(200, Then(sent, told), [("Content-Type", "text/event-stream")]))

    async def use(client: Client) -> None:
        async for event in client.stream(hello()):
            seen.append(event.tool.name if event.tool else event.kind.value)

    using(server, use)
    assert seen == ["first", "second", "end"]


def test_calls_whose_pieces_alternate(server: MockServer) -> None:
    reply = chunks(
        piece(0, "", "call_a", "read_file"),
        piece(1, "", "call_b", "list_files"),
        piece(0, '{"path":'),
        piece(1, "{}"),
        piece(0, '"a.md"}'),
        end="tool_calls",
    )
    calls = [event.tool for event in events_of(server, reply=reply) if event.tool]
    assert sorted(calls, key=lambda call: call.id) == [
        ToolCall("call_a", "read_file", '{"path":"a.md"}'),
        ToolCall("call_b", "list_files", "{}"),
    ]


def test_a_call_without_arguments_and_id_has_both(server: MockServer) -> None:
    events = events_of(server, reply=chunks(piece(0, "", name="now"), end="tool_calls"))
    call = next(event.tool for event in events if event.tool)
    assert (call.name, call.arguments) == ("now", "{}")
    assert call.id


def test_thinking_has_events_of_its_own(server: MockServer) -> None:
    for name in ("reasoning", "reasoning_content"):
        events = events_of(
            server, reply=text_reply("42.", reasoning="Let me think", reasoning_field=name)
        )
        assert text_of(events, EventKind.THINKING) == "Let me think"
        assert text_of(events) == "42."


def image(data: str = PIXEL, kind: str = "image/png") -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": f"data:{kind};base64,{data}"}}


LINK = {"type": "image_url", "image_url": {"url": "https://cdn.example.com/a.png"}}


def test_images_in_deltas(server: MockServer) -> None:
    reply = chunks({"content": "Here:"}, {"images": [image()]}, {"images": [LINK]})
    events = events_of(server, reply=reply)
    images = [event.image for event in events if event.image]
    assert images == [
        ImagePart("", "image/png", base64.b64decode(PIXEL)),
        ImagePart("https://cdn.example.com/a.png"),
    ]
    assert text_of(events) == "Here:"


@pytest.mark.parametrize(
    "message",
    [
        {"content": "Done.", "images": [image(kind="image/webp")]},
        {"content": [{"type": "text", "text": "Done."}, image(kind="image/webp")]},
    ],
)
def test_images_in_a_whole_message(server: MockServer, message: dict[str, Any]) -> None:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    events = events_of(server, reply=sse_reply(sse_event({"choices": [choice]}), DONE))
    assert text_of(events) == "Done."
    images = [event.image for event in events if event.image]
    assert [(one.content_type, one.data) for one in images] == [
        ("image/webp", base64.b64decode(PIXEL))
    ]


def test_three_mebibytes_of_an_image_in_one_event_or_document(server: MockServer) -> None:
    data = bytes(i % 251 for i in range(3 << 20))
    text = base64.b64encode(data).decode()
    message = {"role": "assistant", "content": "Here.", "images": [image(text)]}
    document = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    server.reply("m", chunks({"images": [image(text)]}), json_reply(document))

    async def use(client: Client) -> list[Any]:
        _, _, images, _ = await collect(client, hello())
        answer = await Complete(client, hello())
        assert answer.text == "Here."
        return [*images, *answer.images]

    assert [one.data for one in using(server, use)] == [data, data]


def test_an_image_that_is_no_base64_is_left_to_the_program(server: MockServer) -> None:
    events = events_of(server, reply=chunks({"images": [image("abc")]}))
    found = next(event.image for event in events if event.image)
    assert found == ImagePart("data:image/png;base64,abc", "image/png")


def test_what_a_server_wants_back_goes_back(server: MockServer) -> None:
    details = [{"type": "reasoning.text", "text": "hm", "signature": "s1"}]
    call = piece(0, "{}", "call_a", "look")
    call["tool_calls"][0]["extra_content"] = {"google": {"thought_signature": "s2"}}
    server.reply("m", chunks({"reasoning_details": details}, call, end="tool_calls"), text_reply())

    async def use(client: Client) -> None:
        messages: list[Any] = [Message("user", "Hello")]
        answer = await client.complete(Request(model="m", messages=messages))
        messages += [answer.message, Message("tool", "seen", tool_call_id="call_a")]
        await client.complete(Request(model="m", messages=messages))

    using(server, use)
    sent = server.requests[1].json()["messages"][1]
    assert sent["reasoning_details"] == details
    assert sent["tool_calls"][0]["extra_content"] == {"google": {"thought_signature": "s2"}}
    assert [name for name in sent if name.startswith("_")] == []


# Errors, and the end behind them.

POLICY = {"code": "content_policy_violation", "message": "no"}


def test_an_error_in_the_middle_is_an_event_and_never_tried_again(server: MockServer) -> None:
    events = events_of(
        server, reply=error_chunk_reply("gone", code="server_error", after="Working on it...")
    )
    assert text_of(events) == "Working on it..."
    assert [event.kind.value for event in events[-2:]] == ["error", "end"]
    assert isinstance(events[-2].err, ErrServerError)
    assert IsTransientServerError(events[-2].err)
    assert events[-1].finish_reason == "error"
    assert events[-1].message is not None
    assert events[-1].message.content == "Working on it..."
    assert len(server.requests) == 1


def test_an_answer_that_is_cut_off_is_an_error_with_its_whole_calls(server: MockServer) -> None:
    sent = [piece(0, '{"a": 1}', "call_a", "one"), piece(1, '{"b": ', "call_b", "two")]
    steps = [sse_event({"choices": [{"index": 0, "delta": one}]}) for one in sent]
    events = events_of(server, reply=sse_reply(*steps))
    assert [event.tool.id for event in events if event.tool] == ["call_a"]
    assert [event.kind.value for event in events[-2:]] == ["error", "end"]


def test_a_stream_that_does_not_start_is_tried_three_times(server: MockServer) -> None:
    busy = status_reply(429, retry_after=0.01)
    server.reply("m", status_reply(503), busy, text_reply("Hi"), json_reply({}, status=500))
    assert text_of(events_of(server)) == "Hi"
    assert [request.status for request in server.requests] == [503, 429, 200]
    assert isinstance(events_of(server)[-2].err, ErrServerError)
    assert len(server.requests) == 6


@pytest.mark.parametrize(
    ("reply", "kind", "asked"),
    [
        (status_reply(401, "bad key " + KEY), ErrAuth, 1),
        (status_reply(403), ErrAuth, 1),
        (status_reply(402), ErrAuth, 1),
        (status_reply(400, "bad input"), ErrInvalidRequest, 1),
        (status_reply(404), ErrInvalidRequest, 1),
        (status_reply(429, retry_after=100), ErrRateLimited, 1),
        (json_reply({"error": POLICY}), ErrContentFiltered, 1),
        (status_reply(400, "Blocked by the safety policy"), ErrContentFiltered, 1),
        (error_chunk_reply("Blocked", code="content_filter"), ErrContentFiltered, 1),
        (cut_reply("before_head"), ErrServerError, 3),
        (MockReply(200, [Send(b'{"this is no json')]), ErrServerError, 3),
    ],
)
def test_each_failure_has_its_error(
    server: MockServer, reply: Any, kind: type[AikidoError], asked: int
) -> None:
    events = events_of(server, reply=reply)
    error = events[-2].err
    assert type(error) is kind
    assert events[-1].finish_reason == (
        "content_filter" if kind is ErrContentFiltered else "error"
    )
    assert IsContentFilter(error) == (kind is ErrContentFiltered)
    assert isinstance(error.__cause__, thinwire.ThinwireError)
    assert len(server.requests) == asked
    assert KEY not in str(error) + repr(error)


def test_a_content_filter_that_is_a_finish_reason_is_an_error(server: MockServer) -> None:
    reply = chunks({"content": "Gener"}, end="content_filter")
    events = events_of(server, reply=reply)
    assert text_of(events) == "Gener"
    assert isinstance(events[-2].err, ErrContentFiltered)
    assert events[-1].finish_reason == "content_filter"
    server.reply("m", reply)

    async def use(client: Client) -> ErrContentFiltered:
        with pytest.raises(ErrContentFiltered) as caught:
            await client.complete(hello())
        return caught.value

    response = using(server, use).response
    assert response is not None
    assert (response.text, response.finish_reason) == ("Gener", "content_filter")


def test_a_stream_that_is_closed_by_another_task_ends(server: MockServer) -> None:
    server.reply("m", stall_reply("mid_stream", text="Hello"))

    async def use(client: Client) -> list[Event]:
        seen: list[Event] = []
        stream = client.stream(hello())

        async def read() -> None:
            async for event in stream:
                seen.append(event)

        reading = asyncio.create_task(read())
        await asyncio.to_thread(soon, lambda: bool(seen))
        await stream.aclose()
        await reading
        await stream.aclose()
        return seen

    events = using(server, use)
    assert [event.kind.value for event in events] == ["text_delta", "error", "end"]
    assert isinstance(events[1].err, ErrCanceled)
    assert events[2].finish_reason == ""
    assert server.requests[0].wait() == "client_gone"


def test_there_is_one_end_whenever_a_stream_is_closed(server: MockServer) -> None:
    server.reply("m", text_reply("word " * 30))

    async def use(client: Client) -> None:
        for turn in range(60):
            stream = client.stream(hello())
            seen: list[str] = []

            async def read(stream: Any = stream, seen: list[str] = seen) -> None:
                async for event in stream:
                    seen.append(event.kind.value)

            reading = asyncio.create_task(read())
            for _ in range(turn):
                await asyncio.sleep(0)
            await asyncio.sleep(0.0005 * (turn % 4))
            if turn % 2:
                await stream.aclose()
            else:
                reading.cancel()
            await asyncio.wait([reading])
            seen += [event.kind.value async for event in stream]
            assert seen[-1] == "end"
            assert seen.count("end") == 1
            assert seen.count("error") <= 1

    using(server, use)


def test_who_reads_on_after_a_cancellation_gets_the_end_once(server: MockServer) -> None:
    server.reply("m", stall_reply("mid_stream", text="Hello"))

    async def use(client: Client) -> list[str]:
        stream = client.stream(hello())
        kinds = [(await stream.__anext__()).kind.value]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await stream.__anext__()
        kinds += [event.kind.value async for event in stream]
        kinds += [event.kind.value async for event in stream]
        return kinds

    assert using(server, use) == ["text_delta", "error", "end"]
    assert server.requests[0].wait() == "client_gone"


def test_a_cancelled_complete_closes_its_connection(server: MockServer) -> None:
    server.reply("m", stall_reply("after_head"))

    async def use(client: Client) -> None:
        asking = asyncio.create_task(client.complete(hello()))
        await asyncio.to_thread(soon, lambda: len(server.requests) == 1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    using(server, use)
    assert server.requests[0].wait() == "client_gone"


def test_many_streams_at_once_do_not_mix(server: MockServer) -> None:
    async def use(client: Client) -> list[str]:
        asked = [
            collect(client, {"model": "echo", "messages": [Message("user", f"say {n}")]})
            for n in range(30)
        ]
        return [text for text, _, _, _ in await asyncio.gather(*asked)]

    assert using(server, use) == [f"say {n}" for n in range(30)]


def test_asking_from_the_start_again_is_for_who_wants_it(server: MockServer) -> None:
    cut = cut_reply("mid_stream")
    server.reply("m", cut, text_reply("Hi"), cut, status_reply(401), cut)
    policy = thinwire.RetryPolicy(2, 0)

    async def use(client: Client) -> str:
        text, _, _, _ = await collect_with_retry(client, hello(), policy)
        with pytest.raises(ErrAuth):
            await CompleteWithRetry(client, hello(), policy)
        with pytest.raises(ErrServerError) as caught:
            await CompleteWithRetry(client, hello(), thinwire.RetryPolicy(1))
        assert caught.value.response is not None
        assert caught.value.response.text
        return text

    assert using(server, use) == "Hi"
    assert len(server.requests) == 5
    policy = DefaultStreamingRetryPolicy()
    assert (policy.attempts, policy.base, policy.cap) == (5, 2, 30)


# Requests and options.


def test_a_request_has_what_was_said_and_nothing_else(server: MockServer) -> None:
    server.reply("m", *[text_reply("Hi")] * 2)
    request = Request(
        model="m",
        messages=[Message("system", "Brief."), Message("user", "Hi")],
        tools=[ToolDef("look", "Looks.", {"type": "object", "properties": {}})],
        max_tokens=1024,
        temperature=0,
        stop_sequences=["END"],
        thinking=ThinkingByBudget(2048),
    )
    events_of(server, request)
    events_of(server, {"Model": "m", "Messages": [{"Role": "user", "Content": "Hi"}]})
    sent = server.requests[0].json()
    assert sent["messages"] == [
        {"role": "system", "content": "Brief."},
        {"role": "user", "content": "Hi"},
    ]
    assert sent["tools"][0]["function"]["description"] == "Looks."
    assert (sent["max_tokens"], sent["temperature"], sent["stop"]) == (1024, 0, ["END"])
    assert sent["reasoning"] == {"effort": "medium"}
    plain = server.requests[1].json()
    assert set(plain) == {"model", "messages", "stream", "stream_options"}
    assert plain["messages"] == [{"role": "user", "content": "Hi"}]
    assert server.requests[0].header("authorization") == "Bearer " + KEY


@pytest.mark.parametrize(
    ("thinking", "effort"),
    [
        (ThinkingByBudget(2047), "low"),
        (ThinkingByBudget(2048), "medium"),
        (ThinkingByBudget(16384), "high"),
        (ThinkingByEffort("low"), "low"),
        ({"Budget": 16383}, "medium"),
        ({"effort": "high"}, "high"),
    ],
)
def test_a_budget_is_an_effort(server: MockServer, thinking: Any, effort: str) -> None:
    events_of(server, hello(thinking=thinking), text_reply("Hi"))
    assert server.requests[0].json()["reasoning"] == {"effort": effort}


@pytest.mark.parametrize(
    ("message", "content"),
    [
        (
            {"Role": "user", "Content": "Hi", "Cache": {"TTL": "1h"}},
            [{"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
        ),
        (
            Message("user", "", cache={}),
            [{"type": "text", "text": "", "cache_control": {"type": "ephemeral"}}],
        ),
        (
            Message("user", "See", images=[ImagePart("https://a.example/b.png")]),
            [
                {"type": "text", "text": "See"},
                {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}},
            ],
        ),
        (
            Message("user", images=[{"Data": b"\xff", "ContentType": "image/jpeg"}], cache={}),
            [
                {
                    "type": "image_url",
                    "image_url": {"url": "data:image/jpeg;base64,/w=="},
                    "cache_control": {"type": "ephemeral"},
                }
            ],
        ),
        (
            {"role": "user", "content": [{"type": "text", "text": "x"}], "name": "n"},
            [{"type": "text", "text": "x"}],
        ),
    ],
)
def test_what_a_message_becomes(server: MockServer, message: Any, content: Any) -> None:
    events_of(server, hello(messages=[message]), text_reply("Hi"))
    assert server.requests[0].json()["messages"][0]["content"] == content


def test_messages_and_tools_may_have_openais_form(server: MockServer) -> None:
    calls = [{"id": "1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]
    messages = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "", "tool_calls": calls},
        {"role": "tool", "content": "seen", "tool_call_id": "1"},
    ]
    function = {"name": "look", "parameters": {"type": "object", "properties": {}}}
    tools = [{"type": "function", "function": function}]
    events_of(server, hello(messages=messages, tools=tools), text_reply("Hi"))
    sent = server.requests[0].json()
    assert (sent["messages"], sent["tools"]) == (messages, tools)


def test_several_providers_allow_others_and_one_locks(server: MockServer) -> None:
    server.reply("m", *[text_reply("Hi")] * 2)
    events_of(server, provider_order=["a", "b"])
    events_of(server, ProviderOrder=["a"])
    sent = [request.json()["provider"] for request in server.requests]
    assert sent == [
        {"order": ["a", "b"], "allow_fallbacks": True},
        {"order": ["a"], "allow_fallbacks": False},
    ]


@pytest.mark.parametrize("options", [{}, {"api_key": ""}, {"APIKey": None}])
def test_a_client_needs_a_key(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="API key is needed"):
        NewClient(**options)


def test_options_by_either_name_or_as_an_object(server: MockServer) -> None:
    server.reply("m", *[text_reply("Hi")] * 3)
    ways: list[Client] = [
        Client(Options(api_key=KEY, base_url=server.base_url, x_title="T")),
        Client({"APIKey": KEY, "BaseURL": server.base_url, "XTitle": "T"}),
        Client(APIKey=KEY, BaseURL=server.base_url, XTitle="T"),
    ]
    for client in ways:
        assert KEY not in repr(client)

        async def use(client: Client = client) -> None:
            async with client:
                await Collect(client, hello())

        asyncio.run(use())
    assert [request.header("x-title") for request in server.requests] == ["T"] * 3
    with pytest.raises(TypeError, match="nonsense"):
        Client(api_key=KEY, nonsense=1)
    with pytest.raises(TypeError, match="Request or a dict is needed, not str"):
        ways[0].stream("Hi")  # type: ignore[arg-type]


def test_a_http_client_of_ones_own_is_used_and_left_open(server: MockServer) -> None:
    server.reply("m", text_reply("Hi"))
    heads: list[str] = []

    async def hook(request: httpx.Request) -> None:
        heads.append(request.headers["authorization"])

    async def main() -> None:
        async with httpx.AsyncClient(event_hooks={"request": [hook]}) as own:
            async with Client(api_key=KEY, base_url=server.base_url, http_client=own) as client:
                await client.complete(hello())
            assert not own.is_closed

    asyncio.run(main())
    assert heads == ["Bearer " + KEY]


def test_no_key_shows_in_a_request_that_is_shown(server: MockServer) -> None:
    events = events_of(server, reply=status_reply(400, f"what is {KEY}?"))
    assert KEY not in repr(events)
    assert "***" in str(events[-2].err)
    assert json.loads(json.dumps([event.kind for event in events])) == ["error", "end"]
