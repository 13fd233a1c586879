"""The `thinwire` command, run as a user runs it: in a process of its own."""

import importlib.metadata
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from thinwire import Client, Deployment, __version__
from thinwire.cli import main
from thinwire.testing import (
    BUILTIN_MODELS,
    MockServer,
    cut_reply,
    error_chunk_reply,
    status_reply,
    text_reply,
)

TIMEOUT = 30  # seconds; only a broken command makes anybody wait for it
KEY = "sk-not-to-be-shown"

ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")},
    "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    "PYTHONUTF8": "1",
    "NO_PROXY": "*",
}


def run(
    *args: str, stdin: str = "", env: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "thinwire", *args],
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        timeout=TIMEOUT,
        env={**ENVIRONMENT, **(env or {})},
    )


@contextmanager
def started(*args: str, **env: str) -> "Iterator[subprocess.Popen[str]]":
    """A running command, killed at the end, or when the test waits for it too long."""
    command = [sys.executable, "-m", "thinwire", *args]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdout=pipe, stderr=pipe, encoding="utf-8", env={**ENVIRONMENT, **env}
    ) as process:
        watchdog = threading.Timer(TIMEOUT, process.kill)
        watchdog.start()
        try:
            yield process
        finally:
            watchdog.cancel()
            process.kill()


@contextmanager
def mock(*args: str) -> "Iterator[tuple[str, subprocess.Popen[str]]]":
    """A running `thinwire mock` and its chat URL."""
    with started("mock", *args) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.fullmatch(r"thinwire mock: listening at (http://127.0.0.1:\d+/v1)\n", line)
        assert found, line
        yield found[1] + "/chat/completions", process


def post(url: str, payload: dict[str, object]) -> str:
    """The text of an answer that does not stream."""
    response = httpx.post(url, json=payload, timeout=TIMEOUT, trust_env=False)
    text: str = response.json()["choices"][0]["message"]["content"]
    return text


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running


def chat(server: MockServer, *args: str, **options: object) -> "subprocess.CompletedProcess[str]":
    return run("chat", "--base-url", server.base_url, "--model", "m", *args, **options)  # type: ignore[arg-type]


def test_version() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"thinwire {__version__}\n", "")


def test_alone_it_prints_help() -> None:
    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    assert "chat" in done.stdout
    assert "mock" in done.stdout


def test_the_command_and_the_module_are_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # `run` starts `python -m thinwire`; test_packaging.py starts the installed command.
    (command,) = importlib.metadata.entry_points(group="console_scripts", name="thinwire")
    assert command.load() is main
    monkeypatch.setenv("COLUMNS", "80")
    for name in (
        [],
        ["chat"],
        ["config"],
        ["config", "check"],
        ["mock"],
        ["record"],
        ["conformance"],
    ):
        with pytest.raises(SystemExit) as ended:
            main([*name, "--help"])
        done = run(*name, "--help", env={"COLUMNS": "80"})
        assert (done.returncode, done.stdout) == (ended.value.code, capsys.readouterr().out)


BAD_USAGE = [
    ["nonsense"],
    ["mock", "--port", "many"],
    ["chat", "--model", "m"],
    ["chat", "hello"],
    ["chat", "--model", "m", ""],
]


@pytest.mark.parametrize("args", BAD_USAGE)
def test_bad_usage_is_status_2(args: list[str]) -> None:
    done = run(*args)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: thinwire")
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_mock_serves_until_a_signal(number: signal.Signals) -> None:
    with mock("--delay-ms", "0") as (url, process):
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == f"models: {' '.join(BUILTIN_MODELS)}\n"
        for _ in range(2):
            payload = {"model": "echo", "messages": [{"role": "user", "content": "Hi"}]}
            assert post(url, payload) == "Hi"
            line = process.stderr.readline()
            assert line.startswith("POST /v1/chat/completions model='echo' ")
            assert line.endswith(" -> 200 complete\n")
        process.send_signal(number)
        assert process.communicate(timeout=TIMEOUT) == ("", "")
    assert process.returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM for another process")
def test_mock_options() -> None:
    options = ["--reply-text", "Always this", "--delay-ms", "0", "--quiet"]
    with mock(*options) as (url, process):
        assert post(url, {"model": "gpt"}) == "Always this"
        process.terminate()
        _, stderr = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, stderr) == (0, "")


def test_mock_can_be_strict() -> None:
    sloppy = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "colour": "red"}
    for option, status in ((["--strict"], 400), ([], 200)):
        with mock("--delay-ms", "0", "--quiet", *option) as (url, _):
            assert httpx.post(url, json=sloppy, trust_env=False).status_code == status


