from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from reknown.biometrics.errors import AlreadyExistsError, InputError, NotFoundError
from reknown.biometrics.records import KnownGender, Profile
from reknown.gallery.collections import create_collection, require
from reknown.gallery.faces import add_faces, find_faces, list_faces
from reknown.gallery.users import (
    associate_faces,
    create_user,
    delete_user,
    disassociate_faces,
    find_names,
    find_profiles,
    find_user,
    get_user,
    list_users,
    set_profile,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from reknown.biometrics.records import ImageRecord, NewFace
    from reknown.biometrics.templates import TemplateSpace

    MakeImage = Callable[[int], ImageRecord]
    MakeFace = Callable[[int], NewFace]


def test_users_are_made_by_hand_or_with_their_first_face(
    connection: Connection, collection: str, image: MakeImage, face: MakeFace
) -> None:
    made = create_user(connection, collection, "Zoë 'x'")
    assert made.faces == 0
    add_faces(connection, collection, image(1), [face(1)], "Ada")
    add_faces(connection, collection, image(2), [face(2)], "Ada")
    page = list_users(connection, collection, limit=1)
    assert page.items == (made,)
    assert list_users(connection, collection, page.next).items == (
        get_user(connection, collection, "Ada"),
    )
    assert get_user(connection, collection, "Ada").faces == 2


def test_a_name_is_taken_once_per_collection(
    connection: Connection, collection: str, space: TemplateSpace
) -> None:
    create_collection(connection, "others", space)
    create_user(connection, "others", "Ada")
    create_user(connection, collection, "Ada")
    with pytest.raises(AlreadyExistsError, match="'Ada'"):
        create_user(connection, collection, "Ada")
    with pytest.raises(InputError, match="1 to 255"):
        create_user(connection, collection, "")


def test_a_user_goes_and_its_faces_stay(
    connection: Connection, collection: str, image: MakeImage, face: MakeFace
) -> None:
    (record,) = add_faces(connection, collection, image(1), [face(1)], "Ada")
    delete_user(connection, collection, "Ada")
    assert find_faces(connection, collection, [record.face_id])[record.face_id].user is None
    assert list_users(connection, collection).items == ()


def test_what_is_missing_is_named(connection: Connection, collection: str) -> None:
    for call in (
        lambda: get_user(connection, collection, "nobody"),
        lambda: delete_user(connection, collection, "nobody"),
        lambda: associate_faces(connection, collection, "nobody", []),
        lambda: disassociate_faces(connection, collection, "nobody", []),
    ):
        with pytest.raises(NotFoundError, match=r"user 'nobody' does not exist in 'friends'"):
            call()
    with pytest.raises(NotFoundError, match="collection 'nowhere'"):
        create_user(connection, "nowhere", "Ada")


def test_faces_change_hands_only_when_free(
    connection: Connection,
    collection: str,
    space: TemplateSpace,
    image: MakeImage,
    face: MakeFace,
) -> None:
    create_collection(connection, "others", space)
    (theirs,) = add_faces(connection, "others", image(1), [face(1)])
    (free,) = add_faces(connection, collection, image(1), [face(1)])
    (ada,) = add_faces(connection, collection, image(2), [face(2)], "Ada")
    (bob,) = add_faces(connection, collection, image(3), [face(3)], "Bob")
    ids = [record.face_id for record in (theirs, free, ada, bob)] + ["absent"]
    assert associate_faces(connection, collection, "Ada", ids) == {free.face_id, ada.face_id}
    assert get_user(connection, collection, "Ada").faces == 2
    assert disassociate_faces(connection, collection, "Ada", ids) == {free.face_id, ada.face_id}
    assert [record.user for record in list_faces(connection, collection).items] == [
        None,
        None,
        "Bob",
    ]


def test_the_revision_follows_every_change(
    connection: Connection, collection: str, image: MakeImage, face: MakeFace
) -> None:
    seen = {require(connection, collection).revision}
    (record,) = add_faces(connection, collection, image(1), [face(1)])
    seen.add(require(connection, collection).revision)
    create_user(connection, collection, "Ada")
    seen.add(require(connection, collection).revision)
    associate_faces(connection, collection, "Ada", [record.face_id])
    seen.add(require(connection, collection).revision)
    disassociate_faces(connection, collection, "Ada", [record.face_id])
    seen.add(require(connection, collection).revision)
    delete_user(connection, collection, "Ada")
    seen.add(require(connection, collection).revision)
    assert len(seen) == 6
    assert require(connection, collection).revision in seen


def test_a_user_has_an_opaque_id_that_goes_with_it(
    connection: Connection, collection: str, image: MakeImage, face: MakeFace
) -> None:
    ada = create_user(connection, collection, "Ada")
    add_faces(connection, collection, image(1), [face(1)], "Ada")
    add_faces(connection, collection, image(2), [face(2)], "Bob")
    add_faces(connection, collection, image(3), [face(3)])
    bob = get_user(connection, collection, "Bob")
    assert str(UUID(ada.subject_id)) == ada.subject_id != bob.subject_id
    faces = list_faces(connection, collection).items
    assert [record.subject_id for record in faces] == [ada.subject_id, bob.subject_id, None]
    ids = [ada.subject_id, bob.subject_id, "", *(str(UUID(int=n)) for n in range(1000))]
    assert find_names(connection, ids) == {ada.subject_id: "Ada", bob.subject_id: "Bob"}
    delete_user(connection, collection, "Ada")
    assert find_names(connection, ids) == {bob.subject_id: "Bob"}
    assert create_user(connection, collection, "Ada").subject_id != ada.subject_id


ADA = Profile(("www.example.org/ada", "https://example.org/a?b=c#d"), KnownGender.FEMALE)


def test_what_is_told_of_a_user_stays_until_something_else_is(
    connection: Connection, collection: str
) -> None:
    ada, bob = (create_user(connection, collection, name) for name in ("Ada", "Bob"))
    assert (ada.profile, bool(ada.profile)) == (Profile(), False)
    told = set_profile(connection, collection, "Ada", ADA)
    assert told == get_user(connection, collection, "Ada") == replace(ada, profile=ADA)
    assert find_user(connection, collection, ada.subject_id) == told
    ids = [ada.subject_id, bob.subject_id, "nobody"]
    assert find_profiles(connection, ids) == {ada.subject_id: ADA, bob.subject_id: Profile()}
    assert set_profile(connection, collection, "Ada", Profile()) == ada


def test_what_is_told_of_a_user_goes_with_it(connection: Connection, collection: str) -> None:
    ada = create_user(connection, collection, "Ada")
    set_profile(connection, collection, "Ada", ADA)
    delete_user(connection, collection, "Ada")
    assert find_profiles(connection, [ada.subject_id]) == {}
    assert create_user(connection, collection, "Ada").profile == Profile()
    with pytest.raises(NotFoundError):
        find_user(connection, collection, ada.subject_id)


def test_a_user_of_another_collection_is_not_found(
    connection: Connection, collection: str, space: TemplateSpace
) -> None:
    create_collection(connection, "others", space)
    ada = create_user(connection, "others", "Ada")
    with pytest.raises(NotFoundError, match=collection):
        find_user(connection, collection, ada.subject_id)
    with pytest.raises(NotFoundError, match="'Ada'"):
        set_profile(connection, collection, "Ada", ADA)
