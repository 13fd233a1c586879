"""Requests to any endpoint: models, embeddings, and what client.get and client.post ask."""

from __future__ import annotations

import array
import base64
import json
from collections.abc import AsyncIterator, Generator, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, get_origin
from urllib.parse import quote

from thinwire.compat.openai._calls import Asked, as_json
from thinwire.compat.openai._exceptions import APIResponseValidationError
from thinwire.compat.openai._models import BaseModel
from thinwire.compat.openai._response import (
    RAW,
    APIResponse,
    WithRawResponse,
    WithStreamingResponse,
)
from thinwire.compat.openai._types import given, is_given
from thinwire.compat.openai.types import CreateEmbeddingResponse, Model, ModelDeleted

if TYPE_CHECKING:
    from thinwire.compat.openai._client import AsyncOpenAI, OpenAI

T = TypeVar("T")
Anything: TypeAlias = object

_LIMIT = 1 << 30
_OPTIONS = ("extra_headers", "extra_query", "extra_body", "timeout", "max_retries")


class Endpoint:
    """One request to an endpoint, and what its answer becomes.

    Args:
        client: who asks.
        method, path: below the base URL.
        body: the document; None for none.
        cast_to: a model, or `object`, `dict`, `str`, `bytes` for what came as it is.
        options: of the call; see Asked.
        model: whose deployment is asked.
    """

    def __init__(
        self,
        client: Any,
        method: str,
        path: str,
        body: Any,
        cast_to: Any,
        options: dict[str, Any],
        model: str = "",
    ) -> None:
        extra = options.pop("extra_body", None)
        if body is not None or extra:
            body = as_json({**(body or {}), **(extra or {})})
            if not model:
                body.setdefault("model", None)
        self.asked = asked = Asked(client, path, options, model)
        self.cast_to = cast_to
        asked.passed.pop("session", None)
        self.given = (method, path, body)
        self.named = {"model": model or asked.core_model, **asked.passed}

    def cast(self, content: bytes, reply: Any) -> Any:
        """What the answer is, as it was asked for."""
        kind = get_origin(self.cast_to) or self.cast_to
        if kind is bytes:
            return content
        if getattr(kind, "__name__", "") == "Response" and not _is_model(kind):
            return self.response(content, reply)
        if kind is str:
            return content.decode()
        try:
            found = json.loads(content) if content else None
        except ValueError as error:
            response = self.response(content, reply)
            message = "the answer is not JSON"
            raise APIResponseValidationError(response, None, message=message) from error
        if _is_model(kind) and isinstance(found, dict):
            found = kind(**found)
            found._request_id = reply.headers.get("x-request-id")
        elif hasattr(kind, "model_validate"):  # a model of pydantic
            found = kind.model_validate(found)
        return found

    def response(self, content: bytes, reply: Any) -> Any:
        """The answer as httpx has it."""
        request, kit = self.asked.request, self.asked.kit
        request.method = self.given[0]
        headers = [one for one in reply.headers.items() if one[0] not in _FRAMING]
        return kit.Response(reply.status, headers=headers, content=content, request=request)

    def given_back(self, content: bytes, reply: Any, raw: bool) -> Any:
        """What the call gives."""
        found = self.cast(content, reply)
        if not raw:
            return found
        return APIResponse(self.response(content, reply), found, len(reply.attempts))


_FRAMING = ("content-length", "content-encoding", "transfer-encoding")


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def send(endpoint: Endpoint, raw: bool = False) -> Any:
    """Asks, and waits for the whole answer."""
    with endpoint.asked.listening():
        reply = endpoint.asked.core.open(*endpoint.given, **endpoint.named)
        content = reply.read(_LIMIT)
    return endpoint.given_back(content, reply, raw)


async def send_async(endpoint: Endpoint, raw: bool = False) -> Any:
    """Asks, and waits for the whole answer."""
    with endpoint.asked.listening():
        reply = await endpoint.asked.core.open(*endpoint.given, **endpoint.named)
        content = await reply.read(_LIMIT)
    return endpoint.given_back(content, reply, raw)


class Page(BaseModel, Generic[T]):
    """A list of a server, all of it."""

    data: list[Anything]
    object: str

    def has_next_page(self) -> bool:
        """The lists that are here come whole."""
        return False


class SyncPage(Page[T]):
    """A list of a server; iterates over what is in it."""

    def __iter__(self) -> Iterator[T]:
        return iter(self.data or [])  # type: ignore[arg-type]

    def iter_pages(self) -> Iterator[SyncPage[T]]:
        """Itself."""
        yield self


class AsyncPage(Page[T]):
    """A list of a server; iterates over what is in it."""

    async def __aiter__(self) -> AsyncIterator[T]:
        for one in self.data or []:
            yield one  # type: ignore[misc]

    async def iter_pages(self) -> AsyncIterator[AsyncPage[T]]:
        """Itself."""
        yield self


