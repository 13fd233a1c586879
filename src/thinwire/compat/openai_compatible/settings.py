"""What the environment says, and what comes of it: `initialize_llm_providers`, `get_llm`.

Read when they are called, not when this module is loaded; a value that cannot be is an error that
names its variable. Nothing is read from files: a `.env` is its loader's.
"""

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from thinwire import ThinwireError
from thinwire._public import public
from thinwire.compat.openai_compatible.chat_model import ChatModel
from thinwire.compat.openai_compatible.providers import (
    DEFAULT_BASE_URL,
    LLMProvider,
    OllamaProvider,
    OpenAICompatibleProvider,
    OpenRouterProvider,
)
from thinwire.compat.openai_compatible.registry import LLMProviderRegistry, provider_registry
from thinwire.compat.openai_compatible.types import ProviderType

_log = logging.getLogger("thinwire.compat.openai_compatible")
_MODEL = "anthropic/claude-3.5-sonnet"
_YES = {"true": True, "1": True, "yes": True, "on": True}
_NO = {"false": False, "0": False, "no": False, "off": False}


@public
@dataclass(frozen=True)
class OpenAISettings:
    """What OPENAI_COMPATIBLE_* say; where those have no key, what OPENROUTER_* say.

    Args:
        enabled, api_key, base_url, default_model, provider_name, custom_headers: see
            OpenAICompatibleProvider.
        timeout: longest single wait, in seconds.
        max_retries: how often a request is tried again.
        allow_insecure_http: http to other machines than this one, with a key.
        legacy: whether OPENROUTER_* say it.
    """

    enabled: bool = True
    api_key: str | None = field(default=None, repr=False)
    base_url: str = DEFAULT_BASE_URL
    default_model: str = _MODEL
    provider_name: str | None = None
    custom_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout: float = 30
    max_retries: int = 3
    allow_insecure_http: bool = False
    legacy: bool = False

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "OpenAISettings":
        """What the variables say; None: those of this process.

        Raises:
            ValueError: a variable that cannot be.
        """
        read = _Reader("OPENAI_COMPATIBLE_", os.environ if environ is None else environ)
        said = cls(
            read.flag("ENABLED", True),
            read.text("API_KEY"),
            read.text("BASE_URL") or DEFAULT_BASE_URL,
            read.text("DEFAULT_MODEL") or read.text("DEFAULT_MODEL", "") or _MODEL,
            read.text("PROVIDER_NAME"),
            read.headers("CUSTOM_HEADERS"),
            read.number("TIMEOUT", 30),
            int(read.number("MAX_RETRIES", 3)),
            read.flag("ALLOW_INSECURE_HTTP", False),
        )
        key = read.text("API_KEY", "OPENROUTER_")
        if (said.enabled and said.api_key) or not key:
            return said
        return cls(
            api_key=key,
            base_url=read.text("BASE_URL", "OPENROUTER_") or DEFAULT_BASE_URL,
            default_model=said.default_model,
            timeout=said.timeout,
            max_retries=said.max_retries,
            allow_insecure_http=said.allow_insecure_http,
            legacy=True,
        )

    def provider(self) -> OpenAICompatibleProvider | None:
        """The provider that they describe, None where there is no key.

        Raises:
            ValueError: the address or a header cannot be used.
        """
        if not self.enabled or not self.api_key:
            return None
        more: dict[str, Any] = {"timeout": self.timeout, "max_retries": self.max_retries}
        if self.allow_insecure_http:
            more["allow_insecure_http"] = True
        if self.legacy:
            return OpenRouterProvider(self.api_key, self.base_url, **more)
        return OpenAICompatibleProvider(
            self.api_key, self.base_url, self.provider_name, self.custom_headers, **more
        )


