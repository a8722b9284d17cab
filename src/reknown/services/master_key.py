"""The master key that goes with a database, which remembers it: no other takes its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.access import keys
from reknown.access.vault import FILE, VARIABLE, prepare_key, publish_key, read_vault
from reknown.biometrics.errors import AccessError
from reknown.gallery.keys import keyring_in
from reknown.ledger import log
from reknown.ledger.records import AdoptMasterKeyRecord
from reknown.services.access import check_secrets, had_keys
from reknown.storage.database import is_shared, reading
from reknown.storage.inspection import require_whole
from reknown.storage.modes import KEYS

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.access.vault import Vault
    from reknown.sealing.keyring import Keyring
    from reknown.services.context import Context
    from reknown.storage.database import Connection

__all__ = [
    "find_vault",
    "known_key",
    "open_vault",
    "require_database",
    "unlock_with",
    "wrapping_key",
]

# What the keys of collections are wrapped under.
_WRAPPING = "keyring"
_ADOPTED = log.Choice(operation=AdoptMasterKeyRecord.OPERATION)


def require_database(folder: Path) -> None:
    """Raises `DatabaseError` where a database was here and is lost; before it is opened.

    The master key is made after the tables, so that where it is there were tables.
    """
    require_whole(folder, used=(folder / FILE).exists() or (folder / KEYS).exists())


def find_vault(folder: Path, secret: str | None) -> Vault | None:
    """The vault of the key in `secret`, else of the one in the data folder; makes none.

    Raises `AccessError` for a key that cannot be used.
    """
    return read_vault(folder, secret)


def open_vault(context: Context, folder: Path, secret: str | None) -> Vault:
    """The vault of the key in `secret`, 32 bytes in base64, else of the one in the data folder.

    The first time a key is made, by one of all processes that ask for it, and the ledger
    remembers which: a key that is there while the ledger knows of none says that the database
    was lost and begun anew.

    Raises `AccessError` then, and when a key is missing, malformed, not the one that sealed what
    is stored, or readable by others.
    """
    vault = read_vault(folder, secret)
    if vault is None:
        _make_key(context, folder)
        vault = read_vault(folder, secret)
        if vault is None:
            raise AccessError(f"{folder / FILE} vanished: put it back, or set {VARIABLE}")
    with reading(context.database) as connection:
        known = known_key(connection) in [each.fingerprint for each in vault.each]
    if not known:
        _adopt(context, vault, None if secret is not None else folder / FILE)
    _open_keyring(context, vault)
    return vault


def unlock_with(keyring: Keyring, vault: Vault) -> None:
    """From now on the keyring opens; raises `AccessError` where it is of another master key."""
    keyring.unlock(*_masters(vault), find=lambda: _masters(vault.newest()))


def wrapping_key(vault: Vault) -> bytes:
    """What keys of collections are wrapped under."""
    return vault.derive(_WRAPPING)


def _masters(vault: Vault) -> tuple[bytes, ...]:
    return tuple(map(wrapping_key, vault.each))


def _make_key(context: Context, folder: Path) -> None:
    """The ledger learns of the key before it is in force: a crash between leaves both usable."""
    with context.database.begin() as connection:
        keys.claim(connection)
        known = known_key(connection)
        wrapped = _wraps(context)
        if (wrapped or _sealed(connection, known)) and not (folder / FILE).exists():
            lost = (
                "restore a backup, or begin anew in another folder: templates cannot be opened"
                if wrapped
                else "revoke all keys with reknown keys revoke and make new ones"
            )
            raise AccessError(
                f"{folder / FILE} is missing, which sealed what is stored: put it back, or set "
                f"{VARIABLE} to it{_for_all(connection)}; if it is lost for good, {lost}"
            )
        made = prepare_key(folder, known)
        if made is not None and made.fingerprint != known:
            log.append(connection, context.actor, None, AdoptMasterKeyRecord(made.fingerprint))
    publish_key(folder)


def _wraps(context: Context) -> bool:
    """Whether the keys of templates are wrapped under the master key."""
    keyring = keyring_in(context.database)
    return keyring is not None and keyring.holds_keys()


def _sealed(connection: Connection, known: str | None) -> bool:
    """Whether a new master key would be of no use, or of none to others.

    On a server another machine may have made one just now, and no access key with it yet.
    """
    if keys.list_keys(connection):
        return True
    return is_shared(connection) and known is not None and not had_keys(connection)


def _for_all(connection: Connection) -> str:
    return " (all who use one database need the same key)" if is_shared(connection) else ""


def _adopt(context: Context, vault: Vault, file: Path | None) -> None:
    """Remembers a key that came from elsewhere, if it opens what is stored."""
    with context.database.begin() as connection:
        keys.claim(connection)
        known = known_key(connection)
        if known in [each.fingerprint for each in vault.each]:
            return
        if known is None and file is not None and not had_keys(connection):
            if is_shared(connection):
                raise AccessError(
                    f"{file} belongs to another database than this one, which has never had an "
                    "access key: reknown migrate brings what is there; to begin anew on purpose, "
                    f"give the key as {VARIABLE} or --master-key-file, or move {file.name} away"
                )
            raise AccessError(
                f"{file} was made with an access key that this database has never had: it is an "
                "old state, or a copy without its -wal file: restore a backup with reknown restore "
                f"FILE; to go on with what is here, move {file.name} away, and a new one is made"
            )
        _check(context, connection, vault, known)
        log.append(connection, context.actor, None, AdoptMasterKeyRecord(vault.fingerprint))


def _open_keyring(context: Context, vault: Vault) -> None:
    keyring = keyring_in(context.database)
    if keyring is not None:
        unlock_with(keyring, vault)


def _check(context: Context, connection: Connection, vault: Vault, known: str | None) -> None:
    try:
        check_secrets(connection, vault)
        keyring = keyring_in(context.database)
        if keyring is not None:
            unlock_with(keyring, vault)
            keyring.check()
    except AccessError as error:
        if known is None:
            raise
        raise AccessError(
            f"the master key here, with the fingerprint {vault.fingerprint[:12]}, is not that of "
            f"the database, {known[:12]}: {error}{_for_all(connection)}"
        ) from error


def known_key(connection: Connection) -> str | None:
    """The fingerprint of the key adopted last."""
    newest = log.newest(connection, _ADOPTED, 1)
    for event in log.read(connection, _ADOPTED, newest, 1):
        if isinstance(event.record, AdoptMasterKeyRecord):
            return event.record.fingerprint
    return None
