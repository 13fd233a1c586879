"""The face for an OpenAI-compatible provider behind a registry, against real servers: its
settings, names, lists, health, resolution, and the chat models that it gives.
"""

import asyncio
import json
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from support.order import soon
from support.page_examples import run

import thinwire
from thinwire.compat.openai_compatible import (
    AIMessage,
    AIMessageChunk,
    ChatModel,
    LLMProvider,
    LLMProviderRegistry,
    ModelInfo,
    OllamaProvider,
    OpenAICompatibleProvider,
    OpenAISettings,
    OpenRouterProvider,
    ProviderType,
    get_llm,
    initialize_llm_providers,
    provider_registry,
)
from thinwire.testing import (
    DONE,
    MockServer,
    cut_reply,
    sse_event,
    sse_reply,
    stall_reply,
    status_reply,
    text_reply,
    tool_reply,
)

KEY = "sk-compatible-secret"
LOGGER = "thinwire.compat.openai_compatible"


class Lists(ThreadingHTTPServer):
    """A server of lists of models: `answer` is what it says, `seen` what it was asked."""

    daemon_threads = True
    answer: tuple[int, Any] = (200, {"data": []})

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Lists

    def log_message(self, *_: object) -> None:
        """Silence."""

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((self.path, headers))
        status, body = self.server.answer
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def lists() -> Iterator[Lists]:
    with Lists() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in (
        "OPENAI_COMPATIBLE_API_KEY",
        "OPENROUTER_API_KEY",
        "DEFAULT_MODEL",
        "PREFERRED_PROVIDER",
        "ENABLE_FALLBACK",
        "OLLAMA_BASE_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    yield
    provider_registry.clear()
    logging.getLogger(LOGGER).setLevel(logging.NOTSET)


def provider_at(base_url: str, **options: Any) -> OpenAICompatibleProvider:
    return OpenAICompatibleProvider(KEY, base_url, **options)


def nowhere() -> str:
    """An address where nobody listens."""
    with MockServer() as gone:
        return gone.base_url


async def listed(provider: LLMProvider) -> list[ModelInfo]:
    async with provider:
        return await provider.list_models()


# The page's programs, and each block of variables of its document.


def run_example(number: int, server: MockServer) -> None:
    address = {"https://openrouter.ai/api/v1": server.base_url}
    run("migrating/openai_compatible", number, address)


def test_the_program_of_the_page(server: MockServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.reply("my-model", text_reply("Hello there"), text_reply("Hello again"))
    run_example(1, server)
    name, count, *rest = capsys.readouterr().out.splitlines()
    assert name == "OpenAI Compatible True"
    assert int(count) > 1
    assert rest == ["Hello there", "Hello again"]
    assert server.requests[-1].header("x-custom-header") == "value"


def test_the_program_of_the_registry(
    server: MockServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.reply("deepseek/deepseek-r1:free", text_reply("Hello there"))
    run_example(2, server)
    assert capsys.readouterr().out.splitlines() == [
        "OpenAI Compatible deepseek/deepseek-r1:free",
        "Hello there",
    ]


@pytest.mark.parametrize(
    ("variables", "name", "url"),
    [
        (
            'OPENAI_COMPATIBLE_ENABLED=true\nOPENAI_COMPATIBLE_API_KEY=k\n'
            'OPENAI_COMPATIBLE_BASE_URL=https://your-provider.com/api/v1\n'
            'OPENAI_COMPATIBLE_PROVIDER_NAME=YourProvider\n'
            'OPENAI_COMPATIBLE_CUSTOM_HEADERS={"X-Custom-Header": "value"}',
            "YourProvider",
            "https://your-provider.com/api/v1/chat/completions",
        ),
        (
            "OPENROUTER_API_KEY=k\nOPENROUTER_BASE_URL=https://openrouter.ai/api/v1\n"
            "PREFERRED_PROVIDER=openrouter",
            "OpenRouter",
            "https://openrouter.ai/api/v1/chat/completions",
        ),
        ("OPENROUTER_API_KEY=k", "OpenRouter", "https://openrouter.ai/api/v1/chat/completions"),
        (
            "OPENAI_COMPATIBLE_API_KEY=k\nPREFERRED_PROVIDER=openai_compatible",
            "OpenRouter",
            "https://openrouter.ai/api/v1/chat/completions",
        ),
        (
            "OPENAI_COMPATIBLE_API_KEY=k\nOPENAI_COMPATIBLE_BASE_URL=https://api.openai.com/v1",
            "OpenAI",
            "https://api.openai.com/v1/chat/completions",
        ),
        (
            "OPENAI_COMPATIBLE_API_KEY=k\nOPENAI_COMPATIBLE_BASE_URL=https://api.together.xyz/v1",
            "Together AI",
            "https://api.together.xyz/v1/chat/completions",
        ),
        (
            "OPENAI_COMPATIBLE_API_KEY=k\n"
            "OPENAI_COMPATIBLE_BASE_URL=https://your-resource.openai.azure.com/\n"
            'OPENAI_COMPATIBLE_CUSTOM_HEADERS={"api-key": "k"}',
            "Azure OpenAI",
            "https://your-resource.openai.azure.com/openai/v1/chat/completions",
        ),
    ],
)  # fmt: skip
def test_each_block_of_variables_of_its_document(variables: str, name: str, url: str) -> None:
    environ = dict(line.split("=", 1) for line in variables.splitlines())
    registry = initialize_llm_providers(environ, LLMProviderRegistry())
    provider = registry.get_default_provider()
    assert provider is not None
    assert provider.name == name
    assert provider.is_configured
    deployment = provider.deployment
    assert f"{deployment.url.origin()}{deployment.url.target('/chat/completions')}" == url


# Settings.


def test_limits_of_the_environment_are_obeyed(server: MockServer) -> None:
    environ = {
        "OPENAI_COMPATIBLE_API_KEY": KEY,
        "OPENAI_COMPATIBLE_BASE_URL": server.base_url,
        "OPENAI_COMPATIBLE_TIMEOUT": "0.2",
        "OPENAI_COMPATIBLE_MAX_RETRIES": "1",
    }
    server.reply("m", stall_reply("before_head"), stall_reply("before_head"), text_reply("Hi"))
    provider = OpenAISettings.from_env(environ).provider()
    assert provider is not None

    async def main() -> None:
        async with provider:
            llm = await provider.create_llm("m")
            with pytest.raises(thinwire.AllAttemptsFailed, match="first token"):
                await llm.ainvoke("Hi")

    asyncio.run(main())
    assert len(server.requests) == 2


def test_a_key_goes_over_no_network_in_plain_text_unless_told_so() -> None:
    environ = {
        "OPENAI_COMPATIBLE_API_KEY": KEY,
        "OPENAI_COMPATIBLE_BASE_URL": "http://192.168.1.5:8000/v1",
    }
    with pytest.raises(ValueError, match="plain text") as caught:
        OpenAISettings.from_env(environ).provider()
    assert KEY not in str(caught.value)
    environ["OPENAI_COMPATIBLE_ALLOW_INSECURE_HTTP"] = "true"
    assert OpenAISettings.from_env(environ).provider() is not None


def test_the_defaults_are_those_of_its_document() -> None:
    said = OpenAISettings.from_env({})
    assert (said.enabled, said.api_key, said.provider_name) == (True, None, None)
    assert said.base_url == "https://openrouter.ai/api/v1"
    assert said.default_model == "anthropic/claude-3.5-sonnet"
    assert (said.custom_headers, said.timeout, said.max_retries) == ({}, 30, 3)
    assert said.provider() is None
    limits = provider_at("https://a.example/v1").deployment
    assert limits.timeouts is not None
    assert limits.retry is not None
    assert (limits.timeouts.first_token, limits.retry.attempts) == (30000, 4)


def test_a_provider_that_is_switched_off_leaves_the_older_variables() -> None:
    environ = {
        "OPENAI_COMPATIBLE_API_KEY": KEY,
        "OPENAI_COMPATIBLE_ENABLED": "false",
        "OPENROUTER_API_KEY": "other",
        "DEFAULT_MODEL": "a/b",
    }
    said = OpenAISettings.from_env(environ)
    assert (said.api_key, said.legacy, said.default_model) == ("other", True, "a/b")
    assert isinstance(said.provider(), OpenRouterProvider)
    del environ["OPENROUTER_API_KEY"]
    assert OpenAISettings.from_env(environ).provider() is None


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"OPENAI_COMPATIBLE_ENABLED": "perhaps"}, "OPENAI_COMPATIBLE_ENABLED is true or false"),
        ({"OPENAI_COMPATIBLE_TIMEOUT": "soon"}, "OPENAI_COMPATIBLE_TIMEOUT is a number"),
        ({"OPENAI_COMPATIBLE_CUSTOM_HEADERS": KEY}, "CUSTOM_HEADERS is no JSON object of texts"),
        ({"OPENAI_COMPATIBLE_CUSTOM_HEADERS": '{"a": 1}'}, "no JSON object of texts"),
        ({"PREFERRED_PROVIDER": "gemini"}, "PREFERRED_PROVIDER=gemini is none of"),
        ({"LOG_LEVEL": "LOUD"}, "LOUD"),
    ],
)
def test_a_variable_that_cannot_be_is_named(environ: dict[str, str], words: str) -> None:
    registry = LLMProviderRegistry()
    registry.register_provider(provider_at("https://a.example/v1"))
    with pytest.raises(ValueError, match=words) as caught:
        initialize_llm_providers(environ, registry)
    assert KEY not in str(caught.value)
    assert len(registry.list_providers()) == 1  # as it was