@public
def initialize_llm_providers(
    environ: Mapping[str, str] | None = None, registry: LLMProviderRegistry | None = None
) -> LLMProviderRegistry:
    """Registers what the environment says, in place of what was registered.

    PREFERRED_PROVIDER is the default one: openai_compatible, openrouter (the same) or ollama.
    Ollama is there unless OLLAMA_ENABLED=false; OLLAMA_BASE_URL and OLLAMA_TIMEOUT are its.
    LOG_LEVEL is that of the logger thinwire.compat.openai_compatible.

    Args:
        environ: variables by name, None for those of this process.
        registry: None for `provider_registry`.

    Raises:
        ValueError: a variable that cannot be.
    """
    found = provider_registry if registry is None else registry
    read = _Reader("OLLAMA_", os.environ if environ is None else environ)
    provider = OpenAISettings.from_env(environ).provider()
    made: list[LLMProvider] = [] if provider is None else [provider]
    if read.flag("ENABLED", True):
        url = read.text("BASE_URL") or "http://localhost:11434"
        made.append(OllamaProvider(url, timeout=read.number("TIMEOUT", 120)))
    preferred = (read.text("PREFERRED_PROVIDER", "") or "openai_compatible").lower()
    kinds = {one.value: one for one in ProviderType}
    if preferred not in kinds:
        known = ", ".join(kinds)
        raise ValueError(f"PREFERRED_PROVIDER={preferred} is none of {known}")
    level = read.text("LOG_LEVEL", "")
    if level is not None:
        _log.setLevel(level.upper())
    found.clear()
    for one in made:
        found.register_provider(one)
    if found.get_provider(kinds[preferred]) is not None:
        found.set_default_provider(kinds[preferred])
    return found


@public
async def get_llm(model_name: str | None = None, **kwargs: Any) -> ChatModel:
    """A model of `provider_registry`, which is filled from the environment where it is empty.

    Args:
        model_name: see LLMProviderRegistry.resolve_model; None: OPENAI_COMPATIBLE_DEFAULT_MODEL,
            or DEFAULT_MODEL, of the default provider, whatever that lists.
        kwargs: see LLMProvider.create_llm.

    Raises:
        ValueError: nobody has it. Unless ENABLE_FALLBACK=false, the first model of another
            provider takes its place, with a warning, and it is an error only where there is none.
    """
    registry = provider_registry
    if not registry.list_providers():
        initialize_llm_providers()
    read = _Reader("", os.environ)
    asked = registry.get_default_provider()
    name = model_name or OpenAISettings.from_env().default_model
    try:
        if model_name is None and isinstance(asked, OpenAICompatibleProvider):
            return await asked.create_llm(name, **kwargs)
        asked, found = await registry.resolve_model(name)
        return await asked.create_llm(found, **kwargs)
    except ValueError as error:
        if not read.flag("ENABLE_FALLBACK", True):
            raise
        for other in registry.list_configured_providers():
            if other is asked:
                continue
            try:
                models = [one for one in await other.list_models() if one.listed]
            except ThinwireError as failure:
                _log.warning("%s lists no models: %s", other.name, failure)
                continue
            if models:
                _log.warning("%s; %s of %s takes its place", error, models[0].name, other.name)
                return await other.create_llm(models[0].name, **kwargs)
        raise


class _Reader:
    # Reads variables of a prefix; "" and white space say nothing.
    def __init__(self, prefix: str, environ: Mapping[str, str]) -> None:
        self._prefix = prefix
        self._environ = environ

    def text(self, name: str, prefix: str | None = None) -> str | None:
        name = (self._prefix if prefix is None else prefix) + name
        return self._environ.get(name, "").strip() or None

    def flag(self, name: str, usual: bool) -> bool:
        said = self.text(name)
        known = {**_YES, **_NO}
        if said is not None and said.lower() not in known:
            raise ValueError(f"{self._prefix}{name} is true or false, not {said!r}")
        return usual if said is None else known[said.lower()]

    def number(self, name: str, usual: float) -> float:
        said = self.text(name)
        try:
            return usual if said is None else float(said)
        except ValueError:
            raise ValueError(f"{self._prefix}{name} is a number, not {said!r}") from None

    def headers(self, name: str) -> dict[str, str]:
        said = self.text(name)
        try:
            found = json.loads(said or "{}")
        except ValueError:
            found = None
        if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
            # What stands there may be a key.
            raise ValueError(f"{self._prefix}{name} is no JSON object of texts")
        return found
