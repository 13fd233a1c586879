"""Large turns on a heap that holds all of thinwire compiled as well; and a heap that is full."""

import json
from pathlib import Path

import pytest
from support.device_calls import call
from support.interpreters import Interpreter

from thinwire.testing import MockServer, raw_reply

HEAP = "320k"
SIZE = 2**20
# The longest that a device takes: 8 KB, not a byte of it ASCII.
DAMAGED_HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: " + b"\xe9" * 8000
ROOMS = range(500, 128_000, 8_000)  # bytes of heap that are left to a call
ENOUGH = 110_000  # for the head as text, twice 16 KB in one piece, its error and the words of it
TEXT = 'He said: "Grüße aus Zürich, 世界 🚀",\n\tand no more.\\\r\n\x01\x7f\u2028'


@pytest.mark.parametrize("function", ["file_sent", "file_sent_blocking"])
def test_a_file_four_times_the_heap(
    micropython: Interpreter, tmp_path: Path, function: str
) -> None:
    text = TEXT * (SIZE // len(TEXT.encode()) + 1)
    file = tmp_path / "prompt.txt"
    file.write_bytes(text.encode())
    answer = "".join(f"t{number} " for number in range(1000))
    with MockServer() as server:
        result = call(
            micropython, tmp_path, "tasks.py", function, server.base_url, str(file), heapsize=HEAP
        )
        (request,) = server.requests
    assert result == [len(answer), answer[-6:], True]
    # Nothing was lost and nothing but the text was sent.
    assert request.json()["messages"] == [{"role": "user", "content": text}]
    assert request.body is not None
    assert len(request.body) < len(json.dumps(text, ensure_ascii=False).encode()) + 200


@pytest.mark.parametrize("function", ["squeezed", "squeezed_blocking"])
def test_a_damaged_head_in_a_full_heap_ends_the_call_with_an_error(
    micropython: Interpreter, tmp_path: Path, function: str
) -> None:
    with MockServer() as server:
        server.reply("m", raw_reply(DAMAGED_HEAD + b"\r\n\r\n"))
        arguments = (function, server.base_url, list(ROOMS))
        ends, more_files, answer = call(
            micropython, tmp_path, "full_heap.py", *arguments, heapsize="640k"
        )
    found = dict(zip(ROOMS, ends, strict=True))
    assert set(found.values()) == {"OutOfMemory", "ThinwireError"}
    assert {end for room, end in found.items() if room > ENOUGH} == {"ThinwireError"}
    assert more_files <= 0
    assert answer == "Hi"  # the client is as good as before
