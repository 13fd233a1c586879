"""httpx, aiter_lines and json.loads."""

import httpx

from bench.peers import PATH, Answer, Messages, Note, Tools
from bench.peers.by_hand import HEADERS, Collector, body

BLOCKING = False
# Without them a hundred streams are the most, and the next waits for five seconds, then fails.
_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=None)


class Peer:
    """One client."""

    def __init__(self, base_url: str) -> None:
        self._url = base_url + PATH
        self._client = httpx.AsyncClient(timeout=600, limits=_LIMITS, headers=HEADERS)

    async def ask(self, messages: Messages, note: Note, tools: Tools) -> Answer:
        collector = Collector(note)
        sent = body(messages, tools)
        async with self._client.stream("POST", self._url, json=sent) as response:
            response.raise_for_status()
            async for line in response.aiter_lines():
                collector.line(line)
        return collector.answer()

    async def close(self) -> None:
        await self._client.aclose()
