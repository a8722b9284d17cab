"""One watch a name, whoever watches and however they end."""

from __future__ import annotations

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event, Thread
from typing import TYPE_CHECKING

import pytest

from live_frames import START, FilmCamera
from reknown.biometrics.errors import BusyError, PolicyError, TakenOverError
from reknown.biometrics.live import LiveEventKind
from reknown.biometrics.policy import Policy
from reknown.services.galleries.collections import create_collection
from reknown.services.live import watches
from reknown.services.live.claiming import ClaimTimes, claimed
from reknown.services.live.leftovers import Closer
from reknown.services.live.plans import WatchPlan
from reknown.services.live.watches import WatchRequest
from reknown.services.live.watching import Told, WatchSettings, watch
from reknown.services.policies.rules import set_policy
from reknown.services.searches.search import Query
from reknown.storage.database import reading
from reknown.video.live.frames import CameraChange, CameraState
from reknown.watches import claims, events
from reknown.watches import watches as stored
from unit.watches.live_events import arrival, loss

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reknown.services.context import Context
    from reknown.services.live.claiming import Watchable
    from reknown.storage.database import Connection, Database
    from reknown.video.live.frames import LiveFrame
    from reknown.watches.claims import WatchClaim

    Next = Callable[[Context, str], None]

NAME = "front-door"
CONNECTED = CameraChange(CameraState.CONNECTED, START, "")


def _create(context: Context, name: str, collection: str) -> None:
    watches.create_watch(context, WatchRequest(name, "door", collection, WatchPlan(90.0)))


@pytest.fixture
def settings(collection: str) -> WatchSettings:
    return WatchSettings(NAME, Query(collection))


@pytest.fixture
def under_way(context: Context, settings: WatchSettings) -> Iterator[None]:
    """Somebody watches."""
    begun, ended = Event(), Event()

    def shown() -> Iterator[LiveFrame | CameraChange | None]:
        yield CONNECTED
        begun.set()
        while not ended.wait(0.02):
            yield None

    def run() -> None:
        watch(context, settings, FilmCamera(shown()), Told(lambda _: None))

    thread = Thread(target=run)
    thread.start()
    assert begun.wait(60)
    yield
    ended.set()
    thread.join(60)


@pytest.mark.usefixtures("under_way")
def test_two_do_not_watch_under_one_name(
    context: Context, settings: WatchSettings, collection: str
) -> None:
    with pytest.raises(BusyError, match="somebody watches as front-door already"):
        watch(context, settings, FilmCamera([]), Told(lambda _: None))
    _create(context, NAME, collection)
    with pytest.raises(BusyError, match="watches as front-door already: end that first;"):
        watches.start_watch(context, NAME)


def test_whoever_was_killed_is_waited_for(database: Database, collection: str) -> None:
    with database.begin() as connection:
        killed = claims.claim(connection, NAME, collection, timedelta(seconds=1))
    told: list[int] = []
    quick = ClaimTimes(timedelta(seconds=1), 0.1)
    with claimed(database, NAME, collection, FilmCamera([]), quick, told.append):
        assert told == [1]
        with database.begin() as connection:
            assert not claims.release(connection, killed)
        # one that goes on is not waited for
        with pytest.raises(BusyError), claimed(database, NAME, collection, FilmCamera([])):
            pass


def test_who_has_ended_leaves_the_name_to_others(
    context: Context, settings: WatchSettings, collection: str
) -> None:
    for _ in range(2):
        watch(context, settings, FilmCamera([CONNECTED]), Told(lambda _: None))
    _create(context, NAME, collection)
    watches.start_watch(context, NAME)
    with pytest.raises(BusyError, match="reknown watches stop front-door"):
        watch(context, settings, FilmCamera([]), Told(lambda _: None))


def test_a_command_and_a_start_at_once_are_not_both_let_in(
    context: Context, database: Database, collection: str
) -> None:
    _create(context, NAME, collection)
    ready = Barrier(6)

    def want(number: int) -> str:
        ready.wait()
        try:
            if number % 2:
                watches.start_watch(context, NAME)
                return "started"
            with database.begin() as connection:
                claims.claim(connection, NAME, collection, timedelta(minutes=1))
        except BusyError:
            return "refused"
        return "claimed"

    with ThreadPoolExecutor(6) as threads:
        told = sorted(threads.map(want, range(6)))
    assert told[1:] == ["refused"] * 5 or told[:-1] == ["refused"] * 5


def see(camera: Watchable) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        camera.next(0.01)
        time.sleep(0.01)