def test_ollama_is_there_unless_it_is_switched_off() -> None:
    environ = {"OPENROUTER_API_KEY": KEY, "PREFERRED_PROVIDER": "ollama"}
    environ["OLLAMA_BASE_URL"] = "http://127.0.0.1:1234"
    registry = initialize_llm_providers(environ, LLMProviderRegistry())
    ollama = registry.get_default_provider()
    assert isinstance(ollama, OllamaProvider)
    assert ollama.base_url == "http://127.0.0.1:1234"
    assert [one.name for one in registry.list_configured_providers()] == ["Ollama", "OpenRouter"]
    environ["OLLAMA_ENABLED"] = "no"
    registry = initialize_llm_providers(environ, registry)
    default = registry.get_default_provider()
    assert default is not None
    assert default.name == "OpenRouter"


# Providers.


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://openrouter.ai/api/v1", "OpenRouter"),
        ("https://api.openai.com/v1", "OpenAI"),
        ("https://api.together.xyz/v1", "Together AI"),
        ("https://api.together.ai/v1", "Together AI"),
        ("https://me.openai.azure.com", "Azure OpenAI"),
        ("https://your-custom-provider.com/v1", "OpenAI Compatible"),
        ("https://evil.example/?x=openrouter.ai", "OpenAI Compatible"),
        ("https://openrouter.ai.evil.example/v1", "OpenAI Compatible"),
        ("https://api.groq.com/openai/v1", "OpenAI Compatible"),
    ],
)
def test_a_name_is_that_of_the_host(url: str, name: str) -> None:
    assert provider_at(url).name == name
    assert provider_at(url, provider_name="Mine").name == "Mine"


