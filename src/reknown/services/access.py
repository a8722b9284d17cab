"""Access keys: made, listed, revoked, rotated. Every change is in the ledger."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import UNSET

from reknown.access import keys
from reknown.access.keys import AccessKey
from reknown.access.rights import ALL, BY_NAME, IN_CONSOLE, Rights, matches
from reknown.access.vault import Vault
from reknown.biometrics.errors import InputError
from reknown.ledger import log, quotas
from reknown.ledger.records import CreateKeyRecord, Refusal, RevokeKeyRecord, RotateKeyRecord
from reknown.ledger.records.parts import WATCH_NAME
from reknown.services.live.ending import end_watches_of
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reknown.services.context import Context
    from reknown.storage.database import Connection, Database

__all__ = [
    "BY_NAME",
    "IN_CONSOLE",
    "AccessKey",
    "Refusal",
    "Rights",
    "Vault",
    "actor_of",
    "authenticate",
    "check_secrets",
    "check_vault",
    "create_key",
    "ensure_key",
    "get_key",
    "had_keys",
    "list_keys",
    "matches",
    "overlap_of",
    "record_refusal",
    "revoke_key",
    "rotate_key",
    "same_holder",
]

MAX_OVERLAP = timedelta(days=365)
_FIRST = "first"
_REVOKED = "The access key that started it was revoked."
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def actor_of(key_id: str) -> str:
    """What the ledger calls whoever uses the key."""
    return f"key:{key_id}"


def create_key(
    context: Context, vault: Vault, name: str, rights: Rights, purpose: str | None = None
) -> tuple[AccessKey, str]:
    """A new key and its secret, which nobody can ask for later; raises `InputError`.

    Its searches are for this purpose where they do not name another.
    """
    with context.database.begin() as connection:
        return _create(connection, context, vault, name, rights, purpose)


def ensure_key(context: Context, vault: Vault) -> tuple[AccessKey, str] | None:
    """The very first key with all rights, None if any was ever made.

    Of several processes that ask at once, one gets it.
    """
    with context.database.begin() as connection:
        keys.claim(connection)
        if had_keys(connection):
            return None
        return _create(connection, context, vault, _FIRST, ALL)


def had_keys(connection: Connection) -> bool:
    """Whether there is an access key, or ever was."""
    made = log.Choice(operation=CreateKeyRecord.OPERATION)
    return bool(keys.list_keys(connection) or log.read(connection, made, limit=1))


def list_keys(context: Context) -> list[AccessKey]:
    """All keys, oldest first, also those that have expired."""
    with reading(context.database) as connection:
        return keys.list_keys(connection)


def get_key(context: Context, key_id: str) -> AccessKey:
    """One key; raises `NotFoundError`."""
    with reading(context.database) as connection:
        return keys.get_key(connection, key_id)


def revoke_key(context: Context, key_id: str) -> AccessKey:
    """Deletes the key, so that no request is answered any more; what it was.

    Watches that it started end.
    Raises `NotFoundError`.
    """
    with context.database.begin() as connection:
        revoked = keys.revoke_key(connection, key_id)
        quotas.leave(connection, actor_of(key_id))
        end_watches_of(connection, actor_of(key_id), _REVOKED, context.actor)
        log.append(connection, context.actor, None, RevokeKeyRecord(*_described(revoked)))
    return revoked


def overlap_of(text: str) -> timedelta:
    """How long a former key still works, as people write it; raises `InputError`."""
    if text == "0":
        return timedelta(0)
    match = re.fullmatch(r"([0-9]{1,6})([mhd])", text)
    if match is None:
        raise InputError(f"{text!r} is not a time: write 0, 30m, 24h or 7d")
    return int(match[1]) * _UNITS[match[2]]


def rotate_key(
    context: Context, vault: Vault, key_id: str, overlap: timedelta
) -> tuple[AccessKey, str]:
    """A new key with the same name and rights; the old one expires after the overlap.

    What quotas leave, both share. If the old one was to expire earlier, it still does. Raises
    `NotFoundError`, or `InputError` for an overlap below 0 or above 365 days.
    """
    if not timedelta(0) <= overlap <= MAX_OVERLAP:
        raise InputError(f"the overlap takes 0 to {MAX_OVERLAP.days} days")
    with context.database.begin() as connection:
        old = keys.expire_key(connection, key_id, datetime.now(UTC) + overlap)
        made, secret = keys.create_key(connection, vault, old.name, old.rights, old.purpose)
        quotas.share_with(connection, actor_of(made.key_id), actor_of(key_id))
        record = RotateKeyRecord(
            *_described(made), old.key_id, old.expires_at, made.purpose or UNSET
        )
        log.append(connection, context.actor, None, record)
    return made, secret


def same_holder(database: Database, one: str, other: str) -> bool:
    """Whether the ledger names the same actor, or keys of which one was rotated to the other."""
    if one == other or not one.startswith("key:") or not other.startswith("key:"):
        return one == other
    former = _rotations(database)
    return _first_key(one, former) == _first_key(other, former)


def _rotations(database: Database) -> Mapping[str, str]:
    """For each actor whose key replaced another: the actor with that one."""
    rotations = log.Choice(operation=RotateKeyRecord.OPERATION)
    return {
        actor_of(event.record.key): actor_of(event.record.replaced)
        for event in log.stream(database, rotations)
        if isinstance(event.record, RotateKeyRecord)
    }


def _first_key(actor: str, former: Mapping[str, str]) -> str:
    while actor in former:
        actor = former[actor]
    return actor


def check_vault(database: Database, vault: Vault) -> None:
    """Raises `AccessError` when the stored secrets were sealed with another master key."""
    with reading(database) as connection:
        check_secrets(connection, vault)


def check_secrets(connection: Connection, vault: Vault) -> None:
    """The same in a transaction that is open."""
    now = datetime.now(UTC)
    for key in keys.list_keys(connection):
        keys.find_secret(connection, vault, key.key_id, now)


def authenticate(database: Database, vault: Vault, key_id: str) -> tuple[AccessKey, str] | None:
    """The key with its secret, None when it is unknown or has expired.

    Raises `AccessError` when the secret was sealed with another master key.
    """
    with reading(database) as connection:
        return keys.find_secret(connection, vault, key_id, datetime.now(UTC))


def record_refusal(
    context: Context, collection: str | None, refusal: Refusal, watch: str | None = None
) -> None:
    """Puts a refused request on the record, with the watch that it named, where that is a name.

    Raises `ReplayError` for one seen before.
    """
    if watch is not None and re.fullmatch(WATCH_NAME, watch):
        refusal = replace(refusal, watch=watch)
    log.record(context.database, context.actor, collection, refusal)


def _create(
    connection: Connection,
    context: Context,
    vault: Vault,
    name: str,
    rights: Rights,
    purpose: str | None = None,
) -> tuple[AccessKey, str]:
    made, secret = keys.create_key(connection, vault, name, rights, purpose)
    record = CreateKeyRecord(*_described(made), made.purpose or UNSET)
    log.append(connection, context.actor, None, record)
    return made, secret


def _described(key: AccessKey) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
    return key.key_id, key.name, key.rights.operations, key.rights.collections
