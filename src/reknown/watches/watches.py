"""Cameras that are to be watched: each by one worker at a time, until somebody stops it.

A watch that has been started is wanted until it is stopped or has failed. A worker that claims it
holds a lease, and puts its end off for as long as it watches. A lease that has run out does not end
by itself: somebody has to abandon it, and closes what it left open. Another worker claims the watch
after that.

Every function takes the connection whose transaction it becomes part of.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from reknown.biometrics.errors import AlreadyExistsError, NotFoundError
from reknown.biometrics.live import LiveCounts
from reknown.storage.clock import as_text, now
from reknown.storage.erasure import erase
from reknown.storage.paging import Page, fetch_page
from reknown.storage.unindexed import unindexed
from reknown.structs import resolved
from reknown.watches.schema import watch_tags, watches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Row

_WANTED, _UNWANTED = "running", "stopped"
# So many may wait to be claimed at once: there are few cameras beside what else is stored.
_WAITING = 1000
_counts = msgspec.json.Decoder(resolved(LiveCounts))


class WatchState(Enum):
    """Where a watch is."""

    STOPPED = "STOPPED"
    STARTING = "STARTING"
    """It waits for a worker, or for the first frame of its camera."""
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    """Its worker has not yet ended it."""
    FAILED = "FAILED"

    @property
    def resting(self) -> bool:
        """Whether nobody works on it."""
        return self in {WatchState.STOPPED, WatchState.FAILED}


class Hold(Enum):
    """What a worker has of a watch."""

    KEPT = "kept"
    UNWANTED = "unwanted"
    """It is the worker's, who is to end it."""
    LOST = "lost"
    """Somebody else has it, or it was deleted."""


@dataclass(frozen=True, slots=True)
class NewWatch:
    """A camera, by its name or ARN, to be watched against a collection; `settings` is JSON."""

    name: str
    camera: str
    collection: str
    settings: str
    actor: str


@dataclass(frozen=True, slots=True)
class WatchedCamera:
    """A watch as it is stored; `key` is the database's own.

    `actor` is who started it last, or made it; `session` is another one at each start. `message`
    is for people. `claimed` says that a worker has it, `counts` what that, or the last one, said.
    """

    key: int
    name: str
    camera: str
    collection: str
    settings: str
    actor: str
    state: WatchState
    message: str | None
    session: str | None
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    claimed: bool
    counts: LiveCounts | None


@dataclass(frozen=True, slots=True)
class WatchLease:
    """The right to watch; `attempt` counts from 1 since it was started or last went well."""

    watch: WatchedCamera
    holder: str
    attempt: int


def add(connection: Connection, watch: NewWatch) -> None:
    """A watch that nobody has started yet; raises `AlreadyExistsError`."""
    moment = as_text(now(connection))
    values = {
        "name": watch.name,
        "camera": watch.camera,
        "collection": watch.collection,
        "settings": watch.settings,
        "actor": watch.actor,
        "wanted": _UNWANTED,
        "state": WatchState.STOPPED.value,
        "created_at": moment,
        "updated_at": moment,
    }
    try:
        with connection.begin_nested():
            connection.execute(insert(watches).values(values))
    except IntegrityError as error:
        raise AlreadyExistsError(
            f"watch {watch.name!r} already exists: choose another name, or delete it first"
        ) from error


def find(connection: Connection, name: str) -> WatchedCamera:
    """The watch of this name; raises `NotFoundError`."""
    return _found(connection, name, locked=False)


def claim_changes(connection: Connection, name: str) -> WatchedCamera:
    """The same, and others who change it wait for the end of this transaction."""
    return _found(connection, name, locked=True)


def list_watches(
    connection: Connection, after: str | None, limit: int, collection: str | None = None
) -> Page[WatchedCamera]:
    """A page of them in order of creation, of those against one collection if it is given."""
    moment = as_text(now(connection))
    query = select(watches)
    if collection is not None:
        query = query.where(unindexed(watches.c.collection) == collection)
    return fetch_page(
        connection, query, watches.c.id, after, limit, lambda row: _watch(row, moment)
    )


def count(connection: Connection) -> int:
    """How many there are."""
    return int(connection.execute(select(func.count()).select_from(watches)).scalar_one())


def change_settings(connection: Connection, watch: WatchedCamera, settings: str) -> None:
    """Others from the next start on."""
    _set(connection, _same(watch), {"settings": settings})


def delete_watch(connection: Connection, watch: WatchedCamera) -> None:
    """Deletes it with its tags."""
    connection.execute(delete(watches).where(watches.c.id == watch.key))
    erase(connection, watches, watch_tags)


