"""Everything that a data folder holds, in one file, while others go on working."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import UNSET

from reknown import __version__
from reknown.access.passphrases import seal_key
from reknown.biometrics.errors import DatabaseError, InputError
from reknown.gallery.keys import keyring_in
from reknown.ledger import log
from reknown.ledger.records import BackUpRecord
from reknown.ledger.records.parts import FILE_NAME
from reknown.sealing.copies import copy_keyring, require_own
from reknown.services.access import check_secrets
from reknown.services.backups.container import write_container
from reknown.services.backups.manifest import (
    FORMAT,
    BackupCounts,
    BackupManifest,
    encode_manifest,
)
from reknown.storage.database import reading, schema_version
from reknown.storage.durable import sync_folder
from reknown.storage.inspection import (
    count_rows,
    find_damage,
    open_read_only,
    size_of,
)
from reknown.storage.snapshot import file_of, take_snapshot, watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reknown.access.vault import Vault
    from reknown.sealing.keyring import Keyring
    from reknown.services.backups.container import Watch
    from reknown.services.context import Context
    from reknown.storage.database import Database

__all__ = ["Backup", "Secrets", "back_up", "forget_remains", "require_gallery"]

_REMAINS = ".reknown-*.tar.*.part"
_REMAINS_SECONDS = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Secrets:
    """The master key that goes into a backup, and the passphrase that seals it there."""

    vault: Vault
    passphrase: str


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that is there; `size` in bytes, `sha256` is that of the database in it.

    So many faces and sightings were `dropped` when it was restored, as their keys are destroyed;
    then its ledger was found to have so many `records`, and `faults` if it is not what was signed.
    """

    file: Path
    size: int
    sha256: str
    manifest: BackupManifest
    dropped: int = 0
    records: int = 0
    faults: int = 0


def require_gallery(folder: Path) -> None:
    """Raises `InputError` for a data folder with nothing to back up; before it is opened."""
    if not size_of(folder)[0]:
        raise InputError(f"there is no gallery in {folder}: name the data folder with --data")


def back_up(
    context: Context,
    target: Path,
    secrets: Secrets | None,
    *,
    replace: bool = False,
    watch: Watch = lambda _done, _of: None,
) -> Backup:
    """Writes what is acknowledged by now into `target`, whole or not at all, for its owner alone.

    It holds no keys of templates: those are in the copy of the keyring beside it, one for all
    backups in that folder. Without `secrets` the master key is left out. An existing file is kept
    unless `replace`. `watch` is told of the bytes done, of how many; it needs twice the database's
    size there.

    Raises `InputError` for a target that will not do and for a database on PostgreSQL,
    `DatabaseError` when the database is damaged, `AccessError` when the master key is not the one
    of the access keys.
    """
    _check_target(target, file_of(context.database), replace=replace)
    keyring = keyring_in(context.database)
    if keyring is not None:
        if keyring.store.dialect.name != "sqlite":
            raise InputError(
                "the keyring is on a server: back up that with pg_dump, which reknown backup cannot"
            )
        require_own(target.parent, keyring)
    try:
        with _workspace(target) as folder:
            backup = _make(context, folder, target, secrets, watch)
            _refuse_existing(target, replace=replace)
            if keyring is not None:  # after the database: it has all keys of that
                copy_keyring(keyring, target.parent, folder)
            _record(context, backup)
            (folder / target.name).rename(target)
        sync_folder(target.parent)
    except OSError as error:
        raise InputError(
            f"cannot write {target}: {error.strerror}: free space, allow it or choose another place"
        ) from error
    return backup


def _make(
    context: Context, folder: Path, target: Path, secrets: Secrets | None, watch: Watch
) -> Backup:
    size = file_of(context.database).stat().st_size
    _require_space(folder, 2 * size)
    copy, moment = folder / "copy.db", datetime.now(UTC)
    take_snapshot(context.database, copy, lambda done: watch(min(done, size), 2 * size))
    copied = copy.stat().st_size
    manifest = _describe(
        copy, moment, secrets, keyring_in(context.database), lambda: watch(copied, 2 * copied)
    )

    def seal(covered: bytes) -> bytes:
        assert secrets is not None
        return seal_key(secrets.vault, secrets.passphrase, covered)

    with open(folder / target.name, "xb", opener=_private) as file:
        digest = write_container(
            file,
            encode_manifest(manifest),
            copy,
            seal if secrets is not None else None,
            lambda done, of: watch(of + done, 2 * of),
        )
        written = file.tell()
    return Backup(target, written, digest, manifest)


def _record(context: Context, backup: Backup) -> None:
    """When all is written: what the ledger has lacks only its name."""
    name, manifest = backup.file.name, backup.manifest
    called = name if re.fullmatch(FILE_NAME, name) else UNSET
    record = BackUpRecord(
        backup.sha256, manifest.taken_at, manifest.master_key, called, backup.size
    )
    log.record(context.database, context.actor, None, record)


def _describe(
    copy: Path,
    moment: datetime,
    secrets: Secrets | None,
    keyring: Keyring | None,
    watch: Callable[[], None],
) -> BackupManifest:
    """What the copy holds, once it was found sound: a damaged one must replace no good one."""
    database = open_read_only(copy, immutable=True)
    try:
        with reading(database) as connection, watched(connection, watch):
            damage = find_damage(connection)
            if damage:
                raise DatabaseError(
                    f"the database is damaged ({damage[0]}): restore the last good backup"
                )
            if secrets is not None:
                check_secrets(connection, secrets.vault)
            counts = BackupCounts(**count_rows(connection))
        return BackupManifest(
            FORMAT,
            __version__,
            _schema(database),
            moment,
            secrets is not None,
            counts,
            None if keyring is None else keyring.id,
        )
    finally:
        database.dispose()


def _schema(database: Database) -> str:
    version = schema_version(database)
    if version is None:
        raise DatabaseError("the database has no tables: there is nothing to back up")
    return version


def _check_target(target: Path, database: Path, *, replace: bool) -> None:
    folder = target.parent.resolve()
    if not folder.is_dir():
        raise InputError(f"{target.parent} is not a folder: make it, or choose another place")
    if database.parent.resolve() in (folder, *folder.parents):
        raise InputError(
            f"{target} is in the data folder and would be lost with it: choose another place"
        )
    _refuse_existing(target, replace=replace)


def _refuse_existing(target: Path, *, replace: bool) -> None:
    if os.path.lexists(target) and not (replace and target.is_file() and not target.is_symlink()):
        advice = "it is no file" if replace else "--force replaces it"
        raise InputError(f"{target} exists: choose another name ({advice})")


def _require_space(folder: Path, wanted: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < wanted:
        raise InputError(
            f"a backup needs {wanted:,} bytes for a while, {folder.parent} has {free:,}: free some "
            "space or choose another place"
        )


@contextmanager
def _workspace(target: Path) -> Iterator[Path]:
    """A folder beside the target, gone afterwards; a name that says what it was if not."""
    folder = tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def forget_remains(folder: Path) -> None:
    """Deletes what a server that was killed had written of its backups there a day ago or before.

    It holds whoever was deleted since.
    """
    before = time.time() - _REMAINS_SECONDS
    for each in folder.glob(_REMAINS):
        with suppress(OSError):
            if each.lstat().st_mtime < before:
                shutil.rmtree(each, ignore_errors=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)
