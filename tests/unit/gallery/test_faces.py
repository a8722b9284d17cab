from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

from reknown.biometrics.errors import (
    AlreadyExistsError,
    InputError,
    NotFoundError,
    SpaceMismatchError,
)
from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.templates import Template
from reknown.gallery.collections import create_collection, get_collection
from reknown.gallery.faces import (
    add_faces,
    add_named_faces,
    delete_faces,
    find_faces,
    find_image,
    known_images,
    list_faces,
)
from reknown.gallery.templates import load_templates, pick_templates

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from reknown.biometrics.records import ImageRecord, NewFace
    from reknown.biometrics.templates import TemplateSpace

    MakeImage = Callable[[int], ImageRecord]
    MakeFace = Callable[[int], NewFace]


def test_faces_are_kept_as_they_were_given(
    connection: Connection, collection: str, image: MakeImage, face: MakeFace
) -> None:
    unmeasured = dataclasses.replace(face(2).template, magnitude=None)
    new = [face(1), dataclasses.replace(face(2), template=unmeasured, external_id=None)]
    records = add_faces(connection, collection, image(1), new, "Ada")
    assert len({record.face_id for record in records}) == 2
    for record, given in zip(records, new, strict=True):
        assert record.image == image(1)
        assert record.user == "Ada"
        for field in ("box", "confidence", "quality", "external_id"):
            assert getattr(record, field) == getattr(given, field)
        assert record.magnitude == given.template.magnitude
        picked = pick_templates(connection, collection, [record.face_id])
        assert picked.space == given.template.space
        np.testing.assert_array_equal(picked.vectors[0], given.template.vector)
    assert [record.magnitude for record in records] == [10.125, None]
    assert find_image(connection, collection, image(1).sha256) == records
    assert list_faces(connection, collection).items == tuple(records)
    assert find_image(connection, collection, image(2).sha256) == []


def test_numpy_numbers_are_numbers(
    connection: Connection, collection: str, image: MakeImage, face: MakeFace
) -> None:
    half = np.float32(0.5)
    odd = dataclasses.replace(
        face(1),
        box=BoundingBox(half, half, half, half),  # type: ignore[arg-type]
        confidence=half,  # type: ignore[arg-type]
        quality=np.int64(7),  # type: ignore[arg-type]
        template=dataclasses.replace(face(1).template, magnitude=half),  # type: ignore[arg-type]
    )
    (record,) = add_faces(connection, collection, image(1), [odd])
    assert (record.box.left, record.confidence, record.quality) == (0.5, 0.5, 7)
    assert record.magnitude == 0.5


def test_an_image_is_enrolled_once_per_collection(
    connection: Connection,
    collection: str,
    space: TemplateSpace,
    image: MakeImage,
    face: MakeFace,
) -> None:
    create_collection(connection, "others", space)
    add_faces(connection, collection, image(1), [face(1)])
    add_faces(connection, "others", image(1), [face(1)])
    with pytest.raises(AlreadyExistsError, match=r"'1\.jpg'"):
        add_faces(connection, collection, image(1), [face(2)])
    assert get_collection(connection, collection).faces == 1


def test_faces_of_one_image_may_be_of_several_users(
    connection: Connection, collection: str, image: MakeImage, face: MakeFace
) -> None:
    (first,) = add_faces(connection, collection, image(1), [face(1)], "Ada")
    named = [("Bea", face(2)), ("Ada", face(3))]
    added = add_named_faces(connection, collection, image(1), named)
    assert [record.user for record in added] == ["Bea", "Ada"]
    assert [record.box for record in added] == [new.box for _, new in named]
    assert {record.subject_id for record in added} > {first.subject_id}
    assert find_image(connection, collection, image(1).sha256) == [first, *added]
    assert add_named_faces(connection, collection, image(2), []) == []
    assert known_images(connection, collection, [image(2).sha256]) == set()


