"""The face for NEXUS3 against real servers: its examples, its providers, its errors, its log."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from keyword import iskeyword
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.certificates import authority
from support.order import soon
from support.page_examples import run_piece

import thinwire
from thinwire.compat.nexus3 import (
    PROVIDER_DEFAULTS,
    AnthropicProvider,
    AzureOpenAIProvider,
    BaseProvider,
    Config,
    ConfigError,
    ContentDelta,
    Message,
    NexusError,
    OpenAICompatProvider,
    OpenRouterProvider,
    ProviderConfig,
    ProviderError,
    ProviderRegistry,
    ReasoningDelta,
    Role,
    StreamComplete,
    StreamEvent,
    ToolCall,
    ToolCallStarted,
    create_provider,
    validate_base_url,
)
from thinwire.compat.nexus3.arguments import normalized
from thinwire.testing import (
    DONE,
    MockReply,
    MockServer,
    cut_reply,
    error_chunk_reply,
    sse_event,
    sse_reply,
    stall_reply,
    status_reply,
    text_reply,
    tool_reply,
)

KEY = "sk-nexus-secret"
HELLO = [Message(role=Role.USER, content="Hello")]
TOOLS: list[dict[str, Any]] = [
    {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}
]
T = TypeVar("T")


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    for defaults in PROVIDER_DEFAULTS.values():
        if "api_key_env" in defaults:
            monkeypatch.setenv(defaults["api_key_env"], KEY)


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running


def at(server: MockServer, **fields: Any) -> dict[str, Any]:
    return {"type": "openrouter", "base_url": server.base_url, "retry_backoff": 1, **fields}


def using(provider: BaseProvider, use: Callable[[BaseProvider], Awaitable[T]]) -> T:
    async def main() -> T:
        async with provider:
            return await use(provider)

    return asyncio.run(main())


def ask(provider: BaseProvider, *arguments: Any, **options: Any) -> Message:
    return using(provider, lambda p: p.complete(*(arguments or (HELLO,)), **options))


def events_of(provider: BaseProvider, *arguments: Any) -> list[StreamEvent]:
    async def use(p: BaseProvider) -> list[StreamEvent]:
        return [event async for event in p.stream(*(arguments or (HELLO,)))]

    return using(provider, use)


# Its document's examples, with another import.


@pytest.fixture
def names(server: MockServer, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the examples may use, and the providers' addresses here."""
    for name in ("anthropic", "openrouter"):
        root = server.base_url if name == "openrouter" else server.base_url.removesuffix("/v1")
        monkeypatch.setitem(PROVIDER_DEFAULTS[name], "base_url", root)
    return {}


