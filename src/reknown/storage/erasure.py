"""What is deleted is gone from the files too.

A transaction that deletes what was somebody's says so (`erase`). When it has been committed, and
before anybody is told, the database cleans up behind it: `file_cleaning.py` for SQLite,
`vacuum.py` for PostgreSQL. What others keep it from doing within a while is owed, and done as they
leave. What remains all the same is in docs/explanation/deletion.md.
"""

from __future__ import annotations

import logging
import time
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import event

from reknown.biometrics.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Engine, Table, TableClause
    from sqlalchemy.pool import ConnectionPoolEntry

_ERASING, _ERASED = "erasing", "erased"
_ERASER = "eraser"
# How long others may keep us from cleaning up, in seconds; and while something is owed already.
_PATIENCE, _IMPATIENCE = 10.0, 0.2
_RETRY_SECONDS = 1.0
_RESULTS = {
    True: "deleted data has left the files now",
    False: "deleted data may still be in files, as others have been reading for long: it leaves "
    "them when they have ended",
}
_logger = logging.getLogger(__name__)


class Cleaner(Protocol):
    """Cleans up behind deletions.

    Its connections are the driver's own and in no transaction, but for the one that is prepared.
    """

    def prepare(self, connection: Connection) -> None:
        """The transaction of this connection erases and is about to be committed."""

    def clean(self, connection: Any, tables: Sequence[str], patience: float) -> bool:
        """What was deleted from these tables leaves the files; False when others are in the way.

        They are waited for, for so many seconds.
        """

    def finish(self, connection: Any, *, alone: bool) -> None:
        """The database is about to be closed; `alone` says that no other connection is in use."""

    def rewrite(self, connection: Any) -> tuple[int, int]:
        """Writes everything anew, however large; the bytes of it before and afterwards."""


def erase(connection: Connection, *tables: Table | TableClause) -> None:
    """Says that this transaction deletes from these tables what has to be gone when it ends."""
    connection.info.setdefault(_ERASING, set()).update(table.name for table in tables)


def join_erasing(database: Engine, cleaner: Cleaner) -> None:
    """From now on this cleans up too behind what erases, before the database's own cleaner."""
    eraser: Eraser = database.get_execution_options()[_ERASER]
    eraser.join(cleaner)


def finish_erasing(database: Engine) -> None:
    """Does what can be done before the database is closed."""
    eraser: Eraser = database.get_execution_options()[_ERASER]
    eraser.finish(database)


def compact(database: Engine) -> tuple[int, int]:
    """Writes the database anew without what deletions have left in it; its bytes before and after.

    Nobody else writes meanwhile. Raises `DatabaseError` where others do not let it, or for lack of
    room.
    """
    eraser: Eraser = database.get_execution_options()[_ERASER]
    return eraser.compact(database)


class Eraser:
    """Cleans up behind the transactions of a process, once for all that ended before it begins."""

    def __init__(self, database: Engine, cleaner: Cleaner) -> None:
        self._cleaner = cleaner
        self._others: tuple[Cleaner, ...] = ()
        self._turn = Lock()
        self._count = Lock()
        self._owed: set[str] = set()
        self._not_before = 0.0
        self._ended = 0
        self._covered = 0
        self._failed = False
        database.update_execution_options(**{_ERASER: self})
        event.listen(database, "commit", self._commit)
        event.listen(database, "checkin", self._checkin)

    def join(self, cleaner: Cleaner) -> None:
        """One more, before all others."""
        self._others = (cleaner, *self._others)

    def finish(self, database: Engine) -> None:
        """Before the database is closed; says what could not be done."""
        try:
            lent = database.raw_connection()
            try:
                alone = not self._failed and database.pool.checkedout() == 1  # type: ignore[attr-defined]
                self._cleaner.finish(lent.driver_connection, alone=alone)
            finally:
                lent.close()
        except Exception as error:  # it has to be closed whatever happens
            _logger.warning("the database cannot be cleaned up: %s", str(error).strip())

    def compact(self, database: Engine) -> tuple[int, int]:
        """Writes everything anew; raises `DatabaseError`."""
        with self._turn, database.connect() as connection:
            try:
                return self._cleaner.rewrite(connection.connection.driver_connection)
            except Exception as error:
                raise DatabaseError(f"the database cannot be rewritten: {error}") from error

    def _commit(self, connection: Connection) -> None:
        tables = connection.info.pop(_ERASING, None)
        if tables:
            connection.info.setdefault(_ERASED, set()).update(tables)
            for cleaner in (*self._others, self._cleaner):
                cleaner.prepare(connection)

    def _checkin(self, connection: Any, entry: ConnectionPoolEntry) -> None:
        """A connection comes back from a transaction, whose caller still waits."""
        entry.info.pop(_ERASING, None)
        tables = entry.info.pop(_ERASED, None)
        if tables:
            with self._count:
                self._ended += 1
                self._owed |= tables
                mine = self._ended
        if connection is None:  # broken: the next one cleans up
            return
        if tables:
            with self._turn:
                if self._covered < mine:
                    self._clean(connection, _IMPATIENCE if self._failed else _PATIENCE)
        elif self._failed and time.monotonic() >= self._not_before:
            self._catch_up(connection)

    def _catch_up(self, connection: Any) -> None:
        """Whoever was in the way may have left: nobody waits to find out."""
        if self._turn.acquire(blocking=False):
            try:
                self._clean(connection, 0)
            finally:
                self._turn.release()

    def _clean(self, connection: Any, patience: float) -> None:
        with self._count:
            # not those that come meanwhile: they may be committed too late for it
            covered, tables = self._ended, sorted(self._owed)
            self._owed.clear()
        try:
            for other in self._others:
                other.clean(connection, tables, patience)
            done = self._cleaner.clean(connection, tables, patience)
        except Exception as error:  # whatever it is, what was deleted stays deleted
            _logger.warning("the database cannot be cleaned up: %s", str(error).strip())
            done = False
        if not done:
            with self._count:
                self._owed.update(tables)
            self._not_before = time.monotonic() + _RETRY_SECONDS
        if done == self._failed:
            _logger.warning(_RESULTS[done])
        self._covered, self._failed = covered, not done