def test_types_and_defaults() -> None:
    plain, router = OpenAICompatibleProvider("k"), OpenRouterProvider("k")
    assert plain.base_url == router.base_url == "https://openrouter.ai/api/v1"
    assert (plain.provider_type, plain.name) == (ProviderType.OPENAI_COMPATIBLE, "OpenRouter")
    assert (router.provider_type, router.name) == (ProviderType.OPENROUTER, "OpenRouter")
    assert isinstance(router, OpenAICompatibleProvider)
    assert OllamaProvider().base_url == "http://localhost:11434"
    assert not OpenAICompatibleProvider("").is_configured
    with pytest.raises(ValueError, match="not configured with API key"):
        asyncio.run(OpenAICompatibleProvider("").create_llm("m"))


SHAPES: list[tuple[Any, list[tuple[str, int | None]]]] = [
    ({"data": [{"id": "a/one"}, {"id": "two:free"}]}, [("a/one", None), ("two:free", None)]),
    ({"data": [{"model": "one", "context_length": 8192}]}, [("one", 8192)]),
    ([{"id": "one", "context_length": 4096}, {"name": "two"}], [("one", 4096), ("two", None)]),
    ({"models": ["one", "two"]}, [("one", None), ("two", None)]),
    ({"data": [{"id": None}, {}, {"id": "one"}]}, [("one", None)]),
]


