from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from reknown.biometrics.errors import AccessError
from reknown.ledger.records import ListWatchesRecord
from reknown.services.context import Actor
from reknown.services.galleries.pages import PageRequest
from reknown.services.live import watches
from reknown.services.live.plans import USUAL
from reknown.services.live.presence import see_watch, see_watches
from reknown.services.live.recent_looks import RecentLooks
from reknown.services.live.watches import WatchRequest, WatchState
from reknown.watches import events as stored_events
from reknown.watches import watches as stored_watches
from unit.services.ledgers import events
from unit.watches.live_events import arrival

if TYPE_CHECKING:
    from reknown.services.context import Context


@pytest.fixture
def hall(context: Context, collection: str) -> str:
    """A watch that runs."""
    watches.create_watch(context, WatchRequest("hall", "door", collection, USUAL))
    with context.database.begin() as connection:
        found = stored_watches.find(connection, "hall")
        stored_watches.start(connection, found, "bob", found.settings)
        lease = stored_watches.claim(connection, found, timedelta(days=1))
        assert lease is not None
        stored_watches.report(connection, lease, WatchState.RUNNING, None)
    return collection


def test_who_goes_on_looking_is_recorded_when_there_is_more_to_be_seen(
    context: Context, hall: str
) -> None:
    def look(by: Context, *, goes_on: bool = True) -> int:
        see_watches(by, hall, PageRequest(), goes_on=goes_on)
        return len(events(context.database, "list watches"))

    # who says that they go on, and has not begun, is recorded
    assert [look(context) for _ in range(3)] == [1, 1, 1]
    assert look(context, goes_on=False) == 2
    assert look(context.by(Actor("bob"))) == 3
    with context.database.begin() as connection:
        stored_events.append(connection, arrival(watch="hall", collection=hall))
    assert [look(context) for _ in range(2)] == [4, 4]
    assert events(context.database, "list watches")[-1].record == ListWatchesRecord(1, 1)


def test_one_watch_is_seen_as_the_list_is(context: Context, hall: str) -> None:
    with context.database.begin() as connection:
        stored_events.append(connection, arrival(watch="hall", collection=hall))
    line = see_watch(context, hall, "hall", named=False, goes_on=True)
    assert [(each.name, each.known) for each in line.present] == [(None, True)]
    assert see_watch(context, hall, "hall", named=False, goes_on=True) == line
    (recorded,) = events(context.database, "list watches")
    assert recorded.record == ListWatchesRecord(1, 1)
    with pytest.raises(AccessError):
        see_watch(context, "others", "hall")


def test_a_look_is_recent_for_a_minute() -> None:
    now = 0.0
    looks = RecentLooks(lambda: now)
    looks.keep("one")
    now = 60.0
    assert looks.has("one")
    assert not looks.has("other")
    now = 60.1
    assert not looks.has("one")
