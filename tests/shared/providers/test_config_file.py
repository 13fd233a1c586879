# Where a configuration comes from.

import json
import os

from helpers import Scratch, error_of

from thinwire import ConfigError
from thinwire.core._compat import MICROPYTHON
from thinwire.core.providers.config import Config

ENV = {"GROQ_API_KEY": "sk-groq"}
TOML = b"""
default_model = "a"
[models]
a = "groq:x"
"""


class Path:
    """What has a path, as pathlib's do."""

    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return self.path


def test_a_file_of_json():
    document = {"models": {"a": "groq:x"}}
    data = json.dumps(document).encode()
    for start in (b"", b"\xef\xbb\xbf", b"\n"):
        with Scratch(start + data + b"\n") as path:
            assert list(Config(path, ENV).deployments) == ["a"]


def test_a_file_that_cannot_be_read():
    error = error_of(ConfigError, Config, "/no/such/config.json", ENV)
    assert str(error).startswith("/no/such/config.json: cannot be read: ")
    for data in (b"{", b"", b'{"a" 1}', b"{} x", b"\xff"):
        with Scratch(data) as path:
            error = error_of(ConfigError, Config, path, ENV)
            assert str(error).startswith(path + ": "), data
    with Scratch(b"[]") as path:
        error = error_of(ConfigError, Config, path, ENV)
        assert str(error) == path + ": holds no object: it begins with '{'"


def test_a_path_need_not_be_a_text():
    with Scratch(b'{"models": {"a": "groq:x"}}') as path:
        assert Config(Path(path), ENV).default_model == "a"


def test_a_file_of_toml():
    with Scratch(TOML) as path:
        os.rename(path, path + ".toml")
        try:
            if MICROPYTHON:
                error = error_of(ConfigError, Config, path + ".toml", ENV)
                assert str(error).endswith(": TOML needs CPython: write it as JSON")
            else:
                assert Config(path + ".toml", ENV).default_model == "a"
        finally:
            os.rename(path + ".toml", path)


def test_toml_that_is_none():
    for data in (b"a = = 1", b"a = " + b"[" * 9000, b"\xff"):
        with Scratch(data) as path:
            os.rename(path, path + ".toml")
            try:
                error = error_of(ConfigError, Config, path + ".toml", ENV)
                assert str(error).startswith(path + ".toml: ")
            finally:
                os.rename(path + ".toml", path)


def test_what_is_neither_a_path_nor_a_dict():
    for source in (None, 7, b"config.json", []):
        said = "a configuration is a path or a dict, not " + type(source).__name__
        assert str(error_of(TypeError, Config, source, ENV)) == said