def tags_of(connection: Connection, watch: WatchedCamera) -> dict[str, str]:
    """By their keys."""
    query = select(watch_tags.c.key, watch_tags.c.value).where(watch_tags.c.watch_id == watch.key)
    return {row.key: row.value for row in connection.execute(query.order_by(watch_tags.c.key))}


def set_tags(connection: Connection, watch: WatchedCamera, tags: Mapping[str, str]) -> None:
    """Adds tags, replacing those of the same key."""
    remove_tags(connection, watch, tags)
    rows = [{"watch_id": watch.key, "key": key, "value": value} for key, value in tags.items()]
    if rows:
        connection.execute(insert(watch_tags), rows)


def remove_tags(connection: Connection, watch: WatchedCamera, keys: Iterable[str]) -> None:
    """Removes those that are there."""
    own = watch_tags.c.watch_id == watch.key
    gone = delete(watch_tags).where(own, watch_tags.c.key.in_(list(keys)))
    if connection.execute(gone).rowcount:
        erase(connection, watch_tags)


def start(connection: Connection, watch: WatchedCamera, actor: str, settings: str) -> str:
    """Has the next free worker watch on behalf of `actor`; the session's id."""
    session = secrets.token_hex(16)
    values = {
        "actor": actor,
        "settings": settings,
        "wanted": _WANTED,
        "state": WatchState.STARTING.value,
        "message": None,
        "session": session,
        "lease": None,
        "leased_until": None,
        "attempts": 0,
        "started_at": as_text(now(connection)),
    }
    _set(connection, _same(watch), values)
    return session


def ask_to_stop(connection: Connection, watch: WatchedCamera) -> None:
    """Has its worker end it; without one it is stopped at once."""
    state = WatchState.STOPPING if watch.claimed else WatchState.STOPPED
    _set(connection, _same(watch), {"wanted": _UNWANTED, "state": state.value, "message": None})


def started_by(connection: Connection, actor: str) -> list[str]:
    """The names of those that this actor has started, and that are still wanted."""
    return sorted(connection.execute(select(watches.c.name).where(_wanted_by(actor))).scalars())


def stop_those_of(connection: Connection, actor: str, message: str) -> list[tuple[str, str, str]]:
    """Has all ended that this actor has started; their names, cameras and collections."""
    values = {
        "wanted": _UNWANTED,
        "state": WatchState.STOPPING.value,  # which reads as stopped where no worker has it
        "message": message,
        "updated_at": as_text(now(connection)),
    }
    stopped = update(watches).where(_wanted_by(actor)).values(values)
    told = (watches.c.name, watches.c.camera, watches.c.collection)
    rows = connection.execute(stopped.returning(*told))
    return sorted((row.name, row.camera, row.collection) for row in rows)


def list_abandoned(connection: Connection) -> Sequence[WatchedCamera]:
    """Those whose worker was silent for too long, and which nobody has had since."""
    moment = as_text(now(connection))
    query = select(watches).where(_abandoned(moment)).order_by(watches.c.id)
    return [_watch(row, moment) for row in connection.execute(query)]


def abandon(connection: Connection, watch: WatchedCamera) -> bool:
    """Its worker has it no more; False where another one has, or that was noted before."""
    own = _same(watch) & _abandoned(as_text(now(connection)))
    return _set(connection, own, {"lease": None, "leased_until": None})


def stop_held(connection: Connection, lease: WatchLease, message: str) -> bool:
    """Has its worker end it, and people told why; False where it is not held or not wanted."""
    values = {"wanted": _UNWANTED, "state": WatchState.STOPPING.value, "message": message}
    return _set(connection, _held_and_wanted(lease), values)


def list_waiting(connection: Connection) -> Sequence[WatchedCamera]:
    """Those that are wanted and watched by nobody, whoever has waited longest first."""
    moment = as_text(now(connection))
    query = select(watches).where(_free(moment)).order_by(unindexed(watches.c.started_at))
    return [_watch(row, moment) for row in connection.execute(query.limit(_WAITING))]


