"""A voice assistant over real sockets, on each transport of a server."""

import asyncio
import io
from collections.abc import Iterator

import pytest

from thinwire import AsyncClient, Conversation, Deployment, Microphone, Speaker, Voice
from thinwire.testing import (
    MockCompletion,
    MockReply,
    MockServer,
    RecordedRequest,
    Stall,
    sound_of,
    text_of_sound,
    text_reply,
)
from thinwire.transport import SocketTransport

SILENCE = bytes(32_000)
PATIENCE_S = 30
STORY = "Once upon a time there was a fox. It lived in a wood, and nobody knew it. The end."


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running
        assert running.errors == []


def client_of(server: MockServer, kind: str) -> AsyncClient:
    models = {name: Deployment(server.base_url, "k") for name in ("echo", "ears", "mouth")}
    transport = SocketTransport() if kind == "sockets" else None
    return AsyncClient("echo", models, transport=transport)


def spoken(text: str) -> bytes:
    return SILENCE + sound_of(text, samples=400) + SILENCE


def voice_of(client: AsyncClient, microphone: Microphone, speaker: Speaker) -> Voice:
    options = {"transcribe": {"model": "ears"}, "speak": {"model": "mouth"}}
    return Voice(Conversation(client), microphone, speaker, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["httpx", "sockets"])
async def test_what_is_said_is_said_back(server: MockServer, kind: str) -> None:
    loudspeaker = io.BytesIO()
    questions = ["Is it 3.5 km, Dr. Who? Yes!", "Good bye then."]
    async with client_of(server, kind) as client:
        source = io.BytesIO(b"".join(map(spoken, questions)))
        voice = voice_of(client, Microphone(source), Speaker(loudspeaker))
        await asyncio.wait_for(voice.run(), PATIENCE_S)
    heard = text_of_sound(loudspeaker.getvalue())
    assert heard == "Is it 3.5 km, Dr. Who?Yes!Good bye then."
    said = [one.json()["input"] for one in server.requests if one.wire == "speech"]
    assert said == ["Is it 3.5 km, Dr. Who?", "Yes!", "Good bye then."]
    assert {request.wait() for request in server.requests} == {"complete"}


@pytest.mark.parametrize("kind", ["httpx", "sockets"])
async def test_an_interruption_reaches_the_servers(server: MockServer, kind: str) -> None:
    # The second sentence's sound never ends, and neither does the answer.
    server.reply("echo", MockCompletion([{"content": STORY + " And"}], ending=(Stall(),)))
    never = MockCompletion([{"content": "It lived in "}], ending=(Stall(),))

    def mouth(request: RecordedRequest) -> MockReply:
        # By what is to be said: sounds are asked for side by side, and come in either order.
        text = request.json()["input"]
        return never(request) if text.startswith("It lived") else text_reply(text)(request)

    server.reply("mouth", mouth)
    heard = asyncio.Event()

    class Loudspeaker(io.BytesIO):
        def write(self, piece: object) -> int:  # type: ignore[override]
            count = super().write(piece)  # type: ignore[arg-type]
            if text_of_sound(self.getvalue()).endswith("It lived in "):
                heard.set()
            return count

    async with client_of(server, kind) as client:
        speaker = Speaker(Loudspeaker(), byte_rate=32 * 15)
        voice = voice_of(client, Microphone(io.BytesIO()), speaker)
        task = asyncio.create_task(voice.answer("Tell me a story"))
        await asyncio.wait_for(heard.wait(), PATIENCE_S)
        await voice.interrupt()
        completion = await asyncio.wait_for(task, PATIENCE_S)
        messages = await voice.talk.messages()
        again = await asyncio.wait_for(voice.say("Yes."), PATIENCE_S)
    assert completion is not None
    assert messages[1]["content"].startswith("Once upon a time there was a fox. It lived")
    assert messages[1]["_interrupted"]
    assert len(messages[1]["content"]) < len(STORY) // 2 + 10
    assert again == 4
    (chat,) = [one for one in server.requests if one.wire != "speech"]
    sounds = {one.json()["input"]: one for one in server.requests if one.wire == "speech"}
    assert chat.wait() == "client_gone"
    assert sounds["Once upon a time there was a fox."].wait() == "complete"
    assert sounds["It lived in a wood, and nobody knew it."].wait() == "client_gone"


async def test_streams_of_asyncio_are_microphone_and_loudspeaker(server: MockServer) -> None:
    got = bytearray()

    async def studio(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(spoken("What time is it?"))
        writer.write_eof()
        got.extend(await reader.read())
        writer.close()

    async with await asyncio.start_server(studio, "127.0.0.1", 0) as house:
        port = house.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        async with client_of(server, "sockets") as client:
            voice = voice_of(client, Microphone(reader), Speaker(writer))
            await asyncio.wait_for(voice.run(), PATIENCE_S)
        writer.close()
        await writer.wait_closed()
        for _ in range(1000):
            if got:
                break
            await asyncio.sleep(0.01)
    assert text_of_sound(bytes(got)) == "What time is it?"
