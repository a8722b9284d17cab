"""Rows of the ledger as the log has them: every column, in the order of leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

from reknown.ledger.schema import events, leaves
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Connection

    from reknown.storage.database import Database

_PORTION = 2000
_ROW = select(events).where(events.c.id == bindparam("wanted"))
_ROWS = (
    select(leaves.c.hash, *events.c)
    .outerjoin(events, events.c.id == leaves.c.event_id)
    .where(leaves.c.position >= bindparam("first"), leaves.c.position < bindparam("end"))
    .order_by(leaves.c.position)
)


def row_of(connection: Connection, record: int) -> Mapping[str, Any] | None:
    """The columns of a record, None where it is gone."""
    row = connection.execute(_ROW, {"wanted": record}).one_or_none()
    return None if row is None else row._asdict()


def exported(database: Database, size: int) -> Iterator[tuple[bytes, Mapping[str, Any] | None]]:
    """The hash and the columns of the first `size` records; None for those that are gone."""
    names = events.c.keys()
    for first in range(0, size, _PORTION):
        with reading(database) as connection:
            values = {"first": first, "end": min(size, first + _PORTION)}
            rows = connection.execute(_ROWS, values).all()
        for row in rows:
            columns = dict(zip(names, row[1:], strict=True))
            yield row.hash, None if row.id is None else columns
