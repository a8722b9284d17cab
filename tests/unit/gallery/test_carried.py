from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
import pytest
from sqlalchemy import func, select

from reknown.biometrics.errors import InputError, SpaceMismatchError, UpgradeError
from reknown.biometrics.templates import Template
from reknown.gallery.carried import (
    Loss,
    LossReason,
    MissingFace,
    carry,
    carry_nothing,
    count_missing,
    count_open,
    list_missing,
    open_faces,
    tally,
)
from reknown.gallery.carried_templates import load_carried
from reknown.gallery.collections import create_collection, newest_face, require
from reknown.gallery.faces import add_faces, delete_faces, list_faces
from reknown.gallery.schema import upgrade_losses, upgrade_templates
from reknown.gallery.switching import switch
from reknown.gallery.upgrades import begin_upgrade
from reknown.gallery.users import create_user, disassociate_faces
from unit.gallery.upgrading import NEXT, prepare, renewed

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Table

    from reknown.biometrics.records import FaceRecord, ImageRecord, NewFace
    from reknown.biometrics.templates import TemplateSpace

    MakeImage = Callable[[int], ImageRecord]
    MakeFace = Callable[[int], NewFace]
    Images = list[list[FaceRecord]]


@pytest.fixture
def images(connection: Connection, collection: str, image: MakeImage, face: MakeFace) -> Images:
    """Ada's image with two faces, Bob's with one, one of nobody; on the way to another space."""
    owners = ("Ada", ("A", "B")), ("Bob", ("C",)), (None, ("D",))
    made = []
    for number, (user, faces) in enumerate(owners):
        new = [face(10 * number + place) for place in range(len(faces))]
        made.append(add_faces(connection, collection, image(number), new, user))
    begin_upgrade(connection, collection, NEXT)
    return made


