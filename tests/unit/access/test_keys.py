from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from reknown.access.keys import (
    create_key,
    expire_key,
    find_secret,
    get_key,
    list_keys,
    revoke_key,
)
from reknown.access.rights import ALL, Rights
from reknown.access.schema import access_keys
from reknown.access.vault import Vault
from reknown.biometrics.errors import AccessError, InputError, NotFoundError

if TYPE_CHECKING:
    from sqlalchemy import Connection

_HOUR = timedelta(hours=1)
_ODD = ["", "RK", "AKIAIOSFODNN7EXAMPLE", "RK" + "A" * 19, "RK\0", "\ud800", "RK" + "a" * 18]


def test_a_key_is_made_and_found(connection: Connection, vault: Vault) -> None:
    now = datetime.now(UTC)
    rights = Rights(("Search*",), ("staff",))
    key, secret = create_key(connection, vault, "gate café", rights)
    assert re.fullmatch(r"RK[A-Z2-7]{18}", key.key_id)
    assert re.fullmatch(r"[A-Za-z0-9_-]{40}", secret)
    assert (key.name, key.rights, key.expires_at) == ("gate café", rights, None)
    assert now <= key.created_at <= now + _HOUR
    assert find_secret(connection, vault, key.key_id, now) == (key, secret)
    assert get_key(connection, key.key_id) == key


def test_keys_are_listed_in_order_of_creation(connection: Connection, vault: Vault) -> None:
    made = [create_key(connection, vault, name, ALL)[0] for name in "cab"]
    assert list_keys(connection) == made
    assert len({key.key_id for key in made}) == 3


def test_secrets_are_sealed_for_their_key(connection: Connection, vault: Vault) -> None:
    first, secret = create_key(connection, vault, "first", ALL)
    second, _ = create_key(connection, vault, "second", ALL)
    sealed = select(access_keys.c.secret).where(access_keys.c.key_id == first.key_id)
    stored = connection.execute(sealed).scalar_one()
    assert secret.encode() not in bytes(stored)
    # A sealed secret under another key's id is of no use.
    change = update(access_keys).where(access_keys.c.key_id == second.key_id)
    connection.execute(change.values(secret=stored))
    with pytest.raises(AccessError):
        find_secret(connection, vault, second.key_id, datetime.now(UTC))


def test_another_master_key_is_noticed(connection: Connection, vault: Vault) -> None:
    key, _ = create_key(connection, vault, "first", ALL)
    with pytest.raises(AccessError, match="master key"):
        find_secret(connection, Vault(bytes(32)), key.key_id, datetime.now(UTC))


def test_a_revoked_key_is_gone(connection: Connection, vault: Vault) -> None:
    key, _ = create_key(connection, vault, "first", ALL)
    kept, _ = create_key(connection, vault, "second", ALL)
    assert revoke_key(connection, key.key_id) == key
    assert list_keys(connection) == [kept]
    assert find_secret(connection, vault, key.key_id, datetime.now(UTC)) is None
    with pytest.raises(NotFoundError, match="keys list"):
        revoke_key(connection, key.key_id)


def test_a_key_works_until_it_expires(connection: Connection, vault: Vault) -> None:
    key, secret = create_key(connection, vault, "first", ALL)
    end = key.created_at + _HOUR
    expired = expire_key(connection, key.key_id, end)
    assert expired.expires_at == end
    just_before = end - timedelta(microseconds=1)
    assert find_secret(connection, vault, key.key_id, just_before) == (expired, secret)
    assert find_secret(connection, vault, key.key_id, end) is None
    assert expired.expired(end)
    assert not expired.expired(just_before)
    assert list_keys(connection) == [expired]


def test_expiry_only_comes_earlier(connection: Connection, vault: Vault) -> None:
    key, _ = create_key(connection, vault, "first", ALL)
    end = key.created_at + _HOUR
    assert expire_key(connection, key.key_id, end).expires_at == end
    assert expire_key(connection, key.key_id, end + _HOUR).expires_at == end
    assert expire_key(connection, key.key_id, end - _HOUR).expires_at == end - _HOUR


@pytest.mark.parametrize("key_id", _ODD, ids=ascii)
def test_what_is_no_id_is_not_found(connection: Connection, vault: Vault, key_id: str) -> None:
    now = datetime.now(UTC)
    assert find_secret(connection, vault, key_id, now) is None
    for ask in (get_key, revoke_key, lambda c, k: expire_key(c, k, now)):
        with pytest.raises(NotFoundError):
            ask(connection, key_id)


@pytest.mark.parametrize("name", ["", "a" * 256, "a\nb", "\0", "\x1b[31m", "\ud800"], ids=ascii)
def test_odd_names_are_refused(connection: Connection, vault: Vault, name: str) -> None:
    with pytest.raises(InputError):
        create_key(connection, vault, name, ALL)


def test_damaged_rights_are_noticed(connection: Connection, vault: Vault) -> None:
    key, _ = create_key(connection, vault, "first", ALL)
    connection.execute(update(access_keys).values(rights="{}"))
    with pytest.raises(AccessError):
        find_secret(connection, vault, key.key_id, datetime.now(UTC))