def test_the_example_of_the_factory(
    server: MockServer, names: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    server.reply("claude-sonnet-4-20250514", text_reply("Hello there"))

    async def main() -> dict[str, Any]:
        found = await run_piece("migrating/nexus3", 1, names)
        await found["provider"].aclose()
        return found

    found = asyncio.run(main())
    assert capsys.readouterr().out == "Hello there\n"
    assert isinstance(found["provider"], AnthropicProvider)
    assert server.requests[0].path == "/v1/messages"
    assert server.requests[0].header("x-api-key") == KEY


def test_the_example_of_the_registry(
    server: MockServer, names: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    document = {
        "providers": {"openrouter": {"type": "openrouter"}, "anthropic": {"type": "anthropic"}},
        "models": {
            "claude-sonnet": {"provider": "anthropic", "model_id": "claude-sonnet-4-20250514"}
        },
    }
    (tmp_path / "config.json").write_text(json.dumps(document))
    found = asyncio.run(run_piece("migrating/nexus3", 2, names))
    assert found["provider"].model_id == "claude-sonnet-4-20250514"
    assert isinstance(found["provider"], AnthropicProvider)
    assert found["registry"].cached_providers == []


def test_the_examples_of_streaming_and_of_the_tool_loop(
    server: MockServer, names: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    call = tool_reply([("get_weather", {"city": "SF"})], text="Looking")
    server.reply("m", call, call, text_reply("Sunny"))

    async def main() -> None:
        names["provider"] = create_provider({"type": "openrouter"}, "m")
        names.update(messages=HELLO, Message=Message, Role=Role)
        await run_piece("migrating/nexus3", 3, names)
        names["execute_tool"] = lambda call: asyncio.sleep(0, call.arguments["city"] + " is sunny")
        await run_piece("migrating/nexus3", 4, names)
        await names["provider"].aclose()

    asyncio.run(main())
    out = capsys.readouterr().out
    assert out.startswith("Looking\nTool: get_weather\n(ToolCall(id='call_1'")
    assert names["msg"].content == "Sunny"
    sent = server.requests[2].json()["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "tool"]
    assert sent[1]["tool_calls"][0]["function"]["arguments"] == '{"city":"SF"}'
    assert sent[2] == {"role": "tool", "content": "SF is sunny", "tool_call_id": "call_1"}


# Its providers.


def test_complete_gives_a_message(server: MockServer) -> None:
    server.reply("m", text_reply("Hello there", reasoning="hm"))
    message = ask(create_provider(at(server), "m"))
    assert (message.role, message.content, message.tool_calls) == (
        Role.ASSISTANT,
        "Hello there",
        (),
    )
    assert message.meta["finish_reason"] == "stop"
    assert message.meta["reasoning"] == "hm"
    assert message.meta["usage"]["completion_tokens"] > 0


def test_a_stream_has_its_events_and_ends_with_the_message(server: MockServer) -> None:
    server.reply("m", tool_reply([("get_weather", {"city": "Graz"})], text="Let me see"))
    server.reply("r", text_reply("Yes", reasoning="hm", reasoning_field="reasoning"))
    *events, last = events_of(create_provider(at(server), "m"), HELLO, TOOLS)
    assert "".join(e.text for e in events if isinstance(e, ContentDelta)) == "Let me see"
    assert [e for e in events if isinstance(e, ToolCallStarted)] == [
        ToolCallStarted(index=0, id="call_1", name="get_weather")
    ]
    assert isinstance(last, StreamComplete)
    assert last.message.tool_calls[0].arguments == {"city": "Graz"}
    events = events_of(create_provider(at(server), "r"))
    assert events[0] == ReasoningDelta("hm")
    assert isinstance(events[-1], StreamComplete)


def test_a_refusal_is_what_was_said(server: MockServer) -> None:
    server.reply("m", text_reply(refusal="I will not"))
    *events, last = events_of(create_provider(at(server), "m"))
    assert "".join(e.text for e in events if isinstance(e, ContentDelta)) == "I will not"
    assert isinstance(last, StreamComplete)
    assert last.message.content == "I will not"


def test_a_completion_of_thinwires_is_a_message_too(server: MockServer) -> None:
    server.reply("m", *[text_reply("Fine")] * 2)
    with thinwire.Client("m", thinwire.Deployment(server.base_url)) as client:
        answer = client.chat("Hi")
    ask(create_provider(at(server), "m"), [*HELLO, answer, *HELLO])
    assert server.requests[1].json()["messages"][1] == {"role": "assistant", "content": "Fine"}


def test_messages_may_be_dicts_and_mixed(server: MockServer) -> None:
    server.reply("m", text_reply("Fine"))
    messages = [
        {"role": Role.SYSTEM, "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        SimpleNamespace(role="assistant", content="Hi", tool_calls=(), tool_call_id=None),
        Message(Role.USER, "How are you?"),
    ]
    ask(create_provider(at(server), "m"), messages)
    assert server.requests[0].json()["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": "How are you?"},
    ]


@pytest.mark.parametrize(
    ("messages", "last"),
    [
        ([{"role": "user", "content": "Hi"}], {"role": "user", "content": "Hi\n\nIt is noon."}),
        (
            [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Hi"},
                    {"type": "text", "text": "It is noon."},
                ],
            },
        ),
        ([{"role": "system", "content": "x"}], {"role": "user", "content": "It is noon."}),
    ],
)
def test_the_context_of_the_moment_stands_in_the_last_user_message(
    server: MockServer, messages: list[dict[str, Any]], last: dict[str, Any]
) -> None:
    server.reply("m", text_reply("Fine"))
    before = json.dumps(messages)
    ask(create_provider(at(server), "m"), messages, dynamic_context="It is noon.")
    assert server.requests[0].json()["messages"][-1] == last
    assert json.dumps(messages) == before


def test_reasoning_is_asked_for_as_each_server_wants_it(server: MockServer) -> None:
    server.reply("m", text_reply("Yes"), text_reply("Yes"))
    ask(create_provider(at(server), "m", reasoning=True))
    ask(create_provider(at(server), "m"))
    assert server.requests[0].json()["reasoning"] == {"effort": "high"}
    assert "reasoning" not in server.requests[1].json()
    server.reply("claude-sonnet-4-20250514", text_reply("Yes"))
    provider = create_provider(
        {"type": "anthropic", "base_url": server.base_url.removesuffix("/v1")},
        "claude-sonnet-4-20250514",
        reasoning=True,
    )
    ask(provider)
    assert server.requests[2].json()["thinking"]["type"] == "enabled"


def test_what_the_server_wants_back_goes_back(server: MockServer) -> None:
    server.reply(
        "m",
        tool_reply([("get_weather", '{"city":  "Graz"}')]),
        text_reply("Sunny", reasoning="hm", reasoning_field="reasoning"),
        text_reply("Bye"),
    )
    provider = create_provider(at(server), "m")

    async def use(p: BaseProvider) -> None:
        messages: list[Any] = list(HELLO)
        messages.append(await p.complete(messages, TOOLS))
        messages.append(Message(Role.TOOL, "sunny", tool_call_id="call_1"))
        messages.append(await p.complete(messages, TOOLS))
        messages.append(Message(Role.USER, "Bye"))
        await p.complete(messages, TOOLS)

    using(provider, use)
    sent = server.requests[2].json()["messages"]
    assert sent[1]["tool_calls"][0]["function"]["arguments"] == '{"city":  "Graz"}'
    assert sent[3]["reasoning"] == "hm"
    assert [key for message in sent for key in message if key.startswith("_")] == []


SIGNED = {
    "index": 0,
    "id": "call_1",
    "type": "function",
    "function": {"name": "get_weather", "arguments": "{}"},
    "extra_content": {"google": {"thought_signature": "s"}},
}


def signed_call() -> MockReply:
    """A call with a signature, as Gemini sends it."""
    choice = {"index": 0, "delta": {"tool_calls": [SIGNED]}, "finish_reason": "tool_calls"}
    return sse_reply(sse_event({"choices": [choice]}), DONE)


def test_the_signature_of_a_call_goes_back(server: MockServer) -> None:
    server.reply("m", signed_call(), text_reply("Sunny"))

    async def use(p: BaseProvider) -> None:
        answer = await p.complete(HELLO, TOOLS)
        result = Message(Role.TOOL, "sunny", tool_call_id="call_1")
        await p.complete([*HELLO, answer, result], TOOLS)

    using(create_provider(at(server), "m"), use)
    sent = server.requests[1].json()["messages"][1]["tool_calls"][0]
    assert sent["extra_content"] == SIGNED["extra_content"]


def test_each_type_asks_where_it_has_to(
    server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = server.base_url.removesuffix("/v1")
    for model in ("m", "d"):
        server.reply(model, *[text_reply("Hi")] * 3)
    for kind in ("openai", "ollama", "vllm"):
        ask(create_provider({"type": kind, "base_url": server.base_url}, "m"))
        assert server.requests[-1].path == "/v1/chat/completions"
    assert server.requests[0].header("authorization") == "Bearer " + KEY
    assert server.requests[1].header("authorization") is None
    azure = {"type": "azure", "base_url": root, "deployment": "d"}
    assert ask(create_provider(azure, "m")).content == "Hi"
    request = server.requests[-1]
    assert request.path.startswith("/openai/deployments/d/chat/completions")
    assert request.header("api-key") == KEY
    assert "api-version=2024-02-01" in request.path
    kinds = [type(create_provider(config, "m")) for config in (azure, at(server))]
    assert kinds == [AzureOpenAIProvider, OpenAICompatProvider]
    assert OpenRouterProvider is OpenAICompatProvider


def test_the_defaults_of_a_type_are_applied() -> None:
    for kind, defaults in PROVIDER_DEFAULTS.items():
        if "base_url" in defaults:
            made = ProviderConfig(type=kind).deployment_of("m")
            assert str(made.url).startswith(defaults["base_url"])
            assert made.provider == kind
            assert made.api_key == (KEY if "api_key_env" in defaults else "")
    with pytest.raises(ConfigError, match="base_url"):
        create_provider({"type": "azure"}, "m")


def test_what_the_configuration_says_is_obeyed(server: MockServer) -> None:
    model = "anthropic/claude-sonnet-4.5"
    server.reply(model, status_reply(503), status_reply(503), text_reply("Hi"))
    said = at(
        server,
        extra_headers={"X-Team": "a"},
        auth_method="x-api-key",
        max_retries=2,
        request_timeout=33,
        prompt_caching=True,
    )
    provider = create_provider(said, model)
    limits = provider._deployment.timeouts  # noqa: SLF001
    assert limits is not None
    assert (limits.connect, limits.first_token, limits.liveness) == (33000, 33000, 33000)
    assert ask(provider, [Message(Role.SYSTEM, "Brief."), *HELLO]).content == "Hi"
    assert [request.status for request in server.requests] == [503, 503, 200]
    request = server.requests[2]
    assert (request.header("x-team"), request.header("x-api-key")) == ("a", KEY)
    assert request.header("authorization") is None
    assert "cache_control" in json.dumps(request.json()["messages"][0])


def test_a_ca_of_ones_own_is_trusted_beside_the_systems(tmp_path: Path) -> None:
    trusted = authority()
    (tmp_path / "ca.pem").write_bytes(trusted.pem)
    with MockServer(ssl_context=trusted.server("127.0.0.1", "localhost")) as server:
        server.reply("m", text_reply("Hi"), text_reply("Hi"))
        said = at(server, max_retries=0)
        with pytest.raises(ProviderError, match="certificate"):
            ask(create_provider(said, "m"))
        assert ask(create_provider({**said, "verify_ssl": False}, "m")).content == "Hi"
        said["ssl_ca_cert"] = str(tmp_path / "ca.pem")
        assert ask(create_provider(said, "m")).content == "Hi"


def test_no_retry_means_none(server: MockServer) -> None:
    server.reply("m", status_reply(503), text_reply("Hi"))
    with pytest.raises(ProviderError, match="503"):
        ask(create_provider(at(server, max_retries=0), "m"))
    assert len(server.requests) == 1


def test_many_calls_at_once_do_not_mix(server: MockServer) -> None:
    async def use(p: BaseProvider) -> list[Message]:
        asked = [p.complete([Message(Role.USER, f"say {n}")]) for n in range(30)]
        return await asyncio.gather(*asked)

    answers = using(create_provider(at(server), "echo"), use)
    assert [answer.content for answer in answers] == [f"say {n}" for n in range(30)]


def test_a_stream_that_is_left_or_cancelled_closes_its_connection(server: MockServer) -> None:
    server.reply("m", stall_reply("mid_stream", text="Hello "), stall_reply("after_head"))

    async def use(p: BaseProvider) -> None:
        async for _ in p.stream(HELLO):
            break
        reading = asyncio.create_task(p.complete(HELLO))
        await asyncio.to_thread(soon, lambda: len(server.requests) == 2)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

    using(create_provider(at(server), "m"), use)
    assert [request.wait() for request in server.requests] == ["client_gone", "client_gone"]


def test_closing_is_idempotent_and_the_provider_lives_on(server: MockServer) -> None:
    server.reply("m", text_reply("Hi"), text_reply("Hi"))

    async def use(p: BaseProvider) -> str:
        await p.complete(HELLO)
        await p.aclose()
        await p.aclose()
        return (await p.complete(HELLO)).content

    assert using(create_provider(at(server), "m"), use) == "Hi"
    assert server.connections == 2


# Errors.


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (status_reply(401, "bad key " + KEY), "Authentication failed"),
        (status_reply(403), "Access forbidden"),
        (status_reply(404), "API endpoint not found"),
        (status_reply(400, "no such field"), "no such field"),
        (cut_reply("after_head"), "before any data was received.*Please retry"),
        (cut_reply("mid_stream"), "Partial output may have been displayed; retry the request"),
        (error_chunk_reply(code=502, after="Hello"), "Partial output may have been displayed"),
        (MockReply(200), "before any data was received"),
    ],
)
def test_errors_have_the_words_that_programs_look_for(
    server: MockServer, reply: Any, words: str
) -> None:
    server.reply("m", reply)
    with pytest.raises(ProviderError, match=words) as caught:
        events_of(create_provider(at(server, max_retries=0), "m"))
    assert isinstance(caught.value, NexusError)
    assert isinstance(caught.value.__cause__, thinwire.ThinwireError)
    assert KEY not in str(caught.value) + repr(caught.value) + caught.value.message


def test_what_had_come_before_an_error_is_kept(server: MockServer) -> None:
    server.reply("m", cut_reply("mid_stream"))

    async def use(p: BaseProvider) -> tuple[list[StreamEvent], Any]:
        seen = []
        try:
            async for event in p.stream(HELLO):
                seen.append(event)
        except ProviderError as error:
            return seen, error.__cause__
        raise AssertionError("it ended as if it were whole")

    seen, cause = using(create_provider(at(server, max_retries=0), "m"), use)
    said = "".join(event.text for event in seen if isinstance(event, ContentDelta))
    assert said
    assert said == cause.partial.content


@pytest.mark.parametrize("said", [None, "", "  "])
def test_a_missing_key_names_its_variable(
    said: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    if said is not None:
        monkeypatch.setenv("OPENAI_API_KEY", said)
    with pytest.raises(ProviderError, match=r"API key not found.*OPENAI_API_KEY"):
        create_provider({"type": "openai"}, "m")
    create_provider({"type": "openai", "api_key": "given"}, "m")


def test_a_usual_key_goes_to_no_stranger() -> None:
    with pytest.raises(ConfigError, match="api_key_env"):
        create_provider({"base_url": "https://llm.corp.example/v1"}, "m")
    with pytest.raises(ConfigError, match="api_key_env"):
        create_provider(
            {"type": "vllm", "base_url": "https://x.example", "auth_method": "bearer"}, "m"
        )
    said = {"base_url": "https://llm.corp.example/v1", "api_key_env": "OPENROUTER_API_KEY"}
    create_provider(said, "m")
    create_provider({"base_url": "https://eu.openrouter.ai/api/v1"}, "m")
    create_provider({"type": "azure", "base_url": "https://me.openai.azure.com"}, "m")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"type": "gemini"}, "Unknown provider type 'gemini'"),
        ({"type": "openai", "nonsense": 1}, "no field nonsense"),
        ({"max_retries": 11}, "max_retries must be from 0 to 10"),
        ({"retry_backoff": 0.5}, "retry_backoff must be from 1 to 5"),
        ({"request_timeout": 0}, "request_timeout must be more than 0"),
        ({"ssl_ca_cert": "no/such/file.pem"}, "ssl_ca_cert .* cannot be read"),
        ({"ssl_ca_cert": __file__}, "cannot load CA certificates"),
    ],
)
def test_a_configuration_that_cannot_be_is_an_error(config: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        create_provider(config, "m")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("api.example.com/v1", "scheme"),
        ("ftp://api.example.com", "scheme 'ftp' is not allowed"),
        ("http://api.example.com/v1", "security"),
        ("http://127.0.0.1.evil.example/v1", "security"),
        ("http://localhost@evil.example/v1", "security"),
        ("http://[::1", "no address"),
    ],
)
def test_an_address_that_a_key_must_not_go_to(url: str, words: str) -> None:
    with pytest.raises(ProviderError, match=words):
        validate_base_url(url)