@pytest.mark.parametrize(("document", "models"), SHAPES)
def test_a_list_is_read_in_each_of_its_shapes(
    lists: Lists, document: Any, models: list[tuple[str, int | None]]
) -> None:
    lists.answer = (200, document)
    found = asyncio.run(listed(provider_at(lists.url + "/v1")))
    assert [(one.name, one.context_length) for one in found] == models
    assert [one.listed for one in found] == [True] * len(models)
    assert found[0].display_name == models[0][0].split("/")[-1]
    assert found[0].provider == ProviderType.OPENAI_COMPATIBLE
    assert (found[0].supports_streaming, found[0].supports_tools) == (True, True)
    path, headers = lists.seen[0]
    assert path.startswith("/v1/models")
    assert headers["authorization"] == "Bearer " + KEY


def test_a_list_is_asked_for_once_in_five_minutes(lists: Lists) -> None:
    lists.answer = (200, {"data": [{"id": "one"}]})

    async def main() -> None:
        async with provider_at(lists.url) as provider:
            assert (await provider.get_model_info("one")) is not None
            assert (await provider.get_model_info("two")) is None

    asyncio.run(main())
    assert len(lists.seen) == 1


@pytest.mark.parametrize("answer", [(404, {}), (503, {}), (200, b"<html>"), (200, {"data": []})])
def test_others_stand_in_where_there_is_no_list(
    lists: Lists, answer: tuple[int, Any], caplog: pytest.LogCaptureFixture
) -> None:
    lists.answer = answer
    found = asyncio.run(listed(provider_at(lists.url, max_retries=0)))
    assert [one.name for one in found] == ["gpt-4", "gpt-3.5-turbo", "claude-3-sonnet"]
    assert [one.context_length for one in found] == [8192, 4096, 200000]
    assert [one.listed for one in found] == [False] * 3


def test_others_stand_in_where_nobody_is_there(caplog: pytest.LogCaptureFixture) -> None:
    found = asyncio.run(listed(provider_at(nowhere(), max_retries=0)))
    assert [one.listed for one in found] == [False] * 3
    assert "others stand in" in caplog.text
    assert KEY not in caplog.text


@pytest.mark.parametrize("status", [401, 403, 402, 429])
def test_nobody_stands_in_after_a_refusal(lists: Lists, status: int) -> None:
    lists.answer = (status, {"error": {"message": "no " + KEY}})
    with pytest.raises(thinwire.ThinwireError) as caught:
        asyncio.run(listed(provider_at(lists.url, max_retries=0)))
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "healthy"),
    [((200, {"data": [{"id": "m"}]}), True), ((401, {}), False), ((500, {}), False)],
)
def test_health_is_whether_the_list_is_given(
    lists: Lists, answer: tuple[int, Any], healthy: bool
) -> None:
    lists.answer = answer

    async def main() -> None:
        async with provider_at(lists.url, max_retries=0) as provider:
            assert provider.is_healthy()
            assert await provider.health_check() is healthy
            assert provider.is_healthy() is healthy

    asyncio.run(main())


def test_who_is_not_there_is_not_healthy() -> None:
    async def main() -> None:
        async with provider_at(nowhere(), max_retries=0) as provider:
            assert not await provider.health_check()
        async with OllamaProvider(nowhere(), max_retries=0) as ollama:
            assert not await ollama.health_check()
            assert await ollama.list_models() == []
            assert not ollama.is_healthy()

    asyncio.run(main())


def test_custom_headers_and_who_asks(server: MockServer) -> None:
    server.reply("m", *[text_reply("Hi")] * 3)
    for headers in ({"X-Team": "a"}, {"X-API-Key": KEY}, {"api-key": KEY}):
        provider = provider_at(server.base_url, custom_headers=headers)

        async def use(provider: LLMProvider = provider) -> None:
            async with provider:
                await (await provider.create_llm("m")).ainvoke("Hi")

        asyncio.run(use())
    first, second, third = server.requests
    assert (first.header("x-team"), first.header("authorization")) == ("a", "Bearer " + KEY)
    assert (second.header("x-api-key"), second.header("authorization")) == (KEY, None)
    assert (third.header("api-key"), third.header("authorization")) == (KEY, None)


TAGS = {
    "models": [
        {"name": "llama2:latest", "details": {"context_length": 4096}},
        {"name": "qwen3:8b", "capabilities": ["completion", "tools"]},
    ]
}