def claim(connection: Connection, watch: WatchedCamera, lease_time: timedelta) -> WatchLease | None:
    """The right to watch, None if another worker was first or it is not wanted any more."""
    moment = now(connection)
    query = select(watches).where(watches.c.id == watch.key, _free(as_text(moment)))
    row = connection.execute(query.with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return None
    values = {
        "lease": secrets.token_hex(16),
        "leased_until": as_text(moment + lease_time),
        "attempts": row.attempts + 1,
    }
    connection.execute(update(watches).where(watches.c.id == row.id).values(values))
    return WatchLease(_watch(row, as_text(moment)), str(values["lease"]), row.attempts + 1)


def renew(
    connection: Connection, lease: WatchLease, lease_time: timedelta, counts: LiveCounts
) -> Hold:
    """Puts off the end of the lease, which has the worker end the watch if nobody wants it."""
    values = {
        "leased_until": as_text(now(connection) + lease_time),
        "counts": msgspec.json.encode(counts).decode(),
    }
    changed = update(watches).where(_held(lease)).values(values).returning(watches.c.wanted)
    wanted = connection.execute(changed).scalar_one_or_none()
    if wanted is None:
        return Hold.LOST
    return Hold.KEPT if wanted == _WANTED else Hold.UNWANTED


def report(
    connection: Connection, lease: WatchLease, state: WatchState, message: str | None
) -> bool:
    """Says how it is, with what there is to know; False where it is not held or not wanted."""
    return _set(connection, _held_and_wanted(lease), {"state": state.value, "message": message})


def went_well(connection: Connection, lease: WatchLease) -> None:
    """The next attempt is a first one again."""
    connection.execute(update(watches).where(_held(lease)).values(attempts=0))


def release(
    connection: Connection,
    lease: WatchLease,
    delay: timedelta = timedelta(),
    message: str | None = None,
) -> bool:
    """Gives it back: with a delay it failed and is tried again after that, else it was no attempt.

    It is stopped where nobody wants it any more. False, and nothing done, if the lease is lost.
    """
    values: dict[str, Any] = {
        "state": WatchState.STARTING.value,
        "message": message,
        "lease": None,
        "leased_until": as_text(now(connection) + delay) if delay else None,
    }
    if not delay:
        values["attempts"] = lease.attempt - 1
    if _set(connection, _held_and_wanted(lease), values):
        return True
    return finish(connection, lease, WatchState.STOPPED)


def finish(
    connection: Connection, lease: WatchLease, state: WatchState, message: str | None = None
) -> bool:
    """Ends it until it is started again; False, and nothing done, if the lease is lost.

    Without a message, what was said when somebody had it stopped stays.
    """
    values = {"wanted": _UNWANTED, "state": state.value, "lease": None, "leased_until": None}
    if message is not None:
        values["message"] = message
    return _set(connection, _held(lease), values)


def _found(connection: Connection, name: str, *, locked: bool) -> WatchedCamera:
    query = select(watches).where(watches.c.name == name)
    row = connection.execute(query.with_for_update() if locked else query).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no watch {name!r}: see `reknown watches list`")
    return _watch(row, as_text(now(connection)))


def _set(connection: Connection, which: ColumnElement[bool], values: Mapping[str, Any]) -> bool:
    """What is to be seen of a watch is another from now on; whether there was this one."""
    changed = {**values, "updated_at": as_text(now(connection))}
    return connection.execute(update(watches).where(which).values(changed)).rowcount == 1


def _same(watch: WatchedCamera) -> ColumnElement[bool]:
    return watches.c.id == watch.key


def _wanted_by(actor: str) -> ColumnElement[bool]:
    # all of them are read, as by those who look for what waits
    return (unindexed(watches.c.actor) == actor) & (unindexed(watches.c.wanted) == _WANTED)


def _free(moment: str) -> ColumnElement[bool]:
    # there are a hundred watches at most: to read them all is as good as an index
    until = unindexed(watches.c.leased_until)
    idle = unindexed(watches.c.lease).is_(None) & or_(until.is_(None), until <= moment)
    return (unindexed(watches.c.wanted) == _WANTED) & idle


def _abandoned(moment: str) -> ColumnElement[bool]:
    held = unindexed(watches.c.lease).is_not(None)
    return held & (unindexed(watches.c.leased_until) <= moment)


def _held(lease: WatchLease) -> ColumnElement[bool]:
    return _same(lease.watch) & (watches.c.lease == lease.holder)


def _held_and_wanted(lease: WatchLease) -> ColumnElement[bool]:
    return _held(lease) & (watches.c.wanted == _WANTED)


def _watch(row: Row[Any], moment: str) -> WatchedCamera:
    claimed = row.lease is not None and row.leased_until > moment
    state = WatchState(row.state)
    if state is WatchState.STOPPING and not claimed:
        state = WatchState.STOPPED  # whoever was to end it is gone
    elif state is WatchState.RUNNING and not claimed:
        state = WatchState.STARTING  # likewise, and another one takes it over
    return WatchedCamera(
        key=row.id,
        name=row.name,
        camera=row.camera,
        collection=row.collection,
        settings=row.settings,
        actor=row.actor,
        state=state,
        message=row.message,
        session=row.session,
        created_at=datetime.fromisoformat(row.created_at),
        updated_at=datetime.fromisoformat(row.updated_at),
        started_at=row.started_at and datetime.fromisoformat(row.started_at),
        claimed=claimed,
        counts=None if row.counts is None else _counts.decode(row.counts),
    )
