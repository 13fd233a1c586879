"""aiohttp, its lines and json.loads."""

import aiohttp  # type: ignore[import-not-found]

from bench.peers import PATH, Answer, Messages, Note, Tools
from bench.peers.by_hand import HEADERS, Collector, body

BLOCKING = False


class Peer:
    """One session, made with the first turn since it wants a running loop."""

    def __init__(self, base_url: str) -> None:
        self._url = base_url + PATH
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, messages: Messages, note: Note, tools: Tools) -> Answer:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=600)
            connector = aiohttp.TCPConnector(limit=0)
            self._session = aiohttp.ClientSession(
                timeout=timeout, connector=connector, headers=HEADERS
            )
        collector = Collector(note)
        async with self._session.post(self._url, json=body(messages, tools)) as response:
            response.raise_for_status()
            async for line in response.content:
                collector.line(line.decode().rstrip("\n"))
        return collector.answer()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
