# Endpoints that are no chats, over real sockets, on whichever runtime: each job is a function
# here, and its result one line of JSON.

import asyncio
import hashlib
import json
import sys

from thinwire import (
    AsyncClient,
    Client,
    Deployment,
    RetryPolicy,
    StatusError,
    StreamError,
    StreamInterrupted,
    Timeouts,
)

KEY = "sk-never-to-be-seen"
PATIENT = Timeouts(connect=30, first_token=60)


def client(base_url, blocking):
    kind = Client if blocking else AsyncClient
    retry = RetryPolicy(2, base=0.01)
    return kind("m", Deployment(base_url, KEY, "id-1"), timeouts=PATIENT, retry=retry)


async def ended(value):
    """A result of either client."""
    return await value if hasattr(value, "send") else value


async def post(made, base_url):
    answer = await ended(made.post("/echo?a=1", {"q": "x" * 100}))
    kept = (answer.status, answer.content_type)
    seen = await ended(answer.json())
    return [kept, seen["method"], seen["path"], seen["key"] == "Bearer " + KEY, seen["start"]]


async def get(made, base_url):
    seen = await ended((await ended(made.get("//other/echo"))).json())
    again = await ended((await ended(made.get("/echo"))).json())
    return [seen["method"], seen["path"], seen["framing"], seen["size"], again["path"]]


async def busy(made, base_url):
    answer = await ended(made.post("/busy?%d" % id(made), {}))
    await ended(answer.read())
    return [attempt.status for attempt in answer.attempts]


async def forbidden(made, base_url):
    try:
        await ended(made.get("/forbidden"))
    except StatusError as error:
        return [error.status, error.kind, KEY in str(error), "***" in str(error)]


async def stream(made, base_url):
    answer = await ended(made.open("POST", "/stream", b"{}"))
    got = b""
    piece = await ended(answer.next_piece())
    while piece:
        got += bytes(piece)
        piece = await ended(answer.next_piece())
    return str(got, "utf-8")


async def nothing(made, base_url):
    answer = await ended(made.open("DELETE", "/nothing"))
    return [answer.status, str(await ended(answer.read()), "utf-8")]


async def embeddings(made, base_url):
    found = await ended(made.embeddings(["a", "b", "c"]))
    return [[list(one) for one in found.vectors], found.usage]


def blocks(count):
    block = bytes(range(256)) * 16
    for _ in range(count):
        yield block


async def transcribe(made, base_url, count):
    """A recording of count * 4 KB, which is made while it is sent."""
    measured = measure()
    found = await ended(made.transcribe(lambda: blocks(count), language="en"))
    peak = measured()
    seen = found.document["seen"]
    return [found.text, seen["size"] - count * 4096, seen["framing"], peak]


async def transcribe_file(made, base_url, path):
    found = await ended(made.transcribe(path))
    start = found.document["seen"]["start"]
    return [found.text, path.split("/")[-1] in start, "hello from a file" in start]


class Sink:
    def __init__(self):
        self.size = 0
        self.hash = hashlib.sha256()

    def write(self, piece):
        self.size += len(piece)
        self.hash.update(piece)


async def speak(made, base_url, size):
    sink, measured = Sink(), measure()
    count = await ended(made.speak(str(size), sink))
    peak = measured()
    wanted, left = hashlib.sha256(), size
    block = b"s" * 4096
    while left:
        wanted.update(memoryview(block)[: min(left, 4096)])
        left -= min(left, 4096)
    return [count == sink.size == size, sink.hash.digest() == wanted.digest(), peak]


async def speak_cut(made, base_url):
    sink = Sink()
    try:
        await ended(made.speak("100000!", sink))
    except StreamInterrupted:
        return [sink.size]


async def left(made, base_url):
    # A reply that is closed in its middle: the next call has a connection that works.
    answer = await ended(made.open("POST", "/speech", {"input": "5000000"}))
    first = len(await ended(answer.next_piece())) > 0
    closing = answer.close() if isinstance(made, Client) else answer.aclose()
    if not isinstance(made, Client):
        await closing
    return [first, (await get(made, base_url))[1]]


async def closed(made, base_url):
    # Another task closes what somebody reads; a blocking client has none.
    answer = await ended(made.get("/slow"))
    first = len(await ended(answer.next_piece()))
    if isinstance(made, Client):
        answer.close()
    else:

        async def close():
            await asyncio.sleep(0.05)
            await answer.aclose()

        closing = asyncio.create_task(close())
    try:
        await ended(answer.next_piece())
    except StreamError as error:
        if not isinstance(made, Client):
            await closing
        return [first, "closed" in str(error)]


def measure():
    """What tells the peak of memory since, in bytes; 0 on MicroPython, whose heap is the limit."""
    if sys.implementation.name == "micropython":
        return int
    import tracemalloc

    tracemalloc.start()

    def peak():
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    return peak


async def run(jobs, blocking):
    for job in jobs:
        made = client(job["base_url"], blocking)
        result = await globals()[job["name"]](made, job["base_url"], *job.get("arguments", ()))
        print(json.dumps({"name": job["name"], "result": result}))
        if blocking:
            made.close()
        else:
            await made.aclose()


if __name__ == "__main__":
    with open(sys.argv[1]) as given:
        asked = json.load(given)
    if asked["blocking"]:
        # A blocking client's calls wait for nothing: a step is all of it.
        try:
            run(asked["jobs"], True).send(None)
        except StopIteration:
            pass
    else:
        asyncio.run(run(asked["jobs"], False))
