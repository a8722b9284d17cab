from __future__ import annotations

import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest
from sqlalchemy import delete, event, insert, select, update

from reknown.biometrics.errors import DatabaseError, ReplayError
from reknown.ledger import log
from reknown.ledger.actor import Actor, Nonce
from reknown.ledger.log import Choice, append, newest, read, record, stream
from reknown.ledger.records import (
    DeleteExpiredJobsRecord,
    DescribeCollectionRecord,
    ListCollectionsRecord,
    ListUsersRecord,
    Refusal,
)
from reknown.ledger.schema import events
from reknown.storage.database import open_database, reading
from unit.ledger.examples import write_untyped

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection, Engine

ADA = Actor("key:ada", "request 1")
START = datetime(2026, 1, 1, tzinfo=UTC)


def fill(connection: Connection, moments: list[float]) -> list[int]:
    """An event for each moment, in hours; every second one is of Ada."""
    ids = []
    for number, hours in enumerate(moments):
        actor = ADA if number % 2 else Actor("cli:bob")
        listed = ListUsersRecord(number) if number % 3 else ListCollectionsRecord(number)
        key = append(connection, actor, "friends" if number % 3 else None, listed)
        at = (START + timedelta(hours=hours)).isoformat(timespec="microseconds")
        connection.execute(update(events).where(events.c.id == key).values(at=at))
        ids.append(key)
    return ids


def test_an_event_is_read_as_it_was_written(connection: Connection) -> None:
    key = append(connection, ADA, "friends", ListUsersRecord(3))
    (found,) = read(connection, after=key - 1)
    assert datetime.now(UTC) - found.at < timedelta(minutes=1)
    assert found == log.Event(
        id=key,
        at=found.at,
        actor="key:ada",
        operation="list users",
        collection="friends",
        request_id="request 1",
        kind="done",
        version=1,
        record=ListUsersRecord(3),
    )


def test_a_refusal_stands_under_what_was_refused(connection: Connection) -> None:
    refusal = Refusal("identify", "SearchFaces", "AccessDeniedException")
    key = append(connection, ADA, "friends", refusal)
    (found,) = read(connection, Choice(operation="identify"), key - 1)
    assert (found.kind, found.record) == ("refused", refusal)


def test_rows_from_before_records_had_types_are_read_as_they_are(connection: Connection) -> None:
    key = write_untyped(connection, {"user": "Ada", "image": "ü\0\ud800"})
    (found,) = read(connection, after=key - 1)
    assert found == log.Event(
        id=key,
        at=datetime(2025, 1, 2, 3, 4, 5, 6, UTC),
        actor="cli:bob",
        operation="enrol",
        collection="people",
        request_id=None,
        kind=None,
        version=0,
        record={"user": "Ada", "image": "ü\0\ud800"},
    )


def test_a_record_consumes_the_nonce(own_engine: Engine) -> None:
    nonce = Nonce("signature", datetime.now(UTC) + timedelta(minutes=5))
    actor = Actor("key:ada", "request", nonce)
    record(own_engine, actor, None, ListUsersRecord(1))
    with pytest.raises(ReplayError):
        record(own_engine, actor, None, ListUsersRecord(2))
    assert [found.record for found in stream(own_engine)] == [ListUsersRecord(1)]


