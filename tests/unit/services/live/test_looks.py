from __future__ import annotations

import io
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import structlog
from PIL import Image
from sqlalchemy import select, text, update

from contexts import make_context
from postgres_server import files_of
from reknown.biometrics.errors import AccessError, NotFoundError
from reknown.biometrics.geometry import BoundingBox
from reknown.gallery.collections import create_collection
from reknown.ledger.records import LookThroughCameraRecord, ReadWatchRecord
from reknown.services.context import Actor
from reknown.services.live.looks import first_sight, look_through_camera
from reknown.services.live.plans import WatchPlan, WatchZone, plan_text
from reknown.services.live.scenes import KnownFace, Scene
from reknown.services.live.showing import picture_of, showing
from reknown.services.live.watches import rest_words
from reknown.storage.clock import as_text, now
from reknown.video.live.frames import LiveFrame
from reknown.watches import looks, watches
from reknown.watches.schema import live_looks
from reknown.watches.schema import watches as live_watches
from reknown.watches.watches import NewWatch, WatchState
from remains import remains
from unit.databases import engine, location, own_engine
from unit.services.ledgers import events
from unit.watches.live_events import SPACE

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from reknown.services.context import Context
    from reknown.services.live.looks import CameraSight
    from reknown.watches.watches import WatchedCamera

__all__ = ["engine", "location", "own_engine"]

_LOG = structlog.get_logger()
_DAY = timedelta(days=1)


def scene(seed: int = 0, at: datetime | None = None) -> Scene:
    """Noise, with one known face in the middle."""
    pixels = np.random.default_rng(seed).integers(0, 256, (360, 640, 3), np.uint8)
    frame = LiveFrame(seed + 1, 0, at or datetime.now(UTC), 0, pixels)
    face = KnownFace(BoundingBox(0.4, 0.3, 0.2, 0.4), "one", ())
    return Scene(frame, looked=True, known=(face,), others=())


@pytest.fixture
def hall(own_engine: Engine) -> WatchedCamera:
    """A watch that a worker has."""
    with own_engine.begin() as connection:
        create_collection(connection, "people", SPACE)
        plan = plan_text(WatchPlan(80.0))
        watches.add(connection, NewWatch("hall", "door", "people", plan, "ada"))
        watches.start(connection, watches.find(connection, "hall"), "ada", plan)
        lease = watches.claim(connection, watches.find(connection, "hall"), _DAY)
        assert lease is not None
        watches.report(connection, lease, WatchState.RUNNING, None)
        return watches.find(connection, "hall")


@pytest.fixture
def server(own_engine: Engine, hall: WatchedCamera) -> Context:
    del hall
    return make_context(own_engine)


@pytest.fixture
def other_server(own_engine: Engine, hall: WatchedCamera) -> Context:
    """Another process on the same database."""
    del hall
    return make_context(own_engine)


def look(context: Context) -> CameraSight:
    return look_through_camera(context, "hall")


def eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def seen(context: Context, show: Callable[[Scene], None]) -> CameraSight:
    """Looks until there is a picture."""

    def shown() -> bool:
        show(scene())
        return look(context).picture is not None

    eventually(shown)
    return look(context)


def pass_time(context: Context, seconds: float) -> None:
    """All that is stored of looks happened so long before."""
    with context.database.begin() as connection:
        moment = as_text(now(connection) - timedelta(seconds=seconds))
        connection.execute(update(live_looks).values(asked_at=moment, recorded_at=moment))


def records(context: Context) -> list[tuple[str, str | None, object]]:
    found = events(context.database, "look through camera")
    return [(each.actor, each.collection, each.record) for each in found]


def test_two_servers_look_at_once_and_none_can_open_what_is_the_others(
    server: Context, other_server: Context, hall: WatchedCamera
) -> None:
    assert look(server).picture is None
    with showing(server.database, hall, (), _LOG, 0.05) as show:
        one, two = seen(server, show), seen(other_server, show)
    for sight in (one, two):
        assert sight.picture is not None
        assert Image.open(io.BytesIO(sight.picture)).size == (640, 360)
        assert sight.age_seconds is not None
        assert sight.age_seconds < 10
    keys = [each.platform.look_keys.of(hall.key, "tester") for each in (server, other_server)]
    with server.database.begin() as connection:
        rows = connection.execute(select(live_looks).order_by(live_looks.c.taken_at)).all()
    assert {row.public_key for row in rows} == {key.public.hex() for key in keys}
    for row in rows:
        (foreign,) = (key for key in keys if key.public.hex() != row.public_key)
        assert foreign.open(row.sealed, f"what a camera saw at {row.taken_at}".encode()) is None


def test_whoever_looks_once_waits_for_the_first_picture(
    server: Context, hall: WatchedCamera
) -> None:
    assert first_sight(server, "hall", 0.2).picture is None
    with showing(server.database, hall, (), _LOG, 0.05) as show, ThreadPoolExecutor(1) as other:
        waiting = other.submit(first_sight, server, "hall", 60)
        while not waiting.done():
            show(scene())
            time.sleep(0.02)
        assert waiting.result().picture is not None
    with server.database.begin() as connection:
        watches.stop_those_of(connection, "ada", "enough")
    # nobody waits for what does not come
    assert first_sight(server, "hall", 60).picture is None


def test_nobody_waits_for_a_watch_that_rests(server: Context) -> None:
    with server.database.begin() as connection:
        connection.execute(update(live_watches).values(message=rest_words("22:00")))
    assert first_sight(server, "hall", 600).watch.rests


