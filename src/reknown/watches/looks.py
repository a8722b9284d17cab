"""Looks through cameras: somebody asks again and again, and the worker answers with pictures.

Only the newest picture of a look is here, sealed to the key of that look, which is in the memory of
the process that somebody asks. A look that nobody goes on with ends by itself.

Every function takes the connection whose transaction it becomes part of.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select, update

from reknown.biometrics.errors import LimitError
from reknown.storage.clock import as_text, now
from reknown.storage.unindexed import unindexed
from reknown.watches.schema import live_looks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection

    from reknown.watches.watches import WatchedCamera

# People at one camera and at all, however many processes they ask, and what one of them may have.
MOST_OF_A_WATCH, MOST, MOST_OF_AN_ACTOR = 8, 32, 32
RECORDED_AGAIN = timedelta(minutes=1)
# For how long a picture is made for somebody who has asked, and when it is all forgotten.
_WANTED = timedelta(seconds=10)
_KEPT = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class StoredLook:
    """A look as it is stored: when somebody last asked, and when that was last recorded.

    `sealed` is the newest picture, which was taken at `taken_at` by the database's clock; `age` is
    how long ago that is.
    """

    public_key: bytes
    asked: timedelta
    recorded: timedelta
    sealed: bytes | None = None
    taken_at: datetime | None = None
    age: timedelta | None = None


def ask(connection: Connection, watch: WatchedCamera, public_key: bytes, actor: str) -> bool:
    """Somebody looks, from now on or still; whether that has to be recorded.

    That is where it was not within a minute, through whatever process they look. Who asks at once
    for the same key or for the same actor has to wait for the other: the watch is claimed.

    Raises `LimitError` where too many look. Old looks make room.
    """
    forget(connection)
    moment = now(connection)
    recorded = _recorded_at(connection, watch, actor)
    due = recorded is None or moment - recorded >= RECORDED_AGAIN
    times = {
        "asked_at": as_text(moment),
        "recorded_at": as_text(moment if recorded is None or due else recorded),
    }
    own = live_looks.c.public_key == public_key.hex()
    if connection.execute(update(live_looks).where(own).values(times)).rowcount == 0:
        _require_room(connection, watch, actor)
        new = {"public_key": public_key.hex(), "watch_id": watch.key, "actor": actor}
        connection.execute(insert(live_looks).values(new | times))
    return due


def _recorded_at(connection: Connection, watch: WatchedCamera, actor: str) -> datetime | None:
    """When it was last recorded that this actor looks through this camera."""
    query = select(func.max(live_looks.c.recorded_at)).where(
        live_looks.c.watch_id == watch.key, unindexed(live_looks.c.actor) == actor
    )
    found = connection.execute(query).scalar_one()
    return None if found is None else datetime.fromisoformat(found)


def _require_room(connection: Connection, watch: WatchedCamera, actor: str) -> None:
    own = unindexed(live_looks.c.actor) == actor
    others = select(func.count(live_looks.c.actor.distinct())).where(~own)
    at_watch = others.where(live_looks.c.watch_id == watch.key)
    if connection.execute(at_watch).scalar_one() >= MOST_OF_A_WATCH:
        raise LimitError(
            f"{MOST_OF_A_WATCH} people look through this camera now, as many as may: try again "
            "when one of them has left"
        )
    if connection.execute(others).scalar_one() >= MOST:
        raise LimitError(
            f"{MOST} people look through cameras now, as many as may: try again when one of them "
            "has left"
        )
    looks = select(func.count()).select_from(live_looks).where(own)
    if connection.execute(looks).scalar_one() >= MOST_OF_AN_ACTOR:
        raise LimitError(
            f"{actor} has {MOST_OF_AN_ACTOR} looks through cameras now, as many as may be, one for "
            "each camera and each process that is asked: close some, and try again in half a minute"
        )


def find(connection: Connection, public_key: bytes) -> StoredLook | None:
    """The look with this key, None where it has ended."""
    query = select(live_looks).where(live_looks.c.public_key == public_key.hex())
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    moment = now(connection)
    taken = None if row.taken_at is None else datetime.fromisoformat(row.taken_at)
    return StoredLook(
        public_key,
        moment - datetime.fromisoformat(row.asked_at),
        moment - datetime.fromisoformat(row.recorded_at),
        row.sealed,
        taken,
        None if taken is None else max(moment - taken, timedelta()),
    )


def list_wanted(connection: Connection, watch: WatchedCamera) -> Sequence[bytes]:
    """The public keys of those who look through this camera now."""
    since = as_text(now(connection) - _WANTED)
    query = select(live_looks.c.public_key).where(
        live_looks.c.watch_id == watch.key, unindexed(live_looks.c.asked_at) > since
    )
    return [bytes.fromhex(key) for key in connection.execute(query).scalars()]


def put(connection: Connection, public_key: bytes, sealed: bytes, taken_at: datetime) -> None:
    """In place of the last picture, unless that is newer, or the look has ended."""
    own = live_looks.c.public_key == public_key.hex()
    taken = unindexed(live_looks.c.taken_at)
    older = taken.is_(None) | (taken < as_text(taken_at))
    values = {"sealed": sealed, "taken_at": as_text(taken_at)}
    connection.execute(update(live_looks).where(own & older).values(values))


def has_old(connection: Connection) -> bool:
    """Whether there are any, of whatever watch, to be forgotten."""
    query = select(live_looks.c.public_key).where(_old(connection)).limit(1)
    return connection.execute(query).one_or_none() is not None


def forget(connection: Connection) -> None:
    """Deletes those that nobody has gone on with: they are few, and nobody can open them."""
    connection.execute(delete(live_looks).where(_old(connection)))


def _old(connection: Connection) -> ColumnElement[bool]:
    return unindexed(live_looks.c.asked_at) < as_text(now(connection) - _KEPT)
