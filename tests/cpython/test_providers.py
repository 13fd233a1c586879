"""The presets: docs/providers.md and `thinwire providers` say what they say, and each is spoken to
as its wire wants."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from support.interpreters import ROOT

import thinwire
from thinwire import Client, Deployment
from thinwire.cli import main
from thinwire.core.providers import presets
from thinwire.testing import MockServer
from thinwire.testing.dialects import WIRES

PAGE = (ROOT / "docs" / "providers.md").read_text("utf-8")
TOOLS = [
    {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}},
]


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running


def test_the_table_is_that_of_the_data() -> None:
    command = [sys.executable, str(ROOT / "tools" / "providers_page.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_preset_has_a_row() -> None:
    for name in presets.names():
        assert f"\n| `{name}` |" in PAGE, name


def deployment(name: str, server: MockServer, model: str) -> Deployment:
    base_url = server.base_url
    if name == "azure":
        base_url = base_url.rpartition("/")[0]
    return Deployment(provider=name, base_url=base_url, api_key="k-1234567890", model=model)


def spoken() -> list[str]:
    """The presets whose wire the mock server has."""
    wires = {"chat": "openai"}
    known = {wires.get(wire, wire) for _, wire in WIRES}
    found = [(name, presets.named(name).get("dialect", "openai")) for name in presets.names()]
    return [name for name, wire in found if wire in known]


@pytest.mark.parametrize("name", spoken())
def test_a_presets_wire_carries_texts_calls_and_usage(name: str, server: MockServer) -> None:
    answers, usage = [], []
    with Client("m", deployment(name, server, "echo")) as client:
        done = client.chat("Hello, you", on_delta=answers.append)
        assert done.content == "".join(answers) == "Hello, you"
        assert done.complete
        usage.append(done.usage)
    with Client("m", deployment(name, server, "tools")) as client:
        called = client.chat("look", tools=TOOLS)
        assert called.finish_reason == "tool_calls"
        assert [call.name for call in called.tool_calls] == ["look"]
    request = server.requests[-1]
    path = {"anthropic": "/v1/messages", "azure": "/openai/v1/chat/completions"}.get(name)
    assert request.path == (path or "/v1/chat/completions")
    header = {"anthropic": "x-api-key", "azure": "api-key"}.get(name, "authorization")
    sent = request.header(header)
    assert sent == ("Bearer k-1234567890" if header == "authorization" else "k-1234567890")
    asks = "stream_options" in request.json()
    assert asks == (presets.named(name).get("stream_usage", True) and name != "anthropic")
    if asks:
        assert usage[0] is not None
    length = presets.named(name).get("framing") == "length"
    assert request.framing == "content-length" or not length
    assert server.errors == []


# A spelling of reasoning, and the fields that a request has then.
FIELDS = {
    "effort": {"reasoning_effort"},
    "openrouter": {"reasoning"},
    "thinking": {"thinking"},
    "thinking_effort": {"thinking", "reasoning_effort"},
    "enable_thinking": {"enable_thinking"},
    "template": {"chat_template_kwargs", "reasoning_effort"},
    "together": {"reasoning_effort"},
    "gemini": {"reasoning_effort"},
    "none": set(),
}


@pytest.mark.parametrize("name", spoken())
def test_reasoning_goes_both_ways(name: str, server: MockServer) -> None:
    with Client("m", deployment(name, server, "reasoning")) as client:
        done = client.chat("Think", reasoning_effort="low")
    assert done.reasoning_content
    document = server.requests[-1].json()
    if presets.named(name).get("dialect") != "anthropic":
        wanted = FIELDS[presets.named(name).get("reasoning", "effort")]
        assert set.union(*FIELDS.values()) & set(document) == wanted


def test_the_command_prints_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["providers"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == presets.names()
    assert "$AZURE_OPENAI_ENDPOINT" in "".join(lines)
    assert "https://api.groq.com/openai/v1" in "".join(lines)


def test_the_command_tells_whose_key_is_there_and_shows_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in presets.names():
        for key in presets.named(name)["keys"]:
            monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("GOOGLE_API_KEY", "sk-secret")
    assert main(["providers"]) == 0
    out = capsys.readouterr().out
    assert "GOOGLE_API_KEY *" in out
    assert out.count(" *") == 1
    assert "sk-secret" not in out


def test_the_command_prints_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["providers", "mistral"]) == 0
    out = capsys.readouterr().out
    for words in ("https://api.mistral.ai/v1", "MISTRAL_API_KEY", "stream_usage     False"):
        assert words in out, out


def test_the_command_knows_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["providers", "grok"])
    said = capsys.readouterr().err
    assert "'grok' is no preset: known are openai, openrouter, groq" in said


def test_resolve_is_public() -> None:
    found = thinwire.resolve("ollama:llama3.2:latest")
    assert (found.provider, found.model) == ("ollama", "llama3.2:latest")


def test_a_program_in_three_lines(server: MockServer) -> None:
    program = (
        "from thinwire.core.providers import presets\n"
        "presets._TEXT = presets._TEXT.replace('https://openrouter.ai/api/v1', %r)\n"
        "from thinwire import Client\n"
        "with Client('openrouter:echo', fallbacks=['openai:gpt-5-mini']) as client:\n"
        "    print(client.chat('Hello').content)\n"
    )
    env = {**os.environ, "OPENROUTER_API_KEY": "k1", "OPENAI_API_KEY": "k2", "NO_PROXY": "*"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program % server.base_url],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("Hello\n", "")
    assert server.requests[-1].header("authorization") == "Bearer k1"
