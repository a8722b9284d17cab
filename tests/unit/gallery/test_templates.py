from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reknown.gallery import templates as module
from reknown.gallery.faces import add_faces, delete_faces
from reknown.gallery.templates import load_templates

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from sqlalchemy import Connection

    from reknown.biometrics.records import ImageRecord, NewFace
    from reknown.biometrics.templates import TemplateSpace


def test_templates_come_in_order_of_enrolment(
    connection: Connection,
    collection: str,
    picture: Callable[[int], ImageRecord],
    face: Callable[[int], NewFace],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_CHUNK", 3)
    users = ["Ada", None, "Bob", "Ada", None, "Bob", "Ada"]
    records = [
        add_faces(connection, collection, picture(n), [face(n)], user)[0]
        for n, user in enumerate(users)
    ]
    loaded = load_templates(connection, collection)
    assert loaded.face_ids == tuple(record.face_id for record in records)
    assert loaded.users == tuple(users)
    assert loaded.subjects.tolist() == [0, 1, 2, 0, 3, 2, 0]
    assert loaded.subject_count == 4
    assert loaded.vectors.dtype == np.float32
    expected = np.stack([face(n).template.vector for n in range(len(users))])
    np.testing.assert_array_equal(loaded.vectors, expected)
    delete_faces(connection, collection, loaded.face_ids[::2])
    np.testing.assert_array_equal(load_templates(connection, collection).vectors, expected[1::2])


def test_an_empty_collection(connection: Connection, collection: str, space: TemplateSpace) -> None:
    loaded = load_templates(connection, collection)
    assert (loaded.vectors.shape, loaded.subject_count) == ((0, space.dimension), 0)


def test_a_face_and_a_user_of_one_name_are_two_subjects(space: TemplateSpace) -> None:
    vectors = np.zeros((2, space.dimension), np.float32)
    assert module.gather_templates(space, vectors, ["x", "y"], [None, "x"]).subject_count == 2
