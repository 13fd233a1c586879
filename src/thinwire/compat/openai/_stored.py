"""Chats that a server keeps (`store=True`): read, marked, listed and deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from urllib.parse import quote

from thinwire.compat.openai._endpoints import Anything, Endpoint, Resource, send, send_async
from thinwire.compat.openai._models import BaseModel
from thinwire.compat.openai._response import RAW
from thinwire.compat.openai._types import given
from thinwire.compat.openai.types.chat import ChatCompletion, ChatCompletionDeleted

_PATH = "/chat/completions"


class CursorPage(BaseModel):
    """A part of a list, and the way to the next one."""

    data: list[Anything]
    has_more: bool | None = None

    _next: Callable[[str], Any]

    def has_next_page(self) -> bool:
        """Whether the list goes on."""
        return bool(self.data) and self.has_more is not False

    def get_next_page(self) -> Any:
        """The next part; of an AsyncOpenAI to be awaited.

        Raises:
            RuntimeError: the list has ended.
        """
        if not self.has_next_page():
            raise RuntimeError("No next page expected; please check `.has_next_page()` before")
        return self._next(self.data[-1].id)  # type: ignore[attr-defined]


class SyncCursorPage(CursorPage):
    """A part of a list; iterates over all of it."""

    def __iter__(self) -> Iterator[Any]:
        page = self
        while page.data:
            yield from page.data
            if not page.has_next_page():
                return
            page = page.get_next_page()


class AsyncCursorPage(CursorPage):
    """A part of a list; iterates over all of it."""

    async def __aiter__(self) -> AsyncIterator[Any]:
        page = self
        while page.data:
            for one in page.data:
                yield one
            if not page.has_next_page():
                return
            page = await page.get_next_page()


class SyncChatPage(SyncCursorPage):
    """Chats that a server keeps."""

    data: list[ChatCompletion]  # type: ignore[assignment]


class AsyncChatPage(AsyncCursorPage):
    """Chats that a server keeps."""

    data: list[ChatCompletion]  # type: ignore[assignment]


class Listed:
    """A list that is asked for when it is awaited, or iterated."""

    def __init__(self, ask: Callable[[], Any]) -> None:
        self._ask = ask

    def __await__(self) -> Any:
        return self._ask().__await__()

    async def __aiter__(self) -> AsyncIterator[Any]:
        async for one in await self._ask():
            yield one


class Stored(Resource):
    """Chats that a server keeps; of an AsyncOpenAI each answer is to be awaited."""

    def _asked(self, method: str, name: str, kind: Any, body: Any, options: Any) -> Any:
        raw = options.pop(RAW, False)
        if not name:
            said = "Expected a non-empty value for `completion_id` but received"
            raise ValueError(f"{said} {name!r}")
        path = f"{_PATH}/{quote(name, safe='')}"
        return self._sent(Endpoint(self._client, method, path, body, kind, given(options)), raw)

    def _sent(self, endpoint: Endpoint, raw: bool) -> Any:
        return send(endpoint, raw)

    def retrieve(self, completion_id: str, **options: Any) -> Any:
        """One of them."""
        return self._asked("GET", completion_id, ChatCompletion, None, options)

    def update(self, completion_id: str, *, metadata: Any, **options: Any) -> Any:
        """Marks one of them."""
        body = {"metadata": metadata}
        return self._asked("POST", completion_id, ChatCompletion, body, options)

    def delete(self, completion_id: str, **options: Any) -> Any:
        """Deletes one of them."""
        return self._asked("DELETE", completion_id, ChatCompletionDeleted, None, options)

    def list(self, **options: Any) -> Any:
        """All of them: `after`, `limit`, `metadata`, `model`, `order`."""
        raw = options.pop(RAW, False)
        page = send(self._listing(SyncChatPage, options), raw)
        found = page.parse() if raw else page
        found._next = lambda after: self.list(**{**options, "after": after})
        return page

    def _listing(self, kind: Any, options: dict[str, Any]) -> Endpoint:
        options = given(options)
        names = ("after", "limit", "metadata", "model", "order")
        query = {name: options.pop(name) for name in names if name in options}
        options["extra_query"] = {**query, **(options.get("extra_query") or {})}
        return Endpoint(self._client, "GET", _PATH, None, kind, options)


class AsyncStored(Stored):
    """Chats that a server keeps."""

    def _sent(self, endpoint: Endpoint, raw: bool) -> Any:
        return send_async(endpoint, raw)

    def list(self, **options: Any) -> Any:
        """All of them: to be awaited, or iterated."""
        raw = options.pop(RAW, False)

        async def ask() -> Any:
            page = await send_async(self._listing(AsyncChatPage, options), raw)
            found = page.parse() if raw else page
            found._next = lambda after: self.list(**{**options, "after": after})
            return page

        return ask() if raw else Listed(ask)
