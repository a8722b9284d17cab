from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import TYPE_CHECKING

import numpy as np
import pytest
import structlog
from structlog.testing import capture_logs

from reknown.access.rights import ALL
from reknown.access.vault import Vault
from reknown.biometrics.errors import InputError, PolicyError
from reknown.biometrics.live import LiveCounts
from reknown.ledger.records import FailWatchRecord
from reknown.services import access, accounts
from reknown.services.context import Actor
from reknown.services.live import watches
from reknown.services.live.looks import look_through_camera
from reknown.services.live.planned import watch_as_planned
from reknown.services.live.plans import WatchPlan
from reknown.services.live.presence import check_watches, measure_watches
from reknown.services.live.scenes import Scene
from reknown.services.live.watches import WatchRequest, WatchState
from reknown.services.live.watching import Told, WatchCounts
from reknown.services.live.worker import WatchIntervals, WatchMakings, WatchWorker, camera_of
from reknown.services.policies.stops import stop_searches
from reknown.storage.database import reading
from reknown.video.live.cameras import Camera, CameraKind
from reknown.video.live.cameras_file import CamerasFile
from reknown.video.live.frames import CameraChange, CameraState, LiveFrame
from reknown.video.live.messages import Trouble
from reknown.watches import events as live_events
from unit.services.ledgers import events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reknown.services.context import Context
    from reknown.services.live.sources import FrameSource
    from reknown.services.live.worker import Watching
    from reknown.watches.watches import WatchedCamera

ARN = "arn:aws:kinesisvideo:us-east-1:000000000000:stream/yard/1"
CAMERAS = {
    "door": Camera("door", CameraKind.RTSP, "rtsp://camera.example/1"),
    "back": Camera("back", CameraKind.RTSP, "rtsp://camera.example/2", arn=ARN),
}
FILE = f"""
[cameras.door]
address = "rtsp://camera.example/1"

[cameras.back]
address = "rtsp://camera.example/2"
arn = "{ARN}"
"""
HASTY = WatchIntervals(timedelta(seconds=1.0), renew=0.1, poll=0.05, well=0.3)


@dataclass
class Quiet:
    """A camera that says how it is and shows nothing until it is closed."""

    said: list[CameraChange] = field(default_factory=list)
    reconnects: int = 0

    def next(self, seconds: float) -> LiveFrame | CameraChange | None:
        if self.said:
            return self.said.pop(0)
        time.sleep(min(seconds, 0.02))
        return None


def changed(state: CameraState, reason: str = "") -> CameraChange:
    return CameraChange(state, datetime.now(UTC), reason)


@dataclass
class Site:
    """Cameras that are opened, and what becomes of them."""

    said: list[CameraChange] = field(default_factory=list)
    reconnects: int = 0
    opened: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    passwords: list[str | None] = field(default_factory=list)

    @contextmanager
    def open(self, camera: Camera) -> Iterator[FrameSource]:
        self.opened.append(camera.name)
        self.passwords.append(camera.password)
        try:
            yield Quiet(list(self.said), self.reconnects)
        finally:
            self.closed.append(camera.name)


def dark_scene() -> Scene:
    """Nobody is to be seen."""
    frame = LiveFrame(1, 0, datetime.now(UTC), 0, np.zeros((90, 160, 3), np.uint8))
    return Scene(frame, looked=True, known=(), others=())


def until_the_end(
    _context: Context,
    _watch: WatchedCamera,
    _plan: WatchPlan,
    source: FrameSource,
    told: Told,
) -> None:
    """Looks at nothing, and counts that."""
    counts = WatchCounts(lag_seconds=0.25)
    while True:
        counts.frames += 1
        told.frame(dark_scene(), counts)
        found = source.next(0.05)
        if isinstance(found, CameraChange) and found.state is CameraState.ENDED:
            return


@contextmanager
def working(
    context: Context,
    site: Site,
    watching: Watching = until_the_end,
    streams: int = 2,
    intervals: WatchIntervals = HASTY,
    cameras: Path | None = None,
) -> Iterator[WatchWorker]:
    log = structlog.get_logger()
    with TemporaryDirectory() as folder:
        file = CamerasFile(cameras or written(Path(folder) / "cameras.toml", FILE))
        makings = WatchMakings(file, site.open, watching)
        worker = WatchWorker(context.platform, makings, streams, log, intervals)
        worker.start()
        try:
            yield worker
        finally:
            worker.stop()


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def attempts(context: Context) -> object:
    with context.database.begin() as connection:
        return connection.exec_driver_sql("SELECT attempts FROM watches").scalar_one()