def test_what_is_no_record_is_not_written(connection: Connection) -> None:
    before = newest(connection, Choice(), 0)
    with pytest.raises(msgspec.ValidationError):
        append(connection, ADA, None, ListUsersRecord(-1))
    assert newest(connection, Choice(), 0) == before


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (Choice(), range(10)),
        (Choice(actor="key:ada"), [1, 3, 5, 7, 9]),
        (Choice(operation="list collections"), [0, 3, 6, 9]),
        (Choice(collection="friends"), [1, 2, 4, 5, 7, 8]),
        (Choice(request_id="request 1", collection="friends"), [1, 5, 7]),
        (Choice(since=START + timedelta(hours=4)), [4, 5, 6, 7, 8, 9]),
        (Choice(until=START + timedelta(hours=4)), [0, 1, 2, 3]),
        (Choice(START + timedelta(hours=2), START + timedelta(hours=8), "cli:bob"), [2, 4, 6]),
        (Choice(since=START + timedelta(days=9)), []),
        (Choice(until=START), []),
        (Choice(actor="nobody"), []),
    ],
)
def test_events_are_chosen(own_engine: Engine, choice: Choice, expected: list[int]) -> None:
    with own_engine.begin() as connection:
        ids = fill(connection, [float(number) for number in range(10)])
    wanted = [ids[number] for number in expected]
    assert [found.id for found in stream(own_engine, choice)] == wanted
    with reading(own_engine) as connection:
        assert [found.id for found in read(connection, choice)] == wanted
        assert newest(connection, choice, 10) == 0
        for count in range(1, len(wanted)):
            after = newest(connection, choice, count)
            assert [found.id for found in stream(own_engine, choice, after)] == wanted[-count:]
        earlier = replace(choice, before=ids[5])
        assert [found.id for found in read(connection, earlier)] == [
            each for each in wanted if each < ids[5]
        ]


def test_times_of_any_zone_choose_the_same(own_engine: Engine) -> None:
    with own_engine.begin() as connection:
        ids = fill(connection, [0, 1, 2])
    east = datetime.fromisoformat("2026-01-01T11:00+10:00")
    assert [found.id for found in stream(own_engine, Choice(since=east))] == ids[1:]


def test_a_clock_that_was_wrong_for_a_while_hides_nothing(own_engine: Engine) -> None:
    with own_engine.begin() as connection:
        ids = fill(connection, [0, 500, 1, 2, 3])
    late = Choice(since=START + timedelta(hours=2))
    early = Choice(until=START + timedelta(hours=2))
    assert [found.id for found in stream(own_engine, late)] == [ids[1], *ids[3:]]
    assert [found.id for found in stream(own_engine, early)] == [ids[0], ids[2]]


def test_pages_are_read_one_by_one_in_transactions_of_their_own(
    own_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "_PAGE", 3)
    with own_engine.begin() as connection:
        fill(connection, [0.0] * 7)
    ended: list[str] = []

    @event.listens_for(own_engine, "rollback")
    def rollback(_: Connection) -> None:
        ended.append("rollback")

    seen = stream(own_engine)
    assert not ended
    listed = [next(seen) for _ in range(4)]
    before = len(ended)
    assert before >= 2
    with own_engine.begin() as connection:  # nobody waits for a reader
        append(connection, ADA, None, DescribeCollectionRecord())
    listed += seen
    assert len(ended) > before
    assert [found.id for found in listed] == sorted(found.id for found in listed)
    assert listed[-1].record == DescribeCollectionRecord()
    assert len(listed) == 8


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        ({"detail": '{"listed":4,"more":1}'}, "not as Reknown writes it"),
        ({"detail": '{"listed": 4}'}, "not as Reknown writes it"),
        ({"detail": '{"listed":"4"}'}, "Expected `int`"),
        ({"detail": '{"listed":'}, "damaged"),
        ({"version": 2}, "does not know"),
        ({"operation": "list horses"}, "does not know"),
        ({"kind": "refused"}, "damaged"),
    ],
)
def test_a_damaged_row_is_named(
    connection: Connection, damage: dict[str, object], why: str
) -> None:
    key = append(connection, ADA, None, ListUsersRecord(4))
    connection.execute(update(events).where(events.c.id == key).values(damage))
    with pytest.raises(DatabaseError, match=why):
        read(connection, after=key - 1)


def test_rows_are_canonical(connection: Connection) -> None:
    key = append(connection, ADA, None, DeleteExpiredJobsRecord(1))
    row = connection.execute(select(events).where(events.c.id == key)).one()
    assert (row.kind, row.version, row.detail) == ("done", 1, '{"jobs":1}')