class SyncModelPage(SyncPage[Model]):
    """Models that a server has."""

    data: list[Model]  # type: ignore[assignment]


class AsyncModelPage(AsyncPage[Model]):
    """Models that a server has."""

    data: list[Model]  # type: ignore[assignment]


class Paginator:
    """A list that is asked for when it is awaited, or iterated."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def __await__(self) -> Generator[Any, Any, AsyncPage[Any]]:
        return send_async(self._endpoint).__await__()

    async def __aiter__(self) -> AsyncIterator[Any]:
        for one in (await self).data or []:
            yield one


def _named(model: str) -> str:
    if not model:
        raise ValueError(f"Expected a non-empty value for `model` but received {model!r}")
    return "/models/" + quote(model, safe=":/")


class Resource:
    """Calls of a client.

    Args:
        client: whose.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    @property
    def with_raw_response(self) -> Any:
        """The same calls, which give APIResponse: headers, status, and `parse()`."""
        return WithRawResponse(self)

    @property
    def with_streaming_response(self) -> Any:
        """The same calls, for `with` or `async with`, which give an answer that can be read line
        by line."""
        return WithStreamingResponse(self)


class Models(Resource):
    """Models that the server has."""

    _client: OpenAI

    def list(self, **options: Any) -> SyncModelPage:
        """All of them."""
        raw = options.pop(RAW, False)
        endpoint = Endpoint(self._client, "GET", "/models", None, SyncModelPage, given(options))
        return send(endpoint, raw)  # type: ignore[no-any-return]

    def retrieve(self, model: str, **options: Any) -> Model:
        """One of them."""
        raw = options.pop(RAW, False)
        endpoint = Endpoint(self._client, "GET", _named(model), None, Model, given(options))
        return send(endpoint, raw)  # type: ignore[no-any-return]

    def delete(self, model: str, **options: Any) -> ModelDeleted:
        """Deletes a fine-tuned one."""
        raw = options.pop(RAW, False)
        endpoint = Endpoint(
            self._client, "DELETE", _named(model), None, ModelDeleted, given(options)
        )
        return send(endpoint, raw)  # type: ignore[no-any-return]


class AsyncModels(Resource):
    """Models that the server has."""

    _client: AsyncOpenAI

    def list(self, **options: Any) -> Any:
        """All of them: to be awaited, or iterated."""
        raw = options.pop(RAW, False)
        endpoint = Endpoint(self._client, "GET", "/models", None, AsyncModelPage, given(options))
        return send_async(endpoint, True) if raw else Paginator(endpoint)

    async def retrieve(self, model: str, **options: Any) -> Model:
        """One of them."""
        raw = options.pop(RAW, False)
        endpoint = Endpoint(self._client, "GET", _named(model), None, Model, given(options))
        return await send_async(endpoint, raw)  # type: ignore[no-any-return]

    async def delete(self, model: str, **options: Any) -> ModelDeleted:
        """Deletes a fine-tuned one."""
        raw = options.pop(RAW, False)
        endpoint = Endpoint(
            self._client, "DELETE", _named(model), None, ModelDeleted, given(options)
        )
        return await send_async(endpoint, raw)  # type: ignore[no-any-return]


def _embed(client: Any, input: Any, model: str, params: dict[str, Any]) -> Endpoint:
    params = given(params)
    options = {name: params.pop(name) for name in _OPTIONS if name in params}
    body = {"input": input, "model": model, "encoding_format": "base64", **params}
    return Endpoint(client, "POST", "/embeddings", body, CreateEmbeddingResponse, options, model)


def _vectors(found: Any, params: dict[str, Any]) -> Any:
    # Asked for as base64, unless the caller has chosen; programs see numbers.
    response = found.parse() if isinstance(found, APIResponse) else found
    if not is_given(params.get("encoding_format", given)) or "encoding_format" not in params:
        if not response.data:
            raise ValueError("No embedding data received")
        for one in response.data:
            if isinstance(one.embedding, str):
                one.embedding = array.array("f", base64.b64decode(one.embedding)).tolist()
    return found


class Embeddings(Resource):
    """Vectors of texts."""

    _client: OpenAI

    def create(self, *, input: Any, model: str, **params: Any) -> CreateEmbeddingResponse:
        """Vectors of one text, of several, or of tokens."""
        raw = params.pop(RAW, False)
        found = send(_embed(self._client, input, model, params), raw)
        return _vectors(found, params)  # type: ignore[no-any-return]


class AsyncEmbeddings(Resource):
    """Vectors of texts."""

    _client: AsyncOpenAI

    async def create(self, *, input: Any, model: str, **params: Any) -> CreateEmbeddingResponse:
        """Vectors of one text, of several, or of tokens."""
        raw = params.pop(RAW, False)
        found = await send_async(_embed(self._client, input, model, params), raw)
        return _vectors(found, params)  # type: ignore[no-any-return]