@pytest.fixture
def hall(context: Context, collection: str) -> Callable[[], watches.CameraWatch]:
    """Reads a watch that has been started."""
    watches.create_watch(context, WatchRequest("hall", "door", collection, WatchPlan(90.0)))
    watches.start_watch(context, "hall")
    return lambda: watches.describe_watch(context, "hall")


def test_it_runs_once_its_camera_is_connected_and_stops_when_nobody_wants_it(
    context: Context, hall: Callable[[], watches.CameraWatch]
) -> None:
    site = Site([changed(CameraState.LOST, "no answer"), changed(CameraState.CONNECTED)])
    with working(context, site):
        eventually(lambda: hall().stored.state is WatchState.RUNNING)
        assert hall().message is None
        watches.stop_watch(context, "hall")
        eventually(lambda: hall().stored.state is WatchState.STOPPED)
        assert (site.opened, site.closed) == (["door"], ["door"])


def test_whoever_looks_through_its_camera_is_shown_what_it_sees(
    context: Context, hall: Callable[[], watches.CameraWatch]
) -> None:
    with working(context, Site([changed(CameraState.CONNECTED)])):
        eventually(lambda: look_through_camera(context, "hall").picture is not None)
        assert hall().stored.state is WatchState.RUNNING
        watches.stop_watch(context, "hall")
        eventually(lambda: hall().stored.state is WatchState.STOPPED)
    assert look_through_camera(context, "hall").picture is None


def test_how_far_it_is_can_be_measured(
    context: Context, hall: Callable[[], watches.CameraWatch]
) -> None:
    found = measure_watches(context.database)
    assert [(each.counts, each.condition) for each in found] == [(None, "waiting")]
    # it was slow for a while, and flapped between two words of it
    states = (CameraState.CONNECTED, CameraState.SLOW, CameraState.CONNECTED, CameraState.FROZEN)
    site = Site([changed(each) for each in (*states, CameraState.CONNECTED)], reconnects=5)
    with working(context, site):
        eventually(lambda: (hall().stored.counts or LiveCounts()).reconnects > 0)
        (measured,) = measure_watches(context.database)
    assert (measured.name, measured.running, measured.condition) == ("hall", True, "connected")
    assert measured.counts is not None
    assert measured.counts.frames > 1
    assert (measured.counts.reconnects, measured.counts.lag_seconds) == (5, 0.25)


def test_what_is_the_matter_with_a_camera_is_said(
    context: Context, hall: Callable[[], watches.CameraWatch]
) -> None:
    site = Site([changed(CameraState.REFUSED, Trouble.REFUSED.value)])
    with working(context, site):
        refuses = "The camera refuses this user and password: correct them in the cameras file."
        eventually(lambda: hall().message == refuses)
        assert hall().stored.state is WatchState.STARTING


def test_a_camera_that_is_not_seeing_is_told_from_a_watch_that_was_stopped(
    context: Context, hall: Callable[[], watches.CameraWatch]
) -> None:
    def condition() -> str:
        (measured,) = measure_watches(context.database)
        return measured.condition

    blind = pytest.raises(InputError, match=r"1 of 1 not seeing: hall waiting: .*show hall")
    with blind:
        check_watches(context.database)
    with working(context, Site([changed(CameraState.REFUSED, "wrong password")])):
        eventually(lambda: condition() == "refused")
        with pytest.raises(InputError, match="1 of 1 not seeing: hall refused"):
            check_watches(context.database)
    with working(context, Site([changed(CameraState.CONNECTED)])):
        eventually(lambda: condition() == "connected")
        assert check_watches(context.database) == "1 started, 1 seeing"
        watches.stop_watch(context, "hall")
        eventually(lambda: condition() == "stopped")
    assert check_watches(context.database) == "none is started"
    assert hall().stored.state is WatchState.STOPPED


