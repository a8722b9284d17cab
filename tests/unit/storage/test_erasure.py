from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from processes import wait_for
from reknown.gallery.collections import create_collection, delete_collection
from reknown.gallery.faces import delete_faces
from reknown.gallery.schema import faces
from reknown.gallery.users import delete_user
from reknown.storage import erasure
from reknown.storage.database import close_database, open_database, reading
from reknown.storage.erasure import erase
from reknown.storage.file_cleaning import FileCleaner
from remains import SPACE, enrol, remains, traces

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from reknown.storage.database import Database


def count_faces(database: Database) -> int:
    with reading(database) as connection:
        return int(connection.execute(text("SELECT count(*) FROM faces")).scalar_one())


def count_cleanings(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The tables of each cleaning from now on."""
    cleanings: list[list[str]] = []
    original = FileCleaner.clean

    def counted(self: FileCleaner, connection: Any, tables: list[str], patience: float) -> bool:
        cleanings.append(tables)
        return original(self, connection, tables, patience)

    monkeypatch.setattr(FileCleaner, "clean", counted)
    return cleanings


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path / "data")
    with database.begin() as connection:
        create_collection(connection, "friends", SPACE)
    yield database
    close_database(database)


def test_deleted_faces_and_users_are_in_no_file(database: Database, tmp_path: Path) -> None:
    ids = [enrol(database, number) for number in range(60)]
    assert remains(tmp_path, *traces(7))
    with database.begin() as connection:
        delete_faces(connection, "friends", ids[:40])
        for number in range(40):
            delete_user(connection, "friends", f"person-{number:06d}")
    assert not remains(tmp_path, *(piece for number in range(40) for piece in traces(number)))
    assert remains(tmp_path, *traces(50))["data/reknown.db"] == list(traces(50))


def test_a_deleted_collection_is_in_no_file(database: Database, tmp_path: Path) -> None:
    for number in range(60):
        enrol(database, number)
    with database.begin() as connection:
        delete_collection(connection, "friends")
    assert not remains(tmp_path, *(piece for number in range(60) for piece in traces(number)))


def test_another_process_that_has_the_database_open_is_no_obstacle(
    database: Database, tmp_path: Path
) -> None:
    face_id = enrol(database, 1)
    with sqlite3.connect(tmp_path / "data" / "reknown.db") as other:
        assert other.execute("SELECT count(*) FROM faces").fetchone() == (1,)
        with database.begin() as connection:
            delete_faces(connection, "friends", [face_id])
        assert not remains(tmp_path, traces(1)[0])
    other.close()


def test_a_reader_is_waited_for(database: Database, tmp_path: Path) -> None:
    face_id = enrol(database, 1)
    reader = sqlite3.connect(
        tmp_path / "data" / "reknown.db", isolation_level=None, check_same_thread=False
    )
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM faces").fetchone()
    end = threading.Timer(0.3, lambda: reader.execute("COMMIT"))
    end.start()
    with database.begin() as connection:
        delete_faces(connection, "friends", [face_id])
    assert not remains(tmp_path, traces(1)[0])
    end.join()
    reader.close()


def test_a_reader_that_does_not_end_is_said(
    database: Database,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(erasure, "_PATIENCE", 0.2)
    monkeypatch.setattr(erasure, "_RETRY_SECONDS", 0)
    ids = [enrol(database, number) for number in range(1, 4)]
    reader = sqlite3.connect(tmp_path / "data" / "reknown.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM faces").fetchone()
    with database.begin() as connection:
        delete_faces(connection, "friends", ids[:1])
    said = "deleted data may still be in files"
    assert caplog.text.count(said) == 1
    enrol(database, 4)  # others are not kept waiting for it
    with database.begin() as connection:
        delete_faces(connection, "friends", ids[1:2])
    assert caplog.text.count(said) == 1
    assert "has left the files" not in caplog.text
    reader.execute("COMMIT")
    reader.close()
    with reading(database) as connection:  # whoever comes next finds the way free
        connection.execute(text("SELECT 1"))
    assert not remains(tmp_path, traces(1)[0], traces(2)[0])
    assert caplog.text.count("deleted data has left the files now") == 1


def test_all_who_wait_for_one_reader_wait_once(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patiences: list[float] = []
    original = FileCleaner.clean

    def told(self: FileCleaner, connection: Any, tables: Sequence[str], patience: float) -> bool:
        patiences.append(patience)
        return original(self, connection, tables, 0)

    monkeypatch.setattr(FileCleaner, "clean", told)
    ids = [enrol(database, number) for number in range(12)]
    reader = sqlite3.connect(tmp_path / "data" / "reknown.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM faces").fetchone()

    def delete(face_id: str) -> None:
        with database.begin() as connection:
            delete_faces(connection, "friends", [face_id])

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(delete, ids))
    reader.close()
    assert patiences.count(erasure._PATIENCE) == 1
    assert set(patiences[1:]) <= {0, erasure._IMPATIENCE}


def test_what_is_rolled_back_is_still_there(database: Database, tmp_path: Path) -> None:
    face_id = enrol(database, 1)
    with database.connect() as connection, connection.begin() as transaction:
        delete_faces(connection, "friends", [face_id])
        transaction.rollback()
    assert count_faces(database) == 1


def test_many_deletions_at_once_are_cleaned_up_behind_together(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [enrol(database, number) for number in range(24)]
    cleanings = count_cleanings(monkeypatch)
    first, others = threading.Event(), threading.Event()
    original = FileCleaner.clean

    def slow(self: FileCleaner, *rest: Any) -> bool:
        first.set()
        others.wait(30)
        return original(self, *rest)

    monkeypatch.setattr(FileCleaner, "clean", slow)

    def delete(face_id: str) -> None:
        with database.begin() as connection:
            delete_faces(connection, "friends", [face_id])

    with ThreadPoolExecutor(24) as threads:
        done = [threads.submit(delete, ids[0])]
        first.wait(30)
        done += [threads.submit(delete, face_id) for face_id in ids[1:]]
        wait_for(lambda: count_faces(database) == 0)
        assert not done[0].done()
        others.set()
        for each in done:
            each.result()
    # the first one's, that of those which had been committed before it ended, perhaps of the last
    assert len(cleanings) <= 3
    assert not remains(tmp_path, *(traces(number)[0] for number in range(24)))


def test_only_what_erases_is_cleaned_up_behind(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleanings = count_cleanings(monkeypatch)
    enrol(database, 1)
    assert cleanings == []
    with database.begin() as connection:
        erase(connection, faces)
    assert cleanings == [["faces"]]


def test_what_cannot_be_cleaned_up_is_deleted_all_the_same(
    database: Database, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    face_id = enrol(database, 1)

    def fail(*_: object) -> bool:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(FileCleaner, "clean", fail)
    with database.begin() as connection:
        delete_faces(connection, "friends", [face_id])
    assert "cannot be cleaned up: disk I/O error" in caplog.text
    assert count_faces(database) == 0
