"""Notices to send when a job ends.

A notice is written in the transaction that ends its job and deleted when it has been
delivered. Who is to deliver it claims it for a while; if nothing comes of that, it is due
again. So it is delivered at least once, and twice only when its deliverer died before
that could be written down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from reknown.jobs.schema import notices
from reknown.storage.clock import as_text, now

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import timedelta

    from sqlalchemy import ColumnElement, Connection

_LONGEST_ERROR = 500


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice to `target`, by way of `channel`; `attempt` counts from 1."""

    id: int
    job_id: str
    channel: str
    target: str
    body: str
    attempt: int


def add(connection: Connection, job_id: str, channel: str, target: str, body: str) -> None:
    """A notice that is due at once."""
    moment = as_text(now(connection))
    values = {
        "job_id": job_id,
        "channel": channel,
        "target": target,
        "body": body,
        "due_at": moment,
        "created_at": moment,
    }
    connection.execute(insert(notices).values(values))


def has_due(connection: Connection, channels: Collection[str]) -> bool:
    """Whether there is something to deliver on these channels."""
    query = select(notices.c.id).where(_due(connection, channels)).limit(1)
    return connection.execute(query).one_or_none() is not None


def claim(
    connection: Connection, channels: Collection[str], lease_time: timedelta
) -> Notice | None:
    """The notice on these channels that has been due for longest; None if there is none.

    It is due again after `lease_time`.
    """
    query = select(notices).where(_due(connection, channels)).order_by(notices.c.due_at).limit(1)
    row = connection.execute(query.with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return None
    attempt = row.attempts + 1
    due_at = as_text(now(connection) + lease_time)
    _change(connection, row.id, row.attempts, {"attempts": attempt, "due_at": due_at})
    return Notice(row.id, row.job_id, row.channel, row.target, row.body, attempt)


def delivered(connection: Connection, notice: Notice) -> None:
    """Forgets it."""
    connection.execute(delete(notices).where(notices.c.id == notice.id))


def failed(connection: Connection, notice: Notice, error: str, delay: timedelta | None) -> None:
    """Keeps the error; the notice is due again after `delay`, with None never."""
    due_at = None if delay is None else as_text(now(connection) + delay)
    values = {"error": error[:_LONGEST_ERROR], "due_at": due_at}
    _change(connection, notice.id, notice.attempt, values)


def _due(connection: Connection, channels: Collection[str]) -> ColumnElement[bool]:
    return (notices.c.due_at <= as_text(now(connection))) & notices.c.channel.in_(channels)


def _change(connection: Connection, key: int, attempts: int, values: dict[str, Any]) -> None:
    # of two who believe that they hold it, the later one is right
    own = (notices.c.id == key) & (notices.c.attempts == attempts)
    connection.execute(update(notices).where(own).values(values))
