"""Time as the tables keep it, and the clock by which leases run out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, select

if TYPE_CHECKING:
    from sqlalchemy import Connection


def now(connection: Connection) -> datetime:
    """The same for all who work on this database: a server's own clock, or this machine's."""
    if connection.dialect.name == "postgresql":
        moment: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return moment.astimezone(UTC)
    return datetime.now(UTC)


def as_text(moment: datetime) -> str:
    """In UTC: text that sorts."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def now_text() -> str:
    """This machine's present as all tables keep it."""
    return as_text(datetime.now(UTC))