def test_a_kind_nobody_knows(connection: Connection) -> None:
    row = {"at": START.isoformat(), "actor": "a", "operation": "x", "detail": "{}"}
    key = connection.execute(
        insert(events).values(**row, kind="hm", version=1)
    ).inserted_primary_key
    assert key
    with pytest.raises(DatabaseError, match="does not know"):
        read(connection, after=key[0] - 1)


def test_a_longer_ledger_takes_no_more_memory(tmp_path: Path) -> None:
    engine = open_database(tmp_path)

    def peak(rows: int) -> int:
        value = {"at": START.isoformat(), "actor": "a", "operation": "x", "detail": "{}"}
        with engine.begin() as connection:
            connection.execute(insert(events), [value] * rows)
        tracemalloc.start()
        try:
            assert sum(1 for _ in stream(engine)) >= rows
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1000)  # what is loaded and compiled once
    short = peak(1000)
    assert peak(20_000) < 1.5 * short
    engine.dispose()


def test_following_shows_what_is_there_and_then_what_comes(own_engine: Engine) -> None:
    def write(listed: int, actor: Actor = ADA) -> None:
        record(own_engine, actor, None, ListUsersRecord(listed))

    def pause() -> None:
        number = next(pauses)
        if number == 4:
            raise KeyboardInterrupt
        if number % 2:
            write(10 * number)
            write(99, Actor("somebody else"))

    for number in range(3):
        write(number)
    pauses = iter(range(5))
    followed = log.follow(own_engine, Choice(actor=ADA.name), 0, pause)
    shown = [[found.record for found in next(followed)] for _ in range(3)]
    expected = [[0, 1, 2], [10], [30]]
    assert shown == [[ListUsersRecord(number) for number in page] for page in expected]
    with pytest.raises(KeyboardInterrupt):
        next(followed)


def test_following_shows_only_what_was_asked_of_what_is_there(own_engine: Engine) -> None:
    for number in range(3):
        record(own_engine, ADA, None, ListUsersRecord(number))
    with reading(own_engine) as connection:
        after = newest(connection, Choice(), 1)

    def pause() -> None:
        record(own_engine, ADA, None, ListUsersRecord(9))

    followed = log.follow(own_engine, Choice(), after, pause)
    shown = [[found.record for found in next(followed)] for _ in range(3)]
    assert shown == [[ListUsersRecord(2)], [ListUsersRecord(9)], [ListUsersRecord(9)]]


def test_following_misses_nobody_who_was_late(own_engine: Engine) -> None:
    """A transaction that began earlier, and has the lower id, may end later."""
    for number in (1, 2):
        record(own_engine, ADA, None, ListUsersRecord(number))
    with own_engine.begin() as connection:
        late = connection.execute(select(events).order_by(events.c.id)).first()
        assert late
        connection.execute(delete(events).where(events.c.id == late.id))

    def pause() -> None:
        with own_engine.begin() as connection:
            connection.execute(insert(events).values(late._asdict()))

    followed = log.follow(own_engine, Choice(), 0, pause)
    assert [found.record for found in next(followed)] == [ListUsersRecord(2)]
    assert [found.record for found in next(followed)] == [ListUsersRecord(1)]


def test_following_begins_with_the_time_asked_for(own_engine: Engine) -> None:
    record(own_engine, ADA, None, ListUsersRecord(1))
    now = datetime.now(UTC)

    def pause() -> None:
        record(own_engine, ADA, None, ListUsersRecord(2))

    followed = log.follow(own_engine, Choice(since=now), 0, pause)
    assert [found.record for found in next(followed)] == [ListUsersRecord(2)]


def test_operations_are_merged_in_the_order_of_writing(own_engine: Engine) -> None:
    with own_engine.begin() as connection:
        ids = fill(connection, [float(hours) for hours in range(450)])
        append(connection, ADA, None, DeleteExpiredJobsRecord(1))
    both = ("list collections", "list users")
    assert [event.id for event in log.stream_operations(own_engine, both)] == ids
    users = log.stream_operations(own_engine, both[1:], Choice(actor="key:ada"))
    wanted = [key for number, key in enumerate(ids) if number % 3 and number % 2]
    assert [event.id for event in users] == wanted
