"""The tables of a keyring, which is no part of the database that it is for.

Numbers of keys ascend and are never given twice. A key lies here wrapped: that of a collection
under the master key, that of a record under its collection's. A collection has several keys only
while the older ones are being replaced. `grants` are keys that no record has been committed with
yet, as far as is known.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text

_KEY = BigInteger().with_variant(Integer(), "sqlite")
metadata = MetaData()

# One row: the keyring's own id, by which it is known again, and the number of the next key.
keyrings = Table(
    "keyrings",
    metadata,
    Column("id", Text, primary_key=True),
    Column("next_key", BigInteger, nullable=False),
)

collection_keys = Table(
    "collection_keys",
    metadata,
    Column("number", _KEY, primary_key=True, autoincrement=False),
    Column("collection", _KEY, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Index("ix_collection_keys_collection", "collection"),
)

record_keys = Table(
    "record_keys",
    metadata,
    Column("number", _KEY, primary_key=True, autoincrement=False),
    Column("collection_key", _KEY, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
)

grants = Table(
    "grants",
    metadata,
    Column("first", _KEY, primary_key=True, autoincrement=False),
    Column("last", _KEY, nullable=False),
    Column("made_at", Text, nullable=False),
)

# What is to be remembered of the keyring as a whole, by name.
marks = Table(
    "marks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
