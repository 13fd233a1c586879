"""Answers that a server compressed: read on CPython, refused in plain words on a chip."""

import asyncio
import contextlib
import gzip
import tracemalloc
import zlib

import pytest
from support.interpreters import Interpreter, run_micropython

from thinwire import (
    AllAttemptsFailed,
    AsyncClient,
    Client,
    Deployment,
    ReadError,
    ThinwireError,
)
from thinwire.cpython.inflate import Inflater
from thinwire.testing import DONE, MockReply, MockServer, Send, sse_event

STREAM = (
    sse_event({"choices": [{"delta": {"content": "Grüße"}}]})
    + sse_event({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    + DONE
)
MESSAGES: list[dict[str, object]] = [{"role": "user", "content": "hi"}]
BOTH = pytest.mark.usefixtures("on_transport")
ENCODED = [("gzip", gzip.compress(STREAM)), ("deflate", zlib.compress(STREAM))]

# On MicroPython: what the error says, or the answer.
ASK = """
import sys
from thinwire import Client, Deployment, RetryPolicy, ThinwireError
with Client("m", {"m": Deployment(sys.argv[1])}, retry=RetryPolicy(1)) as client:
    try:
        print(client.chat([{"role": "user", "content": "hi"}]).content)
    except ThinwireError as error:
        print(type(error).__name__, error)
"""


def compressed(coding: str, data: bytes, status: int = 200) -> MockReply:
    headers = (("Content-Type", "text/event-stream"), ("Content-Encoding", coding))
    return MockReply(status=status, headers=headers, steps=[Send(data)], pieces=7)


@BOTH
@pytest.mark.parametrize(("coding", "data"), ENCODED, ids=["gzip", "deflate"])
async def test_it_is_read(mock_llm: MockServer, coding: str, data: bytes) -> None:
    mock_llm.reply("m", compressed(coding, data))
    async with AsyncClient("m", {"m": Deployment(mock_llm.base_url)}) as client:
        assert (await client.chat(MESSAGES)).content == "Grüße"


@BOTH
def test_it_is_read_without_a_loop(mock_llm: MockServer) -> None:
    mock_llm.reply("m", compressed(*ENCODED[0]))
    with Client("m", {"m": Deployment(mock_llm.base_url)}) as client:
        assert client.chat(MESSAGES).content == "Grüße"
    assert mock_llm.requests[0].header("accept-encoding") == "identity"


@BOTH
def test_what_is_not_what_it_says_is_an_error_of_ours(mock_llm: MockServer) -> None:
    mock_llm.reply("m", compressed("gzip", b"not gzip"))
    with (
        Client("m", {"m": Deployment(mock_llm.base_url)}) as client,
        pytest.raises(AllAttemptsFailed) as failure,
    ):
        client.chat(MESSAGES)
    assert isinstance(failure.value.last, ReadError)


def test_a_coding_that_nobody_asked_for_is_named(mock_llm: MockServer) -> None:
    mock_llm.reply("m", compressed("br", b"\x0b\x02\x80"), compressed("gzip, br", b"\x1f\x8b"))
    models = {"m": Deployment(mock_llm.base_url)}
    for coding in ("br", "gzip, br"):
        with Client("m", models, retry=1) as client, pytest.raises(ReadError) as failure:
            client.chat(MESSAGES)
        assert f"compressed its answer ({coding})" in str(failure.value)


def test_one_that_is_cut_off_is_not_whole(mock_llm: MockServer) -> None:
    data = gzip.compress(STREAM)
    mock_llm.reply("m", compressed("gzip", data[:-30]))
    with (
        Client("m", {"m": Deployment(mock_llm.base_url)}, retry=1) as client,
        pytest.raises(ThinwireError),
    ):
        client.chat(MESSAGES)


BOMB = gzip.compress(b": " + b"x" * 128_000_000 + b"\n\n" + STREAM)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_small_body_takes_little_memory(mock_llm: MockServer, kind: str) -> None:
    mock_llm.reply("m", compressed("gzip", BOMB))
    models = {"m": Deployment(mock_llm.base_url)}
    tracemalloc.start()
    try:
        if kind == "sync":
            with Client("m", models, retry=1) as client, contextlib.suppress(ThinwireError):
                client.chat(MESSAGES)
        else:
            with contextlib.suppress(ThinwireError):
                asyncio.run(asked(models))
        assert tracemalloc.get_traced_memory()[1] < 44_000_000  # an event may have 16 MiB
    finally:
        tracemalloc.stop()


async def asked(models: dict[str, Deployment]) -> None:
    async with AsyncClient("m", models, retry=1) as client:
        await client.chat(MESSAGES)


# The coding, a body, and what it comes to; None: it was cut off, or is no such body.
BODIES: list[tuple[str, bytes, bytes | None]] = [
    ("gzip", gzip.compress(STREAM), STREAM),
    ("X-GZIP", gzip.compress(STREAM), STREAM),
    ("gzip", gzip.compress(STREAM) + gzip.compress(b"more"), STREAM + b"more"),
    ("gzip", gzip.compress(STREAM) + b"\0\0", STREAM),
    ("gzip", gzip.compress(b""), b""),
    ("gzip", b"", b""),
    ("gzip", gzip.compress(STREAM)[:-1], None),
    ("gzip", gzip.compress(STREAM)[:-9], None),
    ("gzip", gzip.compress(STREAM)[:-8] + b"\0" * 8, None),
    ("gzip", STREAM, None),
    ("deflate", zlib.compress(STREAM), STREAM),
    ("deflate", zlib.compress(STREAM)[2:-4], STREAM),
    ("deflate", zlib.compress(STREAM)[:-1], None),
    ("deflate", b"", b""),
    ("deflate", b"\x78", None),
    ("deflate", b"\xff\xff\xff", None),
]


def inflated(coding: str, pieces: list[bytes], room: int) -> bytes | None:
    inflater, found, buffer = Inflater(coding), bytearray(), memoryview(bytearray(room))
    inflater.check()
    try:
        for piece in pieces:
            inflater.feed(piece)
            while count := inflater.readinto(buffer):
                found += buffer[:count]
        inflater.end()
    except ReadError:
        return None
    return bytes(found)


@pytest.mark.parametrize(
    ("coding", "body", "wanted"), BODIES, ids=[str(number) for number in range(len(BODIES))]
)
def test_inflating_in_pieces(coding: str, body: bytes, wanted: bytes | None) -> None:
    for room in (1, 7, 65536):
        assert inflated(coding, [body], room) == wanted
        assert inflated(coding, [body[at : at + 1] for at in range(len(body))], room) == wanted
        for at in range(len(body)):
            assert inflated(coding, [body[:at], body[at:]], room) == wanted, at


@pytest.mark.parametrize(("status", "want"), [(200, "ReadError"), (429, "StatusError")])
def test_a_chip_says_what_is_wrong(
    micropython: Interpreter, mock_llm: MockServer, tmp_path: object, status: int, want: str
) -> None:
    mock_llm.reply("m", compressed(*ENCODED[0], status))
    script = f"{tmp_path}/ask.py"
    with open(script, "w") as file:
        file.write(ASK)
    done = run_micropython(micropython, script, mock_llm.base_url)
    assert done.stdout.startswith(want), done.stdout
    assert "compressed" in done.stdout
