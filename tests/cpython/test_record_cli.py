"""The commands: thinwire record, and thinwire mock with files."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from support.certificates import authority

from thinwire.cli import main
from thinwire.testing import MockServer, Recorder, load_recording, text_reply

TIMEOUT = 30  # seconds; only a broken command makes anybody wait for it


@contextmanager
def started(*args: str) -> "Iterator[tuple[str, subprocess.Popen[str]]]":
    """A running command and the URL that it says; killed at the end, or after too long."""
    command, pipe = [sys.executable, "-m", "thinwire", *args], subprocess.PIPE
    env = {**os.environ, "PYTHONUTF8": "1"}
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=env) as process:
        watchdog = threading.Timer(TIMEOUT, process.kill)
        watchdog.start()
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r"listening at (http://\S+)\n", line)
            assert found, line
            yield found[1], process
        finally:
            watchdog.cancel()
            process.kill()


def ask(base_url: str, model: str) -> httpx.Response:
    payload = {"model": model, "messages": [], "stream": True}
    url, key = f"{base_url}/chat/completions", {"Authorization": "Bearer sk-0123456789abcdef"}
    return httpx.post(url, json=payload, headers=key, timeout=TIMEOUT, trust_env=False)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
def test_record_and_replay(tmp_path: Path) -> None:
    path = tmp_path / "recording.json"
    with MockServer() as real:
        real.reply("m", text_reply("Hello there"))
        with started("record", "--to", str(path), "--base-url", real.base_url) as (url, process):
            recorded = ask(url, "m")
            assert process.stdout is not None
            assert process.stdout.readline() == f"to: {real.base_url}\n"
            process.send_signal(signal.SIGINT)
            _, stderr = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 0
    assert stderr == f"thinwire record: 1 exchanges in {path}\n"
    assert "sk-0123456789abcdef" not in path.read_text()
    assert len(load_recording(path)) == 1
    with started("mock", "--replay", str(path), "--speed", "1000") as (url, process):
        assert process.stdout is not None
        assert process.stdout.readline().startswith("models: m echo ")
        assert ask(url, "m").content == recorded.content


def test_record_trusts_a_ca_that_is_named(tmp_path: Path) -> None:
    ca = authority()
    (tmp_path / "ca.pem").write_bytes(ca.pem)
    with MockServer(ssl_context=ca.server("localhost")) as real:
        real.reply("m", text_reply("Hello there"))
        base_url = real.base_url.replace("127.0.0.1", "localhost")
        options = ("--base-url", base_url, "--add-ca", str(tmp_path / "ca.pem"))
        with started("record", "--to", str(tmp_path / "a.json"), *options) as (url, _):
            assert b"there" in ask(url, "m").content


def test_record_says_that_it_cannot_read_the_ca(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text("nonsense")
    for path, words in ((bad, "cannot load CA certificates"), (tmp_path / "none", "No such file")):
        command = ["record", "--to", str(tmp_path / "a.json"), "--base-url", "https://h.invalid"]
        assert main([*command, "--add-ca", str(path)]) == 1
        assert words in capsys.readouterr().err


def test_mock_plays_scenarios(tmp_path: Path) -> None:
    path = tmp_path / "scenarios.json"
    path.write_text(json.dumps({"scenarios": [{"name": "odd", "reply": ["data: odd\n\n"]}]}))
    with started("mock", "--scenario", str(path)) as (url, _):
        assert ask(url, "odd").content == b"data: odd\n\n"
        assert ask(url, "echo").status_code == 200


@pytest.mark.parametrize("option", ["--scenario", "--replay"])
def test_mock_tells_of_a_bad_file(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.json"
    assert main(["mock", option, str(path)]) == 1
    assert "No such file" in capsys.readouterr().err
    path.write_text('{"scenarios": [{"name": "x", "reply": [{"sleep": 1}]}]}')
    assert main(["mock", option, str(path)]) == 1
    assert "unknown step" in capsys.readouterr().err


def test_record_needs_a_url(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(SystemExit, match="2"):
        main(["record", "--to", "x"])
    assert main(["record", "--to", "x", "--base-url", "ftp://a"]) == 1
    assert "not a base URL" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["nowhere/at/all.json", ".", "a_file/below.json"])
def test_record_says_at_once_that_it_cannot_write(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a_file").write_text("")
    path = tmp_path / place
    assert main(["record", "--to", str(path), "--base-url", "http://127.0.0.1:9"]) == 1
    assert re.fullmatch(r"thinwire record: .*\n", capsys.readouterr().err)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a_file"]


def test_record_leaves_an_earlier_recording_alone_until_there_is_another(tmp_path: Path) -> None:
    path = tmp_path / "recording.json"
    path.write_text("earlier")
    with Recorder("http://127.0.0.1:9", path):
        pass
    assert path.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_record_at_an_ipv6_address(tmp_path: Path) -> None:
    try:
        recorder = Recorder("http://127.0.0.1:9", tmp_path / "a.json", host="::1").start()
    except OSError:
        pytest.skip("there is no ::1 here")
    try:
        assert re.fullmatch(r"http://\[::1\]:\d+", recorder.base_url)
        assert ask(recorder.base_url, "m").status_code == 502
    finally:
        recorder.stop()
