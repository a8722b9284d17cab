"""The table of the ledger; the gallery's migrations create it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

metadata = MetaData()

# No foreign key: an event outlives the collection that it names.
events = Table(
    "events",
    metadata,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("collection", Text),
    Column("detail", Text, nullable=False),
    sqlite_autoincrement=True,
)
