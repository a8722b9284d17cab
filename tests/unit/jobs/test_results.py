from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reknown.jobs import queue, results
from reknown.jobs.results import PART
from reknown.storage.database import open_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from reknown.jobs.queue import Job

_COUNT = 3 * PART + 7


class _Entry(msgspec.Struct):
    time: int
    name: str = "né"


def _stored(connection: Connection, entries: list[_Entry]) -> Job:
    job_id = queue.add(connection, queue.NewJob("search", "ada", None, "{}"))
    job = queue.find(connection, job_id)
    assert job is not None
    results.store(connection, job, results.pack("time", entries))
    return job


@pytest.fixture
def job(connection: Connection) -> Job:
    return _stored(connection, [_Entry(number) for number in range(_COUNT)])


@pytest.mark.parametrize(
    "span",
    [
        range(PART),
        range(PART - 1, PART + 1),
        range(PART, 2 * PART),
        range(_COUNT),
        range(_COUNT - 1, _COUNT + 10_000),
        range(_COUNT, _COUNT + 5),
        range(10**9, 10**9 + 1000),
        range(0),
    ],
    ids=str,
)
def test_any_span_is_read(connection: Connection, job: Job, span: range) -> None:
    found = results.read(connection, job, "time", span, _Entry)
    assert [entry.time for entry in found] == [number for number in span[:5000] if number < _COUNT]
    assert all(entry.name == "né" for entry in found)


def test_lists_do_not_mix(connection: Connection, job: Job) -> None:
    other = _stored(connection, [_Entry(-1)])
    results.store(connection, job, results.pack("person", [_Entry(-2)]))
    assert results.read(connection, other, "time", range(9), _Entry) == [_Entry(-1)]
    assert results.read(connection, job, "person", range(9), _Entry) == [_Entry(-2)]
    assert results.read(connection, other, "person", range(9), _Entry) == []


def test_entries_are_picked_by_number(connection: Connection, job: Job) -> None:
    wanted = [_COUNT - 1, 3, PART, 3]
    found = results.pick(connection, job, "time", wanted, _Entry)
    assert {number: entry.time for number, entry in found.items()} == {n: n for n in wanted}
    assert results.pick(connection, job, "time", [], _Entry) == {}
    for missing in (_COUNT, 10 * PART):
        with pytest.raises(KeyError):
            results.pick(connection, job, "time", [missing], _Entry)


def test_an_empty_list_is_an_empty_list(connection: Connection) -> None:
    job = _stored(connection, [])
    assert results.read(connection, job, "time", range(10), _Entry) == []


@pytest.fixture(scope="module")
def one_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = open_database(tmp_path_factory.mktemp("data"))
    yield engine
    engine.dispose()


@settings(max_examples=40, deadline=None)
@given(count=st.integers(0, 2 * PART + 3), size=st.integers(1, 1000))
def test_page_by_page_everything_comes_once_and_in_order(
    one_database: Engine, count: int, size: int
) -> None:
    with one_database.connect() as connection:
        job = _stored(connection, [_Entry(number) for number in range(count)])
        seen: list[int] = []
        start = 0
        while page := results.read(connection, job, "time", range(start, start + size), _Entry):
            seen.extend(entry.time for entry in page)
            start += size
        assert seen == list(range(count))
        connection.rollback()


def test_parts_are_small(tmp_path: Path) -> None:
    entries = [_Entry(number, "the same name again") for number in range(PART)]
    (part,) = results.pack("time", entries)
    assert len(part.data) < len(msgspec.json.encode(entries)) / 4
