"""An answer that waits holds no receive buffer, where there are more than a few."""

import asyncio
import tracemalloc

import pytest

from thinwire import AsyncClient, ContentDelta, Deployment
from thinwire.core.answer.answer import Answer
from thinwire.core.dialects.endpoint import BytesAnswer
from thinwire.core.wire.reserve import Reserve
from thinwire.transport import HTTPXTransport, SocketTransport

STREAMS = 100
CHUNK = b'data: {"choices":[{"index":0,"delta":{"content":"hello"}}]}\n\n'


def put(answer: Answer, data: bytes) -> None:
    answer.get_buffer()[: len(data)] = data
    answer.buffer_updated(len(data))
    while answer.next_event() is not None:
        pass


def test_what_is_not_needed_is_given_back_and_what_is_stays() -> None:
    buffers = Reserve(128)
    answer = Answer(buffers=buffers, buffer=bytearray())
    answer.release_buffer()  # it has none yet
    put(answer, b": what the error would show\n\n")
    answer.release_buffer()
    assert len(answer.parser.buffer) == 128
    put(answer, CHUNK + b"data: {")
    answer.release_buffer()  # half of an event
    assert len(answer.parser.buffer) == 128
    put(answer, b"}\n\n")
    lent = answer.parser.buffer
    answer.release_buffer()
    assert len(answer.parser.buffer) == 0
    assert buffers.acquire() is lent
    put(answer, CHUNK)
    answer.free()
    assert answer.assembler.completion(False).content == "hellohello"


def test_bytes_too() -> None:
    buffers = Reserve(128)
    answer = BytesAnswer(buffers, bytearray(), None)
    answer.content_type = "text/event-stream"
    answer.release_buffer()
    put(answer, b": held back until there is data\n")
    answer.release_buffer()
    put(answer, b"data: 1\n\n")
    answer.release_buffer()
    put(answer, b"2")
    assert answer.received == 42
    answer.free()


def test_a_few_keep_theirs() -> None:
    buffers = Reserve(16)
    lent = [buffers.acquire() for _ in range(4)]
    assert not buffers.crowded
    lent.append(buffers.acquire())
    assert buffers.crowded
    buffers.release(lent.pop())
    assert not buffers.crowded


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    for _ in range(2):
        writer.write(b"%x\r\n%s\r\n" % (len(CHUNK), CHUNK))
        await writer.drain()
        await asyncio.sleep(0.01)
    await reader.read()
    writer.close()


@pytest.mark.parametrize("kind", [SocketTransport, HTTPXTransport])
def test_a_stream_that_waits_takes_little(kind: type[SocketTransport | HTTPXTransport]) -> None:
    async def main() -> float:
        server = await asyncio.start_server(_serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        deployment = Deployment(f"http://127.0.0.1:{port}/v1", "k", framing="length")
        heard = asyncio.Semaphore(0)

        async def listen() -> None:
            async with client.stream("hello") as stream:
                async for event in stream:
                    if isinstance(event, ContentDelta):
                        heard.release()

        async with AsyncClient("m", deployment, transport=kind()) as client:
            first = asyncio.create_task(listen())
            for _ in range(2):
                await asyncio.wait_for(heard.acquire(), 30)
            tracemalloc.start()
            tasks = [asyncio.create_task(listen()) for _ in range(STREAMS)]
            for _ in range(2 * STREAMS):
                await asyncio.wait_for(heard.acquire(), 30)
            used = tracemalloc.get_traced_memory()[0]
            tracemalloc.stop()
            for task in (first, *tasks):
                task.cancel()
            await asyncio.gather(first, *tasks, return_exceptions=True)
        server.close()
        return used / STREAMS

    # The server's half is counted, too. A buffer for each would be 64 KiB more.
    assert asyncio.run(main()) < 64 * 1024


def test_what_is_given_back_twice_is_lent_once() -> None:
    buffers = Reserve(16)
    lent = [buffers.acquire() for _ in range(5)]
    for _ in range(2):  # as two threads do that end a stream in the same moment
        for one in lent:
            buffers.release(one)
    assert buffers.acquire() is not buffers.acquire()
    assert not buffers.crowded