@pytest.mark.parametrize(
    "url",
    ["https://a.example/v1", "http://LOCALHOST:1/v1", "http://127.0.0.1", "http://[::1]:8000/v1"],
)
def test_an_address_that_is_allowed(url: str) -> None:
    validate_base_url(url)
    validate_base_url("http://api.example.com", allow_insecure=True)


@pytest.mark.parametrize(
    "url", ["https://169.254.169.254/v1", "https://user:pw@a.example/v1", "https:///v1"]
)
def test_what_it_let_pass_is_refused_as_well(url: str) -> None:
    with pytest.raises(ProviderError):
        create_provider({"base_url": url, "api_key_env": "OPENAI_API_KEY"}, "m")


def test_no_key_shows_anywhere(server: MockServer) -> None:
    config = ProviderConfig(
        base_url=server.base_url, api_key=KEY, extra_headers={"X-Key": KEY}, max_retries=0
    )
    provider = create_provider(config, "m")
    registry = ProviderRegistry(Config(providers={"p": config}))
    shown = f"{config!r} {provider!r} {registry!r} {registry.get('p', 'm')!r}"
    assert KEY not in shown


# The log of the wire.


class Log:
    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    def on_request(self, endpoint: str, payload: dict[str, Any]) -> None:
        self.told.append(("request", (endpoint, payload)))

    def on_response(self, status: int, body: dict[str, Any]) -> None:
        self.told.append(("response", (status, body)))

    def on_chunk(self, chunk: dict[str, Any]) -> None:
        self.told.append(("chunk", chunk))

    def on_stream_complete(self, summary: dict[str, Any]) -> None:
        self.told.append(("complete", summary))

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.told]


