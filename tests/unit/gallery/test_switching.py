from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sqlalchemy import func, select

from reknown.biometrics.errors import SpaceMismatchError, UpgradeError
from reknown.gallery import switching
from reknown.gallery.carried import Loss, LossReason, carry
from reknown.gallery.collections import create_collection, get_collection, get_space, require
from reknown.gallery.faces import add_faces, delete_faces, list_faces
from reknown.gallery.schema import upgrade_losses, upgrade_templates, upgrades
from reknown.gallery.switching import begin_end, end_portion, switch
from reknown.gallery.templates import load_templates
from reknown.gallery.upgrades import begin_upgrade, find_upgrade, require_upgrade
from unit.gallery.upgrading import NEXT, as_record, end, prepare, renewed

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from reknown.biometrics.records import FaceRecord, ImageRecord, NewFace
    from reknown.biometrics.templates import TemplateSpace

    MakeImage = Callable[[int], ImageRecord]
    MakeFace = Callable[[int], NewFace]


@pytest.fixture
def add(
    connection: Connection, collection: str, image: MakeImage, face: MakeFace
) -> Callable[..., list[FaceRecord]]:
    """Adds an image with two faces."""

    def add_two(number: int, to: str = collection) -> list[FaceRecord]:
        new = [face(10 * number), face(10 * number + 1)]
        return add_faces(connection, to, image(number), new, "Ada" if number % 2 else None)

    return add_two


def test_faces_are_in_the_new_space_and_otherwise_as_they_were(
    connection: Connection, collection: str, add: Callable[..., list[FaceRecord]]
) -> None:
    records = [*add(1), *add(2)]
    before = get_collection(connection, collection)
    made = prepare(connection, collection)
    assert list_faces(connection, collection).items == tuple(records)
    assert switch(connection, collection, to_target=True) == 4
    assert list_faces(connection, collection).items == tuple(
        as_record(record, made[record.face_id]) for record in records
    )
    found = load_templates(connection, collection)
    assert found.space == get_space(connection, collection) == NEXT
    expected = [made[record.face_id].template.vector for record in records]
    assert np.array_equal(found.vectors, expected)
    after = get_collection(connection, collection)
    assert (after.faces, after.users, after.created_at) == (4, 1, before.created_at)
    assert require_upgrade(connection, collection).present == NEXT


def test_back_and_forth_nothing_is_lost(
    connection: Connection, collection: str, add: Callable[..., list[FaceRecord]]
) -> None:
    add(1), add(2)

    def state() -> tuple[object, ...]:
        found = load_templates(connection, collection)
        faces = list_faces(connection, collection).items
        return found.space, found.vectors.tolist(), list(found.users), faces

    old = state()
    prepare(connection, collection)
    switch(connection, collection, to_target=True)
    new = state()
    for _ in range(2):
        switch(connection, collection, to_target=False)
        assert state() == old
        switch(connection, collection, to_target=True)
        assert state() == new


def test_other_collections_stay_as_they_are(
    connection: Connection,
    collection: str,
    space: TemplateSpace,
    add: Callable[..., list[FaceRecord]],
) -> None:
    other = create_collection(connection, "others", space).name
    add(1), add(2, other), add(3), add(4, other)
    before = list_faces(connection, other), load_templates(connection, other).vectors.tolist()
    prepare(connection, collection)
    prepare(connection, other)
    switch(connection, collection, to_target=True)
    after = list_faces(connection, other), load_templates(connection, other).vectors.tolist()
    assert before == after
    begin_end(connection, collection)
    assert end_portion(connection, collection) is not None
    assert switch(connection, other, to_target=True) == 4


def test_it_is_refused_while_a_face_has_no_new_template(
    connection: Connection, collection: str, add: Callable[..., list[FaceRecord]]
) -> None:
    one, two = add(1)
    begin_upgrade(connection, collection, NEXT)
    carry(connection, collection, NEXT, [renewed(one)], [Loss(two.face_id, LossReason.UNDETECTED)])
    with pytest.raises(UpgradeError, match="1 face has no template of next in 'friends'"):
        switch(connection, collection, to_target=True)
    (late, _) = add(2)
    with pytest.raises(UpgradeError, match="3 faces have no template"):
        switch(connection, collection, to_target=True)
    assert get_space(connection, collection).pack == "tiny"
    ids = [record.face_id for record in list_faces(connection, collection).items[1:]]
    assert late.face_id in ids
    delete_faces(connection, collection, ids)
    assert switch(connection, collection, to_target=True) == 1


