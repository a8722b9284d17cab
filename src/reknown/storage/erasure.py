"""What is deleted is gone from the files too.

SQLite overwrites what is deleted with zeros (`secure_delete`), but in the database's own file
alone: its write-ahead log keeps what was written before until it is written over, which may be
never. So the log is emptied after every transaction that deletes what was somebody's, and before
anybody is told that it is done. On PostgreSQL the tables are vacuumed then. What remains all the
same is in docs/explanation/deletion.md.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from threading import Lock
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Engine, Table
    from sqlalchemy.pool import ConnectionPoolEntry

_ERASED = "erased"
_log = logging.getLogger(__name__)
# How long others who read or write may keep the log from being emptied, in seconds.
_PATIENCE = 30.0
_ATTEMPT_MS = 100
_PAUSE = 0.01


def erase(connection: Connection, *tables: Table) -> None:
    """Says that this transaction deletes from these tables what has to be gone when it ends."""
    connection.info.setdefault(_ERASED, set()).update(table.name for table in tables)


class Eraser:
    """Cleans up behind the transactions of a process that erased.

    Once for all of them that ended before it begins.
    """

    def __init__(self, database: Engine) -> None:
        self._sqlite = database.dialect.name == "sqlite"
        self._turn = Lock()
        self._count = Lock()
        self._waiting: set[str] = set()
        self._ended = 0
        self._cleaned = 0
        event.listen(database, "checkin", self._checkin)

    def _checkin(self, connection: Any, entry: ConnectionPoolEntry) -> None:
        """A connection comes back from a transaction, whose caller still waits."""
        tables = entry.info.pop(_ERASED, None)
        if not tables or connection is None:
            return
        with self._count:
            self._ended += 1
            self._waiting |= tables
            mine = self._ended
        with self._turn:
            if self._cleaned < mine:
                self._clean(connection)

    def _clean(self, connection: Any) -> None:
        with self._count:
            covered, tables = self._ended, sorted(self._waiting)
            self._waiting.clear()
        done = empty_log(connection) if self._sqlite else _vacuum(connection, tables)
        if done:
            self._cleaned = covered
        else:
            with self._count:
                self._waiting.update(tables)


def _vacuum(connection: Any, tables: Sequence[str]) -> bool:
    connection.autocommit = True
    try:
        for table in tables:
            connection.execute(f"VACUUM (INDEX_CLEANUP ON) {table}")
    except Exception as error:  # whatever it is, what was deleted stays deleted
        _log.warning("deleted rows are not vacuumed: %s", str(error).strip())
        return False
    finally:
        connection.autocommit = False
    return True


def empty_log(connection: sqlite3.Connection) -> bool:
    """Moves the log into the database and cuts it to nothing; whether nobody was in the way.

    Waits for those who still read what was there before, for a while.
    """
    deadline = time.monotonic() + _PATIENCE
    (before,) = connection.execute("PRAGMA busy_timeout").fetchone()
    # a longer one would hold up writers of this process and of others
    connection.execute(f"PRAGMA busy_timeout={_ATTEMPT_MS}")
    try:
        while not _empty(connection):
            if time.monotonic() > deadline:
                _log.warning(
                    "deleted data may still be in the database's log, as others have been reading "
                    "for %g seconds: it goes with the next deletion, or when all have ended",
                    _PATIENCE,
                )
                return False
            time.sleep(_PAUSE)
    finally:
        connection.execute(f"PRAGMA busy_timeout={before}")
    return True


def _empty(connection: sqlite3.Connection) -> bool:
    try:
        (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError as error:  # another one is doing just that
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise
        return False
    return not busy
