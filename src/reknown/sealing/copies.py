"""Copies of a keyring beside backups: one in a folder, replaced by each that is newer.

So what was erased cannot be read any more from older backups in that folder, once the next one is
made there. Keys lie in a copy as they do in the keyring: wrapped under the master key.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import select

from reknown.biometrics.errors import DatabaseError, InputError
from reknown.sealing.schema import keyrings, marks, metadata
from reknown.storage.database import reading
from reknown.storage.durable import sync_folder
from reknown.storage.inspection import find_damage, find_programs, open_read_only
from reknown.storage.snapshot import take_snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.sealing.keyring import Keyring

COPY = "reknown.keyring"
_ZEROS = bytes(2**20)


def require_own(folder: Path, keyring: Keyring) -> None:
    """Raises `InputError` where the copy in a folder is another keyring's: it would be replaced."""
    if (folder / COPY).exists() and id_of(folder / COPY) != keyring.id:
        raise InputError(
            f"{folder / COPY} belongs to the backups of another gallery: choose another folder"
        )


def copy_keyring(keyring: Keyring, folder: Path, work: Path) -> Path:
    """Writes the keyring as it is now beside the backups in a folder, in place of the former copy.

    That is overwritten. `work` is a folder in the same file system. Raises `OSError`.
    """
    made, target = work / COPY, folder / COPY
    take_snapshot(keyring.store, made)
    former: int | None = None
    with suppress(FileNotFoundError):
        former = os.open(target, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        made.replace(target)
        sync_folder(folder)
        if former is not None:
            _overwrite(former)
    finally:
        if former is not None:
            os.close(former)
    return target


def id_of(file: Path) -> str:
    """Of which keyring this is a sound copy; raises `InputError` for anything else."""
    store = open_read_only(file, immutable=True)
    try:
        with reading(store) as connection:
            names = {table.name for table in metadata.sorted_tables}
            first = names - {marks.name}  # which came later
            damage = find_damage(connection)
            if find_programs(connection) or damage:
                raise InputError(f"{file} is damaged, or no keyring: take another copy")
            there = set(store.dialect.get_table_names(connection))
            found = None
            if first <= there <= names:
                found = connection.execute(select(keyrings.c.id)).scalar_one_or_none()
    except DatabaseError as error:
        raise InputError(f"{file} is damaged, or no keyring: {error}") from error
    finally:
        store.dispose()
    if found is None:
        raise InputError(f"{file} is no keyring: name the {COPY} that lies beside the backup")
    return str(found)


def _overwrite(descriptor: int) -> None:
    """What lies in a file without a name: copies of it that were made by a link, too."""
    left = os.fstat(descriptor).st_size
    while left > 0:
        left -= os.write(descriptor, _ZEROS[: min(left, len(_ZEROS))])
    os.fsync(descriptor)
