"""Watches: made, started, stopped, looked at, deleted. All of it is in the ledger."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reknown.biometrics.errors import (
    AccessError,
    BusyError,
    InputError,
    LimitError,
    NotFoundError,
    QuotaError,
)
from reknown.gallery.collections import get_collection, get_space
from reknown.ledger import log, records
from reknown.services.galleries.collections import MAX_TAGS
from reknown.services.live.alert_lists import tell_lists
from reknown.services.live.leftovers import close_watches, drop_lapsed
from reknown.services.live.outputs import require_output, why_not_taken
from reknown.services.live.plans import WatchPlan, differing, plan_of, plan_text
from reknown.services.live.watch_options import WatchOptions, planned, values_of
from reknown.services.policies.permits import AskedSearch, deciding, permit, permit_live
from reknown.storage.paging import Page
from reknown.video.live.cameras import require_camera
from reknown.watches import claims, watches
from reknown.watches.watches import NewWatch, WatchedCamera, WatchState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from reknown.services.context import Context
    from reknown.services.galleries.pages import PageRequest
    from reknown.services.live.alert_lists import AlertList
    from reknown.storage.database import Connection

__all__ = [
    "CameraWatch",
    "WatchRequest",
    "WatchState",
    "change_tags",
    "change_watch",
    "create_watch",
    "delete_watch",
    "describe_watch",
    "list_tags",
    "list_watches",
    "start_watch",
    "stop_watch",
]

MOST_WATCHES = 100
_NAME = re.compile(r"[A-Za-z0-9_.\-]{1,128}")
_STREAM = re.compile(r"arn:[^:\s]+:kinesisvideo:[^:\s]*:\d*:stream/([^/\s]+)(?:/.*)?")
_WAITS = (
    "It waits for a worker that has the camera {!r} and a free stream: "
    "`reknown worker --streams N --cameras FILE`."
)
_RESTS = "Outside its hours until "
_CONNECTS = "Its worker waits for the first frame of the camera."


@dataclass(frozen=True, slots=True)
class WatchRequest:
    """A camera, by its name or ARN, to be watched against a collection: `plan` with `options`."""

    name: str
    camera: str
    collection: str
    plan: WatchPlan
    tags: Mapping[str, str] = field(default_factory=dict)
    options: WatchOptions = field(default_factory=WatchOptions)


@dataclass(frozen=True, slots=True)
class CameraWatch:
    """A watch with what it is to do, and the people on its alert lists as they are called now.

    Where the lists were not asked for there are none. If it has a score, `scored_here` says whether
    that is of the model pack that the collection has now. `untaken` says why its records do not
    arrive.
    """

    stored: WatchedCamera
    plan: WatchPlan
    alerts: tuple[AlertList, ...] = ()
    scored_here: bool = True
    untaken: str | None = None

    @property
    def message(self) -> str | None:
        """How it is, for people; None where the state says all."""
        if self.stored.message is None and self.stored.state is WatchState.RUNNING:
            return self.untaken
        if self.stored.message is not None or self.stored.state is not WatchState.STARTING:
            return self.stored.message
        return _CONNECTS if self.stored.claimed else _WAITS.format(self.stored.camera)

    @property
    def rests(self) -> bool:
        """Whether its worker has said that it looks at nothing, as it is outside its hours."""
        return self.stored.state is WatchState.RUNNING and (self.message or "").startswith(_RESTS)


def stream_of(camera: str) -> str | None:
    """The name in the ARN of a Kinesis video stream; None for anything else."""
    found = _STREAM.fullmatch(camera)
    return None if found is None else found[1]


def rest_words(until: str) -> str:
    """What is said of a watch that is outside its hours until then, by its worker's clock."""
    return f"{_RESTS}{until}: nothing is looked at."


def anybody(_collection: str) -> bool:
    """Rights of who may see every collection."""
    return True


