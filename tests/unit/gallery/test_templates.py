from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from reknown.biometrics.errors import NotFoundError
from reknown.gallery import templates as module
from reknown.gallery.collections import create_collection, require
from reknown.gallery.faces import add_faces, delete_faces
from reknown.gallery.templates import (
    StoredTemplates,
    faces_present,
    load_templates,
    pick_templates,
    templates_of_user,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from reknown.biometrics.records import ImageRecord, NewFace
    from reknown.biometrics.templates import TemplateSpace


def test_templates_come_in_order_of_enrolment(
    connection: Connection,
    collection: str,
    image: Callable[[int], ImageRecord],
    face: Callable[[int], NewFace],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_CHUNK", 3)
    users = ["Ada", None, "Bob", "Ada", None, "Bob", "Ada"]
    records = [
        add_faces(connection, collection, image(n), [face(n)], user)[0]
        for n, user in enumerate(users)
    ]
    loaded = load_templates(connection, collection)
    assert loaded.face_ids == [record.face_id for record in records]
    assert loaded.users == users
    assert loaded.vectors.dtype == np.float32
    expected = np.stack([face(n).template.vector for n in range(len(users))])
    np.testing.assert_array_equal(loaded.vectors, expected)
    delete_faces(connection, collection, loaded.face_ids[::2])
    np.testing.assert_array_equal(load_templates(connection, collection).vectors, expected[1::2])


def test_templates_of_another_space_are_not_there(
    connection: Connection,
    collection: str,
    space: TemplateSpace,
    image: Callable[[int], ImageRecord],
    face: Callable[[int], NewFace],
) -> None:
    add_faces(connection, collection, image(1), [face(1), face(2)])
    keys = np.append(faces_present(connection, require(connection, collection).id), 10**9)
    there, vectors = StoredTemplates(connection, space.dimension).fetch(keys)
    assert there.tolist() == keys[:2].tolist()
    assert vectors.shape == (2, space.dimension)
    there, vectors = StoredTemplates(connection, 2 * space.dimension).fetch(keys)
    assert (there.tolist(), vectors.shape) == ([], (0, 2 * space.dimension))


def test_an_empty_collection(connection: Connection, collection: str, space: TemplateSpace) -> None:
    loaded = load_templates(connection, collection)
    assert (loaded.vectors.shape, loaded.face_ids) == ((0, space.dimension), [])


def test_templates_are_picked_by_face_in_order_of_enrolment(
    connection: Connection,
    collection: str,
    space: TemplateSpace,
    image: Callable[[int], ImageRecord],
    face: Callable[[int], NewFace],
) -> None:
    create_collection(connection, "others", space)
    (theirs,) = add_faces(connection, "others", image(1), [face(1)])
    new = [face(number) for number in range(1200)]
    records = add_faces(connection, collection, image(1), new, "Ada")
    ids = [record.face_id for record in records]
    # more than one statement asks for, and twice
    picked = pick_templates(connection, collection, [*ids[::-2], "absent", theirs.face_id, ids[-1]])
    assert list(picked.face_ids) == ids[1::2]
    assert list(picked.users) == ["Ada"] * 600
    assert picked.space == space
    expected = np.stack([item.template.vector for item in new[1::2]])
    np.testing.assert_array_equal(picked.vectors, expected)
    none = pick_templates(connection, collection, [])
    assert (none.vectors.shape, list(none.face_ids)) == ((0, space.dimension), [])
    with pytest.raises(NotFoundError, match="'nowhere'"):
        pick_templates(connection, "nowhere", [])


def test_templates_of_a_user(
    connection: Connection,
    collection: str,
    space: TemplateSpace,
    image: Callable[[int], ImageRecord],
    face: Callable[[int], NewFace],
) -> None:
    create_collection(connection, "others", space)
    add_faces(connection, "others", image(1), [face(1)], "Ada")
    users = ["Ada", None, "Bob", "Ada"]
    ids = [
        add_faces(connection, collection, image(n), [face(n)], user)[0].face_id
        for n, user in enumerate(users)
    ]
    found = templates_of_user(connection, collection, "Ada")
    assert list(found.face_ids) == [ids[0], ids[3]]
    assert list(found.users) == ["Ada", "Ada"]
    np.testing.assert_array_equal(found.vectors[1], face(3).template.vector)
    assert templates_of_user(connection, collection, "nobody").vectors.shape == (0, space.dimension)
    with pytest.raises(NotFoundError, match="'nowhere'"):
        templates_of_user(connection, "nowhere", "Ada")
