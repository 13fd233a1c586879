"""Configurations as CPython has them: the command, the JSON Schema, the page, real requests."""

import inspect
import json
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.certificates import authority
from support.interpreters import ROOT

from thinwire import AsyncClient, Client, ConfigError
from thinwire.cli import main
from thinwire.core.providers import environment, schema
from thinwire.core.providers.config import Config
from thinwire.testing import MockServer, text_reply

PAGE = (ROOT / "docs" / "configuration.md").read_text("utf-8")
SCHEMA = json.loads((ROOT / "docs" / "config.schema.json").read_text("utf-8"))
KEY = "sk-not-to-be-shown"
MESSAGES = [{"role": "user", "content": "x"}]


def _headers(server: MockServer) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, value in server.requests[0].headers]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_schema_and_the_page_are_those_of_the_table() -> None:
    command = [sys.executable, str(ROOT / "tools" / "config_schema.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_schema_knows_every_field() -> None:
    for section in schema.SECTIONS:
        found = SCHEMA if section == "config" else SCHEMA["$defs"][section]
        known = {name for name, _, _ in schema.fields(section)}
        assert known <= set(found["properties"])
        assert found["additionalProperties"] is False


def test_the_schema_takes_variables_where_a_configuration_does() -> None:
    variable = {"type": "string", "pattern": r"\$\{[^}]+\}"}
    top, provider = SCHEMA["properties"], SCHEMA["$defs"]["provider"]["properties"]
    for field in (top["timeouts"], top["log"], provider["max_concurrent"], provider["framing"]):
        assert variable in field["anyOf"]
    assert provider["params"]["additionalProperties"] == {}
    assert provider["base_url"]["type"] == "string"


@pytest.mark.parametrize("language", ["json", "toml"])
def test_the_examples_of_the_page_are_right(language: str, tmp_path: Path) -> None:
    variables = dict.fromkeys(
        ("CORP_KEY", "GROQ_API_KEY", "OPENAI_API_KEY", "OPENROUTER_API_KEY"), KEY
    )
    assert blocks(language)
    for text in blocks(language):
        path = tmp_path / f"config.{language}"
        path.write_text(text, "utf-8")
        made = Config(path, variables)
        assert made.default_model == "fast"
        assert "openai:gpt-5-mini" in made.deployments


def test_a_client_of_a_file_asks_its_models(tmp_path: Path) -> None:
    with MockServer() as server:
        server.reply("m-1", text_reply("fine"))
        document = {
            "providers": {"here": {"base_url": server.base_url, "api_key": "${MY_KEY}"}},
            "models": {"fast": "here:m-1"},
        }
        path = tmp_path / "config.json"
        path.write_text(json.dumps(document), "utf-8")
        with Client.from_config(path, environ={"MY_KEY": KEY}) as client:
            assert client.chat(MESSAGES).content == "fine"
        assert ("authorization", f"Bearer {KEY}") in _headers(server)


async def test_an_async_client_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with MockServer() as server:
        server.reply("m-1", text_reply("fine"))
        monkeypatch.setenv("OPENAI_COMPATIBLE_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_COMPATIBLE_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_COMPATIBLE_CUSTOM_HEADERS", '{"X-Team": "a"}')
        async with AsyncClient.from_env() as client:
            assert (await client.chat(MESSAGES, model="m-1")).content == "fine"
        assert ("x-team", "a") in _headers(server)


def test_a_client_without_arguments_has_all_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MockServer() as server:
        server.reply("m-1", text_reply("fine"))
        path = tmp_path / "config.json"
        section = {"base_url": server.base_url, "models": {"fast": "m-1"}}
        document = {"providers": {"here": section}, "keep_headers": "all", "verify": False}
        path.write_text(json.dumps(document), "utf-8")
        monkeypatch.setenv("THINWIRE_CONFIG", str(path))
        with Client(retry=1) as client:
            assert client.chat(MESSAGES).headers


def test_a_client_without_arguments_hands_on_all_that_it_was_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(environment, "begin", lambda made, init, given: told.append(given))
    names = [*inspect.signature(Client.__init__).parameters][1:-1]
    names.append("recorder")  # of those that few have
    options = {name: object() for name in names if name not in ("default_model", "deployments")}
    Client(**options)  # type: ignore[arg-type]
    assert told == [options]
    Client()
    assert set(told[1].values()) == {None}
    assert set(told[1]) == set(options) - {"recorder"}


def test_each_server_is_trusted_in_its_own_way(tmp_path: Path) -> None:
    own = authority()
    document: dict[str, Any] = {"providers": {}, "default_model": "a"}
    with MockServer(ssl_context=own.server("127.0.0.1")) as one, MockServer() as other:
        one.reply("m", text_reply("with a CA"))
        other.reply("m", text_reply("plain"))
        (tmp_path / "ca.pem").write_bytes(own.pem)
        for name, server in (("a", one), ("b", other)):
            document["providers"][name] = {"base_url": server.base_url, "models": {name: "m"}}
        document["providers"]["a"]["add_ca"] = "ca.pem"
        path = tmp_path / "config.json"
        path.write_text(json.dumps(document), "utf-8")
        with Client.from_config(path) as client:
            assert client.chat(MESSAGES).content == "with a CA"
            assert client.chat(MESSAGES, model="b").content == "plain"


def test_the_error_survives_a_pickle() -> None:
    with pytest.raises(ConfigError) as caught:
        Config({"nonsense": 1})
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), copy.problems) == (str(caught.value), caught.value.problems)


def test_json_that_is_broken_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"models": {\n "a" 1}}', "utf-8")
    with pytest.raises(ConfigError, match=r"config.json: line 2, column 6: "):
        Config(path)


def test_the_command_says_what_a_file_comes_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "config.json"
    monkeypatch.setenv("GROQ_API_KEY", KEY)
    monkeypatch.delenv("XAI_API_KEY", raising=False)
    models = {"a": "groq:llama", "bc": "xai:grok-4"}
    path.write_text(json.dumps({"models": models, "default_model": "a"}), "utf-8")
    assert main(["config", "check", str(path)]) == 0
    shown = capsys.readouterr().out
    assert shown.split("\n") == [
        f"{path} is right",
        "* a   llama   https://api.groq.com/openai/v1",
        "  bc  grok-4  https://api.x.ai/v1             no key: XAI_API_KEY is not set",
        "",
    ]
    path.write_text(json.dumps({"models": models}), "utf-8")
    assert main(["config", "check", str(path)]) == 0
    assert capsys.readouterr().out.endswith("no default_model: each call has to name one\n")


def test_the_command_says_all_that_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"modles": {}, "timeouts": {"total": "sk-not-to-be-shown"}}', "utf-8")
    assert main(["config", "check", str(path)]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"thinwire: {path} has 2 problems:\n  modles: ")
    assert KEY not in shown.err
