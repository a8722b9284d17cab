"""Names open for their own record alone, and are found while some are sealed and others are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from reknown.biometrics.errors import AlreadyExistsError
from reknown.biometrics.records import KnownGender, Profile
from reknown.gallery.collections import create_collection
from reknown.gallery.faces import faces_from, find_external_ids, list_faces, set_origin
from reknown.gallery.schema import collections, faces, images, users
from reknown.gallery.sealing import count_unsealed, seal_portion
from reknown.gallery.users import (
    create_user,
    ensure_users,
    get_user,
    list_users,
    rename_user,
    set_profile,
)
from reknown.sealing.ciphers import SealError
from reknown.services import sealing
from reknown.services.galleries.collections import delete_collection
from reknown.services.galleries.erasure import erase_subject
from reknown.storage.database import close_database, open_database, reading
from remains import SPACE, enrol, remains, traces
from sealed_galleries import gallery, place
from unit.sealing.test_sealing import kept

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from reknown.sealing.keyring import Keyring

PEOPLE = [f"person-{number:06d}" for number in range(3)]
_TOLD = Profile(("https://example.org/person",), KnownGender.FEMALE)
_FOLDER = "/holidays/person"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def _told(connection: Connection) -> list[tuple[str | None, str, str | None]]:
    """What each face, its image and its user are called."""
    found = list_faces(connection, "friends").items
    return sorted((face.external_id, face.image.name, face.user) for face in found)


def _expected(people: int = 3) -> list[tuple[str, str, str]]:
    named = range(people)
    return [
        (f"external-{number:06d}", f"picture-{number:06d}.jpg", f"person-{number:06d}")
        for number in named
    ]


def _unseal(connection: Connection, keyring: Keyring) -> None:
    """As release 0.17 stored it: templates are sealed, names are not."""
    for face in list_faces(connection, "friends").items:
        own = faces.c.face_id == face.face_id
        connection.execute(
            update(faces).where(own).values(sealed_names=None, external_id=face.external_id)
        )
        its = images.c.sha256 == face.image.sha256
        connection.execute(update(images).where(its).values(name=face.image.name))
    for user in list_users(connection, "friends").items:
        plain = {"name_key": user.name, "sealed_names": None, "sealing_key": None}
        connection.execute(update(users).where(users.c.subject_id == user.subject_id).values(plain))
    connection.execute(update(collections).values(sealing_key=None))
    keyring.expect_sealed(everywhere=False)


def test_a_name_in_another_row_is_refused(location: str, folder: Path) -> None:
    with gallery(location, folder) as (context, _):
        for number in range(2):
            enrol(context.database, number)
        with context.database.begin() as connection:
            first, second = list_users(connection, "friends").items
            its = select(users.c.sealed_names).where(users.c.subject_id == first.subject_id)
            changed = update(users).where(users.c.subject_id == second.subject_id)
            connection.execute(changed.values(sealed_names=connection.execute(its).scalar_one()))
        told = f"the name of user {second.subject_id} was not sealed for it"
        with reading(context.database) as connection:
            with pytest.raises(SealError, match=told):
                list_users(connection, "friends")
            with pytest.raises(SealError, match=told):
                list_faces(connection, "friends")
            assert get_user(connection, "friends", first.name).name == first.name


def test_a_name_of_another_face_or_a_template_is_refused(location: str, folder: Path) -> None:
    with gallery(location, folder) as (context, _):
        one, two = (enrol(context.database, number) for number in range(2))
        for column, row in ((faces.c.sealed_names, two), (faces.c.template, one)):
            with context.database.begin() as connection:
                its = select(column).where(faces.c.face_id == row)
                changed = update(faces).where(faces.c.face_id == one)
                connection.execute(
                    changed.values(sealed_names=connection.execute(its).scalar_one())
                )
            with (
                reading(context.database) as connection,
                pytest.raises(SealError, match=f"the name of face {one} was not sealed for it"),
            ):
                list_faces(connection, "friends")


def test_a_name_in_the_clear_is_refused_once_all_are_sealed(location: str, folder: Path) -> None:
    with gallery(location, folder) as (context, _):
        enrol(context.database, 1)
    with gallery(location, folder) as (context, keyring):
        assert keyring.all_sealed()
        with context.database.begin() as connection:
            (user,) = list_users(connection, "friends").items
            plain = {"name_key": "Mallory", "sealed_names": None, "sealing_key": None}
            connection.execute(update(users).values(plain))
        with (
            reading(context.database) as connection,
            pytest.raises(SealError, match=f"name of user {user.subject_id} was never sealed"),
        ):
            list_users(connection, "friends")


def test_names_are_found_whether_they_are_sealed_or_not(location: str, folder: Path) -> None:
    with gallery(location, folder) as (context, keyring):
        for number in range(3):
            enrol(context.database, number)
        with context.database.begin() as connection:
            _unseal(connection, keyring)
        sealed = 1
        while sealed:
            with context.database.begin() as connection:
                sealed = seal_portion(connection, 1)
                ids = [user.subject_id for user in list_users(connection, "friends").items]
                assert [get_user(connection, "friends", each).subject_id for each in PEOPLE] == ids
                assert _told(connection) == _expected()
                owner = connection.execute(select(collections.c.id)).scalar_one()
                assert len(set(ensure_users(connection, owner, PEOPLE).values())) == 3
                with pytest.raises(AlreadyExistsError):
                    create_user(connection, "friends", PEOPLE[2])
                with pytest.raises(AlreadyExistsError):
                    rename_user(connection, "friends", PEOPLE[0], PEOPLE[2])
                assert len(list_users(connection, "friends").items) == 3
        with reading(context.database) as connection:
            assert count_unsealed(connection) == 0


def test_names_beside_sealed_templates_are_sealed_when_the_database_is_opened(
    location: str, folder: Path
) -> None:
    with gallery(location, folder) as (context, keyring):
        for number in range(3):
            enrol(context.database, number)
        with context.database.begin() as connection:
            _unseal(connection, keyring)
        assert remains(folder, *traces(1)[1:]) or "://" in location
    with gallery(location, folder) as (context, keyring):
        assert not remains(folder, *(each for number in range(3) for each in traces(number)))
        assert keyring.all_sealed()
        with reading(context.database) as connection:
            assert _told(connection) == _expected()
            assert connection.execute(select(users.c.name_key)).scalars().all() != PEOPLE


def test_many_names_wait_and_all_goes_on(
    location: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_database(place(location))
    with database.begin() as connection:
        create_collection(connection, "friends", SPACE)
    for number in range(3):
        enrol(database, number)
    close_database(database)
    with monkeypatch.context() as patch:
        patch.setattr(sealing, "_FEW", 2)
        with gallery(location, folder) as (context, _):
            with context.database.begin() as connection:
                assert _told(connection) == _expected()
                rename_user(connection, "friends", PEOPLE[0], "Ada")
                set_profile(connection, "friends", PEOPLE[1], _TOLD)
            enrol(context.database, 3)
            erase_subject(context, "friends", PEOPLE[2])
            with reading(context.database) as connection:
                assert count_unsealed(connection)
    with gallery(location, folder) as (context, _), reading(context.database) as connection:
        assert count_unsealed(connection) == 0
        found = list_users(connection, "friends").items
        assert [user.name for user in found] == ["Ada", PEOPLE[1], "person-000003"]
        assert found[1].profile == _TOLD


def test_a_folder_is_found_by_its_hash(location: str, folder: Path) -> None:
    with gallery(location, folder) as (context, _):
        face = enrol(context.database, 1)
        with context.database.begin() as connection:
            set_origin(connection, "friends", [f"{1:064x}"], _FOLDER)
        assert not remains(folder, _FOLDER.encode())
        with reading(context.database) as connection:
            (found,) = faces_from(connection, "friends", _FOLDER)
            assert (found.face_id, found.image.origin) == (face, _FOLDER)
            assert not faces_from(connection, "friends", f"{_FOLDER}s")
            assert find_external_ids(connection, [face]) == {face: "external-000001"}


def test_equal_names_of_two_collections_have_other_hashes_and_a_collection_takes_its_key_along(
    location: str, folder: Path
) -> None:
    with gallery(location, folder) as (context, keyring):
        with context.database.begin() as connection:
            create_collection(connection, "others", SPACE)
            create_user(connection, "friends", "Ada")
            create_user(connection, "others", "Ada")
            hashes = connection.execute(select(users.c.name_key)).scalars().all()
        assert len(set(hashes)) == 2
        assert len(kept(keyring)) == 4
        delete_collection(context, "friends")
        assert len(kept(keyring)) == 2