def test_the_raw_log_is_told_everything_but_the_key(server: MockServer) -> None:
    server.reply("m", status_reply(401, "bad key " + KEY), text_reply("Hello there"), text_reply())
    log = Log()
    provider = create_provider(at(server, max_retries=0), "m", log)

    async def use(p: BaseProvider) -> None:
        with pytest.raises(ProviderError):
            await p.complete(HELLO)
        await p.complete(HELLO)
        p.set_raw_log_callback(None)
        await p.complete(HELLO)

    using(provider, use)
    kinds = log.kinds()
    assert kinds[:3] == ["request", "response", "request"]
    assert set(kinds[3:-1]) == {"chunk"}
    endpoint, payload = log.told[0][1]
    assert endpoint == server.base_url + "/chat/completions"
    assert payload["messages"] == [{"role": "user", "content": "Hello"}]
    assert log.told[1][1][0] == 401
    kind, summary = log.told[-1]
    assert kind == "complete"
    assert set(summary) == {
        "http_status",
        "event_count",
        "content_length",
        "tool_call_count",
        "received_done",
        "finish_reason",
        "duration_ms",
    }
    assert (summary["content_length"], summary["received_done"]) == (len("Hello there"), True)
    assert KEY not in json.dumps(log.told)


def test_another_log_takes_over_at_once(server: MockServer) -> None:
    server.reply("m", *[text_reply("Hi")] * 3)
    first, second = Log(), Log()
    provider = create_provider(at(server), "m")

    async def use(p: BaseProvider) -> None:
        await p.complete(HELLO)
        for log in (first, second):
            p.set_raw_log_callback(log)
            await p.complete(HELLO)

    using(provider, use)
    assert first.kinds() == second.kinds()
    assert first.kinds().count("request") == 1


