"""Conversations in an SQLite database: one row for each message, one transaction for each turn."""

import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from thinwire.core._compat import BUFFER, escape, loads_whole, public
from thinwire.core.errors import EncodeError
from thinwire.core.wire.json_encode import JSONEncoder

if TYPE_CHECKING:
    import sqlite3

_BUSY_S = 60.0  # how long another process may be writing
_TABLE = """
CREATE TABLE IF NOT EXISTS thinwire_messages (
    session TEXT NOT NULL,
    place INTEGER NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (session, place)
) WITHOUT ROWID
"""
_READ = "SELECT message FROM thinwire_messages WHERE session = ? AND place > ? ORDER BY place"
_LAST = "SELECT coalesce(max(place), 0) FROM thinwire_messages WHERE session = ?"
_ADD = "INSERT INTO thinwire_messages VALUES (?, ?, ?)"
_DELETE = "DELETE FROM thinwire_messages WHERE session = ?"
_inherited: "list[sqlite3.Connection]" = []


@public
class SQLiteHistory:
    """Keeps conversations in an SQLite database, in WAL mode.

    A turn is a transaction: once `append` has returned it outlives the process, and a turn that
    was being appended is not there at all. Threads and processes on one machine may share the
    file; who writes waits for who is writing, up to a minute. Messages are read row by row, as
    they stood when the iteration began. Sources in a message are read into memory when it is
    stored.

    Args:
        path: of the database, made where there is none; other tables in it are left alone.
        fsync: whether a turn outlives a power failure, too (`synchronous=FULL`), at some
            milliseconds each; without, the last turns may be missing then, as wholes.

    Raises:
        ValueError: the path is ":memory:" or empty, where each connection has a database of its
            own; MemoryHistory is for that.
    """

    def __init__(self, path: "str | os.PathLike[str]", fsync: bool = False) -> None:
        self._path = os.fspath(path)
        if self._path in ("", ":memory:"):
            raise ValueError("SQLiteHistory needs a file; MemoryHistory keeps messages in memory")
        self._fsync = fsync
        self._lock = threading.Lock()  # of the connection that writes
        self._writer: sqlite3.Connection | None = None
        self._process = 0

    def read(self, session: str) -> "Iterable[dict[str, Any]]":
        """The messages of a session, none if it is not known; read anew by each iteration.

        Errors of the iteration: sqlite3.Error.
        """
        return _Rows(self._path, self._fsync, _key(session))

    def append(self, session: str, messages: "Iterable[Mapping[str, Any]]") -> None:
        """Adds the messages of a turn: all of them, or none.

        Raises:
            EncodeError: a message holds what JSON cannot carry.
            sqlite3.Error: the database cannot be written.
        """
        key = _key(session)
        rows = [_encoded(message) for message in messages]
        with self._transaction() as writer:
            (last,) = writer.execute(_LAST, (key,)).fetchone()
            writer.executemany(_ADD, [(key, at, row) for at, row in enumerate(rows, last + 1)])

    def replace(self, session: str, messages: "Iterable[Mapping[str, Any]]") -> None:
        """Puts other messages in the place of all, or none of them.

        Args:
            messages: may be read from this very session while it is replaced.

        Raises: as `append`.
        """
        key = _key(session)
        with self._transaction() as writer:
            writer.execute(_DELETE, (key,))
            rows = ((key, at, _encoded(one)) for at, one in enumerate(messages, 1))
            writer.executemany(_ADD, rows)

    def delete(self, session: str) -> None:
        """Forgets a session; harmless when it is not known."""
        with self._transaction() as writer:
            writer.execute(_DELETE, (_key(session),))

    def close(self) -> None:
        """Closes the database; it is opened again by whoever uses the history again."""
        with self._lock:
            if self._writer is not None:
                self._writer.close()
                self._writer = None

    @contextmanager
    def _transaction(self) -> "Iterator[sqlite3.Connection]":
        with self._lock:
            # A connection must not be used, nor closed, in the child of a fork
            # (sqlite.org/howtocorrupt.html §2.6).
            if self._writer is not None and self._process != os.getpid():
                _inherited.append(self._writer)
                self._writer = None
            if self._writer is None:
                self._writer = _connection(self._path, self._fsync)
                self._process = os.getpid()
            writer = self._writer
            writer.execute("BEGIN IMMEDIATE")
            try:
                yield writer
                writer.execute("COMMIT")
            except BaseException:
                writer.rollback()
                raise

    def __repr__(self) -> str:
        return f"SQLiteHistory({self._path!r})"


def _connection(path: str, fsync: bool) -> "sqlite3.Connection":
    import sqlite3  # not every Python is built with it

    found = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        found.execute("PRAGMA journal_mode=WAL")
        found.execute("PRAGMA synchronous=%s" % ("FULL" if fsync else "NORMAL"))
        found.execute(_TABLE)
    except BaseException:
        found.close()
        raise
    return found


def _key(session: str) -> str:
    # As in JSON: halves of surrogate pairs, which SQLite does not take, have another spelling.
    if not isinstance(session, str):
        raise TypeError(f"a session is named by a str, not by {type(session).__name__}")
    return escape(session).decode()


def _encoded(message: "Any") -> str:
    if hasattr(message, "to_message"):
        message = message.to_message()
    encoder, out, buffer = JSONEncoder(message, once=False), bytearray(), bytearray(BUFFER)
    try:
        count = encoder.readinto(buffer)
        while count:
            out += memoryview(buffer)[:count]
            count = encoder.readinto(buffer)
    finally:
        encoder.close()
    if count is None:
        raise EncodeError("what can be read only once, or is awaited, is not stored", "")
    return out.decode()


class _Rows:
    stored = True  # see JSONEncoder

    def __init__(self, path: str, fsync: bool, key: str, after: int = 0) -> None:
        self._path = path
        self._fsync = fsync
        self._key = key
        self._after = after

    def newest(self, count: int) -> "Iterable[dict[str, Any]]":
        """The last messages, at most so many, and what is added later; see JSONLMessages."""
        with closing(_connection(self._path, self._fsync)) as connection:
            (last,) = connection.execute(_LAST, (self._key,)).fetchone()
        return _Rows(self._path, self._fsync, self._key, max(last - count, 0))

    def __iter__(self) -> "Iterator[dict[str, Any]]":
        # A connection of its own: what others write meanwhile is not seen.
        with (
            closing(_connection(self._path, self._fsync)) as connection,
            closing(connection.execute(_READ, (self._key, self._after))) as rows,
        ):
            for (row,) in rows:
                yield loads_whole(row.encode())  # type: ignore[misc]

    def __repr__(self) -> str:
        return f"messages of {self._key!r} in {self._path!r}"
