"""Where a server makes backups, and the passphrase that seals the master key in them."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from reknown.access.passphrases import LONGEST
from reknown.access.vault import read_vault
from reknown.biometrics.errors import InputError
from reknown.configuration import BACKUP_PASSPHRASE
from reknown.runtime.location import given_key
from reknown.services.backups.place import BackupPlace

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.configuration import Settings
    from reknown.services.backups.backup import Secrets


def given_passphrase(file: Path | None, option: str) -> str | None:
    """From the file's first line, else the environment; raises `InputError`.

    That names the option and not the file, as browsers see it, too.
    """
    if file is None:
        return os.environ.get(BACKUP_PASSPHRASE) or None
    try:
        with file.open(encoding="utf-8") as lines:
            line = lines.readline(LONGEST + 2).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InputError(f"cannot read the file of {option}: {reason}") from error
    if not line:
        raise InputError(
            f"the file of {option} has an empty first line: write the passphrase there"
        )
    return line


def backup_place(settings: Settings) -> BackupPlace:
    """As the settings say; nothing is looked at until a backup is made."""
    return BackupPlace(settings.server.backup_folder, partial(_secrets, settings))


def check_backups(settings: Settings) -> None:
    """Raises `InputError` for a folder that is none and for a passphrase that is not there."""
    folder = settings.server.backup_folder
    if folder is None:
        return
    if not folder.is_dir():
        raise InputError(f"--backup-folder: {folder} is not a folder: make it first")
    if given_passphrase(settings.server.backup_passphrase_file, _OPTION) is None:
        raise InputError(_NO_PASSPHRASE)


_OPTION = "--backup-passphrase-file"
_NO_PASSPHRASE = (
    "the master key in a backup is sealed with a passphrase: start the server with "
    f"{_OPTION} FILE, or set {BACKUP_PASSPHRASE}"
)


def _secrets(settings: Settings) -> Secrets | None:
    """None where nothing was ever sealed."""
    from reknown.services.backups.backup import Secrets  # noqa: PLC0415 - few back up

    vault = read_vault(settings.data, given_key(settings))
    if vault is None:
        return None
    passphrase = given_passphrase(settings.server.backup_passphrase_file, _OPTION)
    if passphrase is None:
        raise InputError(_NO_PASSPHRASE)
    return Secrets(vault, passphrase)
