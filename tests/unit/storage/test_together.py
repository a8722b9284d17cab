from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, text

from reknown.storage.database import reading, write_together
from unit.databases import own_engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine

__all__ = ["own_engine"]


@pytest.fixture
def counted(own_engine: Engine) -> Engine:
    with own_engine.begin() as connection:
        connection.execute(text("CREATE TABLE written (number integer UNIQUE)"))
    return own_engine


def insert(number: int) -> Callable[[Connection], int]:
    def work(connection: Connection) -> int:
        connection.execute(text("INSERT INTO written VALUES (:number)"), {"number": number})
        return number * 2

    return work


def written(engine: Engine) -> list[int]:
    with reading(engine) as connection:
        query = text("SELECT number FROM written ORDER BY number")
        return list(connection.execute(query).scalars())


def at_once(engine: Engine, works: list[Callable[[Connection], int]]) -> list[object]:
    """What comes of works that gather while another one is writing."""
    begun, go = threading.Event(), threading.Event()
    results: list[object] = [None] * len(works)

    def hold(connection: Connection) -> int:
        result = insert(-1)(connection)
        begun.set()
        assert go.wait(30)
        return result

    def run(place: int) -> None:
        try:
            results[place] = write_together(engine, works[place])
        except Exception as error:
            results[place] = error

    first = threading.Thread(target=write_together, args=(engine, hold))
    first.start()
    assert begun.wait(30)
    others = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in others:
        thread.start()
    gathering = engine.get_execution_options().get("together")
    while gathering is not None and len(gathering._waiting) < len(works):
        pass
    go.set()
    for thread in (first, *others):
        thread.join(30)
    return results


def test_what_gathers_is_one_transaction_and_each_gets_its_own_answer(counted: Engine) -> None:
    commits: list[int] = []
    event.listen(counted, "commit", lambda _: commits.append(1))
    assert at_once(counted, [insert(number) for number in range(8)]) == [0, 2, 4, 6, 8, 10, 12, 14]
    assert written(counted) == [-1, *range(8)]
    # PostgreSQL has writers side by side, and gathers their commits itself
    assert len(commits) == (2 if counted.dialect.name == "sqlite" else 9)


def test_it_is_on_disk_when_it_is_answered(counted: Engine) -> None:
    assert write_together(counted, insert(5)) == 10
    assert written(counted) == [5]


def test_who_fails_fails_alone(counted: Engine) -> None:
    def fail(_: Connection) -> int:
        raise LookupError("nobody")

    works = [insert(1), fail, insert(2), insert(-1), insert(3)]
    first, failed, second, twice, third = at_once(counted, works)
    assert (first, second, third) == (2, 4, 6)
    assert isinstance(failed, LookupError)
    assert "UNIQUE" in str(twice) or "unique" in str(twice)
    assert written(counted) == [-1, 1, 2, 3]
    assert write_together(counted, insert(4)) == 8


def test_threads_that_never_stop_get_their_turn(counted: Engine) -> None:
    def many(first: int) -> None:
        for number in range(first, first + 25):
            assert write_together(counted, insert(number)) == number * 2

    threads = [threading.Thread(target=many, args=(100 * place,)) for place in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(written(counted)) == 150


def test_after_a_commit_that_fails_nothing_is_answered(counted: Engine) -> None:
    class NoRoomError(Exception):
        pass

    def refuse(_: object) -> None:
        raise NoRoomError

    event.listen(counted, "commit", refuse)
    with pytest.raises(NoRoomError):
        write_together(counted, insert(1))
    event.remove(counted, "commit", refuse)
    assert written(counted) == []
    assert write_together(counted, insert(1)) == 2