def test_ollama_lists_its_tags(lists: Lists) -> None:
    lists.answer = (200, TAGS)

    async def main() -> None:
        async with OllamaProvider(lists.url) as provider:
            found = await provider.list_models()
            assert [(one.name, one.display_name) for one in found] == [
                ("llama2:latest", "llama2"),
                ("qwen3:8b", "qwen3"),
            ]
            assert found[0].context_length == 4096
            assert await provider.health_check()
            llm = await provider.create_llm("llama2")
            assert llm.model_name == "llama2:latest"
            with pytest.raises(ValueError, match="'gpt-4' not found in Ollama"):
                await provider.create_llm("gpt-4")

    asyncio.run(main())
    path, headers = lists.seen[0]
    assert path == "/api/tags"
    assert "authorization" not in headers


# The registry.


@pytest.fixture
def registry(lists: Lists, server: MockServer) -> LLMProviderRegistry:
    """A registry with a server of models, and Ollama."""
    lists.answer = (200, TAGS)
    found = LLMProviderRegistry()
    found.register_provider(provider_at(server.base_url, max_retries=0))
    found.register_provider(OllamaProvider(lists.url))
    for name in ("gpt-4", "deepseek-r1:free", "ollama/llama2"):
        server.reply(name, text_reply("Hi"))
    return found


def resolved(registry: LLMProviderRegistry, name: str) -> tuple[str, str]:
    async def main() -> tuple[str, str]:
        try:
            provider, model = await registry.resolve_model(name)
        finally:
            await registry.aclose()
        return provider.provider_type.value, model

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("openai_compatible:gpt-4", ("openai_compatible", "gpt-4")),
        ("openai_compatible:any/thing:free", ("openai_compatible", "any/thing:free")),
        ("openrouter:gpt-4", ("openai_compatible", "gpt-4")),
        ("ollama:llama2", ("ollama", "llama2")),
        ("gpt-4", ("openai_compatible", "gpt-4")),
        ("deepseek-r1:free", ("openai_compatible", "deepseek-r1:free")),
        ("ollama/llama2", ("openai_compatible", "ollama/llama2")),
        ("llama2:latest", ("ollama", "llama2:latest")),
        ("llama2", ("ollama", "llama2:latest")),
    ],
)
def test_what_a_name_means(
    registry: LLMProviderRegistry, name: str, found: tuple[str, str]
) -> None:
    assert resolved(registry, name) == found


def test_a_name_that_means_nothing(registry: LLMProviderRegistry, lists: Lists) -> None:
    with pytest.raises(ValueError, match="'nonsense:x' not found in any configured provider"):
        resolved(registry, "nonsense:x")
    alone = LLMProviderRegistry()
    with pytest.raises(ValueError, match="Provider ollama not registered"):
        resolved(alone, "ollama:llama2")
    alone.register_provider(OpenAICompatibleProvider(""))
    with pytest.raises(ValueError, match="Provider openrouter not configured"):
        resolved(alone, "openrouter:x")
    lists.answer = (401, {})
    alone.register_provider(provider_at(lists.url, max_retries=0))
    with pytest.raises(ValueError, match="could not be asked: status 401"):
        resolved(alone, "x")


def test_the_older_name_of_the_type_means_the_same() -> None:
    registry = LLMProviderRegistry()
    assert registry.get_provider(ProviderType.OPENROUTER) is None
    assert registry.get_default_provider() is None
    router = OpenRouterProvider("k")
    registry.register_provider(router)
    assert registry.get_provider(ProviderType.OPENROUTER) is router
    assert registry.get_provider(ProviderType.OPENAI_COMPATIBLE) is router
    registry.set_default_provider(ProviderType.OPENAI_COMPATIBLE)
    assert registry.get_default_provider() is router
    assert resolved(registry, "openai_compatible:gpt-4") == ("openrouter", "gpt-4")
    with pytest.raises(ValueError, match="ollama not registered"):
        registry.set_default_provider(ProviderType.OLLAMA)
    assert registry.clear() == [router]
    assert registry.list_providers() == []