def test_no_file_of_the_database_has_a_picture(
    server: Context, hall: WatchedCamera, empty_location: str
) -> None:
    with showing(server.database, hall, (), _LOG, 0.05) as show:
        picture = seen(server, show).picture
    assert picture is not None
    with server.database.begin() as connection:
        sealed = connection.execute(select(live_looks.c.sealed)).scalar_one()
    if server.database.dialect.name == "sqlite":
        folder = Path(empty_location)
    else:
        with server.database.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("CHECKPOINT"))
        folder = files_of(server.database)
        assert remains(folder.parent.parent / "pg_wal", picture[600:640]) == {}
    assert remains(folder, sealed[600:640]) != {}
    assert remains(folder, picture[600:640], picture[-640:-600]) == {}


def test_it_is_recorded_at_the_beginning_and_every_minute(server: Context) -> None:
    told = ("tester", "people", LookThroughCameraRecord("hall"))
    for _ in range(3):
        look(server)
    assert records(server) == [told]
    pass_time(server, 9)
    look(server)
    assert records(server) == [told]
    pass_time(server, 61)
    look(server)
    look(server)
    assert records(server) == [told, told]
    look(server.by(Actor("another")))
    assert [actor for actor, _, _ in records(server)] == ["tester", "tester", "another"]


def test_who_asks_for_a_watch_that_does_not_run_has_read_how_it_is(server: Context) -> None:
    with server.database.begin() as connection:
        watches.stop_those_of(connection, "ada", "enough")
    for _ in range(2):
        sight = look(server)
        assert (sight.picture, sight.watch.message) == (None, "enough")
    assert (records(server), count(server)) == ([], 0)
    (read,) = events(server.database, "read watch")
    assert (read.actor, read.collection, read.record) == (
        "tester",
        "people",
        ReadWatchRecord("hall"),
    )


def test_one_person_who_asks_two_processes_at_once_is_recorded_once(
    server: Context, other_server: Context, hall: WatchedCamera
) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(look, [server, other_server] * 4))
    assert len(records(server)) == 1
    assert count(server) == 2
    with server.database.begin() as connection:
        for each in (server, other_server):
            key = each.platform.look_keys.of(hall.key, "tester")
            assert looks.find(connection, key.public) is not None


def test_a_picture_is_of_now_or_there_is_none(server: Context, hall: WatchedCamera) -> None:
    look(server)
    with showing(server.database, hall, (), _LOG, 0.05) as show:
        seen(server, show)
    # the worker is killed
    with server.database.begin() as connection:
        connection.execute(update(live_looks).values(taken_at=as_text(now(connection) - _DAY)))
    assert look(server).picture is None


def test_a_picture_whose_time_was_changed_does_not_open(
    server: Context, hall: WatchedCamera
) -> None:
    look(server)
    with showing(server.database, hall, (), _LOG, 0.05) as show:
        seen(server, show)
    with server.database.begin() as connection:
        connection.execute(update(live_looks).values(taken_at=as_text(now(connection))))
    assert look(server).picture is None


def test_nothing_is_kept_and_nothing_sent_where_nobody_looks(
    server: Context, hall: WatchedCamera
) -> None:
    with showing(server.database, hall, (), _LOG, 0.05) as show:
        seen(server, show)
        pass_time(server, 11)  # the browser was closed
        with server.database.begin() as connection:
            assert looks.list_wanted(connection, hall) == []
        eventually(lambda: nothing_comes(server, show))  # but for what was on its way
        pass_time(server, 31)
        eventually(lambda: count(server) == 0)


def count(context: Context) -> int:
    """How many looks there are."""
    with context.database.begin() as connection:
        return len(connection.execute(select(live_looks.c.public_key)).all())


def nothing_comes(context: Context, show: Callable[[Scene], None]) -> bool:
    """Whether a picture that is taken away stays away while others are shown."""
    with context.database.begin() as connection:
        connection.execute(update(live_looks).values(sealed=b"", taken_at="0"))
    for _ in range(10):
        show(scene())
        time.sleep(0.02)
    with context.database.begin() as connection:
        return bool(connection.execute(select(live_looks.c.sealed)).scalar_one() == b"")


def test_others_collections_are_not_looked_at(server: Context) -> None:
    with pytest.raises(AccessError):
        look_through_camera(server, "hall", lambda where: where == "others")
    with pytest.raises(NotFoundError):
        look_through_camera(server, "yard")
    assert records(server) == []


def test_it_is_cut_to_where_faces_count_and_nobody_else_is_in_it() -> None:
    pixels = np.zeros((720, 1280, 3), np.uint8)
    pixels[:, :640] = np.random.default_rng(0).integers(0, 256, (720, 640, 3), np.uint8)
    seen = Scene(LiveFrame(1, 0, datetime.now(UTC), 0, pixels), True, (), ())
    left = WatchZone(box=BoundingBox(0.0, 0.0, 0.5, 1.0)).region
    corner = WatchZone(box=BoundingBox(0.999, 0.999, 0.001, 0.001)).region
    shown = Image.open(io.BytesIO(picture_of(seen, (left,))))
    assert shown.size == (569, 640)
    # the noise is a mosaic
    assert np.abs(np.diff(np.asarray(shown.convert("L"), int)[100:120, 100:120])).max() < 20
    assert Image.open(io.BytesIO(picture_of(seen, (corner,)))).size <= (2, 2)
    assert Image.open(io.BytesIO(picture_of(seen, (left, corner)))).size == (640, 360)
    assert len(picture_of(scene(), ())) < 300_000