def test_that_it_rests_is_said_until_it_goes_on(
    context: Context, hall: Callable[[], watches.CameraWatch]
) -> None:
    morning = Event()

    def at_night(
        context: Context,
        watch: WatchedCamera,
        plan: WatchPlan,
        source: FrameSource,
        told: Told,
    ) -> None:
        source.next(0.05)
        told.rests("sat 10:00")
        morning.wait(60)
        told.rests(None)
        until_the_end(context, watch, plan, source, told)

    with working(context, Site([changed(CameraState.CONNECTED)]), at_night):
        eventually(lambda: hall().rests)
        assert hall().message == "Outside its hours until sat 10:00: nothing is looked at."
        assert hall().stored.state is WatchState.RUNNING
        morning.set()
        eventually(lambda: hall().message is None)


def test_a_worker_that_ends_gives_its_watches_back_at_once(
    context: Context, hall: Callable[[], watches.CameraWatch]
) -> None:
    first, second = Site([changed(CameraState.CONNECTED)]), Site([changed(CameraState.CONNECTED)])
    slow = WatchIntervals(timedelta(hours=1), renew=0.1, poll=0.05)
    with working(context, first, intervals=slow):
        eventually(lambda: hall().stored.state is WatchState.RUNNING)
    found = hall()
    assert (found.stored.state, found.stored.claimed) == (WatchState.STARTING, False)
    with working(context, second, intervals=slow):
        eventually(lambda: hall().stored.state is WatchState.RUNNING)


def test_what_is_refused_is_not_tried_again(
    context: Context, hall: Callable[[], watches.CameraWatch]
) -> None:
    def refused(*_: object) -> None:
        raise PolicyError("searches are stopped: a drill", "people", "SearchesStopped")

    with working(context, Site(), refused):
        eventually(lambda: hall().stored.state is WatchState.FAILED)
    assert hall().message == "searches are stopped: a drill"
    (failure,) = events(context.database, "fail watch")
    assert (failure.actor, failure.collection) == ("worker", hall().stored.collection)
    assert failure.record == FailWatchRecord("hall", "PolicyError", hall().message)
    watches.start_watch(context, "hall")
    assert hall().stored.state is WatchState.STARTING


def test_what_goes_away_is_tried_again(
    context: Context, hall: Callable[[], watches.CameraWatch]
) -> None:
    tried = Event()

    def at_first(
        context: Context,
        watch: WatchedCamera,
        plan: WatchPlan,
        source: FrameSource,
        told: Told,
    ) -> None:
        if not tried.is_set():
            tried.set()
            raise OSError("secret/path")
        until_the_end(context, watch, plan, source, told)

    with (
        capture_logs() as lines,
        working(context, Site([changed(CameraState.CONNECTED)]), at_first),
    ):
        eventually(lambda: hall().stored.state is WatchState.RUNNING)
    (broke,) = (line for line in lines if line["event"] == "watch broke off")
    assert (broke["watch"], broke["again_in_seconds"]) == ("hall", 1)
    assert "secret" not in str(hall().message)


def test_a_film_ends(context: Context, hall: Callable[[], watches.CameraWatch]) -> None:
    with working(context, Site([changed(CameraState.ENDED)])):
        eventually(lambda: hall().stored.state is WatchState.STOPPED)
    assert hall().message == "The film of the camera is at its end."


def test_no_more_are_watched_at_once_than_there_is_room_for(
    context: Context, collection: str, hall: Callable[[], watches.CameraWatch]
) -> None:
    watches.create_watch(context, WatchRequest("yard", ARN, collection, WatchPlan(90.0)))
    watches.start_watch(context, "yard")
    site = Site([changed(CameraState.CONNECTED)])
    with working(context, site, streams=1):
        eventually(lambda: hall().stored.state is WatchState.RUNNING)
        yard = watches.describe_watch(context, "yard")
        assert (yard.stored.state, yard.stored.claimed) == (WatchState.STARTING, False)
        assert f"has the camera '{ARN}' and a free stream" in str(yard.message)
        watches.stop_watch(context, "hall")
        eventually(lambda: site.opened == ["door", "back"])


