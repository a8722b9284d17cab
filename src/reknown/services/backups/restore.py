"""A data folder out of a backup: all of it is found right before anything is put in place."""

from __future__ import annotations

import dataclasses
import os
import shutil
import stat
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from msgspec import UNSET

from reknown.access.passphrases import open_key
from reknown.access.vault import FILE, VARIABLE, read_vault, write_key
from reknown.biometrics.errors import AccessError, InputError
from reknown.ledger import log
from reknown.ledger.records import RestoreRecord
from reknown.sealing.copies import COPY, id_of
from reknown.services.access import check_secrets
from reknown.services.backups.backup import Backup
from reknown.services.backups.container import copy_part, read_container
from reknown.services.backups.folder import locked, require_empty
from reknown.services.backups.manifest import decode_manifest
from reknown.services.backups.soundness import check_database
from reknown.services.proofs.signing import sign_as
from reknown.services.proofs.verification import LedgerEvidence, verify_log_of
from reknown.services.sealing import fit_keyring
from reknown.storage.database import close_database, open_database
from reknown.storage.durable import sync_folder
from reknown.storage.modes import DATABASE, KEYS
from reknown.watches.events import go_on_elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reknown.access.vault import Vault
    from reknown.ledger.actor import Actor
    from reknown.services.backups.container import Contents, Watch
    from reknown.services.backups.manifest import BackupManifest
    from reknown.services.proofs.verification import Verified
    from reknown.storage.database import Database

    # gives the passphrase, once the file was found to hold a sealed key
    Ask = Callable[[], str]

__all__ = ["KnownLedger", "check_backup", "restore"]

_STAGE = ".restore"
_FAULTS = 5


@dataclass(frozen=True, slots=True)
class KnownLedger:
    """What is known of the ledger elsewhere: `checkpoints` in files, beside those in the folder.

    With `anyway` a backup is taken whose ledger is not what was signed, or lacks what was.
    """

    checkpoints: tuple[Path, ...] = ()
    anyway: bool = False


_NOTHING = KnownLedger()


def check_backup(
    file: Path,
    ask: Ask | None,
    watch: Watch = lambda _done, _of: None,
    known: KnownLedger = _NOTHING,
) -> Backup:
    """What the backup holds, once all was found right, passphrase, keyring and ledger as well.

    Without `ask` the sealed key is not looked at. Raises as `restore` does.
    """
    with _opened(file) as source, tempfile.TemporaryDirectory(prefix="reknown-") as folder:
        contents = read_container(source, watch)
        vault = _open_sealed(contents, ask)
        stage = Path(folder)
        backup = _extract(source, contents, stage, watch)
        _fetch_keyring(file, backup.manifest, stage)
        return _open_once(None, stage, vault, backup, _Evidence(stage, known))


def restore(
    actor: Actor,
    file: Path,
    folder: Path,
    ask: Ask | None,
    given_key: str | None,
    watch: Watch = lambda _done, _of: None,
    known: KnownLedger = _NOTHING,
) -> Backup:
    """Puts what the backup holds into the data folder, which is empty or not there yet.

    A crash at any moment leaves all of it, or nothing that a server would start with: then the
    same again goes on. A master key may be in the folder, or be `given_key`, if it is the one of
    the backup. Without `ask` the sealed key is left out. The ledger says that it was restored, and
    no live event gets a number that another had after the backup.
    Templates are opened with the keyring beside the backup; those whose keys were destroyed since
    are left out. Its ledger is verified, also against checkpoints that are in the folder.

    Raises `InputError` for a file that is damaged or no backup, for a folder that is in use, and
    where the keyring is not there,
    `DatabaseError` for a backup of a newer Reknown, `AccessError` for a wrong passphrase or
    master key.
    """
    require_empty(folder, _STAGE)
    with _opened(file) as source:
        contents = read_container(source, watch)
        vault = _open_sealed(contents, ask)
        _check_other_keys(vault, folder, given_key)
        try:
            with locked(folder, _STAGE) as stage:
                backup = _extract(source, contents, stage, watch)
                _fetch_keyring(file, backup.manifest, stage)
                vault_now = vault or read_vault(folder, given_key)
                evidence = _Evidence(folder, known)
                backup = _open_once(actor, stage, vault_now, backup, evidence)
                _put_in_place(stage, folder, None if given_key else vault)
        except OSError as error:
            raise InputError(
                f"cannot write to {folder}: {error.strerror}: free space, allow it or choose "
                "another folder"
            ) from error
    return backup


def _extract(source: IO[bytes], contents: Contents, folder: Path, watch: Watch) -> Backup:
    """Writes the database into the folder, and looks whether it is one of ours and whole."""
    manifest = decode_manifest(contents.manifest)
    part = contents.database
    free = shutil.disk_usage(folder).free
    if free < part.size:
        raise InputError(f"{folder} has {free:,} bytes free, this needs {part.size:,}: free some")
    path = folder / DATABASE
    with open(path, "xb", opener=_private) as target:
        copy_part(source, part, target, watch)
    check_database(path, manifest)
    size = os.fstat(source.fileno()).st_size
    return Backup(Path(str(source.name)), size, part.sha256, manifest)


