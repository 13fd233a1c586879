"""A server that nobody here wrote: llama.cpp's, with a tiny model, alone and behind the reverse
proxies that are installed. `make test-real` sets it up and runs this.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.device_calls import call
from support.interpreters import ROOT, Interpreter
from wire import real_server

PYTHON = ROOT / ".tools/llama_cpp/bin/python"
KEY = "sk-test-0123456789"
LIMIT_S = 60
OPTIONS = {"max_tokens": 24, "temperature": 0, "seed": 1}
HELLO = real_server.HELLO
PROMPTS = ["hello there", "日本 é 😀", 'a\nb\t"c" \\ d']
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}

pytestmark = pytest.mark.skipif(
    "THINWIRE_REAL" not in os.environ, reason="a real server: run `make test-real`"
)

NGINX = """
daemon off; pid {folder}/pid; error_log {folder}/log;
events {{}}
http {{
  access_log off; client_max_body_size 2m; client_body_buffer_size 2m;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{behind}; }} }}
}}
"""
HAPROXY = """
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend f
  bind 127.0.0.1:{port}
  default_backend b
backend b
  server s 127.0.0.1:{behind}
"""
PROXIES = {"nginx": (NGINX, ["-c"]), "haproxy": (HAPROXY, ["-f"])}
FRONTS = ["alone", *(name for name in PROXIES if shutil.which(name))]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as place:
        port: int = place.getsockname()[1]
        return port


def _health(port: int) -> str:
    return f"http://127.0.0.1:{port}/health"


@contextlib.contextmanager
def _running(command: list[str], url: str) -> Iterator[None]:
    # A process that answers soon, or the test fails with what it has said.
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        said: list[str] = []
        reader = threading.Thread(target=lambda: said.extend(process.stdout or []))
        reader.start()
        try:
            for _ in range(LIMIT_S * 10):
                with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=LIMIT_S):
                    break  # not with a 503, which llama.cpp says until its model is loaded
                assert process.poll() is None, "".join(said)
                threading.Event().wait(0.1)
            yield
        finally:
            process.terminate()  # a killed nginx would leave its workers behind
            process.wait(LIMIT_S)
            reader.join(LIMIT_S)


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Port of llama.cpp's server."""
    port = _free_port()
    model = tmp_path_factory.mktemp("llama") / "tiny.gguf"
    script = Path(__file__).with_name("serve_llama.py")
    with _running([str(PYTHON), str(script), str(model), str(port), KEY], _health(port)):
        yield port


@pytest.fixture(scope="module", params=FRONTS)
def url(
    request: pytest.FixtureRequest, behind: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    if request.param == "alone":
        yield f"http://127.0.0.1:{behind}/v1"
        return
    port, folder = _free_port(), tmp_path_factory.mktemp("front")
    template, arguments = PROXIES[request.param]
    config = folder / "config"
    config.write_text(template.format(folder=folder, port=port, behind=behind))
    with _running([str(shutil.which(request.param)), *arguments, str(config)], _health(port)):
        yield f"http://127.0.0.1:{port}/v1"


Run = Callable[..., Any]


@pytest.fixture
def run(interpreter: Interpreter | None, tmp_path: Path) -> Run:
    """Calls a function of tests/wire/real_server.py on one runtime."""

    def run(function: str, *arguments: Any) -> Any:
        if interpreter is None:
            return getattr(real_server, function)(*arguments)
        return call(interpreter, tmp_path, "real_server.py", function, *arguments)

    return run


@pytest.fixture(params=[False, True], ids=["asyncio", "blocking"])
def blocking(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def plain(url: str, **body: Any) -> Any:
    """The same call, unstreamed, by the standard library."""
    request = urllib.request.Request(
        f"{url}/chat/completions",
        json.dumps({"model": "tiny.gguf", **body}).encode(),
        {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=LIMIT_S) as response:
        return json.load(response)


@pytest.mark.parametrize("prompt", PROMPTS, ids=["words", "beyond ASCII", "escapes"])
def test_the_text_is_what_the_server_says(run: Run, url: str, blocking: bool, prompt: str) -> None:
    messages = [{"role": "user", "content": prompt}]
    wanted = plain(url, messages=messages, **OPTIONS)
    found = run("ask", url, KEY, messages, OPTIONS, blocking)
    assert found == {
        "text": wanted["choices"][0]["message"]["content"],
        "others": [],
        "finish_reason": wanted["choices"][0]["finish_reason"],
        "usage": wanted["usage"]["completion_tokens"],
        "complete": True,
    }


def test_two_choices(run: Run, url: str, blocking: bool) -> None:
    wanted = plain(url, messages=HELLO, n=2, **OPTIONS)
    found = run("ask", url, KEY, HELLO, {**OPTIONS, "n": 2}, blocking)
    texts = [choice["message"]["content"] for choice in wanted["choices"]]
    assert [found["text"], *found["others"]] == texts
    assert found["complete"]


def test_what_a_schema_wants(run: Run, url: str, blocking: bool) -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "s", "schema": SCHEMA}}
    options = {**OPTIONS, "max_tokens": 400, "response_format": wanted}
    found = run("ask", url, KEY, HELLO, options, blocking)
    if found["finish_reason"] == "stop":  # a random model may fill its answer with digits
        assert isinstance(json.loads(found["text"])["a"], int)
    assert found["text"].lstrip().startswith("{")


def test_a_wrong_key(run: Run, url: str, blocking: bool) -> None:
    found = run("ask", url, "sk-of-somebody-else", HELLO, OPTIONS, blocking)
    assert (found["error"], found["kind"]) == ("StatusError", "auth")
    assert "Invalid API Key" in found["words"]
    assert "somebody" not in found["words"]


@pytest.mark.parametrize("words", [5_000, 100_000], ids=["40 KB", "800 KB"])
def test_a_prompt_that_is_too_long(run: Run, url: str, blocking: bool, words: int) -> None:
    messages = [{"role": "user", "content": "hello a " * words}]
    found = run("ask", url, KEY, messages, OPTIONS, blocking)
    assert (found["error"], found["kind"]) == ("ContextWindowExceeded", "context_length"), found


def test_a_path_that_is_none(run: Run, url: str, blocking: bool) -> None:
    found = run("ask", url.replace("/v1", "/v9"), KEY, HELLO, OPTIONS, blocking)
    assert (found["error"], found["kind"]) == ("StatusError", "not_found")


def test_one_that_is_left_hinders_no_other(run: Run, url: str, blocking: bool) -> None:
    wanted = plain(url, messages=HELLO, **OPTIONS)["choices"][0]["message"]["content"]
    found = run("leave_and_go_on", url, KEY, OPTIONS, blocking)
    assert found == [wanted] * real_server.TURNS


def test_several_at_a_time(run: Run, url: str) -> None:
    wanted = plain(url, messages=HELLO, **OPTIONS)["choices"][0]["message"]["content"]
    assert run("together", url, KEY, OPTIONS) == [wanted] * real_server.TOGETHER
