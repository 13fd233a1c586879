"""Endpoints that are no chats, of both clients."""

from array import array
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from thinwire import AsyncClient, Base64File, Client, Deployment, Reply, SyncReply

HERE = Deployment("https://api.example/v1", "sk-...", "m-1")


def blocks() -> Iterator[bytes]:
    yield b"sound"


async def microphone() -> AsyncIterator[bytes]:
    yield b"sound"


def ask() -> int:
    with Client("m", HERE) as client:
        reply: SyncReply = client.post("/rerank", {"query": "x"}, timeouts=5)
        print(reply.status + 1, reply.headers["x-request-id"].upper(), reply.json())
        with client.open("PUT", "/file", blocks, is_delta=lambda piece: len(piece) > 1) as raw:
            count: int = raw.readinto(bytearray(10))
            for piece in raw:
                print(bytes(piece))
        vectors: list[array[float]] = client.embeddings(["a"], dimensions=2).vectors
        print(vectors, client.transcribe(Base64File("a.wav"), language="en").text.upper())
        client.transcribe(b"sound", langage="en")  # type: ignore[call-arg]
        client.post("/rerank", "text")  # type: ignore[arg-type]
        with open("a.mp3", "wb") as file:
            count += client.speak("Hi", file, speed=1.5)
        print(client.resolve("groq:llama").base_url)
        return count + client.speak("Hi", Path("a.mp3"), voice=None)


async def ask_async() -> Reply:
    async with AsyncClient("m", HERE) as client:
        async with await client.get("/models") as reply:
            async for piece in reply:
                print(len(piece))
        print((await client.transcribe(microphone(), filename="a.wav")).document)
        await client.speak("Hi", print)
        return await client.open("POST", "/x", microphone())
