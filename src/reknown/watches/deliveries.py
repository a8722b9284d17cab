"""How far each sink has been told of what happened, watch by watch and in order.

A sink is told of what happens from its first day on. Who is to tell it of a watch claims that for
a while and writes down every event that the sink has taken; if nothing comes of it, the next one
goes on behind the last of these. So each event is delivered at least once, those of one watch in
their order, and one twice only when its deliverer died before that could be written down, or took
so long that another one had begun.

`due_at` is until when a watch is claimed, or when it is asked for again after a failure. Where
neither is so it only says whose turn it is.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from reknown.storage.clock import as_text, now
from reknown.watches.events import last_sequence
from reknown.watches.schema import (
    event_deliveries,
    event_failures,
    live_events,
    watch_claims,
    watches,
)

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Select

# No lease and no wait is longer: what is due later than that was written by a clock since set back.
LONGEST = timedelta(minutes=5)
_LONGEST_ERROR = 500
# No watch has this name: its row says behind which event there is something for those of watches.
_ALL = ""
# Made once, for each kind of database; another process may begin at the same moment.
_BEGIN = {
    "sqlite": sqlite.Insert(event_deliveries).on_conflict_do_nothing(),
    "postgresql": postgresql.Insert(event_deliveries).on_conflict_do_nothing(),
}


@dataclass(frozen=True, slots=True)
class EventDelivery:
    """The right to tell a sink of a watch behind the event `delivered`.

    `attempt` counts from 1; of the tries before, `refusals` were refused.
    """

    sink: str
    watch: str
    delivered: int
    attempt: int
    refusals: int
    holder: str


@dataclass(frozen=True, slots=True)
class ForgettableWatch:
    """The right to have a sink forget a watch of which it was told up to the event `delivered`."""

    sink: str
    watch: str
    delivered: int
    holder: str


@dataclass(frozen=True, slots=True)
class DeliveryState:
    """How far a sink has been told of a watch; `error` is why it would not take the next event."""

    sink: str
    watch: str
    delivered: int
    attempts: int
    error: str | None


def begin(connection: Connection, sink: str) -> None:
    """From now on there is something to tell this sink; nothing changes where it began before."""
    values = {"sink": sink, "watch": _ALL, "delivered": last_sequence(connection)}
    values["due_at"] = as_text(now(connection))
    connection.execute(_BEGIN[connection.dialect.name], values)


def has_work(connection: Connection, sink: str) -> bool:
    """Whether there is something to tell it now."""
    marker = select(event_deliveries.c.delivered).where(_row(sink, _ALL))
    if connection.execute(marker).scalar_one_or_none() != last_sequence(connection):
        return True
    query = select(event_deliveries.c.watch).where(_due(sink, now(connection))).limit(1)
    return connection.execute(query).one_or_none() is not None


def claim(connection: Connection, sink: str, lease: timedelta) -> EventDelivery | None:
    """The watch that the sink has waited for the longest; None where there is nothing to tell."""
    _spread(connection, sink)
    moment = now(connection)
    due_at = event_deliveries.c.due_at
    # first what is due though its time has not come
    turns = (due_at <= as_text(moment), due_at)
    query = select(event_deliveries).where(_due(sink, moment)).order_by(*turns).limit(1)
    row = connection.execute(query.with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return None
    tries = (row.attempts + 1, row.refusals)
    held = EventDelivery(sink, row.watch, row.delivered, *tries, secrets.token_hex(16))
    values = {"attempts": held.attempt, "lease": held.holder}
    values["due_at"] = as_text(moment + lease)
    connection.execute(update(event_deliveries).where(_row(sink, row.watch)).values(values))
    return held


def advance(
    connection: Connection, held: EventDelivery, sequence: int, lease: timedelta
) -> EventDelivery | None:
    """The sink has taken this event: the right to go on, None where another has it by now."""
    taken = {"delivered": sequence, "attempts": 1, "refusals": 0, "error": None}
    if _change(connection, held, taken | {"due_at": as_text(now(connection) + lease)}):
        return EventDelivery(held.sink, held.watch, sequence, 1, 0, held.holder)
    # or two who are slower than their leases would send it for ever, each for the other
    same = _row(held.sink, held.watch) & (event_deliveries.c.delivered == held.delivered)
    connection.execute(update(event_deliveries).where(same).values(taken))
    return None


def release(connection: Connection, held: EventDelivery) -> None:
    """Nothing went wrong, and anybody may go on, once others have had their turn."""
    values = {"attempts": held.attempt - 1, "lease": None, "due_at": as_text(now(connection))}
    _change(connection, held, values)


def failed(
    connection: Connection,
    held: EventDelivery,
    error: str,
    delay: timedelta,
    *,
    refused: bool = False,
) -> None:
    """The sink has not taken the next event: it is asked again after a while."""
    values = {"error": error[:_LONGEST_ERROR], "lease": None, "refusals": held.refusals + refused}
    _change(connection, held, values | {"due_at": as_text(now(connection) + delay)})


def give_up(connection: Connection, held: EventDelivery, sequence: int, error: str) -> None:
    """The sink is not told of this event any more, which is written down; the next one is due."""
    moment = as_text(now(connection))
    values = {"delivered": sequence, "attempts": 0, "refusals": 0, "error": None, "lease": None}
    if not _change(connection, held, values | {"due_at": moment}):
        return
    # it may have been deleted meanwhile
    known = select(
        live_events.c.sequence,
        literal(held.sink),
        literal(held.attempt),
        literal(error[:_LONGEST_ERROR]),
        literal(moment),
    ).where(live_events.c.sequence == sequence)
    names = ["sequence", "sink", "attempts", "error", "given_up_at"]
    connection.execute(insert(event_failures).from_select(names, known))


def list_deliveries(connection: Connection) -> list[DeliveryState]:
    """How far all sinks are."""
    query = select(event_deliveries).where(event_deliveries.c.watch != _ALL)
    query = query.order_by(event_deliveries.c.sink, event_deliveries.c.watch)
    return [
        DeliveryState(row.sink, row.watch, row.delivered, row.attempts, row.error)
        for row in connection.execute(query)
    ]


def has_forgettable(connection: Connection, sink: str) -> bool:
    """Whether it was told of a watch that nobody has any more, and whose events were deleted."""
    query = select(event_deliveries.c.watch).where(_forgettable(connection, sink)).limit(1)
    return connection.execute(query).one_or_none() is not None


def claim_forgettable(
    connection: Connection, sink: str, lease: timedelta
) -> ForgettableWatch | None:
    """The right to have the sink forget one of those; anybody may try again after the lease."""
    query = select(event_deliveries).where(_forgettable(connection, sink)).limit(1)
    row = connection.execute(query.with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return None
    held = ForgettableWatch(sink, row.watch, row.delivered, secrets.token_hex(16))
    values = {"attempts": row.attempts + 1, "lease": held.holder}
    values["due_at"] = as_text(now(connection) + lease)
    connection.execute(update(event_deliveries).where(_row(sink, row.watch)).values(values))
    return held


def forget(connection: Connection, held: ForgettableWatch) -> None:
    """The sink knows nothing of it any more; where something happened since, that is due."""
    connection.execute(_marker(held.sink))  # who finds what is new waits, or has found it
    own = _row(held.sink, held.watch) & (event_deliveries.c.lease == held.holder)
    newer = select(live_events.c.sequence).where(
        live_events.c.watch == held.watch, live_events.c.sequence > held.delivered
    )
    if connection.execute(delete(event_deliveries).where(own, ~newer.exists())).rowcount == 0:
        values = {"attempts": 0, "lease": None, "due_at": as_text(now(connection))}
        connection.execute(update(event_deliveries).where(own).values(values))


def has_begun(connection: Connection, sink: str) -> bool:
    """Whether there was ever anybody to tell this sink."""
    query = select(event_deliveries.c.delivered).where(_row(sink, _ALL))
    return connection.execute(query).one_or_none() is not None


def trouble(connection: Connection, sink: str, watch: str) -> str | None:
    """Why the sink does not take the next event of the watch, or did not take the last one.

    None where it does, or there was nothing to tell.
    """
    query = select(event_deliveries.c.delivered, event_deliveries.c.error)
    row = connection.execute(query.where(_row(sink, watch))).one_or_none()
    if row is None or row.error is not None:
        return None if row is None else str(row.error)
    last = (event_failures.c.sequence == row.delivered) & (event_failures.c.sink == sink)
    return connection.execute(select(event_failures.c.error).where(last)).scalar_one_or_none()


def _spread(connection: Connection, sink: str) -> None:
    """A row for every watch of which there is something new; others who do so wait."""
    first = connection.execute(_marker(sink)).scalar_one()
    last = last_sequence(connection)  # whoever reads this reads all events up to it
    if first == last:
        return
    new = (
        select(live_events.c.watch, func.min(live_events.c.sequence))
        .where(live_events.c.sequence > first, live_events.c.sequence <= last)
        .group_by(live_events.c.watch)
    )
    known = select(event_deliveries.c.watch).where(event_deliveries.c.sink == sink)
    there = set(connection.execute(known).scalars())
    moment = as_text(now(connection))
    for watch, earliest in connection.execute(new).all():
        if watch not in there:
            values = {"sink": sink, "watch": watch, "delivered": earliest - 1, "due_at": moment}
            connection.execute(insert(event_deliveries).values(values))
    connection.execute(update(event_deliveries).where(_row(sink, _ALL)).values(delivered=last))


def _due(sink: str, moment: datetime) -> ColumnElement[bool]:
    """Rows of watches of which there is something to tell, and which nobody has claimed."""
    waiting = select(live_events.c.sequence).where(
        live_events.c.watch == event_deliveries.c.watch,
        live_events.c.sequence > event_deliveries.c.delivered,
    )
    return _free(sink, moment) & waiting.exists()


def _forgettable(connection: Connection, sink: str) -> ColumnElement[bool]:
    """Rows of watches that nobody has: the event that was told last is gone, like all since."""
    watch = event_deliveries.c.watch
    known = select(live_events.c.sequence).where(
        live_events.c.watch == watch, live_events.c.sequence >= event_deliveries.c.delivered
    )
    claimed = select(watch_claims.c.name).where(watch_claims.c.name == watch)
    leased = select(watches.c.id).where(watches.c.name == watch, watches.c.lease.is_not(None))
    free = _free(sink, now(connection))
    return free & ~known.exists() & ~claimed.exists() & ~leased.exists()


def _free(sink: str, moment: datetime) -> ColumnElement[bool]:
    """Rows of watches that nobody has claimed, and that are not waited for after a failure."""
    own = (event_deliveries.c.sink == sink) & (event_deliveries.c.watch != _ALL)
    untried = event_deliveries.c.attempts == 0
    due_at = event_deliveries.c.due_at
    return own & (untried | (due_at <= as_text(moment)) | (due_at > as_text(moment + LONGEST)))


def _marker(sink: str) -> Select[Any]:
    return select(event_deliveries.c.delivered).where(_row(sink, _ALL)).with_for_update()


def _row(sink: str, watch: str) -> ColumnElement[bool]:
    return (event_deliveries.c.sink == sink) & (event_deliveries.c.watch == watch)


def _change(connection: Connection, held: EventDelivery, values: dict[str, Any]) -> bool:
    """Whether it was still held."""
    own = _row(held.sink, held.watch) & (event_deliveries.c.lease == held.holder)
    return bool(connection.execute(update(event_deliveries).where(own).values(values)).rowcount)
