"""What is deleted leaves the tables of PostgreSQL.

A deleted row stays where it is until the table is vacuumed, and then its bytes stay in the free
space of the page until another row comes there. So a small table is written anew (`VACUUM FULL`),
which locks out all others for some milliseconds; a large one is vacuumed, and written anew when
the operator asks for it.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# With indexes, in bytes: some 5,000 faces. Writing it anew takes about 50 ms.
SMALL = 8 * 2**20
_PAUSE = 0.05
# Whoever waits for a table keeps all others from it.
_LOCK_SECONDS = 0.2
_SIZE = "SELECT pg_total_relation_size(%s::regclass)"
_WHOLE = "SELECT pg_database_size(current_database())"
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
_NOW = "SELECT txid_snapshot_xmax(txid_current_snapshot())"
# Rows that an older transaction may still see are kept, whatever it reads.
_OLDER = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
AND age(backend_xmin) > age((%s::bigint %% 4294967296)::text::xid)
"""


class TableCleaner:
    """The `Cleaner` of a server's database."""

    def prepare(self, _: Any) -> None:
        """Nothing."""

    def clean(self, connection: Any, tables: Sequence[str], patience: float) -> bool:
        """Vacuums the tables, small ones in full; False when others are in the way."""
        deadline = time.monotonic() + patience
        with _by_itself(connection, _LOCK_SECONDS):
            (moment,) = connection.execute(_NOW).fetchone()
            done = _wait_for_older(connection, moment, deadline)
            for table in tables:
                done &= _vacuum(connection, table, deadline)
        return done

    def finish(self, _: Any, *, alone: bool) -> None:
        """Nothing."""

    def rewrite(self, connection: Any) -> tuple[int, int]:
        """Writes all tables anew; the bytes of the database before and afterwards."""
        with _by_itself(connection):
            (before,) = connection.execute(_WHOLE).fetchone()
            for (table,) in connection.execute(_TABLES).fetchall():
                connection.execute(f'VACUUM (FULL) "{table}"')
            (after,) = connection.execute(_WHOLE).fetchone()
        return before, after


def _wait_for_older(connection: Any, moment: int, deadline: float) -> bool:
    """Whether all transactions from before that moment have ended."""
    while connection.execute(_OLDER, (moment,)).fetchone() != (0,):
        if time.monotonic() >= deadline:
            return False
        time.sleep(_PAUSE)
    return True


def _vacuum(connection: Any, table: str, deadline: float) -> bool:
    from psycopg.errors import LockNotAvailable  # noqa: PLC0415 - SQLite needs no driver

    while True:
        try:
            (size,) = connection.execute(_SIZE, (table,)).fetchone()
            how = "FULL" if size <= SMALL else "INDEX_CLEANUP ON"
            connection.execute(f"VACUUM ({how}) {table}")
            return True
        except LockNotAvailable:
            if time.monotonic() >= deadline:
                return False
        time.sleep(_PAUSE)


@contextmanager
def _by_itself(connection: Any, lock_seconds: float = 0) -> Iterator[None]:
    """Each statement in no transaction; it waits so long for others at most, 0 for ever."""
    connection.autocommit = True
    try:
        connection.execute(f"SET lock_timeout = '{lock_seconds * 1000:g}ms'")
        try:
            yield
        finally:
            connection.execute("RESET lock_timeout")
    finally:
        connection.autocommit = False
