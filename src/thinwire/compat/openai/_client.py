"""OpenAI and AsyncOpenAI: openai's clients, over thinwire's."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Self
from urllib.parse import quote

import httpx

from thinwire import AsyncClient as AsyncCore
from thinwire import Client as Core
from thinwire import Deployment
from thinwire.compat.openai._calls import Ear
from thinwire.compat.openai._chat import AsyncChat, Chat
from thinwire.compat.openai._endpoints import (
    AsyncEmbeddings,
    AsyncModels,
    Embeddings,
    Endpoint,
    Models,
    send,
    send_async,
)
from thinwire.compat.openai._exceptions import OpenAIError
from thinwire.compat.openai._responses import AsyncResponses, Responses
from thinwire.compat.openai._types import DEFAULT_MAX_RETRIES, NOT_GIVEN, Omit, is_given

_BASE_URL = "https://api.openai.com/v1"
# openai's resources that are not here, and what asks them all the same.
_ELSEWHERE = (
    " audio batches beta completions containers conversations evals files fine_tuning images"
    " moderations realtime uploads vector_stores videos webhooks "
)


class Owner:
    """Closes the connections of a blocking client, and of its copies, when nobody has them any
    more: programs of openai's rarely close.

    Args:
        core: thinwire's client.
    """

    def __init__(self, core: Any) -> None:
        if isinstance(core, Core):
            # No __del__, which may come after that of a socket in the same circle of objects.
            weakref.finalize(self, core.close)


class BaseClient:
    """What both clients share.

    Args:
        api_key: None for $OPENAI_API_KEY; a callable gives one for each attempt.
        admin_api_key, webhook_secret: are kept for who asks for them; nothing here needs them.
        organization, project: None for $OPENAI_ORG_ID, $OPENAI_PROJECT_ID.
        base_url: None for $OPENAI_BASE_URL, else OpenAI's own.
        timeout: limit for each wait, in seconds, an httpx.Timeout, or None for no limit. Without
            it thinwire's clocks count (Timeouts).
        max_retries: how often a server is asked again.
        default_headers, default_query: of each request.
        http_client: own client of httpx or httpx2; closed with this one.
        thinwire: options of thinwire's Client: fallbacks, deployments, timeouts, retry, on_event,
            ... A model that `deployments` does not name is asked of `base_url`, for whose
            Deployment are allow_insecure_http, allow_private, provider, params, rename, drop,
            force, reasoning, think_tags, framing and hygiene.

    Raises:
        OpenAIError: there is no key.
    """

    _core_class: type[Any]

    def __init__(
        self,
        *,
        api_key: str | Callable[[], Any] | None = None,
        admin_api_key: str | None = None,
        webhook_secret: str | None = None,
        organization: str | None = None,
        project: str | None = None,
        base_url: str | httpx.URL | None = None,
        timeout: Any = NOT_GIVEN,
        max_retries: int = DEFAULT_MAX_RETRIES,
        default_headers: Mapping[str, str] | None = None,
        default_query: Mapping[str, object] | None = None,
        http_client: Any = None,
        _strict_response_validation: bool = False,
        **thinwire: Any,
    ) -> None:
        if api_key is None:
            api_key = os.environ.get("OPENAI_API_KEY")
        if api_key is None and "deployments" not in thinwire:
            raise OpenAIError(
                "The api_key client option must be set either by passing api_key to the client or"
                " by setting the OPENAI_API_KEY environment variable"
            )
        if max_retries is None:
            raise TypeError("max_retries cannot be None. If you want to disable retries, pass `0`")
        self.api_key = api_key
        self.admin_api_key = admin_api_key
        self.webhook_secret = webhook_secret
        self.organization = organization or os.environ.get("OPENAI_ORG_ID")
        self.project = project or os.environ.get("OPENAI_PROJECT_ID")
        if base_url is None or not is_given(base_url):
            base_url = os.environ.get("OPENAI_BASE_URL") or _BASE_URL
        self._base_url = str(base_url).rstrip("/")
        self.timeout = timeout
        self.max_retries = max_retries
        self._default_headers = dict(default_headers or {})
        self._default_query = dict(default_query or {})
        self._http_client = http_client
        self._of_deployment = {
            name: thinwire.pop(name) for name in _OF_DEPLOYMENT.split() if name in thinwire
        }
        self._options = thinwire
        self._ear = Ear(thinwire.pop("on_chunk", None), thinwire.pop("on_response", None))
        self._cores: dict[object, Any] = {}
        self._transport: Any = None
        self._owner: Owner | None = None
        self._closed = False
        self.core()

    @property
    def base_url(self) -> Any:
        """Address of the server, an httpx.URL that ends in a slash."""
        return self.kit.URL(self._base_url + "/")

    @base_url.setter
    def base_url(self, url: str | httpx.URL) -> None:
        self._base_url = str(url).rstrip("/")

    @property
    def default_headers(self) -> dict[str, Any]:
        """Headers of each request beside the key's."""
        found: dict[str, Any] = {}
        if self.organization:
            found["OpenAI-Organization"] = self.organization
        if self.project:
            found["OpenAI-Project"] = self.project
        found.update(self._default_headers)
        return found

    @property
    def default_query(self) -> dict[str, object]:
        """What stands in the query of each request."""
        return dict(self._default_query)

    @property
    def kit(self) -> Any:
        """httpx, or httpx2 where the program has brought a client of that."""
        if type(self._http_client).__module__.partition(".")[0] == "httpx2":
            import httpx2

            return httpx2
        return httpx

    def core(
        self, query: str = "", nobody: bool = False, plain: bool = False, address: str = ""
    ) -> Any:
        """thinwire's client that asks with this query; all of them have one transport.

        Args:
            query: of the address, %-encoded.
            nobody: ask without the key.
            plain: ask nobody else: a list of models is the server's own, and has no fallback.
            address: who is asked, see `address`; "" for the base URL.
        """
        address = address or self.address()
        name = (query, nobody, plain, self.api_key, address)
        found = self._cores.get(name)
        if found is None:
            options = dict(self._options)
            address += "?" + query if query else ""
            deployments: dict[str, Any] = {}
            key = None if nobody else self.api_key
            named = options.pop("deployments", None) or {}
            for option in _LISTS:
                lists = options.pop(option, None)
                if plain or not lists:
                    continue
                if not isinstance(lists, Mapping):
                    lists = {"*": lists}
                options[option] = lists
                if key is not None:  # a model that has a list of its own
                    for model in lists:
                        deployments[model] = self._deployment(address, key)
            if key is not None or nobody:
                deployments["*"] = self._deployment(address, key)
            if not (plain and deployments):
                deployments.update(named)
            if self._transport is not None:
                for one in ("transport", "verify", "cadata", "add_ca"):
                    options.pop(one, None)
                options["transport"] = self._transport
            else:
                options["on_response"] = self._ear.on_response
                if self._http_client is not None:
                    options["http_client"] = self._http_client
            options.setdefault("keep_headers", "all")
            found = self._core_class(None, deployments, on_chunk=self._ear, **options)
            if self._transport is None:
                self._owner = Owner(found)
            self._transport = found.transport
            if len(self._cores) > 32:  # a query of each call's own
                self._cores.clear()
            self._cores[name] = found
        return found

    def _deployment(self, address: str, key: Any) -> Deployment:
        return Deployment(address, key, **self._of_deployment)

    def headers_with(self, more: Mapping[str, Any] | None) -> dict[str, Any]:
        """Headers of a request: the client's, and the call's over them."""
        found = self.default_headers
        for name, value in (more or {}).items():
            for other in [one for one in found if one.lower() == name.lower()]:
                del found[other]
            if value is not None:
                found[name] = value
        return found

    def query_with(self, more: Mapping[str, object] | None) -> str:
        """The query of a request: the client's, and the call's over it."""
        pairs: list[str] = []
        for name, value in {**self._default_query, **(more or {})}.items():
            _spell(quote(name, safe=""), value, pairs)
        return "&".join(pairs)

    def address(self, path: str = "", model: str = "") -> str:
        """Whom a path is asked of, about a model."""
        return self._base_url

    def copy(
        self,
        *,
        set_default_headers: Mapping[str, str] | None = None,
        set_default_query: Mapping[str, object] | None = None,
        default_headers: Mapping[str, str] | None = None,
        default_query: Mapping[str, object] | None = None,
        **options: Any,
    ) -> Self:
        """A client that differs in these options; it shares the connections, unless it has an
        http_client of its own.

        Args:
            default_headers, default_query: are added to those of this one; `set_default_...`
                replace them.
            options: see the class.
        """
        if set_default_headers is not None and default_headers is not None:
            raise ValueError(
                "The `default_headers` and `set_default_headers` arguments are mutually exclusive"
            )
        if set_default_query is not None and default_query is not None:
            raise ValueError(
                "The `default_query` and `set_default_query` arguments are mutually exclusive"
            )
        headers = {**self._default_headers, **(default_headers or {})}
        query = {**self._default_query, **(default_query or {})}
        found = type(self).__new__(type(self))
        found.__dict__.update(
            {name: value for name, value in self.__dict__.items() if name not in _MADE}
        )
        found._cores = {}
        found._default_headers = dict(
            headers if set_default_headers is None else set_default_headers
        )
        found._default_query = dict(query if set_default_query is None else set_default_query)
        for name, value in options.items():
            if not is_given(value) or (value is None and name != "timeout"):
                continue
            if name in (
                "api_key",
                "organization",
                "project",
                "timeout",
                "max_retries",
                "base_url",
            ):
                setattr(found, name, value)
            elif name == "http_client":
                found._http_client = value
                found._transport = None
            else:
                found._options = {**found._options, name: value}
        found.core()
        return found

    with_options = copy

    def asked_of(self, method: str, path: str, body: Any, cast_to: Any, options: Any) -> Endpoint:
        """A request to any path.

        Args:
            path: below the base URL, e.g. "/rerank".
            body: a JSON document; None for none.
            cast_to: what the answer becomes: a model of this face, `object` for JSON as it is,
                `str`, `bytes`, or httpx.Response.
            options: of openai's: headers, params, extra_json, timeout, max_retries.
        """
        named = {
            _NAMES.get(name, name): value
            for name, value in (options or {}).items()
            if is_given(value)
        }
        path = path if path.startswith("/") else "/" + path
        return Endpoint(self, method, path, body, cast_to, named)

    def is_closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def __getattr__(self, name: str) -> Any:
        if f" {name} " in _ELSEWHERE:
            raise AttributeError(
                f"{type(self).__name__}.{name} is not in thinwire's face of openai: ask it by"
                f" client.post('/...', cast_to=object, body={{...}}), or thinwire's own client"
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._base_url.partition('?')[0]!r})"


