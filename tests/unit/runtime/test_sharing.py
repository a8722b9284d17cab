from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import structlog
from structlog.testing import LogCapture

from processes import wait_for
from reknown.access.uses import ToldUses, read_uses
from reknown.api.fairness import Shares
from reknown.api.metrics import Metrics
from reknown.api.pool import Pool
from reknown.biometrics.errors import DatabaseUnavailableError
from reknown.runtime import sharing
from reknown.runtime.sharing import SILENT_SECONDS, Hearing, SharedLimits
from reknown.services.limits import KeyUse, PoolUse, exchange_uses, pools_of
from reknown.storage.database import open_database, reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

_BUSY = {"work": PoolUse(2, {"a": KeyUse(2, 1.5)})}


@pytest.fixture
def database(empty_location: str) -> Iterator[Engine]:
    database = open_database(empty_location)
    yield database
    database.dispose()


@pytest.fixture
def capture() -> LogCapture:
    return LogCapture()


@pytest.fixture
def limits(database: Engine, capture: LogCapture) -> SharedLimits:
    log: Any = structlog.wrap_logger(None, processors=[capture])
    return SharedLimits(database, [_pool()], log)


def _pool() -> Pool:
    return Pool("work", Shares(2, 10, key_requests=2), Metrics())


def _stored(database: Engine) -> list[ToldUses]:
    with reading(database) as connection:
        return read_uses(connection)


def test_each_is_told_what_the_others_told_last(database: Engine) -> None:
    assert exchange_uses(database, "one", 1, _BUSY) == []
    (told,) = exchange_uses(database, "two", 1, {})
    assert (told.process, told.beat, pools_of(told)) == ("one", 1, _BUSY)
    exchange_uses(database, "one", 2, {})
    (told,) = exchange_uses(database, "two", 2, {})
    assert (told.beat, pools_of(told)) == (2, {})


def test_what_the_dead_told_goes_unless_they_live(database: Engine) -> None:
    exchange_uses(database, "one", 1, {})
    (dead,) = exchange_uses(database, "two", 1, {})
    exchange_uses(database, "one", 2, {})
    assert [each.beat for each in exchange_uses(database, "two", 2, {}, [dead])] == [2]
    (dead,) = exchange_uses(database, "two", 3, {})
    assert exchange_uses(database, "two", 4, {}, [dead]) == []


@pytest.mark.parametrize("text", ["", "[]", '{"work": 1}', '{"work": {"slots": -1, "keys": {}}}'])
def test_what_another_release_tells_is_passed_over(text: str) -> None:
    assert pools_of(ToldUses("one", 1, text)) == {}


def test_whose_beat_stands_still_is_dead_until_it_goes_on() -> None:
    now = 0.0
    hearing = Hearing(lambda: now)
    still, later = ToldUses("one", 1, "{}"), ToldUses("one", 2, "{}")
    assert hearing.hear([still]) == [still]
    now += SILENT_SECONDS
    assert hearing.hear([still]) == []
    assert hearing.dead == []
    assert hearing.hear([later]) == [later]
    now += 61
    assert hearing.hear([later]) == []
    assert hearing.dead == [later]


def test_a_pool_learns_within_a_moment_and_forgets_who_leaves(
    database: Engine, limits: SharedLimits
) -> None:
    pool = limits._pools[0]
    exchange_uses(database, "other", 1, _BUSY)

    def throttled() -> bool:
        with pool.turn("a") as granted:
            return not granted

    with limits:
        wait_for(throttled)
        with pool.turn("b") as granted:
            assert granted
        wait_for(lambda: not throttled())  # its beat stands still
    assert [each.process for each in _stored(database)] == ["other"]


def test_without_the_database_each_goes_on_alone(
    limits: SharedLimits, capture: LogCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = [True]
    exchange = exchange_uses

    def unreachable(*words: Any) -> Any:
        if away[0]:
            raise DatabaseUnavailableError("it is away")
        return exchange(*words)

    monkeypatch.setattr(sharing, "exchange_uses", unreachable)
    monkeypatch.setattr(sharing, "_PAUSE_SECONDS", 0.01)

    def lines() -> list[str]:
        return [entry["event"] for entry in capture.entries]

    with limits:
        wait_for(lines)
        with limits._pools[0].turn("a") as granted:
            assert granted
        away[0] = False
        wait_for(lambda: len(lines()) > 1)
    assert lines() == [
        "keys are limited by this process alone",
        "keys are limited by all processes again",
    ]
