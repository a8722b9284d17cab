"""Whether a database out of a backup is whole, and one of ours."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from reknown.biometrics.errors import DatabaseError, InputError
from reknown.services.backups.manifest import BackupCounts
from reknown.storage.database import open_database, reading, schema_version
from reknown.storage.inspection import count_rows, find_damage, find_programs, open_read_only

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reknown.services.backups.manifest import BackupManifest


def check_database(file: Path, manifest: BackupManifest) -> None:
    """Raises `InputError` unless the file is a sound database with what the manifest says.

    Nor may it have triggers or views that Reknown did not make: they would run with ours.
    """
    database = open_read_only(file, immutable=True)
    try:
        if schema_version(database) != manifest.schema:
            raise InputError("the database is not of the schema that the manifest says")
        with reading(database) as connection:
            _require_known(find_programs(connection))
            damage = find_damage(connection)
            if damage:
                raise InputError(f"the database in this backup is damaged: {damage[0]}")
            if BackupCounts(**count_rows(connection)) != manifest.counts:
                raise InputError("the database does not hold what the manifest says")
    except DatabaseError as error:
        raise InputError(f"the database in this backup is damaged or none: {error}") from error
    finally:
        database.dispose()


def _require_known(programs: Mapping[str, str]) -> None:
    if not programs:
        return
    with tempfile.TemporaryDirectory(prefix="reknown-") as folder:
        database = open_database(Path(folder))
        try:
            with reading(database) as connection:
                known = find_programs(connection)
        finally:
            database.dispose()
    for name, statement in programs.items():
        if known.get(name) != statement:
            raise InputError(
                "the database in this backup would run statements that Reknown did not write: "
                "take a backup that you made"
            )
