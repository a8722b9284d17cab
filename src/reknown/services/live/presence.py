"""How the watches of a collection are, and who is before their cameras now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.ledger import log
from reknown.ledger.records import ListWatchesRecord
from reknown.services.live.plans import plan_of
from reknown.services.live.telling import tell
from reknown.services.live.watches import MOST_WATCHES, CameraWatch, WatchState
from reknown.storage.database import reading
from reknown.storage.paging import Page
from reknown.watches import events, watches

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from reknown.biometrics.live import LiveCounts
    from reknown.services.context import Context
    from reknown.services.galleries.pages import PageRequest
    from reknown.services.live.telling import ToldEvent
    from reknown.storage.database import Connection, Database


@dataclass(frozen=True, slots=True)
class PersonBefore:
    """Somebody who has not left; without a `name` a stranger, or nobody with a name."""

    name: str | None
    similarity: float | None
    known: bool
    since: datetime | None


@dataclass(frozen=True, slots=True)
class WatchLine:
    """A watch as a list shows it, with those who are before its camera."""

    name: str
    camera: str
    state: WatchState
    message: str | None
    started_by: str | None
    since: datetime | None
    counts: LiveCounts | None
    present: tuple[PersonBefore, ...]

    @property
    def resting(self) -> bool:
        """Whether it can be started."""
        return self.state.resting


@dataclass(frozen=True, slots=True)
class MeasuredWatch:
    """How far a watch is, in figures, whoever is before its camera."""

    name: str
    running: bool
    counts: LiveCounts | None


def measure_watches(database: Database) -> Sequence[MeasuredWatch]:
    """All watches, for whoever operates them."""
    with reading(database) as connection:
        found = watches.list_watches(connection, None, MOST_WATCHES)
    return [
        MeasuredWatch(each.name, each.state is WatchState.RUNNING, each.counts)
        for each in found.items
    ]


def see_watches(context: Context, collection: str, page: PageRequest) -> Page[WatchLine]:
    """A page of the watches against a collection; that it was looked at is recorded."""
    with context.database.begin() as connection:
        found = watches.list_watches(connection, page.after, page.limit, collection)
        lines = tuple(
            _line(connection, CameraWatch(item, plan_of(item.settings))) for item in found.items
        )
        record = ListWatchesRecord(len(lines), sum(len(line.present) for line in lines))
        log.append(connection, context.actor, collection, record)
    return Page(lines, found.next)


def _line(connection: Connection, watch: CameraWatch) -> WatchLine:
    stored = watch.stored
    started = stored.started_at is not None
    there = []
    if stored.state is WatchState.RUNNING:
        there = tell(connection, events.present(connection, stored.name, stored.collection))
    return WatchLine(
        name=stored.name,
        camera=stored.camera,
        state=stored.state,
        message=watch.message,
        started_by=stored.actor if started else None,
        since=stored.started_at,
        counts=stored.counts if stored.state is WatchState.RUNNING else None,
        present=tuple(map(_person, there)),
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
