from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from reknown.biometrics.errors import (
    AlreadyExistsError,
    InputError,
    NotFoundError,
    SpaceMismatchError,
)
from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.moved import MovedFaces
from reknown.biometrics.records import MovedFace
from reknown.biometrics.templates import Template
from reknown.gallery.collections import create_collection, get_collection, require
from reknown.gallery.faces import (
    add_faces,
    delete_faces,
    find_image,
    list_faces,
    merge_faces,
)
from reknown.gallery.restoring import restore_faces
from reknown.gallery.schema import faces as faces_table
from reknown.gallery.templates import load_templates
from reknown.gallery.users import associate_faces, create_user, delete_user, disassociate_faces

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from reknown.biometrics.records import FaceRecord, ImageRecord, NewFace
    from reknown.biometrics.templates import TemplateSpace

    MakeImage = Callable[[int], ImageRecord]
    MakeFace = Callable[[int], NewFace]


@pytest.fixture
def at(face: MakeFace) -> Callable[..., NewFace]:
    """A face at a place from left to right, 0.2 wide."""

    def make(left: float, external_id: str | None = "Ada") -> NewFace:
        box = BoundingBox(left, 0.1, 0.2, 0.2)
        return dataclasses.replace(face(round(left * 1000)), box=box, external_id=external_id)

    return make


def ids(records: Sequence[FaceRecord]) -> list[str]:
    return [record.face_id for record in records]


def test_an_image_sent_again_is_stored_once(
    connection: Connection, collection: str, image: MakeImage, at: Callable[..., NewFace]
) -> None:
    new = [at(0.5), at(0.1), at(0.9, None)]
    first = merge_faces(connection, collection, image(1), new)
    assert [record.box for record in first] == [item.box for item in new]
    assert [record.external_id for record in first] == ["Ada", "Ada", None]
    assert merge_faces(connection, collection, image(1), new) == first
    assert merge_faces(connection, collection, image(1), new[::-1]) == first[::-1]
    assert merge_faces(connection, collection, image(1), new[1:2]) == first[1:2]
    assert find_image(connection, collection, image(1).sha256) == first
    assert [record.user for record in first] == [None] * 3


def test_known_and_new_faces_come_in_the_order_asked(
    connection: Connection, collection: str, image: MakeImage, at: Callable[..., NewFace]
) -> None:
    (middle,) = merge_faces(connection, collection, image(1), [at(0.5)])
    records = merge_faces(connection, collection, image(1), [at(0.9), at(0.5), at(0.1)])
    assert records[1] == middle
    assert [record.box.left for record in records] == [0.9, 0.5, 0.1]
    assert len(set(ids(records))) == 3


def test_another_external_id_or_image_is_another_face(
    connection: Connection, collection: str, image: MakeImage, at: Callable[..., NewFace]
) -> None:
    made = [
        *merge_faces(connection, collection, image(1), [at(0.1, "Ada")]),
        *merge_faces(connection, collection, image(1), [at(0.1, "Bob")]),
        *merge_faces(connection, collection, image(1), [at(0.1, None)]),
        *merge_faces(connection, collection, image(2), [at(0.1, "Ada")]),
    ]
    assert len(set(ids(made))) == 4
    # one image, three faces
    assert find_image(connection, collection, image(1).sha256) == made[:3]
    for record in made:
        again = merge_faces(connection, collection, record.image, [at(0.1, record.external_id)])
        assert again == [record]
    delete_faces(connection, collection, ids(made[:2]))
    assert find_image(connection, collection, image(1).sha256) == made[2:3]


@pytest.mark.parametrize(
    ("shift", "same"), [(0.0, True), (0.06, True), (0.07, False), (0.3, False)]
)
def test_a_face_may_move_a_little(
    connection: Connection,
    collection: str,
    image: MakeImage,
    at: Callable[..., NewFace],
    shift: float,
    same: bool,
) -> None:
    # a third of the width is the limit: half of the union is in common then
    first = merge_faces(connection, collection, image(1), [at(0.1)])
    second = merge_faces(connection, collection, image(1), [at(0.1 + shift)])
    assert (first == second) is same