def test_who_stood_still_for_too_long_ends_and_says_so(database: Database, collection: str) -> None:
    quick = ClaimTimes(timedelta(0), 0.02)
    with claimed(database, NAME, collection, FilmCamera([]), quick) as camera:
        with database.begin() as connection:
            claims.drop_lapsed(connection, NAME)
            claims.claim(connection, NAME, collection, timedelta(minutes=1))
        with pytest.raises(TakenOverError, match="front-door could not be renewed for"):
            see(camera)
    with pytest.raises(BusyError), database.begin() as connection:
        claims.require_unclaimed(connection, NAME)


def test_who_cannot_renew_for_whatever_reason_ends_after_a_lease_and_says_so(
    database: Database, collection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    renew, asked = claims.renew, itertools.count()

    def odd(connection: Connection, held: WatchClaim, lease: timedelta) -> bool:
        if 2 <= next(asked) < 5:
            return renew(connection, held, lease)
        raise RuntimeError

    monkeypatch.setattr("reknown.watches.claims.renew", odd)
    quick = ClaimTimes(timedelta(seconds=0.5), 0.02)
    with (
        claimed(database, NAME, collection, FilmCamera([]), quick) as camera,
        pytest.raises(TakenOverError, match="the name front-door could not be renewed"),
    ):
        see(camera)
    assert next(asked) > 5  # one that failed was no end


def test_who_was_kept_from_renewing_has_a_chance_to_before_it_is_closed(
    database: Database, collection: str
) -> None:
    """As by another process, which writes for longer than a lease on SQLite."""
    closer = Closer(database, timedelta(seconds=0.2))
    with database.begin() as connection:
        slow = claims.claim(connection, "slow", collection, timedelta(0))
        claims.claim(connection, "killed", collection, timedelta(0))
    assert closer.close() == 0
    with database.begin() as connection:
        assert claims.renew(connection, slow, timedelta(minutes=1))
    time.sleep(0.2)
    assert closer.close() == 1
    with database.begin() as connection:
        assert claims.renew(connection, slow, timedelta(0))
    assert closer.close() == 0  # it is silent for the first time again


def test_what_a_killed_watch_left_open_is_closed_once(
    context: Context, database: Database, collection: str
) -> None:
    """One that a command had, and one that a worker had."""
    over = timedelta(0)
    _create(context, "gate", collection)
    watches.start_watch(context, "gate")
    with database.begin() as connection:
        claims.claim(connection, "door", collection, over)
        lease = stored.claim(connection, stored.find(connection, "gate"), over)
        for name in ("door", "gate", "other"):
            for each in (arrival(1, watch=name, collection=collection), loss(name, collection)):
                events.append(connection, each)
    closer = Closer(database, over)
    assert closer.close() == 2
    assert closer.close() == 0
    with reading(database) as connection:
        told = events.read(connection, 6, 10)
        waiting = [each.name for each in stored.list_waiting(connection)]
    assert [(each.watch, each.kind, each.state, each.reason) for each in told] == [
        (name, kind, state, "the watch broke off")
        for name in ("door", "gate")
        for kind, state in ((LiveEventKind.LEFT, None), (LiveEventKind.CAMERA, "ended"))
    ]
    assert waiting == ["gate"]
    assert lease is not None
    with database.begin() as connection:  # who was only slow learns it
        assert not stored.finish(connection, lease, stored.WatchState.STOPPED)


def _command(context: Context, collection: str) -> None:
    with claimed(context.database, NAME, collection, FilmCamera([])):
        pass


def _refused_command(context: Context, collection: str) -> None:
    set_policy(context, collection, Policy(live_minutes=0))
    settings = WatchSettings(NAME, Query(collection))
    with pytest.raises(PolicyError):
        watch(context, settings, FilmCamera([]), Told(lambda _: None))


def _start(context: Context, _collection: str) -> None:
    watches.start_watch(context, NAME)


def _delete(context: Context, _collection: str) -> None:
    watches.delete_watch(context, NAME)


@pytest.mark.parametrize("stored_one", [False, True])
@pytest.mark.parametrize("then", [_command, _refused_command, _start, _delete])
def test_whoever_has_the_name_next_closes_what_was_left_open(
    context: Context, collection: str, then: Next, *, stored_one: bool
) -> None:
    """By a command that was killed or a worker, against the same collection or another one."""
    other = create_collection(context, "others").name
    _create(context, NAME, collection)
    left = collection if stored_one else other
    if stored_one:
        watches.start_watch(context, NAME)
    with context.database.begin() as connection:
        if stored_one:
            stored.claim(connection, stored.find(connection, NAME), timedelta(0))
            stored.ask_to_stop(connection, stored.find(connection, NAME))
        else:
            claims.claim(connection, NAME, left, timedelta(0))
        for each in (arrival(1, watch=NAME, collection=left), loss(NAME, left)):
            events.append(connection, each)
    then(context, collection)
    with reading(context.database) as connection:
        assert events.present(connection, NAME, left) == []
        assert events.camera_state(connection, NAME, left) == "ended"
    assert Closer(context.database, timedelta(0)).close() == 0
