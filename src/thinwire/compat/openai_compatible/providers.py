"""Providers of models: any server with OpenAI's API, OpenRouter, Ollama.

Each has one AsyncClient and one Client, made when they are first used, and lists the models of its
server, kept for five minutes. A made-up list stands in where there is none, as its document says,
but never after a refusal: a bad key must not look fine.
"""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Self

from thinwire import AsyncClient, Client, Deployment, RetryPolicy, ThinwireError, Timeouts
from thinwire._public import public
from thinwire.compat.openai_compatible.chat_model import ChatModel
from thinwire.compat.openai_compatible.types import ModelInfo, ProviderType

_log = logging.getLogger("thinwire.compat.openai_compatible")

DEFAULT_BASE_URL = "https://openrouter.ai/api/v1"
_NAMES = {
    "openrouter": "OpenRouter",
    "openai": "OpenAI",
    "together": "Together AI",
    "azure": "Azure OpenAI",
}
_KEYS = ("authorization", "api-key", "x-api-key")  # headers that say who asks
_REFUSALS = ("auth", "quota", "rate_limit")
_STAND_INS = (("gpt-4", "GPT-4", 8192), ("gpt-3.5-turbo", "GPT-3.5 Turbo", 4096),
              ("claude-3-sonnet", "Claude 3 Sonnet", 200000))  # fmt: skip
_LIST_S = 10


@public
class LLMProvider(ABC):
    """Base of all providers.

    Args:
        provider_type: what it is.
    """

    def __init__(self, provider_type: ProviderType) -> None:
        self.provider_type = provider_type
        self._is_healthy = True
        self._async_client: AsyncClient | None = None
        self._client: Client | None = None
        self._making = threading.Lock()  # threads have one client in common

    @property
    @abstractmethod
    def name(self) -> str:
        """Its name for people."""

    @property
    @abstractmethod
    def is_configured(self) -> bool:
        """Whether it has what it needs."""

    @property
    @abstractmethod
    def deployment(self) -> Deployment:
        """Where its models are asked."""

    @abstractmethod
    async def list_models(self) -> list[ModelInfo]:
        """The models it has."""

    async def create_llm(self, model_name: str, **kwargs: Any) -> ChatModel:
        """A chat model; `temperature` is 0.7 unless it is said, None leaves it out.

        Args:
            model_name: id of the model; it may have any characters.
            kwargs: fields of each request.

        Raises:
            ValueError: the provider is not configured.
        """
        if not self.is_configured:
            raise ValueError(f"{self.name} provider is not configured with API key")
        kwargs.pop("streaming", None)  # invoke and stream say it
        return ChatModel(self, model_name, **{"temperature": 0.7, **kwargs})

    async def health_check(self) -> bool:
        """Whether its server answers, and takes the key; kept for `is_healthy`."""
        try:
            await self.async_client().models(refresh=True, fallback=(), timeouts=_LIST_S)
        except (ThinwireError, ValueError) as error:
            _log.warning("%s is not healthy: %s", self.name, error)
            self.set_health_status(False)
        else:
            self.set_health_status(True)
        return self.is_healthy()

    async def get_model_info(self, model_name: str) -> ModelInfo | None:
        """The model of that name, None if it has none."""
        return next((one for one in await self.list_models() if one.name == model_name), None)

    def is_healthy(self) -> bool:
        """What the last health check found; True before the first."""
        return self._is_healthy

    def set_health_status(self, is_healthy: bool) -> None:
        """Sets what `is_healthy` says."""
        self._is_healthy = is_healthy

    def async_client(self) -> AsyncClient:
        """The client for asyncio; any id is a model of it."""
        if self._async_client is None:
            self._async_client = AsyncClient(None, {"*": self.deployment}, log=_told())
        return self._async_client

    def client(self) -> Client:
        """The client for programs without an event loop."""
        with self._making:
            if self._client is None:
                self._client = Client(None, {"*": self.deployment}, log=_told())
        return self._client

    async def aclose(self) -> None:
        """Closes the connections of both clients. Idempotent."""
        if self._async_client is not None:
            await self._async_client.aclose()
        self.close()

    def close(self) -> None:
        """Closes those of programs without an event loop. Idempotent."""
        if self._client is not None:
            self._client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


