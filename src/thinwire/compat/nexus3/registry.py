"""NEXUS3's registry: the providers of a configuration, each made when it is first asked for."""

import logging
from collections.abc import Mapping
from typing import Any

from thinwire._public import public
from thinwire.compat.nexus3.config import Config
from thinwire.compat.nexus3.provider import BaseProvider, create_provider
from thinwire.compat.nexus3.types import RawLogCallback

_log = logging.getLogger("thinwire.compat.nexus3")


@public
class ProviderRegistry:
    """Providers by name and model.

    Args:
        config: Config, or the document of a configuration file.
        raw_log: is told what goes over the wire, of each provider.

    Raises:
        ConfigError: the configuration cannot be.
    """

    def __init__(
        self, config: Config | Mapping[str, Any], raw_log: RawLogCallback | None = None
    ) -> None:
        self.config = Config.model_validate(config)
        self._raw_log = raw_log
        self._providers: dict[tuple[str, bool], BaseProvider] = {}
        self._dropped: list[BaseProvider] = []

    def get(self, provider_name: str, model_id: str, reasoning: bool = False) -> BaseProvider:
        """The provider for a model, the same one for the same arguments.

        Raises:
            ConfigError: there is no such provider.
            ProviderError: its key is not in the environment.
        """
        place = (f"{provider_name}:{model_id}", bool(reasoning))
        if place not in self._providers:
            config = self.config.get_provider_config(provider_name)
            self._providers[place] = create_provider(config, model_id, self._raw_log, reasoning)
        return self._providers[place]

    def get_for_model(self, alias: str | None = None) -> BaseProvider:
        """The provider for a model of the configuration, None for its default.

        Raises:
            ConfigError: there is no such model.
            ProviderError: the key of its provider is not in the environment.
        """
        found = self.config.resolve_model(alias)
        return self.get(found.provider_name, found.model_id, found.reasoning)

    def set_raw_log_callback(self, callback: RawLogCallback | None) -> None:
        """Who is told what goes over the wire: of the providers there are, and of new ones."""
        self._raw_log = callback
        for provider in self._providers.values():
            provider.set_raw_log_callback(callback)

    def clear_cache(self) -> None:
        """Forgets the providers, which are made anew; `aclose` closes the old ones, too."""
        self._dropped.extend(self._providers.values())
        self._providers.clear()

    @property
    def cached_providers(self) -> list[str]:
        """The providers that were asked for, as "provider:model"; " (reasoning)" follows where it
        was asked for that.
        """
        return [name + (" (reasoning)" if thinks else "") for name, thinks in self._providers]

    async def aclose(self) -> None:
        """Closes and forgets all providers; what goes wrong there is logged. Idempotent."""
        self.clear_cache()
        while self._dropped:
            provider = self._dropped.pop()
            try:
                await provider.aclose()
            except Exception as error:
                _log.warning("%r could not be closed: %s", provider, error)
