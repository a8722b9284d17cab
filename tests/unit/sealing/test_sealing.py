"""What is stored is sealed, opens for its own record alone, and is gone with its key."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sqlalchemy import select, text, update

from contexts import events
from postgres_server import as_owner
from reknown.biometrics.errors import AccessError, DatabaseError, NotFoundError
from reknown.gallery import sealed
from reknown.gallery.cache import IndexCache
from reknown.gallery.collections import create_collection, delete_collection
from reknown.gallery.faces import delete_faces, list_faces
from reknown.gallery.schema import collections, faces, released_keys
from reknown.gallery.sealed import RecordKind, seal_new
from reknown.gallery.templates import load_templates
from reknown.ledger.records import EraseRecord
from reknown.sealing import keyring as keyring_module
from reknown.sealing.ciphers import SealError
from reknown.sealing.keyring import Keyring
from reknown.sealing.schema import grants, record_keys
from reknown.services.galleries.erasure import erase_subject
from reknown.services.sealing import seal_stored
from reknown.storage.database import close_database, open_database, reading
from reknown.storage.server import ServerAddress
from remains import SPACE, enrol, held_open, remains, traces, unit
from sealed_galleries import gallery
from unit.databases import new_location

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.services.context import Context
    from reknown.storage.database import Database


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def vectors(context: Context) -> Any:
    with reading(context.database) as connection:
        return load_templates(connection, "friends").vectors


def stored(database: Database, face_id: str) -> tuple[int, bytes]:
    query = select(faces.c.sealing_key, faces.c.template).where(faces.c.face_id == face_id)
    with reading(database) as connection:
        number, template = connection.execute(query).one()
    return number, bytes(template)


def wrapped(keyring: Keyring, number: int) -> bytes:
    with reading(keyring.store) as connection:
        query = select(record_keys.c.wrapped).where(record_keys.c.number == number)
        return bytes(connection.execute(query).scalar_one())


def kept(keyring: Keyring) -> set[int]:
    return keyring.numbers(0, 10**9)


def test_what_is_enrolled_opens_and_lies_nowhere_in_the_clear(location: str, folder: Path) -> None:
    with gallery(location, folder) as (context, keyring):
        for number in range(3):
            enrol(context.database, number)
        assert np.array_equal(vectors(context), [unit(0), unit(1), unit(2)])
        assert not remains(folder, *(traces(number)[0] for number in range(3)))
        assert len(kept(keyring)) == 3
    with gallery(location, folder) as (context, _):
        assert np.array_equal(vectors(context), [unit(0), unit(1), unit(2)])


def test_what_another_process_enrolled_opens(location: str, folder: Path) -> None:
    with gallery(location, folder) as (context, _), gallery(location, folder) as (other, _):
        cache = IndexCache(2**20)
        for number in range(4):
            enrol((context, other)[number % 2].database, number)
            with reading(context.database) as connection:
                assert cache.current(connection, "friends").references == number + 1
        assert np.array_equal(vectors(context), [unit(number) for number in range(4)])


def test_after_an_erasure_neither_row_nor_key_is_in_a_file(folder: Path) -> None:
    with gallery(folder, folder) as (context, keyring), held_open(folder):
        gone, left = enrol(context.database, 1), enrol(context.database, 2)
        number, template = stored(context.database, gone)
        key = wrapped(keyring, number)
        assert remains(folder, template, key)
        done = erase_subject(context, "friends", "person-000001")
        assert not remains(folder, template, key, *traces(1))
        assert (done.faces, done.sightings, len(done.keys)) == ((gone,), 0, 1)
        record = events(context)[-1].record
        assert record == EraseRecord(done.subject_id, done.faces, 0, done.keys)
        assert stored(context.database, left)
        assert np.array_equal(vectors(context), [unit(2)])
    assert not remains(folder, template, key, *traces(1))


def test_a_person_is_erased_by_subject_id_and_a_face_by_its_own(
    location: str, folder: Path
) -> None:
    with gallery(location, folder) as (context, keyring):
        first, second = enrol(context.database, 1), enrol(context.database, 2)
        assert erase_subject(context, "friends", first).subject_id is None
        with reading(context.database) as connection:
            (face,) = list_faces(connection, "friends").items
        assert face.face_id == second
        assert erase_subject(context, "friends", str(face.subject_id)).faces == (second,)
        assert not kept(keyring)
        with pytest.raises(NotFoundError, match="by name or subject id"):
            erase_subject(context, "friends", second)


def test_postgresql_has_neither_row_nor_key_after_an_erasure(
    postgres_url: str, request: pytest.FixtureRequest, folder: Path
) -> None:
    location = new_location(request, "postgresql", folder)
    with gallery(location, folder) as (context, keyring):
        gone = enrol(context.database, 1)
        number, template = stored(context.database, gone)
        key = wrapped(keyring, number)
        with reading(context.database) as connection:
            place = connection.execute(text("SHOW data_directory")).scalar_one()
        tables = Path(place) / "base"
        as_owner(postgres_url, "CHECKPOINT")
        assert remains(tables, template)
        assert remains(tables, key)
        erase_subject(context, "friends", "person-000001")
        as_owner(postgres_url, "CHECKPOINT")
        assert not remains(tables, template, key)


def test_a_copy_of_the_database_from_before_does_not_open(folder: Path, tmp_path: Path) -> None:
    with gallery(folder, folder) as (context, _):
        enrol(context.database, 1)
        enrol(context.database, 2)
    old = shutil.copytree(folder, tmp_path / "old")
    with gallery(folder, folder) as (context, _):
        erase_subject(context, "friends", "person-000001")
    shutil.copy(folder / "keys.db", old / "keys.db")
    with gallery(old, old) as (context, _), pytest.raises(SealError, match="is not in the keyring"):
        vectors(context)


def test_a_template_in_another_row_is_refused_by_name(location: str, folder: Path) -> None:
    with gallery(location, folder) as (context, _):
        victim, other = enrol(context.database, 1), enrol(context.database, 2)
        number, template = stored(context.database, other)
        with context.database.begin() as connection:
            free = update(faces).where(faces.c.face_id == other)
            connection.execute(free.values(sealing_key=None))
            taken = update(faces).where(faces.c.face_id == victim)
            connection.execute(taken.values(sealing_key=number, template=template))
        with pytest.raises(SealError, match=f"of face {victim} was not sealed for it"):
            vectors(context)


@pytest.mark.parametrize("change", ["collection", "space", "byte"])
def test_a_template_elsewhere_or_changed_is_refused_by_name(
    location: str, folder: Path, change: str
) -> None:
    with gallery(location, folder) as (context, _):
        face = enrol(context.database, 1)
        with context.database.begin() as connection:
            if change == "collection":
                create_collection(connection, "others", SPACE)
                others = select(collections.c.id).where(collections.c.name == "others")
                moved = update(faces).values(collection_id=others.scalar_subquery())
                connection.execute(moved)
            elif change == "space":
                connection.execute(update(collections).values(fingerprint="cd" * 32))
            else:
                _, template = stored(context.database, face)
                changed = template[:-1] + bytes([template[-1] ^ 1])
                connection.execute(update(faces).values(template=changed))
        with reading(context.database) as connection, pytest.raises(SealError, match=face):
            load_templates(connection, "others" if change == "collection" else "friends")


def _killed(work: Callable[[], object]) -> None:
    """In a process that ends itself as `kill -9` does."""
    if child := os.fork():
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status)
        return
    try:
        work()
    finally:
        os._exit(1)


def _die(*_arguments: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_kill_between_key_and_row_leaves_a_key_that_goes(
    location: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gallery(location, folder) as (context, _):
        enrol(context.database, 1)

    def work() -> None:
        monkeypatch.setattr(sealed, "encrypt_each", _die)
        with gallery(location, folder) as (context, _):
            enrol(context.database, 2)

    _killed(work)
    with gallery(location, folder) as (context, keyring):
        assert len(kept(keyring)) == 2  # it might still be under way
    monkeypatch.setattr(keyring_module, "_ABANDONED", timedelta(0))
    with gallery(location, folder) as (context, keyring):
        assert len(kept(keyring)) == 1
        assert np.array_equal(vectors(context), [unit(1)])
        with reading(keyring.store) as connection:
            assert not connection.execute(select(grants)).all()


def test_a_kill_between_deletion_and_its_key_leaves_a_key_that_goes_at_the_start(
    location: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gallery(location, folder) as (context, _):
        face = enrol(context.database, 1)

    def work() -> None:
        monkeypatch.setattr(Keyring, "destroy", _die)
        with gallery(location, folder) as (context, _):
            erase_subject(context, "friends", face)

    _killed(work)
    with gallery(location, folder) as (context, keyring):
        assert not kept(keyring)
        with reading(context.database) as connection:
            assert not connection.execute(select(released_keys)).all()
            assert not list_faces(connection, "friends").items


def _fail(*_arguments: object) -> None:
    raise OSError("no space left on device")


def test_a_key_that_could_not_be_destroyed_goes_with_the_next_deletion(
    location: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gallery(location, folder) as (context, keyring):
        first, second = enrol(context.database, 1), enrol(context.database, 2)
        with monkeypatch.context() as patch:
            patch.setattr(Keyring, "destroy", _fail)
            with context.database.begin() as connection:
                delete_faces(connection, "friends", [first])
            assert len(kept(keyring)) == 2
        with context.database.begin() as connection:
            delete_faces(connection, "friends", [second])
        assert not kept(keyring)


def test_keys_of_what_was_taken_back_go_with_the_next_deletion(location: str, folder: Path) -> None:
    with gallery(location, folder) as (context, keyring):
        face = enrol(context.database, 1)
        with context.database.connect() as connection:
            seal_new(connection, (1, SPACE.fingerprint), RecordKind.FACE, {"x": b"y"})
            connection.rollback()
        assert len(kept(keyring)) == 2
        with context.database.begin() as connection:
            delete_faces(connection, "friends", [face])
        assert not kept(keyring)


def test_a_collection_takes_all_keys_with_it(location: str, folder: Path) -> None:
    with gallery(location, folder) as (context, keyring):
        for number in range(3):
            enrol(context.database, number)
        with context.database.begin() as connection:
            delete_collection(connection, "friends")
        assert not kept(keyring)
        assert not keyring.holds_keys()


def test_templates_from_before_there_were_keys_are_sealed(location: str, folder: Path) -> None:
    place = ServerAddress(location) if "://" in location else Path(location)
    database = open_database(place)
    with database.begin() as connection:
        create_collection(connection, "friends", SPACE)
    ids = [enrol(database, number) for number in range(3)]
    close_database(database)
    with gallery(location, folder) as (context, keyring):
        assert len(kept(keyring)) == 3
        assert all(stored(context.database, each)[0] for each in ids)
        assert np.array_equal(vectors(context), [unit(number) for number in range(3)])
        assert not remains(folder, *(traces(number)[0] for number in range(3)))
        assert seal_stored(context) == 0


def test_a_lost_keyring_is_told_before_anything_is_done(folder: Path, tmp_path: Path) -> None:
    with gallery(folder, folder) as (context, _):
        enrol(context.database, 1)
    (folder / "keys.db").rename(tmp_path / "keys.db")
    with pytest.raises(DatabaseError, match="the keyring is empty"), gallery(folder, folder):
        pass
    shutil.copy(tmp_path / "keys.db", folder / "keys.db")
    with gallery(folder, folder) as (context, _):
        enrol(context.database, 2)
    shutil.copy(tmp_path / "keys.db", folder / "keys.db")
    with pytest.raises(DatabaseError, match="is older than the database"), gallery(folder, folder):
        pass


def test_a_lost_master_key_is_told_and_none_is_made(folder: Path) -> None:
    with gallery(folder, folder) as (context, _):
        enrol(context.database, 1)
    (folder / "master.key").unlink()
    with pytest.raises(AccessError, match="is missing, which sealed"), gallery(folder, folder):
        pass
    assert not (folder / "master.key").exists()


def test_files_of_keys_are_for_their_owner_alone(folder: Path) -> None:
    with gallery(folder, folder) as (context, _):
        enrol(context.database, 1)
        assert {path.stat().st_mode & 0o777 for path in folder.glob("keys.db*")} == {0o600}
    with closing(sqlite3.connect(folder / "keys.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