def _open_sealed(contents: Contents, ask: Ask | None) -> Vault | None:
    if decode_manifest(contents.manifest).master_key != (contents.sealed_key is not None):
        raise InputError("the manifest does not say what is in this backup: take another one")
    if contents.sealed_key is None or ask is None:
        return None
    return open_key(contents.sealed_key, ask(), contents.covered)


def _check_other_keys(vault: Vault | None, folder: Path, given_key: str | None) -> None:
    """A master key that is in force already has to be that of the backup."""
    other = read_vault(folder, given_key)
    if vault is None or other is None or other.fingerprint == vault.fingerprint:
        return
    place = VARIABLE if given_key else folder / FILE
    raise AccessError(
        f"{place} is not the master key of this backup: take it away, or give the backup that "
        "belongs to it"
    )


def _fetch_keyring(file: Path, manifest: BackupManifest, stage: Path) -> None:
    """Puts the copy of the keyring that lies beside the backup into the stage, if it is the one."""
    if manifest.keyring is None:
        return
    copy = file.parent / COPY
    if not copy.is_file():
        raise InputError(f"{copy} is missing, which has the keys of the templates: put it there")
    path = stage / KEYS
    with _opened(copy) as source, open(path, "xb", opener=_private) as target:
        shutil.copyfileobj(source, target, 2**20)
    if id_of(path) != manifest.keyring:
        raise InputError(f"{copy} is the keyring of another gallery: put that of {file} there")


@dataclass(frozen=True, slots=True)
class _Evidence:
    """Where checkpoints are that the ledger has to go on from."""

    folder: Path
    known: KnownLedger


def _open_once(
    actor: Actor | None, stage: Path, vault: Vault | None, backup: Backup, evidence: _Evidence
) -> Backup:
    """Migrates and verifies the database and says in its ledger where it comes from; closes it.

    Leaves out what has no key any more. Without `actor` nobody is told.
    """
    database = open_database(stage)
    sign_as(database, vault)
    try:
        with database.begin() as connection:
            if vault is not None:
                check_secrets(connection, vault)
        verified = _verified(database, vault, evidence)
        dropped = 0
        if backup.manifest.keyring is not None:
            dropped = fit_keyring(database, stage, vault)
        found = dataclasses.replace(
            backup, dropped=dropped, records=verified.size, faults=verified.fault_count
        )
        if actor is not None:
            manifest = backup.manifest
            record = RestoreRecord(
                backup.sha256,
                manifest.taken_at,
                manifest.master_key,
                dropped or UNSET,
                found.faults or UNSET,
            )
            with database.begin() as connection:
                go_on_elsewhere(connection)
                log.append(connection, actor, None, record)
    finally:
        close_database(database)
    return found


def _verified(database: Database, vault: Vault | None, evidence: _Evidence) -> Verified:
    """What was found of the ledger; raises `InputError` where it is not what was signed."""
    files, folder = evidence.known.checkpoints, evidence.folder
    found = verify_log_of(
        database, LedgerEvidence(folder, vault, files=files, remember=False), full=True
    )
    if found.fault_count and not evidence.known.anyway:
        lines = [fault.message for fault in found.faults[:_FAULTS]]
        raise InputError(
            "\n  ".join(
                [
                    "the ledger in this backup is not what was signed, or is older than what is "
                    "known here: take another backup; if you know why, --unverified restores it "
                    "all the same, and its ledger says so:",
                    *lines,
                ]
            )
        )
    return found


def _put_in_place(stage: Path, folder: Path, vault: Vault | None) -> None:
    """The key first: it alone starts nothing. Once the database has its name, all is there."""
    if any(path.name not in (DATABASE, KEYS) for path in stage.iterdir()):
        raise InputError("the restored database did not close: try again")
    if vault is not None and not (folder / FILE).exists():
        write_key(stage / FILE, vault)
        os.link(stage / FILE, folder / FILE)
    for name in (DATABASE, KEYS):
        with suppress(FileNotFoundError), (stage / name).open("rb") as file:
            os.fsync(file.fileno())
    if (stage / KEYS).exists():
        with suppress(FileExistsError):  # left by a restore that was cut off here
            os.link(stage / KEYS, folder / KEYS)
    try:
        # unlike renaming, this never replaces what another process has begun meanwhile
        os.link(stage / DATABASE, folder / DATABASE)
    except FileExistsError as error:
        raise InputError(f"another process has begun a gallery in {folder}: stop it") from error
    sync_folder(folder)


@contextmanager
def _opened(file: Path) -> Iterator[IO[bytes]]:
    """A regular file; raises `InputError` for what is none."""
    try:
        source = open(file, "rb", opener=_unwaiting)  # noqa: SIM115 - closed below
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}: give a backup") from error
    with source:
        if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
            raise InputError(f"{file} is not a file: give a backup")
        yield source


def _unwaiting(path: str, flags: int) -> int:
    """A pipe would keep us waiting for its writer."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)
