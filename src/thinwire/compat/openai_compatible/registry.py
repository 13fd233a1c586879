"""The registry: providers by their type, and which of them has a model."""

import asyncio
import logging

from thinwire import ThinwireError
from thinwire._public import public
from thinwire.compat.openai_compatible.providers import LLMProvider
from thinwire.compat.openai_compatible.types import ModelInfo, ProviderType

_log = logging.getLogger("thinwire.compat.openai_compatible")
_ALIASES = {
    ProviderType.OPENROUTER: ProviderType.OPENAI_COMPATIBLE,
    ProviderType.OPENAI_COMPATIBLE: ProviderType.OPENROUTER,
}


@public
class LLMProviderRegistry:
    """Providers, one of each type."""

    def __init__(self) -> None:
        self._providers: dict[ProviderType, LLMProvider] = {}
        self._default: ProviderType | None = None

    def register_provider(self, provider: LLMProvider) -> None:
        """Adds a provider; the first that is configured is the default."""
        self._providers[provider.provider_type] = provider
        if self._default is None and provider.is_configured:
            self._default = provider.provider_type

    def get_provider(self, provider_type: ProviderType) -> LLMProvider | None:
        """The provider of a type, None if there is none."""
        found = self._providers.get(provider_type)
        other = _ALIASES.get(provider_type)
        return self._providers.get(other) if found is None and other is not None else found

    def get_default_provider(self) -> LLMProvider | None:
        """The provider of names that say none."""
        return None if self._default is None else self._providers.get(self._default)

    def set_default_provider(self, provider_type: ProviderType) -> None:
        """Says which that is.

        Raises:
            ValueError: it is not registered.
        """
        found = self.get_provider(provider_type)
        if found is None:
            raise ValueError(f"Provider {provider_type.value} not registered")
        self._default = found.provider_type

    def list_providers(self) -> list[LLMProvider]:
        """All of them."""
        return list(self._providers.values())

    def list_configured_providers(self) -> list[LLMProvider]:
        """Those that have what they need, the default first."""
        first = self.get_default_provider()
        found = [one for one in self._providers.values() if one.is_configured]
        return sorted(found, key=lambda one: one is not first)

    def clear(self) -> list[LLMProvider]:
        """Forgets all of them, which are returned: to be closed by who made them."""
        found = self.list_providers()
        self._providers.clear()
        self._default = None
        return found

    async def health_check_all(self) -> dict[ProviderType, bool]:
        """Checks those that are configured, at once: type -> whether it is healthy."""
        asked = self.list_configured_providers()
        found = await asyncio.gather(*[one.health_check() for one in asked])
        return {one.provider_type: healthy for one, healthy in zip(asked, found, strict=True)}

    async def resolve_model(self, model_name: str) -> tuple[LLMProvider, str]:
        """Who has a model, and by which name.

        Args:
            model_name: "provider:model" with the name of a type, whoever lists it; else a model
                that some provider lists, the default first. An id may have a ":" of its own.

        Raises:
            ValueError: nobody has it.
        """
        prefix, mark, rest = model_name.partition(":")
        types = {one.value: one for one in ProviderType}
        if mark and prefix in types:
            provider = self.get_provider(types[prefix])
            if provider is None:
                raise ValueError(f"Provider {prefix} not registered")
            if not provider.is_configured:
                raise ValueError(f"Provider {prefix} not configured")
            return provider, rest
        problems = ""
        for provider in self.list_configured_providers():
            try:
                found = await provider.get_model_info(model_name)
            except ThinwireError as error:
                problems += f"; {provider.name} could not be asked: {error}"
                continue
            if found is not None:
                return provider, found.name
        raise ValueError(f"Model {model_name!r} not found in any configured provider{problems}")

    async def list_all_models(self) -> list[ModelInfo]:
        """The models of all configured providers; who cannot be asked is logged."""
        found: list[ModelInfo] = []
        for provider in self.list_configured_providers():
            try:
                found += await provider.list_models()
            except ThinwireError as error:
                _log.error("%s lists no models: %s", provider.name, error)
        return found

    async def aclose(self) -> None:
        """Closes the connections of all providers. Idempotent."""
        for provider in self.list_providers():
            await provider.aclose()


provider_registry = LLMProviderRegistry()
