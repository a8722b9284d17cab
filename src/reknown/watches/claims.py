"""Names of watches that are nobody's but those of whoever watches under them just now.

A watch that is stored has a lease of its own. Whoever watches without one claims its name for a
while and puts the end off as long as it goes on: who is killed loses it soon. A name has one of
both at a time.

Every function takes the connection whose transaction it becomes part of.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from reknown.biometrics.errors import BusyError, NotFoundError
from reknown.storage.clock import as_text, now
from reknown.storage.unindexed import unindexed
from reknown.watches.schema import watch_claims
from reknown.watches.watches import claim_changes, find

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from sqlalchemy import ColumnElement, Connection

_OTHER = "end that, or give this one another name"


@dataclass(frozen=True, slots=True)
class WatchClaim:
    """The right to watch under a name against a collection."""

    name: str
    collection: str
    holder: str


def claim(connection: Connection, name: str, collection: str, lease: timedelta) -> WatchClaim:
    """Has the name for a while.

    Raises `BusyError` where it is another one's, or that of a watch that is started.
    """
    with suppress(NotFoundError):
        watch = claim_changes(connection, name)  # who starts it waits until this is known
        if not watch.state.resting:
            raise BusyError(
                f"watch {name} is {watch.state.value}: stop it with `reknown watches stop {name}`, "
                "or give this one another name"
            )
    if _is_claimed(connection, name):
        raise _claimed(name, _OTHER)
    made = WatchClaim(name, collection, secrets.token_hex(16))
    values = {
        "name": name,
        "collection": collection,
        "holder": made.holder,
        "claimed_until": as_text(now(connection) + lease),
    }
    try:
        with connection.begin_nested():
            connection.execute(insert(watch_claims).values(values))
    except IntegrityError as error:
        raise _claimed(name, _OTHER) from error
    return made


def renew(connection: Connection, held: WatchClaim, lease: timedelta) -> bool:
    """Puts off its end; False where it is no more, or a watch of this name is started."""
    with suppress(NotFoundError):
        if not find(connection, held.name).state.resting:
            return False
    later = update(watch_claims).where(_held(held))
    values = {"claimed_until": as_text(now(connection) + lease)}
    return connection.execute(later.values(values)).rowcount == 1


def release(connection: Connection, held: WatchClaim) -> bool:
    """Gives it back; False, and nothing done, where somebody took it away."""
    return connection.execute(delete(watch_claims).where(_held(held))).rowcount == 1


def require_unclaimed(connection: Connection, name: str) -> None:
    """Raises `BusyError` where somebody has the name."""
    if _is_claimed(connection, name):
        raise _claimed(name, "end that first")


def held_until(connection: Connection, name: str) -> str | None:
    """When the name is free unless that is put off, as text; None where it is free already."""
    query = select(watch_claims.c.claimed_until)
    own = query.where(watch_claims.c.name == name, ~_lapsed(connection))
    return connection.execute(own).scalar_one_or_none()


def list_lapsed(connection: Connection) -> Sequence[WatchClaim]:
    """Those of whoever was silent for too long."""
    # as many rows as cameras are watched without workers: to read them all is as good as an index
    query = select(watch_claims).where(_lapsed(connection)).order_by(watch_claims.c.name)
    return [WatchClaim(row.name, row.collection, row.holder) for row in connection.execute(query)]


def drop_lapsed(connection: Connection, name: str) -> str | None:
    """Whoever was silent for too long has lost the name; their collection, None without any."""
    gone = delete(watch_claims).where(watch_claims.c.name == name, _lapsed(connection))
    return connection.execute(gone.returning(watch_claims.c.collection)).scalar_one_or_none()


def _held(held: WatchClaim) -> ColumnElement[bool]:
    return (watch_claims.c.name == held.name) & (watch_claims.c.holder == held.holder)


def _lapsed(connection: Connection) -> ColumnElement[bool]:
    return unindexed(watch_claims.c.claimed_until) <= as_text(now(connection))


def _is_claimed(connection: Connection, name: str) -> bool:
    own = select(watch_claims.c.name).where(watch_claims.c.name == name)
    return connection.execute(own).one_or_none() is not None


def _claimed(name: str, advice: str) -> BusyError:
    return BusyError(
        f"somebody watches as {name} already: {advice}; one that was killed has the name for some "
        "seconds more"
    )