def rows(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def shas(images: Images) -> list[str]:
    return [faces[0].image.sha256 for faces in images]


def test_an_image_is_open_until_all_its_faces_are_settled(
    connection: Connection, collection: str, images: Images
) -> None:
    first, second, _ = shas(images)
    placed = open_faces(connection, collection, first)
    assert [(face.face_id, face.box) for face in placed] == [
        (face.face_id, face.box) for face in images[0]
    ]
    assert count_open(connection, collection) == 4
    assert [face.open for face in placed] == [True, True]
    one, two = images[0]
    carry(connection, collection, NEXT, [renewed(one)], [])
    again = open_faces(connection, collection, first)
    assert [(face.face_id, face.open) for face in again] == [
        (one.face_id, False),
        (two.face_id, True),
    ]
    carry(connection, collection, NEXT, [], [Loss(two.face_id, LossReason.UNDETECTED)])
    assert open_faces(connection, collection, first) == []
    assert len(open_faces(connection, collection, second)) == 1
    assert open_faces(connection, collection, "ab" * 32) == []
    assert count_open(connection, collection) == 2


def test_an_image_that_was_not_found_stays_open(
    connection: Connection, collection: str, images: Images
) -> None:
    newest = newest_face(connection, require(connection, collection).id)
    carry_nothing(connection, collection, newest - 1)
    carry_nothing(connection, collection, newest - 1)
    assert tally(connection, collection).lost == {LossReason.IMAGE_NOT_FOUND: 3}
    assert count_open(connection, collection) == 4
    (face,) = images[1]
    carry(connection, collection, NEXT, [renewed(face)], [])
    carry_nothing(connection, collection, newest)
    found = tally(connection, collection)
    assert (found.lost, found.unseen) == ({LossReason.IMAGE_NOT_FOUND: 3}, 0)
    assert open_faces(connection, collection, face.image.sha256) == []


def test_faces_are_counted_and_listed_with_the_reason(
    connection: Connection, collection: str, images: Images
) -> None:
    (one, two), (bob,), (stranger,) = images
    losses = [
        Loss(two.face_id, LossReason.UNDETECTED),
        Loss(bob.face_id, LossReason.UNREADABLE, "torn"),
    ]
    carry(connection, collection, NEXT, [renewed(one)], losses)
    create_user(connection, collection, "Cy")
    found = tally(connection, collection)
    assert (found.faces, found.carried, found.missing, found.unseen) == (4, 1, 3, 1)
    assert found.lost == {LossReason.UNREADABLE: 1, LossReason.UNDETECTED: 1}
    assert found.bare_users == 1
    assert count_missing(connection, collection) == 3
    pages = list_missing(connection, collection, limit=2)
    rest = list_missing(connection, collection, pages.next, limit=2)
    assert [*pages.items, *rest.items] == [
        MissingFace(face.face_id, face.user, face.image.name, face.image.sha256, reason, detail)
        for face, reason, detail in (
            (two, LossReason.UNDETECTED, ""),
            (bob, LossReason.UNREADABLE, "torn"),
            (stranger, None, ""),
        )
    ]


def test_what_is_carried_again_replaces_what_was(
    connection: Connection, collection: str, images: Images
) -> None:
    face, other = images[0]
    for losses, faces in (
        ([Loss(face.face_id, LossReason.UNREADABLE)], []),
        ([], [renewed(face)]),
        ([], [replace(renewed(face), quality=1), renewed(other)]),
    ):
        carry(connection, collection, NEXT, faces, losses)
        assert rows(connection, upgrade_losses) == len(losses)
        assert rows(connection, upgrade_templates) == len(faces)


def test_what_was_deleted_meanwhile_or_is_of_others_is_passed_over(
    connection: Connection,
    collection: str,
    space: TemplateSpace,
    images: Images,
    image: MakeImage,
    face: MakeFace,
) -> None:
    (gone,), (stays,) = images[1:]
    other = create_collection(connection, "others", space).name
    (theirs,) = add_faces(connection, other, image(1), [face(1)])
    delete_faces(connection, collection, [gone.face_id])
    made = [renewed(gone), renewed(stays), renewed(theirs)]
    carry(connection, collection, NEXT, made, [Loss(str(uuid4()), LossReason.UNDETECTED)])
    assert tally(connection, collection).carried == 1
    assert rows(connection, upgrade_templates) == 1
    assert rows(connection, upgrade_losses) == 0
    assert open_faces(connection, other, theirs.image.sha256) != []


def test_a_deleted_face_takes_its_templates_with_it(
    connection: Connection, collection: str, images: Images
) -> None:
    face, other = images[0]
    carry(
        connection, collection, NEXT, [renewed(face)], [Loss(other.face_id, LossReason.UNDETECTED)]
    )
    delete_faces(connection, collection, [face.face_id, other.face_id])
    assert (rows(connection, upgrade_templates), rows(connection, upgrade_losses)) == (0, 0)
    assert tally(connection, collection).faces == 2


def test_more_faces_than_fit_into_one_statement(
    connection: Connection, collection: str, image: MakeImage, face: MakeFace
) -> None:
    add_faces(connection, collection, image(0), [face(1)] * 1203)
    begin_upgrade(connection, collection, NEXT)
    listed = list_faces(connection, collection, limit=2000).items
    losses = [Loss(record.face_id, LossReason.UNDETECTED) for record in listed[::3]]
    made = [renewed(record) for number, record in enumerate(listed) if number % 3]
    carry(connection, collection, NEXT, made, losses)
    found = tally(connection, collection)
    assert (found.carried, found.lost) == (802, {LossReason.UNDETECTED: 401})


def test_only_templates_of_the_other_space_are_taken(
    connection: Connection, collection: str, space: TemplateSpace, images: Images
) -> None:
    (record,) = images[1]
    with pytest.raises(UpgradeError, match="switched to tiny meanwhile"):
        carry(connection, collection, space, [], [])
    with pytest.raises(SpaceMismatchError):
        carry(connection, collection, NEXT, [renewed(record, space)], [])
    wrong = Template(np.ones(6, np.float32), NEXT)
    with pytest.raises(InputError, match="unit vector"):
        carry(connection, collection, NEXT, [replace(renewed(record), template=wrong)], [])
    prepare(connection, collection)
    switch(connection, collection, to_target=True)
    with pytest.raises(UpgradeError, match="switched to next meanwhile"):
        carry(connection, collection, NEXT, [renewed(record)], [])
    with pytest.raises(UpgradeError, match="switched to next meanwhile"):
        carry(connection, collection, NEXT, [], [])


def test_a_collection_without_upgrade_has_nothing_to_carry(
    connection: Connection, collection: str
) -> None:
    with pytest.raises(UpgradeError, match="begin with --from PEOPLE"):
        carry(connection, collection, NEXT, [], [])
    with pytest.raises(UpgradeError, match="begin with --from PEOPLE"):
        carry_nothing(connection, collection, 1)
    assert (
        newest_face(connection, require(connection, collection).id),
        count_open(connection, collection),
    ) == (0, 0)


def test_both_templates_are_loaded_side_by_side(
    connection: Connection,
    collection: str,
    space: TemplateSpace,
    images: Images,
    face: MakeFace,
) -> None:
    made = prepare(connection, collection)
    records = [record for faces in images for record in faces]
    delete_faces(connection, collection, [records[3].face_id])
    disassociate_faces(connection, collection, "Bob", [records[2].face_id])
    old, new = load_carried(connection, collection, lambda *_: True, 10)
    ids = [record.face_id for record in records[:3]]
    assert (old.space, new.space) == (space, NEXT)
    assert old.face_ids == new.face_ids == ids
    assert old.users == new.users == ["Ada", "Ada", None]
    assert np.array_equal(new.vectors, [made[face_id].template.vector for face_id in ids])
    assert np.array_equal(old.vectors, [face(n).template.vector for n in (0, 1, 10)])
    assert load_carried(connection, collection, lambda *_: True, 2)[0].face_ids == ids[:2]
    some = load_carried(connection, collection, lambda user, _: user is None, 9)
    assert [half.face_ids for half in some] == [ids[2:], ids[2:]]
    none = load_carried(connection, collection, lambda *_: False, 9)
    assert [half.vectors.shape for half in none] == [(0, 4), (0, 6)]
