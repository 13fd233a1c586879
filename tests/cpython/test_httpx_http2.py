"""An own client that speaks HTTP/2: the calls on its one connection do not know of each other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import h2.config
import h2.connection
import h2.events
import httpx
import httpx2
import pytest

from thinwire import AsyncClient, Deployment
from thinwire.testing import DONE, sse_event

MESSAGES = [{"role": "user", "content": "Hi"}]
ANSWER = (
    sse_event({"choices": [{"delta": {"content": "Hello"}}]})
    + sse_event({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    + DONE
)
HEAD = [(":status", "200"), ("content-type", "text/event-stream")]


class Server:
    """Answers no request before it is told to.

    Attributes:
        requests: ids of the streams whose request has come.
        connections: how many there were.
    """

    def __init__(self) -> None:
        self.requests: list[int] = []
        self.arrived = asyncio.Event()
        self.connections = 0
        self.serving: list[asyncio.Task[None] | None] = []
        self._answered = asyncio.Event()

    def answer(self) -> None:
        """Answers all of them, and whatever comes from now on."""
        self._answered.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        self.serving.append(asyncio.current_task())
        config = h2.config.H2Configuration(client_side=False)
        state = h2.connection.H2Connection(config)
        state.initiate_connection()
        writer.write(state.data_to_send())
        answering: list[asyncio.Task[None]] = []
        while data := await reader.read(65536):
            for event in state.receive_data(data):
                if isinstance(event, h2.events.StreamEnded):
                    self.requests.append(event.stream_id)
                    self.arrived.set()
                    one = self._answer(state, writer, event.stream_id)
                    answering.append(asyncio.create_task(one))
            writer.write(state.data_to_send())
        for task in answering:
            task.cancel()
        writer.close()
        await writer.wait_closed()

    async def _answer(
        self, state: h2.connection.H2Connection, writer: asyncio.StreamWriter, stream: int
    ) -> None:
        await self._answered.wait()
        state.send_headers(stream, HEAD)
        state.send_data(stream, ANSWER, end_stream=True)
        writer.write(state.data_to_send())

    async def until(self, count: int) -> None:
        """Waits until so many requests have come."""
        while len(self.requests) < count:
            self.arrived.clear()
            await self.arrived.wait()


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[Server, str]]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    try:
        port = listening.sockets[0].getsockname()[1]
        yield server, f"http://127.0.0.1:{port}/v1"
    finally:
        listening.close()
        await asyncio.gather(*[task for task in server.serving if task is not None])


@pytest.mark.parametrize("module", [httpx, httpx2], ids=["httpx", "httpx2"])
@pytest.mark.parametrize("first", [0, 1], ids=["who connected", "who came later"])
async def test_a_cancelled_call_leaves_the_others_alone(module: object, first: int) -> None:
    kind = module.AsyncClient  # type: ignore[attr-defined]
    async with asyncio.timeout(60), serving() as (server, url):
        own = kind(http1=False, http2=True)
        async with own:
            client = AsyncClient("m", {"m": Deployment(url)}, http_client=own, retry=1)
            calls = []
            for count in (1, 2, 3):
                calls.append(asyncio.create_task(client.chat(MESSAGES)))
                await server.until(count)
            calls[first].cancel()
            await asyncio.gather(calls[first], return_exceptions=True)
            server.answer()
            others = [call for call in calls if call is not calls[first]]
            assert [(await call).content for call in others] == ["Hello"] * 2
            assert (await client.chat(MESSAGES)).content == "Hello"
            assert server.connections == 1
