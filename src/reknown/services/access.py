"""Access keys: made, listed, revoked, rotated. Every change is in the ledger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from reknown.access import keys
from reknown.access.rights import ALL
from reknown.biometrics.errors import InputError
from reknown.ledger import events
from reknown.storage.database import reading

if TYPE_CHECKING:
    from reknown.access.keys import AccessKey
    from reknown.access.rights import Rights
    from reknown.access.vault import Vault
    from reknown.ledger.actor import Actor
    from reknown.storage.database import Connection, Database

MAX_OVERLAP = timedelta(days=365)
_CREATED = "create key"
_FIRST = "first"


def create_key(
    database: Database, vault: Vault, name: str, rights: Rights, actor: Actor
) -> tuple[AccessKey, str]:
    """A new key and its secret, which nobody can ask for later; raises `InputError`."""
    with database.begin() as connection:
        return _create(connection, vault, name, rights, actor)


def ensure_key(database: Database, vault: Vault, actor: Actor) -> tuple[AccessKey, str] | None:
    """The very first key with all rights, None if any was ever made.

    Of several processes that ask at once, one gets it.
    """
    with database.begin() as connection:
        keys.claim(connection)
        if keys.list_keys(connection) or events.read(connection, limit=1, operation=_CREATED):
            return None
        return _create(connection, vault, _FIRST, ALL, actor)


def list_keys(database: Database) -> list[AccessKey]:
    """All keys, oldest first, also those that have expired."""
    with reading(database) as connection:
        return keys.list_keys(connection)


def get_key(database: Database, key_id: str) -> AccessKey:
    """One key; raises `NotFoundError`."""
    with reading(database) as connection:
        return keys.get_key(connection, key_id)


def revoke_key(database: Database, key_id: str, actor: Actor) -> AccessKey:
    """Deletes the key, so that no request is answered any more; what it was.

    Raises `NotFoundError`.
    """
    with database.begin() as connection:
        revoked = keys.revoke_key(connection, key_id)
        events.append(connection, actor, "revoke key", None, _detail(revoked))
    return revoked


def rotate_key(
    database: Database, vault: Vault, key_id: str, overlap: timedelta, actor: Actor
) -> tuple[AccessKey, str]:
    """A new key with the same name and rights; the old one expires after the overlap.

    If the old one was to expire earlier, it still does. Raises `NotFoundError`, or
    `InputError` for an overlap below 0 or above 365 days.
    """
    if not timedelta(0) <= overlap <= MAX_OVERLAP:
        raise InputError(f"the overlap takes 0 to {MAX_OVERLAP.days} days")
    with database.begin() as connection:
        old = keys.expire_key(connection, key_id, datetime.now(UTC) + overlap)
        made, secret = keys.create_key(connection, vault, old.name, old.rights)
        expiry = None if old.expires_at is None else old.expires_at.isoformat()
        detail = {**_detail(made), "replaced": old.key_id, "replaced_expires_at": expiry}
        events.append(connection, actor, "rotate key", None, detail)
    return made, secret


def check_vault(database: Database, vault: Vault) -> None:
    """Raises `AccessError` when the stored secrets were sealed with another master key."""
    with reading(database) as connection:
        now = datetime.now(UTC)
        for key in keys.list_keys(connection):
            keys.find_secret(connection, vault, key.key_id, now)


def authenticate(database: Database, vault: Vault, key_id: str) -> tuple[AccessKey, str] | None:
    """The key with its secret, None when it is unknown or has expired.

    Raises `AccessError` when the secret was sealed with another master key.
    """
    with reading(database) as connection:
        return keys.find_secret(connection, vault, key_id, datetime.now(UTC))


def _create(
    connection: Connection, vault: Vault, name: str, rights: Rights, actor: Actor
) -> tuple[AccessKey, str]:
    made, secret = keys.create_key(connection, vault, name, rights)
    events.append(connection, actor, _CREATED, None, _detail(made))
    return made, secret


def _detail(key: AccessKey) -> dict[str, object]:
    return {
        "key": key.key_id,
        "name": key.name,
        "operations": list(key.rights.operations),
        "collections": list(key.rights.collections),
    }
