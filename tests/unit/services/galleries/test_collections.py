from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contexts import events
from reknown.biometrics.errors import AlreadyExistsError, NotFoundError, SpaceMismatchError
from reknown.ledger.records import (
    CreateCollectionRecord,
    DeleteCollectionRecord,
    DescribeCollectionRecord,
    ListCollectionsRecord,
    ListTagsRecord,
    SpaceRecord,
    TagCollectionRecord,
)
from reknown.services.context import Actor
from reknown.services.galleries import collections
from reknown.services.galleries.enrolment import enrol_subjects
from reknown.services.galleries.enrolment_plan import read_plan
from reknown.services.galleries.pages import PageRequest, all_pages
from reknown.services.searches.search import Query, open_search

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.ledger.log import Event
    from reknown.services.context import Context
    from reknown.vision.analyze import Engine


def last(context: Context) -> Event:
    return events(context)[-1]


def listed(context: Context) -> list[str]:
    found = all_pages(lambda page: collections.list_collections(context, page))
    return [collection.name for collection in found]


def test_making_a_collection_leaves_an_event(context: Context, engine: Engine) -> None:
    made = collections.create_collection(context.by(Actor("ann")), "friends", tags={"a": "b"})
    event, space = last(context), SpaceRecord.of(engine.space)
    assert (event.actor, event.operation, event.collection) == (
        "ann",
        "create collection",
        "friends",
    )
    assert event.record == CreateCollectionRecord(space, {"a": "b"})
    assert collections.describe_collection(context, "friends") == made
    assert made.space == engine.space


def test_a_collection_is_of_the_pack_named(context: Context, other: Engine) -> None:
    assert collections.create_collection(context, "friends", "other").space == other.space


def test_tagging_leaves_an_event(context: Context, collection: str) -> None:
    collections.change_tags(context, collection, {"a": "1", "b": "2"})
    changed = collections.change_tags(context, collection, {"a": "3"}, ["b"])
    assert changed.tags == {"a": "3"}
    assert last(context).record == TagCollectionRecord({"a": "3"}, ("b",))
    assert collections.list_tags(context, collection) == {"a": "3"}


def test_looking_leaves_an_event(context: Context, collection: str) -> None:
    collections.describe_collection(context, collection)
    collections.list_tags(context, collection)
    collections.list_collections(context, PageRequest())
    expected = [DescribeCollectionRecord(), ListTagsRecord(), ListCollectionsRecord(1)]
    assert [event.record for event in events(context)[-3:]] == expected


def test_collections_are_listed_page_by_page_and_only_those_to_be_seen(context: Context) -> None:
    for name in "abc":
        collections.create_collection(context, name)
    assert listed(context) == ["a", "b", "c"]
    page = collections.list_collections(context, PageRequest(limit=2), lambda name: name != "a")
    assert [item.name for item in page.items] == ["b"]
    rest = collections.list_collections(context, PageRequest(page.next, 2))
    assert ([item.name for item in rest.items], rest.next) == (["c"], None)


def test_deleting_a_collection_leaves_an_event_and_no_template(
    context: Context, collection: str, people: Path
) -> None:
    list(enrol_subjects(context, collection, read_plan(people)))
    assert open_search(context, Query(collection)).references == 2
    collections.delete_collection(context, collection)
    assert last(context).record == DeleteCollectionRecord()
    assert listed(context) == []
    with pytest.raises(NotFoundError):
        collections.describe_collection(context, collection)
    with pytest.raises(NotFoundError):
        open_search(context, Query(collection))


def test_what_fails_leaves_no_event(context: Context, collection: str) -> None:
    before = len(events(context))
    with pytest.raises(AlreadyExistsError):
        collections.create_collection(context, collection)
    with pytest.raises(NotFoundError):
        collections.delete_collection(context, "nobody")
    with pytest.raises(NotFoundError):
        collections.change_tags(context, "nobody", {"a": "b"})
    with pytest.raises(NotFoundError):
        collections.describe_collection(context, "nobody")
    assert len(events(context)) == before


def test_a_collection_is_made_once_and_then_found(context: Context, engine: Engine) -> None:
    assert collections.ensure_collection(context, "friends") == engine.space
    assert collections.ensure_collection(context, "friends") == engine.space
    assert [event.operation for event in events(context)] == ["create collection"]


def test_a_collection_of_another_pack_is_taken_unless_one_is_named(
    context: Context, other: Engine
) -> None:
    collections.create_collection(context, "friends", "other")
    assert collections.ensure_collection(context, "friends") == other.space
    assert collections.ensure_collection(context, "friends", "other") == other.space
    with pytest.raises(SpaceMismatchError):
        collections.ensure_collection(context, "friends", "opencv")


def test_the_ledger_outlives_what_it_tells_of(
    context: Context, collection: str, people: Path
) -> None:
    list(enrol_subjects(context, collection, read_plan(people)))
    collections.delete_collection(context, collection)
    told = [event.operation for event in events(context) if event.collection == collection]
    assert told == ["create collection", "enrol", "enrol", "delete collection"]
