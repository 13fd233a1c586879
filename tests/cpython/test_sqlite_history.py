"""Conversations in an SQLite database: threads, processes, snapshots, what fails."""

import multiprocessing
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from histories import NEXT, TURN, check_history
from support.history_kills import check_interleaved

from thinwire import BytesStream, EncodeError, SQLiteHistory, TextFile


@pytest.fixture
def history(tmp_path: Path) -> Iterator[SQLiteHistory]:
    made = SQLiteHistory(tmp_path / "chats.db")
    yield made
    made.close()


def test_it_is_a_history(history: SQLiteHistory) -> None:
    check_history(history)


def test_it_waits_for_the_disk(tmp_path: Path) -> None:
    history = SQLiteHistory(str(tmp_path / "chats.db"), fsync=True)
    check_history(history)
    history.close()
    history.close()
    history.append("again", TURN)
    assert list(history.read("again")) == TURN
    history.close()


@pytest.mark.parametrize("session", ["", "a/b", "A", "é", "\0", "\udc80", "'; DROP", "x" * 9999])
def test_any_session_is_one(history: SQLiteHistory, session: str) -> None:
    history.append(session, TURN)
    history.append("other", NEXT)
    assert list(history.read(session)) == TURN


def test_a_session_is_a_str(history: SQLiteHistory) -> None:
    nameless: Any = None
    with pytest.raises(TypeError):
        history.read(nameless)


FORKED = """
import os, sys
from thinwire import SQLiteHistory
history = SQLiteHistory(sys.argv[1])
turn = [{"role": "user"}, {"role": "assistant"}]
history.append("s", turn)
child = os.fork()
history.append("s", turn)
history.append("s", turn)
if child:
    assert os.waitpid(child, 0)[1] == 0
    history.append("s", turn)
    print(len(list(history.read("s"))))
    history.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_a_child_has_a_connection_of_its_own(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FORKED, str(tmp_path / "chats.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "12\n"


def test_a_database_in_memory_is_refused() -> None:
    for path in ("", ":memory:"):
        with pytest.raises(ValueError, match="MemoryHistory"):
            SQLiteHistory(path)


def test_what_fails_changes_nothing(history: SQLiteHistory) -> None:
    history.append("s", TURN)
    for bad in ({"content": b"bytes"}, {"content": BytesStream(iter([b"a"]))}):
        with pytest.raises(EncodeError):
            history.append("s", [*NEXT, bad])
        with pytest.raises(EncodeError):
            history.replace("s", [*NEXT, bad])
        assert list(history.read("s")) == TURN


def test_a_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "chats.db").write_bytes(b"no database" * 500)
    history = SQLiteHistory(tmp_path / "chats.db")
    with pytest.raises(sqlite3.DatabaseError):
        list(history.read("s"))
    with pytest.raises(sqlite3.DatabaseError):
        history.append("s", TURN)


def test_a_source_is_stored_as_its_text(history: SQLiteHistory, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("é" * 50_000, "utf-8")
    history.append("s", [{"role": "user", "content": TextFile(tmp_path / "a.txt")}])
    assert list(history.read("s")) == [{"role": "user", "content": "é" * 50_000}]


def test_a_reader_sees_what_was_there_when_it_began(history: SQLiteHistory) -> None:
    history.append("s", TURN)
    rows = iter(history.read("s"))
    first = next(rows)
    history.replace("s", NEXT)
    history.delete("s")
    assert [first, *rows] == TURN
    assert list(history.read("s")) == []


def test_an_iteration_that_ends_early_holds_nothing(history: SQLiteHistory) -> None:
    history.append("s", TURN)
    for _ in range(200):
        rows: Any = iter(history.read("s"))
        next(rows)
        rows.close()
    history.append("s", NEXT)
    assert list(history.read("s")) == TURN + NEXT


def test_other_tables_are_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "app.db") as other:
        other.execute("CREATE TABLE mine (x)")
        other.execute("INSERT INTO mine VALUES (1)")
    history = SQLiteHistory(tmp_path / "app.db")
    history.append("s", TURN)
    assert other.execute("SELECT x FROM mine").fetchall() == [(1,)]
    other.close()
    history.close()


def append_turns(path: str, name: str, count: int) -> None:
    history = SQLiteHistory(path)
    for number in range(count):
        turn = [{"role": role, "n": [name, number]} for role in ("user", "assistant")]
        history.append("s", turn)
    history.close()


def test_threads_share_one(history: SQLiteHistory) -> None:
    def work(name: str) -> None:
        for number in range(30):
            turn = [{"role": role, "n": [name, number]} for role in ("user", "assistant")]
            history.append("s", turn)
            assert len(list(history.read("s"))) % 2 == 0

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    check_interleaved(list(history.read("s")), set("abcd"), 30)


def test_processes_share_one(tmp_path: Path) -> None:
    path = str(tmp_path / "chats.db")
    context = multiprocessing.get_context("spawn")
    children = [context.Process(target=append_turns, args=(path, name, 20)) for name in "abc"]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    history = SQLiteHistory(path)
    check_interleaved(list(history.read("s")), set("abc"), 20)
    history.close()


def test_the_newest_are_read_alone(history: SQLiteHistory) -> None:
    for number in range(5):
        history.append("s", [{"role": "user", "content": str(number)}])
    messages: Any = history.read("s")
    for count in range(7):
        newest = messages.newest(count)
        found = [one["content"] for one in newest]
        assert found == [str(number) for number in range(max(5 - count, 0), 5)]
    history.append("s", [{"role": "user", "content": "5"}])
    assert len(list(newest)) == 6
    assert len(list(messages.newest(1))) == 1
    assert list(history.read("t").newest(3)) == []  # type: ignore[attr-defined]
