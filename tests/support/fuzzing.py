"""Damaged answers: recorded streams with bytes changed, lost, doubled or cut off, by seed."""

import json
import random
from collections.abc import Callable

from thinwire.testing import MockReply, RecordedRequest, Send

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"


def chunk(delta: dict[str, object], finish: str | None = None, **more: object) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {"id": "c-1", "model": "m", "choices": [choice], **more}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def call(index: int, arguments: str, **more: object) -> dict[str, object]:
    function = {"arguments": arguments, **({"name": "get"} if more else {})}
    return {"tool_calls": [{"index": index, "function": function, **more}]}


USAGE = {"usage": {"prompt_tokens": 3, "completion_tokens": 2}}
DONE = b"data: [DONE]\n\n"
STREAMS = (
    chunk({"role": "assistant", "content": ""})
    + b"".join(chunk({"content": word}) for word in ("Grüße", " 世界", " 🚀", "\u2028"))
    + chunk({}, "stop", **USAGE)
    + DONE,
    chunk(call(0, "", id="a"))
    + chunk(call(0, '{"city":'))
    + chunk(call(1, '{"n":1}', id="b"))
    + chunk(call(0, '"Oslo"}'))
    + chunk({}, "tool_calls")
    + DONE,
    b": ping\n\n" + chunk({"reasoning": "hm"}) + b"event: error\ndata: {}\n\n",
    chunk({"content": "a"}) + b'data: {"error": {"message": "overloaded", "code": 529}}\n\n',
)


def framed(body: bytes, random_source: random.Random) -> bytes:
    """`body` as the bytes of a whole response, framed in one of the three ways."""
    way = random_source.randrange(3)
    if way == 0:
        return HEAD + b"\r\n" + body
    if way == 1:
        return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    out, at = bytearray(HEAD + b"Transfer-Encoding: chunked\r\n\r\n"), 0
    while at < len(body):
        size = random_source.randrange(1, 120)
        piece = body[at : at + size]
        out += b"%x\r\n%b\r\n" % (len(piece), piece)
        at += size
    return bytes(out) + b"0\r\n\r\n"


def _flip(data: bytearray, at: int, source: random.Random) -> None:
    data[at] ^= 1 << source.randrange(8)


def _set(data: bytearray, at: int, source: random.Random) -> None:
    data[at] = source.choice(b'\r\n\0:"{}[],\\ 0fF\xff\xed\x80')


def _delete(data: bytearray, at: int, source: random.Random) -> None:
    del data[at : at + source.randrange(1, 30)]


def _double(data: bytearray, at: int, source: random.Random) -> None:
    data[at:at] = data[at : at + source.randrange(1, 30)]


def _insert(data: bytearray, at: int, source: random.Random) -> None:
    data[at:at] = source.randbytes(source.randrange(1, 10))


def _cut(data: bytearray, at: int, source: random.Random) -> None:
    del data[at:]


_DAMAGES: tuple[Callable[[bytearray, int, random.Random], None], ...] = (
    _flip,
    _set,
    _delete,
    _double,
    _insert,
    _cut,
)


def damaged(seed: int) -> bytes:
    """The response for `seed`: every tenth is whole, the others have one to three damages."""
    source = random.Random(seed)
    data = bytearray(framed(source.choice(STREAMS), source))
    for _ in range(source.randrange(1, 4) if seed % 10 else 0):
        if data:
            source.choice(_DAMAGES)(data, source.randrange(len(data)), source)
    return bytes(data)


def answer(request: RecordedRequest) -> MockReply:
    """The damaged response for the seed that the request's last message holds, in random cuts."""
    seed = int(request.json()["messages"][-1]["content"])
    source = random.Random(seed)
    cuts = [source.randrange(1, 400) for _ in range(8)]
    return MockReply(
        steps=[Send(damaged(seed), raw=True)], framing="raw", pieces=cuts, hang_up=True
    )
