"""Asking the exoclaw provider, for its tests."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from exoclaw.providers.types import LLMResponse

from thinwire import Deployment, OpenAIStreamingProvider
from thinwire.testing import MockServer

KEY = "sk-very-secret"
HELLO: list[dict[str, object]] = [{"role": "user", "content": "hello"}]
TOOLS: list[dict[str, object]] = [
    {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
]
T = TypeVar("T")


def provider_for(server: MockServer, *names: str, **options: Any) -> OpenAIStreamingProvider:
    """A provider with a deployment at `server` for each name, by default "m"; first is default."""
    names = names or ("m",)
    deployments = {name: Deployment(base_url=server.base_url, api_key=KEY) for name in names}
    return OpenAIStreamingProvider(names[0], deployments, **options)


def with_fallback(server: MockServer, **options: Any) -> OpenAIStreamingProvider:
    """A provider for "m", with "other" as its fallback."""
    return provider_for(server, "m", "other", fallbacks={"m": ["other"]}, **options)


def using(
    provider: OpenAIStreamingProvider, use: Callable[[OpenAIStreamingProvider], Awaitable[T]]
) -> T:
    """The result of `use`, run with a provider that is closed afterwards."""

    async def main() -> T:
        try:
            return await use(provider)
        finally:
            await provider.close()

    return asyncio.run(main())


def ask(provider: OpenAIStreamingProvider, *args: Any, **options: Any) -> LLMResponse:
    """`provider.chat`, by default with one message."""
    return using(provider, lambda p: p.chat(*(args or (HELLO,)), **options))
