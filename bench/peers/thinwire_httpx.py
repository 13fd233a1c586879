"""thinwire's AsyncClient on httpx, its default on CPython."""

from pathlib import Path
from typing import Any

from bench.peers import KEY, MODEL, Answer, Messages, Note, Tools
from thinwire import AsyncClient, DataURL, Deployment

BLOCKING = False


def image_url(path: Path) -> object:
    """An image, read while it is sent."""
    return DataURL(str(path))


class Peer:
    """One client."""

    def __init__(self, base_url: str) -> None:
        deployments = {MODEL: Deployment(base_url, KEY)}
        self._client = AsyncClient(MODEL, deployments, transport=self._transport())

    def _transport(self) -> Any:
        return None

    async def ask(self, messages: Messages, note: Note, tools: Tools) -> Answer:
        completion = await self._client.chat(messages, on_delta=note, tools=tools)
        calls = completion.tool_calls
        return Answer(completion.content, calls[0].arguments if calls else None)

    async def close(self) -> None:
        await self._client.aclose()
