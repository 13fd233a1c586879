"""What a program is warned of, which a chip prints."""

import warnings
from pathlib import Path

from thinwire import Deployment
from thinwire.core import _compat
from thinwire.core.request.jsonl import JSONLMessages


def test_a_warning_names_the_line_that_called() -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        (lambda: _compat.warn("here"))()
    assert [(str(one.message), one.filename) for one in told] == [("here", __file__)]


def test_a_warning_that_is_an_error_loses_no_line(tmp_path: Path) -> None:
    path = tmp_path / "history"
    path.write_bytes(b'{"a":1}\n{"b"')
    messages = JSONLMessages(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            try:
                messages.append({"c": 3})
            except UserWarning:
                continue
    assert list(messages) == [{"a": 1}, {"c": 3}]
    assert (tmp_path / "history.torn").read_bytes() == b'{"b"\n'


def test_a_deployment_warns_where_it_is_made_and_shows_no_key() -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        Deployment("https://h.example/v1/chat/completions?key=secret")
    (one,) = told
    assert one.filename == __file__
    assert "chat/completions" in str(one.message)
    assert "secret" not in str(one.message)
