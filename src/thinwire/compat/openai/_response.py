"""Answers with their heads: what `with_raw_response` gives."""

from __future__ import annotations

import json
from collections.abc import Callable
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
    """

    def __init__(self, response: Any, parsed: T, attempts: int) -> None:
        self.http_response = response
        self.retries_taken = max(attempts - 1, 0)
        self._parsed = parsed

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


class WithRawResponse:
    """A resource whose calls give APIResponse.

    Args:
        resource: whose calls they are.
    """

    def __init__(self, resource: Any) -> None:
        self._resource = resource

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._resource, name)
        return partial(method, **{RAW: True}) if callable(method) else WithRawResponse(method)  # type: ignore[return-value]