def test_templates_must_fit(
    connection: Connection,
    collection: str,
    space: TemplateSpace,
    image: MakeImage,
    face: MakeFace,
) -> None:
    other = dataclasses.replace(space, fingerprint="cd" * 32)
    vector = face(1).template.vector
    unfit = {
        SpaceMismatchError: [Template(vector, other)],
        InputError: [
            Template(vector[:3], space),
            Template(vector * 2, space),
            Template(vector * np.float32("nan"), space),
        ],
    }
    for error, templates in unfit.items():
        for template in templates:
            new = [face(2), dataclasses.replace(face(1), template=template)]
            with pytest.raises(error):
                add_faces(connection, collection, image(1), new)
    with pytest.raises(InputError, match="without faces"):
        add_faces(connection, collection, image(1), [])
    assert known_images(connection, collection, [image(1).sha256]) == set()


def test_texts_that_cannot_be_stored(
    connection: Connection, collection: str, image: MakeImage, face: MakeFace
) -> None:
    unreadable = dataclasses.replace(image(1), name="a\udcff.jpg")
    with pytest.raises(InputError, match="image's name"):
        add_faces(connection, collection, unreadable, [face(1)])
    nameless = dataclasses.replace(face(1), external_id="")
    with pytest.raises(InputError, match="external id"):
        add_faces(connection, collection, image(1), [nameless])
    with pytest.raises(InputError, match="user's name"):
        add_faces(connection, collection, image(1), [face(1)], "\0")


def test_known_images_of_more_than_a_statement_can_hold(
    connection: Connection, collection: str, image: MakeImage, face: MakeFace
) -> None:
    for number in (3, 70_000):
        add_faces(connection, collection, image(number), [face(1)])
    asked = (image(number).sha256 for number in range(70_001))
    expected = {image(3).sha256, image(70_000).sha256}
    assert known_images(connection, collection, asked) == expected


def test_faces_are_found_by_id_and_by_user(
    connection: Connection, collection: str, image: MakeImage, face: MakeFace
) -> None:
    ada = add_faces(connection, collection, image(1), [face(1), face(2)], "Ada")
    add_faces(connection, collection, image(2), [face(3)])
    found = find_faces(connection, collection, [ada[1].face_id, "absent"])
    assert found == {ada[1].face_id: ada[1]}
    assert list_faces(connection, collection, user="Ada").items == tuple(ada)
    assert list_faces(connection, collection, user="nobody").items == ()


def test_an_image_is_forgotten_with_its_last_face(
    connection: Connection, collection: str, image: MakeImage, face: MakeFace
) -> None:
    first, second = add_faces(connection, collection, image(1), [face(1), face(2)], "Ada")
    add_faces(connection, collection, image(2), [face(3)])
    assert delete_faces(connection, collection, [first.face_id, "absent"]) == {first.face_id}
    assert find_image(connection, collection, image(1).sha256) == [second]
    assert delete_faces(connection, collection, [first.face_id, second.face_id]) == {second.face_id}
    assert known_images(connection, collection, [image(1).sha256, image(2).sha256]) == {
        image(2).sha256
    }
    add_faces(connection, collection, image(1), [face(1)])
    assert get_collection(connection, collection).faces == 2


def test_faces_of_other_collections_are_out_of_reach(
    connection: Connection,
    collection: str,
    space: TemplateSpace,
    image: MakeImage,
    face: MakeFace,
) -> None:
    create_collection(connection, "others", space)
    (theirs,) = add_faces(connection, "others", image(1), [face(1)], "Ada")
    assert delete_faces(connection, collection, [theirs.face_id]) == set()
    assert find_faces(connection, collection, [theirs.face_id]) == {}
    assert list_faces(connection, collection, user="Ada").items == ()
    assert list(load_templates(connection, collection).face_ids) == []
    assert list(pick_templates(connection, collection, [theirs.face_id]).face_ids) == []


def test_a_missing_collection_is_named(
    connection: Connection, image: MakeImage, face: MakeFace
) -> None:
    for call in (
        lambda: add_faces(connection, "nowhere", image(1), [face(1)]),
        lambda: find_image(connection, "nowhere", ""),
        lambda: known_images(connection, "nowhere", []),
        lambda: list_faces(connection, "nowhere"),
        lambda: delete_faces(connection, "nowhere", []),
        lambda: load_templates(connection, "nowhere"),
    ):
        with pytest.raises(NotFoundError, match="'nowhere'"):
            call()
