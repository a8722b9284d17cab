from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from reknown.biometrics.errors import (
    AccessError,
    AlreadyExistsError,
    BusyError,
    InputError,
    LimitError,
    NotFoundError,
    PolicyError,
)
from reknown.biometrics.geometry import BoundingBox, Point
from reknown.biometrics.policy import Policy
from reknown.ledger.records import RefuseSearchRecord, StartWatchRecord
from reknown.services.galleries.pages import PageRequest
from reknown.services.live import watches
from reknown.services.live.plans import WatchPlan, WatchZone, plan_of, plan_text
from reknown.services.live.watches import WatchRequest, WatchState
from reknown.services.policies.rules import set_policy
from unit.services.ledgers import events

if TYPE_CHECKING:
    from reknown.services.context import Context

PLAN = WatchPlan(90.0)


@pytest.fixture
def hall(context: Context, collection: str) -> str:
    """A watch that nobody has started."""
    watches.create_watch(context, WatchRequest("hall", "door", collection, PLAN))
    return "hall"


def nobody(_collection: str) -> bool:
    return False


def test_a_start_is_on_behalf_of_who_asks(context: Context, hall: str, collection: str) -> None:
    set_policy(context, collection, Policy(purposes=("entrance",)))
    with pytest.raises(PolicyError):
        watches.start_watch(context, hall)
    assert watches.describe_watch(context, hall).stored.state is WatchState.STOPPED
    (refusal,) = events(context.database, "refuse search")
    assert refusal.record == RefuseSearchRecord("PurposeMissing", watch="hall")
    guard = dataclasses.replace(context.actor, name="cli:guard", purpose="entrance")
    watches.start_watch(context.by(guard), hall)
    found = watches.describe_watch(context, hall)
    assert (found.stored.actor, found.plan.purpose) == ("cli:guard", "entrance")
    (start,) = events(context.database, "start watch")
    assert isinstance(start.record, StartWatchRecord)
    assert (start.record.watch, start.record.camera) == ("hall", "door")
    assert start.record.threshold is not None
    assert start.record.threshold.similarity == 90
    assert (start.actor, start.collection) == ("cli:guard", collection)


def test_who_may_not_see_the_collection_may_do_nothing(context: Context, hall: str) -> None:
    zone = WatchZone(BoundingBox(0, 0, 1, 1))
    for call in (
        lambda: watches.describe_watch(context, hall, nobody),
        lambda: watches.change_watch(context, hall, {"zones": [zone]}, nobody),
        lambda: watches.start_watch(context, hall, nobody),
        lambda: watches.stop_watch(context, hall, nobody),
        lambda: watches.delete_watch(context, hall, nobody),
        lambda: watches.list_tags(context, hall, nobody),
        lambda: watches.change_tags(context, hall, {}, (), nobody),
    ):
        with pytest.raises(AccessError):
            call()
    assert watches.list_watches(context, PageRequest(), nobody).items == ()
    (one,) = watches.list_watches(context, PageRequest()).items
    assert one.stored.name == hall


def test_what_cannot_be_made_leaves_nothing(context: Context, hall: str, collection: str) -> None:
    for name, camera, where, output, kind in (
        ("hall", "door", collection, None, AlreadyExistsError),
        ("a b", "door", collection, None, InputError),
        ("", "door", collection, None, InputError),
        ("yard", "d" * 257, collection, None, InputError),
        ("yard", "door", collection, "arn:aws:sns:eu-west-1:123456789012:a", InputError),
        ("yard", "door", "nowhere", None, NotFoundError),
    ):
        plan = dataclasses.replace(PLAN, output=output)
        with pytest.raises(kind):
            watches.create_watch(context, WatchRequest(name, camera, where, plan))
    assert len(watches.list_watches(context, PageRequest()).items) == 1
    assert len(events(context.database, "create watch")) == 1


@pytest.mark.parametrize(
    "camera",
    [
        "rtsp://admin:hunter2@10.0.0.5/x",
        "admin:hunter2@10.0.0.5",
        "arn:aws:kinesisvideo:eu-west-1:123456789012:rtsp://admin:hunter2@10.0.0.5/1",
        "arn:aws:kinesisvideo:eu-west-1:123456789012:stream/admin:hunter2@10.0.0.5/1",
        "hunter2 ",
        "",
    ],
)
def test_the_address_of_a_camera_is_neither_taken_nor_repeated(
    context: Context, collection: str, camera: str
) -> None:
    with pytest.raises(InputError, match="into that file") as refusal:
        watches.create_watch(context, WatchRequest("hall", camera, collection, PLAN))
    assert "hunter2" not in str(refusal.value)
    assert watches.list_watches(context, PageRequest()).items == ()
    assert not events(context.database, "create watch")


def test_there_is_an_end_to_how_many(
    context: Context, collection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watches, "MOST_WATCHES", 2)
    for name in ("a", "b"):
        watches.create_watch(context, WatchRequest(name, "door", collection, PLAN))
    with pytest.raises(LimitError, match="limit - 2"):
        watches.create_watch(context, WatchRequest("c", "door", collection, PLAN))


def test_steps_that_make_no_sense_say_what_would(context: Context, hall: str) -> None:
    with pytest.raises(BusyError, match="nothing to stop"):
        watches.stop_watch(context, hall)
    watches.start_watch(context, hall)
    for call in (watches.start_watch, watches.delete_watch):
        with pytest.raises(BusyError, match="is STARTING: stop it"):
            call(context, hall)
    with pytest.raises(BusyError, match="stop it, and change it once it is STOPPED"):
        watches.change_watch(context, hall, {"zones": []})
    watches.stop_watch(context, hall)
    watches.delete_watch(context, hall)
    with pytest.raises(NotFoundError):
        watches.describe_watch(context, hall)


def test_a_box_is_a_polygon_too() -> None:
    zone = WatchZone(BoundingBox(0.25, 0.5, 0.5, 0.25))
    assert zone.region == (Point(0.25, 0.5), Point(0.75, 0.5), Point(0.75, 0.75), Point(0.25, 0.75))
    triangle = (Point(0, 0), Point(1, 0), Point(0, 1))
    assert WatchZone(polygon=triangle).region == triangle


def test_a_plan_is_read_as_it_was_written() -> None:
    corners = (Point(0, 0), Point(1, 0), Point(0, 1))
    plan = WatchPlan(
        91.5,
        (WatchZone(BoundingBox(0, 0, 1, 1)), WatchZone(polygon=corners)),
        "arn:aws:kinesis:eu-west-1:123456789012:stream/seen",
        "arn:aws:iam::123456789012:role/a",
        False,
        "entrance",
    )
    assert plan_of(plan_text(plan)) == plan


@pytest.mark.parametrize("similarity", [-1, 101, float("nan")])
def test_similarities_that_are_none(similarity: float) -> None:
    with pytest.raises(InputError, match="0 to 100"):
        WatchPlan(similarity)


def test_no_watch_starts_where_nobody_may_be_followed(
    context: Context, hall: str, collection: str
) -> None:
    set_policy(context, collection, Policy(live_minutes=0))
    with pytest.raises(PolicyError, match="allows no camera to be watched: live_minutes is 0"):
        watches.start_watch(context, hall)
    assert watches.describe_watch(context, hall).stored.state is WatchState.STOPPED
