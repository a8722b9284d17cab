"""Watches: made, started, stopped, looked at, deleted. All of it is in the ledger."""

from __future__ import annotations

import re
from contextlib import suppress
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
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.gallery.collections import get_collection
from reknown.ledger import log, records
from reknown.notify.kinesis import is_data_stream
from reknown.services.galleries.collections import MAX_TAGS
from reknown.services.live.plans import WatchPlan, WatchZone, plan_of, plan_text
from reknown.services.policies.permits import AskedSearch, deciding, permit
from reknown.storage.database import reading
from reknown.storage.paging import Page
from reknown.watches import watches
from reknown.watches.watches import NewWatch, WatchedCamera, WatchState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from reknown.services.context import Context
    from reknown.services.galleries.pages import PageRequest
    from reknown.storage.database import Connection

__all__ = [
    "CameraWatch",
    "WatchRequest",
    "WatchState",
    "change_tags",
    "change_zones",
    "create_watch",
    "delete_watch",
    "describe_watch",
    "list_tags",
    "list_watches",
    "start_watch",
    "stop_watch",
]

MOST_WATCHES = 100
_LONGEST = 256
_NAME = re.compile(r"[A-Za-z0-9_.\-]{1,128}")
_WAITS = "It waits for a worker that has this camera: `reknown worker --streams N --cameras FILE`."
_CONNECTS = "Its worker waits for the first frame of the camera."


@dataclass(frozen=True, slots=True)
class WatchRequest:
    """A camera, by its name or ARN, to be watched against a collection."""

    name: str
    camera: str
    collection: str
    plan: WatchPlan
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CameraWatch:
    """A watch with what it is to do."""

    stored: WatchedCamera
    plan: WatchPlan

    @property
    def message(self) -> str | None:
        """How it is, for people; None where the state says all."""
        if self.stored.message is not None or self.stored.state is not WatchState.STARTING:
            return self.stored.message
        return _CONNECTS if self.stored.claimed else _WAITS


def anybody(_collection: str) -> bool:
    """Rights of who may see every collection."""
    return True


def create_watch(context: Context, request: WatchRequest) -> None:
    """A watch that nobody has started yet.

    Raises `InputError`, `NotFoundError` for the collection, `AlreadyExistsError`, `QuotaError` for
    too many tags, or `LimitError` with too many watches.
    """
    if not _NAME.fullmatch(request.name):
        raise InputError(
            f"a watch is named with 1 to 128 letters, digits, -, ., _: not {request.name!r}"
        )
    if len(request.camera) > _LONGEST:
        raise InputError(f"a camera's name or ARN has {_LONGEST} characters at most")
    output = request.plan.output
    if output is not None and not is_data_stream(output):
        raise InputError(
            "the output is not the ARN of a Kinesis data stream, "
            "arn:aws:kinesis:<region>:<account>:stream/<name>"
        )
    with context.database.begin() as connection:
        get_collection(connection, request.collection)
        if watches.count(connection) >= MOST_WATCHES:
            # the words of Amazon
            raise LimitError(
                f"Stream processor limit exceeded for account, limit - {MOST_WATCHES}: delete one"
            )
        new = NewWatch(
            request.name,
            request.camera,
            request.collection,
            plan_text(request.plan),
            context.actor.name,
        )
        watches.add(connection, new)
        _set_tags(connection, watches.find(connection, request.name), request.tags)
        record = records.CreateWatchRecord(
            request.name,
            request.camera,
            request.plan.similarity,
            len(request.plan.zones),
            request.plan.output,
        )
        log.append(connection, context.actor, request.collection, record)


def describe_watch(
    context: Context, name: str, permitted: Callable[[str], bool] = anybody
) -> CameraWatch:
    """One watch; `permitted` says which collections may be seen.

    Raises `NotFoundError` and `AccessError`, as all that follows.
    """
    with context.database.begin() as connection:
        found = _permitted(watches.find(connection, name), permitted)
        log.append(connection, context.actor, found.collection, records.ReadWatchRecord(name))
    return CameraWatch(found, plan_of(found.settings))


def list_watches(
    context: Context,
    page: PageRequest,
    permitted: Callable[[str], bool] = anybody,
    collection: str | None = None,
) -> Page[CameraWatch]:
    """A page of the watches, without those that the caller may not see."""
    with context.database.begin() as connection:
        found = watches.list_watches(connection, page.after, page.limit, collection)
        shown = tuple(
            CameraWatch(item, plan_of(item.settings))
            for item in found.items
            if permitted(item.collection)
        )
        record = records.ListWatchesRecord(len(shown))
        log.append(connection, context.actor, collection, record)
    return Page(shown, found.next)