def test_faces_close_together_stay_themselves(
    connection: Connection, collection: str, image: MakeImage, at: Callable[..., NewFace]
) -> None:
    new = [at(0.10), at(0.13), at(0.13), at(0.16)]
    first = merge_faces(connection, collection, image(1), new)
    assert len(set(ids(first))) == 4
    assert merge_faces(connection, collection, image(1), new) == first
    backwards = merge_faces(connection, collection, image(1), new[::-1])
    assert [record.box for record in backwards] == [item.box for item in new[::-1]]
    assert set(ids(backwards)) == set(ids(first))
    # the closest has it, the other is new
    (lone,) = merge_faces(connection, collection, image(2), [at(0.10)])
    moved, same = merge_faces(connection, collection, image(2), [at(0.12), at(0.10)])
    assert same == lone
    assert moved.face_id != lone.face_id


def test_a_face_keeps_its_id(
    connection: Connection, collection: str, image: MakeImage, at: Callable[..., NewFace]
) -> None:
    named = dataclasses.replace(at(0.1), face_id="11111111-2222-3333-4444-555555555555")
    (record,) = merge_faces(connection, collection, image(1), [named])
    assert record.face_id == named.face_id
    # what is stored has the id that it was stored with
    renamed = dataclasses.replace(named, face_id="another")
    assert merge_faces(connection, collection, image(1), [renamed]) == [record]


def test_an_image_added_before_is_merged_into(
    connection: Connection, collection: str, image: MakeImage, at: Callable[..., NewFace]
) -> None:
    added = add_faces(connection, collection, image(1), [at(0.1)], "Ada")
    records = merge_faces(connection, collection, image(1), [at(0.1), at(0.5)])
    assert records[:1] == added
    assert [record.user for record in records] == ["Ada", None]
    assert get_collection(connection, collection).faces == 2


def test_what_does_not_fit_is_refused(
    connection: Connection,
    collection: str,
    space: TemplateSpace,
    image: MakeImage,
    at: Callable[..., NewFace],
) -> None:
    vector = at(0.1).template.vector
    other = dataclasses.replace(space, fingerprint="cd" * 32)
    strange = dataclasses.replace(at(0.1), template=Template(vector, other))
    long = dataclasses.replace(at(0.1), template=Template(vector * 2, space))
    for error, unfit in ((SpaceMismatchError, strange), (InputError, long)):
        with pytest.raises(error):
            merge_faces(connection, collection, image(1), [at(0.5), unfit])
    with pytest.raises(InputError, match="external id"):
        merge_faces(connection, collection, image(1), [at(0.5, "\0")])
    with pytest.raises(NotFoundError, match="'nowhere'"):
        merge_faces(connection, "nowhere", image(1), [at(0.5)])
    assert merge_faces(connection, collection, image(1), []) == []
    assert get_collection(connection, collection).faces == 0


def test_faces_are_listed_by_their_ids(
    connection: Connection,
    collection: str,
    space: TemplateSpace,
    image: MakeImage,
    face: MakeFace,
) -> None:
    create_collection(connection, "others", space)
    (theirs,) = add_faces(connection, "others", image(1), [face(1)])
    records = add_faces(connection, collection, image(1), [face(n) for n in range(5)], "Ada")
    chosen = [records[3].face_id, theirs.face_id, "absent", records[1].face_id]
    assert list_faces(connection, collection, face_ids=chosen).items == (records[1], records[3])
    page = list_faces(connection, collection, limit=1, face_ids=chosen)
    assert page.items == (records[1],)
    page = list_faces(connection, collection, page.next, 1, face_ids=chosen)
    assert (page.items, page.next) == ((records[3],), None)
    assert list_faces(connection, collection, user="Bob", face_ids=chosen).items == ()
    assert list_faces(connection, collection, face_ids=[]).items == ()