def test_a_camera_that_a_worker_has_not_is_left_to_others(
    context: Context, collection: str
) -> None:
    watches.create_watch(context, WatchRequest("attic", "attic", collection, WatchPlan(90.0)))
    watches.start_watch(context, "attic")
    with working(context, Site()):
        time.sleep(0.3)
    found = watches.describe_watch(context, "attic")
    assert (found.stored.state, found.stored.claimed) == (WatchState.STARTING, False)
    assert "waits for a worker that has the camera 'attic' and a free stream" in str(found.message)


def test_a_lease_that_was_lost_ends_the_watch_and_nothing_else(
    context: Context, hall: Callable[[], watches.CameraWatch]
) -> None:
    site = Site([changed(CameraState.CONNECTED)])
    with working(context, site) as worker:
        eventually(lambda: hall().stored.state is WatchState.RUNNING)
        with context.database.begin() as connection:
            connection.exec_driver_sql("UPDATE watches SET lease = 'another', leased_until = '9'")
        eventually(lambda: site.closed == ["door"])
        assert worker is not None
        assert hall().stored.state is WatchState.RUNNING


def test_old_failures_do_not_return_once_it_went_well(
    context: Context, hall: Callable[[], watches.CameraWatch]
) -> None:
    with context.database.begin() as connection:
        connection.exec_driver_sql("UPDATE watches SET attempts = 6")
    with working(context, Site([changed(CameraState.CONNECTED)])):
        eventually(lambda: attempts(context) == 0)
    assert (attempts(context), hall().stored.state) == (0, WatchState.STARTING)


def test_what_breaks_off_after_it_went_well_is_tried_again_at_once(
    context: Context, hall: Callable[[], watches.CameraWatch]
) -> None:
    def at_last(*_: object) -> None:
        eventually(lambda: attempts(context) == 0)
        raise OSError

    with context.database.begin() as connection:
        connection.exec_driver_sql("UPDATE watches SET attempts = 9")
    with capture_logs() as lines, working(context, Site(), at_last):
        eventually(lambda: any(line["event"] == "watch broke off" for line in lines))
    broke = next(line for line in lines if line["event"] == "watch broke off")
    assert broke["again_in_seconds"] == 1
    (ready,) = (line for line in lines if line["event"] == "ready")
    assert (ready["streams"], ready["cameras"]) == (2, sorted(CAMERAS))
    assert hall().stored.state is WatchState.STARTING


def test_a_fault_while_a_lease_is_renewed_does_not_keep_two_at_the_camera(
    context: Context, hall: Callable[[], watches.CameraWatch]
) -> None:
    noticed = Event()

    def odd_at_first(
        context: Context,
        watch: WatchedCamera,
        plan: WatchPlan,
        source: FrameSource,
        told: Told,
    ) -> None:
        told.frame(dark_scene(), WatchCounts(frames=object()))  # type: ignore[arg-type]
        noticed.wait(60)
        until_the_end(context, watch, plan, source, told)

    site = Site([changed(CameraState.CONNECTED)])
    patient = WatchIntervals(timedelta(hours=1), renew=0.1, poll=0.05)
    with capture_logs() as lines, working(context, site, odd_at_first, intervals=patient):
        eventually(lambda: any(line["event"] == "the lease was not renewed" for line in lines))
        noticed.set()
        with context.database.begin() as connection:
            connection.exec_driver_sql("UPDATE watches SET lease = 'another', leased_until = '9'")
        eventually(lambda: site.closed == ["door"])


def test_it_is_given_up_after_many_attempts(
    context: Context, hall: Callable[[], watches.CameraWatch]
) -> None:
    with context.database.begin() as connection:
        connection.exec_driver_sql("UPDATE watches SET attempts = 10")
    with working(context, Site()):
        eventually(lambda: hall().stored.state is WatchState.FAILED)
    assert "went wrong 10 times" in str(hall().message)


@dataclass(frozen=True)
class Starters:
    """Who has started hall, by the key, and yard, by the account ada."""

    vault: Vault
    key_id: str


