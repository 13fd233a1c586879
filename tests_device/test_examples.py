"""The example for chips, on the board, as the README has a maker run it."""

import json
import os
from pathlib import Path

import pytest
from bridge import Mpremote
from support.interpreters import ROOT

from thinwire.testing import MockServer, status_reply, text_reply

HOST = os.environ.get("MOCK_HOST", "127.0.0.1")
FAR_AWAY = bool(os.environ.get("DEVICE")) and HOST == "127.0.0.1"
EXAMPLE = ROOT / "examples/chip_chat.py"

pytestmark = pytest.mark.skipif(FAR_AWAY, reason="a real board needs $MOCK_HOST")


def chat(mpremote: Mpremote, folder: Path, settings: dict[str, object]) -> str:
    path = folder / "settings.json"
    path.write_text(json.dumps(settings))
    copied = mpremote("fs", "cp", path, ":settings.json")
    assert copied.returncode == 0, copied.stdout
    done = mpremote("run", EXAMPLE)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_chat(mpremote: Mpremote, tmp_path: Path) -> None:
    with MockServer(host=HOST) as server:
        server.reply("m", text_reply("Grüße vom Server"))
        settings = {"base_url": server.base_url, "api_key": "k", "model": "m", "prompt": "hi"}
        said = chat(mpremote, tmp_path, settings).splitlines()
        (request,) = server.requests
    assert said[0] == "Grüße vom Server"
    assert said[1].startswith("first token after ")
    assert said[1].endswith("ms; finish")
    assert request.header("authorization") == "Bearer k"
    assert request.json()["messages"] == [{"role": "user", "content": "hi"}]


def test_a_server_that_refuses_is_told_in_words(mpremote: Mpremote, tmp_path: Path) -> None:
    with MockServer(host=HOST) as server:
        server.reply("m", status_reply(401, message="bad key"))
        said = chat(mpremote, tmp_path, {"base_url": server.base_url, "model": "m"})
    assert said == "failed: status 401: bad key\n"