def test_all_models_and_the_health_of_all(
    registry: LLMProviderRegistry, lists: Lists, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        names = [one.name for one in await registry.list_all_models()]
        assert names[-2:] == ["llama2:latest", "qwen3:8b"]
        assert "gpt-4" in names
        assert await registry.health_check_all() == {
            ProviderType.OPENAI_COMPATIBLE: True,
            ProviderType.OLLAMA: True,
        }
        await registry.aclose()

    asyncio.run(main())
    lists.answer = (401, {})
    other = LLMProviderRegistry()
    other.register_provider(provider_at(lists.url, max_retries=0))

    async def refused() -> None:
        assert await other.list_all_models() == []
        await other.aclose()

    asyncio.run(refused())
    assert "lists no models" in caplog.text


# get_llm.


def environment(monkeypatch: pytest.MonkeyPatch, server: MockServer, **more: str) -> None:
    monkeypatch.setenv("OPENAI_COMPATIBLE_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_COMPATIBLE_BASE_URL", server.base_url)
    monkeypatch.setenv("OPENAI_COMPATIBLE_MAX_RETRIES", "0")
    for name, value in more.items():
        monkeypatch.setenv(name, value)


async def asked(name: str | None = None, **kwargs: Any) -> tuple[ChatModel, str]:
    try:
        llm = await get_llm(name, **kwargs)
        return llm, (await llm.ainvoke("Hi")).content
    finally:
        await provider_registry.aclose()


def test_get_llm_reads_the_environment_once(
    server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment(monkeypatch, server, OLLAMA_ENABLED="false")
    server.reply("anthropic/claude-3.5-sonnet", text_reply("Default"))
    server.reply("m:free", text_reply("Named"))
    _, text = asyncio.run(asked(temperature=0.1, max_tokens=5))
    assert text == "Default"
    sent = server.requests[-1].json()
    assert (sent["temperature"], sent["max_tokens"]) == (0.1, 5)
    monkeypatch.setenv("OPENAI_COMPATIBLE_BASE_URL", "https://elsewhere.example")
    assert asyncio.run(asked("m:free"))[1] == "Named"
    assert server.requests[-1].json()["temperature"] == 0.7


def test_get_llm_takes_another_providers_model_where_it_may(
    server: MockServer,
    lists: Lists,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    environment(monkeypatch, server, OLLAMA_BASE_URL=lists.url)
    lists.answer = (200, TAGS)

    async def main() -> str:
        try:
            return (await get_llm("nonsense")).model_name
        finally:
            await provider_registry.aclose()

    assert asyncio.run(main()) == "llama2:latest"
    assert "'nonsense' not found" in caplog.text
    assert "takes its place" in caplog.text
    monkeypatch.setenv("ENABLE_FALLBACK", "false")
    with pytest.raises(ValueError, match="'nonsense' not found"):
        asyncio.run(main())


def test_get_llm_says_so_where_there_is_nobody(
    lists: Lists, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OLLAMA_ENABLED", "false")
    with pytest.raises(ValueError, match="not found in any configured provider"):
        asyncio.run(asked())
    provider_registry.register_provider(OllamaProvider(nowhere(), max_retries=0))
    lists.answer = (401, {})
    provider_registry.register_provider(provider_at(lists.url, max_retries=0))
    with pytest.raises(ValueError, match="not found"):
        asyncio.run(asked("ollama:nonsense"))


# Chat models.


def chat_with(server: MockServer, prompt: Any, **options: Any) -> AIMessage:
    async def main() -> AIMessage:
        async with provider_at(server.base_url, max_retries=0) as provider:
            return await (await provider.create_llm("m", **options)).ainvoke(prompt)

    return asyncio.run(main())


def test_an_answer_has_what_a_program_of_langchain_looks_for(server: MockServer) -> None:
    server.reply("m", text_reply("Hello there", reasoning="hm"))
    answer = chat_with(server, "Hello", temperature=None, streaming=True, stop=["x"])
    assert (answer.content, answer.text, answer.type) == ("Hello there", "Hello there", "ai")
    assert answer.response_metadata["finish_reason"] == "stop"
    assert answer.response_metadata["model_name"] == "m"
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["output_tokens"] > 0
    assert answer.additional_kwargs["reasoning_content"] == "hm"
    sent = server.requests[0].json()
    assert sent["messages"] == [{"role": "user", "content": "Hello"}]
    assert "temperature" not in sent
    assert sent["stop"] == ["x"]


def test_prompts_in_each_of_their_forms(server: MockServer) -> None:
    server.reply("m", *[text_reply("Hi")] * 3)
    message = SimpleNamespace
    calls = [{"name": "look", "args": {"at": 1}, "id": "c1", "type": "tool_call"}]
    prompt = [
        ("system", "Brief."),
        message(type="human", content="Look"),
        message(type="ai", content="", tool_calls=calls, additional_kwargs={}),
        message(type="tool", content="seen", tool_call_id="c1"),
        {"role": "user", "content": "And?"},
        "Well?",
    ]
    chat_with(server, prompt)
    assert server.requests[0].json()["messages"] == [
        {"role": "system", "content": "Brief."},
        {"role": "user", "content": "Look"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {
                    "id": "c1",
                    "type": "function",
                    "function": {"name": "look", "arguments": '{"at": 1}'},
                }
            ],
        },
        {"role": "tool", "content": "seen", "tool_call_id": "c1"},
        {"role": "user", "content": "And?"},
        {"role": "user", "content": "Well?"},
    ]
    chat_with(server, message(to_messages=lambda: [message(type="human", content="Hi")]))
    chat_with(server, ("human", "Hi"))
    for request in server.requests[1:]:
        assert request.json()["messages"] == [{"role": "user", "content": "Hi"}]


def test_the_signature_of_a_call_goes_back(server: MockServer) -> None:
    call = {
        "index": 0,
        "id": "c",
        "type": "function",
        "function": {"name": "look", "arguments": "{}"},
        "extra_content": {"google": {"thought_signature": "s"}},
    }
    choice = {"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": "tool_calls"}
    server.reply("m", sse_reply(sse_event({"choices": [choice]}), DONE), text_reply("Done"))
    answer = chat_with(server, "Look")
    result = {"role": "tool", "content": "seen", "tool_call_id": "c"}
    chat_with(server, ["Look", answer, result])
    sent = server.requests[1].json()["messages"][1]["tool_calls"][0]
    assert sent["extra_content"] == call["extra_content"]


SCHEMA = {"type": "object", "properties": {"at": {"type": "integer"}}}


def test_a_tool_loop_goes_round(server: MockServer) -> None:
    bad = tool_reply([("look", "not json")])
    server.reply("m", tool_reply([("look", {"at": 1})]), bad, text_reply("Done"))
    tool = SimpleNamespace(
        name="look",
        description="Looks.",
        args_schema=SimpleNamespace(
            model_json_schema=lambda: {"type": "object", "properties": {}}
        ),
    )

    async def main() -> AIMessage:
        async with provider_at(server.base_url, max_retries=0) as provider:
            llm = (await provider.create_llm("m")).bind_tools([tool], tool_choice="auto")
            messages: list[Any] = ["Look"]
            for _ in range(3):
                answer = await llm.ainvoke(messages)
                messages.append(answer)
                for call in answer.tool_calls + answer.invalid_tool_calls:
                    result = {"role": "tool", "content": "seen", "tool_call_id": call["id"]}
                    messages.append(result)
            return answer

    assert asyncio.run(main()).content == "Done"
    sent = server.requests[2].json()
    assert sent["tools"][0]["function"]["name"] == "look"
    assert sent["tool_choice"] == "auto"
    said = [m["tool_calls"][0]["function"] for m in sent["messages"] if m["role"] == "assistant"]
    assert said[0]["arguments"] == '{"at": 1}'
    assert len(sent["messages"]) == 5


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "function", "function": {"name": "f", "parameters": SCHEMA}},
        {"name": "f", "parameters": SCHEMA},
        SimpleNamespace(name="f", description="", args_schema=None, args=SCHEMA["properties"]),
        SimpleNamespace(name="f", description="", args_schema=SCHEMA),
    ],
)
def test_tools_in_each_of_their_forms(server: MockServer, tool: Any) -> None:
    server.reply("m", text_reply("Hi"))
    llm = ChatModel(provider_at(server.base_url), "m").bind_tools([tool])
    llm.invoke("Hi")
    llm.provider.close()
    function = server.requests[0].json()["tools"][0]["function"]
    assert function["name"] == "f"
    assert function["parameters"] == SCHEMA


