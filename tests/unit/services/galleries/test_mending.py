from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from contexts import events, faces, user_names
from reknown.biometrics.errors import AlreadyExistsError, InputError, NotFoundError
from reknown.biometrics.records import Profile
from reknown.gallery import groups
from reknown.gallery.cache import IndexCache
from reknown.gallery.collections import claim
from reknown.ledger.records import MergeUsersRecord, MoveFacesRecord, RenameUserRecord
from reknown.services.galleries.mending import merge_users, move_faces, rename_user
from reknown.services.galleries.users import describe_user, look_up_user
from reknown.services.searches.images import identify
from reknown.services.searches.search import Query
from reknown.storage.database import open_database, reading

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reknown.services.context import Context
    from reknown.services.galleries.enrolment import EnrolmentResult

    Enrol = Callable[..., EnrolmentResult]

COMPOSED, DECOMPOSED = "Jos\u00e9", "Jose\u0301"


@pytest.fixture
def two(enrol: Enrol, eileen: bytes, grace: bytes) -> list[str]:
    """A face of Eileen, one of Grace and another of her."""
    done = [enrol(eileen, "Eileen"), enrol(grace, "Grace"), enrol(grace + b"2", "Grace")]
    return [result.face.face_id for result in done if result.face is not None]


def _owners(context: Context) -> dict[str, str | None]:
    return {face.face_id: face.user for face in faces(context)}


def test_a_renamed_person_stays_the_same_subject(
    context: Context, collection: str, two: list[str]
) -> None:
    before = look_up_user(context, collection, "Grace")
    assert rename_user(context, collection, "Grace", "Rear Admiral") == ("Grace", "Rear Admiral")
    after = look_up_user(context, collection, "Rear Admiral")
    assert (after.subject_id, after.faces) == (before.subject_id, 2)
    assert user_names(context) == ["Eileen", "Rear Admiral"]
    (event,) = events(context, "rename user")
    assert event.record == RenameUserRecord(before.subject_id)
    rename_user(context, collection, "Rear Admiral", "Grace")
    assert _owners(context) == dict(zip(two, ("Eileen", "Grace", "Grace"), strict=True))


@pytest.mark.parametrize("how", ["rename", "merge", "move"])
def test_searches_of_another_process_see_it_at_once(
    context: Context, collection: str, two: list[str], tmp_path: Path, eileen: bytes, how: str
) -> None:
    """Whose templates are held in memory, by the revision that they were read at."""
    other = open_database(tmp_path / "data")
    elsewhere = replace(context.platform, database=other, indexes=IndexCache(2**20))

    def found() -> str | None:
        ((only, *_),) = identify(
            replace(context, platform=elsewhere), Query("people"), eileen
        ).found.rows
        return only.user

    assert found() == "Eileen"
    if how == "rename":
        rename_user(context, collection, "Eileen", "Ada")
    elif how == "merge":
        merge_users(context, collection, "Eileen", "Grace")
    else:
        move_faces(context, collection, two[:1], "Ada")
    assert found() == ("Grace" if how == "merge" else "Ada")
    other.dispose()


def test_what_cannot_be_renamed(context: Context, collection: str, two: list[str]) -> None:
    with pytest.raises(NotFoundError):
        rename_user(context, collection, "Nobody", "Ada")
    with pytest.raises(AlreadyExistsError, match="merge"):
        rename_user(context, collection, "Grace", "Eileen")
    for name in ("", "a" * 256, "a\0b", "a\ud800"):
        with pytest.raises(InputError):
            rename_user(context, collection, "Grace", name)
    with pytest.raises(NotFoundError):
        rename_user(context, "nowhere", "Grace", "Ada")
    assert not events(context, "rename user")
    assert set(_owners(context)) == set(two)


@pytest.mark.parametrize("stored", [COMPOSED, DECOMPOSED])
@pytest.mark.parametrize("said", [COMPOSED, DECOMPOSED])
def test_names_that_look_the_same_are_one(
    context: Context, collection: str, enrol: Enrol, eileen: bytes, stored: str, said: str
) -> None:
    enrol(eileen, "Eileen")
    rename_user(context, collection, "Eileen", stored)
    assert user_names(context) == [COMPOSED]
    assert rename_user(context, collection, said, "Ada") == (COMPOSED, "Ada")


