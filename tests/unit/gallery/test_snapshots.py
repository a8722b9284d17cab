from __future__ import annotations

import fcntl
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sqlalchemy import select, update

from reknown.biometrics.errors import NotFoundError
from reknown.biometrics.templates import TemplateSpace
from reknown.gallery import deletions, living
from reknown.gallery import snapshots as snapshots_module
from reknown.gallery.cache import IndexCache
from reknown.gallery.collections import create_collection, delete_collection, require
from reknown.gallery.faces import add_faces, delete_faces
from reknown.gallery.schema import index_snapshots
from reknown.gallery.snapshots import Snapshots, open_snapshots
from reknown.gallery.switching import switch
from reknown.gallery.templates import stream_changes
from reknown.gallery.users import associate_faces, create_user
from reknown.gallery.vectors.slabs import Slab
from reknown.storage.database import reading
from unit.gallery.indexes import look
from unit.gallery.upgrading import prepare

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from reknown.biometrics.records import FaceRecord, ImageRecord, NewFace

    Add = Callable[[int], list[FaceRecord]]

MANY = 10**9
NAME = "friends"
# Of the dimension of the tests' first space.
ALIKE = TemplateSpace("alike", "ef" * 32, 4)


@pytest.fixture(autouse=True)
def _eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is new is worth a snapshot."""
    monkeypatch.setattr(living, "_WORTH", 0)
    monkeypatch.setattr(living, "_MOST_BEHIND", 0)
    monkeypatch.setattr(living, "_ROOMS", (16, 32))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def snapshots(own_engine: Engine, folder: Path, space: TemplateSpace) -> Snapshots:
    with own_engine.begin() as connection:
        create_collection(connection, NAME, space)
    return Snapshots(own_engine, folder)


@pytest.fixture
def add(
    own_engine: Engine, image: Callable[[int], ImageRecord], face: Callable[[int], NewFace]
) -> Add:
    numbers = count(1)

    def add_some(faces: int) -> list[FaceRecord]:
        new = [face(next(numbers)) for _ in range(faces)]
        with own_engine.begin() as connection:
            return add_faces(connection, NAME, image(next(numbers)), new)

    return add_some


def cold(engine: Engine, snapshots: Snapshots) -> int:
    """How many faces a process that begins has to read, whose index is right at last."""
    read: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        stream = stream_changes

        def counted(*arguments: object) -> object:
            for keys, *columns in stream(*arguments):  # type: ignore[arg-type]
                read.extend(keys.tolist())
                yield keys, *columns

        patch.setattr(living, "stream_changes", counted)
        look(IndexCache(MANY), engine, NAME)
    snapshots.close()
    return len(read)


def opened(engine: Engine, snapshots: Snapshots, seen: Connection | None = None) -> bytes:
    """The scales of all rows in the file, to whoever has its key."""
    with reading(engine) as other:
        connection = seen or other
        found = snapshots.load(connection, require(connection, NAME), 0)
    assert found is not None
    return b"".join(slab.scales.tobytes() for slab in found[0])


def test_what_a_file_holds_is_not_read_again(
    own_engine: Engine, snapshots: Snapshots, folder: Path, add: Add
) -> None:
    first = add(40)
    assert cold(own_engine, snapshots) == 40
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert cold(own_engine, snapshots) == 0
    add(2)
    with own_engine.begin() as connection:
        create_user(connection, NAME, "Ada")
        associate_faces(connection, NAME, "Ada", [first[3].face_id])
        delete_faces(connection, NAME, [first[5].face_id, first[30].face_id])
    assert cold(own_engine, snapshots) == 3
    assert cold(own_engine, snapshots) == 0
    # the one before is gone
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("share", [0, 0.01, 0.3, 0.6, 0.9, 0.99, 1])
def test_a_file_with_one_flipped_bit_is_made_anew(
    own_engine: Engine,
    snapshots: Snapshots,
    folder: Path,
    add: Add,
    caplog: pytest.LogCaptureFixture,
    share: float,
) -> None:
    add(40)
    cold(own_engine, snapshots)
    (file,) = folder.iterdir()
    data = bytearray(file.read_bytes())
    data[int(share * (len(data) - 1))] ^= 4
    file.write_bytes(data)
    assert cold(own_engine, snapshots) == 40
    assert "is made anew: the file is" in caplog.text
    assert cold(own_engine, snapshots) == 0


@pytest.mark.parametrize("left", [0, 7, 100, -1])
def test_a_file_that_is_too_short_is_made_anew(
    own_engine: Engine, snapshots: Snapshots, folder: Path, add: Add, left: int
) -> None:
    add(40)
    cold(own_engine, snapshots)
    (file,) = folder.iterdir()
    file.write_bytes(file.read_bytes()[:left])
    assert cold(own_engine, snapshots) == 40


@pytest.mark.parametrize("contents", [b'{"version": 1}', b'{"version": 99, %s', b"no JSON"])
def test_the_file_of_another_release_is_made_anew(
    own_engine: Engine, snapshots: Snapshots, folder: Path, add: Add, contents: bytes
) -> None:
    add(40)
    cold(own_engine, snapshots)
    (file,) = folder.iterdir()
    data = file.read_bytes()
    length = int.from_bytes(data[-8:], "little")
    if b"%s" in contents:
        contents %= data[-8 - length : -8].partition(b",")[2]
    file.unlink()
    digest = sha256(contents).hexdigest()
    end = contents + len(contents).to_bytes(8, "little")
    (folder / f"{file.name.partition('-')[0]}-{digest}.index").write_bytes(
        data[: -8 - length] + end
    )
    with own_engine.begin() as connection:
        connection.execute(update(index_snapshots).values(digest=digest))
    assert cold(own_engine, snapshots) == 40
    assert cold(own_engine, snapshots) == 0


def test_the_file_of_another_history_is_not_believed(
    own_engine: Engine, snapshots: Snapshots, folder: Path, add: Add
) -> None:
    faces = add(40)
    cold(own_engine, snapshots)
    (file,) = folder.iterdir()
    kept = file.read_bytes()
    with own_engine.begin() as connection:
        delete_faces(connection, NAME, [faces[1].face_id])
    # as it was before, under both names
    (new,) = folder.iterdir()
    assert new.name != file.name
    for path in (new, file):
        path.write_bytes(kept)
    assert cold(own_engine, snapshots) == 39


def test_what_is_deleted_is_overwritten_before_the_deletion_ends(
    own_engine: Engine, snapshots: Snapshots, folder: Path, add: Add, space: TemplateSpace
) -> None:
    add(40)
    (gone,) = add(1)
    cold(own_engine, snapshots)
    with reading(own_engine) as connection:
        index = IndexCache(MANY).current(connection, NAME)
    view, row = index.slabs[-1], index.slabs[-1].rows - 1
    scale = view.scales[row].tobytes()
    (file,) = folder.iterdir()
    assert scale not in file.read_bytes()  # all of it is sealed
    assert scale in opened(own_engine, snapshots)
    with own_engine.begin() as connection:
        delete_faces(connection, NAME, [gone.face_id])
        assert scale not in opened(own_engine, snapshots, connection)
    assert cold(own_engine, snapshots) == 0


def test_a_deletion_that_is_taken_back(
    own_engine: Engine, snapshots: Snapshots, folder: Path, add: Add
) -> None:
    faces = add(40)
    cold(own_engine, snapshots)
    with own_engine.connect() as connection:
        delete_faces(connection, NAME, [faces[0].face_id])
        connection.rollback()
    # the face is not in the file any more, and the file not known
    assert cold(own_engine, snapshots) == 40
    assert cold(own_engine, snapshots) == 0
    assert len(list(folder.iterdir())) == 1


def test_a_damaged_file_does_not_keep_a_face_from_being_deleted(
    own_engine: Engine, snapshots: Snapshots, folder: Path, add: Add
) -> None:
    faces = add(40)
    cold(own_engine, snapshots)
    (file,) = folder.iterdir()
    file.write_bytes(b"nonsense")
    with own_engine.begin() as connection:
        delete_faces(connection, NAME, [faces[0].face_id])
    assert list(folder.iterdir()) == []
    assert cold(own_engine, snapshots) == 39


def test_nothing_is_kept_of_a_deleted_collection_or_a_former_space(
    own_engine: Engine, snapshots: Snapshots, folder: Path, add: Add
) -> None:
    add(40)
    cold(own_engine, snapshots)
    with own_engine.begin() as connection:
        prepare(connection, NAME)
        switch(connection, NAME, to_target=True)
        assert list(folder.iterdir()) == []
    assert cold(own_engine, snapshots) == 40
    with own_engine.begin() as connection:
        delete_collection(connection, NAME)
        assert list(folder.iterdir()) == []


@pytest.mark.parametrize("switches", [False, True])
def test_what_is_deleted_or_replaced_while_a_file_is_written_is_not_in_it(
    own_engine: Engine,
    snapshots: Snapshots,
    folder: Path,
    add: Add,
    switches: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    faces = add(40)
    writing, deleted = threading.Event(), threading.Event()
    arrays = Slab.arrays

    def waiting(slab: Slab, rows: int) -> object:
        writing.set()
        deleted.wait(30)
        return arrays(slab, rows)

    with monkeypatch.context() as patch:
        patch.setattr(Slab, "arrays", waiting)
        look(IndexCache(MANY), own_engine, NAME)
        assert writing.wait(30)
        with own_engine.begin() as connection:
            if switches:
                prepare(connection, NAME, ALIKE)
                switch(connection, NAME, to_target=True)
            else:
                delete_faces(connection, NAME, [faces[0].face_id])
        deleted.set()
        snapshots.close()
    assert list(folder.iterdir()) == []
    assert cold(own_engine, snapshots) == (40 if switches else 39)


def test_a_file_of_before_a_switch_is_not_believed_whoever_switched(
    own_engine: Engine, snapshots: Snapshots, add: Add
) -> None:
    add(40)
    cold(own_engine, snapshots)
    own_engine.update_execution_options(snapshots=None)  # as on another machine
    with own_engine.begin() as connection:
        prepare(connection, NAME, ALIKE)
        switch(connection, NAME, to_target=True)
    own_engine.update_execution_options(snapshots=snapshots)
    assert cold(own_engine, snapshots) == 40
    assert cold(own_engine, snapshots) == 0


def test_a_database_that_fails_once_does_not_leave_the_index_empty(
    own_engine: Engine, snapshots: Snapshots, add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> object:
        raise RuntimeError("the connection is lost")

    add(40)
    cold(own_engine, snapshots)
    cache = IndexCache(MANY)
    with monkeypatch.context() as patch, reading(own_engine) as connection:
        patch.setattr(living, "stream_changes", failing)
        with pytest.raises(RuntimeError, match="lost"):
            cache.current(connection, NAME)
    # the file was as new as the database: nothing has changed since
    assert look(cache, own_engine, NAME).references == 40


def test_a_damaged_file_that_cannot_be_wiped_costs_time_alone(
    own_engine: Engine,
    snapshots: Snapshots,
    folder: Path,
    add: Add,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(_: object) -> None:
        raise PermissionError("read-only file system")

    add(40)
    cold(own_engine, snapshots)
    (file,) = folder.iterdir()
    file.write_bytes(b"nonsense")
    monkeypatch.setattr(snapshots_module, "_wipe", refuse)
    assert cold(own_engine, snapshots) == 40
    assert "is made anew: the file is" in caplog.text


def test_a_file_that_a_killed_process_left_goes_with_the_next_deletion(
    own_engine: Engine, snapshots: Snapshots, folder: Path, add: Add
) -> None:
    faces = add(40)
    cold(own_engine, snapshots)
    (file,) = folder.iterdir()
    owner = file.name.partition("-")[0]
    # between its renaming and the commit, and before
    left = folder / f"{owner}-{'ab' * 32}.index", folder / f"{owner}-xyz.unfinished"
    others = folder / "99-abc.index", folder / "99-xyz.unfinished", folder / f"{owner}-w.unfinished"
    for path in (*left, *others):
        path.write_bytes(b"who is deleted now")
    with others[-1].open("rb") as written:
        fcntl.flock(written, fcntl.LOCK_EX)  # another process is at it
        with own_engine.begin() as connection:
            delete_faces(connection, NAME, [faces[0].face_id])
    (kept,) = set(folder.iterdir()) - set(others)
    assert kept not in left
    assert cold(own_engine, snapshots) == 0


def test_a_deletion_during_the_removal_of_another_is_not_forgotten(
    own_engine: Engine, snapshots: Snapshots, add: Add
) -> None:
    asked: list[int] = []

    def again() -> None:
        asked.append(len(asked))
        if len(asked) == 1:
            snapshots._later(NAME, 1, "remove", again)

    snapshots._later(NAME, 1, "remove", again)
    for _ in range(2):
        snapshots.close()
    assert asked == [0, 1]


def test_a_folder_that_cannot_be_written_to_costs_time_alone(
    own_engine: Engine,
    snapshots: Snapshots,
    folder: Path,
    add: Add,
    caplog: pytest.LogCaptureFixture,
) -> None:
    folder.write_bytes(b"in the way")
    add(20)
    assert cold(own_engine, snapshots) == 20
    assert "no snapshot of the index of friends" in caplog.text
    assert cold(own_engine, snapshots) == 20


def test_two_data_folders_of_one_database_do_not_disturb_each_other(
    own_engine: Engine, snapshots: Snapshots, tmp_path: Path, add: Add
) -> None:
    add(30)
    assert cold(own_engine, snapshots) == 30
    other = Snapshots(own_engine, tmp_path / "other")
    assert cold(own_engine, other) == 30
    assert cold(own_engine, other) == 0
    with reading(own_engine) as connection:
        loaded = snapshots.load(connection, require(connection, NAME), 16)
    assert loaded is not None
    slabs, _ = loaded
    assert sum(slab.rows for slab in slabs) == 30
    assert np.all(np.diff(np.concatenate([slab.keys[: slab.rows] for slab in slabs])) > 0)


def test_what_nobody_knows_is_swept_when_it_is_old(
    own_engine: Engine, snapshots: Snapshots, folder: Path, add: Add, tmp_path: Path
) -> None:
    add(30)
    cold(own_engine, snapshots)
    (kept,) = folder.iterdir()
    owner = kept.name.partition("-")[0]
    old, young = folder / f"{owner}-abc.index", folder / f"{owner}-x.unfinished"
    for path in (old, young, folder / "77-abc.index", folder / "77-x.unfinished"):
        path.write_bytes(b"what was somebody's")
    os.utime(old, (0, 0))
    os.utime(kept, (0, 0))
    open_snapshots(own_engine, tmp_path).close()
    assert sorted(folder.iterdir()) == sorted([kept, young])


@pytest.mark.parametrize("again", [False, True])
def test_a_collection_that_another_machine_deleted_leaves_no_file_here(
    own_engine: Engine,
    snapshots: Snapshots,
    folder: Path,
    tmp_path: Path,
    add: Add,
    space: TemplateSpace,
    again: bool,
) -> None:
    add(40)
    cache = IndexCache(MANY)
    look(cache, own_engine, NAME)
    snapshots.close()
    Snapshots(own_engine, tmp_path / "elsewhere")
    with own_engine.begin() as connection:
        delete_collection(connection, NAME)
        if again:
            create_collection(connection, NAME, space)
    own_engine.update_execution_options(snapshots=snapshots)
    assert len(list(folder.iterdir())) == 1
    with reading(own_engine) as connection:
        if again:
            assert cache.current(connection, NAME).references == 0
        else:
            with pytest.raises(NotFoundError):
                cache.current(connection, NAME)
    snapshots.close()
    assert list(folder.iterdir()) == []


def test_what_another_machine_deleted_is_overwritten_here_at_the_next_search(
    own_engine: Engine, snapshots: Snapshots, folder: Path, tmp_path: Path, add: Add
) -> None:
    faces = add(40)
    cache = IndexCache(MANY)
    look(cache, own_engine, NAME)
    snapshots.close()
    elsewhere = Snapshots(own_engine, tmp_path / "elsewhere")
    with own_engine.begin() as connection:
        delete_faces(connection, NAME, [faces[0].face_id])
    elsewhere.close()
    own_engine.update_execution_options(snapshots=snapshots)
    (before,) = folder.iterdir()
    look(cache, own_engine, NAME)
    snapshots.close()
    (after,) = folder.iterdir()
    assert before.name != after.name
    assert cold(own_engine, snapshots) == 0


def test_what_was_deleted_too_long_ago_to_be_told_takes_the_file_with_it(
    own_engine: Engine,
    snapshots: Snapshots,
    folder: Path,
    add: Add,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deletions, "_REMEMBERED", 2)
    faces = add(40)
    cache = IndexCache(MANY)
    look(cache, own_engine, NAME)
    snapshots.close()
    (before,) = folder.iterdir()
    own_engine.update_execution_options(snapshots=None)
    for face in faces[:5]:
        with own_engine.begin() as connection:
            delete_faces(connection, NAME, [face.face_id])
    own_engine.update_execution_options(snapshots=snapshots)
    look(cache, own_engine, NAME)
    snapshots.close()
    assert before not in folder.iterdir()
    look(IndexCache(MANY), own_engine, NAME)
    snapshots.close()


def test_what_is_wiped_is_overwritten(
    own_engine: Engine, snapshots: Snapshots, folder: Path, tmp_path: Path, add: Add
) -> None:
    add(40)
    cold(own_engine, snapshots)
    (file,) = folder.iterdir()
    size = file.stat().st_size
    (tmp_path / "disk").hardlink_to(file)
    with own_engine.begin() as connection:
        delete_collection(connection, NAME)
    assert (tmp_path / "disk").read_bytes() == bytes(size)


def test_it_is_known_up_to_when_a_file_has_nothing_deleted(
    own_engine: Engine, snapshots: Snapshots, add: Add
) -> None:
    faces = add(40)
    cold(own_engine, snapshots)
    with own_engine.begin() as connection:
        delete_faces(connection, NAME, [faces[7].face_id])
    with reading(own_engine) as connection:
        (known,) = connection.execute(select(index_snapshots))
        row = require(connection, NAME)
    assert known.revision < known.pruned == row.pruned == row.revision


def test_who_begins_waits_for_who_overwrites(
    own_engine: Engine, snapshots: Snapshots, folder: Path, add: Add
) -> None:
    add(40)
    cold(own_engine, snapshots)
    (file,) = folder.iterdir()
    kept = file.read_bytes()
    with file.open("r+b") as other, ThreadPoolExecutor(1) as pool:
        fcntl.flock(other, fcntl.LOCK_EX)
        other.write(bytes(100))
        other.flush()
        begun = pool.submit(cold, own_engine, snapshots)
        with pytest.raises(TimeoutError):
            begun.result(0.2)
        other.seek(0)
        other.write(kept)
        other.flush()
        fcntl.flock(other, fcntl.LOCK_UN)
        assert begun.result(30) == 0