def create_watch(context: Context, request: WatchRequest) -> None:
    """A watch that nobody has started yet.

    Raises `InputError`, `NotFoundError` for the collection or for somebody on an alert list,
    `AlreadyExistsError`, `QuotaError` for too many tags, or `LimitError` with too many watches.
    """
    if not _NAME.fullmatch(request.name):
        raise InputError(
            f"a watch is named with 1 to 128 letters, digits, -, ., _: not {request.name!r}"
        )
    require_camera(request.camera)
    require_output(request.name, request.plan.output, request.plan.kms_key)
    with context.database.begin() as connection:
        get_collection(connection, request.collection)
        if watches.count(connection) >= MOST_WATCHES:
            # the words of Amazon
            raise LimitError(
                f"Stream processor limit exceeded for account, limit - {MOST_WATCHES}: delete one"
            )
        plan = _checked(connection, request.name, request.collection, request.plan, request.options)
        new = NewWatch(
            request.name, request.camera, request.collection, plan_text(plan), context.actor.name
        )
        watches.add(connection, new)
        _set_tags(connection, watches.find(connection, request.name), request.tags)
        settings = differing(plan, WatchPlan(plan.similarity, score=plan.score))
        record = records.CreateWatchRecord(
            request.name,
            request.camera,
            plan.similarity,
            len(plan.zones),
            plan.output,
            plan.score,
            settings,
            _waited_for(plan),
            values_of(plan, settings),
        )
        log.append(connection, context.actor, request.collection, record)


def describe_watch(
    context: Context, name: str, permitted: Callable[[str], bool] = anybody
) -> CameraWatch:
    """One watch; `permitted` says which collections may be seen.

    Raises `NotFoundError` and `AccessError`, as all that follows.
    """
    with context.database.begin() as connection:
        found = require_permitted(watches.find(connection, name), permitted)
        log.append(connection, context.actor, found.collection, records.ReadWatchRecord(name))
        return told_watch(connection, found)


def list_watches(
    context: Context,
    page: PageRequest,
    permitted: Callable[[str], bool] = anybody,
    collection: str | None = None,
    *,
    alerts: bool = True,
) -> Page[CameraWatch]:
    """A page of the watches, without those that the caller may not see.

    Their alert lists are there only with `alerts`: the names on them have to be opened.
    """
    with context.database.begin() as connection:
        found = watches.list_watches(connection, page.after, page.limit, collection)
        shown = tuple(
            told_watch(connection, item) if alerts else CameraWatch(item, plan_of(item.settings))
            for item in found.items
            if permitted(item.collection)
        )
        record = records.ListWatchesRecord(len(shown))
        log.append(connection, context.actor, collection, record)
    return Page(shown, found.next)


def told_watch(connection: Connection, stored: WatchedCamera, *, named: bool = True) -> CameraWatch:
    """A watch as it is told: without the names of people unless `named`."""
    plan = plan_of(stored.settings)
    lists = tell_lists(connection, plan.alerts, named=named)
    return CameraWatch(
        stored,
        plan,
        lists,
        _scored_here(connection, stored.collection, plan),
        why_not_taken(connection, stored.name, plan.output),
    )


def _scored_here(connection: Connection, collection: str, plan: WatchPlan) -> bool:
    if plan.score is None:
        return True
    try:
        return plan.scored_in == get_space(connection, collection).fingerprint
    except NotFoundError:  # a watch may outlive its collection
        return False


def change_watch(
    context: Context,
    name: str,
    options: WatchOptions,
    permitted: Callable[[str], bool] = anybody,
    *,
    shared: bool | None = None,
) -> None:
    """Gives it these options in place of those that it had; raises `BusyError` while it is started.

    `shared` is what a client of AWS says of sharing data, if it does.
    Raises also `InputError`, and `NotFoundError` for somebody on an alert list.
    """
    with context.database.begin() as connection:
        found = _resting(connection, name, permitted, "change it")
        before = plan_of(found.settings)
        said = before if shared is None else replace(before, shared=shared)
        plan = _checked(connection, name, found.collection, said, options)
        watches.change_settings(connection, found, plan_text(plan))
        changed = differing(plan, before)
        record = records.UpdateWatchRecord(
            name,
            len(plan.zones),
            changed,
            _waited_for(plan),
            values_of(plan, changed),
            values_of(before, changed),
            _waited_for(before),
        )
        log.append(connection, context.actor, found.collection, record)