def test_a_stream_comes_as_it_is_sent_and_adds_up(server: MockServer) -> None:
    server.reply("m", text_reply("One\n\ntwo  three"), tool_reply([("look", {})], text="Wait"))

    async def main() -> tuple[list[AIMessageChunk], AIMessageChunk]:
        async with provider_at(server.base_url) as provider:
            llm = await provider.create_llm("m")
            first = [chunk async for chunk in llm.astream("Hi")]
            whole = AIMessageChunk()
            async for chunk in llm.astream("Hi"):
                whole = whole + chunk
            return first, whole

    chunks, whole = asyncio.run(main())
    assert len(chunks) > 2
    assert "".join(chunk.content for chunk in chunks) == "One\n\ntwo  three"
    assert chunks[-1].response_metadata["finish_reason"] == "stop"
    assert whole.content == "Wait"
    assert whole.tool_calls == [{"name": "look", "args": {}, "id": "call_1", "type": "tool_call"}]
    assert whole.usage_metadata is not None


def test_a_model_works_without_an_event_loop(server: MockServer) -> None:
    provider = provider_at(server.base_url)
    llm = asyncio.run(provider.create_llm("echo"))
    assert llm.invoke("Hi").content == "Hi"
    assert "".join(chunk.content for chunk in llm.stream("Hello there")) == "Hello there"
    assert [one.content for one in llm.batch(["a", "b"])] == ["a", "b"]
    assert llm.bind(max_tokens=3).invoke("Hi").content == "Hi"
    assert server.requests[-1].json()["max_tokens"] == 3
    provider.close()
    provider.close()
    LLMProvider.close(provider_at(server.base_url))


