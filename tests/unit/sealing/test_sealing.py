"""What is stored is sealed, opens for its own record alone, and is gone with its key."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sqlalchemy import select, update

from contexts import events
from postgres_server import as_owner, files_of, own_database
from reknown.biometrics.errors import AccessError, DatabaseError, NotFoundError
from reknown.gallery import sealed
from reknown.gallery.cache import IndexCache
from reknown.gallery.collections import create_collection, delete_collection
from reknown.gallery.faces import delete_faces, list_faces
from reknown.gallery.keys import KeyCounts, count_keys
from reknown.gallery.schema import collections, faces, released_keys, users
from reknown.gallery.sealed import RecordKind, seal_new
from reknown.gallery.templates import load_templates
from reknown.ledger.records import EraseRecord
from reknown.sealing import keyring as keyring_module
from reknown.sealing import rotating
from reknown.sealing.ciphers import SealError
from reknown.sealing.keyring import Keyring
from reknown.sealing.opening import open_keyring, schema_name
from reknown.sealing.rotating import begin_rotation, finish_rotation, waiting_keys
from reknown.sealing.schema import collection_keys, grants, record_keys
from reknown.services.galleries.erasure import erase_subject
from reknown.services.sealing import seal_stored
from reknown.storage.database import close_database, open_database, reading
from reknown.storage.server import ServerAddress
from remains import SPACE, enrol, held_open, remains, traces, unit
from sealed_galleries import gallery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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


def pieces_of(database: Database, keyring: Keyring, face_id: str) -> tuple[bytes, ...]:
    """What is stored of a face and its user: all that is sealed, and the wrapped keys."""
    query = (
        select(faces.c.template, faces.c.sealed_names, users.c.sealed_names)
        .add_columns(faces.c.sealing_key, users.c.sealing_key)
        .join_from(faces, users)
        .where(faces.c.face_id == face_id)
    )
    with reading(database) as connection:
        *sealed, face, user = connection.execute(query).one()
    return (*map(bytes, sealed), wrapped(keyring, face), wrapped(keyring, user))


def kept(keyring: Keyring) -> set[int]:
    return keyring.numbers(0, 10**9)


def _keys(people: int) -> int:
    """A face and a user each, and the collection to look names up with."""
    return 2 * people + 1


def test_what_is_enrolled_opens_and_lies_nowhere_in_the_clear(location: str, folder: Path) -> None:
    with gallery(location, folder) as (context, keyring):
        for number in range(3):
            enrol(context.database, number)
        assert np.array_equal(vectors(context), [unit(0), unit(1), unit(2)])
        assert not remains(folder, *(each for number in range(3) for each in traces(number)))
        assert len(kept(keyring)) == _keys(3)
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
        pieces = (*pieces_of(context.database, keyring, gone), *traces(1))
        assert sum(map(len, remains(folder, *pieces).values())) >= len(pieces) - len(traces(1))
        done = erase_subject(context, "friends", "person-000001")
        assert not remains(folder, *pieces)
        assert (done.faces, done.sightings, len(done.keys)) == ((gone,), 0, 2)
        record = events(context)[-1].record
        assert record == EraseRecord(done.subject_id, done.faces, 0, done.keys)
        assert stored(context.database, left)
        assert np.array_equal(vectors(context), [unit(2)])
    assert not remains(folder, *pieces)


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
        assert len(kept(keyring)) == _keys(1) - 1  # that user has no face any more
        with pytest.raises(NotFoundError, match="by name or subject id"):
            erase_subject(context, "friends", second)


def test_postgresql_has_neither_row_nor_key_after_an_erasure(
    postgres_url: str, folder: Path
) -> None:
    with gallery(own_database(postgres_url), folder) as (context, keyring):
        gone = enrol(context.database, 1)
        pieces = pieces_of(context.database, keyring, gone)
        tables = files_of(context.database)
        as_owner(postgres_url, "CHECKPOINT")
        found = remains(tables, *pieces).values()
        assert {piece for each in found for piece in each} == set(pieces)
        erase_subject(context, "friends", "person-000001")
        as_owner(postgres_url, "CHECKPOINT")
        assert not remains(tables, *pieces)


def test_a_copy_of_the_database_from_before_does_not_open(folder: Path, tmp_path: Path) -> None:
    with gallery(folder, folder) as (context, _):
        enrol(context.database, 1)
        enrol(context.database, 2)
    old = shutil.copytree(folder, tmp_path / "old")
    with gallery(folder, folder) as (context, _):
        erase_subject(context, "friends", "person-000001")
    shutil.copy(folder / "keys.db", old / "keys.db")
    with (
        gallery(old, old) as (context, _),
        pytest.raises(SealError, match="1 of what is asked for has"),
    ):
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
        assert len(kept(keyring)) == _keys(1) + 1  # it might still be under way
    monkeypatch.setattr(keyring_module, "_ABANDONED", timedelta(0))
    with gallery(location, folder) as (context, keyring):
        assert len(kept(keyring)) == _keys(1)
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
        assert len(kept(keyring)) == _keys(1) - 1
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
            assert len(kept(keyring)) == _keys(2)
        with context.database.begin() as connection:
            delete_faces(connection, "friends", [second])
        assert len(kept(keyring)) == _keys(2) - 2


def test_keys_of_what_was_taken_back_go_with_the_next_deletion(location: str, folder: Path) -> None:
    with gallery(location, folder) as (context, keyring):
        face = enrol(context.database, 1)
        with context.database.connect() as connection:
            seal_new(connection, 1, RecordKind.FACE, ["x"], {SPACE.fingerprint: [b"y"]})
            connection.rollback()
        assert len(kept(keyring)) == _keys(1) + 1
        with context.database.begin() as connection:
            delete_faces(connection, "friends", [face])
        assert len(kept(keyring)) == _keys(1) - 1


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
        assert len(kept(keyring)) == _keys(3)
        assert all(stored(context.database, each)[0] for each in ids)
        assert np.array_equal(vectors(context), [unit(number) for number in range(3)])
        assert not remains(folder, *(each for number in range(3) for each in traces(number)))
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


def test_a_row_that_was_never_sealed_is_refused_once_all_were(location: str, folder: Path) -> None:
    with gallery(location, folder) as (context, keyring):
        planted, own = enrol(context.database, 1), enrol(context.database, 2)
        template = unit(3).astype("<f4").tobytes()
        bare = update(faces).where(faces.c.face_id == planted)
        with context.database.begin() as connection:
            connection.execute(bare.values(sealing_key=None, template=template))
        with pytest.raises(SealError, match=f"face {planted} was never sealed"):
            vectors(context)
        assert seal_stored(context) == 0  # nor is it vouched for later
    with gallery(location, folder) as (context, keyring):
        assert stored(context.database, own)[0] in kept(keyring)
        with pytest.raises(SealError, match=f"face {planted} was never sealed"):
            vectors(context)
        with context.database.begin() as connection:
            delete_faces(connection, "friends", [planted])
        assert np.array_equal(vectors(context), [unit(2)])


def test_a_database_that_is_older_than_its_keyring_is_told_with_counts(
    folder: Path, tmp_path: Path
) -> None:
    with gallery(folder, folder) as (context, _):
        ids = [enrol(context.database, number) for number in range(4)]
    shutil.copy(folder / "reknown.db", tmp_path / "reknown.db")
    with gallery(folder, folder) as (context, _), context.database.begin() as connection:
        delete_faces(connection, "friends", ids[:3])
    shutil.copy(tmp_path / "reknown.db", folder / "reknown.db")
    with gallery(folder, folder) as (context, keyring):
        with pytest.raises(SealError, match=r"3 of what is asked for has no key .* older"):
            vectors(context)
        with (
            reading(context.database) as connection,
            reading(keyring.store) as keys,
        ):
            assert count_keys(connection, keys) == KeyCounts(6, 0, _without(3))
        keyring.grant(1, 2)
        with reading(context.database) as connection, reading(keyring.store) as keys:
            assert count_keys(connection, keys) == KeyCounts(8, 2, _without(3))


def _without(people: int) -> dict[str, int]:
    return {"faces": people, "sightings": 0, "users": 0, "collections": 0}


def _all_open(keyring: Keyring, numbers: dict[int, bytes]) -> None:
    assert keyring.find(list(numbers)) == numbers


def test_a_rotation_goes_on_where_it_was_killed_and_all_opens_meanwhile(
    location: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotating, "_PORTION", 3)
    with gallery(location, folder) as (context, keyring):
        for number in range(8):
            enrol(context.database, number)
        numbers = dict(keyring.find(sorted(kept(keyring))))
    with reading_keys(location) as before:
        (old,) = before
    done = []

    def work() -> None:
        with gallery(location, folder) as (_, keyring):
            assert begin_rotation(keyring) == 1

            def watch(moved: int) -> None:
                done.append(moved)
                if len(done) == 2:
                    _die()

            finish_rotation(keyring, watch)

    _killed(work)
    with gallery(location, folder) as (context, keyring):
        assert waiting_keys(keyring)
        _all_open(keyring, numbers)
        enrol(context.database, 9)
        assert finish_rotation(keyring) == _keys(8) - 2 * 3
        assert not waiting_keys(keyring)
        _all_open(keyring, numbers)
        assert len(vectors(context)) == 9
    with reading_keys(location) as after:
        assert set(after).isdisjoint({old})


def test_keys_are_given_and_opened_while_they_are_rotated(location: str, folder: Path) -> None:
    with gallery(location, folder) as (context, keyring), gallery(location, folder) as (other, _):
        for number in range(4):
            enrol(context.database, number)
        stopped, failures = Event(), []

        def work() -> None:
            number = 4
            while not stopped.is_set():
                try:
                    enrol(other.database, number)
                    assert len(vectors(other)) == number + 1
                except Exception as error:
                    failures.append(error)
                    return
                number += 1

        worker = Thread(target=work)
        worker.start()
        for _ in range(20):
            assert begin_rotation(keyring) == 1
            finish_rotation(keyring)
        stopped.set()
        worker.join()
        assert not failures
        assert not waiting_keys(keyring)
        assert len(vectors(context)) > 4
        with reading(keyring.store) as connection:
            owners = connection.execute(select(record_keys.c.collection_key).distinct()).all()
        assert len(owners) == 1


@contextmanager
def reading_keys(location: str) -> Iterator[list[int]]:
    """The numbers of the collections' keys."""
    place = ServerAddress(location) if "://" in location else Path(location)
    database = open_database(place)
    keyring = open_keyring(place, schema_name(database))
    with reading(keyring.store) as connection:
        yield list(connection.execute(select(collection_keys.c.number)).scalars())
    keyring.close()
    close_database(database)