def test_mock_cannot_listen_there(server: MockServer) -> None:
    done = run("mock", "--port", str(server.port))
    assert done.returncode == 1
    assert re.fullmatch(r"thinwire mock: cannot listen: .*in use.*\n", done.stderr, re.DOTALL)
    assert run("mock", "--port", "70000").returncode == 1


def test_chat_prints_the_answer(server: MockServer) -> None:
    server.reply("m", text_reply("Grüße, 世界 🚀", reasoning="hm"))
    done = chat(server, "--system", "Be brief.", "How", "are you?", env={"OPENAI_API_KEY": KEY})
    assert (done.returncode, done.stdout, done.stderr) == (0, "Grüße, 世界 🚀\n", "")
    (request,) = server.requests
    assert request.json()["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "How are you?"},
    ]
    assert request.header("authorization") == f"Bearer {KEY}"


def test_chat_streams(server: MockServer) -> None:
    """The words are there while the server holds back the rest."""
    args = ["--base-url", server.base_url, "--model", "stall-mid-stream", "x"]
    with started("chat", *args) as process:
        assert process.stdout is not None
        assert process.stdout.read(len("Hello there")) == "Hello there"


@pytest.mark.parametrize("args", [[], ["-"]])
def test_chat_reads_stdin(server: MockServer, args: list[str]) -> None:
    server.reply("m", text_reply("ok"))
    assert chat(server, *args, stdin="From a pipe:\n é").returncode == 0
    assert server.requests[0].json()["messages"][-1]["content"] == "From a pipe:\n é"


def test_chat_takes_its_settings_from_the_environment(server: MockServer) -> None:
    env = {"OPENAI_BASE_URL": server.base_url, "OPENAI_MODEL": "utf8", "OTHER": KEY}
    done = run("chat", "--api-key-env", "OTHER", "x", env=env)
    assert "🚀" in done.stdout
    assert server.requests[0].model == "utf8"
    assert server.requests[0].header("authorization") == f"Bearer {KEY}"


def test_chat_shows_reasoning_on_stderr(server: MockServer) -> None:
    server.reply("m", text_reply("Answer.", reasoning="Let me see."))
    done = chat(server, "--reasoning", "x")
    assert (done.stdout, done.stderr) == ("Answer.\n", "Let me see.\n")


def test_chat_remarks_on_an_unusual_end(server: MockServer) -> None:
    server.reply("m", text_reply("Too lo", finish_reason="length"))
    done = chat(server, "x")
    assert (done.stdout, done.returncode) == ("Too lo\n", 0)
    assert done.stderr == "thinwire: finish_reason 'length'\n"


FAILURES = [
    (status_reply(401, f"Incorrect API key provided: {KEY}"), "", "401"),
    (status_reply(400, "two\nlines"), "", "two lines"),
    (cut_reply("before_head"), "", "thinwire: "),
    (cut_reply(text="Half an"), "Half an\n", "thinwire: "),
    (error_chunk_reply("overloaded", after="Half an"), "Half an\n", "overloaded"),
]


@pytest.mark.parametrize(("reply", "stdout", "told"), FAILURES)
def test_chat_errors_are_one_line(
    server: MockServer, reply: object, stdout: str, told: str
) -> None:
    server.reply("m", reply)  # type: ignore[arg-type]
    done = chat(server, "x", env={"OPENAI_API_KEY": KEY})
    assert (done.returncode, done.stdout) == (1, stdout)
    assert done.stderr.count("\n") == 1
    assert told in done.stderr
    assert KEY not in done.stderr


@pytest.mark.parametrize("url", ["nonsense", "ftp://a/v1", "http://127.0.0.1:1/v1"])
def test_chat_bad_url(url: str) -> None:
    done = run("chat", "--base-url", url, "--model", "m", "x", env={"OPENAI_API_KEY": KEY})
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"thinwire: [^\n]+\n", done.stderr)


def test_chat_survives_a_closed_pipe(server: MockServer) -> None:
    server.reply("m", text_reply("word " * 50_000))
    with started("chat", "--base-url", server.base_url, "--model", "m", "x") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(5) == "word "
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(TIMEOUT) == 1


def shell(line: str) -> "subprocess.CompletedProcess[bytes]":
    """What a line of sh does; `thinwire` in it is the command."""
    line = line.replace("thinwire", f"'{sys.executable}' -m thinwire")
    env = {**ENVIRONMENT, "PYTHONUNBUFFERED": ""}
    return subprocess.run(["sh", "-c", line], capture_output=True, timeout=TIMEOUT, env=env)