def test_threads_have_one_client_in_common(server: MockServer) -> None:
    provider = provider_at(server.base_url)
    llm = ChatModel(provider, "echo")
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(llm.invoke, f"say {n}") for n in range(40)]
        assert [one.result().content for one in asked] == [f"say {n}" for n in range(40)]
        clients = [pool.submit(provider.client) for _ in range(8)]
        assert len({id(one.result()) for one in clients}) == 1
    provider.close()


def test_many_calls_at_once_do_not_mix(server: MockServer) -> None:
    async def main() -> list[str]:
        async with provider_at(server.base_url) as provider:
            llm = await provider.create_llm("echo")
            return [one.content for one in await llm.abatch([f"say {n}" for n in range(30)])]

    assert asyncio.run(main()) == [f"say {n}" for n in range(30)]


def test_a_call_that_is_left_closes_its_connection(server: MockServer) -> None:
    server.reply("m", stall_reply("mid_stream", text="Hello"), stall_reply("after_head"))

    async def main() -> None:
        async with provider_at(server.base_url) as provider:
            llm = await provider.create_llm("m")
            async for _ in llm.astream("Hi"):
                break
            asking = asyncio.create_task(llm.ainvoke("Hi"))
            await asyncio.to_thread(soon, lambda: len(server.requests) == 2)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking

    asyncio.run(main())
    assert [request.wait() for request in server.requests] == ["client_gone", "client_gone"]


def test_errors_are_thinwires_and_show_no_key(
    server: MockServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.reply("m", status_reply(401, "bad key " + KEY), cut_reply("mid_stream"))
    with caplog.at_level(logging.DEBUG, LOGGER):
        with pytest.raises(thinwire.StatusError) as caught:
            chat_with(server, "Hi")
        llm = ChatModel(provider_at(server.base_url, max_retries=0), "m")
        with pytest.raises(thinwire.StreamInterrupted):
            list(llm.stream("Hi"))
        llm.provider.close()
    shown = f"{caught.value!r} {llm!r} {llm.provider!r} {llm.provider.deployment!r} {caplog.text}"
    shown += repr(OpenAISettings.from_env({"OPENAI_COMPATIBLE_API_KEY": KEY}))
    assert KEY not in shown


def test_debug_logging_tells_of_each_call(
    server: MockServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.reply("m", text_reply("Hello there"))
    initialize_llm_providers({"LOG_LEVEL": "debug", "OLLAMA_ENABLED": "false"})
    assert logging.getLogger(LOGGER).level == logging.DEBUG
    chat_with(server, "secret words")
    assert "llm_" in caplog.text
    assert "secret words" not in caplog.text
    assert "Hello there" not in caplog.text
