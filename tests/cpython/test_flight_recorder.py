"""A flight recorder's file, as the mock server serves it again, over real sockets."""

import asyncio
from pathlib import Path

import pytest

from thinwire import AsyncClient, Client, Deployment, FlightRecorder, StatusError, ThinwireError
from thinwire.testing import (
    MockServer,
    cut_reply,
    json_reply,
    load_recording,
    status_reply,
    text_reply,
    tool_reply,
)
from thinwire.transport import HTTPXTransport, SocketTransport

KEY = "sk-a-secret-key-of-mine"
HELLO = [{"role": "user", "content": "Hello"}]
DOCUMENT = {"choices": [{"message": {"content": "whole"}, "finish_reason": "stop"}]}


def outcome(client: Client) -> object:
    try:
        done = client.chat(HELLO, on_delta=lambda text: None)
    except StatusError as error:
        return error.status, error.kind
    except ThinwireError as error:
        return type(error).__name__, error.kind
    return done.content, done.finish_reason, [(one.id, one.name) for one in done.tool_calls]


@pytest.mark.parametrize("transport", [HTTPXTransport, SocketTransport])
@pytest.mark.parametrize(
    "script",
    [
        text_reply("Hello, w\u00f6rld \U0001f600", usage=True),
        tool_reply([("weather", {"city": "Paris"})]),
        status_reply(429, f"slow down, {KEY}"),
        json_reply(DOCUMENT),
        cut_reply("Hel"),
    ],
    ids=["text", "tool", "status", "document", "cut"],
)
def test_a_replay_gives_the_same(tmp_path: Path, script: object, transport: type) -> None:
    path = tmp_path / "flight.json"
    recorder = FlightRecorder()
    with MockServer() as server:
        server.reply("m", script)  # type: ignore[arg-type]
        place = Deployment(server.base_url, KEY, "m")
        with Client("m", place, transport=transport(), retry=1, recorder=recorder) as client:
            first = outcome(client)
    recorder.save(path)
    assert KEY not in path.read_text("utf-8")
    (exchange,) = load_recording(path)
    assert exchange.model == "m"
    with MockServer().load(path) as server:
        client = Client("m", Deployment(server.base_url, KEY, "m"), retry=1)
        again = outcome(client)
        client.close()
    assert again == first


@pytest.mark.parametrize("transport", [HTTPXTransport, SocketTransport])
def test_a_stream_that_another_task_closes_is_kept_as_far_as_it_came(transport: type) -> None:
    recorder = FlightRecorder()

    async def leave() -> None:
        place = Deployment(server.base_url, KEY, "stall-mid-stream")
        async with AsyncClient("m", place, transport=transport(), recorder=recorder) as client:
            stream = client.stream(HELLO)
            first = await stream.__anext__()
            assert first.text  # type: ignore[union-attr]

            async def read_on() -> None:
                async for _ in stream:
                    pass

            reader = asyncio.ensure_future(read_on())
            await asyncio.sleep(0.05)
            await stream.aclose()
            await asyncio.wait_for(reader, 5)

    with MockServer() as server:
        asyncio.run(leave())
    (exchange,) = recorder.recording().exchanges
    assert exchange["response"]["ending"] == "client_gone"
    assert len(exchange["response"]["arrivals"]) > 1
