# Turns of which one allocation on the heap fails, or all from one on, and what is left of them.
# Runs on the chip-like MicroPython (tests_device/test_conversation_heap.py).

import gc

import heapfault

from thinwire import (
    AsyncClient,
    Conversation,
    Deployment,
    JSONLHistory,
    MemoryHistory,
    OutOfMemory,
    RetryPolicy,
    Timeouts,
)

ANSWER = "answer text here"
LEGAL = ([], ["question", ANSWER], ["question", "ans"])  # after the turn before


def hear(text):
    pass


async def send(talk):
    await talk.send("question", on_delta=hear)


async def stream(talk):
    async with talk.stream("question") as turn:
        async for _ in turn:
            pass


async def interrupt(talk):
    async with talk.stream("question") as turn:
        async for _ in turn:
            await turn.interrupt(heard_chars=3)


async def turns(base_url, folder, times, first, step):
    """Each of the turns above, again and again, with a fault at one allocation after the other.

    Returns:
        How many were made; what their callers saw, and how often; what was wrong.
    """
    limits = Timeouts(total=20)
    client = AsyncClient("m", Deployment(base_url, "k"), retry=RetryPolicy(1), timeouts=limits)
    seen, wrong, count = {}, [], 0
    for form in (send, stream, interrupt):
        n, fired = first, 1
        while fired:
            history = JSONLHistory(folder) if folder else MemoryHistory()
            history.delete("")
            talk = Conversation(client, system="system", history=history, max_messages=5)
            await talk.send("before")
            gc.collect()
            heapfault.arm(n, times)
            error = None
            try:
                await form(talk)
            except Exception as found:
                error = found
            fired = heapfault.disarm()
            name = "answer" if error is None else type(error).__name__
            seen[name] = seen.get(name, 0) + 1
            kept = [message["content"] for message in history.read("")]
            if not isinstance(error, (type(None), OutOfMemory, MemoryError)):
                wrong.append([str(form), n, name])
            if len(talk.sessions):
                wrong.append([str(form), n, "a session that nobody can enter", name])
            if kept[:2] != ["before", ANSWER] or kept[2:] not in LEGAL:
                wrong.append([str(form), n, kept])
            if error is None and not kept[2:]:
                wrong.append([str(form), n, "an answer that is not kept"])
            await talk.send("after")
            n += step
            count += 1
    await client.aclose()
    return [count, seen, wrong]
