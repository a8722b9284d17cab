from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import TYPE_CHECKING

import pytest

from reknown.access.rights import ALL, Rights
from reknown.access.vault import Vault
from reknown.biometrics.errors import AccessError, InputError, NotFoundError
from reknown.ledger.actor import Actor
from reknown.services import access
from reknown.services.galleries import list_events

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.storage.database import Database

ACTOR = Actor("tester")
RIGHTS = Rights(("Search*", "DetectFaces"), ("staff-*",))


@pytest.fixture
def vault() -> Vault:
    return Vault(bytes(range(32)))


def test_a_made_key_authenticates(database: Database, vault: Vault) -> None:
    key, secret = access.create_key(database, vault, "gate", RIGHTS, ACTOR)
    assert access.authenticate(database, vault, key.key_id) == (key, secret)
    assert access.authenticate(database, vault, "RK" + "A" * 18) is None
    assert access.get_key(database, key.key_id) == key
    assert access.list_keys(database) == [key]


def test_a_revoked_key_does_not(database: Database, vault: Vault) -> None:
    key, _ = access.create_key(database, vault, "gate", RIGHTS, ACTOR)
    assert access.revoke_key(database, key.key_id, ACTOR) == key
    assert access.authenticate(database, vault, key.key_id) is None
    with pytest.raises(NotFoundError):
        access.revoke_key(database, key.key_id, ACTOR)
    with pytest.raises(NotFoundError):
        access.rotate_key(database, vault, key.key_id, timedelta(0), ACTOR)
    assert access.list_keys(database) == []


def test_rotation_lets_both_work_for_a_while(database: Database, vault: Vault) -> None:
    old, _ = access.create_key(database, vault, "gate", RIGHTS, ACTOR)
    before = datetime.now(UTC)
    new, secret = access.rotate_key(database, vault, old.key_id, timedelta(hours=24), ACTOR)
    assert (new.name, new.rights, new.expires_at) == ("gate", RIGHTS, None)
    assert access.authenticate(database, vault, new.key_id) == (new, secret)
    assert access.authenticate(database, vault, old.key_id) is not None
    end = access.get_key(database, old.key_id).expires_at
    assert end is not None
    assert before <= end - timedelta(hours=24) <= datetime.now(UTC)


def test_rotation_without_overlap_ends_the_old_key(database: Database, vault: Vault) -> None:
    old, _ = access.create_key(database, vault, "gate", RIGHTS, ACTOR)
    new, _ = access.rotate_key(database, vault, old.key_id, timedelta(0), ACTOR)
    assert access.authenticate(database, vault, old.key_id) is None
    assert access.authenticate(database, vault, new.key_id) is not None


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=366), timedelta.max])
def test_odd_overlaps_are_refused(database: Database, vault: Vault, overlap: timedelta) -> None:
    key, _ = access.create_key(database, vault, "gate", RIGHTS, ACTOR)
    with pytest.raises(InputError, match="365 days"):
        access.rotate_key(database, vault, key.key_id, overlap, ACTOR)
    assert access.list_keys(database) == [key]


def test_the_ledger_has_every_change_but_no_secret(database: Database, vault: Vault) -> None:
    first, one = access.create_key(database, vault, "gate", RIGHTS, ACTOR)
    second, two = access.rotate_key(database, vault, first.key_id, timedelta(0), ACTOR)
    access.revoke_key(database, first.key_id, ACTOR)
    events = list(list_events(database))
    operations = [event.operation for event in events]
    assert operations == ["create key", "rotate key", "revoke key"]
    assert [event.detail["key"] for event in events] == [
        first.key_id,
        second.key_id,
        first.key_id,
    ]
    assert events[0].detail == {
        "key": first.key_id,
        "name": "gate",
        "operations": ["Search*", "DetectFaces"],
        "collections": ["staff-*"],
    }
    assert events[1].detail["replaced"] == first.key_id
    assert {(event.actor, event.collection) for event in events} == {("tester", None)}
    assert one not in str(events)
    assert two not in str(events)


def test_secrets_are_in_no_file(database: Database, vault: Vault, tmp_path: Path) -> None:
    made = access.ensure_key(database, vault, ACTOR)
    assert made is not None
    key, first = made
    second = access.create_key(database, vault, "gate", RIGHTS, ACTOR)[1]
    third = access.rotate_key(database, vault, key.key_id, timedelta(0), ACTOR)[1]

    def stored() -> bytes:
        return b"".join(path.read_bytes() for path in (tmp_path / "data").iterdir())

    with_log = stored()
    database.dispose()
    for content in (with_log, stored()):
        assert key.key_id.encode() in content
        for secret in (first, second, third):
            plain = secret.encode()
            assert plain not in content
            assert base64.b64encode(plain)[:50] not in content
            assert plain.hex().encode() not in content


def test_the_first_key_is_made_once(database: Database, vault: Vault) -> None:
    made = access.ensure_key(database, vault, ACTOR)
    assert made is not None
    key, secret = made
    assert (key.name, key.rights) == ("first", ALL)
    assert access.authenticate(database, vault, key.key_id) == (key, secret)
    assert access.ensure_key(database, vault, ACTOR) is None
    # Whoever revoked it meant it.
    access.revoke_key(database, key.key_id, ACTOR)
    assert access.ensure_key(database, vault, ACTOR) is None
    assert access.list_keys(database) == []


def test_no_first_key_where_one_was_made(database: Database, vault: Vault) -> None:
    access.create_key(database, vault, "gate", RIGHTS, ACTOR)
    assert access.ensure_key(database, vault, ACTOR) is None


def test_threads_make_one_first_key(database: Database, vault: Vault) -> None:
    barrier, made = Barrier(6), []

    def work() -> None:
        barrier.wait()
        made.append(access.ensure_key(database, vault, ACTOR))

    threads = [Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 6
    assert sum(result is not None for result in made) == 1
    assert len(access.list_keys(database)) == 1


def test_another_master_key_is_noticed(database: Database, vault: Vault) -> None:
    key, _ = access.create_key(database, vault, "gate", RIGHTS, ACTOR)
    with pytest.raises(AccessError, match="master key is not the one that sealed it"):
        access.authenticate(database, Vault(bytes(32)), key.key_id)
