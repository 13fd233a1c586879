"""The pytest fixture, and what importing thinwire.testing costs."""

import importlib
import os
import subprocess
import sys

import httpx
import pytest

import thinwire.testing
from thinwire.testing import MockServer, text_reply

pytest_plugins = ["pytester"]


def imported_by(statement: str) -> set[str]:
    """Modules that a fresh interpreter has after `statement` and had not before."""
    code = f"import sys; before = set(sys.modules); {statement}; print(*set(sys.modules) - before)"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    return set(found.stdout.split())


def test_the_fixture_is_a_running_server(mock_llm: MockServer) -> None:
    mock_llm.reply("m", text_reply("Hello"))
    url = mock_llm.base_url + "/chat/completions"
    response = httpx.post(url, json={"model": "m"}, trust_env=False)
    assert response.json()["choices"][0]["message"]["content"] == "Hello"


def test_the_fixture_stops_its_server(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(
        """
        import socket
        import pytest

        servers = []

        def test_use(mock_llm):
            socket.create_connection(("127.0.0.1", mock_llm.port), 10).close()
            servers.append(mock_llm)

        def test_afterwards():
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", servers[0].port), 10)
        """
    )
    # As a user's run would have it, whether or not thinwire is installed where we run.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    paths = os.pathsep.join(path for path in sys.path if path)
    monkeypatch.setenv("PYTHONPATH", paths)
    result = pytester.runpytest_subprocess("-p", "thinwire.testing.pytest_plugin")
    result.assert_outcomes(passed=2)


def test_the_plugin_imports_nothing_heavy() -> None:
    after_pytest = "import pytest; before = set(sys.modules)"
    extra = imported_by(f"{after_pytest}; import thinwire.testing.pytest_plugin")
    assert extra == {"thinwire", "thinwire.testing", "thinwire.testing.pytest_plugin"}


def test_importing_testing_imports_nothing_else() -> None:
    assert imported_by("import thinwire.testing") == {"thinwire", "thinwire.testing"}


def test_the_server_needs_nothing_of_core() -> None:
    modules = imported_by("from thinwire.testing import MockServer, text_reply")
    assert not [name for name in modules if name.startswith(("thinwire.core", "httpx"))]


def test_every_public_name_exists() -> None:
    for name in thinwire.testing.__all__:
        assert getattr(thinwire.testing, name) is not None
    assert dir(thinwire.testing) == sorted(thinwire.testing.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        importlib.import_module("thinwire.testing").nothing  # noqa: B018
