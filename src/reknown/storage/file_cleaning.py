"""What is deleted leaves the files of SQLite.

SQLite overwrites what is deleted with zeros (`secure_delete`), but not everywhere:

- Its write-ahead log keeps what was written before until it is written over, which may be never. So
  the log is moved into the database and cut to nothing.
- Where it splits and joins pages it leaves pieces of rows in the space between those of a page. So
  the database is rewritten (`VACUUM`): at once while it is small, else when it is closed, and where
  even that would take too long, when the operator asks for it.

How many transactions have erased since it was rewritten is kept in the file (`user_version`).
"""

from __future__ import annotations

import logging
import sqlite3
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from threading import Lock

    from sqlalchemy import Connection

# Rewriting takes about 10 ms a MiB, and nobody else writes meanwhile.
SMALL, MIDDLING = 2 * 2**20, 32 * 2**20
_MOST = 2**31 - 1
_ATTEMPT_MS = 100
# Between attempts: at last longer than SQLite ever sleeps before it tries again, so that writers of
# other processes come in.
_FIRST_PAUSE, _LAST_PAUSE = 0.005, 0.15
_PATIENCE, _LAST_PATIENCE = 30.0, 1.0
_logger = logging.getLogger(__name__)


class FileCleaner:
    """The `Cleaner` of a database file; `turn` is the lock that its writers hold."""

    def __init__(self, turn: Lock) -> None:
        self._turn = turn

    def prepare(self, connection: Connection) -> None:
        """Counts the transaction."""
        count = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        connection.exec_driver_sql(f"PRAGMA user_version={count % _MOST + 1}")

    def clean(self, connection: sqlite3.Connection, _: Sequence[str], patience: float) -> bool:
        """Rewrites a small database, and empties the log; False when others are in the way."""
        with _hurrying(connection):
            self._rewrite(connection, SMALL, patience)
            return self._empty(connection, patience)

    def finish(self, connection: sqlite3.Connection, *, alone: bool) -> None:
        """Rewrites what is not large; the last connection empties the log as it is closed."""
        due = _due(connection, MIDDLING)
        if alone and not due:
            return
        with _hurrying(connection):
            # before it is rewritten too: who ends us for taking long leaves it complete
            emptied = self._empty(connection, _LAST_PATIENCE)
            if due and self._rewrite(connection, MIDDLING, _LAST_PATIENCE):
                emptied = self._empty(connection, _LAST_PATIENCE)
        if not emptied:
            _logger.warning(
                "the database's log is not emptied, as others use it: the last of them does it"
            )

    def rewrite(self, connection: sqlite3.Connection) -> tuple[int, int]:
        """Writes everything anew, however large; the bytes of it before and afterwards."""
        before = _size(connection)
        with self._turn:
            rewrite(connection)
        with _hurrying(connection):
            emptied = self._empty(connection, _PATIENCE)
        if not emptied:
            raise sqlite3.OperationalError(
                "others have been reading for long: end them, then try again"
            )
        return before, _size(connection)

    def _rewrite(self, connection: sqlite3.Connection, most: int, patience: float) -> bool:
        """Rewrites a database of at most so many bytes if it has to be; whether it was."""
        if not _due(connection, most):
            return False
        try:
            with self._turn_of_writers(patience) as taken:
                if taken:
                    rewrite(connection)
                return taken
        except sqlite3.OperationalError as error:
            if not _is_busy(error):
                _logger.warning("the database cannot be rewritten without deleted data: %s", error)
            return False

    def _empty(self, connection: sqlite3.Connection, patience: float) -> bool:
        deadline, pause = time.monotonic() + patience, _FIRST_PAUSE
        while True:
            with self._turn_of_writers(max(0, deadline - time.monotonic())) as taken:
                if taken and empty_log(connection):
                    return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(pause)
            pause = min(2 * pause, _LAST_PAUSE)

    @contextmanager
    def _turn_of_writers(self, seconds: float) -> Iterator[bool]:
        """No thread of this process writes meanwhile; False where one still does by then."""
        taken = self._turn.acquire(timeout=seconds)
        try:
            yield taken
        finally:
            if taken:
                self._turn.release()


def erasures(connection: sqlite3.Connection) -> int:
    """How many transactions have erased since the database was rewritten."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def rewrite(connection: sqlite3.Connection) -> None:
    """Writes the database anew, without what is in no row.

    Raises `sqlite3.OperationalError` while others write, or without room for it.
    """
    count = erasures(connection)
    connection.execute("VACUUM")
    connection.execute("BEGIN IMMEDIATE")
    try:
        if erasures(connection) == count:  # else another process has erased meanwhile
            connection.execute("PRAGMA user_version=0")
    finally:
        connection.execute("COMMIT")


def empty_log(connection: sqlite3.Connection) -> bool:
    """Moves the log into the database and cuts it to nothing; whether nobody was in the way."""
    try:
        (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError as error:  # another one is doing just that
        if not _is_busy(error):
            raise
        return False
    return not busy


@contextmanager
def _hurrying(connection: sqlite3.Connection) -> Iterator[None]:
    """Others are waited for a moment at a time, as they cannot write meanwhile."""
    (before,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute(f"PRAGMA busy_timeout={_ATTEMPT_MS}")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA busy_timeout={before}")


def _due(connection: sqlite3.Connection, most: int) -> bool:
    """Whether a database of at most so many bytes has to be rewritten."""
    return bool(erasures(connection)) and _size(connection) <= most


def _size(connection: sqlite3.Connection) -> int:
    """In bytes."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    return int(pages) * int(size)


def _is_busy(error: sqlite3.OperationalError) -> bool:
    # the low byte of an extended code says what kind of error it is
    return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
