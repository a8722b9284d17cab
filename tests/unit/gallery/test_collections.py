from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from reknown.biometrics.errors import AlreadyExistsError, InputError, NotFoundError
from reknown.gallery.collections import (
    create_collection,
    delete_collection,
    get_collection,
    list_collections,
    remove_tags,
    require,
    set_tags,
)
from reknown.gallery.faces import add_faces
from reknown.gallery.schema import faces, images, users

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from reknown.biometrics.records import ImageRecord, NewFace
    from reknown.biometrics.templates import TemplateSpace


def test_a_collection_is_kept_as_it_was_made(connection: Connection, space: TemplateSpace) -> None:
    made = create_collection(connection, "Büro 東京 '%\n😀", space, {"b": "", "a": "1"})
    assert made == get_collection(connection, made.name)
    assert made.space == space
    assert made.tags == {"a": "1", "b": ""}
    assert (made.faces, made.users) == (0, 0)
    assert made.created_at.tzinfo is UTC
    assert datetime.now(UTC) - made.created_at < timedelta(minutes=1)


def test_a_name_is_taken_once(connection: Connection, space: TemplateSpace) -> None:
    create_collection(connection, "one", space)
    with pytest.raises(AlreadyExistsError, match="'one'"):
        create_collection(connection, "one", space)
    # the transaction goes on
    create_collection(connection, "One", space)


@pytest.mark.parametrize("name", ["", "x" * 256, "a\0b", "\ud800"])
def test_names_that_cannot_be_stored(
    connection: Connection, space: TemplateSpace, name: str
) -> None:
    with pytest.raises(InputError, match="name"):
        create_collection(connection, name, space)
    with pytest.raises(InputError, match="tag's key"):
        create_collection(connection, "fine", space, {name: ""})


def test_a_missing_collection_is_named(connection: Connection) -> None:
    for function in (get_collection, delete_collection, require):
        with pytest.raises(NotFoundError, match="'nowhere' does not exist; create it"):
            function(connection, "nowhere")
    with pytest.raises(NotFoundError, match="'nowhere'"):
        set_tags(connection, "nowhere", {})


def test_collections_are_listed_with_their_tags(
    connection: Connection, space: TemplateSpace
) -> None:
    names = ["c", "a", "b"]
    made = [create_collection(connection, name, space, {"of": name}) for name in names]
    page = list_collections(connection, limit=2)
    assert list(page.items) == made[:2]
    rest = list_collections(connection, page.next, limit=2)
    assert (list(rest.items), rest.next) == (made[2:], None)


def test_tags_are_replaced_and_removed(connection: Connection, collection: str) -> None:
    set_tags(connection, collection, {"a": "1", "b": "2"})
    set_tags(connection, collection, {"b": "3", "c": "4"})
    remove_tags(connection, collection, ["a", "absent"])
    assert get_collection(connection, collection).tags == {"b": "3", "c": "4"}


@pytest.mark.parametrize("key", ["x" * 256, "", "a\0"])
def test_a_key_that_no_tag_can_have_is_refused(
    connection: Connection, collection: str, key: str
) -> None:
    with pytest.raises(InputError, match="a tag's key"):
        remove_tags(connection, collection, [key])


def test_a_collection_goes_with_all_it_holds(
    connection: Connection,
    collection: str,
    space: TemplateSpace,
    image: Callable[[int], ImageRecord],
    face: Callable[[int], NewFace],
) -> None:
    set_tags(connection, collection, {"a": "1"})
    add_faces(connection, collection, image(1), [face(1), face(2)], "Ada")
    before = require(connection, collection).id
    record = get_collection(connection, collection)
    assert (record.faces, record.users) == (2, 1)
    delete_collection(connection, collection)
    for table in (faces, images, users):
        assert connection.execute(select(func.count()).select_from(table)).scalar() == 0
    create_collection(connection, collection, space)
    assert require(connection, collection).id != before
    assert get_collection(connection, collection).tags == {}
