# Conversations on the emulated board: the history is on its flash.

import gc
import os

from thinwire import AsyncClient, Conversation, Deployment, JSONLHistory, Timeouts


def client_for(base_url):
    patient = Timeouts(connect=30, first_token=60, progress=60)
    # The machine that it runs on is another one to an emulated board.
    return AsyncClient("m", Deployment(base_url, "k", allow_insecure_http=True), timeouts=patient)


def forget(folder):
    try:
        for name in os.listdir(folder):
            os.remove(folder + "/" + name)
        os.rmdir(folder)
    except OSError:
        pass


async def interrupted(base_url):
    """Turns of a session, one interrupted: what is on the flash; free heap without a conversation,
    with one, and at least during a turn."""
    forget("talks")
    async with client_for(base_url) as client:
        await client.load()
        gc.collect()
        free = [gc.mem_free()]
        talk = Conversation(client, system="Be brief.", history=JSONLHistory("talks"))
        await talk.send("one", session="kitchen")
        gc.collect()
        free.append(gc.mem_free())
        async with talk.stream("two", session="kitchen") as turn:
            async for _ in turn:
                gc.collect()
                free.append(gc.mem_free())
                await turn.interrupt(heard_chars=4)
        await talk.send("three", session="kitchen")
        kept = await talk.messages("kitchen")
    forget("talks")
    return {"kept": kept, "free": [free[0], free[1], min(free[2:])]}


async def chat(base_url, *typed):
    """The chat of thinwire_board, which is on the board: its history once the line is closed."""
    from thinwire_board import chat

    lines = list(typed)

    async def read_line(stream):
        return lines.pop(0) if lines else None

    chat.read_line = read_line
    async with client_for(base_url) as client:
        await chat.run(client, {"system": "Be brief.", "max_messages": 3}, None)
    print()
    return [message["content"] for message in JSONLHistory("chats").read("chat")]
