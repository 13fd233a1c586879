"""What is produced while it is sent arrives whole, in each attempt, on both runtimes."""

import base64
import json
import subprocess
import sys
from pathlib import Path

from support.interpreters import ROOT, Interpreter, run_micropython

from thinwire import Client, Deployment
from thinwire.testing import MockServer, status_reply, text_reply

SCRIPT = ROOT / "tests/wire/live.py"
STORED = [{"role": "user", "content": "é" * 500}, {"role": "assistant", "content": "ok"}]
AUDIO = b"abcd" + b"efg" * 400 + b"h"


def prepare(server: MockServer, folder: Path) -> Path:
    server.reply("busy", status_reply(503))
    server.reply("m", text_reply("heard"))
    path = folder / "conversation.jsonl"
    path.write_text("".join(json.dumps(message) + "\n" for message in STORED))
    return path


def judge(server: MockServer, said: str) -> None:
    assert said == "heard\n"
    assert [request.model for request in server.requests] == ["busy", "busy", "m"]
    for request in server.requests:
        *stored, last = request.json()["messages"]
        assert stored == STORED
        audio, text = last["content"]
        assert base64.b64decode(audio["input_audio"]["data"]) == AUDIO
        assert text["text"] == "Grüße"


def test_on_cpython(mock_llm: MockServer, tmp_path: Path) -> None:
    path = prepare(mock_llm, tmp_path)
    command = [sys.executable, "-W", "error", str(SCRIPT), mock_llm.base_url, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    judge(mock_llm, done.stdout)


def test_on_micropython(micropython: Interpreter, mock_llm: MockServer, tmp_path: Path) -> None:
    path = prepare(mock_llm, tmp_path)
    done = run_micropython(micropython, SCRIPT, mock_llm.base_url, path)
    judge(mock_llm, done.stdout)


def test_an_ipv6_address_is_a_host(micropython: Interpreter, tmp_path: Path) -> None:
    script = tmp_path / "ask.py"
    script.write_text(
        "import sys\nfrom thinwire import Client, Deployment\n"
        'with Client("m", {"m": Deployment(sys.argv[1])}) as client:\n'
        '    print(client.chat([{"role": "user", "content": "hi"}]).content)\n'
    )
    with MockServer(host="::1") as server:
        assert "[::1]" in server.base_url
        done = run_micropython(micropython, script, server.base_url)
        with Client("m", {"m": Deployment(server.base_url)}) as client:
            assert client.chat([{"role": "user", "content": "hi"}]).content == "hi"
        hosts = {request.header("host") for request in server.requests}
    assert done.stdout == "hi\n"
    assert hosts == {f"[::1]:{server.port}"}
