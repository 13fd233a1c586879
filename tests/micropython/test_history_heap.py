"""A conversation on a chip's flash is sent from there, however large it is."""

import json
from pathlib import Path

from support.device_calls import call
from support.interpreters import Interpreter

from thinwire import JSONLHistory
from thinwire.testing import MockServer

HEAP = "336k"  # thinwire is compiled in it as well
TEXT = 'He said: "Grüße aus Zürich, 世界 🚀",\n\tand no more.\\\r\n\x01\x7f\u2028'


def test_a_message_larger_than_the_heap_stays_on_the_flash(
    micropython: Interpreter, tmp_path: Path
) -> None:
    text = TEXT * (400_000 // len(TEXT.encode()))
    (tmp_path / "prompt.txt").write_bytes(text.encode())
    folder = tmp_path / "chats"
    with MockServer() as server:
        arguments = (server.base_url, str(folder), str(tmp_path / "prompt.txt"))
        call(micropython, tmp_path, "histories.py", "large_file_kept", *arguments, heapsize=HEAP)
        sent = [request.json()["messages"] for request in server.requests]
    assert [len(messages) for messages in sent] == [3, 5, 7, 8]
    for messages in sent:
        assert messages[0] == {"role": "user", "content": [{"type": "text", "text": text}]}
        assert [message["role"] for message in messages[:2]] == ["user", "assistant"]
    # The folder is the same on a server.
    messages = list(JSONLHistory(folder).read("s"))
    assert json.dumps(messages[0]) == json.dumps(sent[-1][0])
    assert len(messages) == 8