def start_watch(context: Context, name: str, permitted: Callable[[str], bool] = anybody) -> str:
    """Has it watched by the next free worker, on behalf of this actor; the session's id.

    Raises `BusyError` where it is started or a command watches under its name, `PolicyError` where
    its searches would be refused now, `UncalibratedError`, and `InputError` where its score is of
    another model pack.
    """
    with context.database.begin() as connection:
        found = require_permitted(watches.find(connection, name), permitted)
    plan = plan_of(found.settings)
    space = context.platform.space_of(found.collection)
    plan.require_space(space)
    threshold = plan.threshold.resolve(context.platform.engines.calibration_of(space))
    actor = replace(context.actor, watch=name)
    with deciding(context.database, actor) as connection:
        found = _resting(connection, name, permitted, "start it again")
        dropped = drop_lapsed(connection, name)
        claims.require_unclaimed(connection, name)
        references = get_collection(connection, found.collection).faces
        asked = AskedSearch(found.collection, threshold, references, context.platform.governed)
        permit(connection, actor, asked)
        permit_live(connection, found.collection)
        plan = replace(
            plan_of(found.settings),
            purpose=actor.purpose,
            approval=actor.approval,
            request_id=actor.request_id,
        )
        session = watches.start(connection, found, actor.name, plan_text(plan))
        record = records.StartWatchRecord(name, found.camera, records.ThresholdRecord.of(threshold))
        log.append(connection, actor, found.collection, record)
        close_watches(connection, name, dropped)
    return session


def stop_watch(context: Context, name: str, permitted: Callable[[str], bool] = anybody) -> None:
    """Has its worker end it; raises `BusyError` where that is under way or there is nothing to."""
    with context.database.begin() as connection:
        found = require_permitted(watches.claim_changes(connection, name), permitted)
        if found.state not in {WatchState.STARTING, WatchState.RUNNING}:
            raise BusyError(f"watch {name} is {found.state.value}: there is nothing to stop")
        watches.ask_to_stop(connection, found)
        record = records.StopWatchRecord(name, found.camera)
        log.append(connection, context.actor, found.collection, record)


def delete_watch(context: Context, name: str, permitted: Callable[[str], bool] = anybody) -> None:
    """Deletes it with its tags; raises `BusyError` while it is started."""
    with context.database.begin() as connection:
        found = _resting(connection, name, permitted, "delete it")
        dropped = drop_lapsed(connection, name)
        watches.delete_watch(connection, found)
        log.append(connection, context.actor, found.collection, records.DeleteWatchRecord(name))
        close_watches(connection, name, dropped)


def list_tags(
    context: Context, name: str, permitted: Callable[[str], bool] = anybody
) -> Mapping[str, str]:
    """Its tags."""
    with context.database.begin() as connection:
        found = require_permitted(watches.find(connection, name), permitted)
        log.append(connection, context.actor, found.collection, records.ListTagsRecord())
        return watches.tags_of(connection, found)


def change_tags(
    context: Context,
    name: str,
    tags: Mapping[str, str],
    removed: Sequence[str] = (),
    permitted: Callable[[str], bool] = anybody,
) -> None:
    """Sets `tags` and drops those with the keys `removed`; raises `QuotaError` for too many."""
    with context.database.begin() as connection:
        found = require_permitted(watches.claim_changes(connection, name), permitted)
        _set_tags(connection, found, tags)
        watches.remove_tags(connection, found, removed)
        record = records.TagWatchRecord(name, dict(tags), tuple(removed))
        log.append(connection, context.actor, found.collection, record)


def _checked(
    connection: Connection, name: str, collection: str, plan: WatchPlan, options: WatchOptions
) -> WatchPlan:
    """The plan with these options, as far as it can be watched by it; raises `InputError`."""
    from reknown.services.live.planned import settings_of  # noqa: PLC0415 - needs NumPy

    plan = planned(connection, collection, plan, options)
    settings_of(name, collection, plan)
    return plan


def _waited_for(plan: WatchPlan) -> tuple[str, ...]:
    return tuple(sorted({each for people in plan.alerts.values() for each in people}))


def _set_tags(connection: Connection, watch: WatchedCamera, tags: Mapping[str, str]) -> None:
    watches.set_tags(connection, watch, tags)
    if len(watches.tags_of(connection, watch)) > MAX_TAGS:
        raise QuotaError(f"a watch has {MAX_TAGS} tags at most")


def require_permitted(watch: WatchedCamera, permitted: Callable[[str], bool]) -> WatchedCamera:
    """The watch; raises `AccessError` where its collection may not be seen."""
    if not permitted(watch.collection):
        raise AccessError("this access key may not see the collection that the watch searches")
    return watch


def _resting(
    connection: Connection, name: str, permitted: Callable[[str], bool], wish: str
) -> WatchedCamera:
    found = require_permitted(watches.claim_changes(connection, name), permitted)
    if not found.state.resting:
        raise BusyError(
            f"watch {name} is {found.state.value}: stop it, and {wish} once it is STOPPED"
        )
    return found
