from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reknown.biometrics.errors import InputError
from reknown.gallery.collections import create_collection, list_collections
from reknown.gallery.faces import add_faces, delete_faces, list_faces
from reknown.storage.paging import batches

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine

    from reknown.biometrics.records import ImageRecord, NewFace
    from reknown.biometrics.templates import TemplateSpace

ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(1, 3)),
        st.tuples(st.just("delete"), st.integers(0, 20)),
        st.tuples(st.just("read"), st.integers(1, 3)),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=25)
@given(actions=ACTIONS)
def test_pages_show_everything_once_in_order_while_faces_come_and_go(
    engine: Engine,
    space: TemplateSpace,
    image: Callable[[int], ImageRecord],
    face: Callable[[int], NewFace],
    actions: list[tuple[str, int]],
) -> None:
    numbers = count()
    kept: list[str] = []
    seen: list[str] = []
    deleted: set[str] = set()
    after: str | None = None
    with engine.connect() as connection:
        name = create_collection(connection, str(uuid4()), space).name

        def add(faces: int) -> None:
            new = [face(number) for number in range(faces)]
            records = add_faces(connection, name, image(next(numbers)), new)
            kept.extend(record.face_id for record in records)

        add(2)
        for action, number in actions:
            if action == "add":
                add(number)
            elif action == "delete" and kept:
                face_id = kept.pop(number % len(kept))
                deleted |= delete_faces(connection, name, [face_id])
            elif action == "read" and (after is not None or not seen):
                page = list_faces(connection, name, after, number)
                seen += [record.face_id for record in page.items]
                after = page.next
        while after is not None or not seen:
            page = list_faces(connection, name, after, 2)
            if not page.items:
                break
            seen += [record.face_id for record in page.items]
            after = page.next
        connection.rollback()
    assert len(seen) == len(set(seen))
    # what came after the last page was read is not shown
    stayed = [face_id for face_id in seen if face_id not in deleted]
    assert stayed == kept[: len(stayed)]


def test_nothing_is_missed_after_the_newest_was_deleted(
    connection: Connection,
    collection: str,
    image: Callable[[int], ImageRecord],
    face: Callable[[int], NewFace],
) -> None:
    first = add_faces(connection, collection, image(1), [face(1), face(2), face(3)])
    page = list_faces(connection, collection, limit=2)
    delete_faces(connection, collection, [record.face_id for record in first[1:]])
    added = add_faces(connection, collection, image(2), [face(4), face(5)])
    assert list_faces(connection, collection, page.next).items == tuple(added)


@pytest.mark.parametrize("after", ["", "x", "-1", "1.5", "\uff19", "\u00b2", "9" * 30])
def test_only_pages_say_where_to_go_on(connection: Connection, after: str) -> None:
    with pytest.raises(InputError, match="not where a page ended"):
        list_collections(connection, after)


def test_a_page_holds_something(connection: Connection) -> None:
    with pytest.raises(InputError, match="at least one"):
        list_collections(connection, limit=0)


def test_batches_hold_each_value_once() -> None:
    values = [str(number % 1200) for number in range(3000)]
    parts = list(batches(values))
    assert [len(part) for part in parts] == [500, 500, 200]
    assert [value for part in parts for value in part] == values[:1200]
