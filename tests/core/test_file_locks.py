"""Locks of files on a server: where there are none, and when another file takes a file's place."""

import fcntl
import os
import threading
from pathlib import Path

import pytest

from thinwire import JSONLMessages
from thinwire.core._compat import disk


def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(file: object, operation: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    messages = JSONLMessages(tmp_path / "a")
    messages.append({"a": 1})
    messages.replace([*messages, {"b": 2}])
    assert disk.hold(tmp_path / "a") is None
    assert not disk.is_held(tmp_path / "a")
    assert list(messages) == [{"a": 1}, {"b": 2}]


def test_whoever_waits_gets_the_file_that_is_there_then(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for remove in (lambda: os.replace(tmp_path / "b", path), lambda: os.remove(path)):
        (tmp_path / "b").write_bytes(b"new")
        held = disk.hold(path)
        assert held is not None
        assert disk.is_held(path)
        found = []

        def wait() -> None:
            file = disk.hold(path)
            assert file is not None
            found.append(os.fstat(file.fileno()).st_ino)  # noqa: B023
            file.close()

        thread = threading.Thread(target=wait)
        thread.start()
        thread.join(0.1)
        assert found == []
        remove()
        held.close()
        thread.join(10)
        assert found == [path.stat().st_ino]
    assert not disk.is_held(path)