# The registry.

DOCUMENT: dict[str, Any] = {
    "default_model": "openrouter/fast",
    "providers": {
        "openrouter": {
            "models": {"fast": {"id": "a/small"}, "deep": {"id": "a/big", "reasoning": True}}
        },
        "anthropic": {"type": "anthropic", "models": {"haiku": {"id": "claude-haiku-4-5"}}},
    },
    "mcp_servers": [],
}


def test_the_registry_makes_each_provider_once() -> None:
    registry = ProviderRegistry(DOCUMENT)
    assert registry.cached_providers == []
    fast = registry.get_for_model()
    assert fast is registry.get_for_model("fast") is registry.get("openrouter", "a/small")
    assert fast.model_id == "a/small"
    deep = registry.get_for_model("openrouter/deep")
    assert deep is not registry.get("openrouter", "a/big")
    assert isinstance(registry.get_for_model("haiku"), AnthropicProvider)
    assert registry.cached_providers == [
        "openrouter:a/small",
        "openrouter:a/big (reasoning)",
        "openrouter:a/big",
        "anthropic:claude-haiku-4-5",
    ]
    registry.clear_cache()
    assert registry.cached_providers == []
    assert registry.get_for_model() is not fast
    asyncio.run(registry.aclose())


def test_the_registry_tells_its_log_to_old_and_new_providers(server: MockServer) -> None:
    server.reply("a", text_reply("Hi"), text_reply("Hi"))
    server.reply("b", text_reply("Hi"))
    registry = ProviderRegistry({"providers": {"p": at(server)}})
    log = Log()

    async def main() -> None:
        old = registry.get("p", "a")
        registry.set_raw_log_callback(log)
        await old.complete(HELLO)
        await registry.get("p", "b").complete(HELLO)
        registry.clear_cache()
        await registry.aclose()
        await registry.aclose()
        assert server.connections == 2
        await old.complete(HELLO)  # over a new connection: those of forgotten ones are closed, too
        await old.aclose()

    asyncio.run(main())
    assert log.kinds().count("request") == 3
    assert server.connections == 3


