"""Answers with their heads: what `with_raw_response` and `with_streaming_response` give."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any, Generic, TypeVar

T = TypeVar("T")

RAW = "_raw"  # an argument that no program gives


class APIResponse(Generic[T]):
    """An answer, and what stood around it.

    Args:
        response: head and body, as httpx has them; of a stream the head.
        parsed: what the call gives without it.
        attempts: how often it was asked for.

    Attributes:
        http_response: `response`.
        retries_taken: how often it was asked for again.
        streams: whether it is a stream.
        is_closed: whether its connection is free again.
    """

    def __init__(self, response: Any, parsed: T, attempts: int) -> None:
        self.http_response = response
        self.retries_taken = max(attempts - 1, 0)
        self._parsed = parsed
        self.streams = hasattr(parsed, "close")
        self.is_closed = not self.streams

    def parse(self, *, to: Any = None) -> T:
        """What the call gives without `with_raw_response`."""
        return self._parsed

    @property
    def headers(self) -> Any:
        """Of the response, an httpx.Headers."""
        return self.http_response.headers

    @property
    def request_id(self) -> str | None:
        """What the provider's support asks for."""
        return self.headers.get("x-request-id")  # type: ignore[no-any-return]

    @property
    def status_code(self) -> int:
        """HTTP status."""
        return self.http_response.status_code  # type: ignore[no-any-return]

    @property
    def http_request(self) -> Any:
        """What was asked, an httpx.Request without the key."""
        return self.http_response.request

    @property
    def method(self) -> str:
        """HTTP method."""
        return self.http_request.method  # type: ignore[no-any-return]

    @property
    def url(self) -> Any:
        """Address, an httpx.URL."""
        return self.http_request.url

    @property
    def text(self) -> str:
        """The body; of an answer that was put together from a stream, as one document."""
        return self.http_response.text  # type: ignore[no-any-return]

    @property
    def content(self) -> bytes:
        """The body in bytes; see `text`."""
        return self.http_response.content  # type: ignore[no-any-return]

    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.content)

    def __repr__(self) -> str:
        return f"<APIResponse [{self.status_code}] type={type(self._parsed).__name__}>"


class StreamedResponse(APIResponse[T]):
    """An answer within `with`: its lines as they come."""

    def iter_lines(self) -> Iterator[str]:
        """The lines of the body; of a stream as its chunks come."""
        if not self.streams:
            yield from self.text.splitlines()
            return
        for chunk in self._parsed:  # type: ignore[attr-defined]
            yield from _event(chunk)
        yield "data: [DONE]"

    def read(self) -> bytes:
        """The body of an answer that is no stream."""
        return self.content

    def close(self) -> None:
        """Releases the connection."""
        if self.streams:
            self._parsed.close()  # type: ignore[attr-defined]
        self.is_closed = True


class AsyncStreamedResponse(APIResponse[T]):
    """An answer within `async with`: its lines as they come."""

    async def parse(self, *, to: Any = None) -> T:  # type: ignore[override]
        """What the call gives without `with_streaming_response`."""
        return self._parsed

    async def iter_lines(self) -> AsyncIterator[str]:
        """The lines of the body; of a stream as its chunks come."""
        if not self.streams:
            for line in self.http_response.text.splitlines():
                yield line
            return
        async for chunk in self._parsed:  # type: ignore[attr-defined]
            for line in _event(chunk):
                yield line
        yield "data: [DONE]"

    async def text(self) -> str:  # type: ignore[override]
        """The body of an answer that is no stream."""
        return self.http_response.text  # type: ignore[no-any-return]

    async def read(self) -> bytes:
        """The body of an answer that is no stream."""
        return self.content

    async def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.content)

    async def close(self) -> None:
        """Releases the connection."""
        if self.streams:
            await self._parsed.close()  # type: ignore[attr-defined]
        self.is_closed = True


def _event(chunk: Any) -> tuple[str, str]:
    return "data: " + chunk.to_json(indent=None), ""


class WithRawResponse:
    """A resource whose calls give APIResponse.

    Args:
        resource: whose calls they are.
    """

    def __init__(self, resource: Any) -> None:
        self._resource = resource

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._resource, name)
        return partial(method, **{RAW: True}) if callable(method) else type(self)(method)  # type: ignore[return-value]


class WithStreamingResponse(WithRawResponse):
    """A resource whose calls are for `with`, or `async with`, and give an answer that is read
    while it comes.
    """

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._resource, name)
        if not callable(method):
            return type(self)(method)  # type: ignore[return-value]
        return lambda *given, **options: Within(partial(method, *given, **options, **{RAW: True}))


class Within:
    """A call that `with` or `async with` makes.

    Args:
        call: makes it.
    """

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = call
        self._response: Any = None

    def __enter__(self) -> StreamedResponse[Any]:
        self._response = _as(StreamedResponse, self._call())
        return self._response  # type: ignore[no-any-return]

    def __exit__(self, kind: object = None, error: object = None, trace: object = None) -> None:
        self._response.close()

    async def __aenter__(self) -> AsyncStreamedResponse[Any]:
        found = self._call()
        self._response = _as(AsyncStreamedResponse, await found)
        return self._response  # type: ignore[no-any-return]

    async def __aexit__(
        self, kind: object = None, error: object = None, trace: object = None
    ) -> None:
        await self._response.close()


def _as(kind: type[Any], response: APIResponse[Any]) -> Any:
    parsed = response.parse()
    found = kind(response.http_response, parsed, response.retries_taken + 1)
    found.is_closed = False
    return found
