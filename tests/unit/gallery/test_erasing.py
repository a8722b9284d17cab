"""Whatever deletes or replaces what is somebody's: afterwards no file of the data folder has it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.records import Profile
from reknown.biometrics.sightings import Medium, MediumKind, Sighting
from reknown.gallery.collections import create_collection, remove_tags, set_tags
from reknown.gallery.faces import list_faces
from reknown.gallery.sightings import (
    SightingChoice,
    delete_sightings,
    keep_sightings,
    purge_sightings,
)
from reknown.gallery.switching import switch
from reknown.gallery.users import set_profile
from reknown.jobs import queue, results
from reknown.jobs.queue import Ending, NewJob, State
from reknown.storage.database import close_database, open_database
from remains import SPACE, enrol, held_open, remains, traces, unit
from unit.gallery.upgrading import end, prepare

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reknown.storage.database import Database

SOON = datetime.now(UTC) + timedelta(days=1)
PAST = datetime.now(UTC) - timedelta(seconds=1)
VIDEO = "1a" * 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def database(folder: Path) -> Iterator[Database]:
    """With the collection `friends`, and open in another process too."""
    database = open_database(folder)
    with database.begin() as connection:
        create_collection(connection, "friends", SPACE)
    with held_open(folder):
        yield database
    close_database(database)


def keep(database: Database, seed: int, until: datetime) -> tuple[bytes, bytes]:
    """Keeps a track of the same video each time; what of it could be read."""
    box, name = BoundingBox(0, 0, 1, 1), f"film-{seed:06d}.mp4"
    template = unit(seed, SPACE.dimension)
    medium = Medium(VIDEO, MediumKind.VIDEO, name)
    seen = Sighting(str(uuid4()), medium, 0, 9, 4, box, 0.9, 60, True, 3, template)
    with database.begin() as connection:
        keep_sightings(connection, "friends", medium, [seen], SPACE, until)
    return template.astype("<f4").tobytes(), name.encode()


def test_kept_tracks_that_expire(database: Database, folder: Path) -> None:
    pieces = keep(database, 1, PAST)
    assert remains(folder, *pieces)
    with database.begin() as connection:
        assert len(purge_sightings(connection, "friends")) == 1
    assert not remains(folder, *pieces)


def test_kept_tracks_that_are_deleted_or_replaced(database: Database, folder: Path) -> None:
    first = keep(database, 1, SOON)
    second = keep(database, 2, SOON)
    assert not remains(folder, *first)
    with database.begin() as connection:
        delete_sightings(connection, "friends", SightingChoice())
    assert not remains(folder, *second)


def test_templates_of_the_former_pack(database: Database, folder: Path) -> None:
    enrol(database, 1)
    former, *names = traces(1)
    with database.begin() as connection:
        made = prepare(connection, "friends")
        switch(connection, "friends", to_target=True)
    assert remains(folder, former)  # there is a way back
    with database.begin() as connection:
        end(connection, "friends")
    assert not remains(folder, former)
    with database.begin() as connection:
        assert len(list_faces(connection, "friends").items) == 1
    (face,) = made.values()
    assert remains(folder, face.template.vector.astype("<f4").tobytes(), *names)


def test_what_is_told_of_a_user(database: Database, folder: Path) -> None:
    enrol(database, 1)
    for urls in (("https://example.com/ada",), ()):
        with database.begin() as connection:
            set_profile(connection, "friends", "person-000001", Profile(urls))
    assert not remains(folder, b"https://example.com/ada")


def test_tags_that_are_removed_or_replaced(database: Database, folder: Path) -> None:
    for value in ("first-value-of-it", "second-value-of-it"):
        with database.begin() as connection:
            set_tags(connection, "friends", {"key-of-a-tag": value})
    assert not remains(folder, b"first-value-of-it")
    with database.begin() as connection:
        remove_tags(connection, "friends", ["key-of-a-tag"])
    assert not remains(folder, b"second-value-of-it", b"key-of-a-tag")


def test_jobs_that_expire(
    database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "RETENTION", timedelta(0))
    request = '{"video": "film-of-somebody.mp4"}'
    with database.begin() as connection:
        queue.add(connection, NewJob("search", "tester", "friends", request))
        lease = queue.claim(connection, timedelta(minutes=1))
        assert lease is not None
        ending = Ending(State.SUCCEEDED, "message-of-the-end", "info-of-a-film")
        assert queue.finish(connection, lease, ending)
        results.store(
            connection, lease.job, [results.ResultPart("time", 0, 1, b"face-of-somebody")]
        )
    pieces = b"film-of-somebody", b"message-of-the-end", b"info-of-a-film", b"face-of-somebody"
    assert remains(folder, *pieces)
    with database.begin() as connection:
        assert queue.purge(connection) == 1
    assert not remains(folder, *pieces)
