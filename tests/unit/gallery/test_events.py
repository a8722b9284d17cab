from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from reknown.gallery.collections import delete_collection
from reknown.ledger.actor import Actor
from reknown.ledger.events import append, read
from reknown.ledger.schema import events

if TYPE_CHECKING:
    from sqlalchemy import Connection


def test_events_are_read_in_order_of_writing(connection: Connection) -> None:
    first = append(connection, Actor("ada"), "enrol", "friends", {"z": [1, None], "a": "ü\0"})
    second = append(connection, Actor("bob"), "search", None, {})
    one, two = read(connection, first - 1)
    assert (one.id, two.id) == (first, second)
    assert (one.actor, one.operation, one.collection) == ("ada", "enrol", "friends")
    assert one.detail == {"z": [1, None], "a": "ü\0"}
    assert one.at.tzinfo is UTC
    assert datetime.now(UTC) - one.at < timedelta(minutes=1)
    assert two.collection is None
    stored = connection.execute(select(events.c.detail).where(events.c.id == first)).scalar_one()
    assert stored.startswith('{"a": ')


def test_events_are_filtered_and_paged(connection: Connection, collection: str) -> None:
    start = append(connection, Actor("ada"), "begin", None, {})
    for number in range(6):
        name = collection if number % 2 else "others"
        append(connection, Actor("ada"), "search" if number < 4 else "enrol", name, {"n": number})
    numbers = [event.detail["n"] for event in read(connection, start, 3)]
    assert numbers == [0, 1, 2]
    found = read(connection, start, 10, "search", collection)
    assert [event.detail["n"] for event in found] == [1, 3]
    assert [event.detail["n"] for event in read(connection, found[0].id, 1, "search")] == [2]


def test_an_event_outlives_its_collection(connection: Connection, collection: str) -> None:
    written = append(connection, Actor("ada"), "delete", collection, {})
    delete_collection(connection, collection)
    assert [event.collection for event in read(connection, written - 1)] == [collection]


def test_details_must_be_json(connection: Connection) -> None:
    with pytest.raises(ValueError, match="JSON"):
        append(connection, Actor("ada"), "search", None, {"score": float("nan")})