@pytest.fixture
def starters(context: Context, collection: str) -> Starters:
    vault = Vault(bytes(range(32)))
    key, _ = access.create_key(context, vault, "gate", ALL)
    accounts.create_account(context, "ada", accounts.Role.OPERATOR, ("*",), "a long password 47")
    for name, camera, actor in (
        ("hall", "door", access.actor_of(key.key_id)),
        ("yard", "back", accounts.actor_of("ada")),
    ):
        watches.create_watch(context, WatchRequest(name, camera, collection, WatchPlan(90.0)))
        watches.start_watch(context.by(Actor(actor)), name)
    return Starters(vault, key.key_id)


@pytest.fixture
def looked_at(context: Context) -> Callable[[str], tuple[WatchState, str | None]]:
    """How a watch is, and its message."""

    def look(name: str) -> tuple[WatchState, str | None]:
        found = watches.describe_watch(context, name)
        return found.stored.state, found.message

    return look


def test_a_watch_ends_with_the_key_or_the_account_that_started_it(
    context: Context,
    collection: str,
    starters: Starters,
    looked_at: Callable[[str], tuple[WatchState, str | None]],
) -> None:
    site = Site([changed(CameraState.CONNECTED)])
    with working(context, site):
        eventually(lambda: looked_at("hall")[0] is looked_at("yard")[0] is WatchState.RUNNING)
        access.revoke_key(context, starters.key_id)
        eventually(lambda: site.closed == ["door"])
        assert looked_at("yard")[0] is WatchState.RUNNING
        accounts.delete_account(context, "ada")
        eventually(lambda: site.closed == ["door", "back"])
    stopped = WatchState.STOPPED
    assert looked_at("hall") == (stopped, "The access key that started it was revoked.")
    assert looked_at("yard") == (stopped, "The account that started it was deleted.")
    told = [(each.actor, each.collection) for each in events(context.database, "stop watch")]
    assert told == [("tester", collection)] * 2


def test_a_watch_ends_when_its_key_expires_or_its_account_may_no_more(
    context: Context,
    collection: str,
    starters: Starters,
    looked_at: Callable[[str], tuple[WatchState, str | None]],
) -> None:
    site = Site([changed(CameraState.CONNECTED)])
    with working(context, site):
        eventually(lambda: looked_at("hall")[0] is looked_at("yard")[0] is WatchState.RUNNING)
        access.rotate_key(context, starters.vault, starters.key_id, timedelta(0))
        eventually(lambda: site.closed == ["door"])
        accounts.change_role(context, "ada", accounts.Role.OPERATOR, ("elsewhere",))
        eventually(lambda: site.closed == ["door", "back"])
        eventually(lambda: looked_at("yard")[0] is WatchState.STOPPED)
        # one that waits for a worker does not see its camera again
        watches.start_watch(context.by(Actor(accounts.actor_of("ada"))), "yard")
        eventually(lambda: looked_at("yard")[0] is WatchState.STOPPED)
    assert sorted(site.opened) == ["back", "door"]
    assert looked_at("hall") == (
        WatchState.STOPPED,
        "The access key that started it has expired: start it with another one.",
    )
    why = f"The account that started it may not watch cameras against {collection} any more."
    assert looked_at("yard") == (WatchState.STOPPED, why)
    told = [(each.actor, each.collection) for each in events(context.database, "stop watch")]
    assert told == [("worker", collection)] * 3


def test_whoever_ends_says_once_how_the_camera_is(
    context: Context, hall: Callable[[], watches.CameraWatch]
) -> None:
    """Stopped, given back and refused are an end; where another one goes on, that one says it."""

    def camera() -> list[tuple[str | None, str | None]]:
        with reading(context.database) as connection:
            found = live_events.read(connection, 0, 100, "hall")
        return [(each.state, each.reason) for each in found]

    connected, here = ("connected", ""), Site([changed(CameraState.CONNECTED)])
    with working(context, here, watch_as_planned):
        eventually(lambda: hall().stored.state is WatchState.RUNNING)
    waits = ("ended", "its worker was stopped: it waits for another one")
    assert camera() == [connected, waits]
    with working(context, here, watch_as_planned):
        eventually(lambda: hall().stored.state is WatchState.RUNNING)
        watches.stop_watch(context, "hall")
        eventually(lambda: hall().stored.state is WatchState.STOPPED)
        stopped = ("ended", "it is not watched any more")
        assert camera() == [connected, waits, connected, stopped]
        watches.start_watch(context, "hall")
        eventually(lambda: hall().stored.state is WatchState.RUNNING)
        with context.database.begin() as connection:
            connection.exec_driver_sql("UPDATE watches SET lease = 'another', leased_until = '9'")
        eventually(lambda: len(here.closed) == 3)
        assert camera()[4:] == [connected]
        stop_searches(context, hall().stored.collection, "an audit")
        with context.database.begin() as connection:
            connection.exec_driver_sql("UPDATE watches SET lease = NULL, leased_until = NULL")
        eventually(lambda: hall().stored.state is WatchState.FAILED)
    # where it was refused before it began, too
    assert camera()[5:] == [("ended", "the rules of the collection do not allow it any more")]


