"""How far each sink has been told of what happened, watch by watch and in order.

A sink is told of what happens from its first day on. Who is to tell it of a watch claims that for
a while and writes down every event that the sink has taken; if nothing comes of it, the next one
goes on behind the last of these. So each event is delivered at least once, those of one watch in
their order, and one twice only when its deliverer died before that could be written down.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, literal, select, update

from reknown.storage.clock import as_text, now
from reknown.watches.events import last_sequence
from reknown.watches.schema import event_deliveries, event_failures, live_events

if TYPE_CHECKING:
    from datetime import timedelta

    from sqlalchemy import ColumnElement, Connection

_LONGEST_ERROR = 500
# No watch has this name: its row says behind which event there is something for those of watches.
_ALL = ""


@dataclass(frozen=True, slots=True)
class EventDelivery:
    """The right to tell a sink of a watch behind the event `delivered`; `attempt` counts from 1."""

    sink: str
    watch: str
    delivered: int
    attempt: int
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
    key = {"sink": sink, "watch": _ALL}
    if connection.execute(select(event_deliveries).where(_row(sink, _ALL))).one_or_none() is None:
        last = last_sequence(connection)
        values = key | {"delivered": last, "due_at": as_text(now(connection))}
        connection.execute(insert(event_deliveries).values(values))


def has_work(connection: Connection, sink: str) -> bool:
    """Whether there is something to tell it now."""
    marker = select(event_deliveries.c.delivered).where(_row(sink, _ALL))
    if connection.execute(marker).scalar_one_or_none() != last_sequence(connection):
        return True
    query = select(event_deliveries.c.watch).where(_due(connection, sink)).limit(1)
    return connection.execute(query).one_or_none() is not None


def claim(connection: Connection, sink: str, lease: timedelta) -> EventDelivery | None:
    """The watch that the sink has waited for the longest; None where there is nothing to tell."""
    _spread(connection, sink)
    query = select(event_deliveries).where(_due(connection, sink))
    query = query.order_by(event_deliveries.c.due_at).limit(1)
    row = connection.execute(query.with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return None
    held = EventDelivery(sink, row.watch, row.delivered, row.attempts + 1, secrets.token_hex(16))
    values = {"attempts": held.attempt, "lease": held.holder}
    values["due_at"] = as_text(now(connection) + lease)
    connection.execute(update(event_deliveries).where(_row(sink, row.watch)).values(values))
    return held


def advance(
    connection: Connection, held: EventDelivery, sequence: int, lease: timedelta
) -> EventDelivery | None:
    """The sink has taken this event: the right to go on, None where another has it by now."""
    due_at = as_text(now(connection) + lease)
    values = {"delivered": sequence, "attempts": 1, "error": None, "due_at": due_at}
    if not _change(connection, held, values):
        return None
    return EventDelivery(held.sink, held.watch, sequence, 1, held.holder)


def release(connection: Connection, held: EventDelivery) -> None:
    """Nothing went wrong, and anybody may go on."""
    due_at = as_text(now(connection))
    _change(connection, held, {"attempts": 0, "lease": None, "due_at": due_at})


def failed(connection: Connection, held: EventDelivery, error: str, delay: timedelta) -> None:
    """The sink has not taken the next event: it is asked again after a while."""
    values = {"error": error[:_LONGEST_ERROR], "lease": None}
    _change(connection, held, values | {"due_at": as_text(now(connection) + delay)})


def give_up(connection: Connection, held: EventDelivery, sequence: int, error: str) -> None:
    """The sink is not told of this event any more, which is written down; the next one is due."""
    moment = as_text(now(connection))
    if not _change(
        connection,
        held,
        {"delivered": sequence, "attempts": 0, "error": None, "lease": None, "due_at": moment},
    ):
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


def _spread(connection: Connection, sink: str) -> None:
    """A row for every watch of which there is something new; others who do so wait."""
    marker = select(event_deliveries.c.delivered).where(_row(sink, _ALL)).with_for_update()
    first = connection.execute(marker).scalar_one()
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


def _due(connection: Connection, sink: str) -> ColumnElement[bool]:
    """Rows of watches of which there is something to tell, and which nobody has claimed."""
    waiting = select(live_events.c.sequence).where(
        live_events.c.watch == event_deliveries.c.watch,
        live_events.c.sequence > event_deliveries.c.delivered,
    )
    own = (event_deliveries.c.sink == sink) & (event_deliveries.c.watch != _ALL)
    return own & (event_deliveries.c.due_at <= as_text(now(connection))) & waiting.exists()


def _row(sink: str, watch: str) -> ColumnElement[bool]:
    return (event_deliveries.c.sink == sink) & (event_deliveries.c.watch == watch)


def _change(connection: Connection, held: EventDelivery, values: dict[str, Any]) -> bool:
    """Whether it was still held."""
    own = _row(held.sink, held.watch) & (event_deliveries.c.lease == held.holder)
    return bool(connection.execute(update(event_deliveries).where(own).values(values)).rowcount)
