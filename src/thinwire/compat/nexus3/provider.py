"""NEXUS3's providers over AsyncClient: `complete`, `stream`, and the log of the wire.

They differ in what their configuration says, and in nothing else: what a server speaks, and how it
spells reasoning, caching and its key, is thinwire's to know.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Protocol

import thinwire
from thinwire import AsyncClient, ContentDelta, ReasoningDelta, ThinwireError, ToolCallStarted
from thinwire._public import public
from thinwire.compat.nexus3.config import ProviderConfig
from thinwire.compat.nexus3.conversion import message_of, provider_error, wire_messages
from thinwire.compat.nexus3.types import (
    ConfigError,
    Message,
    RawLogCallback,
    StreamComplete,
    StreamEvent,
)

Messages = Iterable[Message | Mapping[str, Any]]
Tools = Sequence[Mapping[str, Any]]
_FORMATS = {
    "openai": "openai_chat",
    "anthropic": "anthropic_content_blocks",
    "responses": "openai_responses",
}


@public
class AsyncProvider(Protocol):
    """What asks a model."""

    async def complete(
        self,
        messages: Messages,
        tools: Tools | None = None,
        dynamic_context: str | None = None,
    ) -> Message:
        """The whole answer; see BaseProvider."""

    def stream(
        self,
        messages: Messages,
        tools: Tools | None = None,
        dynamic_context: str | None = None,
    ) -> AsyncIterator[StreamEvent]:
        """The answer as it arrives; see BaseProvider."""


@public
class BaseProvider:
    """Asks one model of one provider.

    Args:
        config: ProviderConfig, a dict of its fields, or an object with the same attributes.
        model_id: what the server knows the model by.
        raw_log: is told what goes over the wire.
        reasoning: ask the model to reason, in whatever way its server is asked.

    Raises:
        ConfigError: the configuration cannot be.
        ProviderError: the key is not in the environment, or the address is not allowed.
    """

    def __init__(
        self,
        config: object,
        model_id: str,
        raw_log: RawLogCallback | None = None,
        reasoning: bool = False,
    ) -> None:
        self.config = ProviderConfig.model_validate(config)
        self.model_id = model_id
        self._raw_log = raw_log
        self._params: dict[str, Any] = {"reasoning_effort": "high"} if reasoning else {}
        self._deployment = self.config.deployment_of(model_id)
        self._source_format = _FORMATS[self._deployment.dialect]
        self._trust = self.config.trust()
        # One that is listened to, and one that is not: who logs nothing pays nothing for it.
        self._clients: dict[bool, AsyncClient] = {}
        self._client()

    async def complete(
        self,
        messages: Messages,
        tools: Tools | None = None,
        dynamic_context: str | None = None,
    ) -> Message:
        """Waits for the whole answer.

        Args:
            messages: the conversation, Message objects or dicts.
            tools: tool definitions in OpenAI's form.
            dynamic_context: see conversion.wire_messages.

        Raises:
            ProviderError: there is no whole answer.
        """
        sent = wire_messages(messages, dynamic_context)
        try:
            completion = await self._client().chat(sent, tools=tools, **self._params)
        except ThinwireError as error:
            raise provider_error(error) from error
        return message_of(completion, self._source_format)

    async def stream(
        self,
        messages: Messages,
        tools: Tools | None = None,
        dynamic_context: str | None = None,
    ) -> AsyncIterator[StreamEvent]:
        """The answer as it arrives; StreamComplete is the last event of a whole one.

        Args, raises: see `complete`. After a failure there is no StreamComplete.
        """
        sent = wire_messages(messages, dynamic_context)
        try:
            async with self._client().stream(sent, tools=tools, **self._params) as stream:
                async for event in stream:
                    if isinstance(event, (ContentDelta, ReasoningDelta, ToolCallStarted)):
                        yield event
                    elif isinstance(event, thinwire.RefusalDelta):
                        yield ContentDelta(event.text)
                    elif isinstance(event, thinwire.StreamComplete):
                        yield StreamComplete(message_of(event.completion, self._source_format))
        except ThinwireError as error:
            raise provider_error(error) from error

    def set_raw_log_callback(self, callback: RawLogCallback | None) -> None:
        """Who is told what goes over the wire from the next request on; None: nobody."""
        self._raw_log = callback
        self._client()

    async def aclose(self) -> None:
        """Closes the connections. Idempotent; the provider may be used again."""
        for client in self._clients.values():
            await client.aclose()

    async def __aenter__(self) -> "BaseProvider":
        return self

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.config.type!r}, {self.model_id!r})"

    def _client(self) -> AsyncClient:
        heard = self._raw_log is not None
        if heard not in self._clients:
            hooks: dict[str, Any] = {}
            if heard:
                hooks = {
                    name: self._teller(name)
                    for name in ("on_request", "on_response", "on_chunk", "on_stream_complete")
                }
            try:
                self._clients[heard] = AsyncClient(
                    self.model_id, self._deployment, **self._trust, **hooks
                )
            except ValueError as error:
                raise ConfigError(str(error)) from error
        return self._clients[heard]

    def _teller(self, name: str) -> Any:
        # Whoever listens may change while the client stays.
        def tell(*told: object) -> None:
            if self._raw_log is not None:
                getattr(self._raw_log, name)(*told)

        return tell


@public
class OpenAICompatProvider(BaseProvider):
    """A provider that speaks chat completions: OpenRouter, OpenAI, Ollama, vLLM."""


@public
class AzureOpenAIProvider(OpenAICompatProvider):
    """A deployment of Azure OpenAI."""


@public
class AnthropicProvider(BaseProvider):
    """Anthropic's own API."""


OpenRouterProvider = OpenAICompatProvider
_KINDS = {"azure": AzureOpenAIProvider, "anthropic": AnthropicProvider}


@public
def create_provider(
    config: object,
    model_id: str,
    raw_log: RawLogCallback | None = None,
    reasoning: bool = False,
) -> BaseProvider:
    """The provider of a configuration's type; arguments and errors as BaseProvider has them."""
    found = ProviderConfig.model_validate(config)
    kind: type[BaseProvider] = _KINDS.get(found.type, OpenAICompatProvider)
    return kind(found, model_id, raw_log, reasoning)
