"""Large turns on a heap that holds all of thinwire compiled as well; and a heap that is full."""

import json
from pathlib import Path

import pytest
from support.device_calls import call
from support.interpreters import Interpreter

from thinwire.testing import MockServer, raw_reply

HEAP = "336k"
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


def test_a_file_and_an_answer_larger_than_an_event_on_the_responses_wire(
    micropython: Interpreter, tmp_path: Path
) -> None:
    # Its last event says all of the answer once more, 70 KB here; a device takes events of 32 KB.
    file = tmp_path / "prompt.txt"
    file.write_bytes(b"word " * (SIZE // 5))
    answer = "".join(f"t{number} " for number in range(12_000))
    with MockServer() as server:
        arguments = (server.base_url, str(file), "responses", 12_000)
        result = call(
            micropython, tmp_path, "tasks.py", "file_sent_in", *arguments, heapsize="360k"
        )
        (request,) = server.requests
    assert result == [len(answer), 12_000, True, "stop"]
    assert request.json()["input"][0]["content"] == "word " * (SIZE // 5)


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
