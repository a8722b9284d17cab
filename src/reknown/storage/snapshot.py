"""One state of a database in a file of its own, while others write."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.storage.inspection import open_read_only

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from reknown.storage.database import Connection, Database

# Steps of SQLite's virtual machine between two looks at how far it has come.
_STEPS = 200_000


def file_of(database: Database) -> Path:
    """The file of a SQLite database; raises `InputError` for PostgreSQL."""
    if database.dialect.name != "sqlite":
        raise InputError(
            "PostgreSQL has its own tools: back it up with pg_dump, restore it with pg_restore, "
            "and keep the master key apart from it; reknown migrate --to DIR makes a data folder "
            "of it, which reknown backup takes"
        )
    return Path(str(database.url.database))


@contextmanager
def watched(connection: Connection, watch: Callable[[], None]) -> Iterator[None]:
    """Calls `watch` while SQLite works; what that raises ends the work, and is raised here."""
    raised: list[BaseException] = []

    def look() -> bool:
        try:
            watch()
        except BaseException as error:  # SQLite would take any for its own interruption
            raised.append(error)
        return bool(raised)

    driver: Any = connection.connection.driver_connection
    driver.set_progress_handler(look, _STEPS)
    try:
        yield
    except Exception:
        if raised:
            raise raised[0] from None
        raise
    finally:
        driver.set_progress_handler(None, _STEPS)


def take_snapshot(
    database: Database, target: Path, watch: Callable[[int], None] = lambda _: None
) -> None:
    """Writes what is committed now into the new file `target`, durably; writers go on.

    SQLite copies row by row in one read transaction: what was deleted is not even in unused
    pages. `watch` is told how many bytes are written, and may raise. Raises `DatabaseError`, or
    `InputError` for a database that is no file.
    """
    descriptor = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    source = open_read_only(file_of(database))
    try:
        with (
            source.connect() as connection,
            watched(connection, lambda: watch(os.fstat(descriptor).st_size)),
        ):
            connection.exec_driver_sql("VACUUM INTO ?", (str(target),))
        os.fsync(descriptor)  # SQLite does not for such a copy
    finally:
        source.dispose()
        os.close(descriptor)
