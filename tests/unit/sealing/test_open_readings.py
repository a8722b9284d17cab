"""Keys are those of now: nobody who began to read before an erasure opens anything after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from sqlalchemy import select

from reknown.biometrics.errors import NotFoundError
from reknown.gallery.faces import faces_of_keys, list_faces
from reknown.gallery.schema import faces
from reknown.gallery.templates import StoredTemplates
from reknown.gallery.users import delete_user, get_user, list_users
from reknown.services.galleries.erasure import erase_subject
from reknown.storage.database import reading
from remains import enrol
from sealed_galleries import gallery

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who erases waits for readers, and these stay."""
    monkeypatch.setattr("reknown.storage.erasure._PATIENCE", 0.2)


def _opened(connection: Connection) -> dict[str, list[str]]:
    """Whom each way to read a gallery tells of."""
    keys = list(connection.execute(select(faces.c.id).order_by(faces.c.id)).scalars())
    fetched, _ = StoredTemplates(connection, 128).fetch(np.array(keys))
    candidates = faces_of_keys(connection, keys).values()
    return {
        "page": sorted(str(face.user) for face in list_faces(connection, "friends").items),
        "candidates": sorted(str(face.user) for face in candidates),
        "users": sorted(user.name for user in list_users(connection, "friends").items),
        "templates": sorted(f"person-{keys.index(key):06d}" for key in fetched),
    }


def test_what_another_process_erases_does_not_open_in_a_reading_that_has_opened_it(
    location: str, tmp_path: Path
) -> None:
    folder, people = tmp_path / "data", [f"person-{number:06d}" for number in range(3)]
    with gallery(location, folder) as (context, _), gallery(location, folder) as (other, _):
        for number in range(3):
            enrol(context.database, number)
        with reading(context.database) as connection:
            assert all(told == people for told in _opened(connection).values())
            assert get_user(connection, "friends", people[1]).name == people[1]
            erase_subject(other, "friends", people[1])
            # its rows are seen as they were
            assert len(connection.execute(select(faces.c.id)).all()) == len(people)
            left = [people[0], people[2]]
            assert all(told == left for told in _opened(connection).values())
            with pytest.raises(NotFoundError, match=people[1]):
                get_user(connection, "friends", people[1])


def test_a_user_that_goes_meanwhile_leaves_its_faces_without_one(
    location: str, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    with gallery(location, folder) as (context, _), gallery(location, folder) as (other, _):
        enrol(context.database, 1)
        with reading(context.database) as connection:
            (face,) = list_faces(connection, "friends").items
            assert face.user == "person-000001"
            with other.database.begin() as writing:
                delete_user(writing, "friends", "person-000001")
            (face,) = list_faces(connection, "friends").items
            assert (face.user, face.external_id) == (None, "external-000001")
