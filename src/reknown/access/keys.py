"""Access keys: who may send requests, and the secret that they sign them with.

Secrets are stored sealed. Every function takes the connection whose transaction it becomes
part of.
"""

from __future__ import annotations

import re
import secrets
import string
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, case, delete, insert, or_, select, text, update

from reknown.access.rights import Rights
from reknown.access.schema import access_keys
from reknown.biometrics.errors import InputError, NotFoundError
from reknown.biometrics.policy import require_purpose
from reknown.storage.clock import as_text
from reknown.storage.erasure import erase

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from reknown.access.vault import Vault

_ID_PREFIX = "RK"
_ID_LETTERS = string.ascii_uppercase + "234567"
_ID = re.compile(r"RK[A-Z2-7]{18}")
# Without - and _: a secret is easily selected, and none looks like an option of a command.
_SECRET_LETTERS = string.ascii_letters + string.digits
_LONGEST_NAME = 255
# Made once: every request asks for it.
_FIND = select(access_keys).where(access_keys.c.key_id == bindparam("wanted"))
_COLUMNS = [column for column in access_keys.c if column.name != "secret"]


@dataclass(frozen=True, slots=True)
class AccessKey:
    """All of a key but its secret; times are in UTC, it is of no use from `expires_at` on.

    `purpose` is what its searches are for where they do not say so.
    """

    key_id: str
    name: str
    rights: Rights
    created_at: datetime
    expires_at: datetime | None
    purpose: str | None = None

    def expired(self, now: datetime) -> bool:
        """Whether it was of no use any more at that time."""
        return self.expires_at is not None and self.expires_at <= now


def create_key(
    connection: Connection, vault: Vault, name: str, rights: Rights, purpose: str | None = None
) -> tuple[AccessKey, str]:
    """A new key and its secret, which nobody can ask for later; raises `InputError`."""
    if purpose is not None:
        require_purpose("a key's purpose", purpose)
    _require_name(name)
    key_id = _ID_PREFIX + _draw(_ID_LETTERS, 18)
    secret = _draw(_SECRET_LETTERS, 40)
    values = {
        "key_id": key_id,
        "name": name,
        "secret": vault.seal(secret.encode("ascii"), key_id),
        "rights": rights.to_json(),
        "created_at": as_text(datetime.now(UTC)),
        "expires_at": None,
        "purpose": purpose,
    }
    row = connection.execute(insert(access_keys).values(values).returning(*_COLUMNS)).one()
    return _key(row), secret


def list_keys(connection: Connection) -> list[AccessKey]:
    """All keys in order of creation, also those that have expired."""
    query = select(*_COLUMNS).order_by(access_keys.c.created_at, access_keys.c.key_id)
    return [_key(row) for row in connection.execute(query)]


def get_key(connection: Connection, key_id: str) -> AccessKey:
    """One key; raises `NotFoundError`."""
    if _ID.fullmatch(key_id):
        query = select(*_COLUMNS).where(access_keys.c.key_id == key_id)
        row = connection.execute(query).one_or_none()
        if row is not None:
            return _key(row)
    raise _missing(key_id)


def revoke_key(connection: Connection, key_id: str) -> AccessKey:
    """Deletes the key and returns what it was; raises `NotFoundError`."""
    found = get_key(connection, key_id)
    if connection.execute(delete(access_keys).where(access_keys.c.key_id == key_id)).rowcount == 0:
        raise _missing(key_id)
    erase(connection, access_keys)
    return found


def expire_key(connection: Connection, key_id: str, at: datetime) -> AccessKey:
    """Lets the key expire at that time unless it does so earlier; raises `NotFoundError`."""
    if not _ID.fullmatch(key_id):
        raise _missing(key_id)
    end, column = as_text(at), access_keys.c.expires_at
    earlier = case((or_(column.is_(None), column > end), end), else_=column)
    statement = update(access_keys).where(access_keys.c.key_id == key_id)
    row = connection.execute(
        statement.values(expires_at=earlier).returning(*_COLUMNS)
    ).one_or_none()
    if row is None:
        raise _missing(key_id)
    return _key(row)


def find_secret(
    connection: Connection, vault: Vault, key_id: str, now: datetime
) -> tuple[AccessKey, str] | None:
    """The key with its secret, None when it is unknown or has expired.

    Raises `AccessError` when the secret was sealed with another master key.
    """
    # What comes from strangers and cannot be a key's id does not reach the database.
    if not _ID.fullmatch(key_id):
        return None
    row = connection.execute(_FIND, {"wanted": key_id}).one_or_none()
    if row is None or (key := _key(row)).expired(now):
        return None
    return key, vault.open(row.secret, key_id).decode("ascii")


def seal_again(connection: Connection, vault: Vault) -> None:
    """Seals all secrets with the vault's own key; raises `AccessError` where one does not open."""
    for row in connection.execute(select(access_keys.c.key_id, access_keys.c.secret)).all():
        sealed = vault.seal(vault.open(row.secret, row.key_id), row.key_id)
        own = update(access_keys).where(access_keys.c.key_id == row.key_id)
        connection.execute(own.values(secret=sealed))
    erase(connection, access_keys)


def claim(connection: Connection) -> None:
    """Keeps others from making keys until this transaction, which writes, ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE access_keys IN SHARE ROW EXCLUSIVE MODE"))


def _require_name(name: str) -> None:
    if not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable():
        raise InputError(f"a key's name takes 1 to {_LONGEST_NAME} characters that can be printed")


def _draw(letters: str, count: int) -> str:
    return "".join(secrets.choice(letters) for _ in range(count))


def _missing(key_id: str) -> NotFoundError:
    return NotFoundError(f"access key {key_id!r} does not exist; list keys with: reknown keys list")


def _key(row: Row[Any]) -> AccessKey:
    return AccessKey(
        key_id=row.key_id,
        name=row.name,
        rights=Rights.from_json(row.rights),
        created_at=datetime.fromisoformat(row.created_at),
        expires_at=None if row.expires_at is None else datetime.fromisoformat(row.expires_at),
        purpose=row.purpose,
    )