def test_what_goes_wrong_in_closing_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    registry = ProviderRegistry(DOCUMENT)

    async def broken(self: BaseProvider) -> None:
        raise OSError("it does not close")

    registry.get_for_model()
    monkeypatch.setattr(BaseProvider, "aclose", broken)
    with caplog.at_level(logging.WARNING):
        asyncio.run(registry.aclose())
    assert "it does not close" in caplog.text


@pytest.mark.parametrize(
    ("document", "name", "words"),
    [
        (DOCUMENT, "nonsense", "Unknown model 'nonsense'. Configured models: fast, deep, haiku"),
        (DOCUMENT, "anthropic/fast", "Unknown model"),
        (
            {"providers": {"p": {}}, "models": {"a": {"provider": "q"}}},
            None,
            "Unknown provider 'q'",
        ),
        ({"providers": {"p": {}, "q": {}}, "models": {"a": "x"}}, None, "names no provider"),
        ({"providers": {"p": {"models": {"a": {}}}}, "models": {"a": {}}}, None, "declared twice"),
        ({"providers": {"p": {}}}, None, "default_model is not set"),
    ],
)
def test_what_a_configuration_cannot_mean(
    document: dict[str, Any], name: str | None, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        ProviderRegistry(document).get_for_model(name)


def test_objects_do_where_classes_do() -> None:
    # As pydantic's models are: what nobody has set counts as not said.
    provider = SimpleNamespace(
        type="anthropic",
        api_key_env="OPENROUTER_API_KEY",
        base_url="https://openrouter.ai/api/v1",
        models={"haiku": SimpleNamespace(id="claude-haiku-4-5", reasoning=False)},
        model_fields_set={"type", "models"},
    )
    config: Any = SimpleNamespace(providers={"a": provider}, default_model="haiku")
    made = ProviderRegistry(config).get_for_model()
    assert isinstance(made, AnthropicProvider)
    assert made.model_id == "claude-haiku-4-5"
    with pytest.raises(ConfigError, match="Unknown provider 'b'"):
        Config.model_validate(config).get_provider_config("b")
    only = Config(providers={"p": {}}, models={"a": {"model_id": "x"}})
    assert only.resolve_model().model_id == "x"


# Arguments that are no JSON.


def call_with(server: MockServer, text: str) -> ToolCall:
    server.reply("m", tool_reply([("get_weather", text)]))
    return ask(create_provider(at(server, max_retries=0), "m"), HELLO, TOOLS).tool_calls[0]


@pytest.mark.parametrize(
    ("text", "kind", "arguments"),
    [
        ('{"city": "Graz", "deep": true}', "json_object", {"city": "Graz", "deep": True}),
        ("{'city': 'Graz', 'deep': True}", "python_dict", {"city": "Graz", "deep": True}),
        (
            "{'at': (1, 2), 'of': ['a' \"b\",], 'x': {}, 'y': -1.5,}",
            "python_dict",
            {"at": [1, 2], "of": ["ab"], "x": {}, "y": -1.5},
        ),
        (
            "{'one': ('a'), 'none': (), 'deep': true, 'no': None}",
            "python_dict",
            {"one": "a", "none": [], "deep": True, "no": None},
        ),
        ("{\n  'city': 'Graz',\n}", "python_dict", {"city": "Graz"}),
        ("pattern='\\d+'", "python_kwargs", {"pattern": "\\d+"}),
        ("city='Graz', days=5", "python_kwargs", {"city": "Graz", "days": 5}),
        ("get_weather(city='Graz', days=-5)", "python_call", {"city": "Graz", "days": -5}),
        ("get_weather()", "python_call", {}),
        ("", "empty", {}),
        ("  ", "empty", {}),
    ],
)
def test_arguments_that_make_sense(
    server: MockServer, text: str, kind: str, arguments: dict[str, Any]
) -> None:
    call = call_with(server, text)
    assert (call.arguments, call.argument_format) == (arguments, kind)
    assert call.source_format == "openai_chat"
    assert not call.has_unresolved_arguments
    assert call.raw_arguments is None
    assert call.normalization_error is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("[1, 2]", "json_non_object"),
        ('"text"', "json_non_object"),
        ('{"city": "Gra', "json_malformed"),
        ('{"x": NaN}', "json_malformed"),
        ('{"x": -Infinity}', "json_malformed"),
        ('{"x": 1e999}', "json_malformed"),
        ("{'x': {1, 2}}", "json_malformed"),
        ("{1: 2}", "json_malformed"),
        ("in Graz, please", "raw_text"),
        ("send_mail(to='me')", "raw_text"),
        ("get_weather('Graz')", "raw_text"),
        ("get_weather(**{'city': 'Graz'})", "raw_text"),
        ("city=__import__('os').getcwd()", "raw_text"),
        ("x=1), get_weather(y=2", "raw_text"),
        ("x=1, x=2", "raw_text"),
        ("x=1 y=2", "raw_text"),
        ("x=f'{y}'", "raw_text"),
        ("x=b'y'", "raw_text"),
        ("x=1j", "raw_text"),
        ("x=1e999", "raw_text"),
        ("x=" + "9" * 5000, "raw_text"),
        ("x=[1 2]", "raw_text"),
        ("x='''", "raw_text"),
        ("x=" + "[" * 40 + "]" * 40, "raw_text"),
        ("x=" + "(" * 9000 + ")" * 9000, "raw_text"),
        ("x=" + "'a'" * 9000 + "b", "raw_text"),
        ("  x=1\n y=2", "raw_text"),
        ("{'a' 1}", "json_malformed"),
        ("{'a': 1 'b': 2}", "json_malformed"),
        ("(" * 500, "raw_text"),
        ("-" * 30000 + "1", "raw_text"),
        ("'\\d'", "raw_text"),
        ("x" * 70000, "raw_text"),
    ],
)
def test_arguments_that_make_none_are_kept_and_marked(
    server: MockServer, text: str, kind: str
) -> None:
    call = call_with(server, text)
    assert call.arguments == {"_raw_arguments": text}
    assert (call.argument_format, call.raw_arguments) == (kind, text)
    assert call.has_unresolved_arguments
    assert call.normalization_error


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
NAMES = st.from_regex(r"[a-z_]{1,8}", fullmatch=True).filter(lambda name: not iskeyword(name))


