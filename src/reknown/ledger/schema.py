"""The tables of the ledger; the gallery's migrations create them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text

metadata = MetaData()

# No foreign key: an event outlives the collection that it names. `kind` (done, refused, failed),
# `operation` and `version` say which record `detail` is; of version 0 are the rows without types.
events = Table(
    "events",
    metadata,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("collection", Text),
    Column("detail", Text, nullable=False),
    Column("request_id", Text),
    Column("kind", Text),
    Column("version", Integer, nullable=False, server_default="0"),
    Column("purpose", Text),
    Index("ix_events_time", "at", "id"),
    Index("ix_events_actor", "actor", "id"),
    Index("ix_events_operation", "operation", "id"),
    Index("ix_events_collection", "collection", "id"),
    Index("ix_events_request", "request_id", "id"),
    sqlite_autoincrement=True,
)

# The Merkle log over the events, one leaf each; apart from them, so that it outlives them.
leaves = Table(
    "ledger_leaves",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index("ix_ledger_leaves_event", "event_id", unique=True),
)

# The complete subtrees of every eighth level.
nodes = Table(
    "ledger_nodes",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
)

# One row, made with the tables: what the log is now, and `note`, the checkpoint signed last.
# `kept_size` and `kept_at` are those of the newest row of `checkpoints`.
heads = Table(
    "ledger_heads",
    metadata,
    Column("name", Text, primary_key=True),
    Column("origin", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
    Column("note", Text),
    Column("kept_size", BigInteger, nullable=False, server_default="0"),
    Column("kept_at", Text),
)

checkpoints = Table(
    "ledger_checkpoints",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("note", Text, nullable=False),
)

nonces = Table(
    "request_nonces",
    metadata,
    Column("nonce", Text, primary_key=True),
    Column("expires_at", Text, nullable=False),
    Index("ix_request_nonces_expiry", "expires_at"),
)

# One row: all nonces that expired at that moment or before may have been forgotten.
horizons = Table(
    "request_horizons",
    metadata,
    Column("name", Text, primary_key=True),
    Column("moment", Text, nullable=False),
)

tokens = Table(
    "request_tokens",
    metadata,
    Column("actor", Text, primary_key=True),
    Column("operation", Text, primary_key=True),
    Column("token", Text, primary_key=True),
    Column("request", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    Index("ix_request_tokens_expiry", "expires_at"),
)

# How much the actors of a group may use in a month or a day, and what they have used since `since`,
# a day in UTC. A group is called after the actor that it was made for.
quotas = Table(
    "ledger_quotas",
    metadata,
    Column("holders", Text, primary_key=True),
    Column("period", Text, primary_key=True),
    Column("measure", Text, primary_key=True),
    Column("most", BigInteger, nullable=False),
    Column("since", Text, nullable=False),
    Column("used", BigInteger, nullable=False),
)

quota_holders = Table(
    "ledger_quota_holders",
    metadata,
    Column("actor", Text, primary_key=True),
    Column("holders", Text, nullable=False),
    Index("ix_ledger_quota_holders", "holders"),
)