def test_faces_enrolled_after_the_switch_have_to_be_prepared_for_the_way_back(
    connection: Connection,
    collection: str,
    space: TemplateSpace,
    add: Callable[..., list[FaceRecord]],
    image: MakeImage,
) -> None:
    add(1)
    prepare(connection, collection)
    switch(connection, collection, to_target=True)
    with pytest.raises(SpaceMismatchError):
        add(2)
    unnamed = replace(renewed(list_faces(connection, collection).items[0]), face_id=None)
    (new,) = add_faces(connection, collection, image(2), [unnamed])
    with pytest.raises(UpgradeError, match="1 face has no template of tiny"):
        switch(connection, collection, to_target=False)
    begin_upgrade(connection, collection, space)
    carry(connection, collection, space, [renewed(new, space)], [])
    assert switch(connection, collection, to_target=False) == 3
    assert load_templates(connection, collection).space == space
    assert switch(connection, collection, to_target=True) == 3
    assert list_faces(connection, collection).items[-1] == new


def test_what_is_in_force_cannot_be_put_in_force(
    connection: Connection, collection: str, add: Callable[..., list[FaceRecord]]
) -> None:
    add(1)
    with pytest.raises(UpgradeError, match="begin with --from PEOPLE"):
        switch(connection, collection, to_target=True)
    prepare(connection, collection)
    with pytest.raises(UpgradeError, match="made with tiny"):
        switch(connection, collection, to_target=False)
    switch(connection, collection, to_target=True)
    with pytest.raises(UpgradeError, match="made with next"):
        switch(connection, collection, to_target=True)


def test_an_empty_collection_moves_too(connection: Connection, collection: str) -> None:
    prepare(connection, collection)
    assert switch(connection, collection, to_target=True) == 0
    assert get_space(connection, collection) == NEXT


def test_every_process_is_told(
    connection: Connection, collection: str, add: Callable[..., list[FaceRecord]]
) -> None:
    add(1)
    prepare(connection, collection)
    before = require(connection, collection)
    switch(connection, collection, to_target=True)
    after = require(connection, collection)
    assert after.replaced == after.revision > before.revision > before.replaced == 0


def test_who_comes_late_to_the_end_deletes_nothing_of_what_begins_anew(
    connection: Connection,
    collection: str,
    space: TemplateSpace,
    add: Callable[..., list[FaceRecord]],
) -> None:
    add(1)
    prepare(connection, collection)
    assert end_portion(connection, collection) is None
    end(connection, collection)
    assert end_portion(connection, collection) is None
    prepare(connection, collection)
    assert end_portion(connection, collection, 1) is None
    assert switch(connection, collection, to_target=True) == 2


def test_the_end_leaves_what_is_in_force_portion_by_portion(
    connection: Connection,
    collection: str,
    space: TemplateSpace,
    add: Callable[..., list[FaceRecord]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(switching, "_PORTION", 3)
    for number in range(1, 5):
        add(number)
    prepare(connection, collection)
    switch(connection, collection, to_target=True)
    kept = list_faces(connection, collection), load_templates(connection, collection).vectors
    begin_end(connection, collection)

    def left() -> list[int]:
        tables = upgrade_templates, upgrade_losses, upgrades
        counts = (select(func.count()).select_from(table) for table in tables)
        return [connection.execute(count).scalar_one() for count in counts]

    after: int | None = 0
    seen = []
    while after is not None:
        after = end_portion(connection, collection, after)
        seen.append(left())
    assert seen == [[5, 0, 1], [2, 0, 1], [0, 0, 1], [0, 0, 0]]
    found = list_faces(connection, collection), load_templates(connection, collection).vectors
    assert found[0] == kept[0]
    assert np.array_equal(found[1], kept[1])
    assert find_upgrade(connection, collection) is None
    assert begin_upgrade(connection, collection, space).former == NEXT