def test_a_decomposed_name_of_old_can_be_mended(
    context: Context, collection: str, enrol: Enrol, eileen: bytes
) -> None:
    enrol(eileen, "Eileen")
    with context.database.begin() as connection:
        connection.exec_driver_sql("UPDATE users SET name_key = ?", (DECOMPOSED,))
    assert rename_user(context, collection, COMPOSED, COMPOSED) == (DECOMPOSED, COMPOSED)


def test_two_people_are_made_one(context: Context, collection: str, two: list[str]) -> None:
    gone = look_up_user(context, collection, "Grace")
    kept = look_up_user(context, collection, "Eileen")
    describe_user(context, collection, "Grace", Profile(("example.org",)))
    done = merge_users(context, collection, "Grace", "Eileen")
    assert ([face.face_id for face in done.faces], done.into) == (two[1:], "Eileen")
    assert done.merged.profile.urls == ("example.org",)
    assert user_names(context) == ["Eileen"]
    assert set(_owners(context).values()) == {"Eileen"}
    (event,) = events(context, "merge users")
    assert event.record == MergeUsersRecord(kept.subject_id, gone.subject_id, tuple(two[1:]), ())


def test_sightings_of_that_name_are_the_other_persons(
    context: Context, collection: str, two: list[str]
) -> None:
    with context.database.begin() as connection:
        number = groups.make_group(connection, claim(connection, collection).id)
        groups.name_group(connection, collection, number, "Grace")
    assert merge_users(context, collection, "Grace", "Eileen").groups == (number,)
    with reading(context.database) as connection:
        assert groups.groups_of(connection, collection, "Eileen") == [number]
    assert set(_owners(context)) == set(two)


def test_who_cannot_be_merged(context: Context, collection: str, two: list[str]) -> None:
    for name, into in (("Nobody", "Grace"), ("Grace", "Nobody")):
        with pytest.raises(NotFoundError):
            merge_users(context, collection, name, into)
    with pytest.raises(InputError, match="same person"):
        merge_users(context, collection, "Grace", "Grace")
    assert len(_owners(context)) == len(two)


def test_faces_are_given_to_whom_they_show(
    context: Context, collection: str, two: list[str]
) -> None:
    absent = str(uuid4())
    before = look_up_user(context, collection, "Grace").subject_id
    done = move_faces(context, collection, [two[1], absent, two[1], "no id"], "Ada")
    assert [face.face_id for face in done.moved] == [two[1]]
    assert (done.absent, done.to, done.made, done.left_empty) == (
        (absent, "no id"),
        "Ada",
        True,
        (),
    )
    (event,) = events(context, "move faces")
    ada = look_up_user(context, collection, "Ada").subject_id
    assert event.record == MoveFacesRecord(ada, (two[1],), (before,))
    again = move_faces(context, collection, two[1:], "Ada")
    assert (again.made, again.left_empty) == (False, ("Grace",))
    assert _owners(context)[two[2]] == "Ada"


def test_faces_are_given_to_nobody(context: Context, collection: str, two: list[str]) -> None:
    done = move_faces(context, collection, two[:1], None)
    assert (done.to, done.made, done.left_empty) == (None, False, ("Eileen",))
    assert _owners(context)[two[0]] is None
    assert user_names(context) == ["Eileen", "Grace"]


def test_where_no_face_is_there_nobody_is_made(context: Context, collection: str) -> None:
    done = move_faces(context, collection, [str(uuid4())], "Ada")
    assert (done.moved, done.made) == ((), False)
    assert user_names(context) == []
    assert not events(context, "move faces")


def test_a_name_that_cannot_be_stored_moves_nothing(
    context: Context, collection: str, two: list[str]
) -> None:
    with pytest.raises(InputError):
        move_faces(context, collection, two, "a\0")
    assert _owners(context)[two[0]] == "Eileen"
