"""Large prompts and answers on a heap of 320 KB, all of thinwire compiled on it included."""

import json
from pathlib import Path

import pytest
from support.device_calls import call
from support.interpreters import Interpreter

from thinwire.testing import MockServer

HEAP = "320k"
SIZE = 2**20
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