def test_events_and_the_log_have_the_reason_that_the_state_has(
    context: Context, collection: str
) -> None:
    key, _ = access.create_key(context, Vault(bytes(range(32))), "gate", ALL)
    watches.create_watch(context, WatchRequest("hall", "door", collection, WatchPlan(90.0)))
    watches.start_watch(context.by(Actor(access.actor_of(key.key_id))), "hall")

    def state() -> WatchState:
        return watches.describe_watch(context, "hall").stored.state

    site = Site([changed(CameraState.CONNECTED)])
    with capture_logs() as lines, working(context, site, watch_as_planned):
        eventually(lambda: state() is WatchState.RUNNING)
        access.revoke_key(context, key.key_id)
        eventually(lambda: any(line["event"] == "watch ended" for line in lines))
    with reading(context.database) as connection:
        found = live_events.read(connection, 0, 100, "hall")
    why = "the access key that started it was revoked"
    assert [(each.state, each.reason) for each in found] == [("connected", ""), ("ended", why)]
    assert [line["reason"] for line in lines if line["event"] == "watch ended"] == [
        "The access key that started it was revoked."
    ]


def test_what_is_corrected_in_the_cameras_file_counts_at_once_and_for_its_watch_alone(
    context: Context, hall: Callable[[], watches.CameraWatch], tmp_path: Path
) -> None:
    watches.create_watch(
        context, WatchRequest("yard", ARN, hall().stored.collection, WatchPlan(90.0))
    )
    watches.start_watch(context, "yard")

    def door(password: str) -> str:
        own = f'"rtsp://camera.example/1"\nuser = "viewer"\npassword = "{password}"'
        return FILE.replace('"rtsp://camera.example/1"', own)

    file = written(tmp_path / "cameras.toml", door("wr0ng"))
    site = Site([changed(CameraState.CONNECTED)])
    with capture_logs() as lines, working(context, site, watch_as_planned, cameras=file):
        eventually(lambda: hall().stored.state is WatchState.RUNNING)
        file.write_text("nonsense", encoding="utf-8")
        eventually(lambda: any(line["log_level"] == "error" for line in lines))
        file.write_text(door("r1ght"), encoding="utf-8")
        eventually(lambda: site.passwords[-1:] == ["r1ght"])
        assert (site.opened.count("door"), site.opened.count("back")) == (2, 1)
        eventually(lambda: hall().stored.state is WatchState.RUNNING)
    (wrong,) = (line for line in lines if line["log_level"] == "error")
    assert wrong["event"] == "the cameras file is not read"
    assert "is not valid TOML" in wrong["error"]
    with reading(context.database) as connection:
        found = live_events.read(connection, 0, 100, "hall")
    anew = ("ended", "it was changed in the cameras file: it is opened anew")
    assert [(each.state, each.reason) for each in found][:3] == [
        ("connected", ""),
        anew,
        ("connected", ""),
    ]


@pytest.mark.parametrize(
    ("wanted", "camera"),
    [
        ("door", "door"),
        (ARN, "back"),
        ("arn:aws:kinesisvideo:eu-west-1:123456789012:stream/door/1530559711205", "door"),
        ("arn:aws:kinesisvideo:eu-west-1:123456789012:stream/attic/1", None),
        ("arn:aws:kinesisvideo:eu-west-1:123456789012:door", None),
        ("attic", None),
    ],
)
def test_cameras_are_known_by_name_or_arn(wanted: str, camera: str | None) -> None:
    found = camera_of(CAMERAS, wanted)
    assert (found and found.name) == camera