_OF_DEPLOYMENT = (
    "allow_insecure_http allow_private provider params rename drop force reasoning think_tags"
    " framing hygiene"
)
_NAMES = {"headers": "extra_headers", "params": "extra_query", "extra_json": "extra_body"}
_LISTS = ("fallbacks", "context_fallbacks", "content_filter_fallbacks")
# What a copy makes anew.
_MADE = ("chat", "models", "embeddings", "responses")


def _spell(name: str, value: object, pairs: list[str]) -> None:
    # As openai's own client does: a[b]=1 and a[]=1.
    if isinstance(value, Omit) or not is_given(value):
        return
    if isinstance(value, Mapping):
        for inner, one in value.items():
            _spell(f"{name}%5B{quote(str(inner), safe='')}%5D", one, pairs)
    elif isinstance(value, (list, tuple)):
        for one in value:
            _spell(f"{name}%5B%5D", one, pairs)
    elif value is not None:
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        pairs.append(f"{name}={quote(shown, safe='')}")


class OpenAI(BaseClient):
    """openai's blocking client; see BaseClient for its options."""

    _core_class = Core

    @cached_property
    def chat(self) -> Chat:
        """Chats."""
        return Chat(self)

    @cached_property
    def models(self) -> Models:
        """Models that the server has."""
        return Models(self)

    @cached_property
    def embeddings(self) -> Embeddings:
        """Vectors of texts."""
        return Embeddings(self)

    @cached_property
    def responses(self) -> Responses:
        """The Responses API."""
        return Responses(self)

    def get(self, path: str, *, cast_to: Any, body: Any = None, options: Any = None) -> Any:
        """Sends GET to any path below the base URL; see BaseClient.asked_of."""
        return send(self.asked_of("GET", path, body, cast_to, options))

    def post(self, path: str, *, cast_to: Any, body: Any = None, options: Any = None) -> Any:
        """Sends POST to any path below the base URL; see BaseClient.asked_of."""
        return send(self.asked_of("POST", path, body, cast_to, options))

    def put(self, path: str, *, cast_to: Any, body: Any = None, options: Any = None) -> Any:
        """Sends PUT to any path below the base URL; see BaseClient.asked_of."""
        return send(self.asked_of("PUT", path, body, cast_to, options))

    def patch(self, path: str, *, cast_to: Any, body: Any = None, options: Any = None) -> Any:
        """Sends PATCH to any path below the base URL; see BaseClient.asked_of."""
        return send(self.asked_of("PATCH", path, body, cast_to, options))

    def delete(self, path: str, *, cast_to: Any, body: Any = None, options: Any = None) -> Any:
        """Sends DELETE to any path below the base URL; see BaseClient.asked_of."""
        return send(self.asked_of("DELETE", path, body, cast_to, options))

    def close(self) -> None:
        """Closes the connections, and the http_client."""
        self._closed = True
        self.core().close()
        if self._http_client is not None:
            self._http_client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object = None, error: object = None, trace: object = None) -> None:
        self.close()


