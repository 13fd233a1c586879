"""AsyncClient under uvloop, on both transports: what a loop has a part in."""

import asyncio
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from support.certificates import authority
from support.loops import run_uvloop
from support.proxy import Proxy

from thinwire import (
    AsyncClient,
    Client,
    ConnectError,
    ContentDelta,
    Deployment,
    StreamInterrupted,
    Timeouts,
    TransportTimeout,
)
from thinwire.core.wire.reserve import Reserve
from thinwire.cpython.sockets.waits import AsyncLine
from thinwire.testing import MockServer, cut_reply, stall_reply, text_reply, tool_reply
from thinwire.transport import HTTPXTransport, SocketTransport

pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or sys.implementation.name != "cpython",
    reason="there is no uvloop for it",
)
HELLO: list[dict[str, object]] = [{"role": "user", "content": "hi"}]
MANY = 50
FEW = 4  # streams that keep theirs (core/wire/reserve.py)


@pytest.fixture(params=[HTTPXTransport, SocketTransport], ids=["httpx", "sockets"])
def transport(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server
        assert server.errors == []


def client_of(server: MockServer, transport: Any, **options: Any) -> AsyncClient:
    names = "m", "other"
    models = {name: Deployment(server.base_url) for name in names}
    return AsyncClient("m", models, transport=transport(), retry=1, **options)


def test_answers_whole_and_streamed_over_one_connection(
    server: MockServer, transport: Any
) -> None:
    async def job() -> None:
        async with client_of(server, transport) as client:
            assert (await client.chat(HELLO)).content == "hi"
            async with client.stream(HELLO) as stream:
                heard = [event.text async for event in stream if isinstance(event, ContentDelta)]
            assert "".join(heard) == "hi"
            assert (await client.chat(HELLO)).content == "hi"

    run_uvloop(job(), debug=True)
    assert server.connections == 1


def test_one_client_in_one_loop_after_the_other(server: MockServer, transport: Any) -> None:
    client = client_of(server, transport)

    async def job() -> str | None:
        async with client:
            return (await client.chat(HELLO)).content

    assert [run_uvloop(job()), asyncio.run(job()), run_uvloop(job())] == ["hi"] * 3


def test_a_client_that_blocks_beside_it(server: MockServer, transport: Any) -> None:
    async def job() -> list[str | None]:
        models = {"m": Deployment(server.base_url)}
        with Client("m", models, transport=transport()) as blocking:
            async with client_of(server, transport) as client:
                beside = asyncio.to_thread(blocking.chat, HELLO)
                both = await asyncio.gather(client.chat(HELLO), beside)
        return [one.content for one in both]

    assert run_uvloop(job()) == ["hi", "hi"]


@pytest.mark.parametrize("where", ["before_head", "after_head", "mid_stream"])
def test_a_call_that_is_cancelled(server: MockServer, transport: Any, where: Any) -> None:
    server.reply("m", stall_reply(where))

    async def job() -> None:
        async with client_of(server, transport) as client:
            call = asyncio.create_task(client.chat(HELLO))
            await asyncio.to_thread(server.wait_for_requests, 1)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            gone = await asyncio.to_thread(server.requests[0].wait)
            assert gone == "client_gone"
            assert (await client.chat(HELLO, model="other")).content == "hi"

    run_uvloop(job())


def test_a_deadline(server: MockServer, transport: Any) -> None:
    server.reply("m", stall_reply("after_head"))

    async def job() -> str:
        async with client_of(server, transport) as client:
            with pytest.raises(TransportTimeout) as caught:
                await client.chat(HELLO, timeouts=Timeouts(first_token=0.1))
        return caught.value.phase

    assert run_uvloop(job()) == "first_token"


def test_an_answer_that_breaks_off(server: MockServer, transport: Any) -> None:
    server.reply("m", cut_reply())

    async def job() -> None:
        async with client_of(server, transport) as client:
            with pytest.raises(StreamInterrupted):
                await client.chat(HELLO, on_delta=lambda _: None)

    run_uvloop(job())


def test_a_kept_connection_that_died_meanwhile(transport: Any) -> None:
    async def job(client: AsyncClient, port: int) -> None:
        for _ in range(2):
            with MockServer(port=port) as server:
                assert (await client.chat(HELLO)).content == "hi"
                assert server.connections == 1
        await client.aclose()

    with MockServer() as first:
        port = first.port
    models = {"m": Deployment(f"http://127.0.0.1:{port}/v1")}
    run_uvloop(job(AsyncClient("m", models, transport=transport(), retry=1), port))


def test_nobody_listens(transport: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]

    async def job() -> None:
        models = {"m": Deployment(f"http://127.0.0.1:{port}/v1")}
        async with AsyncClient("m", models, transport=transport(), retry=1) as client:
            with pytest.raises(ConnectError):
                await client.chat(HELLO)

    run_uvloop(job())


@pytest.mark.parametrize("by_proxy", [False, True], ids=["tls", "proxy"])
def test_tls_with_a_ca_of_ones_own(transport: Any, by_proxy: bool) -> None:
    trusted = authority()
    secured = trusted.server("127.0.0.1", "h.test")
    with MockServer(ssl_context=secured) as server, Proxy(("127.0.0.1", server.port)) as proxy:

        async def job() -> list[str | None]:
            url, options = server.base_url, {}
            if by_proxy:
                url = "https://h.test/v1"
                options = {"proxy": f"http://127.0.0.1:{proxy.server_address[1]}"}
            way = transport(cadata=trusted.pem, **options)
            async with AsyncClient("m", {"m": Deployment(url)}, transport=way) as client:
                found = [(await client.chat(HELLO)).content for _ in range(2)]
                text = "x" * 300_000
                found.append((await client.chat([{"role": "user", "content": text}])).content)
            return [one if one is None or len(one) < 9 else one[:2] for one in found]

        assert run_uvloop(job()) == ["hi", "hi", "xx"]
        assert server.connections == 1
        assert proxy.targets == ["h.test:443"] * by_proxy


def test_a_large_body_waits_for_a_server_that_reads_late(transport: Any) -> None:
    text = "x" * 8_000_000
    reading = threading.Event()
    received: list[int] = []
    events = b'data: {"choices":[{"index":0,"delta":{"content":"ok"},"finish_reason":"stop"}]}\n\n'

    def serve(listening: socket.socket) -> None:
        peer, _ = listening.accept()
        with peer, peer.makefile("rb") as file:
            reading.wait(60)
            while file.readline() != b"\r\n":
                pass
            while size := int(file.readline(), 16):
                received.append(len(file.read(size)))
                file.readline()
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n")
            peer.sendall(b"Connection: close\r\n\r\n" + events + b"data: [DONE]\n\n")

    async def job(port: int) -> str | None:
        models = {"m": Deployment(f"http://127.0.0.1:{port}/v1")}
        async with AsyncClient("m", models, transport=transport(), retry=1) as client:
            message = {"role": "user", "content": text}
            call = asyncio.create_task(client.chat([message]))
            for _ in range(100):  # the loop is nobody's meanwhile
                await asyncio.sleep(0)
            assert not call.done()
            reading.set()
            return (await call).content

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        assert run_uvloop(job(listening.getsockname()[1])) == "ok"
        thread.join()
    assert sum(received) > len(text)


def test_many_streams_at_once(server: MockServer, transport: Any) -> None:
    async def turn(client: AsyncClient, number: int) -> bool:
        text = f"{number} " * 200
        heard: list[str] = []
        completion = await client.chat([{"role": "user", "content": text}], on_delta=heard.append)
        return completion.content == "".join(heard) == text

    async def job() -> list[bool]:
        async with client_of(server, transport) as client:
            return await asyncio.gather(*(turn(client, number) for number in range(MANY)))

    assert run_uvloop(job()) == [True] * MANY


def test_streams_that_wait_hold_no_buffer(
    server: MockServer, transport: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lent: list[int] = []
    acquire, release = Reserve.acquire, Reserve.release

    def lend(reserve: Reserve) -> bytearray:
        buffer = acquire(reserve)
        lent.append(id(buffer))
        return buffer

    def take_back(reserve: Reserve, buffer: bytearray) -> None:
        lent.remove(id(buffer))
        release(reserve, buffer)

    monkeypatch.setattr(Reserve, "acquire", lend)
    monkeypatch.setattr(Reserve, "release", take_back)
    server.reply("m", *[stall_reply("mid_stream")] * MANY)

    async def job() -> int:
        heard: list[str] = []
        all_heard = asyncio.Event()

        def hear(text: str) -> None:
            heard.append(text)
            if len(heard) == MANY:
                all_heard.set()

        async with client_of(server, transport) as client:
            calls = [asyncio.create_task(client.chat(HELLO, on_delta=hear)) for _ in range(MANY)]
            await all_heard.wait()
            for _ in range(10):  # until all wait again
                await asyncio.sleep(0)
            found = len(lent)
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
        return found

    assert run_uvloop(job()) <= FEW
    assert lent == []


def test_a_token_that_comes_is_told_once(
    server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # asyncio looks at a socket once more before whoever was woken reads; uvloop does not.
    told: list[bool] = []
    swallowed: list[bool] = []
    heard = AsyncLine._readable  # noqa: SLF001

    def note(line: AsyncLine) -> None:
        swallowed.append(line._woken)  # noqa: SLF001
        told.append(True)
        heard(line)

    monkeypatch.setattr(AsyncLine, "_readable", note)
    server.reply("m", text_reply("a b c d e f g h"))

    async def job() -> str | None:
        async with client_of(server, SocketTransport) as client:
            return (await client.chat(HELLO)).content

    assert run_uvloop(job()) == "a b c d e f g h"
    assert told
    assert not any(swallowed)


def test_tools(server: MockServer, transport: Any) -> None:
    server.reply("m", tool_reply([("double", {"number": 21})]), text_reply("42"))
    asked: list[int] = []

    async def double(number: int) -> int:
        """Twice as much."""
        await asyncio.sleep(0)
        asked.append(number)
        return 2 * number

    async def job() -> str | None:
        async with client_of(server, transport) as client:
            return (await client.run_tools(HELLO, tools=[double])).text

    assert run_uvloop(job()) == "42"
    assert asked == [21]
