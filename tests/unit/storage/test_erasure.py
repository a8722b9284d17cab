from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sqlalchemy import text

from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.records import ImageRecord, NewFace
from reknown.biometrics.templates import Template, TemplateSpace
from reknown.gallery.collections import create_collection, delete_collection
from reknown.gallery.faces import add_faces, delete_faces
from reknown.gallery.schema import faces
from reknown.gallery.users import delete_user
from reknown.storage import erasure
from reknown.storage.database import open_database, reading
from reknown.storage.erasure import empty_log, erase

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reknown.storage.database import Database

SPACE = TemplateSpace("tiny", "ab" * 32, 128)


def unit(seed: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    vector = np.random.default_rng(seed).normal(size=128).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def remains(folder: Path, *pieces: bytes) -> dict[str, list[bytes]]:
    """What of the pieces is in which file below the folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    found = {f.name: [piece for piece in pieces if piece in f.read_bytes()] for f in files}
    return {name: pieces for name, pieces in found.items() if pieces}


def enrol(database: Database, number: int) -> str:
    face = NewFace(
        Template(unit(number), SPACE), BoundingBox(0, 0, 1, 1), 1.0, 90, f"external-{number:06d}"
    )
    image = ImageRecord(f"{number:064x}", f"picture-{number:06d}.jpg", 640, 480)
    with database.begin() as connection:
        (stored,) = add_faces(connection, "friends", image, [face], f"person-{number:06d}")
    return stored.face_id


def traces(number: int) -> tuple[bytes, ...]:
    """What of a face and its user could be read in a file."""
    names = (f"external-{number:06d}", f"picture-{number:06d}.jpg", f"person-{number:06d}")
    return (unit(number).astype("<f4").tobytes(), *(name.encode() for name in names))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path / "data")
    with database.begin() as connection:
        create_collection(connection, "friends", SPACE)
    yield database
    database.dispose()


def test_deleted_faces_and_users_are_in_no_file(database: Database, tmp_path: Path) -> None:
    ids = [enrol(database, number) for number in range(60)]
    assert remains(tmp_path, *traces(7))
    with database.begin() as connection:
        delete_faces(connection, "friends", ids[:40])
        for number in range(40):
            delete_user(connection, "friends", f"person-{number:06d}")
    assert not remains(tmp_path, *(piece for number in range(40) for piece in traces(number)))
    assert remains(tmp_path, *traces(50))["reknown.db"] == list(traces(50))


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
    ids = [enrol(database, 1), enrol(database, 2)]
    reader = sqlite3.connect(tmp_path / "data" / "reknown.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM faces").fetchone()
    with database.begin() as connection:
        delete_faces(connection, "friends", ids[:1])
    assert "deleted data may still be in the database's log" in caplog.text
    enrol(database, 3)  # others are not kept waiting for it
    reader.execute("COMMIT")
    reader.close()
    with database.begin() as connection:
        delete_faces(connection, "friends", ids[1:])
    assert not remains(tmp_path, traces(1)[0], traces(2)[0])


def test_what_is_rolled_back_is_still_there(database: Database, tmp_path: Path) -> None:
    face_id = enrol(database, 1)
    with database.connect() as connection, connection.begin() as transaction:
        delete_faces(connection, "friends", [face_id])
        transaction.rollback()
    with reading(database) as connection:
        assert connection.execute(text("SELECT count(*) FROM faces")).scalar_one() == 1


def test_many_deletions_at_once_are_cleaned_up_behind_together(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [enrol(database, number) for number in range(24)]
    cleanings = []

    def delete(face_id: str) -> None:
        with database.begin() as connection:
            delete_faces(connection, "friends", [face_id])

    original = erasure.empty_log

    def counted(connection: sqlite3.Connection) -> bool:
        cleanings.append(1)
        return original(connection)

    monkeypatch.setattr(erasure, "empty_log", counted)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(delete, ids))
    assert 1 <= len(cleanings) <= 24
    assert not remains(tmp_path, *(traces(number)[0] for number in range(24)))


def test_the_log_of_a_database_without_readers_is_emptied(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "x.db", isolation_level=None) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA busy_timeout=1234")
        connection.execute("CREATE TABLE t (a)")
        assert (tmp_path / "x.db-wal").stat().st_size
        assert empty_log(connection)
        assert not (tmp_path / "x.db-wal").stat().st_size
        assert connection.execute("PRAGMA busy_timeout").fetchone() == (1234,)
    connection.close()


def test_postgresql_vacuums_what_was_deleted_from(
    postgres_url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_database(postgres_url)
    try:
        with database.begin() as connection:
            create_collection(connection, "erased", SPACE)
            image = ImageRecord("e" * 64, "erased.jpg", 640, 480)
            face = NewFace(Template(unit(1), SPACE), BoundingBox(0, 0, 1, 1), 1.0, 90)
            (stored,) = add_faces(connection, "erased", image, [face], "erased person")
        statements: list[str] = []
        vacuums = erasure._vacuum

        def told(connection: object, tables: list[str]) -> bool:
            statements.extend(tables)
            return vacuums(connection, tables)

        monkeypatch.setattr(erasure, "_vacuum", told)
        with database.begin() as connection:
            delete_faces(connection, "erased", [stored.face_id])
        assert "faces" in statements
        assert not caplog.text
        with database.begin() as connection:  # and the connection works on
            delete_collection(connection, "erased")
    finally:
        database.dispose()


def test_only_what_erases_is_cleaned_up_behind(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    emptied = []
    original = erasure.empty_log

    def counted(connection: sqlite3.Connection) -> bool:
        emptied.append(1)
        return original(connection)

    monkeypatch.setattr(erasure, "empty_log", counted)
    enrol(database, 1)
    assert emptied == []
    with database.begin() as connection:
        erase(connection, faces)
    assert emptied == [1]
