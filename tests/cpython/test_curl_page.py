"""docs/curl.md: each program sends what the curl command above it sends."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from support.interpreters import ROOT

from thinwire.testing import MockServer, text_reply

PAGE = (ROOT / "docs/curl.md").read_text("utf-8")
PAIRS = re.findall(r"^```sh\n(curl .*?)^```.*?^```python\n(.*?)^```", PAGE, re.M | re.S)
KEYS = {
    "ANTHROPIC_API_KEY": "sk-ant-from-the-environment",
    "OPENAI_API_KEY": "sk-from-the-environment",
    "AZURE_OPENAI_API_KEY": "azure-from-the-environment",
}
# Presets name the real servers: here they are one on loopback.
PRELUDE = """
import thinwire.core.providers.presets as presets

for address in ("https://api.anthropic.com", "https://api.openai.com"):
    presets._TEXT = presets._TEXT.replace(address, %r)
"""


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer(strict=True) as running:
        running.reply("*", text_reply("Once upon a time."))
        yield running


def said(curl: str, root: str) -> tuple[str, dict[str, str], dict[str, Any]]:
    """Where a command sends, its headers and its body, with the variables filled in."""
    variables = {**KEYS, "AZURE_OPENAI_ENDPOINT": root}
    for name, value in variables.items():
        curl = curl.replace(f"${name}", value)
    address = re.match(r'curl "?([^" ]+)', curl)
    body = re.search(r"-d '(.*)'", curl, re.S)
    assert address
    assert body
    headers = dict(line.split(": ", 1) for line in re.findall(r'-H "([^"]*)"', curl))
    url = urlsplit(address[1])
    target = url.path + (f"?{url.query}" if url.query else "")
    return target, {name.lower(): value for name, value in headers.items()}, json.loads(body[1])


def spoken(document: dict[str, Any]) -> str:
    """The last thing that a user says in a request, on any wire."""
    words = document.get("messages") or document["input"]
    while not isinstance(words, str):
        words = words[-1] if isinstance(words, list) else words.get("content", words.get("text"))
    return words


def test_the_page_has_its_three() -> None:
    assert len(PAIRS) == 3


@pytest.mark.parametrize(("curl", "program"), PAIRS, ids=["anthropic", "responses", "azure"])
def test_a_program_sends_what_its_command_sends(
    server: MockServer, tmp_path: Path, curl: str, program: str
) -> None:
    root = server.base_url.removesuffix("/v1")
    path = tmp_path / "program.py"
    path.write_text(PRELUDE % root + program, "utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path)],
        env={**os.environ, **KEYS, "AZURE_OPENAI_ENDPOINT": root},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "Once upon a time.\n", done.stderr
    (request,) = server.requests
    assert server.errors == []
    target, headers, body = said(curl, root)
    assert request.path == target
    for name, value in headers.items():
        assert request.header(name) == value, name
    sent = request.json()
    assert spoken(sent) == spoken(body)
    for name in sorted({*body} - {"messages", "input"}):
        if name == "system" and not isinstance(sent[name], str):
            assert [part["text"] for part in sent[name]] == [body[name]]
        elif isinstance(body[name], dict):
            assert body[name].items() <= sent[name].items(), name
        else:
            assert sent[name] == body[name], name
