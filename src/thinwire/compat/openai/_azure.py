"""AzureOpenAI and AsyncAzureOpenAI: a resource's deployments by date (`api_version`)."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, Literal
from urllib.parse import quote

from thinwire import Deployment
from thinwire.compat.openai._client import AsyncOpenAI, OpenAI
from thinwire.compat.openai._exceptions import OpenAIError

# What is asked of a deployment, whose name stands in the path.
_OF_MODELS = ("/chat/completions", "/embeddings")


class Azure:
    """What both clients of Azure share: an address for each model, and a header for the key."""

    _auth: Literal["bearer", "api-key"] = "api-key"
    _azure_deployment: str | None = None
    _base_url: str
    _of_deployment: dict[str, Any]

    def _deployment(self, address: str, key: Any) -> Deployment:
        return Deployment(address, key, auth=self._auth, **self._of_deployment)

    def address(self, path: str = "", model: str = "") -> str:
        """Where a model is asked; see BaseClient."""
        if path not in _OF_MODELS or not model or "/deployments/" in self._base_url:
            return self._base_url
        name = self._azure_deployment or model
        return f"{self._base_url}/deployments/{quote(name, safe='')}"


def _settled(
    azure_endpoint: str | None,
    azure_deployment: str | None,
    api_version: str | None,
    api_key: Any,
    azure_ad_token: str | None,
    azure_ad_token_provider: Callable[[], Any] | None,
    base_url: Any,
    default_query: Mapping[str, object] | None,
) -> tuple[Literal["bearer", "api-key"], dict[str, Any]]:
    # How the key is sent, and the options of the client.
    auth: Literal["bearer", "api-key"] = "api-key"
    api_key = api_key or os.environ.get("AZURE_OPENAI_API_KEY")
    token = azure_ad_token or os.environ.get("AZURE_OPENAI_AD_TOKEN")
    if azure_ad_token_provider is not None or (token and not api_key):
        auth, api_key = "bearer", azure_ad_token_provider or token
    if api_key is None:
        raise OpenAIError(
            "Missing credentials. Please pass one of `api_key`, `azure_ad_token`,"
            " `azure_ad_token_provider`, or the `AZURE_OPENAI_API_KEY` or"
            " `AZURE_OPENAI_AD_TOKEN` environment variables."
        )
    api_version = api_version or os.environ.get("OPENAI_API_VERSION")
    if api_version is None:
        raise ValueError(
            "Must provide either the `api_version` argument or the `OPENAI_API_VERSION`"
            " environment variable"
        )
    if base_url is not None and azure_endpoint is not None:
        raise ValueError("base_url and azure_endpoint are mutually exclusive")
    if base_url is None:
        endpoint = azure_endpoint or os.environ.get("AZURE_OPENAI_ENDPOINT")
        if endpoint is None:
            raise ValueError(
                "Must provide one of the `base_url` or `azure_endpoint` arguments, or the"
                " `AZURE_OPENAI_ENDPOINT` environment variable"
            )
        base_url = endpoint.rstrip("/") + "/openai"
    query = {"api-version": api_version, **(default_query or {})}
    return auth, {"api_key": api_key, "base_url": base_url, "default_query": query}


class AzureOpenAI(Azure, OpenAI):
    """openai's blocking client for Azure.

    Args:
        azure_endpoint: the resource's address; None for $AZURE_OPENAI_ENDPOINT.
        azure_deployment: asked in place of the model that a call names.
        api_version: the API's date; None for $OPENAI_API_VERSION.
        api_key: None for $AZURE_OPENAI_API_KEY.
        azure_ad_token, azure_ad_token_provider: in place of a key: a token of Entra ID, or what
            gives one for each attempt; None for $AZURE_OPENAI_AD_TOKEN.
        base_url: in place of azure_endpoint, with the path.
        options: see OpenAI.
    """

    def __init__(
        self,
        *,
        azure_endpoint: str | None = None,
        azure_deployment: str | None = None,
        api_version: str | None = None,
        api_key: Any = None,
        azure_ad_token: str | None = None,
        azure_ad_token_provider: Callable[[], Any] | None = None,
        base_url: Any = None,
        default_query: Mapping[str, object] | None = None,
        **options: Any,
    ) -> None:
        self._auth, settled = _settled(
            azure_endpoint,
            azure_deployment,
            api_version,
            api_key,
            azure_ad_token,
            azure_ad_token_provider,
            base_url,
            default_query,
        )
        self._azure_deployment = azure_deployment
        super().__init__(**settled, **options)


class AsyncAzureOpenAI(Azure, AsyncOpenAI):
    """openai's client for asyncio and Azure; see AzureOpenAI."""

    def __init__(
        self,
        *,
        azure_endpoint: str | None = None,
        azure_deployment: str | None = None,
        api_version: str | None = None,
        api_key: Any = None,
        azure_ad_token: str | None = None,
        azure_ad_token_provider: Callable[[], Any] | None = None,
        base_url: Any = None,
        default_query: Mapping[str, object] | None = None,
        **options: Any,
    ) -> None:
        self._auth, settled = _settled(
            azure_endpoint,
            azure_deployment,
            api_version,
            api_key,
            azure_ad_token,
            azure_ad_token_provider,
            base_url,
            default_query,
        )
        self._azure_deployment = azure_deployment
        super().__init__(**settled, **options)