def change_zones(
    context: Context,
    name: str,
    zones: Sequence[WatchZone],
    permitted: Callable[[str], bool] = anybody,
) -> None:
    """Limits it to other parts of the picture; raises `BusyError` while it is started."""
    with context.database.begin() as connection:
        found = _resting(connection, name, permitted, "change it")
        plan = replace(plan_of(found.settings), zones=tuple(zones))
        watches.change_settings(connection, found, plan_text(plan))
        record = records.UpdateWatchRecord(name, len(plan.zones))
        log.append(connection, context.actor, found.collection, record)


def start_watch(context: Context, name: str, permitted: Callable[[str], bool] = anybody) -> str:
    """Has it watched by the next free worker, on behalf of this actor; the session's id.

    Raises `BusyError` where it is started, `PolicyError` where its searches would be refused now,
    `UncalibratedError`.
    """
    with context.database.begin() as connection:
        found = _permitted(watches.find(connection, name), permitted)
    plan = plan_of(found.settings)
    threshold = ThresholdChoice(plan.similarity).resolve(
        context.platform.engines.calibration_of(context.platform.space_of(found.collection))
    )
    actor = context.actor
    with deciding(context.database, actor) as connection:
        found = _resting(connection, name, permitted, "start it again")
        references = get_collection(connection, found.collection).faces
        asked = AskedSearch(found.collection, threshold, references, context.platform.governed)
        permit(connection, actor, asked)
        plan = replace(
            plan_of(found.settings),
            purpose=actor.purpose,
            approval=actor.approval,
            request_id=actor.request_id,
        )
        session = watches.start(connection, found, actor.name, plan_text(plan))
        log.append(connection, actor, found.collection, records.StartWatchRecord(name))
    return session


def stop_watch(context: Context, name: str, permitted: Callable[[str], bool] = anybody) -> None:
    """Has its worker end it; raises `BusyError` where that is under way or there is nothing to."""
    with context.database.begin() as connection:
        found = _permitted(watches.claim_changes(connection, name), permitted)
        if found.state not in {WatchState.STARTING, WatchState.RUNNING}:
            raise BusyError(f"watch {name} is {found.state.value}: there is nothing to stop")
        watches.ask_to_stop(connection, found)
        log.append(connection, context.actor, found.collection, records.StopWatchRecord(name))


def delete_watch(context: Context, name: str, permitted: Callable[[str], bool] = anybody) -> None:
    """Deletes it with its tags; raises `BusyError` while it is started."""
    with context.database.begin() as connection:
        found = _resting(connection, name, permitted, "delete it")
        watches.delete_watch(connection, found)
        log.append(connection, context.actor, found.collection, records.DeleteWatchRecord(name))


def require_unwatched(context: Context, name: str) -> None:
    """Raises `BusyError` where a worker watches under this name: nobody else may meanwhile."""
    with suppress(NotFoundError), reading(context.database) as connection:
        found = watches.find(connection, name)
        if not found.state.resting:
            raise BusyError(
                f"watch {name} is {found.state.value}: stop it with `reknown watches stop {name}`, "
                "or give this one another name"
            )


def list_tags(
    context: Context, name: str, permitted: Callable[[str], bool] = anybody
) -> Mapping[str, str]:
    """Its tags."""
    with context.database.begin() as connection:
        found = _permitted(watches.find(connection, name), permitted)
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
        found = _permitted(watches.claim_changes(connection, name), permitted)
        _set_tags(connection, found, tags)
        watches.remove_tags(connection, found, removed)
        record = records.TagWatchRecord(name, dict(tags), tuple(removed))
        log.append(connection, context.actor, found.collection, record)


def _set_tags(connection: Connection, watch: WatchedCamera, tags: Mapping[str, str]) -> None:
    watches.set_tags(connection, watch, tags)
    if len(watches.tags_of(connection, watch)) > MAX_TAGS:
        raise QuotaError(f"a watch has {MAX_TAGS} tags at most")


def _permitted(watch: WatchedCamera, permitted: Callable[[str], bool]) -> WatchedCamera:
    if not permitted(watch.collection):
        raise AccessError("this access key may not see the collection that the watch searches")
    return watch


def _resting(
    connection: Connection, name: str, permitted: Callable[[str], bool], wish: str
) -> WatchedCamera:
    found = _permitted(watches.claim_changes(connection, name), permitted)
    if not found.state.resting:
        raise BusyError(
            f"watch {name} is {found.state.value}: stop it, and {wish} once it is STOPPED"
        )
    return found
