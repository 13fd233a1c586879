"""Async, with a history that grows, in memory or on disk."""

import asyncio
import os
from pathlib import Path
from typing import Any

from thinwire import (
    AsyncClient,
    Conversation,
    Deployment,
    JSONLHistory,
    JSONLMessages,
    MemoryHistory,
    SQLiteHistory,
    StreamInterrupted,
)


async def talk(client: AsyncClient, history: list[dict[str, Any]], text: str) -> str:
    history.append({"role": "user", "content": text})
    try:
        completion = await client.chat(history, session="s1", max_completion_tokens=50)
    except StreamInterrupted as error:
        completion = error.partial
    history.append(completion.to_message())
    return completion.content or ""


async def on_disk(client: AsyncClient) -> None:
    kept = JSONLMessages(Path("history.jsonl"))
    kept.append({"role": "user", "content": "hi"})
    completion = await client.chat(kept, keep="text")
    kept.append(completion)
    await client.chat([*kept, completion, {"role": "user", "content": "and now?"}])


async def by_session(client: AsyncClient) -> None:
    on_disk = JSONLHistory(Path("chats"), fsync=True)
    for history in (MemoryHistory(max_sessions=10), on_disk, SQLiteHistory("chats.db")):
        async with Conversation(client, history=history) as talk:
            await talk.send("hi", session="kitchen")
        roles: list[str] = [message["role"] for message in history.read("kitchen")]
        print(roles)
    on_disk.append("kitchen", [{"role": "user", "content": "hi"}])
    on_disk.replace("kitchen", on_disk.read("kitchen"))
    on_disk.delete("kitchen")


async def main() -> None:
    key = os.environ.get("API_KEY", "")
    async with AsyncClient("m", {"m": Deployment("http://localhost:8000/v1", key)}) as client:
        history: list[dict[str, Any]] = [{"role": "system", "content": "Be short."}]
        for text in ("hi", "and now?"):
            print(await talk(client, history, text))
        async with asyncio.TaskGroup() as group:
            group.create_task(on_disk(client))
            group.create_task(by_session(client))


asyncio.run(main())
