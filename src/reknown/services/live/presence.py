"""How the watches of a collection are, and who is before their cameras now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.ledger import log
from reknown.ledger.records import ListWatchesRecord
from reknown.services.live.telling import ToldEvent, tell
from reknown.services.live.watches import (
    MOST_WATCHES,
    WatchState,
    require_permitted,
    told_watch,
)
from reknown.storage.database import reading
from reknown.storage.paging import Page
from reknown.video.live.frames import CameraState
from reknown.watches import events, watches

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from reknown.biometrics.live import LiveCounts
    from reknown.services.context import Context
    from reknown.services.galleries.pages import PageRequest
    from reknown.services.live.alert_lists import AlertList
    from reknown.services.live.plans import WatchPlan
    from reknown.services.live.watches import CameraWatch
    from reknown.storage.database import Connection, Database
    from reknown.watches.watches import WatchedCamera

_WAITING, _CONNECTING = "waiting", "connecting"
_OVER = ("stopped", "stopping")
CONDITIONS = (*_OVER, "failed", _WAITING, _CONNECTING, *(each.value for each in CameraState))
"""Of a watch: waiting for a worker, connecting to its camera, or as that is."""
_SEEING = frozenset({CameraState.CONNECTED.value, CameraState.SLOW.value})
_NAMED = 5


@dataclass(frozen=True, slots=True)
class PersonBefore:
    """Somebody who has not left; without a `name` a stranger unless `known`.

    Who is known and has none is nobody with a name, or the names were not asked for.
    """

    name: str | None
    similarity: float | None
    known: bool
    since: datetime | None


@dataclass(frozen=True, slots=True)
class WatchLine:
    """A watch as a list shows it, with those who are before its camera.

    They and the people on its alert lists have names where the list was asked for with them.
    """

    name: str
    camera: str
    state: WatchState
    message: str | None
    started_by: str | None
    since: datetime | None
    counts: LiveCounts | None
    present: tuple[PersonBefore, ...]
    plan: WatchPlan
    alerts: tuple[AlertList, ...]

    @property
    def resting(self) -> bool:
        """Whether it can be started."""
        return self.state.resting


@dataclass(frozen=True, slots=True)
class MeasuredWatch:
    """How far a watch is, in figures, whoever is before its camera.

    `condition` is one of `CONDITIONS`.
    """

    name: str
    running: bool
    counts: LiveCounts | None
    condition: str = "connecting"

    @property
    def seeing(self) -> bool:
        """Whether frames come."""
        return self.condition in _SEEING


def measure_watches(database: Database) -> Sequence[MeasuredWatch]:
    """All watches, for whoever operates them."""
    with reading(database) as connection:
        found = watches.list_watches(connection, None, MOST_WATCHES)
    return [
        MeasuredWatch(each.name, each.state is WatchState.RUNNING, each.counts, _condition(each))
        for each in found.items
    ]


def check_watches(database: Database) -> str:
    """How many of the watches that were started see something; raises `InputError` for the rest."""
    started = [each for each in measure_watches(database) if each.condition not in _OVER]
    blind = [each for each in started if not each.seeing and each.condition != _CONNECTING]
    if blind:
        named = ", ".join(f"{each.name} {each.condition}" for each in blind[:_NAMED])
        more = f" and {len(blind) - _NAMED} more" if len(blind) > _NAMED else ""
        raise InputError(
            f"{len(blind)} of {len(started)} not seeing: {named}{more}: "
            f"see reknown watches show {blind[0].name}"
        )
    seeing = sum(each.seeing for each in started)
    return f"{len(started)} started, {seeing} seeing" if started else "none is started"


def _condition(watch: WatchedCamera) -> str:
    if watch.state.resting or watch.state is WatchState.STOPPING:
        return watch.state.value.lower()
    if not watch.claimed:
        return _WAITING
    return (watch.counts and watch.counts.camera) or _CONNECTING


def see_watches(
    context: Context,
    collection: str,
    page: PageRequest,
    *,
    named: bool = True,
    goes_on: bool = False,
) -> Page[WatchLine]:
    """A page of the watches against a collection; that it was looked at is recorded.

    Unless `named`, nobody is told who is there, nor whom its alert lists name. Whoever `goes_on`
    looking is recorded again every minute, and when more or fewer are there.
    """

    def read(connection: Connection) -> Page[WatchedCamera]:
        return watches.list_watches(connection, page.after, page.limit, collection)

    return _seen(context, collection, page.after, read, named=named, goes_on=goes_on)


def see_watch(
    context: Context, collection: str, name: str, *, named: bool = True, goes_on: bool = False
) -> WatchLine:
    """The same of one watch; raises `NotFoundError`."""

    def read(connection: Connection) -> Page[WatchedCamera]:
        found = watches.find(connection, name)
        return Page((require_permitted(found, lambda where: where == collection),), None)

    (line,) = _seen(context, collection, name, read, named=named, goes_on=goes_on).items
    return line


def _seen(
    context: Context,
    collection: str,
    which: str | None,
    read: Callable[[Connection], Page[WatchedCamera]],
    *,
    named: bool,
    goes_on: bool,
) -> Page[WatchLine]:
    recent = context.platform.recent_looks
    with context.database.begin() as connection:
        found = read(connection)
        lines = tuple(
            _line(connection, told_watch(connection, item, named=named), named=named)
            for item in found.items
        )
        record = ListWatchesRecord(len(lines), sum(len(line.present) for line in lines))
        look = (context.actor.name, collection, which, record)
        said = goes_on and recent.has(look)
        if not said:
            log.append(connection, context.actor, collection, record)
    if not said:  # what is not stored is not said
        recent.keep(look)
    return Page(lines, found.next)


def _line(connection: Connection, watch: CameraWatch, *, named: bool) -> WatchLine:
    stored = watch.stored
    started = stored.started_at is not None
    there: Sequence[ToldEvent] = ()
    if stored.state is WatchState.RUNNING:
        found = events.present(connection, stored.name, stored.collection)
        there = tell(connection, found) if named else [ToldEvent(each, {}) for each in found]
    return WatchLine(
        name=stored.name,
        camera=stored.camera,
        state=stored.state,
        message=watch.message,
        started_by=stored.actor if started else None,
        since=stored.started_at,
        counts=stored.counts if stored.state is WatchState.RUNNING else None,
        present=tuple(map(_person, there)),
        plan=watch.plan,
        alerts=watch.alerts,
    )


def _person(told: ToldEvent) -> PersonBefore:
    event = told.event
    best = event.candidates[0] if event.candidates else None
    return PersonBefore(
        name=None if best is None else told.name_of(best),
        similarity=None if best is None else best.similarity,
        known=best is not None,
        since=event.since,
    )
