"""A long ledger for benches, written past the use cases: a record each second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from reknown.ledger.codec import encode
from reknown.ledger.schema import events

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.ledger.codec import Entry
    from reknown.storage.database import Database

_START = datetime(2026, 1, 1, tzinfo=UTC)
PORTION = 10_000


def fill_ledger(database: Database, rows: int, entry: Callable[[int], Entry]) -> None:
    """So many rows of `people`, by 100 keys in turn."""
    for first in range(0, rows, PORTION):
        portion = range(first, min(first + PORTION, rows))
        with database.begin() as connection:
            connection.execute(
                insert(events), [ledger_row(number, entry(number)) for number in portion]
            )


def ledger_row(number: int, entry: Entry) -> dict[str, Any]:
    """A row of the ledger, as columns."""
    row = encode(entry)
    return {
        "at": (_START + timedelta(seconds=number)).isoformat(timespec="microseconds"),
        "actor": f"key:{number % 100}",
        "operation": row.operation,
        "collection": "people",
        "kind": row.kind,
        "version": row.version,
        "detail": row.detail,
        "request_id": f"request {number}",
    }