# A command line, what is on stdout, on stderr, and the status.
CLOSED = [
    ("thinwire chat {to} hello <&-", b"hello\n", b"", 0),
    ("thinwire chat {to} hello >&-", b"", b"", 0),
    ("thinwire chat {to} hello 2>&-", b"hello\n", b"", 0),
    ("thinwire chat {to} hello <&- >&- 2>&-", b"", b"", 0),
    ("thinwire chat {to} <&-", b"", b"thinwire chat: error: give a prompt", 2),
    ("thinwire chat {to} hello >/dev/full", b"", b"thinwire: [Errno 28]", 1),
    ("thinwire --help >&-", b"", b"", 0),
    ("thinwire --version >/dev/full", b"", b"thinwire: [Errno 28]", 1),
    ("thinwire conformance --scenario nosuch >&-", b"", b"thinwire conformance: no scenario", 1),
    ("printf 'a\\377b' | thinwire chat {to}", b"", b"thinwire: stdin is no text", 1),
    ("printf 'a\\377b' | LC_ALL=C thinwire chat {to} -", b"", b"thinwire: stdin is no text", 1),
    ("thinwire chat {to} \"$(printf 'a\\377b')\"", b"", b"thinwire: the prompt is no text", 1),
    ("printf 'gr\\374n' | PYTHONIOENCODING=latin-1 thinwire chat {to}", b"gr\xfcn\n", b"", 0),
]


@pytest.mark.skipif(sys.platform != "linux", reason="closes streams as sh does, and has /dev/full")
@pytest.mark.parametrize(("line", "stdout", "told", "status"), CLOSED)
def test_streams_that_are_closed_full_or_no_text(
    server: MockServer, line: str, stdout: bytes, told: bytes, status: int
) -> None:
    done = shell(line.format(to=f"--base-url {server.base_url} --model m"))
    assert b"Traceback" not in done.stderr
    assert told in done.stderr
    assert (done.stdout, done.returncode) == (stdout, status)
    assert bool(told) == bool(done.stderr)
    assert done.stderr.count(b"\n") <= 1 or status == 2


@pytest.mark.skipif(os.name == "nt", reason="needs sh")
@pytest.mark.parametrize(
    "command", ["--help", "--version", "conformance --scenario sse-lf --json"]
)
def test_nobody_reads_the_output(command: str) -> None:
    done = shell(f"(thinwire {command}; echo $? >&2) | true")
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


def test_mock_keeps_no_bodies_and_only_the_last_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[MockServer] = []

    def ask(greeting: str) -> None:
        server = made[0]
        for number in range(5):
            with Client("m", {"m": Deployment(server.base_url)}) as client:
                client.chat([{"role": "user", "content": "x" * 10_000 * (number + 1)}])
        last = server.requests
        assert [one.number for one in last] == [3, 4, 5]
        assert [one.body for one in last] == [None] * 3

    class Noted(MockServer):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            made.append(self)

    monkeypatch.setattr("thinwire.testing.MockServer", Noted)
    monkeypatch.setattr("thinwire.cli.mock._KEPT", 3)
    monkeypatch.setattr("thinwire.cli.mock.until_stopped", ask)
    assert main(["mock", "--delay-ms", "0", "--quiet"]) == 0


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="there is no ::1 here")
def test_mock_at_an_ipv6_address() -> None:
    with started("mock", "--host", "::1", "--delay-ms", "0") as process:
        assert process.stdout is not None
        found = re.fullmatch(r".* at (http://\[::1\]:\d+/v1)\n", process.stdout.readline())
        assert found
        done = run("chat", "--base-url", found[1], "--model", "m", "hello")
        assert (done.stdout, done.returncode) == ("hello\n", 0)


@pytest.mark.skipif(os.name == "nt", reason="needs sh")
def test_mock_greets_a_terminal_without_utf8(tmp_path: Path) -> None:
    path = tmp_path / "scenarios.json"
    path.write_text('{"scenarios": [{"name": "gr\\u00f6sse", "reply": ["data: x\\n\\n"]}]}')
    with started("mock", "--scenario", str(path), PYTHONIOENCODING="ascii") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("thinwire mock: listening")
        assert process.stdout.readline().startswith("models: gr?sse echo")


def test_chat_shows_what_it_can_without_utf8(server: MockServer) -> None:
    server.reply("m", text_reply("Grüße 🚀"))
    done = chat(server, "x", env={"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stdout) == (0, "Gr??e ?\n")
