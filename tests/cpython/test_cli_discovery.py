"""`thinwire models`, `check` and `probe`, and the client that they ask."""

import json
from pathlib import Path
from typing import Any

import pytest

from thinwire import Client, Deployment
from thinwire.cli import clients, main
from thinwire.cli.clients import key_variable
from thinwire.testing import MockServer, json_reply, status_reply, text_reply

KEY = "sk-not-to-be-shown"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> "MockServer":
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "THINWIRE_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    with MockServer() as server:
        server.reply("m", text_reply("Hello"))
        yield server  # type: ignore[misc]


def ran(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(arguments)
    out, err = capsys.readouterr()
    assert KEY not in out + err
    return status, out, err


def config(tmp_path: Path, server: MockServer) -> str:
    model = {"base_url": server.base_url, "api_key": KEY}
    document = {"models": {"a": {**model, "model": "m"}, "b": {**model, "model": "nowhere"}}}
    path = tmp_path / "thinwire.json"
    path.write_text(json.dumps(document))
    return str(path)


def test_models_of_a_url(
    server: MockServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    status, out, err = ran(capsys, "models", "--base-url", server.base_url)
    assert (status, err) == (0, "")
    head, first, *_ = out.splitlines()
    assert head.split() == ["id", "context", "tools", "vision", "reasoning"]
    assert first.split() == ["m", "-", "-", "-", "-"]
    (request,) = server.requests
    assert (request.method, request.header("authorization")) == ("GET", f"Bearer {KEY}")
    status, out, _ = ran(capsys, "models", "--base-url", server.base_url, "--json")
    assert json.loads(out)[0]["id"] == "m"


def test_a_name_cannot_write_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    clients.print_table(["id"], [["\x1b[31mred\x1b[0m\r"], ["modèle"]])
    assert capsys.readouterr().out.splitlines() == ["id", r"\x1b[31mred\x1b[0m\r", "modèle"]


def test_models_of_a_configuration(
    server: MockServer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for arguments in ([], ["b"]):
        status, out, _ = ran(capsys, "models", "--config", config(tmp_path, server), *arguments)
        assert status == 0
        assert out.splitlines()[1].split()[0] == "m"
    status, _, err = ran(capsys, "models", "--config", config(tmp_path, server), "nobody")
    assert status == 1
    assert err.startswith("thinwire models: no deployment for model 'nobody'")


def test_a_provider_whose_key_is_missing_is_an_error_that_names_it(
    server: MockServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    for command in ("models", "check"):
        status, out, err = ran(capsys, command, "groq")
        assert (status, out) == (1, "")
        assert "GROQ_API_KEY" in err


def test_nobody_there_is_no_list_of_our_own(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = ran(capsys, "models", "--base-url", "http://127.0.0.1:1/v1")
    assert (status, out) == (1, "")
    assert err.startswith("thinwire models: ")
    assert len(err.splitlines()) == 1


def test_check_says_how_each_is(
    server: MockServer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    server.reply("nowhere", status_reply(404, "The model does not exist", code="model_not_found"))
    status, out, err = ran(capsys, "check", "--config", config(tmp_path, server))
    assert status == 1
    lines = [line.split() for line in out.splitlines()]
    assert lines[1][:4] == ["a", "yes", "yes", "yes"]
    assert lines[1][4].isdigit()
    assert lines[2][:2] == ["b", "yes"]
    assert lines[2][3:] == ["no", "-"] or lines[2][3] == "yes"
    assert err.startswith("b: ")
    status, out, _ = ran(capsys, "check", "--config", config(tmp_path, server), "a", "--json")
    (one,) = json.loads(out)
    assert status == 0
    assert (one["ok"], one["error"], one["name"], one["model"]) == (True, None, "a", "m")


def test_check_can_be_free(
    server: MockServer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    place = ["--base-url", server.base_url, "--model", "m"]
    status, out, _ = ran(capsys, "check", *place, "--free")
    assert status == 0
    assert out.splitlines()[1].split() == ["m", "yes", "yes", "yes", "-"]
    assert {request.method for request in server.requests} == {"GET"}
    status, _, err = ran(capsys, "check", "--base-url", "http://127.0.0.1:1/v1")
    assert status == 1
    assert err.startswith("model: ")


def test_probe_prints_a_profile(
    server: MockServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    refused = {"error": {"message": "unknown field: stream_options"}}

    def answer(request: object) -> object:
        has = "stream_options" in request.json()  # type: ignore[attr-defined]
        return json_reply(refused, status=400) if has else text_reply("Hello")(request)  # type: ignore[arg-type]

    server.clear()
    server.reply("m", answer)  # type: ignore[arg-type]
    status, out, err = ran(capsys, "probe", server.base_url, "m", "--api-key-env", "MY_KEY")
    assert status == 0
    profile = json.loads(out)
    assert profile == {"stream_usage": False}
    assert Deployment(server.base_url, KEY, "m", **profile).stream_usage is False
    assert "tools: no" in err
    assert "reasoning_field: none" in err
    status, out, _ = ran(capsys, "probe", server.base_url, "m", "--json")
    assert json.loads(out)["features"]["chunked"] is True
    server.clear()
    server.reply("m", status_reply(401, "bad key " + KEY))
    status, out, err = ran(capsys, "probe", server.base_url, "m", "--api-key-env", "MY_KEY")
    assert (status, out) == (1, "")
    assert err.startswith("thinwire probe: ")


def test_what_the_environment_names(
    server: MockServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    status, out, err = ran(capsys, "models")
    assert (status, err) == (0, "")
    assert "echo" in out
    assert ran(capsys, "check")[0] == 1  # no model is named
    monkeypatch.setenv("OPENAI_MODEL", "m")
    status, out, _ = ran(capsys, "check")
    assert (status, out.split()[-5:-1]) == (0, ["m", "yes", "yes", "yes"])


@pytest.mark.parametrize(
    ("dialect", "field"),
    [("openai", "reasoning_content"), ("anthropic", "thinking"), ("responses", "reasoning")],
)
def test_each_wire_can_be_asked(dialect: Any, field: str) -> None:
    with MockServer(strict=True) as server:
        places = {
            model: Deployment(server.base_url, KEY, model, dialect=dialect)
            for model in ("echo", "tools", "reasoning")
        }
        with Client("echo", places) as client:
            assert [entry.id for entry in client.models()][:1] == ["echo"]
            assert [one.ok for one in client.check()] == [True, True, True]
            assert client.probe("tools").features["tools"] is True
            assert client.probe("echo").features["tools"] is False
            assert client.probe("reasoning").features["reasoning_field"] == field
        assert {request.status for request in server.requests} == {200}
        assert server.errors == []


def test_a_companys_key_goes_to_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", "https://mine.example/v1")
    for url, variable in (
        ("https://api.groq.com/openai/v1", None),  # GROQ_API_KEY is read, if it is set
        ("https://evil.example/v1", None),
        ("https://mine.example.evil.example/v1", None),
        ("http://192.168.1.9:8080/v1", None),
        ("http://127.0.0.1.evil.example/v1", None),
        ("http://127.0.0.1:8080/v1", "OPENAI_API_KEY"),
        ("http://localhost/v1", "OPENAI_API_KEY"),
        ("https://mine.example/v1", "OPENAI_API_KEY"),
    ):
        assert key_variable(url, None) == variable, url
        assert key_variable(url, "MY_KEY") == "MY_KEY"
    monkeypatch.delenv("OPENAI_API_KEY")
    assert key_variable("http://localhost/v1", None) is None


@pytest.mark.parametrize("command", ["chat", "models", "check", "probe"])
def test_no_command_sends_it_elsewhere(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[Deployment] = []

    def client(name: str, places: Any, **_: object) -> None:
        made.append(places if isinstance(places, Deployment) else places[name])
        raise ValueError("that is enough")

    monkeypatch.setattr("thinwire.Client", client)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    url = "https://evil.example/v1"
    place = [url, "m"] if command == "probe" else ["--base-url", url, "--model", "m"]
    ran(capsys, command, *place, *(["Hi"] if command == "chat" else []))
    (one,) = made
    assert (one.api_key, one.options and one.options.api_key_env) == (None, None)