@public
class OpenAICompatibleProvider(LLMProvider):
    """Any server with OpenAI's API.

    Args:
        api_key: is needed; it goes as a Bearer token, unless a custom header says who asks.
        base_url: address of the API.
        provider_name: its name for people; None: found out from the host.
        custom_headers: of each request.
        timeout: longest single wait, in seconds.
        max_retries: how often a request is tried again.
        options: further arguments of Deployment, e.g. `allow_insecure_http=True`.

    Raises:
        ValueError: the address or a header cannot be used.
    """

    def __init__(
        self,
        api_key: str,
        base_url: str = DEFAULT_BASE_URL,
        provider_name: str | None = None,
        custom_headers: Mapping[str, str] | None = None,
        *,
        timeout: float = 30,
        max_retries: int = 3,
        **options: Any,
    ) -> None:
        super().__init__(ProviderType.OPENAI_COMPATIBLE)
        self.api_key = api_key or ""
        self.base_url = base_url.rstrip("/")
        self.custom_headers = dict(custom_headers or {})
        if any(name.lower() in _KEYS for name in self.custom_headers):
            options = {"auth": "none", **options}
        self._deployment = Deployment(
            base_url,
            self.api_key,
            extra_headers=self.custom_headers,
            timeouts=_waits(timeout),
            retry=RetryPolicy(max_retries + 1),
            **options,
        )
        found = _NAMES.get(self._deployment.provider, "OpenAI Compatible")
        self._provider_name = provider_name or found

    @property
    def name(self) -> str:
        """See LLMProvider."""
        return self._provider_name

    @property
    def is_configured(self) -> bool:
        """Whether it has a key."""
        return bool(self.api_key)

    @property
    def deployment(self) -> Deployment:
        """See LLMProvider."""
        return self._deployment

    async def list_models(self) -> list[ModelInfo]:
        """The models that its server lists, in any form; where there is no list, or no server,
        three that many have, with `listed=False`.

        Raises:
            ThinwireError: the server refuses: a bad key, no credit, a limit.
        """
        try:
            entries = await self.async_client().models(fallback=(), timeouts=_LIST_S)
        except ThinwireError as error:
            if error.kind in _REFUSALS:
                raise
            _log.warning("%s lists no models, others stand in: %s", self.name, error)
            entries = []
        if not entries:
            return [
                ModelInfo(name, self.provider_type, shown, None, length, listed=False)
                for name, shown, length in _STAND_INS
            ]
        return [
            ModelInfo(
                entry.id,
                self.provider_type,
                entry.id.split("/")[-1],
                f"Model from {self.name}",
                entry.context_length,
                supports_tools=entry.tools is not False,
            )
            for entry in entries
        ]


@public
class OpenRouterProvider(OpenAICompatibleProvider):
    """OpenRouter.

    Args:
        api_key, base_url, options: see OpenAICompatibleProvider.
    """

    def __init__(self, api_key: str, base_url: str = DEFAULT_BASE_URL, **options: Any) -> None:
        options = {"provider": "openrouter", **options}
        super().__init__(api_key, base_url, "OpenRouter", **options)
        self.provider_type = ProviderType.OPENROUTER


@public
class OllamaProvider(LLMProvider):
    """Ollama, which needs no key.

    Args:
        base_url: address of the server, without "/v1".
        timeout: longest single wait, in seconds; a model may have to be loaded first.
        max_retries: how often a request is tried again.
        options: further arguments of Deployment.
    """

    def __init__(
        self,
        base_url: str = "http://localhost:11434",
        *,
        timeout: float = 120,
        max_retries: int = 3,
        **options: Any,
    ) -> None:
        super().__init__(ProviderType.OLLAMA)
        self.base_url = base_url.rstrip("/")
        self._deployment = Deployment(
            self.base_url + "/v1",
            "",
            timeouts=_waits(timeout),
            retry=RetryPolicy(max_retries + 1),
            **{"provider": "ollama", "models_path": "//api/tags", **options},
        )

    @property
    def name(self) -> str:
        """See LLMProvider."""
        return "Ollama"

    @property
    def is_configured(self) -> bool:
        """Always: it has an address."""
        return True

    @property
    def deployment(self) -> Deployment:
        """See LLMProvider."""
        return self._deployment

    async def create_llm(self, model_name: str, **kwargs: Any) -> ChatModel:
        """See LLMProvider.

        Raises:
            ValueError: Ollama does not have the model.
        """
        found = await self.get_model_info(model_name)
        if found is None:
            raise ValueError(f"Model {model_name!r} not found in Ollama")
        return await super().create_llm(found.name, **kwargs)

    async def get_model_info(self, model_name: str) -> ModelInfo | None:
        """The model of that name; without a tag, its latest."""
        models = {one.name: one for one in await self.list_models()}
        return models.get(model_name) or models.get(model_name + ":latest")

    async def list_models(self) -> list[ModelInfo]:
        """The models that it has; none where it is not to be reached."""
        try:
            entries = await self.async_client().models(fallback=(), timeouts=_LIST_S)
        except ThinwireError as error:
            _log.warning("Ollama at %s lists no models: %s", self.base_url, error)
            self.set_health_status(False)
            return []
        self.set_health_status(True)
        return [
            ModelInfo(
                entry.id,
                self.provider_type,
                entry.id.partition(":")[0],
                f"Ollama model: {entry.id}",
                entry.context_length,
                supports_tools=entry.tools is not False,
            )
            for entry in entries
        ]


def _told() -> Callable[[str, str, dict[str, object]], None] | None:
    # Names, counts and times of each call, for who wants them; never texts or keys.
    if not _log.isEnabledFor(logging.DEBUG):
        return None
    return lambda level, event, fields: _log.debug("%s: %s %s", level, event, fields)


def _waits(seconds: float) -> Timeouts:
    return Timeouts(seconds, seconds, seconds, seconds, None, seconds)
