from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import TYPE_CHECKING

import pytest

from contexts import events
from reknown.access.rights import ALL, Rights
from reknown.access.vault import Vault
from reknown.biometrics.errors import AccessError, InputError, NotFoundError
from reknown.ledger.records import CreateKeyRecord, RevokeKeyRecord, RotateKeyRecord
from reknown.services import access

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.services.context import Context

RIGHTS = Rights(("Search*", "DetectFaces"), ("staff-*",))


@pytest.fixture
def vault() -> Vault:
    return Vault(bytes(range(32)))


def test_a_made_key_authenticates(context: Context, vault: Vault) -> None:
    key, secret = access.create_key(context, vault, "gate", RIGHTS)
    assert access.authenticate(context.database, vault, key.key_id) == (key, secret)
    assert access.authenticate(context.database, vault, "RK" + "A" * 18) is None
    assert access.get_key(context, key.key_id) == key
    assert access.list_keys(context) == [key]


def test_a_revoked_key_does_not(context: Context, vault: Vault) -> None:
    key, _ = access.create_key(context, vault, "gate", RIGHTS)
    assert access.revoke_key(context, key.key_id) == key
    assert access.authenticate(context.database, vault, key.key_id) is None
    with pytest.raises(NotFoundError):
        access.revoke_key(context, key.key_id)
    with pytest.raises(NotFoundError):
        access.rotate_key(context, vault, key.key_id, timedelta(0))
    assert access.list_keys(context) == []


def test_rotation_lets_both_work_for_a_while(context: Context, vault: Vault) -> None:
    old, _ = access.create_key(context, vault, "gate", RIGHTS)
    before = datetime.now(UTC)
    new, secret = access.rotate_key(context, vault, old.key_id, timedelta(hours=24))
    assert (new.name, new.rights, new.expires_at) == ("gate", RIGHTS, None)
    assert access.authenticate(context.database, vault, new.key_id) == (new, secret)
    assert access.authenticate(context.database, vault, old.key_id) is not None
    end = access.get_key(context, old.key_id).expires_at
    assert end is not None
    assert before <= end - timedelta(hours=24) <= datetime.now(UTC)


def test_rotation_without_overlap_ends_the_old_key(context: Context, vault: Vault) -> None:
    old, _ = access.create_key(context, vault, "gate", RIGHTS)
    new, _ = access.rotate_key(context, vault, old.key_id, timedelta(0))
    assert access.authenticate(context.database, vault, old.key_id) is None
    assert access.authenticate(context.database, vault, new.key_id) is not None


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=366), timedelta.max])
def test_odd_overlaps_are_refused(context: Context, vault: Vault, overlap: timedelta) -> None:
    key, _ = access.create_key(context, vault, "gate", RIGHTS)
    with pytest.raises(InputError, match="365 days"):
        access.rotate_key(context, vault, key.key_id, overlap)
    assert access.list_keys(context) == [key]


def test_the_ledger_has_every_change_but_no_secret(context: Context, vault: Vault) -> None:
    first, one = access.create_key(context, vault, "gate", RIGHTS)
    second, two = access.rotate_key(context, vault, first.key_id, timedelta(0))
    access.revoke_key(context, first.key_id)
    told = events(context)
    rights = (RIGHTS.operations, RIGHTS.collections)
    expires_at = access.get_key(context, second.key_id).created_at
    created, rotated, revoked = (event.record for event in told)
    assert created == CreateKeyRecord(first.key_id, "gate", *rights)
    assert isinstance(rotated, RotateKeyRecord)
    assert (rotated.key, rotated.replaced) == (second.key_id, first.key_id)
    assert rotated.replaced_expires_at is not None
    assert rotated.replaced_expires_at <= expires_at
    assert revoked == RevokeKeyRecord(first.key_id, "gate", *rights)
    assert {(event.actor, event.collection) for event in told} == {("tester", None)}
    assert one not in str(told)
    assert two not in str(told)


def test_secrets_are_in_no_file(context: Context, vault: Vault, tmp_path: Path) -> None:
    made = access.ensure_key(context, vault)
    assert made is not None
    key, first = made
    second = access.create_key(context, vault, "gate", RIGHTS)[1]
    third = access.rotate_key(context, vault, key.key_id, timedelta(0))[1]

    def stored() -> bytes:
        return b"".join(path.read_bytes() for path in (tmp_path / "data").iterdir())

    with_log = stored()
    context.database.dispose()
    for content in (with_log, stored()):
        assert key.key_id.encode() in content
        for secret in (first, second, third):
            plain = secret.encode()
            assert plain not in content
            assert base64.b64encode(plain)[:50] not in content
            assert plain.hex().encode() not in content


def test_the_first_key_is_made_once(context: Context, vault: Vault) -> None:
    made = access.ensure_key(context, vault)
    assert made is not None
    key, secret = made
    assert (key.name, key.rights) == ("first", ALL)
    assert access.authenticate(context.database, vault, key.key_id) == (key, secret)
    assert access.ensure_key(context, vault) is None
    # Whoever revoked it meant it.
    access.revoke_key(context, key.key_id)
    assert access.ensure_key(context, vault) is None
    assert access.list_keys(context) == []


def test_no_first_key_where_one_was_made(context: Context, vault: Vault) -> None:
    access.create_key(context, vault, "gate", RIGHTS)
    assert access.ensure_key(context, vault) is None


def test_threads_make_one_first_key(context: Context, vault: Vault) -> None:
    barrier, made = Barrier(6), []

    def work() -> None:
        barrier.wait()
        made.append(access.ensure_key(context, vault))

    threads = [Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 6
    assert sum(result is not None for result in made) == 1
    assert len(access.list_keys(context)) == 1


def test_another_master_key_is_noticed(context: Context, vault: Vault) -> None:
    key, _ = access.create_key(context, vault, "gate", RIGHTS)
    with pytest.raises(AccessError, match="master key is not the one that sealed it"):
        access.authenticate(context.database, Vault(bytes(32)), key.key_id)