@settings(max_examples=30)
@given(st.dictionaries(st.text(), JSON))
def test_whatever_python_writes_is_read(said: dict[str, Any]) -> None:
    found, meta = normalized(repr(said), "f")
    assert found == said
    assert meta["argument_format"] in ("json_object", "python_dict")
    assert normalized(json.dumps(said), "f") == (said, {"argument_format": "json_object"})


@settings(max_examples=30)
@given(st.dictionaries(NAMES, JSON, min_size=1))
def test_whatever_python_would_call_is_read(said: dict[str, Any]) -> None:
    text = ", ".join(f"{name}={value!r}" for name, value in said.items())
    assert normalized(text, "f") == (said, {"argument_format": "python_kwargs"})
    assert normalized(f"f({text})", "f") == (said, {"argument_format": "python_call"})


@settings(max_examples=30)
@given(st.text() | st.text("{}[]()'\"=,:-. \n\\abf1"))
def test_any_text_is_arguments_or_kept_as_it_is(text: str) -> None:
    found, meta = normalized(text, "f")
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    if meta.get("arguments_unresolved"):
        assert found == {"_raw_arguments": text}


def test_they_go_back_as_a_json_object(server: MockServer) -> None:
    call = call_with(server, "city='Graz'")
    server.reply("m", text_reply("Sunny"))
    answer = Message(Role.ASSISTANT, "", (call,))
    result = Message(Role.TOOL, "sunny", tool_call_id=call.id)
    ask(create_provider(at(server), "m"), [*HELLO, answer, result])
    sent = server.requests[1].json()["messages"][1]["tool_calls"][0]
    assert json.loads(sent["function"]["arguments"]) == {"city": "Graz"}


def test_a_call_of_ones_own_says_what_it_knows() -> None:
    old = ToolCall("1", "f", {"_raw_arguments": "x"})
    assert (old.raw_arguments, old.has_unresolved_arguments, old.argument_format) == (
        "x",
        True,
        None,
    )
    assert not ToolCall("1", "f", {"a": 1}).has_unresolved_arguments
