"""Wherever a path is taken, any os.PathLike is."""

import json
from pathlib import Path

from thinwire import (
    Base64File,
    Client,
    DataURL,
    Deployment,
    FileStore,
    JSONLMessages,
    TextFile,
)
from thinwire.testing import MockServer, status_reply, text_reply


def test_paths_that_are_no_strings(tmp_path: Path) -> None:
    text, photo, history, state = (tmp_path / name for name in ("a.txt", "a.jpg", "h.jsonl", "s"))
    text.write_text("some text")
    photo.write_bytes(b"\xff\xd8")
    parts = [
        {"type": "text", "text": TextFile(text)},
        {"type": "image_url", "image_url": {"url": DataURL(photo)}},
        {"type": "file", "file": {"file_data": Base64File(photo)}},
    ]
    messages = JSONLMessages(history)
    messages.append({"role": "user", "content": "from disk"})
    with MockServer() as server:
        server.reply("m", status_reply(429, retry_after=100))
        server.reply("n", text_reply("ok"))
        places = {name: Deployment(server.base_url) for name in "mn"}
        with Client("m", places, {"m": ["n"]}, store=FileStore(state)) as client:
            assert client.chat([{"role": "user", "content": parts}]).content == "ok"
            assert client.chat(messages).content == "ok"
        sent = [request.json()["messages"] for request in server.requests]
    assert sent[0][0]["content"][0]["text"] == "some text"
    assert sent[0][0]["content"][1]["image_url"]["url"] == "data:image/jpeg;base64,/9g="
    assert sent[0][0]["content"][2]["file"]["file_data"] == "/9g="
    assert sent[-1] == [{"role": "user", "content": "from disk"}]
    assert "m" in json.loads(state.read_text())