class AsyncOpenAI(BaseClient):
    """openai's client for asyncio; see BaseClient for its options."""

    _core_class = AsyncCore

    @cached_property
    def chat(self) -> AsyncChat:
        """Chats."""
        return AsyncChat(self)

    @cached_property
    def models(self) -> AsyncModels:
        """Models that the server has."""
        return AsyncModels(self)

    @cached_property
    def embeddings(self) -> AsyncEmbeddings:
        """Vectors of texts."""
        return AsyncEmbeddings(self)

    @cached_property
    def responses(self) -> AsyncResponses:
        """The Responses API."""
        return AsyncResponses(self)

    async def get(self, path: str, *, cast_to: Any, body: Any = None, options: Any = None) -> Any:
        """Sends GET to any path below the base URL; see BaseClient.asked_of."""
        return await send_async(self.asked_of("GET", path, body, cast_to, options))

    async def post(self, path: str, *, cast_to: Any, body: Any = None, options: Any = None) -> Any:
        """Sends POST to any path below the base URL; see BaseClient.asked_of."""
        return await send_async(self.asked_of("POST", path, body, cast_to, options))

    async def put(self, path: str, *, cast_to: Any, body: Any = None, options: Any = None) -> Any:
        """Sends PUT to any path below the base URL; see BaseClient.asked_of."""
        return await send_async(self.asked_of("PUT", path, body, cast_to, options))

    async def patch(
        self, path: str, *, cast_to: Any, body: Any = None, options: Any = None
    ) -> Any:
        """Sends PATCH to any path below the base URL; see BaseClient.asked_of."""
        return await send_async(self.asked_of("PATCH", path, body, cast_to, options))

    async def delete(
        self, path: str, *, cast_to: Any, body: Any = None, options: Any = None
    ) -> Any:
        """Sends DELETE to any path below the base URL; see BaseClient.asked_of."""
        return await send_async(self.asked_of("DELETE", path, body, cast_to, options))

    async def close(self) -> None:
        """Closes the connections, and the http_client."""
        self._closed = True
        await self.core().aclose()
        if self._http_client is not None:
            await self._http_client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: object = None, error: object = None, trace: object = None
    ) -> None:
        await self.close()
