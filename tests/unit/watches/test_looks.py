from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from reknown.biometrics.errors import LimitError
from reknown.storage.clock import as_text, now
from reknown.watches import looks, watches
from reknown.watches.schema import live_looks
from unit.watches.test_watches import added

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from reknown.watches.looks import StoredLook

ONE, OTHER = b"1" * 32, b"2" * 32
_SECOND = timedelta(seconds=1)


def found(connection: Connection, key: bytes = ONE) -> StoredLook:
    look = looks.find(connection, key)
    assert look is not None
    return look


def pass_time(connection: Connection, seconds: float) -> None:
    """Everybody asked so long before."""
    moment = as_text(now(connection) - timedelta(seconds=seconds))
    connection.execute(update(live_looks).values(asked_at=moment, recorded_at=moment))


def test_the_newest_picture_of_a_look_is_kept_and_no_other(connection: Connection) -> None:
    hall = added(connection)
    looks.ask(connection, hall, ONE, "ada")
    assert looks.list_wanted(connection, hall) == [ONE]
    assert found(connection).sealed is None
    taken = now(connection)
    looks.put(connection, ONE, b"second", taken)
    looks.put(connection, ONE, b"first", taken - _SECOND)
    assert (found(connection).sealed, found(connection).taken_at) == (b"second", taken)
    looks.put(connection, ONE, b"third", taken + _SECOND)
    assert found(connection).sealed == b"third"


def test_whoever_does_not_go_on_has_stopped_looking(connection: Connection) -> None:
    hall = added(connection)
    looks.ask(connection, hall, ONE, "ada")
    pass_time(connection, 11)
    assert looks.list_wanted(connection, hall) == []
    assert not looks.ask(connection, hall, ONE, "ada")
    assert looks.list_wanted(connection, hall) == [ONE]
    assert found(connection).asked < _SECOND < found(connection).recorded
    assert not looks.has_old(connection)
    pass_time(connection, 31)
    assert looks.has_old(connection)
    looks.forget(connection)
    assert looks.find(connection, ONE) is None
    assert looks.ask(connection, hall, ONE, "ada")


def test_it_is_recorded_once_a_minute_for_all_processes_that_somebody_asks(
    connection: Connection,
) -> None:
    hall, yard = added(connection), added(connection, "yard")
    assert looks.ask(connection, hall, ONE, "ada")
    assert looks.ask(connection, yard, b"y" * 32, "ada")
    assert looks.ask(connection, hall, b"b" * 32, "ben")
    pass_time(connection, 20)
    assert not looks.ask(connection, hall, OTHER, "ada")
    assert timedelta(seconds=19) < found(connection, OTHER).recorded
    old = as_text(now(connection) - timedelta(seconds=61))
    connection.execute(update(live_looks).values(recorded_at=old))
    assert looks.ask(connection, hall, OTHER, "ada")
    assert not looks.ask(connection, hall, ONE, "ada")
    assert found(connection).recorded < _SECOND


def keys(number: int) -> list[bytes]:
    return [bytes([each]) * 32 for each in range(number)]


def test_only_so_many_look_at_once_and_those_who_left_make_room(connection: Connection) -> None:
    hall, yard = added(connection), added(connection, "yard")
    for key in keys(looks.MOST_OF_A_WATCH):
        looks.ask(connection, hall, key, f"person {key[0]}")
    with pytest.raises(LimitError, match="through this camera"):
        looks.ask(connection, hall, ONE, "ben")
    looks.ask(connection, hall, b"2nd" * 9, "person 3")
    looks.ask(connection, yard, ONE, "ben")
    pass_time(connection, 31)
    looks.ask(connection, hall, OTHER, "ben")
    assert looks.find(connection, ONE) is None


def test_one_person_is_one_however_many_processes_they_ask(connection: Connection) -> None:
    hall = added(connection)
    for key in keys(looks.MOST_OF_AN_ACTOR):
        looks.ask(connection, hall, key, "ada")
    with pytest.raises(LimitError, match="ada has 32 looks"):
        looks.ask(connection, added(connection, "yard"), b"yard" * 8, "ada")
    looks.ask(connection, hall, b"ben" * 9, "ben")


def test_only_so_many_look_at_all_cameras(connection: Connection) -> None:
    for key in keys(looks.MOST):
        if key[0] % looks.MOST_OF_A_WATCH == 0:
            watch = added(connection, f"watch-{key[0]}")
        looks.ask(connection, watch, key, f"person {key[0]}")
    with pytest.raises(LimitError, match="through cameras"):
        looks.ask(connection, added(connection), b"ben" * 9, "ben")
    looks.ask(connection, added(connection, "yard"), b"2nd" * 9, "person 3")


def test_looks_go_with_their_watch(connection: Connection) -> None:
    hall = added(connection)
    looks.ask(connection, hall, ONE, "ada")
    watches.delete_watch(connection, hall)
    assert looks.find(connection, ONE) is None
