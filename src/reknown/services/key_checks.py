"""Do the records of a database and the keys of a keyring fit together? Looks only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reknown.biometrics.errors import DatabaseError
from reknown.gallery.keys import count_keys
from reknown.gallery.sealing import count_unsealed
from reknown.sealing.keyring import says_all_sealed
from reknown.sealing.opening import look_into, schema_name
from reknown.storage.database import SCHEMA_VERSION, connect_to, reading, schema_version
from reknown.storage.inspection import open_read_only, size_of
from reknown.storage.modes import DATABASE

if TYPE_CHECKING:
    from reknown.storage.database import Database
    from reknown.storage.server import ServerAddress


@dataclass(frozen=True, slots=True)
class KeyChecks:
    """The check of the keyring at one place, for the database at another."""

    database: Path | ServerAddress
    keyring: Path | ServerAddress

    def keys(self) -> str:
        """Whether each record has its key, and nothing is unsealed that should not be."""
        if isinstance(self.database, Path) and not size_of(self.database)[0]:
            return "none yet"
        database = self._opened()
        try:
            if schema_version(database) != SCHEMA_VERSION:
                return "not looked at: the next command brings the database up to date"
            return self._compared(database)
        finally:
            database.dispose()

    def _opened(self) -> Database:
        if isinstance(self.database, Path):
            return open_read_only(self.database / DATABASE)
        return connect_to(self.database)

    def _compared(self, database: Database) -> str:
        store = look_into(self.keyring, schema_name(database))
        if store is None:
            return "none yet"
        try:
            with reading(store) as keys, reading(database) as connection:
                counts, planted = count_keys(connection, keys), says_all_sealed(keys)
                unsealed = count_unsealed(connection)
        finally:
            store.dispose()
        if any(counts.without.values()):
            told = (f"{count:,} {table}" for table, count in counts.without.items() if count)
            raise DatabaseError(
                f"of {', '.join(told)} the keys are not in the keyring: the database is older "
                "than the keyring, or the keyring is another one: put back what belongs together, "
                "or restore a backup"
            )
        if unsealed and planted:
            raise DatabaseError(
                f"{unsealed:,} templates and names were never sealed, and all others are: they "
                "were written past Reknown: delete what searches name, or restore a backup"
            )
        waiting = (
            f", {unsealed:,} templates and names to be sealed: reknown compact" if unsealed else ""
        )
        return f"{counts.keys:,}, {counts.idle:,} of them without a record{waiting}"
