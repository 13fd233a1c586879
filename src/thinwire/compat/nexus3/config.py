"""What a NEXUS3 program writes down: providers, their models, and which one a name means.

Both forms of its configuration file are read: models below their provider, and the older one where
each of them names it. A dict does wherever one of these classes does, and an object with the same
attributes as well; of a pydantic model only what was set counts, so that what a kind of provider
usually needs (PROVIDER_DEFAULTS) takes the place of what nobody has said.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self
from urllib.parse import urlsplit

from thinwire import Deployment, RetryPolicy, Timeouts
from thinwire._public import public
from thinwire.compat.nexus3.types import ConfigError, ProviderError

PROVIDER_DEFAULTS: dict[str, dict[str, str]] = {
    "openrouter": {
        "base_url": "https://openrouter.ai/api/v1",
        "api_key_env": "OPENROUTER_API_KEY",
        "auth_method": "bearer",
    },
    "openai": {
        "base_url": "https://api.openai.com/v1",
        "api_key_env": "OPENAI_API_KEY",
        "auth_method": "bearer",
    },
    "azure": {
        "api_key_env": "AZURE_OPENAI_KEY",
        "auth_method": "api-key",
        "api_version": "2024-02-01",
    },
    "anthropic": {
        "base_url": "https://api.anthropic.com",
        "api_key_env": "ANTHROPIC_API_KEY",
        "auth_method": "x-api-key",
    },
    "ollama": {"base_url": "http://localhost:11434/v1", "auth_method": "none"},
    "vllm": {"base_url": "http://localhost:8000/v1", "auth_method": "none"},
}
_LOCAL = ("localhost", "127.0.0.1", "::1")
_CACHING = ("openrouter", "anthropic")  # the kinds that know breakpoints


@public
@dataclass(frozen=True)
class ProviderConfig:
    """A provider; None stands for what PROVIDER_DEFAULTS has for its type.

    Args:
        type: openrouter, openai, azure, anthropic, ollama or vllm.
        api_key_env: variable of the environment that holds the key.
        base_url: address of the API.
        auth_method: bearer, api-key, x-api-key or none.
        extra_headers: of each request.
        api_version, deployment: for Azure.
        request_timeout: longest single wait, in seconds.
        max_retries: how often a request is tried again, 0 to 10.
        retry_backoff: how the wait grows from one attempt to the next, 1 to 5.
        prompt_caching: set breakpoints for Claude's prompt cache.
        allow_insecure_http: http to other machines than this one.
        verify_ssl: whether certificates are checked.
        ssl_ca_cert: path of a file of CA certificates to trust beside the system's.
        models: alias -> {"id", "context_window", "reasoning", "guidance"}.
        api_key: the key itself, for who has it from elsewhere; not in its repr.

    Raises:
        ConfigError: a number out of its range.
    """

    type: str = "openrouter"
    api_key_env: str | None = None
    base_url: str | None = None
    auth_method: str | None = None
    extra_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    api_version: str | None = None
    deployment: str | None = None
    request_timeout: float = 120.0
    max_retries: int = 3
    retry_backoff: float = 1.5
    prompt_caching: bool = False
    allow_insecure_http: bool = False
    verify_ssl: bool = True
    ssl_ca_cert: str | None = None
    models: Mapping[str, Any] = field(default_factory=dict)
    api_key: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for name, least, most in (("max_retries", 0, 10), ("retry_backoff", 1, 5)):
            if not least <= getattr(self, name) <= most:
                raise ConfigError(f"{name} must be from {least} to {most}")
        if not self.request_timeout > 0:
            raise ConfigError("request_timeout must be more than 0 seconds")

    @classmethod
    def model_validate(cls, given: object) -> Self:
        """What `given` says: a ProviderConfig, a dict, or anything with the same attributes.

        Raises:
            ConfigError: a field that there is not, or one that cannot be.
        """
        if isinstance(given, cls):
            return given
        return cls(**_fields(given, cls, "provider"))

    def value(self, name: str) -> str | None:
        """A field, or what PROVIDER_DEFAULTS has in its place.

        Raises:
            ConfigError: the type is none of those known.
        """
        if self.type not in PROVIDER_DEFAULTS:
            known = ", ".join(PROVIDER_DEFAULTS)
            raise ConfigError(f"Unknown provider type {self.type!r}. Known types: {known}")
        said = getattr(self, name)
        return said if said is not None else PROVIDER_DEFAULTS[self.type].get(name)

    def key(self) -> str:
        """The API key, "" where none is needed.

        Raises:
            ProviderError: it is not in the environment.
            ConfigError: nobody has said which key goes to this address.
        """
        if self.api_key or self.value("auth_method") == "none":
            return self.api_key or ""
        variable = self.api_key_env
        if variable is None:
            variable = self.value("api_key_env")
            if variable is None or not self._is_own(self.base_url):
                raise ConfigError(
                    f"base_url is not that of {self.type} itself: api_key_env has to say whose"
                    " key goes there"
                )
        found = os.environ.get(variable, "").strip()
        if not found:
            raise ProviderError(f"API key not found. Set the environment variable {variable}.")
        return found

    def _is_own(self, base_url: str | None) -> bool:
        # Whether the usual key may go there: to nobody but whose it is, and to this machine.
        host = base_url and urlsplit(base_url).hostname
        if not host or host in _LOCAL:
            return True
        own = urlsplit(PROVIDER_DEFAULTS[self.type].get("base_url", "//azure.com")).hostname
        return f".{host}".endswith(f".{own}")

    def deployment_of(self, model_id: str) -> Deployment:
        """Where thinwire asks for a model of this provider.

        Raises:
            ConfigError, ProviderError: something is missing, or the address is not allowed.
        """
        base_url = self.value("base_url")
        if base_url is None:
            raise ConfigError(f"a provider of type {self.type} needs its base_url")
        validate_base_url(base_url, self.allow_insecure_http)
        version = self.value("api_version") if self.type == "azure" else None
        wait = self.request_timeout
        known: Any = {"auth": self.value("auth_method"), "provider": self.type}
        try:
            return Deployment(
                base_url,
                self.key(),
                (self.deployment if self.type == "azure" else None) or model_id,
                extra_headers=self.extra_headers,
                api_version=version,
                timeouts=Timeouts(wait, wait, wait, wait, None, wait),
                retry=RetryPolicy(self.max_retries + 1, 2, 10, self.retry_backoff, "equal"),
                prompt_caching=self.prompt_caching and self.type in _CACHING,
                allow_insecure_http=self.allow_insecure_http,
                **known,
            )
        except (TypeError, ValueError) as error:
            raise ProviderError(str(error)) from error

    def trust(self) -> dict[str, Any]:
        """Options of a client that say whose certificates are accepted.

        Raises:
            ConfigError: the file of ssl_ca_cert cannot be read.
        """
        found: dict[str, Any] = {} if self.verify_ssl else {"verify": False}
        if self.ssl_ca_cert:
            path = os.path.abspath(os.path.expanduser(self.ssl_ca_cert))
            try:
                with open(path, "rb") as file:
                    found["add_ca"] = file.read()
            except OSError as error:
                raise ConfigError(f"ssl_ca_cert {path} cannot be read: {error}") from error
        return found


@public
@dataclass(frozen=True)
class ResolvedModel:
    """What a model's name means.

    Args:
        provider_name: name of its provider in the configuration.
        model_id: what the server knows it by.
        reasoning: whether it is asked to reason.
        context_window: tokens that fit into it, for who counts them.
        alias: its name in the configuration.
        guidance: what it is good for.
    """

    provider_name: str
    model_id: str
    reasoning: bool = False
    context_window: int = 131072
    alias: str = ""
    guidance: str | None = None


@public
class Config:
    """A NEXUS3 configuration, as far as it is about providers.

    Args:
        providers: name -> ProviderConfig, or a dict of its fields.
        models: alias -> {"provider", "model_id" (or "id"), ...}, the older form.
        default_model: an alias, or "provider/alias".
        application: what else its file has (servers, permissions, ...) is passed over.

    Raises:
        ConfigError: a provider that cannot be, an alias that means two models.
    """

    def __init__(
        self,
        providers: Mapping[str, object] | None = None,
        models: Mapping[str, object] | None = None,
        default_model: str | None = None,
        **application: object,
    ) -> None:
        self.default_model = default_model
        self.providers = {
            name: ProviderConfig.model_validate(said) for name, said in (providers or {}).items()
        }
        self._models: dict[str, ResolvedModel] = {}
        for name, provider in self.providers.items():
            for alias, said in provider.models.items():
                self._declare(alias, name, said)
        for alias, said in (models or {}).items():
            owner = _read(said, "provider") or self._only_provider(alias)
            self._declare(alias, owner, said)

    @classmethod
    def model_validate(cls, given: "Config | Mapping[str, Any]") -> Self:
        """What `given` says: a Config, or the document of a configuration file.

        Raises:
            ConfigError: see `Config`.
        """
        if isinstance(given, cls):
            return given
        if isinstance(given, Mapping):
            return cls(**given)
        return cls(given.providers, None, given.default_model)

    def get_provider_config(self, name: str) -> ProviderConfig:
        """The provider of a name.

        Raises:
            ConfigError: there is none.
        """
        if name not in self.providers:
            known = ", ".join(self.providers) or "none"
            raise ConfigError(f"Unknown provider {name!r}. Configured providers: {known}")
        return self.providers[name]

    def resolve_model(self, alias: str | None = None) -> ResolvedModel:
        """What an alias, or "provider/alias", means; None: the default model.

        Raises:
            ConfigError: there is no such model.
        """
        name = alias or self.default_model
        if name is None:
            if len(self._models) != 1:
                raise ConfigError("default_model is not set, and no model was named")
            name = next(iter(self._models))
        found = self._models.get(name)
        provider, slash, rest = name.partition("/")
        if found is None and slash and rest in self._models:
            found = self._models[rest] if self._models[rest].provider_name == provider else None
        if found is None:
            known = ", ".join(self._models) or "none"
            raise ConfigError(f"Unknown model {name!r}. Configured models: {known}")
        return found

    def _declare(self, alias: str, provider: str, said: object) -> None:
        self.get_provider_config(provider)
        if alias in self._models:
            other = self._models[alias].provider_name
            raise ConfigError(f"model alias {alias!r} is declared twice: {other} and {provider}")
        if isinstance(said, str):
            said = {"id": said}
        names = ("id", "model_id", "reasoning", "context_window", "guidance")
        values = {name: _read(said, name) for name in names}
        self._models[alias] = ResolvedModel(
            provider,
            values["id"] or values["model_id"] or alias,
            bool(values["reasoning"]),
            values["context_window"] or 131072,
            alias,
            values["guidance"],
        )

    def _only_provider(self, alias: str) -> str:
        if len(self.providers) != 1:
            raise ConfigError(f"model {alias!r} names no provider")
        return next(iter(self.providers))


@public
def validate_base_url(url: str, allow_insecure: bool = False) -> None:
    """Refuses an address that a key must not go to: https goes anywhere, http to this machine.

    Deployment refuses more: addresses of metadata services, user names, what is no host.

    Args:
        url: address of an API.
        allow_insecure: http to other machines, too.

    Raises:
        ProviderError: it is not allowed.
    """
    if not url or not url.strip():
        raise ProviderError("base_url is empty")
    try:
        address = urlsplit(url.strip())
    except ValueError as error:
        raise ProviderError(f"base_url is no address: {error}") from error
    if "://" not in url:
        raise ProviderError("base_url has no scheme: it has to start with https://")
    if address.scheme == "https":
        return
    if address.scheme != "http":
        raise ProviderError(f"base_url scheme {address.scheme!r} is not allowed: use https")
    host = (address.hostname or "").lower()
    if host not in _LOCAL and not allow_insecure:
        raise ProviderError(
            "base_url is http, which is not allowed for security: a key would go over the network"
            " in plain text. Use https, or allow_insecure_http"
        )


def _read(said: object, name: str) -> Any:
    return said.get(name) if isinstance(said, Mapping) else getattr(said, name, None)


def _fields(given: object, kind: type, what: str) -> dict[str, Any]:
    # What an object says of the fields of a dataclass.
    names = [one.name for one in fields(kind)]
    if isinstance(given, Mapping):
        unknown = [str(name) for name in given if name not in names]
        if unknown:
            raise ConfigError(f"a {what} has no field {', '.join(unknown)}")
        return {name: value for name, value in given.items() if value is not None}
    said = getattr(given, "model_fields_set", None)
    chosen = names if said is None else [name for name in names if name in said]
    found = {name: getattr(given, name, None) for name in chosen}
    return {name: value for name, value in found.items() if value is not None}