def test_as_many_ids_as_a_request_may_name(
    connection: Connection, collection: str, image: MakeImage, face: MakeFace
) -> None:
    records = add_faces(connection, collection, image(1), [face(1), face(2)])
    absent = [f"absent {number}" for number in range(4094)]
    chosen = [records[1].face_id, *absent, records[0].face_id]
    assert len(chosen) == 4096
    assert list_faces(connection, collection, face_ids=chosen).items == tuple(records)


def test_deletions_are_marked(
    connection: Connection, collection: str, image: MakeImage, face: MakeFace
) -> None:
    first, second = add_faces(connection, collection, image(1), [face(1), face(2)])
    assert require(connection, collection).pruned == 0
    delete_faces(connection, collection, ["absent"])
    assert require(connection, collection).pruned == 0
    delete_faces(connection, collection, [first.face_id])
    row = require(connection, collection)
    assert row.pruned == row.revision
    merge_faces(connection, collection, image(2), [face(3)])
    assert require(connection, collection).pruned == row.pruned
    delete_faces(connection, collection, [second.face_id])
    assert require(connection, collection).pruned == row.revision + 2


def test_a_face_knows_the_revision_of_its_last_change(
    connection: Connection, collection: str, image: MakeImage, face: MakeFace
) -> None:
    def changed() -> list[bool]:
        """Of each face whether the last change was its own."""
        now = require(connection, collection).revision
        query = select(faces_table.c.revision).order_by(faces_table.c.id)
        return [revision == now for revision in connection.execute(query).scalars()]

    first, _second = add_faces(connection, collection, image(1), [face(1), face(2)], "Ada")
    assert changed() == [True, True]
    (third,) = merge_faces(connection, collection, image(2), [face(3)])
    assert changed() == [False, False, True]
    create_user(connection, collection, "Bob")
    assert changed() == [False, False, False]
    # the first is Ada's
    associate_faces(connection, collection, "Bob", [first.face_id, third.face_id])
    assert changed() == [False, False, True]
    disassociate_faces(connection, collection, "Ada", [first.face_id, third.face_id])
    assert changed() == [True, False, False]
    delete_user(connection, collection, "Ada")
    assert changed() == [False, True, False]
    delete_user(connection, collection, "Bob")
    assert changed() == [False, False, True]
    assert list(load_templates(connection, collection).users) == [None] * 3


def test_faces_are_restored_under_their_ids(
    connection: Connection,
    collection: str,
    space: TemplateSpace,
    image: MakeImage,
    at: Callable[..., NewFace],
) -> None:
    create_collection(connection, "others", space)
    new = [dataclasses.replace(at(left), face_id=f"face {left}") for left in (0.1, 0.5, 0.9)]
    owners = ("Ada", "Ada", None)
    ours = [MovedFace(image(1), face, user) for face, user in zip(new, owners, strict=True)]
    restore_faces(connection, collection, MovedFaces.of(space, ours[:2]))
    # the rest of an image may come later
    restore_faces(connection, collection, MovedFaces.of(space, ours[2:]))
    records = find_image(connection, collection, image(1).sha256)
    assert [(record.face_id, record.user) for record in records] == [
        ("face 0.1", "Ada"),
        ("face 0.5", "Ada"),
        ("face 0.9", None),
    ]
    assert [record.magnitude for record in records] == [face.template.magnitude for face in new]
    other = MovedFace(image(2), dataclasses.replace(at(0.3), face_id="other"), None)
    more = MovedFaces.of(space, [other, other, ours[1]])
    with pytest.raises(AlreadyExistsError, match="held already"):
        restore_faces(connection, "others", more)
    assert get_collection(connection, "others").faces == 0
    # what is there is passed over, and nothing is stored twice
    assert list(restore_faces(connection, collection, more).face_ids) == ["other"]
    assert get_collection(connection, collection).faces == 4
    with pytest.raises(NotFoundError, match="'nowhere'"):
        restore_faces(connection, "nowhere", MovedFaces.of(space, ours))
