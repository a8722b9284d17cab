"""The thread beside a server that deletes what has been kept for too long."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import structlog
from structlog.testing import LogCapture

from contexts import events, make_context
from processes import wait_for
from reknown.biometrics.policy import Policy
from reknown.biometrics.templates import TemplateSpace
from reknown.gallery.collections import create_collection
from reknown.gallery.policies import set_policy
from reknown.ledger.records import ExpireRecordsRecord
from reknown.runtime import sweeper
from reknown.runtime.sweeper import Sweeper
from reknown.services.policies.rules import read_policy
from reknown.storage.database import open_database, reading
from reknown.watches import events as live
from unit.watches.live_events import arrival

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reknown.services.context import Context

DELETED = "deleted what was kept for too long"
FAILED = "what was kept for too long cannot be deleted"


class Clock:
    """Goes only when it is told to."""

    def __init__(self) -> None:
        self.days = 0.0

    def __call__(self) -> datetime:
        return datetime.now(UTC) + timedelta(days=self.days)


@pytest.fixture
def context(tmp_path: Path, empty_folder: Path) -> Iterator[Context]:
    """With a collection whose records are kept for 30 days, and one record of it."""
    database = open_database(shutil.copytree(empty_folder, tmp_path / "data"))
    context = make_context(database)
    with database.begin() as connection:
        create_collection(connection, "people", TemplateSpace("tiny", "ab" * 32, 4))
        set_policy(connection, "people", Policy(keep_records=30))
    read_policy(context, "people")
    yield context
    database.dispose()


@pytest.fixture
def told() -> LogCapture:
    return LogCapture()


def a_sweeper(context: Context, told: LogCapture, pause: float, clock: Clock) -> Sweeper:
    log = structlog.wrap_logger(None, processors=[told], wrapper_class=structlog.BoundLogger)
    return Sweeper(context.platform, log, 30, pause, clock)


def lines(told: LogCapture, line: str) -> list[dict[str, object]]:
    return [dict(entry) for entry in told.entries if entry["event"] == line]


def test_it_sweeps_when_it_starts_and_again_after_each_pause(
    context: Context, told: LogCapture
) -> None:
    clock = Clock()
    with a_sweeper(context, told, 0.05, clock):
        time.sleep(0.3)
        assert not told.entries
        assert events(context, "read policy")
        clock.days = 31
        wait_for(lambda: bool(lines(told, DELETED)))
    assert not events(context, "read policy")
    (event,) = events(context, ExpireRecordsRecord.OPERATION)
    assert event.actor == "sweeper"
    (line,) = lines(told, DELETED)
    assert (line["collection"], line["records"], line["faces"]) == ("people", 1, 0)


def test_it_stops_at_once_in_the_middle_of_a_pause(context: Context, told: LogCapture) -> None:
    clock = Clock()
    with a_sweeper(context, told, 3600, clock):
        time.sleep(0.1)
        started = time.monotonic()
    assert time.monotonic() - started < 1
    clock.days = 31
    time.sleep(0.1)
    assert events(context, "read policy")


def test_a_sweep_that_hangs_is_waited_for_no_longer_than_its_bound(
    context: Context, told: LogCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper, "_STOP_SECONDS", 0.2)
    with context.database.begin() as writer:
        writer.exec_driver_sql("UPDATE policies SET set_at = set_at")  # holds the only write lock
        clock = Clock()
        clock.days = 31
        with a_sweeper(context, told, 3600, clock):
            time.sleep(0.1)
            started = time.monotonic()
        assert time.monotonic() - started < 2


def test_live_events_go_even_where_policies_cannot_be_followed(
    context: Context, told: LogCapture
) -> None:
    old = replace(arrival(), at=datetime.now(UTC) - timedelta(days=31))
    with context.database.begin() as connection:
        for event in (old, replace(old, at=datetime.now(UTC) - timedelta(days=29))):
            live.append(connection, event)
        connection.exec_driver_sql("UPDATE policies SET document = '{\"of a later release\": 1}'")
    a_sweeper(context, told, 3600, Clock()).sweep()
    assert lines(told, FAILED)
    with reading(context.database) as connection:
        assert [each.sequence for each in live.read(connection, 0, 10)] == [2]


def test_it_says_what_went_wrong_and_tries_again(context: Context, told: LogCapture) -> None:
    clock = Clock()
    clock.days = 31
    with context.database.begin() as connection:
        connection.exec_driver_sql("UPDATE policies SET document = '{\"of a later release\": 1}'")
    with a_sweeper(context, told, 0.05, clock):
        wait_for(lambda: len(lines(told, FAILED)) > 1)
        assert "cannot be read" in str(lines(told, FAILED)[0]["error"])
        assert events(context, "read policy")
        with context.database.begin() as connection:
            set_policy(connection, "people", Policy(keep_records=30))
        wait_for(lambda: bool(lines(told, DELETED)))
    assert not events(context, "read policy")
